-- How far others have read the events.

CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL  -- of the last event that need not be told again
) STRICT;
