"""The schema's history: numbered SQL files, each applied as one transaction; `PRAGMA user_version` has the number."""

import sqlite3
from importlib import resources
from pathlib import Path

from smsgw.store.copies import write_copy

_OURS = "status_counts"  # no other program will have a table of this name


class SchemaError(Exception):
    """The database was made by another version of the program and cannot be used; the text says what to do."""


class AnotherProgram(SchemaError):
    """The database is not one of smsgw; the text says what to do."""


def migrate(
    connection: sqlite3.Connection, path: Path, scripts: tuple[str, ...] | None = None, *, keep_copy: bool = True
) -> None:
    """Bring the database to the newest schema; an older one is copied first, unless the caller has a copy.

    `scripts` are the SQL texts in order (those shipped with the program unless given). Raises `SchemaError` when the
    database is newer than the program, or is another program's.
    """
    scripts = shipped_scripts() if scripts is None else scripts
    version = schema_of(connection, path, len(scripts))
    if keep_copy and 0 < version < len(scripts):
        copy = path.with_name(f"{path.name}.schema-{version}")
        # One left by an upgrade that broke off is older than what is copied now.
        copy.unlink(missing_ok=True)
        write_copy(connection, copy)
    for number in range(version + 1, len(scripts) + 1):
        _apply(connection, scripts[number - 1], number)


def schema_of(connection: sqlite3.Connection, path: Path, newest: int | None = None) -> int:
    """Return the number of a database's schema, 0 for an empty one; raises `SchemaError` if it cannot be used.

    `newest` is the highest that can (the newest that the program ships unless given).
    """
    newest = len(shipped_scripts()) if newest is None else newest
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and _OURS not in tables:
        raise AnotherProgram(f"{path} is the database of another program: give smsgw a file of its own in [store] path")
    if version > newest:
        raise SchemaError(
            f"{path} has schema {version}, this smsgw knows up to {newest}: "
            "install the newer smsgw again, or restore a copy made before the upgrade"
        )
    return version


def shipped_scripts() -> tuple[str, ...]:
    """Return the SQL texts shipped with the program, in order."""
    folder = resources.files("smsgw.store") / "schema"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(f.read_text(encoding="utf-8") for f in files)


def _apply(connection: sqlite3.Connection, script: str, number: int) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
