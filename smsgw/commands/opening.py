"""Opens the configured database for a command, beside a gateway that may be running."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from smsgw.commands.arguments import OK
from smsgw.config import Config
from smsgw.config_files import read_config
from smsgw.store.db import Database
from smsgw.store.integrity import doubt_kept
from smsgw.store.place import place_of


class NoDatabase(Exception):
    """There is no database yet, and so nothing to work on; the text says how to come by it."""


def work_on_database(
    options: argparse.Namespace, work: Callable[[Database, Config], Awaitable[None]], *, sought: str | None = None
) -> int:
    """Do some work on the database and return the exit code; it is made where there is none.

    For who looks for something that is `sought` (a token, and the command that makes one), `NoDatabase` is raised then.
    """
    config = read_config(options.config)
    path = place_of(config.store.path)
    if sought is not None and not path.exists():
        raise NoDatabase(f"there is no database {path} yet, and so no {sought}")

    async def within() -> None:
        async with Database.open(path, lambda: time.time_ns() // 1_000_000) as database:
            await work(database, config)

    with doubt_kept(path):
        asyncio.run(within())
    return OK


def local_time(at: int) -> str:
    """Write a time in Unix milliseconds as people here do."""
    return f"{datetime.fromtimestamp(at / 1_000, UTC).astimezone():%Y-%m-%d %H:%M}"
