"""Statements over the outbox: which event is to be told to which webhook, when, and what came of it.

What is about the same message is told to a webhook in order: only the first that waits has a time when it is due.
"""

import sqlite3

from aiosqlite import Connection

from smsgw.model import Answer, Delivery, DeliveryState
from smsgw.store import events
from smsgw.store.db import Tx

NEWS = "deliveries"

_WITH_EVENTS = "SELECT d.*, e.seq, e.kind, e.at, e.data FROM deliveries d JOIN events e ON e.seq = d.event"


def from_row(row: sqlite3.Row) -> Delivery:
    """Read a delivery with its event."""
    return Delivery(
        row=row["row"],
        event=events.from_row(row),
        state=DeliveryState(row["state"]),
        due_at=row["due_at"],
        attempts=row["attempts"],
        attempted_at=row["attempted_at"],
        answer=_answer(row),
    )


def _answer(row: sqlite3.Row) -> Answer | None:
    if row["attempted_at"] is None:
        return None
    return Answer(took_ms=row["took_ms"], status=row["status"], error=row["error"], text=row["answer"])


# ── writing ──


def add(tx: Tx, event: int, webhook: int, subject: str, give_up_at: int) -> None:
    """Note that a webhook is to be told an event, after what it has not been told yet about the same."""
    tx.news.add(NEWS)
    tx.insert(
        "INSERT INTO deliveries (event, webhook, subject, state, due_at, give_up_at) VALUES (?, ?, ?, 'waiting',"
        " CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE webhook = ? AND subject = ? AND state = 'waiting')"
        " THEN NULL ELSE ? END, ?)",
        (event, webhook, subject, webhook, subject, tx.now, give_up_at),
    )


def note(tx: Tx, row: int, answer: Answer) -> sqlite3.Row | None:
    """Count an attempt and write down what came of it; returns the delivery's row, None if nobody waits for it."""
    return tx.row(
        "UPDATE deliveries SET attempts = attempts + 1, attempted_at = ?, took_ms = ?, status = ?, error = ?,"
        " answer = ? WHERE row = ? AND state <> 'delivered' RETURNING *",
        (tx.now, answer.took_ms, answer.status, answer.error, answer.text, row),
    )


def defer(tx: Tx, row: int, until: int) -> None:
    """Let a delivery wait until then, or for its turn where an earlier one about the same waits again."""
    tx.change(
        "UPDATE deliveries AS d SET due_at = CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE webhook = d.webhook"
        " AND subject = d.subject AND state = 'waiting' AND row < d.row) THEN NULL ELSE ? END"
        " WHERE row = ? AND state = 'waiting'",
        (until, row),
    )


def end(tx: Tx, row: int, state: DeliveryState) -> None:
    """Bring a delivery to an end."""
    tx.change("UPDATE deliveries SET state = ?, due_at = NULL WHERE row = ?", (state, row))


def make_next_due(tx: Tx, webhook: int, subject: str) -> None:
    """Let the first that waits about the same be told."""
    tx.change(
        "UPDATE deliveries SET due_at = ? WHERE due_at IS NULL AND row ="
        " (SELECT min(row) FROM deliveries WHERE webhook = ? AND subject = ? AND state = 'waiting')",
        (tx.now, webhook, subject),
    )


def make_some_due(tx: Tx, webhook: int, limit: int) -> int:
    """Wait no longer with some of what has failed before, and return how much it is."""
    made = tx.change(
        "UPDATE deliveries SET due_at = ? WHERE row IN"
        " (SELECT row FROM deliveries WHERE webhook = ? AND due_at > ? ORDER BY due_at LIMIT ?)",
        (tx.now, webhook, tx.now, limit),
    )
    if made:
        tx.news.add(NEWS)
    return made


def set_clock_back(tx: Tx, give_up_at: int, limit: int) -> int:
    """Let what would be given up later than it can be, since the clock was ahead, wait from now; returns how much."""
    ahead = tx.change(
        "UPDATE deliveries SET give_up_at = ?, due_at = min(due_at, ?) WHERE row IN"
        " (SELECT row FROM deliveries WHERE state = 'waiting' AND give_up_at > ? LIMIT ?)",
        (give_up_at, tx.now, give_up_at, limit),
    )
    if ahead:
        tx.news.add(NEWS)
    return ahead


def begin_again(tx: Tx, row: int, give_up_at: int) -> int | None:
    """Let a delivery be tried now, whatever became of it; returns its webhook, None when there is none."""
    found = tx.row(
        "UPDATE deliveries SET state = 'waiting', due_at = ?, give_up_at = ? WHERE row = ? RETURNING webhook",
        (tx.now, give_up_at, row),
    )
    return found["webhook"] if found else None


def begin_parked_again(tx: Tx, webhook: int, give_up_at: int, limit: int) -> int:
    """Let some of what was given up for a webhook be tried, oldest first and each in its turn; returns how many."""
    parked = tx.rows(
        "SELECT row, subject FROM deliveries WHERE webhook = ? AND state = 'parked' ORDER BY row LIMIT ?",
        (webhook, limit),
    )
    for row, _ in parked:
        tx.change("UPDATE deliveries SET state = 'waiting', give_up_at = ? WHERE row = ?", (give_up_at, row))
    for subject in {subject for _, subject in parked}:
        tx.change(
            "UPDATE deliveries SET due_at = NULL WHERE webhook = ? AND subject = ? AND state = 'waiting'",
            (webhook, subject),
        )
        make_next_due(tx, webhook, subject)
    return len(parked)


def forget_of_webhook(tx: Tx, webhook: int, limit: int) -> list[str]:
    """Remove some of the deliveries to a webhook and return what they were about."""
    removed = tx.rows(
        "DELETE FROM deliveries WHERE row IN (SELECT row FROM deliveries WHERE webhook = ? ORDER BY row LIMIT ?)"
        " RETURNING subject",
        (webhook, limit),
    )
    return [row["subject"] for row in removed]


def overdue(tx: Tx, limit: int) -> list[sqlite3.Row]:
    """List deliveries that have waited too long."""
    return tx.rows(
        "SELECT * FROM deliveries WHERE state = 'waiting' AND give_up_at < ? ORDER BY give_up_at LIMIT ?",
        (tx.now, limit),
    )


# ── reading ──


async def due(connection: Connection, webhook: int, now: int, limit: int) -> list[Delivery]:
    """Read the deliveries to a webhook that are due, the longest due first."""
    rows = await connection.execute_fetchall(
        f"{_WITH_EVENTS} WHERE d.webhook = ? AND d.due_at <= ? ORDER BY d.due_at, d.row LIMIT ?",
        (webhook, now, limit),
    )
    return [from_row(row) for row in rows]


async def next_due(connection: Connection, webhook: int, after: int) -> int | None:
    """Tell when after that time a delivery to a webhook falls due."""
    rows = list(
        await connection.execute_fetchall(
            "SELECT min(due_at) FROM deliveries WHERE webhook = ? AND due_at > ?", (webhook, after)
        )
    )
    found: int | None = rows[0][0]
    return found


async def page(
    connection: Connection, webhook: int, state: DeliveryState | None, limit: int, skip: int
) -> tuple[int, list[Delivery]]:
    """Read a page of a webhook's deliveries, newest first, and their number."""
    # Written out, so that what is parked is found by its index.
    wanted = "webhook = ?" if state is None else f"webhook = ? AND state = '{state.value}'"
    (total,) = await connection.execute_fetchall(f"SELECT count(*) FROM deliveries WHERE {wanted}", (webhook,))
    rows = await connection.execute_fetchall(
        f"{_WITH_EVENTS} WHERE d.row IN (SELECT row FROM deliveries WHERE {wanted} ORDER BY row DESC LIMIT ? OFFSET ?)"
        " ORDER BY d.row DESC",
        (webhook, limit, skip),
    )
    return int(total[0]), [from_row(row) for row in rows]


async def find(connection: Connection, row: int) -> Delivery | None:
    """Read one delivery."""
    rows = list(await connection.execute_fetchall(f"{_WITH_EVENTS} WHERE d.row = ?", (row,)))
    return from_row(rows[0]) if rows else None


async def waiting(connection: Connection, webhook: int) -> int:
    """Count what a webhook has not been told yet."""
    rows = list(
        await connection.execute_fetchall(
            # Left to itself, SQLite would look at all that it was ever told.
            "SELECT count(*) FROM deliveries INDEXED BY deliveries_in_turn WHERE webhook = ? AND state = 'waiting'",
            (webhook,),
        )
    )
    return int(rows[0][0])
