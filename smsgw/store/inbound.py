"""Statements over the messages of the inbox; plain functions over an open transaction or a reader."""

import json
import sqlite3

from aiosqlite import Connection

from smsgw.model import Arrival, Inbound, InboundKind, Indication
from smsgw.store import blocks, search
from smsgw.store.blocks import Place, Selection, Tallies
from smsgw.store.db import Tx

BY_ID = "SELECT * FROM inbound WHERE id = ?"


def from_row(row: sqlite3.Row) -> Inbound:
    """Read a message of the inbox."""
    return Inbound(
        id=row["id"],
        device_id=row["device"],
        sim=row["sim"],
        created_at=row["created_at"],
        content=Arrival(
            kind=InboundKind(row["kind"]),
            text=row["text"],
            data=row["data"],
            sender=row["sender"],
            sent_at=row["sent_at"],
            is_flash=bool(row["is_flash"]),
            missing=tuple(json.loads(row["missing"])),
            indications=tuple(
                Indication(what=what, is_active=is_active, count=count)
                for what, is_active, count in json.loads(row["indications"])
            ),
            port=row["port"],
            replaces=row["replaces"],
        ),
    )


# ── writing ──


def insert(tx: Tx, *, id: str, device: str, sim: str, created_at: int, content: Arrival) -> int:
    """Store a message and return its row number."""
    indications = [(one.what, one.is_active, one.count) for one in content.indications]
    row = tx.insert(
        "INSERT INTO inbound (id, kind, text, data, sender, device, sim, created_at, sent_at, is_flash, missing,"
        " indications, port, replaces) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id,
            content.kind,
            content.text,
            content.data,
            content.sender,
            device,
            sim,
            created_at,
            content.sent_at,
            content.is_flash,
            json.dumps(content.missing),
            json.dumps(indications),
            content.port,
            content.replaces,
        ),
    )
    search.add(tx, row, content.text, search.fold(content.sender), search.INBOUND)
    return row


def delete(tx: Tx, row: int) -> None:
    """Remove a message; what it was received in is the caller's business."""
    found = by_row(tx, row)
    search.remove(tx, row, found["text"], search.fold(found["sender"]), search.INBOUND)
    tx.change("DELETE FROM inbound WHERE seq = ?", (row,))


def by_row(tx: Tx, row: int) -> sqlite3.Row:
    """Fetch the row of a message that must exist."""
    (found,) = tx.rows("SELECT * FROM inbound WHERE seq = ?", (row,))
    return found


def row_of(tx: Tx, id: str) -> int | None:
    """Find a message's row number by its public id."""
    found = tx.row(BY_ID, (id,))
    return found["seq"] if found else None


def replaced(tx: Tx, sim: str, sender: str, replaces: int) -> list[int]:
    """Find what a message of this kind takes the place of."""
    sql = "SELECT seq FROM inbound WHERE sim = ? AND sender = ? AND replaces = ?"
    return [row[0] for row in tx.rows(sql, (sim, sender, replaces))]


def older_than(tx: Tx, before: int, limit: int) -> list[int]:
    """Find the oldest messages that were there before then (Unix milliseconds)."""
    # Ids begin with the second of their making.
    rows = tx.rows("SELECT seq FROM inbound WHERE id < ? ORDER BY id LIMIT ?", (f"{before // 1_000:08x}", limit))
    return [row[0] for row in rows]


# ── reading ──


async def page(connection: Connection, limit: int, skip: int) -> tuple[int, list[Inbound]]:
    """Read a page of the inbox, newest first, and how many messages it has."""
    place = blocks.place(await blocks.all_of(connection, search.INBOUND), limit, skip)
    return place.total, await _at(connection, _ALL, place)


async def search_page(
    connection: Connection, tallies: Tallies, wanted: str, limit: int, skip: int
) -> tuple[int, list[Inbound]]:
    """Read a page of the messages that contain `wanted` (folded, not empty), newest first, and their number."""
    selection = search.found(wanted, search.INBOUND)
    place = blocks.place(await tallies.of(connection, selection), limit, skip)
    return place.total, await _at(connection, selection, place)


_ALL = Selection(sql="SELECT seq FROM inbound INDEXED BY inbound_order WHERE seq BETWEEN {first} AND {last}")


async def _at(connection: Connection, selection: Selection, place: Place) -> list[Inbound]:
    numbers, parameters = place.query(selection)
    rows = await connection.execute_fetchall(
        f"SELECT * FROM inbound WHERE seq IN ({numbers}) ORDER BY seq DESC", parameters
    )
    return [from_row(row) for row in rows]
