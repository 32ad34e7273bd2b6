-- What a client may ask for beyond text and number.

ALTER TABLE messages ADD COLUMN priority INTEGER NOT NULL DEFAULT 5; -- 0 to 9, higher first
ALTER TABLE messages ADD COLUMN flash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN on_uncertain TEXT;                   -- NULL = as configured

-- The heads of the queue, one seek for each client and kind of route.
DROP INDEX messages_due;
CREATE INDEX messages_due ON messages (token, sim, asked_device, asked_slot, priority DESC, seq)
    WHERE status = 0 AND not_before IS NULL;

-- What repeats of a request are answered with.
CREATE TABLE idempotency_keys (
    token       INTEGER NOT NULL REFERENCES tokens ON DELETE CASCADE,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,            -- SHA-256 of the call and its body
    results     TEXT NOT NULL,            -- JSON: for each message its id, or what was wrong with it
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
