"""Statements over the parts of a message; plain functions over an open transaction, or over a reader."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from aiosqlite import Connection

from smsgw.model import PART_TRANSITIONS, Attempt, IllegalMove, Part, PartState, sources
from smsgw.store.db import Tx


def insert(tx: Tx, message: int, number: int, pdu: bytes, length: int) -> None:
    """Store a part that is still to be sent."""
    tx.insert(
        "INSERT INTO parts (message, number, pdu, length, state) VALUES (?, ?, ?, ?, ?)",
        (message, number, pdu, length, PartState.PENDING),
    )


def move(tx: Tx, part: int, target: PartState) -> None:
    """Change a part's state; raises `IllegalMove` when the table does not allow it."""
    allowed = _quoted(sources(PART_TRANSITIONS, target))
    if not tx.change(f"UPDATE parts SET state = ? WHERE id = ? AND state IN ({allowed})", (target, part)):
        raise IllegalMove(f"part {part} may not become {target.name}")


def state_of(tx: Tx, part: int) -> PartState:
    """Tell the state of a part."""
    row = tx.row("SELECT state FROM parts WHERE id = ?", (part,))
    if row is None:
        raise IllegalMove(f"part {part} is gone")
    return PartState(row[0])


def states(tx: Tx, message: int) -> list[PartState]:
    """List the states of a message's parts, in order."""
    rows = tx.rows("SELECT state FROM parts WHERE message = ? ORDER BY number", (message,))
    return [PartState(row[0]) for row in rows]


def message_of(tx: Tx, part: int) -> int:
    """Tell which message a part belongs to."""
    row = tx.row("SELECT message FROM parts WHERE id = ?", (part,))
    if row is None:
        raise IllegalMove(f"part {part} is gone")
    return int(row[0])


def in_state(tx: Tx, message: int, state: PartState) -> list[int]:
    """List the parts of a message that are in a state, in order."""
    rows = tx.rows("SELECT id FROM parts WHERE message = ? AND state = ? ORDER BY number", (message, state))
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A part of which nobody knows whether the network has it, since when (Unix milliseconds), and the SIM it left."""

    part: int
    sim: str
    since: int


def in_doubt_since(tx: Tx, before: int) -> list[Doubt]:
    """List the doubts about messages with which nobody goes on, and nothing of which was given up since `before`."""
    rows = tx.rows(
        # Of some of its states SQLite does not see that the index has them, and would walk over all parts.
        "SELECT p.id, m.sim, (SELECT max(ended_at) FROM attempts WHERE part = p.id) FROM parts p"
        " JOIN messages m ON m.seq = p.message"
        " WHERE p.state IN ('submitting', 'uncertain', 'left') AND p.state != 'submitting'"
        " AND (SELECT max(a.ended_at) FROM parts q JOIN attempts a ON a.part = q.id WHERE q.message = p.message) <= ?"
        " AND m.status != 0 AND m.holder IS NULL",
        (before,),
    )
    return [Doubt(part=row[0], sim=row[1], since=row[2]) for row in rows]


def mark_accepted(tx: Tx, part: int) -> None:
    """Record when the network took a part."""
    tx.change("UPDATE parts SET accepted_at = ? WHERE id = ?", (tx.now, part))


def mark_reported(tx: Tx, part: int, status: int) -> None:
    """Record what a status report said of a part."""
    tx.change("UPDATE parts SET reported_at = ?, report_status = ? WHERE id = ?", (tx.now, status, part))


# ── reading ──


async def of_message(connection: Connection, message: int) -> tuple[Part, ...]:
    """Read a message's parts with all attempts."""
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    sql = "SELECT a.* FROM attempts a JOIN parts p ON p.id = a.part WHERE p.message = ? ORDER BY a.id"
    for row in await connection.execute_fetchall(sql, (message,)):
        attempts[row["part"]].append(_attempt(row))
    rows = await connection.execute_fetchall("SELECT * FROM parts WHERE message = ? ORDER BY number", (message,))
    return tuple(
        Part(
            number=row["number"],
            state=PartState(row["state"]),
            accepted_at=row["accepted_at"],
            reported_at=row["reported_at"],
            report_status=row["report_status"],
            attempts=tuple(attempts[row["id"]]),
        )
        for row in rows
    )


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        device=row["device"],
        sim=row["sim"],
        submitted_at=row["submitted_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        reference=row["reference"],
        detail=row["detail"],
    )


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
