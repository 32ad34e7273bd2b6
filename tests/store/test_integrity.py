"""A database that was not closed is found by its log; what is damaged is said, and stays so until it is mended."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from files import damage, leave_open, make, wal_of
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from smsgw.store import integrity
from smsgw.store.db import Database
from smsgw.store.faults import DatabaseUnusable
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


async def test_damage_that_a_reader_meets_is_known_too(config: Config, clock: Clock) -> None:
    path = await make(config, *MANY)
    damage(path)
    async with Database.open(path, clock) as db:
        with pytest.raises(StorageUnavailable, match="damaged"):
            await db.read("SELECT sum(length(text)) FROM messages")
        with pytest.raises(StorageUnavailable, match="damaged"):
            db.ensure_sound()
