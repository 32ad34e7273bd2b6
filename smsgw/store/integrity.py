"""Whether a database file is whole, and the sign that says when to look: a `-wal` file that was left behind.

SQLite removes that file when the last process closes the database. One that is there at a start tells that the last
process was killed or lost its power, or knew of damage and left it as a sign.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from smsgw.store.faults import PUT_BACKUP_IN_PLACE, DatabaseUnusable, is_damage, unusable
from smsgw.store.lock import is_held
from smsgw.store.owner import create

_PREAMBLE = "*** in database main ***"


def wal_of(database: Path) -> Path:
    """Name the write-ahead log of a database; a linked database has it where the file really is."""
    real = database.resolve()
    return real.with_name(f"{real.name}-wal")


def address(database: Path, mode: str) -> str:
    """Write the URI under which SQLite opens an existing file: `mode` is ro or rw."""
    # With an authority, though an empty one: a path that begins with two slashes would be taken for one.
    return f"file://{quote(os.path.abspath(database))}?mode={mode}"


def was_left_open(database: Path) -> bool:
    """Tell whether the last process did not close the database, or one has it open now."""
    return database.exists() and wal_of(database).exists()


def leave_open(database: Path) -> None:
    """Let the next start look at the database, too: an empty log does no harm and is found."""
    with suppress(OSError):
        os.close(create(wal_of(database), database.resolve()))


@contextmanager
def doubt_kept(database: Path) -> Iterator[None]:
    """Let a database that was left open be found so by the next start, although it is opened and closed meanwhile.

    One that a daemon has open now was not left: it may be closed meanwhile, and by the visitor last.
    """
    was_so = was_left_open(database) and not is_held(database)
    try:
        yield
    finally:
        if was_so:
            leave_open(database)


def check(database: Path) -> None:
    """Read the whole database and raise `DatabaseUnusable` if it is damaged; may take minutes."""
    with closing(Check(database)) as checking:
        checking.run()


class Check:
    """A check of a whole database, which another thread than the one that runs it can break off.

    The connection may only read: another one would take the sign away by closing, and a damaged database would be
    served after the next start.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._connection: sqlite3.Connection
        try:
            self._connection = sqlite3.connect(address(database, "ro"), uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise unusable(database, error) from error

    def run(self) -> None:
        """Read everything and raise `DatabaseUnusable` if it is damaged, or the check was broken off."""
        try:
            finding = first_finding(self._connection)
        except sqlite3.Error as error:
            raise unusable(self._database, error) from error
        if finding is not None:
            raise DatabaseUnusable(self._database, f"it is damaged: {finding}", PUT_BACKUP_IN_PLACE)

    def break_off(self) -> None:
        """Let what is being read now fail; what begins to be read only after this call does not."""
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


def first_finding(connection: sqlite3.Connection) -> str | None:
    """Read the whole database and say in one line what is wrong with it first, None if nothing is."""
    try:
        ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)
    return None if found == "ok" else " ".join(found.removeprefix(_PREAMBLE).split())
