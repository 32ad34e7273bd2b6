"""One daemon per database: two of them would send every message twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smsgw.store.faults import DatabaseUnusable
from smsgw.store.owner import create


class DatabaseInUse(Exception):
    """Another daemon works on this database; the text names it."""


@contextmanager
def sole_daemon(database: Path) -> Iterator[None]:
    """Hold the daemon's lock on `database`, which the kernel frees however it ends.

    Raises `DatabaseInUse` and `DatabaseUnusable`.
    """
    path = database.with_name(f"{database.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _open(path)
    except OSError as error:
        raise DatabaseUnusable(database, str(error.strerror)) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise DatabaseInUse(
                f"{database} is in use by another smsgw (process {holder}): stop that one first, "
                "or give this one a database of its own in [store] path"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return create(path, path.parent)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
