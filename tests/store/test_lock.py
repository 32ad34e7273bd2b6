"""The lock of the one daemon: whose file it is, and that no link is followed to another's."""

import os
from pathlib import Path

import pytest

from smsgw.store.faults import DatabaseUnusable
from smsgw.store.lock import DatabaseInUse, sole_daemon


def test_a_second_daemon_is_told_who_is_the_first(tmp_path: Path) -> None:
    with (
        sole_daemon(tmp_path / "smsgw.db"),
        pytest.raises(DatabaseInUse, match=f"process {os.getpid()}"),
        sole_daemon(tmp_path / "smsgw.db"),
    ):
        pass


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("a letter")
    (tmp_path / "smsgw.db.lock").symlink_to(letter)
    with pytest.raises(DatabaseUnusable), sole_daemon(tmp_path / "smsgw.db"):
        pass
    assert letter.read_text() == "a letter"


def test_only_a_lock_that_root_has_just_made_is_given_away(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 12_345, 12_346)
    folder = tmp_path.stat()
    lock = tmp_path / "smsgw.db.lock"
    with sole_daemon(tmp_path / "smsgw.db"):
        assert (lock.stat().st_uid, lock.stat().st_gid) == (folder.st_uid, folder.st_gid)
    if os.geteuid() == 0:
        os.chown(lock, 0, 0)
    with sole_daemon(tmp_path / "smsgw.db"):
        assert lock.stat().st_uid == os.geteuid()
