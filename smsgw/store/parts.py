"""Statements over the parts of a message and the attempts to submit them; plain functions over an open transaction."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum

from aiosqlite import Connection

from smsgw.model import PART_TRANSITIONS, Attempt, Candidate, IllegalMove, Part, PartState, sources
from smsgw.store.db import Tx


class Outcome(StrEnum):
    """How an attempt to submit a part ended."""

    OPEN = "open"  # it is going on, or the gateway stopped in the middle of it
    ACCEPTED = "accepted"  # a message reference came
    REFUSED = "refused"  # an error came
    NOT_SENT = "not_sent"  # certainly nothing left the modem
    UNKNOWN = "unknown"  # the message was on the wire and no answer came


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


def uncertain_since(tx: Tx, before: int) -> list[int]:
    """List the uncertain parts whose last attempt was given up before then."""
    rows = tx.rows(
        # Of the one state by itself SQLite does not see that the index has it, and would walk over all parts.
        "SELECT p.id FROM parts p WHERE p.state IN ('submitting', 'uncertain') AND p.state = 'uncertain'"
        " AND (SELECT max(ended_at) FROM attempts WHERE part = p.id) <= ? ORDER BY p.id",
        (before,),
    )
    return [row[0] for row in rows]


# ── attempts ──


def begin_attempt(tx: Tx, part: int, device: str, sim: str, reference_before: int | None) -> None:
    """Record that a part is about to be submitted, and which TP-MR the SIM remembers until then."""
    tx.insert(
        "INSERT INTO attempts (part, device, sim, submitted_at, reference_before) VALUES (?, ?, ?, ?, ?)",
        (part, device, sim, tx.now, reference_before),
    )


def end_attempt(tx: Tx, part: int, outcome: Outcome, reference: int | None = None, detail: str = "") -> None:
    """Record how a part's last attempt ended."""
    tx.change(
        "UPDATE attempts SET ended_at = ?, outcome = ?, reference = ?, detail = ?"
        " WHERE id = (SELECT max(id) FROM attempts WHERE part = ?)",
        (tx.now, outcome, reference, detail, part),
    )


def tries(tx: Tx, part: int) -> int:
    """Count the attempts that were made to submit a part, whatever became of them."""
    row = tx.row("SELECT count(*) FROM attempts WHERE part = ?", (part,))
    assert row is not None
    return int(row[0])


def mark_accepted(tx: Tx, part: int) -> None:
    """Record when the network took a part."""
    tx.change("UPDATE parts SET accepted_at = ? WHERE id = ?", (tx.now, part))


def mark_reported(tx: Tx, part: int, status: int) -> None:
    """Record what a status report said of a part."""
    tx.change("UPDATE parts SET reported_at = ?, report_status = ? WHERE id = ?", (tx.now, status, part))


def attempts_with_reference(tx: Tx, sim: str, reference: int, since: int) -> list[Candidate]:
    """List the attempts that a SIM made under this TP-MR, newest first."""
    rows = tx.rows(
        "SELECT a.part, a.submitted_at, a.ended_at, p.state, m.phone_number FROM attempts a"
        " JOIN parts p ON p.id = a.part JOIN messages m ON m.seq = p.message"
        " WHERE a.sim = ? AND a.reference = ? AND a.submitted_at >= ? ORDER BY a.id DESC",
        (sim, reference, since),
    )
    return list(map(_candidate, rows))


def unanswered_attempts(tx: Tx, sim: str, since: int) -> list[Candidate]:
    """List a SIM's attempts whose outcome is still unknown, newest first."""
    rows = tx.rows(
        "SELECT a.part, a.submitted_at, a.ended_at, p.state, m.phone_number FROM attempts a"
        " JOIN parts p ON p.id = a.part AND p.state IN ('uncertain', 'failed') JOIN messages m ON m.seq = p.message"
        " WHERE a.outcome = 'unknown' AND a.sim = ? AND a.submitted_at >= ? ORDER BY a.submitted_at DESC, a.id DESC",
        (sim, since),
    )
    return list(map(_candidate, rows))


def last_in_doubt(tx: Tx, sim: str) -> tuple[int, int | None] | None:
    """Return the part that a SIM submitted last, if it is uncertain, and which TP-MR the SIM remembered before."""
    row = tx.row("SELECT part, reference_before FROM attempts WHERE sim = ? ORDER BY id DESC LIMIT 1", (sim,))
    if row is None or state_of(tx, row["part"]) is not PartState.UNCERTAIN:
        return None
    return row["part"], row["reference_before"]


def _candidate(row: sqlite3.Row) -> Candidate:
    return Candidate(
        part=row["part"],
        submitted_at=row["submitted_at"],
        ended_at=row["ended_at"],
        state=PartState(row["state"]),
        recipient=row["phone_number"],
    )


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
