"""Statements over received TPDUs, and the long messages whose parts are still coming; over an open transaction."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass

from smsgw.store.db import Tx

# Against how many messages a new part is held: whoever sends nothing but first parts must not keep everybody waiting.
_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tpdu:
    """A received TPDU as it is stored; time in Unix milliseconds."""

    row: int
    received_at: int
    device: str
    sim: str
    pdu: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """A long message whose parts are still coming; time in Unix milliseconds."""

    row: int
    begun_at: int


def keep(tx: Tx, device: str, sim: str, pdu: bytes, fingerprint: bytes | None) -> Tpdu:
    """Store a TPDU; without a fingerprint it is one to be looked at later."""
    row = tx.insert(
        "INSERT INTO inbound_parts (received_at, device, sim, pdu, fingerprint) VALUES (?, ?, ?, ?, ?)",
        (tx.now, device, sim, pdu, fingerprint),
    )
    return Tpdu(row=row, received_at=tx.now, device=device, sim=sim, pdu=pdu)


def is_known(tx: Tx, sim: str, fingerprint: bytes, since: int) -> bool:
    """Tell whether the same was received since then (Unix milliseconds)."""
    sql = "SELECT 1 FROM inbound_parts WHERE sim = ? AND fingerprint = ? AND received_at >= ? LIMIT 1"
    return tx.row(sql, (sim, fingerprint, since)) is not None


def unread(tx: Tx, limit: int) -> list[Tpdu]:
    """List TPDUs that nobody has looked at yet, oldest first."""
    rows = tx.rows("SELECT * FROM inbound_parts WHERE fingerprint IS NULL ORDER BY id LIMIT ?", (limit,))
    return [_tpdu(row) for row in rows]


def mark_read(tx: Tx, row: int, fingerprint: bytes) -> None:
    """A TPDU was looked at."""
    tx.change("UPDATE inbound_parts SET fingerprint = ? WHERE id = ?", (fingerprint, row))


def empty(tx: Tx, row: int) -> None:
    """Keep of a TPDU only what its repeats are known by."""
    tx.change("UPDATE inbound_parts SET pdu = x'' WHERE id = ?", (row,))


def forget(tx: Tx, row: int) -> None:
    """Remove a TPDU that is nothing of its own."""
    tx.change("DELETE FROM inbound_parts WHERE id = ?", (row,))


def make_message(tx: Tx, row: int, message: int) -> None:
    """A TPDU is a message by itself."""
    tx.change("UPDATE inbound_parts SET message = ? WHERE id = ?", (message, row))


# ── long messages ──


def begin(tx: Tx, sim: str, series: str, begun_at: int) -> int:
    """Note a long message of which a first part has come, and return its row number."""
    sql = "INSERT INTO inbound_incomplete (sim, series, begun_at) VALUES (?, ?, ?)"
    return tx.insert(sql, (sim, series, begun_at))


def add(tx: Tx, row: int, incomplete: int) -> None:
    """A TPDU is a part of a long message."""
    tx.change("UPDATE inbound_parts SET incomplete = ? WHERE id = ?", (incomplete, row))


def of_series(tx: Tx, sim: str, series: str) -> dict[int, list[Tpdu]]:
    """List the parts of the latest incomplete messages of a series, by the message, oldest first."""
    rows = tx.rows(
        "SELECT * FROM inbound_parts WHERE incomplete IN (SELECT id FROM inbound_incomplete"
        " WHERE sim = ? AND series = ? ORDER BY id DESC LIMIT ?) ORDER BY incomplete",
        (sim, series, _MOST),
    )
    found: dict[int, list[Tpdu]] = defaultdict(list)
    for row in rows:
        found[row["incomplete"]].append(_tpdu(row))
    return found


def begun_before(tx: Tx, before: int, limit: int) -> list[Incomplete]:
    """List long messages that have waited for their parts since then or longer."""
    rows = tx.rows(
        "SELECT id, begun_at FROM inbound_incomplete WHERE begun_at <= ? ORDER BY begun_at LIMIT ?", (before, limit)
    )
    return [Incomplete(row=row["id"], begun_at=row["begun_at"]) for row in rows]


def of_incomplete(tx: Tx, incomplete: int) -> list[Tpdu]:
    """List the parts of a long message that have come, in the order in which they came."""
    rows = tx.rows("SELECT * FROM inbound_parts WHERE incomplete = ? ORDER BY id", (incomplete,))
    return [_tpdu(row) for row in rows]


def complete(tx: Tx, incomplete: int, message: int) -> None:
    """A long message waits for its parts no longer: it is this message now."""
    tx.change("UPDATE inbound_parts SET message = ?, incomplete = NULL WHERE incomplete = ?", (message, incomplete))
    tx.change("DELETE FROM inbound_incomplete WHERE id = ?", (incomplete,))


# ── leaving ──


def empty_of_message(tx: Tx, message: int) -> None:
    """Keep of a message's TPDUs only what their repeats are known by."""
    tx.change("UPDATE inbound_parts SET pdu = x'', message = NULL WHERE message = ?", (message,))


def forget_of_message(tx: Tx, message: int) -> None:
    """Remove the TPDUs of a message."""
    tx.change("DELETE FROM inbound_parts WHERE message = ?", (message,))


def forget_received(tx: Tx, before: int, limit: int) -> int:
    """Remove what was received before then and no message needs, as far as it is the oldest that is kept."""
    return tx.change(
        # The oldest rows come first: that none of them is old enough is seen without a walk over the table.
        "DELETE FROM inbound_parts WHERE id IN (SELECT id FROM (SELECT * FROM inbound_parts ORDER BY id LIMIT ?)"
        " WHERE received_at < ? AND fingerprint IS NOT NULL AND incomplete IS NULL AND message IS NULL)",
        (limit, before),
    )


def _tpdu(row: sqlite3.Row) -> Tpdu:
    return Tpdu(row=row["id"], received_at=row["received_at"], device=row["device"], sim=row["sim"], pdu=row["pdu"])
