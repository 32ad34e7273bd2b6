-- A part that the SIM has counted is in doubt in another way than one of which nothing is known.

DROP INDEX parts_doubtful;
CREATE INDEX parts_doubtful ON parts (state) WHERE state IN ('submitting', 'uncertain', 'left');

ALTER TABLE attempts ADD COLUMN uncounted_by TEXT; -- IMEI of the modem that says so and may not be known to keep EF_SMSS up
