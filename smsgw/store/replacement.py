"""Puts a backup in the database's place: first under a name of its own, then renamed, so that nothing is half done.

The caller holds the daemon's lock. Whatever the moment of an interruption, the database's name stands for the old or
for the new one, whole, and never does an old log lie beside a new database: SQLite would write it in.
"""

import glob
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
from smsgw.store.owner import create, hand_over

ASIDE = ".before-restore-"  # behind the database's name
_PATIENCE_S = 1.0  # with others who have the database open


def prepare(backup: Path, database: Path) -> Path:
    """Copy a backup to a name beside the database, check it, bring it to the newest schema, and return that name.

    Raises `BackupError` and `SchemaError`; what is unfinished is removed.
    """
    draft = _draft_of(database)
    if database.exists() and backup.exists() and os.path.samefile(backup, database):
        raise BackupError(f"{backup} is the database itself: name a backup")
    if backup.exists() and backup.resolve() in _files_of(draft):
        raise BackupError(f"{backup} is what an unfinished restore has left: name a backup, or give it another name")
    forget_unfinished(database)
    try:
        _copy(backup, draft)
        # Beside a database that keeps no log, one is a stranger's: SQLite would write it in.
        if _keeps_log(draft) and wal_of(backup).exists():
            _copy(wal_of(backup), wal_of(draft))
        _bring_up(draft, backup)
    except BaseException:
        discard(draft)
        raise
    return draft


def finish(draft: Path) -> None:
    """Bring what was done to a draft into its file and check that; raises `BackupError`.

    SQLite does the former as the last one closes, but does not say when it could not.
    """
    try:
        with closing(sqlite3.connect(integrity.address(draft, "rw"), uri=True, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            _end_log(connection)
            finding = integrity.first_finding(connection)
    except sqlite3.Error as error:
        raise BackupError(f"cannot finish {draft}: {faults.why(error)}; the database is as it was") from error
    if finding:
        raise BackupError(f"cannot finish {draft}: it is damaged: {finding}; the database is as it was")


def put_in_place(draft: Path, database: Path, aside: Path) -> bool:
    """Give a finished draft the database's name; what has it until then is kept as `aside`, if there is anything.

    Raises `BackupError`; the old database has its name then.
    """
    is_there = database.exists()
    try:
        if left := next((path for path in _files_of(draft)[1:] if path.exists()), None):
            raise BackupError(f"cannot put a backup in the place of {database}: {left} holds a part of it")
        # Not earlier: it might be that root was led to copy what the service may not read.
        hand_over(draft, database if is_there else database.parent)
        sync(draft)
        _put_aside(database, aside)
        _empty_log(database)
        _journal_of(database).unlink(missing_ok=True)
        draft.replace(database)
        sync(database.parent)
        wal_of(database).unlink(missing_ok=True)
        _index_of(database).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"cannot put a backup in the place of {database}: {error.strerror}") from error
    return is_there


def forget_unfinished(database: Path) -> None:
    """Remove what a restore that was cut short has left: its draft, and further names of what is still the database.

    Opened under one of those, with the log it had then, the database would be ruined. Raises `OSError`.
    """
    discard(_draft_of(database))
    for aside in database.parent.glob(f"{glob.escape(database.name)}{ASIDE}*"):
        if aside.exists() and database.exists() and os.path.samefile(aside, database):
            discard(aside)


def discard(draft: Path) -> None:
    """Remove what is left of a draft."""
    for path in _files_of(draft):
        if path.is_symlink() or path.exists():
            path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    try:
        read = source.open("rb")
    except OSError as error:
        raise BackupError(f"cannot read the backup {source}: {error.strerror}") from error
    try:
        with read, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            shutil.copyfileobj(read, written)
    except OSError as error:
        raise BackupError(f"cannot copy {source} to {target}: {error.strerror}") from error


def _keeps_log(database: Path) -> bool:
    """Tell whether a database is in WAL mode (https://sqlite.org/fileformat2.html, 1.3.3)."""
    with database.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


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
        if faults.is_storage_fault(error) and not faults.is_damage(error):
            raise BackupError(f"cannot write {draft}: {faults.why(error)}; the database is as it was") from error
        raise BackupError(f"cannot use {backup}: {faults.why(error)}; name another backup") from error


def _put_aside(database: Path, aside: Path) -> None:
    """Give the database and its log a second name, and bring the log into the file there.

    The database's own name must never stand for nothing, and beside it the log stays, as the sign that it was left
    open; read once more, it changes nothing. A damaged database and its log are put aside as they are.
    """
    try:
        for path, other in zip(_files_of(database), _files_of(aside), strict=True):
            # SQLite makes the index of a log anew.
            if path.exists() and path != _index_of(database):
                os.link(path, other, follow_symlinks=False)
        if database.exists():
            _merge_log(database, aside)
    except BaseException:
        discard(aside)
        raise


def _merge_log(database: Path, aside: Path) -> None:
    try:
        # Who may write would take the log of a damaged file away, who may only read cannot undo a journal.
        if not _journal_of(aside).exists():
            with closing(sqlite3.connect(integrity.address(aside, "ro"), uri=True)) as reader:
                reader.execute("SELECT * FROM sqlite_master").fetchall()
        with closing(sqlite3.connect(integrity.address(aside, "rw"), uri=True, timeout=_PATIENCE_S)) as connection:
            # Only the last one who has a database open may do this, whatever its name. Whoever had the old one open
            # would, on closing it, remove the log by its name: that of the new one.
            _end_log(connection)
    except sqlite3.Error as error:
        if not faults.is_damage(error):
            raise BackupError(f"cannot put {database} aside: {faults.why(error)}") from error


def _end_log(connection: sqlite3.Connection) -> None:
    """Bring the log into the file and remove it; raises `sqlite3.Error` if that cannot be, or others have it open."""
    ((mode,),) = connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    if mode != "delete":
        raise sqlite3.OperationalError(f"its journal mode stays {mode}")


def _empty_log(database: Path) -> None:
    """Put an empty log in the place of one: it suits the old database and the new one, and either will be checked."""
    log = wal_of(database)
    if not log.exists():
        return
    empty = log.with_name(f"{log.name}.empty")
    empty.unlink(missing_ok=True)
    os.close(create(empty, log))
    empty.replace(log)
    sync(log.parent)


def _draft_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.restoring")


def _files_of(database: Path) -> list[Path]:
    return [database, wal_of(database), _index_of(database), _journal_of(database)]


def _index_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-shm")


def _journal_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-journal")
