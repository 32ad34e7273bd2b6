-- Times are Unix milliseconds. Texts of states are those of smsgw.model. Rows are never reused for another fact.

CREATE TABLE tokens (
    id          INTEGER PRIMARY KEY,
    public_id   TEXT NOT NULL UNIQUE,     -- the middle part of the token: finds the row
    name        TEXT NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL,            -- SHA-256 of the whole token
    is_enabled  INTEGER NOT NULL DEFAULT 1,
    rights      TEXT NOT NULL,            -- comma-separated
    per_day     INTEGER,                  -- messages; NULL = unlimited
    per_month   INTEGER,
    networks    TEXT NOT NULL DEFAULT '', -- comma-separated CIDR; empty = anywhere
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE token_usage (
    token    INTEGER NOT NULL REFERENCES tokens ON DELETE CASCADE,
    day      TEXT NOT NULL,               -- YYYY-MM-DD, UTC
    messages INTEGER NOT NULL,
    PRIMARY KEY (token, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id             TEXT PRIMARY KEY,      -- 24 hex digits
    name           TEXT NOT NULL UNIQUE,  -- of its section in the configuration
    imei           TEXT,
    is_active      INTEGER NOT NULL DEFAULT 1,
    created_at     INTEGER NOT NULL,
    last_online_at INTEGER,
    deleted_at     INTEGER
) STRICT;

CREATE TABLE sims (
    key        TEXT PRIMARY KEY,          -- ICCID, or what stands for it where the modem tells none
    imsi       TEXT,
    device     TEXT NOT NULL REFERENCES devices,
    slot       INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL
) STRICT;

-- A PIN is written here before it is entered and taken out when the SIM accepts it: what stays was refused.
CREATE TABLE pin_attempts (
    sim      TEXT NOT NULL,
    pin_hash TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (sim, pin_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    seq          INTEGER PRIMARY KEY,     -- order of submission
    id           TEXT NOT NULL UNIQUE,    -- 24 hex digits; ids sort by time
    text         TEXT NOT NULL,
    phone_number TEXT NOT NULL,           -- digits
    callback_id  TEXT NOT NULL,
    asked_device TEXT NOT NULL,           -- '' = any
    asked_slot   INTEGER,                 -- NULL = any
    token        INTEGER REFERENCES tokens ON DELETE SET NULL,
    encoding     TEXT NOT NULL,
    status       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,        -- not sent after this
    not_before   INTEGER,                 -- NULL = due now
    attempts     INTEGER NOT NULL DEFAULT 0,
    holder       TEXT,                    -- device whose worker has it in hand
    device       TEXT,                    -- device that took it last
    sim          TEXT                     -- SIM it is bound to while it is held, and for good once a part was accepted
) STRICT;
-- Paging skips over row numbers: this index holds nothing else, so a deep page reads little.
CREATE INDEX messages_order ON messages (seq);
CREATE INDEX messages_due ON messages (sim, asked_device, asked_slot) WHERE status = 0 AND not_before IS NULL;
CREATE INDEX messages_deferred ON messages (not_before) WHERE status = 0 AND not_before IS NOT NULL;
CREATE INDEX messages_expiry ON messages (expires_at) WHERE status = 0;
CREATE INDEX messages_asked ON messages (asked_device) WHERE status = 0 AND asked_device != '';
CREATE INDEX messages_held ON messages (holder) WHERE holder IS NOT NULL;
CREATE INDEX messages_status ON messages (status);
CREATE INDEX messages_token ON messages (token);

-- Counts are kept, not counted: the length of a list must not cost a walk over it.
CREATE TABLE status_counts (
    status   INTEGER PRIMARY KEY,
    messages INTEGER NOT NULL
) STRICT;
INSERT INTO status_counts VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0);
CREATE TRIGGER messages_counted AFTER INSERT ON messages BEGIN
    UPDATE status_counts SET messages = messages + 1 WHERE status = new.status;
END;
CREATE TRIGGER messages_recounted AFTER UPDATE OF status ON messages BEGIN
    UPDATE status_counts SET messages = messages - 1 WHERE status = old.status;
    UPDATE status_counts SET messages = messages + 1 WHERE status = new.status;
END;
CREATE TRIGGER messages_discounted AFTER DELETE ON messages BEGIN
    UPDATE status_counts SET messages = messages - 1 WHERE status = old.status;
END;

-- Folded texts, by runs of three characters; and, for shorter searches, the one- and two-character runs of each message.
CREATE VIRTUAL TABLE message_trigrams USING fts5 (
    text, phone_number, content = '', tokenize = 'trigram case_sensitive 1'
);
CREATE VIRTUAL TABLE message_short_runs USING fts5 (
    runs, content = '', detail = none, columnsize = 0, tokenize = 'ascii'
);

CREATE TABLE parts (
    id            INTEGER PRIMARY KEY,
    message       INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    number        INTEGER NOT NULL,       -- from 1
    pdu           BLOB NOT NULL,
    length        INTEGER NOT NULL,       -- TPDU octets
    state         TEXT NOT NULL,
    accepted_at   INTEGER,
    reported_at   INTEGER,
    report_status INTEGER,                -- TP-ST
    UNIQUE (message, number)
) STRICT;
CREATE INDEX parts_doubtful ON parts (state) WHERE state IN ('submitting', 'uncertain');

CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY,
    part         INTEGER NOT NULL REFERENCES parts ON DELETE CASCADE,
    device       TEXT NOT NULL,
    sim          TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    ended_at     INTEGER,
    outcome      TEXT NOT NULL DEFAULT 'open',
    reference    INTEGER,                 -- TP-MR
    detail       TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX attempts_part ON attempts (part);
CREATE INDEX attempts_reference ON attempts (sim, reference) WHERE reference IS NOT NULL;
CREATE INDEX attempts_unanswered ON attempts (sim, submitted_at) WHERE outcome = 'unknown';

CREATE TABLE timeline (
    id      INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    status  INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    detail  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX timeline_message ON timeline (message);

-- Last concatenation reference used towards each recipient.
CREATE TABLE concatenation_references (
    phone_number TEXT PRIMARY KEY,
    reference    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Status reports that matched nothing yet: the answer they belong to may still be on its way.
CREATE TABLE unmatched_reports (
    id                  INTEGER PRIMARY KEY,
    received_at         INTEGER NOT NULL,
    sim                 TEXT NOT NULL,
    reference           INTEGER NOT NULL,
    recipient           TEXT NOT NULL,
    service_centre_time INTEGER,
    status              INTEGER NOT NULL,
    pdu                 BLOB NOT NULL,
    UNIQUE (sim, pdu)
) STRICT;
CREATE INDEX unmatched_reports_reference ON unmatched_reports (sim, reference);

-- Every received TPDU as the modem gave it, stored before it is deleted there.
CREATE TABLE inbound_parts (
    id          INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    device      TEXT NOT NULL,
    sim         TEXT NOT NULL,
    pdu         BLOB NOT NULL,
    UNIQUE (sim, pdu)
) STRICT;
