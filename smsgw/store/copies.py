"""Copies of an open database: only their owner may read them, and they are on the disk when it is said so."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_copy(connection: sqlite3.Connection, target: Path) -> None:
    """Write what a connection sees into a new file, synced; nobody else has to stop writing meanwhile.

    Raises `OSError`, also when the file exists, and `sqlite3.Error`; an unfinished file is removed.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        fill_copy(connection, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def fill_copy(connection: sqlite3.Connection, target: Path) -> None:
    """Write what a connection sees into an empty file, synced; raises `OSError` and `sqlite3.Error`."""
    connection.execute("VACUUM INTO ?", (str(target),))
    sync(target)


@contextmanager
def sole_draft(path: Path) -> Iterator[None]:
    """Make an empty file for one writer, in the place of one that a killed writer has left.

    The writer gives it another name at the end; what has none by an error is removed. Raises `BlockingIOError` while
    another writes there, and `OSError`.
    """
    _remove_abandoned(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise BlockingIOError from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another who began at the same moment may have taken it for an abandoned one.
        if not os.fstat(descriptor).st_nlink:
            raise BlockingIOError
        try:
            yield
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)


def _remove_abandoned(draft: Path) -> None:
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The writer may have finished since: this is the finished file then, and the name another's draft.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), draft.lstat()):
                draft.unlink()
    finally:
        os.close(descriptor)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
