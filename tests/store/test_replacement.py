"""A backup in the database's place: checked first, private, its owner's, with what was there put aside whole."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from files import content, damage, damage_value, leave_open, make, names, rows, stored_in, texts, wal_of
from smsgw.config import Config
from smsgw.store import integrity
from smsgw.store.backup import BackupError, back_up
from smsgw.store.migrate import SchemaError, migrate, shipped_scripts
from smsgw.store.replacement import discard, finish, prepare, put_in_place

MANY = [f"old {n}" for n in range(200)]


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    """Make a backup of another database, with one message."""
    (tmp_path / "origin").mkdir()
    path = await make(stored_in(tmp_path / "origin"), "backed up")
    back_up(path, tmp_path / "backup", force=False)
    return tmp_path / "backup"


async def test_the_old_database_is_put_aside_with_what_its_log_holds(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    leave_open(path, "UPDATE messages SET text = 'old and changed'")
    assert put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert texts(path) == ["backed up"]
    assert texts(tmp_path / "aside") == ["old and changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["aside", "backup", "origin", "smsgw.db"]


async def test_a_database_that_somebody_has_open_is_not_taken_away(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("SELECT * FROM messages").fetchall()
        with pytest.raises(BackupError, match=f"cannot put {path} aside: .* by another process"):
            put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert texts(path) == ["old"]
    assert not (tmp_path / "aside").exists()


async def test_a_damaged_database_is_put_aside_as_it_is_with_its_log(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, *MANY)
    leave_open(path, "UPDATE messages SET priority = 6 WHERE seq = 1")
    log = content(wal_of(path))
    damaged = b"\xa5" * path.stat().st_size
    path.write_bytes(damaged)
    assert put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert texts(path) == ["backed up"]
    assert content(tmp_path / "aside") == damaged
    assert content(wal_of(tmp_path / "aside")) == log
    assert names(tmp_path, "smsgw.db*") == ["smsgw.db"]


async def test_where_there_is_no_database_yet_the_log_of_an_earlier_one_is_not_taken_for_its_own(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    leave_open(path, "UPDATE messages SET text = 'old and changed'")
    path.unlink()
    assert not put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert texts(path) == ["backed up"]
    assert not (tmp_path / "aside").exists()


async def test_root_leaves_it_to_the_owner_of_the_old_one(config: Config, tmp_path: Path, backup: Path) -> None:
    path = await make(config)
    if os.geteuid() == 0:
        os.chown(path, 12_345, 12_346)
    before = path.stat()
    draft = prepare(backup, path)
    assert draft.stat().st_uid == os.geteuid()
    put_in_place(draft, path, tmp_path / "aside")
    assert (path.stat().st_uid, path.stat().st_gid) == (before.st_uid, before.st_gid)
    assert path.stat().st_ino != before.st_ino


async def test_the_backup_itself_stays_as_it_is(config: Config, tmp_path: Path, backup: Path) -> None:
    path = await make(config)
    before = content(backup)
    put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert content(backup) == before
    assert not wal_of(backup).exists()


async def test_what_was_put_aside_can_be_put_back(config: Config, tmp_path: Path, backup: Path) -> None:
    path = await make(config, "old")
    put_in_place(prepare(backup, path), path, tmp_path / "aside")
    put_in_place(prepare(tmp_path / "aside", path), path, tmp_path / "again")
    assert texts(path) == ["old"]
    assert texts(tmp_path / "again") == ["backed up"]


async def test_a_backup_that_was_copied_with_its_log_is_taken_with_it(config: Config, tmp_path: Path) -> None:
    path = await make(config, "old")
    leave_open(path, "UPDATE messages SET text = 'changed'")
    draft = prepare(path, tmp_path / "other.db")
    assert texts(draft) == ["changed"]
    discard(draft)


async def test_an_older_backup_is_brought_up_and_makes_no_further_copy(config: Config, tmp_path: Path) -> None:
    old = tmp_path / "old"
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        migrate(connection, old, shipped_scripts()[:1])
    path = await make(config, "x")
    put_in_place(prepare(old, path), path, tmp_path / "aside")
    assert rows(path, "PRAGMA user_version") == [(len(shipped_scripts()),)]
    assert names(tmp_path, "*.schema-*") == []


async def test_what_is_no_sound_backup_changes_nothing(config: Config, tmp_path: Path) -> None:
    path = await make(config, *MANY)
    (tmp_path / "letter").write_text("this is a letter, not a database " * 40)
    (tmp_path / "empty").touch()
    (tmp_path / "damaged").write_bytes(path.read_bytes())
    damage(tmp_path / "damaged")
    (tmp_path / "wrong").write_bytes(path.read_bytes())
    damage_value(tmp_path / "wrong")
    rows(tmp_path / "theirs", "CREATE TABLE theirs (id)")
    (tmp_path / "newer").write_bytes(path.read_bytes())
    rows(tmp_path / "newer", "PRAGMA user_version = 99")
    before = path.read_bytes()
    for name, said in (
        ("letter", "not a database"),
        ("empty", "is empty"),
        ("damaged", "is damaged"),
        ("wrong", "wrong is damaged: NULL value in timeline.at"),
        ("theirs", "another program"),
        ("nowhere", "No such file"),
        ("origin.db/smsgw.db", "No such file"),
        ("", "Is a directory"),
        ("smsgw.db", "is the database itself"),
    ):
        with pytest.raises(BackupError, match=said) as raised:
            prepare(tmp_path / name, path)
        assert "\n" not in str(raised.value)
    with pytest.raises(SchemaError, match="newer has schema 99"):
        prepare(tmp_path / "newer", path)
    assert path.read_bytes() == before
    assert names(tmp_path, "*.restoring*") == []


async def test_a_draft_is_finished_in_its_file_or_not_at_all(config: Config, tmp_path: Path, backup: Path) -> None:
    path = await make(config, "old")
    draft = prepare(backup, path)
    rows(draft, "PRAGMA journal_mode = WAL")
    leave_open(draft, "UPDATE messages SET text = 'in the log'")
    with pytest.raises(BackupError, match=r"smsgw.db.restoring-wal holds a part of it"):
        put_in_place(draft, path, tmp_path / "aside")
    with closing(sqlite3.connect(draft)) as reader:
        reader.execute("SELECT * FROM messages").fetchall()
        with pytest.raises(BackupError, match=r"cannot finish .* by another process"):
            finish(draft)
    finish(draft)
    put_in_place(draft, path, tmp_path / "aside")
    assert texts(path) == ["in the log"]


async def test_a_draft_that_is_damaged_is_not_finished(config: Config, tmp_path: Path, backup: Path) -> None:
    draft = prepare(backup, await make(config, "old"))
    damage_value(draft)
    with pytest.raises(BackupError, match=r"is damaged: NULL value in timeline.at"):
        finish(draft)


async def test_where_the_restore_fails_the_sign_stays_and_nothing_is_left(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    leave_open(path, "UPDATE messages SET text = 'changed'")
    draft = prepare(backup, path)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("SELECT * FROM messages").fetchall()
        with pytest.raises(BackupError, match="by another process"):
            put_in_place(draft, path, tmp_path / "aside")
    discard(draft)
    (tmp_path / "nowhere").touch()
    leave_open(path)
    with pytest.raises(BackupError, match="Not a directory"):
        put_in_place(prepare(backup, path), path, tmp_path / "nowhere" / "aside")
    assert integrity.was_left_open(path)
    assert names(tmp_path, "aside*") == []
    assert texts(path) == ["changed"]


async def test_a_log_beside_a_backup_that_keeps_none_is_left_alone(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    other = await make(config, "another")
    leave_open(other, "UPDATE messages SET text = 'changed'")
    wal_of(backup).write_bytes(content(wal_of(other)))
    assert texts(finished(prepare(backup, tmp_path / "new.db"))) == ["backed up"]


def finished(draft: Path) -> Path:
    finish(draft)
    return draft


async def test_what_an_unfinished_restore_has_left_is_not_taken_for_a_backup(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    left = tmp_path / "smsgw.db.restoring"
    left.write_bytes(content(backup))
    with pytest.raises(BackupError, match="what an unfinished restore has left"):
        prepare(left, path)
    assert content(left) == content(backup)


async def test_a_draft_that_somebody_has_exchanged_is_not_put_in_place(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    draft = prepare(backup, path)
    draft.unlink()
    for exchange in (draft.symlink_to, draft.hardlink_to):
        exchange(backup)
        with pytest.raises(BackupError, match="cannot put a backup in the place"):
            put_in_place(draft, path, tmp_path / "aside")
        draft.unlink()
    assert texts(path) == ["old"]
    assert names(tmp_path, "aside*") == []


async def test_a_journal_of_the_old_database_is_not_taken_for_one_of_the_new(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    rows(path, "PRAGMA journal_mode = DELETE")
    leave_in_a_transaction(path)
    assert content(tmp_path / "smsgw.db-journal")
    put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert texts(path) == ["backed up"]
    assert texts(tmp_path / "aside") == ["old"]
    assert rows(tmp_path / "aside", "PRAGMA integrity_check") == [("ok",)]
    assert names(tmp_path, "smsgw.db*") == ["smsgw.db"]


def leave_in_a_transaction(path: Path) -> None:
    """Write to a database without a log in a process that dies before the end: the file needs its journal."""
    dying = (
        "import os, sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
        " connection.execute('PRAGMA cache_size = 1'); connection.execute('BEGIN');"
        " connection.execute('CREATE TABLE big AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
        " LIMIT 9999) SELECT x, hex(randomblob(99)) FROM n'); connection.execute('DELETE FROM devices'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", dying, str(path)], check=True)


async def test_a_link_in_the_folder_of_the_database_is_not_followed(
    config: Config, tmp_path: Path, backup: Path
) -> None:
    path = await make(config, "old")
    leave_open(path)
    letter = tmp_path / "letter"
    letter.write_text("a letter")
    before = letter.stat()
    for name in ("smsgw.db.restoring", "smsgw.db-wal.empty"):
        (tmp_path / name).symlink_to(letter)
    put_in_place(prepare(backup, path), path, tmp_path / "aside")
    assert texts(path) == ["backed up"]
    assert (letter.read_text(), letter.stat().st_ctime_ns) == ("a letter", before.st_ctime_ns)
