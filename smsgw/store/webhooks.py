"""Statements over webhooks; those that read answer with what is signed with at a given time."""

import json
import sqlite3
from typing import Any

from aiosqlite import Connection

from smsgw.model import EventKind, Webhook, WebhookWish
from smsgw.store.db import Tx

NEWS = "webhooks"

_ALL = "SELECT * FROM webhooks ORDER BY row"
_BY_ID = "SELECT * FROM webhooks WHERE id = ?"
# More of them at a time would only make the header of each request longer.
_OLD_SECRETS = 4


def from_row(row: sqlite3.Row, now: int) -> Webhook:
    """Read a webhook as it is at a time in Unix milliseconds."""
    old = [(secret, until) for secret, until in json.loads(row["old_secrets"]) if until > now]
    return Webhook(
        row=row["row"],
        id=row["id"],
        name=row["name"],
        url=row["url"],
        events=frozenset(EventKind(kind) for kind in row["events"].split(",") if kind),
        headers=json.loads(row["headers"]),
        is_active=bool(row["is_active"]),
        error=row["error"],
        created_at=row["created_at"],
        asked_at=row["asked_at"],
        secrets=(row["secret"], *(secret for secret, _ in old)),
        old_secret_until=max((until for _, until in old), default=None),
    )


# ── writing ──


def insert(tx: Tx, id: str, wish: WebhookWish, secret: str) -> None:
    """Store a new webhook."""
    columns = {"id": id, "secret": secret, "created_at": tx.now} | _columns(wish)
    marks = ", ".join("?" * len(columns))
    tx.insert(f"INSERT INTO webhooks ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))


def change(tx: Tx, id: str, wish: WebhookWish) -> None:
    """Make a webhook what is wished; why the gateway has switched it off is forgotten when it is switched on."""
    columns = _columns(wish)
    settings = ", ".join(f"{name} = ?" for name in columns)
    tx.change(
        f"UPDATE webhooks SET {settings}, error = CASE WHEN ? THEN NULL ELSE error END WHERE id = ?",
        (*columns.values(), wish.is_active, id),
    )


def rotate(tx: Tx, id: str, secret: str, overlap_ms: int) -> None:
    """Give a webhook a new secret; those before are signed with as well, each for a while."""
    (row,) = tx.rows(_BY_ID, (id,))
    old = [(row["secret"], tx.now + overlap_ms), *json.loads(row["old_secrets"])][:_OLD_SECRETS]
    tx.change("UPDATE webhooks SET secret = ?, old_secrets = ? WHERE id = ?", (secret, json.dumps(old), id))


def ask(tx: Tx, row: int) -> None:
    """Note that somebody wants a webhook to be told at once."""
    tx.news.add(NEWS)
    tx.change("UPDATE webhooks SET asked_at = ? WHERE row = ?", (tx.now, row))


def switch_off(tx: Tx, row: int, url: str, error: str) -> None:
    """Switch a webhook off that is still at an address, and say why."""
    tx.news.add(NEWS)
    tx.change("UPDATE webhooks SET is_active = 0, error = ? WHERE row = ? AND url = ?", (error, row, url))


def delete(tx: Tx, id: str) -> bool:
    """Remove a webhook; returns False when there is none."""
    tx.news.add(NEWS)
    return bool(tx.change("DELETE FROM webhooks WHERE id = ?", (id,)))


def _columns(wish: WebhookWish) -> dict[str, Any]:
    return {
        "name": wish.name,
        "url": wish.url,
        "events": ",".join(sorted(wish.events)),
        "headers": json.dumps(dict(wish.headers)),
        "is_active": wish.is_active,
    }


# ── reading ──


def count(tx: Tx) -> int:
    """Count the webhooks."""
    return int(tx.rows("SELECT count(*) FROM webhooks")[0][0])


def by_id(tx: Tx, id: str) -> Webhook | None:
    """Find a webhook."""
    row = tx.row(_BY_ID, (id,))
    return from_row(row, tx.now) if row else None


def named(tx: Tx, name: str) -> str | None:
    """Return the id of the webhook of this name."""
    row = tx.row("SELECT id FROM webhooks WHERE name = ?", (name,))
    return row["id"] if row else None


def wanting(tx: Tx, kind: EventKind, only: str) -> list[int]:
    """List the rows of the webhooks in use that are to be told: the one with the id `only`, or all that want it."""
    if only:
        return [row["row"] for row in tx.rows("SELECT row FROM webhooks WHERE id = ? AND is_active = 1", (only,))]
    active = tx.rows("SELECT row, events FROM webhooks WHERE is_active = 1 ORDER BY row")
    return [row["row"] for row in active if kind in row["events"].split(",")]


async def listed(connection: Connection, now: int) -> list[Webhook]:
    """Read all webhooks, oldest first."""
    return [from_row(row, now) for row in await connection.execute_fetchall(_ALL)]


async def find(connection: Connection, id: str, now: int) -> Webhook | None:
    """Read a webhook."""
    rows = list(await connection.execute_fetchall(_BY_ID, (id,)))
    return from_row(rows[0], now) if rows else None
