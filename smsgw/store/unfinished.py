"""Statements over messages that no modem is done with; plain functions over an open transaction."""

from smsgw.store.db import Tx


def unfinished(tx: Tx, after: int, limit: int) -> list[int]:
    """List, in order, messages behind row `after` that wait or are being sent, or whose outcome is in doubt."""
    rows = tx.rows(
        "SELECT seq FROM messages WHERE status IN (0, 1) AND seq > ? ORDER BY seq LIMIT ?",
        (after, limit),
    )
    return [row[0] for row in rows]
