"""Statements over the queue: what is next, who holds it, when it falls due; functions over an open transaction."""

from aiosqlite import Connection

from smsgw.model import ClaimedMessage, Head, PartState, PartToSend, Status
from smsgw.store import messages
from smsgw.store.db import Tx


def waiting(tx: Tx) -> int:
    """Count the messages that wait for a modem."""
    row = tx.row("SELECT messages FROM status_counts WHERE status = ?", (Status.WAITING,))
    assert row is not None
    return int(row[0])


def make_due(tx: Tx) -> None:
    """Let the deferred messages whose time has come join the queue."""
    tx.change(
        # Left to itself, SQLite would walk over all that wait.
        "UPDATE messages INDEXED BY messages_deferred SET not_before = NULL"
        " WHERE status = 0 AND not_before IS NOT NULL AND not_before <= ?",
        (tx.now,),
    )


def heads(
    tx: Tx, device: str, sim: str, slot: int, known_since: int | None = None, *, asked_for: bool = False
) -> list[Head]:
    """List, for each client, the message it has first in the queue for this device and SIM.

    With `known_since` only those to somebody that the SIM has written to since then; with `asked_for` only those that
    want this very slot, or have begun with this SIM.
    """
    ways = [
        (bound, asked, wanted)
        for bound in (None, sim)
        for asked in ("", device)
        for wanted in (None, slot)
        if not (asked_for and bound is None and wanted is None)
    ]
    found = (_head(tx, token, ways, sim, known_since) for token in _waiting_clients(tx))
    return [head for head in found if head is not None]


def sent_away(tx: Tx, device: str, sim: str, other: str) -> list[Head]:
    """List the most urgent of the messages that this SIM is kept from and that another one of the device may send."""
    row = tx.row(
        "SELECT m.seq, m.priority, m.token FROM unfit_sims u CROSS JOIN messages m ON m.seq = u.message"
        " WHERE u.sim = ? AND u.until > ? AND m.status = 0 AND m.not_before IS NULL AND m.sim IS NULL"
        " AND m.asked_device IN ('', ?) AND m.asked_slot IS NULL AND m.expires_at > ? AND NOT EXISTS"
        " (SELECT 1 FROM unfit_sims o WHERE o.message = m.seq AND o.sim = ? AND o.until > ?)"
        " ORDER BY m.priority DESC, m.seq LIMIT 1",
        (sim, tx.now, device, tx.now, other, tx.now),
    )
    return [] if row is None else [Head(row=row["seq"], client=row["token"] or 0, priority=row["priority"])]


def _waiting_clients(tx: Tx) -> list[int | None]:
    """One seek for each client, however long the queue is."""
    rows = tx.rows(
        "WITH RECURSIVE waiting (token) AS (SELECT 0 UNION ALL"
        " SELECT (SELECT min(token) FROM messages INDEXED BY messages_due"
        " WHERE status = 0 AND not_before IS NULL AND token > waiting.token)"
        " FROM waiting WHERE waiting.token IS NOT NULL)"
        " SELECT token FROM waiting WHERE token > 0",
        (),
    )
    return [None, *(row[0] for row in rows)]


def _head(
    tx: Tx, token: int | None, ways: list[tuple[str | None, str, int | None]], sim: str, known_since: int | None
) -> Head | None:
    candidates = [
        (-found["priority"], bound is None, found["seq"])
        for bound, asked, wanted in ways
        if (
            found := tx.row(
                "SELECT seq, priority FROM messages WHERE status = 0 AND not_before IS NULL AND token IS ?"
                " AND sim IS ? AND asked_device = ? AND asked_slot IS ? AND expires_at > ?"
                " AND NOT EXISTS (SELECT 1 FROM unfit_sims WHERE message = seq AND unfit_sims.sim = ? AND until > ?)"
                " AND (? IS NULL OR EXISTS (SELECT 1 FROM sim_recipients s"
                " WHERE s.sim = ? AND s.recipient = phone_number AND s.last_at >= ?))"
                " ORDER BY priority DESC, seq LIMIT 1",
                (token, bound, asked, wanted, tx.now, sim, tx.now, known_since, sim, known_since),
            )
        )
    ]
    if not candidates:
        return None
    priority, is_fresh, row = min(candidates)
    return Head(row=row, client=token or 0, priority=-priority, is_begun=not is_fresh)


def hold(tx: Tx, row: int, holder: str, device: str, sim: str) -> ClaimedMessage:
    """Hand a message to a device's worker, which is named by `holder`."""
    tx.change("UPDATE messages SET holder = ?, device = ?, sim = ? WHERE seq = ?", (holder, device, sim, row))
    parts = tx.rows("SELECT id, number, pdu, length, state FROM parts WHERE message = ? ORDER BY number", (row,))
    return ClaimedMessage(
        row=row,
        id=messages.by_row(tx, row)["id"],
        part_count=len(parts),
        parts=tuple(
            PartToSend(row=part["id"], number=part["number"], pdu=part["pdu"], length=part["length"])
            for part in parts
            if part["state"] == PartState.PENDING
        ),
    )


def release(tx: Tx, row: int) -> None:
    """Let go of a message; it stays bound to its SIM only if the network has, or may have, a part of it."""
    tx.change(
        "UPDATE messages SET holder = NULL, sim = CASE WHEN EXISTS (SELECT 1 FROM parts WHERE message = seq"
        " AND state NOT IN ('pending', 'expired', 'cancelled')) THEN sim END WHERE seq = ?",
        (row,),
    )


def defer(tx: Tx, row: int, until: int | None) -> None:
    """Keep a waiting message back until then; None makes it due at once."""
    tx.change("UPDATE messages SET not_before = ? WHERE seq = ?", (until, row))


def count_attempt(tx: Tx, row: int) -> int:
    """Charge an attempt to a message and return how many it has used."""
    rows = tx.rows("UPDATE messages SET attempts = attempts + 1 WHERE seq = ? RETURNING attempts", (row,))
    return int(rows[0][0])


def held(tx: Tx, holder: str | None = None) -> list[int]:
    """List the messages that some worker, or this one, holds."""
    rows = tx.rows("SELECT seq FROM messages WHERE holder IS NOT NULL AND holder = coalesce(?, holder)", (holder,))
    return [row[0] for row in rows]


def expired(tx: Tx, limit: int) -> list[int]:
    """List waiting messages whose time has run out."""
    sql = "SELECT seq FROM messages INDEXED BY messages_expiry WHERE status = 0 AND expires_at <= ? LIMIT ?"
    rows = tx.rows(sql, (tx.now, limit))
    return [row[0] for row in rows]


def waiting_for_deleted(tx: Tx, limit: int) -> list[int]:
    """List the waiting messages that only a deleted device may send."""
    rows = tx.rows(
        "SELECT m.seq FROM devices d CROSS JOIN messages m INDEXED BY messages_asked ON m.asked_device = d.id"
        " WHERE m.status = 0 AND m.asked_device != '' AND d.deleted_at IS NOT NULL LIMIT ?",
        (limit,),
    )
    return [row[0] for row in rows]


async def next_due(connection: Connection) -> int | None:
    """Tell when the next deferred message falls due, in Unix milliseconds."""
    sql = (
        "SELECT min(not_before) FROM messages INDEXED BY messages_deferred WHERE status = 0 AND not_before IS NOT NULL"
    )
    (row,) = await connection.execute_fetchall(sql)
    return None if row[0] is None else int(row[0])
