"""How much room the file system has left for the database, and whether that is enough to take in more."""

import os
from pathlib import Path

from smsgw.errors import Text

_MIB = 1 << 20


def shortage(database: Path, keep_free_mb: int) -> Text | None:
    """Say that less than `keep_free_mb` MiB are free where the database is; None if not, or if nobody can tell."""
    if not keep_free_mb:
        return None
    try:
        status = os.statvfs(database.parent)
    except OSError:
        return None
    free = status.f_bavail * status.f_frsize // _MIB
    if free >= keep_free_mb:
        return None
    return Text(
        f"диск почти заполнен: свободно {free} МБ из {keep_free_mb}, которые хранятся про запас; освободите место",
        f"the disk is nearly full: {free} MB are free of the {keep_free_mb} that are kept; make room",
    )
