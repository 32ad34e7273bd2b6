"""kill -9 at every step of a restore: the database is the old one or the new one, whole, and nothing between."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from files import damage_value, leave_open, make, names, rows, stored_in, texts
from smsgw.store import integrity
from smsgw.store.faults import DatabaseUnusable
from smsgw.upkeep import restore

TESTS = Path(__file__).parent.parent


def restore_until(nth: int, folder: Path) -> int:
    """Restore the backup in a process that dies before it touches a file for the nth time; returns how it ended."""
    command = [sys.executable, str(TESTS / "crash" / "cut_short.py"), str(nth), str(folder)]
    arguments = ["restore", str(folder / "backup"), "--config", str(folder / "config.toml")]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run([*command, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False).returncode


def test_a_kill_at_any_step_of_a_restore_leaves_the_old_or_the_new_database(tmp_path: Path) -> None:
    model = tmp_path / "model"
    path = asyncio.run(make(stored_in(model), "new"))
    (model / "config.toml").write_text(f'[store]\npath = "{tmp_path}/case/smsgw.db"\n')
    shutil.copy(path, model / "backup")
    # What is old is in the log alone.
    leave_open(path, "UPDATE messages SET text = 'old'")
    case = tmp_path / "case"
    nth, found = 0, set()
    ended = -signal.SIGKILL
    while ended:
        nth += 1
        shutil.copytree(model, case)
        ended = restore_until(nth, case)
        assert ended in (0, -signal.SIGKILL)
        (text,) = texts(case / "smsgw.db")
        found.add(text)
        assert rows(case / "smsgw.db", "PRAGMA integrity_check") == [("ok",)]
        restore(case / "smsgw.db", case / "backup", keep_waiting=False)
        assert texts(case / "smsgw.db") == ["new"]
        assert names(case, "*.restoring*") == []
        # Nothing is left that is two files by name and one in truth.
        assert all(path.stat().st_nlink == 1 for path in case.iterdir())
        shutil.rmtree(case)
    assert found == {"old", "new"}
    assert nth > 10


def test_a_kill_at_any_step_leaves_the_sign_beside_a_damaged_database(tmp_path: Path) -> None:
    model = tmp_path / "model"
    path = asyncio.run(make(stored_in(model), "x"))
    (model / "config.toml").write_text(f'[store]\npath = "{tmp_path}/case/smsgw.db"\n')
    shutil.copy(path, model / "backup")
    damage_value(path)
    leave_open(path)
    case = tmp_path / "case"
    nth, found = 0, set()
    ended = -signal.SIGKILL
    while ended:
        nth += 1
        shutil.copytree(model, case)
        ended = restore_until(nth, case)
        found.add(is_sound(case / "smsgw.db"))
        assert is_sound(case / "smsgw.db") or integrity.was_left_open(case / "smsgw.db"), nth
        shutil.rmtree(case)
    assert found == {True, False}
    assert nth > 10


def is_sound(database: Path) -> bool:
    try:
        integrity.check(database)
    except DatabaseUnusable:
        return False
    return True
