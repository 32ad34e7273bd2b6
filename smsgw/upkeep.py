"""What a person does to keep the messages safe: making a backup, and putting one in the database's place.

Composes the store and the gateway's use-case, and says what was done; knows no arguments.
"""

import asyncio
import time
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from smsgw.gateway.restoring import end_unfinished
from smsgw.store import replacement
from smsgw.store.backup import back_up
from smsgw.store.db import Database
from smsgw.store.lock import sole_daemon

_MB = 1_000_000


def backup(database: Path, target: Path, *, force: bool) -> None:
    """Write a backup and print what was written; raises `BackupError` and `SchemaError`."""
    made = back_up(database, target, force=force)
    print(f"{made.path}: {made.size / _MB:.1f} MB, {made.messages} messages")


def restore(database: Path, source: Path, *, keep_waiting: bool) -> None:
    """Put a backup in the place of the database, whose path leads over no link, and print what that means.

    Raises `DatabaseInUse`, `DatabaseUnusable`, `BackupError`, `SchemaError` and `StorageUnavailable`; the database is
    as it was then.
    """
    with sole_daemon(database):
        draft = replacement.prepare(source, database)
        try:
            ended = asyncio.run(_end_unfinished(draft, keep_waiting))
            replacement.finish(draft)
            aside = _name_aside(database)
            is_kept = replacement.put_in_place(draft, database, aside)
        finally:
            replacement.discard(draft)
    print(f"{database} is now the backup {source}.")
    if is_kept:
        print(f"What was there before is {aside}; remove it when it is needed no longer.")
    print(_ENDED.format(ended=ended))
    print(_KEYS, _COUNTS, _TOKENS, sep="\n")


_ENDED = (
    "{ended} messages that were unfinished when the backup was made have ended as send error, reason restored: "
    "they may have been sent since."
)
_KEYS = (
    "What was submitted after the backup is not known any more, nor are its idempotency keys: "
    "a request that is repeated under one of them is sent again."
)
_COUNTS = "What the SIMs have sent since the backup is not counted against their limits."
_TOKENS = (
    "API tokens are as they were then: one that has been revoked or disabled since is valid again (smsgw token list)."
)


async def _end_unfinished(draft: Path, keep_waiting: bool) -> int:
    async with Database.open(draft, lambda: time.time_ns() // 1_000_000) as database:
        return await end_unfinished(database, keep_waiting=keep_waiting)


def _name_aside(database: Path) -> Path:
    name = f"{database.name}{replacement.ASIDE}{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}"
    names = (database.with_name(f"{name}{end}") for end in chain(("",), (f"-{number}" for number in count(2))))
    return next(path for path in names if not path.exists())
