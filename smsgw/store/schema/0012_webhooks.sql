-- What clients are told without asking: what happened, whom it is to be told, and how far that has come.

CREATE TABLE webhooks (
    row              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,    -- 24 hex digits
    name             TEXT NOT NULL UNIQUE,
    url              TEXT NOT NULL,
    events           TEXT NOT NULL,           -- comma-separated
    headers          TEXT NOT NULL,           -- JSON: what each request carries besides
    secret           TEXT NOT NULL,           -- what requests are signed with
    old_secrets      TEXT NOT NULL DEFAULT '[]', -- JSON: those before it, and until when they sign as well
    is_active        INTEGER NOT NULL,
    error            TEXT,                    -- why the gateway itself has switched it off
    asked_at         INTEGER NOT NULL DEFAULT 0, -- when somebody wanted it to be told at once
    created_at       INTEGER NOT NULL
) STRICT;

-- Numbers are never used again: who has read up to one goes on after it.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT, -- order in which it happened
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,                     -- id of the message or the device
    at      INTEGER NOT NULL,
    data    TEXT NOT NULL                      -- JSON
) STRICT;
CREATE INDEX events_subject ON events (subject);
CREATE INDEX events_of_devices ON events (at) WHERE kind = 'device.status';

CREATE TABLE deliveries (
    row          INTEGER PRIMARY KEY AUTOINCREMENT,
    event        INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
    webhook      INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    subject      TEXT NOT NULL,               -- that of the event: what is about the same keeps its order
    state        TEXT NOT NULL,
    due_at       INTEGER,                     -- NULL = one about the same comes first, or it is over
    give_up_at   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    attempted_at INTEGER,                     -- the last time
    took_ms      INTEGER,
    status       INTEGER,                     -- HTTP status of the answer; NULL = there was none
    error        TEXT,                        -- why it counts as failed
    answer       TEXT                         -- its first bytes
) STRICT;
CREATE INDEX deliveries_event ON deliveries (event);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook, row);
CREATE INDEX deliveries_due ON deliveries (webhook, due_at, row) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_in_turn ON deliveries (webhook, subject, row) WHERE state = 'waiting';
CREATE INDEX deliveries_parked ON deliveries (webhook, row) WHERE state = 'parked';
CREATE INDEX deliveries_overdue ON deliveries (give_up_at) WHERE state = 'waiting';
