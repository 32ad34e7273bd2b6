"""Puts a backup in the database's place: first under a name of its own, then renamed, so that nothing is half done.

The caller holds the daemon's lock. Whatever the moment of an interruption, the database's name stands for the old or
for the new one, whole, and never does an old log lie beside a new database: SQLite would write it in.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from smsgw.store import faults, integrity
from smsgw.store.backup import BackupError
from smsgw.store.copies import sync
from smsgw.store.integrity import wal_of
from smsgw.store.migrate import AnotherProgram, migrate, schema_of
from smsgw.store.owner import hand_to_owner_of

_PATIENCE_S = 1.0  # with others who have the database open


def prepare(backup: Path, database: Path) -> Path:
    """Copy a backup to a name beside the database, check it, bring it to the newest schema, and return that name.

    Raises `BackupError` and `SchemaError`; what is unfinished is removed.
    """
    draft = database.with_name(f"{database.name}.restoring")
    if database.exists() and backup.exists() and os.path.samefile(backup, database):
        raise BackupError(f"{backup} is the database itself: name a backup")
    discard(draft)
    try:
        _copy(backup, draft)
        _copy(wal_of(backup), wal_of(draft), is_needed=False)
        _bring_up(draft, backup)
    except BaseException:
        discard(draft)
        raise
    return draft


def put_in_place(draft: Path, database: Path, aside: Path) -> bool:
    """Give a finished draft the database's name; what has it until then is kept as `aside`, if there is anything.

    Raises `BackupError`; the old database has its name then.
    """
    is_there = database.exists()
    try:
        sync(draft)
        hand_to_owner_of(database if is_there else database.parent, draft)
        if is_there:
            _merge_log(database)
            # A second name for it first: the database's own name must never stand for nothing.
            os.link(database, aside)
        _take_log_away(database, aside)
        draft.replace(database)
        sync(database.parent)
        wal_of(database).unlink(missing_ok=True)
        _index_of(database).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"cannot put a backup in the place of {database}: {error.strerror}") from error
    return is_there


def discard(draft: Path) -> None:
    """Remove what is left of a draft."""
    for path in (draft, wal_of(draft), _index_of(draft), draft.with_name(f"{draft.name}-journal")):
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path, *, is_needed: bool = True) -> None:
    try:
        read = source.open("rb")
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not is_needed:
            return
        raise BackupError(f"cannot read the backup {source}: {error.strerror}") from error
    try:
        with read, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            shutil.copyfileobj(read, written)
    except OSError as error:
        raise BackupError(f"cannot copy {source} to {target}: {error.strerror}") from error


def _bring_up(draft: Path, backup: Path) -> None:
    try:
        with closing(sqlite3.connect(integrity.address(draft, "rw"), uri=True, isolation_level=None)) as connection:
            if schema_of(connection, backup) == 0:
                raise BackupError(f"{backup} is empty: name a backup that smsgw backup has made")
            if finding := integrity.first_finding(connection):
                raise BackupError(f"{backup} is damaged: {finding}; name another backup")
            migrate(connection, draft, keep_copy=False)
    except AnotherProgram as error:
        raise BackupError(f"{backup} is the database of another program") from error
    except sqlite3.Error as error:
        raise BackupError(f"cannot use {backup}: {faults.why(error)}; name another backup") from error


def _merge_log(database: Path) -> None:
    """Bring what the log holds into the file, unless that is damaged: then both are put aside as they are."""
    try:
        with closing(sqlite3.connect(integrity.address(database, "ro"), uri=True)) as reader:
            reader.execute("SELECT * FROM sqlite_master").fetchall()
        with closing(sqlite3.connect(integrity.address(database, "rw"), uri=True, timeout=_PATIENCE_S)) as connection:
            # Only the last one who has a database open may do this. Whoever had the old one open would, on closing
            # it, remove the log by its name: that of the new one.
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.Error as error:
        if not faults.is_damage(error):
            raise BackupError(f"cannot put {database} aside: {faults.why(error)}") from error


def _take_log_away(database: Path, aside: Path) -> None:
    log = wal_of(database)
    if not log.exists():
        return
    os.link(log, wal_of(aside))
    # An empty log suits the old database and the new one, and lets a start look at whichever it finds.
    empty = log.with_name(f"{log.name}.empty")
    empty.touch(mode=0o600)
    hand_to_owner_of(log, empty)
    empty.replace(log)
    sync(log.parent)


def _index_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-shm")
