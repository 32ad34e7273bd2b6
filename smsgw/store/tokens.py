"""Statements over API tokens and how much each has been used."""

import sqlite3
from functools import cache

from smsgw.model import Right, Token
from smsgw.store.db import Tx

BY_PUBLIC_ID = "SELECT * FROM tokens WHERE public_id = ?"
ALL = "SELECT * FROM tokens ORDER BY name"


def from_row(row: sqlite3.Row) -> Token:
    """Read a token."""
    return Token(
        row=row["id"],
        name=row["name"],
        is_enabled=bool(row["is_enabled"]),
        rights=_rights(row["rights"]),
        per_day=row["per_day"],
        per_month=row["per_month"],
        networks=tuple(network for network in row["networks"].split(",") if network),
        created_at=row["created_at"],
    )


@cache
def _rights(listed: str) -> frozenset[Right]:
    """Read the rights of a token: they are few, and asked for with every request."""
    return frozenset(Right(right) for right in listed.split(",") if right)


def insert(tx: Tx, *, public_id: str, secret_hash: bytes, token: Token) -> None:
    """Store a new token; its row number is assigned here."""
    tx.insert(
        "INSERT INTO tokens (public_id, secret_hash, name, is_enabled, rights, per_day, per_month, networks,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            public_id,
            secret_hash,
            token.name,
            token.is_enabled,
            ",".join(sorted(token.rights)),
            token.per_day,
            token.per_month,
            ",".join(token.networks),
            tx.now,
        ),
    )


def exists(tx: Tx, name: str) -> bool:
    """Tell whether a token has this name."""
    return tx.row("SELECT 1 FROM tokens WHERE name = ?", (name,)) is not None


def set_enabled(tx: Tx, name: str, is_enabled: bool) -> bool:
    """Switch a token on or off; returns False when there is none of this name."""
    return bool(tx.change("UPDATE tokens SET is_enabled = ? WHERE name = ?", (is_enabled, name)))


def delete(tx: Tx, name: str) -> bool:
    """Remove a token; returns False when there is none of this name."""
    return bool(tx.change("DELETE FROM tokens WHERE name = ?", (name,)))


def use(tx: Tx, token: int, day: str) -> None:
    """Count one message of a token on a day (YYYY-MM-DD)."""
    tx.change(
        "INSERT INTO token_usage VALUES (?, ?, 1) ON CONFLICT (token, day) DO UPDATE SET messages = messages + 1",
        (token, day),
    )


def used(tx: Tx, token: int, days: str) -> int:
    """Count the messages of a token on the days whose text begins with `days` (a day, or YYYY-MM for a month)."""
    row = tx.row(
        "SELECT coalesce(sum(messages), 0) FROM token_usage WHERE token = ? AND day GLOB ? || '*'", (token, days)
    )
    assert row is not None
    return int(row[0])


def forget_usage(tx: Tx, days: int) -> None:
    """Forget how much tokens were used more than so many days ago; the counts of a month are needed longest."""
    tx.change("DELETE FROM token_usage WHERE day < date(? / 1000, 'unixepoch', ?)", (tx.now, f"-{days} days"))
