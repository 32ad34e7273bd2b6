"""kill -9 at every step of a restore: the database is the old one or the new one, whole, and nothing between."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from commands import smsgw
from files import leave_open, make, names, rows, texts
from smsgw.config import Config, StoreConfig

TESTS = Path(__file__).parent.parent


def restore_until(nth: int, folder: Path) -> int:
    """Restore the backup in a process that dies before it touches a file for the nth time; returns how it ended."""
    command = [sys.executable, str(TESTS / "crash" / "cut_short.py"), str(nth), str(folder)]
    arguments = ["restore", str(folder / "backup"), "--config", str(folder / "config.toml")]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run([*command, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False).returncode


async def test_a_kill_at_any_step_of_a_restore_leaves_the_old_or_the_new_database(
    config: Config, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    path = await make(replace(config, store=StoreConfig(path=str(model / "smsgw.db"))), "new")
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
        assert smsgw("restore", str(case / "backup"), "--config", str(case / "config.toml")).returncode == 0
        assert texts(case / "smsgw.db") == ["new"]
        assert names(case, "*.restoring*") == []
        shutil.rmtree(case)
    assert found == {"old", "new"}
    assert nth > 10
