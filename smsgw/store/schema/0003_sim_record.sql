-- What the SIM's own record of the last message reference (EF_SMSS, 3GPP TS 31.102 §4.2.9) can prove.

ALTER TABLE attempts ADD COLUMN reference_before INTEGER; -- what it held when the part was submitted; NULL = not known
ALTER TABLE sims ADD COLUMN record_kept_by TEXT;          -- IMEI of the modem known to keep it up; NULL = none

ALTER TABLE sims ADD COLUMN boot_mark INTEGER;            -- set in the modem since; NULL = none

-- A PIN that was entered and never answered may have been right; one that was refused was not.
ALTER TABLE pin_attempts ADD COLUMN is_refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pin_attempts ADD COLUMN entries INTEGER NOT NULL DEFAULT 1;
UPDATE pin_attempts SET is_refused = 1; -- of the older ones nobody knows
