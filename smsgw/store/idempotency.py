"""Statements over the keys that clients repeat their requests under; plain functions over an open transaction."""

import json
from collections.abc import Sequence

from smsgw.errors import Text
from smsgw.model import Refusal, Repeatable
from smsgw.store.db import Tx


def find(tx: Tx, token: int, key: str, since: int) -> tuple[bytes, list[str | Refusal]] | None:
    """Find the fingerprint and the results of the request that was made under this key, unless it is older."""
    row = tx.row(
        "SELECT fingerprint, results FROM idempotency_keys WHERE token = ? AND key = ? AND created_at > ?",
        (token, key, since),
    )
    return None if row is None else (row["fingerprint"], [_read(result) for result in json.loads(row["results"])])


def keep(tx: Tx, token: int, asked: Repeatable, results: Sequence[str | Refusal]) -> None:
    """Keep what a request was answered with; an older one under the same key is forgotten."""
    written = json.dumps([_written(result) for result in results], ensure_ascii=False)
    tx.change(
        "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?)",
        (token, asked.key, asked.fingerprint, written, tx.now),
    )


def forget(tx: Tx, before: int, limit: int) -> int:
    """Forget keys that are older; returns how many."""
    return tx.change(
        "DELETE FROM idempotency_keys WHERE (token, key) IN"
        " (SELECT token, key FROM idempotency_keys WHERE created_at <= ? LIMIT ?)",
        (before, limit),
    )


def _written(result: str | Refusal) -> object:
    return result if isinstance(result, str) else [result.code, result.text.ru, result.text.en]


def _read(written: str | list[object]) -> str | Refusal:
    if isinstance(written, str):
        return written
    code, ru, en = written
    assert isinstance(code, int)
    return Refusal(code=code, text=Text(str(ru), str(en)))
