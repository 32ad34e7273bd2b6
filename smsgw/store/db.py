"""One database file: a writer thread with group commit, read-only readers, and the schema brought up to date.

A transaction is a plain function of a `Tx`; it runs whole on the writer's thread, so no cancellation can cut it in two.
Whoever waits at the same moment shares one commit, each in a savepoint of its own. Knows no table.
"""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import aiosqlite

from smsgw.store import faults, integrity
from smsgw.store.migrate import migrate

T = TypeVar("T")

# Bounds how long the first of a batch waits for the last; far above what one sync lets gather.
_MAX_BATCH = 256
_READERS = 2
# A page of a list needs little, and what was read before is in the cache of the system.
_READER_CACHE_KIB = 512
_BUSY_TIMEOUT_MS = 5_000


class Tx:
    """One transaction: the connection's statements and the one time that all its rows carry."""

    __slots__ = ("_connection", "last", "news", "now")

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection = connection
        self.now = now  # Unix milliseconds
        self.last: list[Callable[[Tx], object]] = []  # what is done right before the commit, once for all who share it
        self.news: set[str] = set()  # the kinds of what has changed that others listen for

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Run a statement and return all its rows, so that none is left open at the commit."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Row | None:
        """Run a statement and return its first row, if any."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def change(self, sql: str, parameters: tuple[Any, ...] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: tuple[Any, ...] = ()) -> int:
        """Run an INSERT and return the new row's number."""
        row = self._connection.execute(sql, parameters).lastrowid
        assert row is not None
        return row

    def conclude(self) -> None:
        """Do what was left for the end."""
        for work in self.last:
            work(self)


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[Tx], T]
    future: asyncio.Future[T]
    result: T | None = None
    error: BaseException | None = None


class Database:
    """A database that is open: transactions through `write`, queries through `read` and `snapshot`."""

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self.path = path
        self._clock = clock
        self._is_damaged = False
        self._has_failed = False  # to write; the writer's thread sets it
        self._listeners: list[tuple[str, Callable[[], None]]] = []
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._idle_readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        self._connection: sqlite3.Connection
        self._finder: sqlite3.Connection
        self._loop: asyncio.AbstractEventLoop

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` as one durable transaction and return its result.

        Raises what `work` raises (nothing of it is stored then) and `StorageUnavailable` when the storage fails. If the
        caller is cancelled the transaction still completes.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future))
        return await future

    def write_soon(self, work: Callable[[Tx], object]) -> None:
        """Run `work` as a transaction after those that wait already; nobody waits for it, or hears if it fails."""
        future: asyncio.Future[object] = self._loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._jobs.put(_Job(work, future))

    def now(self) -> int:
        """Return the time that a transaction would have now, in Unix milliseconds."""
        return self._clock()

    def on_news(self, kind: str, listener: Callable[[], None]) -> None:
        """Call `listener`, which must return at once, after a commit that may hold news of this kind."""
        self._listeners.append((kind, listener))

    async def probe(self) -> None:
        """Make sure that the storage takes transactions and is whole; raises `StorageUnavailable`."""
        await self.write(self._probe)
        self.ensure_sound()

    def ensure_sound(self) -> None:
        """Raise `StorageUnavailable` if the file has been found damaged; what is still whole in it can be used."""
        if self._is_damaged:
            raise faults.damaged()

    async def read(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Run one query on a reader and return its rows."""
        async with self._reader() as connection:
            return list(await connection.execute_fetchall(sql, parameters))

    async def find(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Run a query that takes less than going to another thread: it finds its few rows by a key."""
        try:
            return self._finder.execute(sql, parameters).fetchall()
        except sqlite3.Error:
            # Who has to wait for a lock waits where nobody else does, and is told there what else may be wrong.
            return await self.read(sql, parameters)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[aiosqlite.Connection]:
        """Lend a reader on which several queries see one state of the database."""
        async with self._reader() as connection:
            try:
                await connection.execute_fetchall("BEGIN")
                yield connection
            finally:
                await connection.rollback()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[aiosqlite.Connection]:
        connection = await self._idle_readers.get()
        try:
            yield connection
        except sqlite3.Error as error:
            raise self._storage_error(error) from error
        finally:
            self._idle_readers.put_nowait(connection)

    def _storage_error(self, error: sqlite3.Error) -> Exception:
        self._is_damaged |= faults.is_damage(error)
        return faults.storage_error(error)

    def _settle(self, batch: list[_Job[Any]], news: set[str]) -> None:
        for job in batch:
            if job.future.done():  # its caller was cancelled
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        for kind, listener in self._listeners:
            if kind in news:
                listener()

    # ── the writer's thread ──

    def _run_writer(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            last = False
            while len(batch) < _MAX_BATCH:
                try:
                    following = self._jobs.get_nowait()
                except Empty:
                    break
                if following is None:
                    last = True
                    break
                batch.append(following)
            news = self._run_batch(batch)
            self._loop.call_soon_threadsafe(self._settle, batch, news)
            if last:
                return

    def _run_batch(self, batch: list[_Job[Any]]) -> set[str]:
        """Run a batch and tell what kinds of news it has brought."""
        try:
            tx = Tx(self._connection, self._clock())
            self._connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._run_in_savepoint(tx, job)
            tx.conclude()
            self._commit(batch)
            return tx.news
        except sqlite3.Error as error:
            # A failed statement or commit may have undone what earlier jobs of the batch wrote: nobody may believe it.
            self._has_failed = True
            self._fail(batch, self._storage_error(error))
        except BaseException as error:
            # Nothing may end this thread: everybody would wait for ever.
            self._fail(batch, error)
        return set()

    def _probe(self, tx: Tx) -> None:
        # An empty transaction needs no disk, and one that writes each time it is asked would wear out an SD card.
        if self._has_failed:
            self._has_failed = False
            tx.rows(f"PRAGMA user_version = {tx.rows('PRAGMA user_version')[0][0]}")

    def _fail(self, batch: list[_Job[Any]], error: BaseException) -> None:
        for job in batch:
            job.error = error
        with suppress(sqlite3.Error):
            self._connection.rollback()

    def _run_in_savepoint(self, tx: Tx, job: _Job[Any]) -> None:
        self._connection.execute("SAVEPOINT job")
        of_others = len(tx.last)
        try:
            job.result = job.work(tx)
        except BaseException as error:
            if faults.is_storage_fault(error) or not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO job")
            del tx.last[of_others:]
            job.error = error
        self._connection.execute("RELEASE job")

    def _commit(self, batch: list[_Job[Any]]) -> None:
        self._connection.execute("COMMIT")

    # ── opening and closing ──

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, clock: Callable[[], int]) -> AsyncIterator["Database"]:
        """Open (or make) the database at `path`, migrate it, and close it at the end.

        `clock` gives Unix milliseconds. Raises `DatabaseUnusable` and `migrate.SchemaError`.
        """
        database = cls(path, clock)
        database._loop = asyncio.get_running_loop()
        database._connection = await asyncio.to_thread(_open_writer, path)
        thread = threading.Thread(target=database._run_writer, name="smsgw-writer")
        thread.start()
        try:
            async with AsyncExitStack() as readers:
                for _ in range(_READERS):
                    reader = await readers.enter_async_context(
                        aiosqlite.connect(integrity.address(path, "ro"), uri=True, isolation_level=None)
                    )
                    reader.row_factory = sqlite3.Row
                    await reader.execute_fetchall(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
                    await reader.execute_fetchall(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
                    database._idle_readers.put_nowait(reader)
                database._finder = readers.enter_context(closing(_open_finder(path)))
                yield database
        finally:
            database._jobs.put(None)
            await asyncio.to_thread(thread.join)
            await asyncio.to_thread(database._connection.close)
            if database._is_damaged:
                integrity.leave_open(path)


def _open_finder(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(integrity.address(path, "ro"), uri=True, isolation_level=None, timeout=0)
    connection.row_factory = sqlite3.Row
    return connection


def _open_writer(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Texts and numbers of people: only the owner may read the file, whatever the umask says.
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    except OSError as error:
        raise faults.DatabaseUnusable(path, str(error.strerror)) from error
    except sqlite3.Error as error:
        raise faults.unusable(path, error) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        # What a killed process had written and not synced is read like the rest: nobody may be told of it before it is.
        connection.execute("PRAGMA wal_checkpoint").fetchall()
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise faults.unusable(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection
