"""A backup: whole, private, on the disk, and nothing but a whole one ever has its name."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from files import damage, damage_value, leave_open, make, names, rows, submit, texts
from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.store import integrity
from smsgw.store.backup import BackupError, back_up
from smsgw.store.copies import sole_draft
from smsgw.store.migrate import SchemaError
from support import Clock, open_gateway


async def test_a_backup_holds_what_is_stored_while_the_database_is_in_use(gateway: Gateway, tmp_path: Path) -> None:
    await submit(gateway, "one", "two")
    made = await asyncio.to_thread(back_up, tmp_path / "smsgw.db", tmp_path / "copy", force=False)
    await submit(gateway, "three")
    assert (made.path, made.size, made.messages) == (tmp_path / "copy", (tmp_path / "copy").stat().st_size, 2)
    assert texts(tmp_path / "copy") == ["one", "two"]
    assert texts(tmp_path / "smsgw.db") == ["one", "two", "three"]


async def test_writers_do_not_wait_for_a_backup(gateway: Gateway, tmp_path: Path) -> None:
    await submit(gateway, *(f"{n}" for n in range(500)))
    copying = asyncio.create_task(asyncio.to_thread(back_up, tmp_path / "smsgw.db", tmp_path / "copy", force=False))
    meanwhile = 0
    while not copying.done():
        await submit(gateway, "meanwhile")
        meanwhile += 1
    assert meanwhile > 1
    assert 500 <= (await copying).messages <= 500 + meanwhile


async def test_only_its_owner_may_read_a_backup_whatever_the_umask(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    before = os.umask(0)
    try:
        back_up(path, tmp_path / "copy", force=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600


async def test_what_exists_is_overwritten_only_by_force(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    target = tmp_path / "copy"
    target.write_text("a letter")
    with pytest.raises(BackupError, match=f"{target} exists already: .*--force"):
        back_up(path, target, force=False)
    assert target.read_text() == "a letter"
    back_up(path, target, force=True)
    assert texts(target) == ["x"]


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
async def test_not_even_force_overwrites_what_belongs_to_the_database(config: Config, tmp_path: Path, end: str) -> None:
    path = await make(config, "x")
    link = tmp_path / "link"
    link.symlink_to(f"{path}{end}")
    for target in (Path(f"{path}{end}"), link):
        with pytest.raises(BackupError, match="belongs to the database itself"):
            back_up(path, target, force=True)
    assert texts(path) == ["x"]


async def test_places_that_cannot_hold_a_backup_are_named(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    with pytest.raises(BackupError, match=f"{tmp_path} is a folder"):
        back_up(path, tmp_path, force=True)
    with pytest.raises(BackupError, match=f"there is no folder {tmp_path}/nowhere"):
        back_up(path, tmp_path / "nowhere" / "copy", force=False)
    with pytest.raises(BackupError, match="there is no database"):
        back_up(tmp_path / "none.db", tmp_path / "copy", force=False)
    assert names(tmp_path) == ["smsgw.db"]


async def test_a_damaged_database_gives_no_backup_and_no_half_file(config: Config, tmp_path: Path) -> None:
    path = await make(config, *(f"{n}" for n in range(200)))
    damage(path)
    with pytest.raises(BackupError, match="copy: the database file is damaged"):
        back_up(path, tmp_path / "copy", force=False)
    assert names(tmp_path, "*copy*") == []


async def test_damage_that_only_a_check_finds_gives_no_backup(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    damage_value(path)
    with pytest.raises(BackupError, match=r"the copy of .* is damaged: NULL value in timeline.at"):
        back_up(path, tmp_path / "copy", force=False)
    assert names(tmp_path, "*copy*") == []


async def test_a_database_of_a_newer_program_is_left_to_that(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    rows(path, "PRAGMA user_version = 99")
    with pytest.raises(SchemaError, match="schema 99"):
        back_up(path, tmp_path / "copy", force=False)


async def test_an_older_database_is_copied_as_it_is(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    rows(path, "PRAGMA user_version = 1")
    back_up(path, tmp_path / "copy", force=False)
    assert rows(tmp_path / "copy", "PRAGMA user_version") == rows(path, "PRAGMA user_version") == [(1,)]


async def test_a_backup_takes_no_doubt_away_and_makes_none(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    back_up(path, tmp_path / "one", force=False)
    assert not integrity.was_left_open(path)
    leave_open(path)
    back_up(path, tmp_path / "two", force=False)
    assert integrity.was_left_open(path)


async def test_a_backup_can_be_served(config: Config, tmp_path: Path, clock: Clock) -> None:
    path = await make(config, "findable")
    back_up(path, tmp_path / "copy", force=False)
    (tmp_path / "copy").replace(path)
    async with open_gateway(config, clock) as gateway:
        assert (await gateway.messages.page(10, 1, "inDabl")).total == 1


async def test_the_log_of_another_file_is_not_left_beside_a_backup(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    target = tmp_path / "copy"
    for end in ("-wal", "-shm", "-journal"):
        left = tmp_path / f"copy{end}"
        left.write_text("of another")
        with pytest.raises(BackupError, match=f"{left} exists already"):
            back_up(path, target, force=False)
        back_up(path, target, force=True)
        assert names(tmp_path, "*copy*") == ["copy"]
        target.unlink()


async def test_a_link_is_followed_to_the_file_that_is_to_be_written(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    (tmp_path / "medium").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "medium" / "copy")
    for force in (False, True):
        with pytest.raises(BackupError, match=f"{link} is a link to .*, which does not exist"):
            back_up(path, link, force=force)
    (tmp_path / "medium" / "copy").touch()
    back_up(path, link, force=True)
    assert link.is_symlink()
    assert texts(tmp_path / "medium" / "copy") == ["x"]
    assert names(tmp_path / "medium", "*") == ["copy"]


async def test_a_second_backup_to_the_same_file_at_the_same_time_is_refused(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    draft = tmp_path / ".copy.unfinished"
    with sole_draft(draft):
        with pytest.raises(BackupError, match=f"another backup is being written to {tmp_path}/copy"):
            back_up(path, tmp_path / "copy", force=False)
        assert draft.exists()
        back_up(path, tmp_path / "other", force=False)
        draft.replace(tmp_path / "theirs")
    back_up(path, tmp_path / "copy", force=False)
    assert texts(tmp_path / "copy") == ["x"]


async def test_what_a_killed_backup_has_left_is_removed_by_the_next(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    (tmp_path / ".copy.unfinished").write_text("half of it")
    back_up(path, tmp_path / "copy", force=False)
    assert names(tmp_path) == ["copy", "smsgw.db"]
    assert texts(tmp_path / "copy") == ["x"]


async def test_an_empty_database_has_nothing_to_back_up(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(BackupError, match=r"empty\.db is empty"):
        back_up(tmp_path / "empty.db", tmp_path / "copy", force=False)
    assert names(tmp_path, "*copy*") == []


async def test_a_path_may_begin_with_two_slashes(config: Config, tmp_path: Path) -> None:
    path = await make(config, "x")
    back_up(Path(f"/{path}"), tmp_path / "copy", force=False)
    assert texts(tmp_path / "copy") == ["x"]
