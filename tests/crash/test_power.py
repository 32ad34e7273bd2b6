"""Power cuts: what was answered with 200 is on the disk, and not merely in the memory of the kernel."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import power
from platter import Luck, Platter, survives
from scenario import SCENARIOS
from smsgw.gateway.tokens import Tokens
from smsgw.model import Right
from smsgw.store.db import Database
from support import Clock
from torture import Settings, torture
from world import DEADLINE_S

ROWS = 50
SPAWN = get_context("spawn")  # each process gets a SQLite of its own, which the others do not see plugged


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk" / "smsgw.db"


@pytest.fixture
def platter(tmp_path: Path) -> Platter:
    return Platter(tmp_path / "platter")


def run_until_killed(work: Callable[..., None], *arguments: Any) -> None:
    process = SPAWN.Process(target=work, args=arguments)
    process.start()
    process.join(DEADLINE_S)
    assert process.exitcode == -signal.SIGKILL


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# ── the disk itself ──


def write_rows(platter: Platter, database: Path, synchronous: str) -> None:
    power.plug(platter)
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE rows (number INTEGER)")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    for number in range(ROWS):
        connection.execute("INSERT INTO rows VALUES (?)", (number,))
    die()


def count_rows(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        count: int = connection.execute("SELECT count(*) FROM rows").fetchone()[0]
        return count


@pytest.mark.parametrize("luck", [Luck(share=0.0, block=4096), Luck(share=0.5, block=512), Luck(share=1.0, block=512)])
def test_what_was_synced_outlives_a_cut(platter: Platter, database: Path, luck: Luck) -> None:
    run_until_killed(write_rows, platter, database, "FULL")
    platter.cut(database, luck)
    assert count_rows(database) == ROWS


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_what_was_not_synced_outlives_a_kill_but_no_cut(platter: Platter, database: Path, synchronous: str) -> None:
    run_until_killed(write_rows, platter, database, synchronous)
    killed = database.parent.with_name("killed")
    copytree(database.parent, killed)
    assert count_rows(killed / database.name) == ROWS
    platter.cut(database)
    assert count_rows(database) == 0


def test_of_what_was_not_synced_any_blocks_may_be_left_each_in_its_place() -> None:
    synced, seen = b"old" * 700, b"new!" * 1_000  # neither ends with a block
    found = [survives(synced, seen, Luck(share=0.5, block=512)) or b"" for _ in range(200)]
    for content in found:
        places = zip(content, synced.ljust(len(seen), b"\0"), seen, strict=False)
        assert all(octet in (old, new, 0) for octet, old, new in places)
    assert len(set(found)) > 50
    assert {len(content) for content in found} == {2_100, 2_560, 3_072, 3_584, 4_000}


@pytest.mark.parametrize(("synced", "seen"), [(None, b"made"), (b"removed", None), (b"cut short", b"cut"), (b"", b"x")])
def test_without_luck_a_cut_leaves_what_was_synced_and_with_luck_what_was_seen(
    synced: bytes | None, seen: bytes | None
) -> None:
    assert survives(synced, seen, Luck(share=0.0, block=4)) == synced
    assert survives(synced, seen, Luck(share=1.0, block=4)) == seen


# ── the gateway on it ──


def create_token_and_die_before_it_is_synced(platter: Platter, database: Path) -> None:
    async def create() -> None:
        async with Database.open(database, Clock()) as db:
            Platter.keep = lambda *_: die()  # type: ignore[method-assign,assign]
            await Tokens(db).create("told", Right)

    power.plug(platter)
    asyncio.run(create())


def tell_tokens_and_die(platter: Platter, database: Path, teller: Connection) -> None:
    async def tell() -> None:
        async with Database.open(database, Clock()) as db:
            teller.send([token.name for token in await Tokens(db).listed()])
            die()

    power.plug(platter)
    asyncio.run(tell())


def test_what_a_killed_daemon_left_is_synced_before_the_next_one_tells_of_it(platter: Platter, database: Path) -> None:
    run_until_killed(create_token_and_die_before_it_is_synced, platter, database)
    listener, teller = SPAWN.Pipe(duplex=False)
    run_until_killed(tell_tokens_and_die, platter, database, teller)
    assert listener.recv() == ["told"]
    platter.cut(database)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM tokens").fetchall() == [("told",)]


@pytest.mark.parametrize("name", ["power", "all-power-fail"])
def test_the_daemon_keeps_its_promises_when_the_power_goes(name: str) -> None:
    (scenario,) = [replace(each, uncertain_after_s=5) for each in SCENARIOS if each.name == name]
    figures = torture(Settings(kills=4, life_s=(0.8, 1.6), seed=20, patience_s=DEADLINE_S), scenario)
    assert figures["messages"] > 0
    assert figures["incoming"] > 0
    # So short a run need not have left anything in doubt.
    assert scenario.broken(figures) == []
