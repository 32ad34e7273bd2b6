"""The gateway on a disk whose every sync takes longer than that of the machine, by always the same time."""

import argparse
import sys
import time
from collections.abc import Sequence

import vfs
from smsgw import cli


def plug(longer_s: float) -> None:
    """Let every sync of this process's SQLite take so many seconds longer."""

    def sync(file: vfs.Opened, flags: int) -> int:
        code = file.sync(flags)
        time.sleep(longer_s)
        return code

    vfs.plug(sync)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of smsgw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("longer", type=float, metavar="S", help="every sync takes S seconds longer")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="of smsgw, with its arguments")
    options = parser.parse_args(arguments)
    plug(options.longer)
    return cli.main(options.command)


if __name__ == "__main__":
    sys.exit(main())
