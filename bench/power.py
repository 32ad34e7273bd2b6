"""The gateway on a disk that loses, when the power is cut, what was not synced.

Whatever SQLite has synced is copied to a platter. Whoever kills this process and calls `Platter.cut` has cut the power.
The daemon itself is the ordinary one and knows nothing of it.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import vfs
from platter import Platter
from smsgw import cli


def plug(platter: Platter, slow_s: float = 0.0) -> None:
    """Let this process's SQLite sync to a platter; every sync takes up to `slow_s` seconds longer.

    Raises `RuntimeError` where SQLite's functions are not to be had.
    """

    def sync(file: vfs.Opened, flags: int) -> int:
        content = file.content()  # what is written later, this sync does not promise
        code = file.sync(flags)
        time.sleep(random.uniform(0.0, slow_s))
        if code != vfs.OK or content is None:
            return code or vfs.IOERR_FSYNC
        return _keep(platter, file, content)

    vfs.plug(sync)


def _keep(platter: Platter, file: vfs.Opened, content: memoryview) -> int:
    try:
        platter.keep(file.path.name, content)
        if file.syncs_folder:
            platter.forget_deleted(file.path.parent)
            file.syncs_folder = False
    except OSError:
        return vfs.IOERR_FSYNC
    return vfs.OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of smsgw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("platter", type=Path, help="folder for what has reached the disk")
    parser.add_argument("--slow", type=float, default=0.0, metavar="S", help="every sync takes up to S seconds longer")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="of smsgw, with its arguments")
    options = parser.parse_args(arguments)
    plug(Platter(options.platter), options.slow)
    return cli.main(options.command)


if __name__ == "__main__":
    sys.exit(main())
