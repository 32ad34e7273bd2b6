"""One daemon per database: two of them would send every message twice."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smsgw.store.faults import DatabaseUnusable
from smsgw.store.owner import create

_TRIES, _BETWEEN_TRIES_S = 5, 0.02


class DatabaseInUse(Exception):
    """Another daemon works on this database; the text names it."""


@contextmanager
def sole_daemon(database: Path) -> Iterator[None]:
    """Hold the daemon's lock on `database`, which the kernel frees however it ends.

    Raises `DatabaseInUse` and `DatabaseUnusable`.
    """
    path = _lock_of(database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _open(path)
    except OSError as error:
        raise DatabaseUnusable(database, str(error.strerror)) from error
    try:
        try:
            _take(descriptor)
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


def is_held(database: Path) -> bool:
    """Tell whether a daemon works on `database` now."""
    try:
        descriptor = os.open(_lock_of(database), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Lock, also against somebody who only looks at this moment whether it is; raises `BlockingIOError`."""
    for tries_left in reversed(range(_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not tries_left:
                raise
            time.sleep(_BETWEEN_TRIES_S)


def _lock_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


def _open(path: Path) -> int:
    try:
        return create(path, path.parent)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
