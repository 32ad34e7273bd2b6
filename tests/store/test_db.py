"""The database: durable, all or nothing for each caller, honest when the storage fails."""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from smsgw.errors import StorageUnavailable
from smsgw.store.db import Database, Tx
from smsgw.store.faults import DatabaseUnusable
from smsgw.store.lock import DatabaseInUse, sole_daemon
from smsgw.store.migrate import SchemaError, migrate, shipped_scripts
from support import Clock


def add_reference(number: str) -> Callable[[Tx], str]:
    def work(tx: Tx) -> str:
        tx.insert("INSERT INTO concatenation_references VALUES (?, 0)", (number,))
        return number

    return work


async def numbers(db: Database) -> set[str]:
    return {row[0] for row in await db.read("SELECT phone_number FROM concatenation_references")}


async def test_what_is_written_is_there_for_the_next_process(tmp_path: Path, clock: Clock) -> None:
    async with Database.open(tmp_path / "a.db", clock) as db:
        await db.write(add_reference("100"))
    async with Database.open(tmp_path / "a.db", clock) as db:
        assert await numbers(db) == {"100"}


async def test_a_transaction_that_fails_leaves_nothing_and_spares_its_neighbours(db: Database) -> None:
    def fail(tx: Tx) -> None:
        tx.insert("INSERT INTO concatenation_references VALUES ('lost', 0)")
        raise ValueError("changed my mind")

    results = await asyncio.gather(
        db.write(add_reference("1")), db.write(fail), db.write(add_reference("2")), return_exceptions=True
    )
    assert [results[0], results[2]] == ["1", "2"]
    assert isinstance(results[1], ValueError)
    assert await numbers(db) == {"1", "2"}


async def test_those_who_wait_together_share_one_commit_and_one_time(tmp_path: Path) -> None:
    ticks = iter(range(1_000))

    async with Database.open(tmp_path / "a.db", lambda: next(ticks)) as db:
        times = await asyncio.gather(*(db.write(lambda tx: tx.now) for _ in range(50)))
    # The first may set out alone; the others gather while it is being synced.
    assert len(set(times)) <= 3


async def together(db: Database, *works: Callable[[Tx], object]) -> list[object]:
    """Let transactions share one commit."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        begun.set()
        go_on.wait()

    held = asyncio.ensure_future(db.write(hold))
    await asyncio.to_thread(begun.wait)
    tasks = [asyncio.ensure_future(db.write(work)) for work in works]
    await asyncio.sleep(0)
    go_on.set()
    await held
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_is_left_for_the_end_is_done_when_all_who_share_the_commit_are_done(db: Database) -> None:
    done: list[str] = []

    def leave(name: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            done.append(f"job {name}")
            tx.last.append(lambda tx: done.append(f"end {name}"))
            tx.last.append(add_reference(name))

        return work

    await together(db, leave("1"), leave("2"))
    assert done == ["job 1", "job 2", "end 1", "end 2"]
    assert await numbers(db) == {"1", "2"}


async def test_what_a_failed_transaction_has_left_for_the_end_is_not_done(db: Database) -> None:
    def leave(tx: Tx) -> None:
        tx.last.append(add_reference("kept"))

    def fail(tx: Tx) -> None:
        tx.last.append(add_reference("lost"))
        raise ValueError("changed my mind")

    kept, failed = await together(db, leave, fail)
    assert kept is None
    assert isinstance(failed, ValueError)
    assert await numbers(db) == {"kept"}


async def test_what_fails_at_the_end_leaves_nothing_and_nobody_is_told_otherwise(db: Database) -> None:
    def leave(tx: Tx) -> None:
        tx.last.append(lambda tx: tx.insert("INSERT INTO parts (message, number) VALUES (999, 1)"))

    told = await together(db, add_reference("1"), leave)
    assert all(isinstance(each, Exception) for each in told)
    assert await numbers(db) == set()
    await db.write(add_reference("after"))
    assert await numbers(db) == {"after"}


async def test_a_cancelled_caller_leaves_its_transaction_to_finish(db: Database) -> None:
    task = asyncio.ensure_future(db.write(add_reference("kept")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.write(lambda tx: None)
    assert await numbers(db) == {"kept"}


async def test_what_is_looked_up_by_its_key_is_as_the_last_commit_left_it(db: Database) -> None:
    query = "SELECT reference FROM concatenation_references WHERE phone_number = ?"
    assert await db.find(query, ("100",)) == []
    await db.write(add_reference("100"))
    assert [row["reference"] for row in await db.find(query, ("100",))] == [0]
    with sqlite3.connect(db.path) as other:
        other.execute("UPDATE concatenation_references SET reference = 7")
    other.close()
    assert [row["reference"] for row in await db.find(query, ("100",))] == [7]


async def test_a_snapshot_sees_one_state_while_others_write(db: Database) -> None:
    async with db.snapshot() as reader:
        before = list(await reader.execute_fetchall("SELECT * FROM concatenation_references"))
        await db.write(add_reference("new"))
        after = list(await reader.execute_fetchall("SELECT * FROM concatenation_references"))
    assert before == after == []
    assert await numbers(db) == {"new"}


async def test_a_full_disk_is_said_stores_nothing_and_passes(db: Database) -> None:
    pages = (await db.read("PRAGMA page_count"))[0][0]
    await db.write(lambda tx: tx.rows(f"PRAGMA max_page_count = {pages}"))

    def fill(tx: Tx) -> None:
        for n in range(1_000):
            tx.insert("INSERT INTO concatenation_references VALUES (?, 0)", (f"{n:0100}",))

    with pytest.raises(StorageUnavailable, match="disk is full") as refusal:
        await db.write(fill)
    assert refusal.value.retry_after_s
    assert await numbers(db) == set()
    await db.write(lambda tx: tx.rows("PRAGMA max_page_count = 1000000"))
    await db.write(add_reference("after"))
    assert await numbers(db) == {"after"}


async def test_a_wrong_statement_is_a_defect_and_not_a_storage_fault(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.write(lambda tx: tx.rows("SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.find("SELECT * FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(lambda tx: tx.insert("INSERT INTO parts (message, number) VALUES (999, 1)"))


async def test_only_the_owner_may_read_the_file(tmp_path: Path, clock: Clock) -> None:
    async with Database.open(tmp_path / "new" / "a.db", clock):
        assert stat.S_IMODE((tmp_path / "new" / "a.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "reason"), [(b"this is a letter, not a database" * 40, "not a database"), (None, "cannot be opened")]
)
async def test_an_unusable_file_is_named(tmp_path: Path, clock: Clock, content: bytes | None, reason: str) -> None:
    path = tmp_path / "a.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match=rf"{path} .*{reason}.*must be a file of its own"):
        async with Database.open(path, clock):
            pass


async def test_a_database_of_a_newer_program_is_refused(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaError, match="schema 99"):
        async with Database.open(path, clock):
            pass


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    for version in (0, 2):
        connection = sqlite3.connect(tmp_path / f"{version}.db", isolation_level=None)
        connection.execute("CREATE TABLE theirs (id INTEGER)")
        connection.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(SchemaError, match="another program"):
            migrate(connection, tmp_path / f"{version}.db")
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]
        connection.close()


def test_an_older_database_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, shipped_scripts())
    connection.execute("INSERT INTO concatenation_references VALUES ('100', 7)")
    old = len(shipped_scripts())
    migrate(connection, path, (*shipped_scripts(), "CREATE TABLE news (id INTEGER PRIMARY KEY) STRICT;"))
    assert connection.execute("PRAGMA user_version").fetchone()[0] == old + 1
    connection.execute("SELECT * FROM news")
    connection.close()
    copy = sqlite3.connect(tmp_path / f"a.db.schema-{old}")
    assert copy.execute("SELECT * FROM concatenation_references").fetchall() == [("100", 7)]
    assert copy.execute("PRAGMA user_version").fetchone()[0] == old
    copy.close()


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, shipped_scripts())
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, (*shipped_scripts(), "CREATE TABLE half (id INTEGER) STRICT; SELECT * FROM nowhere;"))
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(shipped_scripts())
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()
    connection.close()


def test_a_place_for_the_lock_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "a.db"
    with pytest.raises(DatabaseUnusable, match=f"{path} "), sole_daemon(path):
        pass


def test_a_second_daemon_on_the_same_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sole_daemon(path), pytest.raises(DatabaseInUse, match="another smsgw"), sole_daemon(path):
        pass
    with sole_daemon(path):
        pass


def test_root_leaves_the_lock_to_whoever_owns_the_folder(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 12_345, 12_346)
    with sole_daemon(tmp_path / "a.db"):
        pass
    folder, lock = tmp_path.stat(), (tmp_path / "a.db.lock").stat()
    assert (lock.st_uid, lock.st_gid) == (folder.st_uid, folder.st_gid)
