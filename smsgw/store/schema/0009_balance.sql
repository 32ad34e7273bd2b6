-- What is left of the money on a SIM, as its operator says.

ALTER TABLE sims ADD COLUMN balance REAL;             -- NULL = not known
ALTER TABLE sims ADD COLUMN balance_at INTEGER;       -- when the operator said so
ALTER TABLE sims ADD COLUMN balance_tried_at INTEGER; -- when it was asked last; NULL = it is to be asked
