"""A backup: a copy of the database in one file, made while the gateway runs, checked before it gets its name."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from smsgw.store import faults, integrity
from smsgw.store.copies import sync, write_copy
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

    Raises `BackupError` and `SchemaError`; no half file is left behind.
    """
    _refuse_place(database, target, force)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _visited(database) as connection:
            schema_of(connection, database)
            write_copy(connection, draft)
        messages = _checked(draft, database)
        draft.replace(target)
        sync(target.parent)
    except sqlite3.Error as error:
        raise BackupError(f"cannot write the backup {target}: {faults.why(error)}") from error
    except OSError as error:
        raise BackupError(f"cannot write the backup {target}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return Backup(path=target, size=target.stat().st_size, messages=messages)


def _refuse_place(database: Path, target: Path, force: bool) -> None:
    if not database.exists():
        raise BackupError(f"there is no database {database} yet, and so nothing to back up")
    if target.is_dir():
        raise BackupError(f"{target} is a folder: name a file in it")
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent} for the backup {target.name}: make it first")
    if target.resolve() in _files_of(database.resolve()):
        raise BackupError(f"{target} belongs to the database itself: name another file")
    if target.exists() and not force:
        raise BackupError(f"{target} exists already: name another file, or overwrite it with --force")


def _files_of(database: Path) -> list[Path]:
    return [database.with_name(f"{database.name}{end}") for end in ("", "-wal", "-shm", "-journal", ".lock")]


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
