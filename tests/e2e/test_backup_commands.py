"""Backup and restore as a person uses them: beside a running daemon, after it, with every way to get them wrong."""

import asyncio
import json
import re
import signal
import sqlite3
import stat
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from commands import DEADLINE_S, SMSGW, read_until, smsgw, started
from disk import IN_A_NAMESPACE, NEEDED
from files import leave_open, make, names, rows, stored_in, texts
from simmodem import Rule, VirtualModems
from world import configure, running

MANY = [f"message {n}" for n in range(3_000)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return asyncio.run(make(stored_in(tmp_path), "one", "two"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[server]\nport = 0\n[store]\npath = "{tmp_path}/smsgw.db"\n')
    return path


def failure(*arguments: str) -> str:
    """Run a command that fails, and return the one line that says why."""
    result = smsgw(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("smsgw: ")
    return line


def test_a_backup_says_what_it_wrote(config: Path, database: Path, tmp_path: Path) -> None:
    result = smsgw("backup", str(tmp_path / "copy"), "--config", str(config))
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(rf"{tmp_path}/copy: \d\.\d MB, 2 messages\n", result.stdout)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert "--force" in failure("backup", str(tmp_path / "copy"), "--config", str(config))
    assert smsgw("backup", str(tmp_path / "copy"), "--force", "--config", str(config)).returncode == 0


def test_a_backup_is_made_beside_the_running_daemon_and_a_restore_is_not(
    config: Path, database: Path, tmp_path: Path
) -> None:
    with started("run", "--config", str(config), "--log-format", "json") as process:
        assert process.stderr is not None
        read_until(process.stderr, '"ready"')
        assert smsgw("backup", str(tmp_path / "copy"), "--config", str(config)).returncode == 0
        assert str(process.pid) in failure("restore", str(tmp_path / "copy"), "--config", str(config))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE_S)
    assert texts(tmp_path / "copy") == texts(database) == ["one", "two"]


def test_places_where_no_backup_can_be_are_told_in_one_line(config: Path, database: Path, tmp_path: Path) -> None:
    for place, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "nowhere" / "copy", "there is no folder"),
        (database, "belongs to the database itself"),
        (Path("/proc/copy"), "cannot write the backup"),
    ):
        assert said in failure("backup", str(place), "--force", "--config", str(config))
    assert names(tmp_path) == ["config.toml", "smsgw.db"]


def test_a_disk_that_is_too_small_for_a_backup_keeps_no_half_of_it(
    config: Path, database: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    trying = 'mount -t tmpfs -o size=64k tmpfs "$0" && echo mounted && "$@"; echo $?; ls -A "$0"'
    result = subprocess.run(
        [*IN_A_NAMESPACE, trying, str(tmp_path / "disk"), *SMSGW, "backup", str(tmp_path / "disk" / "copy"),
         "--config", str(config)],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert result.stdout.startswith("mounted\n"), f"{NEEDED}. It said: {result.stderr}"
    assert result.stdout == "mounted\n1\n"
    assert result.stderr == f"smsgw: cannot write the backup {tmp_path}/disk/copy: the disk is full\n"


def test_a_restore_says_what_it_did_and_what_is_forgotten(config: Path, database: Path, tmp_path: Path) -> None:
    smsgw("backup", str(tmp_path / "copy"), "--config", str(config))
    rows_changed(database, "UPDATE messages SET text = 'changed since'")
    result = smsgw("restore", str(tmp_path / "copy"), "--config", str(config))
    assert (result.returncode, result.stderr) == (0, "")
    assert "2 messages that were unfinished" in result.stdout
    for forgotten in (
        "idempotency keys",
        "not counted against their limits",
        "revoked or disabled since is valid again",
    ):
        assert forgotten in result.stdout
    aside = re.search(r"\S+\.before-restore-\d{8}-\d{6}", result.stdout)
    assert aside
    assert texts(Path(aside[0])) == ["changed since", "changed since"]
    assert texts(database) == ["one", "two"]
    assert rows(database, "SELECT DISTINCT status, reason FROM timeline WHERE status != 0") == [(3, "restored")]


def rows_changed(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql)


def test_waiting_messages_are_kept_when_asked_for(config: Path, database: Path, tmp_path: Path) -> None:
    smsgw("backup", str(tmp_path / "copy"), "--config", str(config))
    result = smsgw("restore", str(tmp_path / "copy"), "--keep-waiting", "--config", str(config))
    assert "0 messages that were unfinished" in result.stdout
    assert rows(database, "SELECT status FROM messages") == [(0,), (0,)]


def test_a_restore_makes_the_database_where_there_is_none(config: Path, database: Path, tmp_path: Path) -> None:
    database.rename(tmp_path / "copy")
    result = smsgw("restore", str(tmp_path / "copy"), "--config", str(config))
    assert result.returncode == 0
    assert "before-restore" not in result.stdout
    assert texts(database) == ["one", "two"]


def test_a_damaged_database_is_replaced(config: Path, database: Path, tmp_path: Path) -> None:
    smsgw("backup", str(tmp_path / "copy"), "--config", str(config))
    leave_open(database)
    database.write_bytes(b"\xa5" * database.stat().st_size)
    assert "smsgw restore FILE" in failure("run", "--config", str(config), "--log-level", "error")
    assert smsgw("restore", str(tmp_path / "copy"), "--config", str(config)).returncode == 0
    with started("run", "--config", str(config), "--log-format", "json") as process:
        assert process.stderr is not None
        events = [json.loads(line)["event"] for line in read_until(process.stderr, '"ready"')]
        assert "the database is sound" not in events


def test_what_is_no_backup_is_told_in_one_line_and_changes_nothing(
    config: Path, database: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter").write_text("this is a letter " * 100)
    before = database.read_bytes()
    assert "not a database" in failure("restore", str(tmp_path / "letter"), "--config", str(config))
    assert "No such file" in failure("restore", str(tmp_path / "nowhere"), "--config", str(config))
    assert "the database itself" in failure("restore", str(database), "--config", str(config))
    assert database.read_bytes() == before


async def test_nothing_is_sent_twice_after_a_restore(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000001", network_time=2.0),)
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), report_delay=(0.0, 0.0), rules=rules) as virtual:
        config = configure(tmp_path, virtual.paths)
        file = tmp_path / "config.toml"
        await asyncio.to_thread(file.write_text, f'[store]\npath = "{config.store.path}"\n')
        async with running(config, virtual) as w:
            await w.all_ready()
            before = await w.send("before")
            await w.reaches(before, 4)
            on_the_wire = await w.send("on the wire", "79990000001")
            await w.device_in_state("sending")
            waiting = await w.send("waiting")
            await asyncio.to_thread(smsgw, "backup", str(tmp_path / "copy"), "--config", str(file))
            assert (await w.message(waiting))["status"] == 0
            await w.reaches(waiting, 4)
            await w.reaches(on_the_wire, 4)
        await asyncio.to_thread(smsgw, "restore", str(tmp_path / "copy"), "--config", str(file))
        async with running(config, virtual) as w:
            await w.all_ready()
            for id in (on_the_wire, waiting):
                assert (await w.message(id))["status"] == 3
                assert (await w.detail(id))["error"]["reason"] == "restored"
            assert (await w.message(before))["status"] == 4
            await w.reaches(await w.send("after"), 4)
        assert Counter(message.text for message in virtual.network.messages) == {
            text: 1 for text in ("before", "on the wire", "waiting", "after")
        }


def test_a_disk_that_fills_up_during_a_restore_keeps_the_old_database(
    config: Path, database: Path, tmp_path: Path
) -> None:
    backup = asyncio.run(make(stored_in(tmp_path / "origin"), *MANY))
    (tmp_path / "disk").mkdir()
    config.write_text(f'[store]\npath = "{tmp_path}/disk/smsgw.db"\n')
    size = (database.stat().st_size + backup.stat().st_size) // 1_024
    sizes = [str(size + more) for more in (-64, 400, *range(2_200, 3_800, 200))]
    trying = """echo started; folder=$0; old=$1; out=$2; shift 2; while [ "$1" != - ]; do
        mount -t tmpfs -o "size=$1k" tmpfs "$folder" && cp "$old" "$folder/smsgw.db" || exit 9; size=$1; shift
        {restore} > "$out/$size.out" 2> "$out/$size.err"; echo $? > "$out/$size.code"
        cp "$folder/smsgw.db" "$out/$size.db"; ls -A "$folder" > "$out/$size.names"; umount "$folder"; done"""
    out = tmp_path / "out"
    out.mkdir()
    restore = f"{' '.join(SMSGW)} restore {backup} --config {config}"
    result = subprocess.run(
        [*IN_A_NAMESPACE, trying.replace("{restore}", restore), str(tmp_path / "disk"), str(database), str(out),
         *sizes, "-"],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert (result.stdout, result.returncode) == ("started\n", 0), f"{NEEDED}. It said: {result.stderr}"
    codes = [int((out / f"{size}.code").read_text()) for size in sizes]
    assert set(codes) == {0, 1}
    # In one of them there was room for the log, but not for what it holds to be brought into the file.
    assert any("cannot finish" in (out / f"{size}.err").read_text() for size in sizes)
    for size, code in zip(sizes, codes, strict=True):
        found = out / f"{size}.db"
        if code:
            said = (out / f"{size}.err").read_text()
            assert "the disk is full" in said or "No space left on device" in said, said
            assert texts(found) == ["one", "two"]
            assert (out / f"{size}.names").read_text() == "smsgw.db\nsmsgw.db.lock\n"
        else:
            assert rows(found, "SELECT DISTINCT status FROM messages") == [(3,)]
            assert rows(found, "PRAGMA integrity_check") == [("ok",)]
