"""Statements over messages and their timeline; plain functions over an open transaction or a reader."""

import sqlite3
from dataclasses import replace

from aiosqlite import Connection

from smsgw.model import (
    TRANSITIONS,
    IllegalMove,
    Message,
    Reason,
    SendRequest,
    Status,
    TimelineEntry,
    sources,
)
from smsgw.store import blocks, search
from smsgw.store.blocks import Place, Selection, Tallies
from smsgw.store.db import Tx

BY_ID = "SELECT * FROM messages WHERE id = ?"
_COLUMNS = "id, text, phone_number, status, asked_device, asked_slot, callback_id, created_at"


def from_row(row: sqlite3.Row) -> Message:
    """Read a message as clients see it."""
    return Message(
        id=row["id"],
        text=row["text"],
        phone_number=row["phone_number"],
        status=Status(row["status"]),
        device_id=row["asked_device"],
        to_sim=row["asked_slot"],
        callback_id=row["callback_id"],
        created_at=row["created_at"],
    )


# ── writing ──


def insert(
    tx: Tx, *, id: str, request: SendRequest, token: int | None, encoding: str, not_before: int | None, expires_at: int
) -> int:
    """Store a new waiting message and return its row number."""
    row = tx.insert(
        "INSERT INTO messages (id, text, phone_number, callback_id, asked_device, asked_slot, token, encoding,"
        " status, created_at, not_before, expires_at, priority, flash, on_uncertain)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id,
            request.text,
            request.phone_number,
            request.callback_id,
            request.device_id,
            request.to_sim,
            token,
            encoding,
            Status.WAITING,
            tx.now,
            not_before,
            expires_at,
            request.priority,
            request.flash,
            request.on_uncertain,
        ),
    )
    search.add(tx, row, request.text, request.phone_number)
    note(tx, row, Status.WAITING, Reason.SUBMITTED)
    return row


def delete(tx: Tx, row: sqlite3.Row) -> None:
    """Remove a message with all that hangs on it."""
    search.remove(tx, row["seq"], row["text"], row["phone_number"])
    tx.change("DELETE FROM messages WHERE seq = ?", (row["seq"],))


def ended_before(tx: Tx, before: int, limit: int) -> list[sqlite3.Row]:
    """Fetch messages that have come to an end, and to which nothing has happened since then (Unix milliseconds)."""
    return tx.rows(
        # Ids begin with the second of their making: nothing younger is looked at.
        "SELECT * FROM messages WHERE id < ? AND status > 1"
        " AND (SELECT max(at) FROM timeline WHERE message = seq) <= ? ORDER BY id LIMIT ?",
        (f"{before // 1_000:08x}", before, limit),
    )


def move(tx: Tx, row: int, target: Status, reason: Reason, detail: str = "") -> None:
    """Change a message's status and note it in the timeline; raises `IllegalMove` when the table does not allow it."""
    allowed = ", ".join(str(int(status)) for status in sources(TRANSITIONS, target))
    if not tx.change(f"UPDATE messages SET status = ? WHERE seq = ? AND status IN ({allowed})", (target, row)):
        raise IllegalMove(f"message {row} may not become {target.name}")
    note(tx, row, target, reason, detail)


def note(tx: Tx, row: int, status: Status, reason: Reason, detail: str = "") -> None:
    """Write a line of the timeline."""
    tx.insert(
        "INSERT INTO timeline (message, at, status, reason, detail) VALUES (?, ?, ?, ?, ?)",
        (row, tx.now, status, reason, detail),
    )


def by_id(tx: Tx, id: str) -> sqlite3.Row | None:
    """Find a message's row by its public id."""
    return tx.row(BY_ID, (id,))


def by_row(tx: Tx, row: int) -> sqlite3.Row:
    """Fetch a message's row that must exist."""
    found = tx.row("SELECT * FROM messages WHERE seq = ?", (row,))
    if found is None:
        raise IllegalMove(f"message {row} is gone")
    return found


def next_concatenation_reference(tx: Tx, phone_number: str) -> int:
    """Return the next 8-bit reference towards this recipient, so that two long messages in a row never share one."""
    rows = tx.rows(
        "INSERT INTO concatenation_references VALUES (?, 0) ON CONFLICT (phone_number)"
        " DO UPDATE SET reference = (reference + 1) % 256 RETURNING reference",
        (phone_number,),
    )
    return int(rows[0][0])


# ── reading ──


async def find(connection: Connection, id: str) -> sqlite3.Row | None:
    """Find a message's row by its public id."""
    rows = list(await connection.execute_fetchall(BY_ID, (id,)))
    return rows[0] if rows else None


async def timeline(connection: Connection, row: int) -> tuple[TimelineEntry, ...]:
    """Read a message's history, oldest first."""
    sql = "SELECT at, status, reason, detail FROM timeline WHERE message = ? ORDER BY id"
    return tuple(
        TimelineEntry(at=r["at"], status=Status(r["status"]), reason=Reason(r["reason"]), detail=r["detail"])
        for r in await connection.execute_fetchall(sql, (row,))
    )


async def page(connection: Connection, limit: int, skip: int) -> tuple[int, list[Message]]:
    """Read a page of all messages, newest first, and their number."""
    place = blocks.place(await blocks.all_of(connection, search.MESSAGES), limit, skip)
    return place.total, await _at(connection, _ALL, place)


async def search_page(
    connection: Connection, tallies: Tallies, wanted: str, statuses: tuple[Status, ...], limit: int, skip: int
) -> tuple[int, list[Message]]:
    """Read a page of the messages that contain `wanted` (folded) or have one of `statuses`, and their number."""
    selection = replace(search.found(wanted), also=_having(statuses) if statuses else "")
    place = blocks.place(await tallies.of(connection, selection), limit, skip)
    return place.total, await _at(connection, selection, place)


# The index of row numbers is narrow; the rows themselves are wide.
_ALL = Selection(sql="SELECT seq FROM messages INDEXED BY messages_order WHERE seq BETWEEN {first} AND {last}")


def _having(statuses: tuple[Status, ...]) -> str:
    listed = ", ".join(str(int(status)) for status in statuses)
    return f"SELECT seq FROM messages WHERE status IN ({listed}) AND seq BETWEEN {{first}} AND {{last}}"


async def _at(connection: Connection, selection: Selection, place: Place) -> list[Message]:
    numbers, parameters = place.query(selection)
    rows = await connection.execute_fetchall(
        f"SELECT {_COLUMNS} FROM messages WHERE seq IN ({numbers}) ORDER BY seq DESC", parameters
    )
    return [from_row(row) for row in rows]
