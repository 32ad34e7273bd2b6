"""Where the database really is: its lock, its log and the room for it are beside the file, and not beside a link."""

import os
from pathlib import Path


def place_of(path: str) -> Path:
    """Return the path of the file that a path in the configuration leads to; it need not exist."""
    return Path(os.path.realpath(path))
