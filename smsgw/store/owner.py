"""Whose files the database's are: root may run the commands, and the service must be able to open what they made.

The folder is the service's, and so whatever stands in it may be a link that it has laid for root to follow.
"""

import os
from pathlib import Path


def create(path: Path, model: Path) -> int:
    """Make a file that only its owner may read, as the owner of `model`, and return its descriptor, open to write.

    Raises `FileExistsError`, for a link too, and `OSError`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        # What others make is theirs anyway.
        if os.geteuid() == 0:
            owner = model.lstat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
