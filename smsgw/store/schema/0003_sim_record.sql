-- What the SIM's own record of the last message reference (EF_SMSS, 3GPP TS 31.102 §4.2.9) can prove.

ALTER TABLE attempts ADD COLUMN reference_before INTEGER; -- what it held when the part was submitted; NULL = not known
ALTER TABLE sims ADD COLUMN records_reference INTEGER;    -- whether it follows the modem's answers; NULL = not known
