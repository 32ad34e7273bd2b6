"""The gateway on a disk that loses, when the power is cut, what was not synced.

Puts itself between SQLite and its files: whatever SQLite has synced is copied to a platter. Whoever kills this process
and calls `Platter.cut` has cut the power. The daemon itself is the ordinary one and knows nothing of it.
"""

import _sqlite3
import argparse
import ctypes
import os
import random
import sys
import time
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from pathlib import Path

from platter import Platter
from smsgw import cli

# Of sqlite3.h; the structures: https://sqlite.org/c3ref/vfs.html and https://sqlite.org/c3ref/io_methods.html
OK = 0
IOERR_FSYNC = 10 | 4 << 8
MAIN_DB, MAIN_JOURNAL, WAL = 0x100, 0x800, 0x80000

OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
CLOSE = CFUNCTYPE(c_int, c_void_p)
READ = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
FILE_SIZE = CFUNCTYPE(c_int, c_void_p, POINTER(c_int64))

VERSION = 3  # of both structures as they stand here


class Vfs(Structure):
    """What SQLite asks the system for, sqlite3_vfs."""

    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", OPEN),
        ("others", c_void_p * 15),
    )


class Methods(Structure):
    """What SQLite does with a file, sqlite3_io_methods."""

    _fields_ = (
        ("iVersion", c_int),
        ("xClose", CLOSE),
        ("xRead", READ),
        ("xWrite", c_void_p),
        ("xTruncate", c_void_p),
        ("xSync", SYNC),
        ("xFileSize", FILE_SIZE),
        ("others", c_void_p * 12),
    )


class File(Structure):
    """What every file begins with, sqlite3_file."""

    _fields_ = (("pMethods", POINTER(Methods)),)


@dataclass(slots=True)
class Opened:
    """A file that SQLite has open, and its own methods for it."""

    path: Path
    methods: Methods
    syncs_folder: bool


class Plug:
    """Stands between SQLite and the files that it wants to last."""

    def __init__(self, platter: Platter, slow_s: float) -> None:
        self._platter = platter
        self._slow_s = slow_s
        self._files: dict[int, Opened] = {}  # by address
        self._tables: dict[int, Methods] = {}  # ours by the address of SQLite's own
        self._sqlite = sqlite_library()
        self._system = Vfs.from_address(self._sqlite.sqlite3_vfs_find(None))
        self._vfs = Vfs.from_buffer_copy(self._system)
        self._vfs.iVersion = min(self._system.iVersion, VERSION)
        self._vfs.zName = b"power"
        self._vfs.xOpen = OPEN(self._open)
        self._close_hook, self._sync_hook = CLOSE(self._close), SYNC(self._sync)

    def put_in(self) -> None:
        """Make SQLite use it for every file that it opens from now on."""
        self._sqlite.sqlite3_vfs_register(ctypes.byref(self._vfs), 1)

    def _open(self, vfs: int, name: int | None, address: int, flags: int, granted: object) -> int:
        code: int = self._system.xOpen(vfs, name, address, flags, granted)
        if code == OK and name and flags & (MAIN_DB | MAIN_JOURNAL | WAL):
            file = File.from_address(address)
            path = Path(os.fsdecode(ctypes.string_at(name)))
            # SQLite's VFS syncs the folder with the first sync of a journal (os_unix.c, UNIXFILE_DIRSYNC), never else.
            self._files[address] = Opened(path, file.pMethods.contents, bool(flags & (MAIN_JOURNAL | WAL)))
            file.pMethods = ctypes.pointer(self._table(file.pMethods.contents))
        return code

    def _table(self, own: Methods) -> Methods:
        table = self._tables.get(ctypes.addressof(own))
        if table is None:
            table = self._tables[ctypes.addressof(own)] = Methods.from_buffer_copy(own)
            table.iVersion = min(own.iVersion, VERSION)
            table.xClose, table.xSync = self._close_hook, self._sync_hook
        return table

    def _close(self, address: int) -> int:
        code: int = self._files.pop(address).methods.xClose(address)
        return code

    def _sync(self, address: int, flags: int) -> int:
        opened = self._files[address]
        content = self._content(address, opened.methods)  # what is written later, this sync does not promise
        code: int = opened.methods.xSync(address, flags)
        time.sleep(random.uniform(0.0, self._slow_s))
        if code != OK or content is None:
            return code or IOERR_FSYNC
        try:
            self._platter.keep(opened.path.name, content)
            if opened.syncs_folder:
                self._platter.forget_deleted(opened.path.parent)
                opened.syncs_folder = False
        except OSError:
            return IOERR_FSYNC
        return OK

    def _content(self, address: int, methods: Methods) -> memoryview | None:
        # Through SQLite's own descriptor: closing another one would drop the locks of this process (fcntl(2)).
        size = c_int64()
        if methods.xFileSize(address, ctypes.byref(size)) != OK:
            return None
        content = (ctypes.c_char * size.value)()
        if methods.xRead(address, ctypes.addressof(content), size.value, 0) != OK:
            return None
        return memoryview(content)


_plugs: list[Plug] = []  # SQLite holds their addresses for as long as the process lasts


def plug(platter: Platter, slow_s: float = 0.0) -> None:
    """Let this process's SQLite sync to a platter; every sync takes up to `slow_s` seconds longer.

    Raises `RuntimeError` where SQLite's functions are not to be had.
    """
    _plugs.append(Plug(platter, slow_s))
    _plugs[-1].put_in()


def sqlite_library() -> ctypes.CDLL:
    """Find the SQLite that the module `sqlite3` uses; another one in the same process would see nothing of ours."""
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    try:
        find, register = library.sqlite3_vfs_find, library.sqlite3_vfs_register
    except AttributeError as error:
        raise RuntimeError(
            f"{sys.executable} hides the functions of its SQLite: use a Python that is linked with libsqlite3.so"
        ) from error
    find.argtypes, find.restype = [c_char_p], c_void_p
    register.argtypes = [c_void_p, c_int]
    return library


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
