"""Statements over how far others have read the events."""

from aiosqlite import Connection

from smsgw.store.db import Tx


async def find(connection: Connection, name: str) -> int | None:
    """Read how far somebody has come; None if nothing is known of them."""
    rows = list(await connection.execute_fetchall("SELECT seq FROM cursors WHERE name = ?", (name,)))
    return int(rows[0][0]) if rows else None


def move(tx: Tx, name: str, seq: int) -> None:
    """Note how far somebody has come."""
    tx.change("INSERT INTO cursors VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq", (name, seq))
