-- TPDUs that a modem has handed over and no worker has looked at yet: they lie nowhere else.
CREATE TABLE handed_over (
    id     INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    pdu    TEXT NOT NULL,                 -- as the modem wrote it
    UNIQUE (device, pdu)
) STRICT;
