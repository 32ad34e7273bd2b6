"""A backup: a copy of the database in one file, made while the gateway runs, checked before it gets its name."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from smsgw.store import faults, integrity
from smsgw.store.copies import fill_copy, sole_draft, sync
from smsgw.store.migrate import schema_of

_BUSY_TIMEOUT_S = 5.0


class BackupError(Exception):
    """A backup cannot be written or used; the text names the file and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was written."""

    path: Path
    size: int  # bytes
    messages: int


def back_up(database: Path, target: Path, *, force: bool) -> Backup:
    """Write a backup of `database` to `target`, over an existing file only with `force`.

    Where `target` is a link, the file is written that it leads to. Raises `BackupError` and `SchemaError`; no half file
    is left behind.
    """
    place = Path(os.path.realpath(target))
    _refuse_place(database, target, place, force)
    draft = place.with_name(f".{place.name}.unfinished")
    try:
        with sole_draft(draft):
            messages = _write(database, draft)
            # Beside the new file, the log of an old one would be taken for its own.
            for left in _side_files_of(place):
                left.unlink(missing_ok=True)
            draft.replace(place)
        sync(place.parent)
    except sqlite3.Error as error:
        raise BackupError(f"cannot write the backup {target}: {faults.why(error)}") from error
    except BlockingIOError as error:
        raise BackupError(f"another backup is being written to {target}: wait for it, or name another file") from error
    except OSError as error:
        raise BackupError(f"cannot write the backup {target}: {error.strerror}") from error
    return Backup(path=target, size=place.stat().st_size, messages=messages)


def _refuse_place(database: Path, target: Path, place: Path, force: bool) -> None:
    if not database.exists():
        raise BackupError(f"there is no database {database} yet, and so nothing to back up")
    if place.is_dir():
        raise BackupError(f"{target} is a folder: name a file in it")
    if place in _files_of(database.resolve()):
        raise BackupError(f"{target} belongs to the database itself: name another file")
    if target.is_symlink() and not place.exists():
        raise BackupError(f"{target} is a link to {place}, which does not exist: remove the link or name another file")
    if not place.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent} for the backup {target.name}: make it first")
    for there in (place, *_side_files_of(place)):
        if there.exists() and not force:
            named = target if there == place else there
            raise BackupError(f"{named} exists already: name another file, or overwrite it with --force")


def _side_files_of(database: Path) -> list[Path]:
    return [database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm", "-journal")]


def _files_of(database: Path) -> list[Path]:
    return [database, *_side_files_of(database), database.with_name(f"{database.name}.lock")]


def _write(database: Path, draft: Path) -> int:
    """Fill a draft, make sure that it is sound and return how many messages it holds."""
    with _visited(database) as connection:
        if schema_of(connection, database) == 0:
            raise BackupError(f"the database {database} is empty, and so there is nothing to back up")
        fill_copy(connection, draft)
    return _checked(draft, database)


@contextmanager
def _visited(database: Path) -> Iterator[sqlite3.Connection]:
    """Connect to a database that others may have open; it is neither made nor migrated.

    It must be open for writing: a reader alone would leave files behind where the gateway does not run.
    """
    with (
        integrity.doubt_kept(database),
        closing(
            sqlite3.connect(integrity.address(database, "rw"), uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S)
        ) as connection,
    ):
        yield connection


def _checked(draft: Path, database: Path) -> int:
    """Make sure that a copy is sound and return how many messages it holds."""
    with closing(sqlite3.connect(integrity.address(draft, "ro"), uri=True)) as connection:
        if finding := integrity.first_finding(connection):
            raise BackupError(f"the copy of {database} is damaged: {finding}; so must the database be")
        return int(connection.execute("SELECT sum(messages) FROM status_counts").fetchone()[0])
