"""Stands between SQLite and the files that it wants to last, so that a program can have its hand in every sync.

Knows how SQLite talks to the system (its VFS); knows nothing of disks and of what a sync is to mean.
"""

import _sqlite3
import ctypes
import os
import sys
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from pathlib import Path

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
    address: int
    methods: Methods
    syncs_folder: bool

    def sync(self, flags: int) -> int:
        """Sync it as SQLite would by itself; returns a code of SQLite's."""
        code: int = self.methods.xSync(self.address, flags)
        return code

    def content(self) -> memoryview | None:
        """Read it through SQLite's own descriptor: closing another one would drop this process's locks (fcntl(2))."""
        size = c_int64()
        if self.methods.xFileSize(self.address, ctypes.byref(size)) != OK:
            return None
        content = (ctypes.c_char * size.value)()
        if self.methods.xRead(self.address, ctypes.addressof(content), size.value, 0) != OK:
            return None
        return memoryview(content)


# Syncs a file, whatever that is to mean, and returns a code of SQLite's; the flags are those of `Opened.sync`.
Sync = Callable[[Opened, int], int]


class Plug:
    """Stands between SQLite and its files."""

    def __init__(self, sync: Sync) -> None:
        self._sync_file = sync
        self._files: dict[int, Opened] = {}  # by address
        self._tables: dict[int, Methods] = {}  # ours by the address of SQLite's own
        self._sqlite = sqlite_library()
        self._system = Vfs.from_address(self._sqlite.sqlite3_vfs_find(None))
        self._vfs = Vfs.from_buffer_copy(self._system)
        self._vfs.iVersion = min(self._system.iVersion, VERSION)
        self._vfs.zName = b"plugged"
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
            syncs_folder = bool(flags & (MAIN_JOURNAL | WAL))
            self._files[address] = Opened(path, address, file.pMethods.contents, syncs_folder)
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
        return self._sync_file(self._files[address], flags)


_plugs: list[Plug] = []  # SQLite holds their addresses for as long as the process lasts


def plug(sync: Sync) -> None:
    """Let this process's SQLite sync in this way; raises `RuntimeError` where its functions are not to be had."""
    _plugs.append(Plug(sync))
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
