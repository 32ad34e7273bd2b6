"""Copies of an open database: only their owner may read them, and they are on the disk when it is said so."""

import os
import sqlite3
from pathlib import Path


def write_copy(connection: sqlite3.Connection, target: Path) -> None:
    """Write what a connection sees into a new file, synced; nobody else has to stop writing meanwhile.

    Raises `OSError`, also when the file exists, and `sqlite3.Error`; an unfinished file is removed.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
        sync(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
