"""Database files for tests: with messages in them, left open as by a kill, damaged."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from smsgw.config import Config, ModemConfig, StoreConfig
from smsgw.gateway import Gateway
from smsgw.model import SendRequest
from support import Clock, open_gateway

NUMBER = "79991234567"
PAGE = 4_096


def stored_in(folder: Path) -> Config:
    """Configure a gateway whose database is in a folder."""
    store = StoreConfig(path=str(folder / "smsgw.db"))
    return Config(store=store, modems=(ModemConfig(name="north", port="/dev/north"),))


async def submit(gateway: Gateway, *texts: str) -> list[str]:
    """Submit messages and return their ids, in order."""
    requests = (SendRequest(text=text, phone_number=NUMBER) for text in texts)
    return list(await asyncio.gather(*(gateway.submission.submit(request, None) for request in requests)))


async def make(config: Config, *texts: str) -> Path:
    """Make the database with these messages in it, closed, and return its path."""
    async with open_gateway(config, Clock()) as gateway:
        await submit(gateway, *texts)
    return Path(config.store.path)


def leave_open(path: Path, sql: str = "SELECT 1") -> None:
    """Open a database in a process that runs a statement and ends without closing it."""
    dying = (
        "import os, sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
        " connection.execute(sys.argv[2]).fetchall(); connection.execute('SELECT * FROM tokens'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", dying, str(path), sql], check=True)
    assert wal_of(path).exists()


def damage(path: Path) -> None:
    """Overwrite the second half of a database, but for the schema and the first page of each table."""
    pages = path.stat().st_size // PAGE
    # Not as one who may write: that would take the sign away that it was left open.
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        ((last,),) = connection.execute("SELECT max(rootpage) FROM sqlite_master")
    first = max(pages // 2, last)
    with path.open("r+b") as file:
        file.seek(first * PAGE)
        file.write(b"\xa5" * ((pages - first) * PAGE))


def damage_table(path: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    ((page,),) = rows(path, f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")
    assert isinstance(page, int)
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def damage_value(path: Path) -> None:
    """Leave a value out where there must be one: it can be read and copied, and only a check finds it."""
    strict, loose = "at      INTEGER NOT NULL", "at      INTEGER"
    for sql in (
        f"UPDATE sqlite_master SET sql = replace(sql, '{strict}', '{loose}') WHERE name = 'timeline'",
        "UPDATE timeline SET at = NULL",
        f"UPDATE sqlite_master SET sql = replace(sql, '{loose}', '{strict}') WHERE name = 'timeline'",
    ):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA writable_schema = ON")
            assert connection.execute(sql).rowcount


def wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def texts(path: Path) -> list[object]:
    """List the texts of the stored messages, in order."""
    return [text for (text,) in rows(path, "SELECT text FROM messages ORDER BY seq")]


def names(folder: Path, pattern: str = "*") -> list[str]:
    """List the names in a folder, in order."""
    return sorted(path.name for path in folder.glob(pattern))


def content(path: Path) -> bytes:
    return path.read_bytes()
