"""Whose files the database's are: root may run the commands, and the service must be able to open what they made.

The folder is the service's, and so whatever stands in it may be a link that it has laid for root to follow.
"""

import errno
import os
import stat
from pathlib import Path


def create(path: Path, model: Path) -> int:
    """Make a file that only its owner may read, as the owner of `model`, and return its descriptor, open to write.

    Raises `FileExistsError`, for a link too, and `OSError`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _hand_over(descriptor, model)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def hand_over(path: Path, model: Path) -> None:
    """Give the owner of `model` a file that was made for nobody else to read; raises `OSError`.

    If another stands there now under its name, it stays whose it is.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        made = os.fstat(descriptor)
        if not stat.S_ISREG(made.st_mode) or made.st_nlink != 1 or made.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "somebody has put another file there", str(path))
        _hand_over(descriptor, model)
    finally:
        os.close(descriptor)


def _hand_over(descriptor: int, model: Path) -> None:
    # What others make is theirs anyway.
    if os.geteuid() == 0:
        owner = model.lstat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
