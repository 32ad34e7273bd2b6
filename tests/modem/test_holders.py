"""Who has a port open: real processes, real descriptors, lock files as old tools write them."""

import os
from pathlib import Path

import pytest
from scripted_peer import Peer

from commands import opened_elsewhere
from smsgw.modem.holders import holders, strangers


def lock(root: Path, name: str, text: str) -> None:
    (root / "var/lock").mkdir(parents=True, exist_ok=True)
    (root / "var/lock" / f"LCK..{name}").write_text(text)


async def test_another_program_that_has_the_port_open_is_named(peer: Peer, tmp_path: Path) -> None:
    link = tmp_path / "ttyUSB2"
    link.symlink_to(peer.address)
    with opened_elsewhere(peer.address) as process:
        (named,) = strangers(str(link))
        assert named.endswith(f" ({process})")
        assert named in holders(str(link))
    assert strangers(str(link)) == []


async def test_neither_we_ourselves_nor_who_keeps_the_other_side_of_a_pty_is_a_stranger(peer: Peer) -> None:
    assert strangers(peer.address) == []
    assert [name.rpartition(" ")[2] for name in holders(peer.address)] == [f"({os.getpid()})"]


@pytest.mark.parametrize("text", ["{:10d}\n", "{:05d} minicom root\n"])
async def test_the_owner_of_a_lock_file_is_named_while_it_lives(tmp_path: Path, text: str) -> None:
    lock(tmp_path, "ttyUSB2", text.format(os.getppid()))
    (named,) = strangers(f"{tmp_path}/dev/ttyUSB2", tmp_path)
    assert named.endswith(f" ({os.getppid()})")


@pytest.mark.parametrize("text", ["", "minicom\n", "4194305\n", "{:10d}\n", "\xff"])
async def test_a_lock_file_without_a_living_stranger_says_nothing(tmp_path: Path, text: str) -> None:
    lock(tmp_path, "ttyUSB2", text.format(os.getpid()))
    assert strangers(f"{tmp_path}/dev/ttyUSB2", tmp_path) == []
