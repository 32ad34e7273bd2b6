"""Statements over what has happened that clients are told of."""

import sqlite3
from collections.abc import Collection

from aiosqlite import Connection

from smsgw.model import Event, EventKind
from smsgw.store.db import Tx

NEWS = "events"


def from_row(row: sqlite3.Row) -> Event:
    """Read an event."""
    return Event(seq=row["seq"], kind=EventKind(row["kind"]), subject=row["subject"], at=row["at"], data=row["data"])


def add(tx: Tx, kind: EventKind, subject: str, data: str) -> int:
    """Write down that something happened now and return its number."""
    tx.news.add(NEWS)
    return tx.insert("INSERT INTO events (kind, subject, at, data) VALUES (?, ?, ?, ?)", (kind, subject, tx.now, data))


def forget(tx: Tx, subject: str) -> None:
    """Remove the events about something, but for those that somebody is still to be told."""
    tx.change(
        "DELETE FROM events WHERE subject = ? AND NOT EXISTS"
        " (SELECT 1 FROM deliveries WHERE event = seq AND state = 'waiting')",
        (subject,),
    )


def forget_of_devices(tx: Tx, before: int, limit: int) -> int:
    """Remove some of the events about devices that are older than that, and return how many."""
    return tx.change(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events"
        " WHERE kind = 'device.status' AND at < ? AND NOT EXISTS"
        " (SELECT 1 FROM deliveries WHERE event = seq AND state = 'waiting') ORDER BY at LIMIT ?)",
        (before, limit),
    )


def forget_if_orphan(tx: Tx, subject: str) -> None:
    """Remove, as `forget`, the events about a message or device that is there no more."""
    sources = ("messages", "inbound", "devices")
    if not any(tx.rows(f"SELECT 1 FROM {table} WHERE id = ?", (subject,)) for table in sources):
        forget(tx, subject)


async def after(connection: Connection, seq: int, kinds: Collection[EventKind], limit: int) -> list[Event]:
    """Read the events of these kinds after a number, oldest first."""
    marks = ", ".join("?" * len(kinds))
    rows = await connection.execute_fetchall(
        f"SELECT * FROM events WHERE seq > ? AND kind IN ({marks}) ORDER BY seq LIMIT ?", (seq, *kinds, limit)
    )
    return [from_row(row) for row in rows]


async def find(connection: Connection, seq: int) -> Event | None:
    """Read one event."""
    rows = list(await connection.execute_fetchall("SELECT * FROM events WHERE seq = ?", (seq,)))
    return from_row(rows[0]) if rows else None


async def around(connection: Connection, seq: int) -> tuple[Event | None, Event | None]:
    """Read the events next to a number, before and after it; where it has one itself, that is both."""
    before = await connection.execute_fetchall("SELECT * FROM events WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (seq,))
    after = await connection.execute_fetchall("SELECT * FROM events WHERE seq >= ? ORDER BY seq LIMIT 1", (seq,))
    nearest = [next((from_row(row) for row in rows), None) for rows in (before, after)]
    return nearest[0], nearest[1]


async def last(connection: Connection) -> int:
    """Return the number of the newest event there ever was, 0 if there was none."""
    rows = list(await connection.execute_fetchall("SELECT seq FROM sqlite_sequence WHERE name = 'events'"))
    return int(rows[0][0]) if rows else 0
