"""Starts on databases that are not as they should be: one clear line and exit code 1, or a check that passes."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from commands import DEADLINE_S, SMSGW, read_until, smsgw, started
from disk import IN_A_NAMESPACE, NEEDED
from files import damage, leave_open, make, names, rows, stored_in, wal_of
from smsgw import daemon
from smsgw.store import integrity

MANY = [f"Сообщение номер {n}" for n in range(200)]
CHECKING = "the database was not closed"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return asyncio.run(make(stored_in(tmp_path), *MANY))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[server]\nport = 0\n[store]\npath = "{tmp_path}/smsgw.db"\n')
    return path


def start_and_stop(config: Path, number: signal.Signals = signal.SIGTERM) -> list[str]:
    """Start the daemon, end it once it answers, and return the events it logged until then."""
    with started("run", "--config", str(config), "--log-format", "json") as process:
        assert process.stderr is not None
        lines = read_until(process.stderr, '"ready"')
        process.send_signal(number)
        process.communicate(timeout=DEADLINE_S)
        return [json.loads(line)["event"] for line in lines]


def refusal(config: Path) -> str:
    """Start the daemon in vain and return the one line that it ends with."""
    result = smsgw("run", "--config", str(config), "--log-level", "error")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    return line


def test_a_database_is_checked_after_a_kill_and_not_after_a_clean_stop(config: Path, database: Path) -> None:
    assert not any(CHECKING in event for event in start_and_stop(config))
    assert not any(CHECKING in event for event in start_and_stop(config, signal.SIGKILL))
    events = start_and_stop(config)
    assert [CHECKING in event for event in events].index(True) < events.index("ready")
    assert not any(CHECKING in event for event in start_and_stop(config))


def test_a_command_takes_the_check_from_no_start_and_makes_none(config: Path, database: Path) -> None:
    leave_open(database)
    assert CHECKING not in smsgw("token", "create", "shop", "--config", str(config)).stderr
    assert any(CHECKING in event for event in start_and_stop(config))
    smsgw("token", "list", "--config", str(config))
    assert not any(CHECKING in event for event in start_and_stop(config))


def test_a_database_that_was_damaged_in_a_power_cut_is_refused_time_and_again(config: Path, database: Path) -> None:
    leave_open(database)
    damage(database)
    for _ in range(2):
        line = refusal(config)
        assert line.startswith(f"smsgw: cannot use the database {database} ([store] path): it is damaged: ")
        assert "smsgw restore FILE" in line


def test_a_file_that_is_no_database_any_more_is_refused(config: Path, database: Path) -> None:
    database.write_bytes(b"\xa5" * database.stat().st_size)
    line = refusal(config)
    assert f"{database} ([store] path): the file is not a database" in line
    assert "smsgw restore FILE" in line


def test_a_database_of_a_newer_program_is_refused(config: Path, database: Path) -> None:
    rows(database, "PRAGMA user_version = 99")
    assert "schema 99" in refusal(config)


@pytest.mark.parametrize("what", ["smsgw.db", ""])
def test_a_database_that_cannot_be_written_is_refused(config: Path, database: Path, what: str) -> None:
    target = str(database.parent / what)
    mounting = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && echo mounted && exec "$@"'
    result = subprocess.run(
        [*IN_A_NAMESPACE, mounting, target, *SMSGW, "run", "--config", str(config)],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert result.stdout == "mounted\n", f"{NEEDED}. It said: {result.stderr}"
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"{database} ([store] path): Read-only file system; it must be a file of its own, where the user" in line


def test_the_log_of_a_kill_is_not_lost_by_the_check(config: Path, database: Path) -> None:
    leave_open(database, "DELETE FROM devices WHERE 0")
    leave_open(database, "INSERT INTO concatenation_references VALUES ('79990000000', 7)")
    assert wal_of(database).stat().st_size > 0
    start_and_stop(config)
    assert rows(database, "SELECT reference FROM concatenation_references") == [(7,)]


def test_two_daemons_do_not_serve_one_database_under_two_names(config: Path, database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "linked.db").symlink_to(database)
    (other / "config.toml").write_text(f'[server]\nport = 0\n[store]\npath = "{other}/linked.db"\n')
    with started("run", "--config", str(config), "--log-format", "json") as process:
        assert process.stderr is not None
        read_until(process.stderr, '"ready"')
        assert f"process {process.pid}" in refusal(other / "config.toml")
    assert sorted(path.name for path in other.iterdir()) == ["config.toml", "linked.db"]


def test_what_a_restore_that_was_cut_short_has_left_is_removed(config: Path, database: Path, tmp_path: Path) -> None:
    for name in ("smsgw.db.before-restore-20260301-120000", "smsgw.db.before-restore-20260301-120000-wal"):
        os.link(database, tmp_path / name)
    for name in ("smsgw.db.before-restore-20260201-120000", "smsgw.db.restoring"):
        shutil.copy(database, tmp_path / name)
    start_and_stop(config)
    assert names(tmp_path, "smsgw.db*") == ["smsgw.db", "smsgw.db.before-restore-20260201-120000", "smsgw.db.lock"]


async def test_a_check_is_broken_off_when_the_daemon_is_told_to_stop(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    def endless(connection: sqlite3.Connection) -> str | None:
        began.set()
        sql = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n"
        return str(connection.execute(sql).fetchone())

    leave_open(database)
    monkeypatch.setattr(integrity, "first_finding", endless)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(DEADLINE_S)
        stop = asyncio.Event()
        running = asyncio.create_task(daemon.run(stored_in(tmp_path), stop=stop))
        assert await asyncio.to_thread(began.wait, DEADLINE_S)
        stop.set()
        await asyncio.wait_for(running, DEADLINE_S)
        assert systemd.recv(4_096).startswith(b"STATUS=checking")
        assert systemd.recv(4_096) == b"EXTEND_TIMEOUT_USEC=60000000"
    assert integrity.was_left_open(database)
