"""A database that was not closed is found by its log; what is damaged is said, and stays so until it is mended."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from files import damage, leave_open, make, wal_of
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from smsgw.store import integrity
from smsgw.store.db import Database
from smsgw.store.faults import DatabaseUnusable
from smsgw.store.lock import is_held, sole_daemon
from support import Clock

MANY = [f"Сообщение номер {n}" for n in range(200)]


async def test_a_database_that_was_closed_leaves_no_sign(config: Config) -> None:
    assert not integrity.was_left_open(await make(config, "x"))


async def test_one_that_was_left_open_is_found_and_passes_when_it_is_whole(config: Config, clock: Clock) -> None:
    path = await make(config, *MANY)
    leave_open(path)
    assert integrity.was_left_open(path)
    integrity.check(path)
    # The sign stays until the database is opened and closed.
    assert integrity.was_left_open(path)
    async with Database.open(path, clock):
        pass
    assert not integrity.was_left_open(path)


async def test_a_search_index_that_has_seen_deletions_does_not_make_the_check_fail(config: Config) -> None:
    path = await make(config, *MANY)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO message_trigrams (message_trigrams) VALUES ('optimize')")
        connection.execute("DELETE FROM messages")
    leave_open(path)
    integrity.check(path)


async def test_damage_is_said_with_what_to_do_and_is_found_again(config: Config) -> None:
    path = await make(config, *MANY)
    leave_open(path)
    damage(path)
    for _ in range(2):
        with pytest.raises(DatabaseUnusable) as raised:
            integrity.check(path)
        said = str(raised.value)
        assert f"{path} " in said
        assert "it is damaged: " in said
        assert "smsgw restore FILE" in said
        assert "\n" not in said


async def test_a_log_without_a_database_is_no_sign(tmp_path: Path) -> None:
    wal_of(tmp_path / "a.db").touch()
    assert not integrity.was_left_open(tmp_path / "a.db")


async def test_the_log_of_a_linked_database_is_where_the_file_is(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "linked.db"
    link.symlink_to(path)
    leave_open(path)
    assert integrity.was_left_open(link)


async def test_who_opens_and_closes_a_doubtful_database_leaves_the_doubt(config: Config, clock: Clock) -> None:
    path = await make(config, "x")
    with integrity.doubt_kept(path):
        async with Database.open(path, clock):
            pass
    assert not integrity.was_left_open(path)
    leave_open(path)
    with integrity.doubt_kept(path):
        async with Database.open(path, clock):
            pass
    assert integrity.was_left_open(path)


async def test_damage_that_is_met_closes_the_door_and_leaves_the_sign(config: Config, clock: Clock) -> None:
    path = await make(config, *MANY)
    damage(path)
    async with Database.open(path, clock) as db:
        await db.probe()
        with pytest.raises(StorageUnavailable, match="damaged"):
            await db.write(lambda tx: tx.rows("SELECT sum(length(text)) FROM messages"))
        with pytest.raises(StorageUnavailable, match="damaged"):
            await db.probe()
    assert integrity.was_left_open(path)
    with pytest.raises(DatabaseUnusable):
        integrity.check(path)


@pytest.mark.parametrize("read", [Database.read, Database.find])
async def test_damage_that_a_reader_meets_is_known_too(
    config: Config, clock: Clock, read: Callable[[Database, str], Awaitable[object]]
) -> None:
    path = await make(config, *MANY)
    damage(path)
    async with Database.open(path, clock) as db:
        with pytest.raises(StorageUnavailable, match="damaged"):
            await read(db, "SELECT sum(length(text)) FROM messages")
        with pytest.raises(StorageUnavailable, match="damaged"):
            db.ensure_sound()


async def test_a_visitor_of_a_daemon_that_stops_meanwhile_makes_no_doubt(config: Config, clock: Clock) -> None:
    path = await make(config, "x")
    with closing(sqlite3.connect(path)) as visitor:
        with sole_daemon(path):
            async with Database.open(path, clock):
                visit = integrity.doubt_kept(path)
                visit.__enter__()
                visitor.execute("SELECT * FROM messages").fetchall()
        visitor.close()
        visit.__exit__(None, None, None)
    assert not integrity.was_left_open(path)


async def test_to_look_whether_a_daemon_is_there_keeps_none_from_starting(config: Config) -> None:
    path = await make(config, "x")
    with sole_daemon(path):
        assert is_held(path)
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(lambda: [is_held(path) for _ in range(2_000)])
        while not looking.done():
            with sole_daemon(path):
                pass
    assert not is_held(path)


async def test_a_check_can_be_broken_off(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await make(config, *MANY)
    leave_open(path)
    with closing(integrity.Check(path)) as check:
        monkeypatch.setattr(integrity, "first_finding", endless)
        running = asyncio.create_task(asyncio.to_thread(check.run))
        while not running.done():
            check.break_off()
            await asyncio.wait({running}, timeout=0.05)
        with pytest.raises(DatabaseUnusable, match="interrupted"):
            await running
    assert integrity.was_left_open(path)


def endless(connection: sqlite3.Connection) -> str | None:
    """Read for ever, as if the database were endless."""
    sql = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n"
    return str(connection.execute(sql).fetchone())
