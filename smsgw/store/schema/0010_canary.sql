-- Canaries: messages that one SIM sends to another to see whether sending and receiving work. Each row is one of them.

CREATE TABLE canaries (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,           -- of its section in the configuration
    text         TEXT NOT NULL UNIQUE,    -- nobody can guess it
    message      INTEGER REFERENCES messages ON DELETE SET NULL,
    device       TEXT NOT NULL,           -- where it must arrive
    slot         INTEGER NOT NULL,
    state        TEXT NOT NULL DEFAULT 'waiting',
    why          TEXT NOT NULL DEFAULT '', -- it was not sent
    begun_at     INTEGER NOT NULL,
    sent_at      INTEGER,                 -- when it was put on the wire; NULL = it was not, or in vain
    arrived_at   INTEGER,
    delivered_at INTEGER                  -- when a report said so
) STRICT;
CREATE INDEX canaries_name ON canaries (name);
CREATE INDEX canaries_message ON canaries (message);
-- One at a time.
CREATE UNIQUE INDEX canaries_waiting ON canaries (name) WHERE state = 'waiting';
