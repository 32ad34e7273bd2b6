"""What SQLite's errors mean to people and callers: which are the storage's fault, why, and what helps.

Knows result codes (https://sqlite.org/rescode.html) and texts; knows no connection.
"""

import sqlite3
from pathlib import Path

from smsgw.errors import StorageUnavailable, Text

_RETRY_AFTER_S = 5

_WHY = {
    sqlite3.SQLITE_FULL: Text("диск заполнен", "the disk is full"),
    sqlite3.SQLITE_READONLY: Text("файл базы доступен только для чтения", "the database file is read-only"),
    sqlite3.SQLITE_BUSY: Text("база занята другим процессом", "the database is locked by another process"),
    sqlite3.SQLITE_LOCKED: Text("база занята другим процессом", "the database is locked by another process"),
    sqlite3.SQLITE_IOERR: Text("ошибка ввода-вывода диска", "the disk reports an I/O error"),
    sqlite3.SQLITE_CORRUPT: Text("файл базы повреждён", "the database file is damaged"),
    sqlite3.SQLITE_NOTADB: Text("файл не является базой данных", "the file is not a database"),
    sqlite3.SQLITE_CANTOPEN: Text("файл базы не открывается", "the database file cannot be opened"),
    sqlite3.SQLITE_PERM: Text("нет доступа к файлу базы", "the database file may not be accessed"),
    sqlite3.SQLITE_NOMEM: Text("не хватает памяти", "there is not enough memory"),
    sqlite3.SQLITE_PROTOCOL: Text("база занята другим процессом", "the database is locked by another process"),
    sqlite3.SQLITE_INTERRUPT: Text("запрос прерван", "the request was interrupted"),
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_OWN_PLACE = "it must be a file of its own, where the user that runs smsgw may write"
PUT_BACKUP_IN_PLACE = "smsgw restore FILE puts a backup in its place"
_AT_THE_START = {
    sqlite3.SQLITE_READONLY: _OWN_PLACE,
    sqlite3.SQLITE_NOTADB: f"{_OWN_PLACE}; if it has been damaged, {PUT_BACKUP_IN_PLACE}",
    sqlite3.SQLITE_CANTOPEN: _OWN_PLACE,
    sqlite3.SQLITE_FULL: "make room",
    sqlite3.SQLITE_CORRUPT: f"{PUT_BACKUP_IN_PLACE}; move it away to begin anew",
}


class DatabaseUnusable(Exception):
    """The database cannot be opened; the text names it and says what to do."""

    def __init__(self, path: Path, why: str, advice: str = _OWN_PLACE) -> None:
        super().__init__(f"cannot use the database {path} ([store] path): {why}; {advice}")


def is_storage_fault(error: BaseException) -> bool:
    """Tell whether the storage is to blame, and not a faulty statement."""
    return _code(error) in _WHY


def is_damage(error: BaseException) -> bool:
    """Tell whether an error means that the file does not hold what was written into it."""
    return _code(error) in _DAMAGE


def why(error: sqlite3.Error) -> str:
    """Say in English why SQLite could not do its work."""
    return _WHY[_code(error)].en if is_storage_fault(error) else str(error)


def storage_error(error: sqlite3.Error) -> Exception:
    """Say in the callers' terms why SQLite could not do its work; a faulty statement stays what it is."""
    if not is_storage_fault(error):
        return error
    return StorageUnavailable(retry_after_s=_RETRY_AFTER_S, reason=_WHY[_code(error)])


def damaged() -> StorageUnavailable:
    """Refuse what would go into a database that is known to be damaged."""
    return StorageUnavailable(retry_after_s=_RETRY_AFTER_S, reason=_WHY[sqlite3.SQLITE_CORRUPT])


def unusable(path: Path, error: sqlite3.Error) -> Exception:
    """Say to a person why the database cannot be opened; a faulty statement stays what it is."""
    if not is_storage_fault(error):
        return error
    return DatabaseUnusable(path, why(error), _AT_THE_START.get(_code(error), "try again"))


def _code(error: BaseException) -> int:
    code = int(getattr(error, "sqlite_errorcode", 0))
    # The index of the log could not grow, which on a full disk is where a write may be met first.
    return sqlite3.SQLITE_FULL if code == sqlite3.SQLITE_IOERR_SHMSIZE else code & 0xFF
