"""Statements over canaries: each that was begun, and what became of it; over an open transaction or a reader."""

import sqlite3

from aiosqlite import Connection

from smsgw.model import CanaryState, Flight
from smsgw.store.attempts import Outcome
from smsgw.store.db import Tx

_LAST_ATTEMPT = (
    "SELECT a.submitted_at FROM parts p JOIN attempts a ON a.part = p.id WHERE p.message = c.message{}"
    " ORDER BY a.id DESC LIMIT 1"
)
_SUBMITTED = _LAST_ATTEMPT.format(f" AND a.outcome NOT IN ('{Outcome.REFUSED}', '{Outcome.NOT_SENT}')")
_TRIED = _LAST_ATTEMPT.format("")


def _flight(row: sqlite3.Row) -> Flight:
    return Flight(
        row=row["id"],
        state=CanaryState(row["state"]),
        why=row["why"],
        begun_at=row["begun_at"],
        sent_at=row["sent_at"],
        arrived_at=row["arrived_at"],
        delivered_at=row["delivered_at"],
    )


# ── writing ──


def begin(tx: Tx, *, name: str, text: str, message: str, device: str, slot: int) -> None:
    """Store a canary that is to arrive at a slot of a device, with the id of its message."""
    tx.insert(
        "INSERT INTO canaries (name, text, message, device, slot, begun_at)"
        " VALUES (?, ?, (SELECT seq FROM messages WHERE id = ?), ?, ?, ?)",
        (name, text, message, device, slot, tx.now),
    )


def latest(tx: Tx, name: str) -> Flight | None:
    """Return the canary of this name that was begun last, with what its message tells now.

    Written down only where that has changed: it is asked for again and again.
    """
    row = tx.row(
        "SELECT c.id, c.message, c.sent_at, c.delivered_at,"
        f" CASE WHEN c.arrived_at IS NULL THEN ({_SUBMITTED}) ELSE c.sent_at END AS submitted_at,"
        " (SELECT reported_at FROM parts WHERE message = c.message AND state = 'delivered') AS reported_at"
        " FROM canaries c WHERE c.name = ? ORDER BY c.id DESC LIMIT 1",
        (name,),
    )
    if row is None:
        return None
    told = (row["submitted_at"], row["reported_at"])
    if row["message"] is not None and told != (row["sent_at"], row["delivered_at"]):
        tx.change("UPDATE canaries SET sent_at = ?, delivered_at = ? WHERE id = ?", (*told, row["id"]))
    (stored,) = tx.rows("SELECT * FROM canaries WHERE id = ?", (row["id"],))
    return _flight(stored)


def end(tx: Tx, row: int, state: CanaryState, why: str = "") -> None:
    """Record what became of a canary."""
    tx.change("UPDATE canaries SET state = ?, why = ? WHERE id = ?", (state, why, row))


def end_waiting(tx: Tx, why: str) -> None:
    """Judge none of those that are on their way."""
    tx.change("UPDATE canaries SET state = ?, why = ? WHERE state = 'waiting'", (CanaryState.NOT_SENT, why))


def ending_of_message(tx: Tx, row: int) -> tuple[int, str] | None:
    """Return status and last reason of a canary's message; None if it was deleted."""
    found = tx.row(
        "SELECT m.status, t.reason FROM canaries c JOIN messages m ON m.seq = c.message"
        " JOIN timeline t ON t.message = m.seq WHERE c.id = ? ORDER BY t.id DESC LIMIT 1",
        (row,),
    )
    return None if found is None else (found["status"], found["reason"])


def arrive(tx: Tx, text: str, sim: str) -> bool:
    """Record that a canary has arrived; False if there is none with this text that is due at this SIM.

    It must have been put on the wire, and not have arrived before.
    """
    row = tx.row(
        f"SELECT c.id, c.state, coalesce(c.sent_at, ({_SUBMITTED}), ({_TRIED})) AS tried_at FROM canaries c"
        " JOIN sims s ON s.device = c.device AND s.slot = c.slot"
        " WHERE c.text = ? AND s.key = ? AND c.arrived_at IS NULL",
        (text, sim),
    )
    if row is None or row["tried_at"] is None:
        return False
    state = CanaryState.LATE if row["state"] == CanaryState.LOST else CanaryState.OK
    tx.change(
        "UPDATE canaries SET arrived_at = ?, sent_at = ?, state = ?, why = '' WHERE id = ?",
        (tx.now, row["tried_at"], state, row["id"]),
    )
    return True


def has_sent_others(tx: Tx, sim: str, since: int) -> bool:
    """Tell whether the network has taken anything from a SIM since then."""
    sql = "SELECT 1 FROM attempts WHERE sim = ? AND submitted_at >= ? AND outcome = ? LIMIT 1"
    return tx.row(sql, (sim, since, Outcome.ACCEPTED)) is not None


def forget(tx: Tx, before: int) -> None:
    """Forget the canaries that were begun before then, but for the last that was sent and that arrived of each name."""
    tx.change(
        "DELETE FROM canaries WHERE begun_at < ? AND state != 'waiting' AND id NOT IN"
        " (SELECT max(id) FROM canaries GROUP BY name"
        " UNION SELECT max(id) FROM canaries WHERE sent_at IS NOT NULL GROUP BY name"
        " UNION SELECT max(id) FROM canaries WHERE arrived_at IS NOT NULL GROUP BY name)",
        (before,),
    )


# ── reading ──


async def last_two(connection: Connection, name: str) -> list[Flight]:
    """Read the last two canaries of a name, the newest first."""
    return await _read(connection, name, "1 = 1", 2)


async def last_sent(connection: Connection, name: str) -> Flight | None:
    """Read the last canary of a name that was sent."""
    return next(iter(await _read(connection, name, "sent_at IS NOT NULL", 1)), None)


async def last_arrived(connection: Connection, name: str) -> Flight | None:
    """Read the last canary of a name that has arrived."""
    return next(iter(await _read(connection, name, "arrived_at IS NOT NULL", 1)), None)


async def _read(connection: Connection, name: str, condition: str, limit: int) -> list[Flight]:
    sql = f"SELECT * FROM canaries WHERE name = ? AND {condition} ORDER BY id DESC LIMIT ?"
    return [_flight(row) for row in await connection.execute_fetchall(sql, (name, limit))]
