-- Where a page of a list begins is known from counts. Rows are counted in blocks of 16,384 row numbers, and each block
-- has a number that grows with every change in it, so that what was counted in it once can be told from what is true.

CREATE TABLE message_blocks (
    block    INTEGER PRIMARY KEY,  -- seq >> 14
    messages INTEGER NOT NULL,
    changes  INTEGER NOT NULL      -- rows that came and went, and changes of their status
) STRICT;
INSERT INTO message_blocks SELECT seq >> 14, count(*), 0 FROM messages GROUP BY 1;
CREATE TRIGGER message_blocks_entered AFTER INSERT ON messages BEGIN
    INSERT INTO message_blocks VALUES (new.seq >> 14, 1, 1)
        ON CONFLICT DO UPDATE SET messages = messages + 1, changes = changes + 1;
END;
CREATE TRIGGER message_blocks_changed AFTER UPDATE OF status ON messages BEGIN
    UPDATE message_blocks SET changes = changes + 1 WHERE block = new.seq >> 14;
END;
CREATE TRIGGER message_blocks_left AFTER DELETE ON messages BEGIN
    UPDATE message_blocks SET messages = messages - 1, changes = changes + 1 WHERE block = old.seq >> 14;
END;

-- As for messages; the inbox was counted as a whole before.
CREATE TABLE inbound_blocks (
    block    INTEGER PRIMARY KEY,
    messages INTEGER NOT NULL,
    changes  INTEGER NOT NULL
) STRICT;
INSERT INTO inbound_blocks SELECT seq >> 14, count(*), 0 FROM inbound GROUP BY 1;
DROP TRIGGER inbound_counted;
DROP TRIGGER inbound_discounted;
DROP TABLE inbound_count;
CREATE TRIGGER inbound_blocks_entered AFTER INSERT ON inbound BEGIN
    INSERT INTO inbound_blocks VALUES (new.seq >> 14, 1, 1)
        ON CONFLICT DO UPDATE SET messages = messages + 1, changes = changes + 1;
END;
CREATE TRIGGER inbound_blocks_left AFTER DELETE ON inbound BEGIN
    UPDATE inbound_blocks SET messages = messages - 1, changes = changes + 1 WHERE block = old.seq >> 14;
END;
