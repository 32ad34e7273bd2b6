-- Incoming messages: what TPDUs make of each other.

CREATE TABLE inbound (
    seq        INTEGER PRIMARY KEY,     -- order in which they became readable
    id         TEXT NOT NULL UNIQUE,    -- 24 hex digits; ids sort by time
    kind       TEXT NOT NULL,
    text       TEXT NOT NULL,
    data       BLOB,                    -- what is no text
    sender     TEXT NOT NULL,           -- digits, or a name; '' = none
    device     TEXT NOT NULL,
    sim        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER,                 -- by the service centre's clock; NULL = it tells no time
    is_flash   INTEGER NOT NULL,
    missing    TEXT NOT NULL,           -- JSON: numbers of the parts that never came
    indications TEXT NOT NULL,         -- JSON: what waits elsewhere: kind, whether it does, how many
    port       INTEGER,                 -- of the program it is for
    replaces   INTEGER                  -- TP-PID of a message that takes the place of an earlier one
) STRICT;
-- Paging skips over row numbers, as in the list of messages.
CREATE INDEX inbound_order ON inbound (seq);
CREATE INDEX inbound_replaced ON inbound (sim, sender, replaces) WHERE replaces IS NOT NULL;

CREATE TABLE inbound_count (
    messages INTEGER NOT NULL
) STRICT;
INSERT INTO inbound_count VALUES (0);
CREATE TRIGGER inbound_counted AFTER INSERT ON inbound BEGIN
    UPDATE inbound_count SET messages = messages + 1;
END;
CREATE TRIGGER inbound_discounted AFTER DELETE ON inbound BEGIN
    UPDATE inbound_count SET messages = messages - 1;
END;

-- As for messages: folded texts and senders.
CREATE VIRTUAL TABLE inbound_trigrams USING fts5 (
    text, phone_number, content = '', tokenize = 'trigram case_sensitive 1'
);
CREATE VIRTUAL TABLE inbound_short_runs USING fts5 (
    runs, content = '', detail = none, columnsize = 0, tokenize = 'ascii'
);

-- Long messages whose parts are still coming in.
CREATE TABLE inbound_incomplete (
    id       INTEGER PRIMARY KEY,
    sim      TEXT NOT NULL,
    series   TEXT NOT NULL,             -- what its parts have in common: reference, number of parts, sender
    begun_at INTEGER NOT NULL           -- when the first of them came
) STRICT;
CREATE INDEX inbound_incomplete_series ON inbound_incomplete (sim, series);
CREATE INDEX inbound_incomplete_age ON inbound_incomplete (begun_at);

-- Every received TPDU, stored before it is deleted in the modem. A repeat is known by its fingerprint, also when the
-- TPDU itself is gone with its message.
CREATE TABLE inbound_parts_kept (
    id          INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    device      TEXT NOT NULL,
    sim         TEXT NOT NULL,
    pdu         BLOB NOT NULL,          -- as the modem gave it; empty once nothing needs it
    fingerprint BLOB,                   -- NULL = nobody has looked at it yet
    incomplete  INTEGER REFERENCES inbound_incomplete ON DELETE SET NULL,
    message     INTEGER REFERENCES inbound ON DELETE SET NULL
) STRICT;
INSERT INTO inbound_parts_kept (id, received_at, device, sim, pdu)
    SELECT id, received_at, device, sim, pdu FROM inbound_parts;
DROP TABLE inbound_parts;
ALTER TABLE inbound_parts_kept RENAME TO inbound_parts;
CREATE INDEX inbound_parts_fingerprint ON inbound_parts (sim, fingerprint);
CREATE INDEX inbound_parts_unread ON inbound_parts (id) WHERE fingerprint IS NULL;
CREATE INDEX inbound_parts_incomplete ON inbound_parts (incomplete) WHERE incomplete IS NOT NULL;
CREATE INDEX inbound_parts_message ON inbound_parts (message) WHERE message IS NOT NULL;
