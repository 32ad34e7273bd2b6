"""The schema's history: numbered SQL files, each applied as one transaction; `PRAGMA user_version` has the number."""

import sqlite3
from importlib import resources
from pathlib import Path

_OURS = "status_counts"  # no other program will have a table of this name


class SchemaError(Exception):
    """The database was made by another version of the program and cannot be used; the text says what to do."""


def migrate(connection: sqlite3.Connection, path: Path, scripts: tuple[str, ...] | None = None) -> None:
    """Bring the database to the newest schema; an older one is copied first.

    `scripts` are the SQL texts in order (those shipped with the program unless given). Raises `SchemaError` when the
    database is newer than the program, or is another program's.
    """
    scripts = shipped_scripts() if scripts is None else scripts
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and _OURS not in tables:
        raise SchemaError(f"{path} is the database of another program: give smsgw a file of its own in [store] path")
    if version > len(scripts):
        raise SchemaError(
            f"{path} has schema {version}, this smsgw knows up to {len(scripts)}: "
            "install the newer smsgw again, or restore a copy made before the upgrade"
        )
    if 0 < version < len(scripts):
        _copy(connection, path.with_name(f"{path.name}.schema-{version}"))
    for number in range(version + 1, len(scripts) + 1):
        _apply(connection, scripts[number - 1], number)


def shipped_scripts() -> tuple[str, ...]:
    """Return the SQL texts shipped with the program, in order."""
    folder = resources.files("smsgw.store") / "schema"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(f.read_text(encoding="utf-8") for f in files)


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    # A copy left by an upgrade that broke off is older than what is copied now.
    target.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)


def _apply(connection: sqlite3.Connection, script: str, number: int) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
