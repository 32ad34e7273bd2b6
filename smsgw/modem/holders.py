"""Who has a serial device open, as far as we may see it; what other programs do with it is none of our business."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from smsgw.modem.usb import ROOT

_PROCESSES = Path("/proc")
_PTYS = "/dev/pts/"
_PTY_MASTERS = frozenset({"/dev/ptmx", "/dev/pts/ptmx"})


def holders(address: str) -> list[str]:
    """Name the programs that hold a device open, this one too."""
    target = os.path.realpath(address)
    return sorted(_named(process) for process in _processes() if target in _open_files(process))


def strangers(address: str, root: Path = ROOT) -> list[str]:
    """Name the other programs that hold a device open, or have locked it as old tools do (UUCP lock files)."""
    target = os.path.realpath(address)
    users = {process for process in _processes() if _uses(process, target)} | set(_lockers(address, root))
    return sorted(_named(process) for process in users if process.name != str(os.getpid()))


def _processes() -> Iterator[Path]:
    return _PROCESSES.glob("[0-9]*")


def _open_files(process: Path) -> set[str]:
    """List what a process holds open; nothing of one that is not ours to see."""
    files: set[str] = set()
    with contextlib.suppress(OSError):
        for descriptor in os.scandir(process / "fd"):
            with contextlib.suppress(OSError):
                files.add(os.readlink(descriptor))
    return files


def _uses(process: Path, target: str) -> bool:
    files = _open_files(process)
    # Who keeps the other side of a pty is the modem itself, and often keeps this side open, too.
    return target in files and not (target.startswith(_PTYS) and files & _PTY_MASTERS)


def _lockers(address: str, root: Path) -> Iterator[Path]:
    for name in {Path(address).name, Path(os.path.realpath(address)).name}:
        with contextlib.suppress(OSError):
            # The number, in ASCII; some programs write their name behind it.
            if owner := re.match(rb"\s*([0-9]+)", (root / "var/lock" / f"LCK..{name}").read_bytes()):
                process = _PROCESSES / str(int(owner[1]))
                # A lock outlives its owner when that is killed.
                if process.is_dir():
                    yield process


def _named(process: Path) -> str:
    try:
        return f"{(process / 'comm').read_text().strip()} ({process.name})"
    except OSError:
        return f"process {process.name}"
