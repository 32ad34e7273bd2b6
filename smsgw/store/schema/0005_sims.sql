-- What a SIM has submitted outlives the messages: limits are counted from it, and a late report is known by it.

CREATE TABLE attempts_kept (
    id               INTEGER PRIMARY KEY,
    part             INTEGER REFERENCES parts ON DELETE SET NULL, -- NULL = the message was deleted
    recipient        TEXT NOT NULL,            -- digits
    device           TEXT NOT NULL,
    sim              TEXT NOT NULL,
    submitted_at     INTEGER NOT NULL,
    ended_at         INTEGER,
    outcome          TEXT NOT NULL DEFAULT 'open',
    reference        INTEGER,                  -- TP-MR
    reference_before INTEGER,                  -- what EF_SMSS held when the part was submitted; NULL = not known
    blames_sim       INTEGER NOT NULL DEFAULT 0,
    detail           TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO attempts_kept
    SELECT a.id, a.part, m.phone_number, a.device, a.sim, a.submitted_at, a.ended_at, a.outcome, a.reference,
           a.reference_before, 0, a.detail
    FROM attempts a JOIN parts p ON p.id = a.part JOIN messages m ON m.seq = p.message;
DROP TABLE attempts;
ALTER TABLE attempts_kept RENAME TO attempts;
CREATE INDEX attempts_part ON attempts (part) WHERE part IS NOT NULL;
CREATE INDEX attempts_orphaned ON attempts (submitted_at) WHERE part IS NULL;
CREATE INDEX attempts_of_sim ON attempts (sim);
CREATE INDEX attempts_sim ON attempts (sim, submitted_at);
CREATE INDEX attempts_counted ON attempts (sim, submitted_at) WHERE outcome IN ('open', 'accepted', 'unknown');
CREATE INDEX attempts_reference ON attempts (sim, reference) WHERE reference IS NOT NULL;
CREATE INDEX attempts_unanswered ON attempts (sim, submitted_at) WHERE outcome = 'unknown';

-- A SIM that the network blames rests.
ALTER TABLE sims ADD COLUMN rests_until INTEGER;               -- NULL = it has not rested yet
ALTER TABLE sims ADD COLUMN rests_because TEXT NOT NULL DEFAULT '';
ALTER TABLE sims ADD COLUMN rests_in_row INTEGER NOT NULL DEFAULT 0; -- as faulty, since it accepted a message last

-- Which SIM is out of the question for which message, and until when.
CREATE TABLE unfit_sims (
    message INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    sim     TEXT NOT NULL,
    until   INTEGER NOT NULL,
    refused INTEGER NOT NULL,                  -- it has refused the message
    PRIMARY KEY (message, sim)
) STRICT, WITHOUT ROWID;

-- To whom a SIM has sent something, or may have, and when last.
CREATE TABLE sim_recipients (
    sim       TEXT NOT NULL,
    recipient TEXT NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (sim, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX sim_recipients_last ON sim_recipients (sim, last_at);
INSERT INTO sim_recipients
    SELECT sim, recipient, max(submitted_at) FROM attempts WHERE outcome IN ('open', 'accepted', 'unknown')
    GROUP BY sim, recipient;
