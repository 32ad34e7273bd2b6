"""A scripted modem, a link to it that is already in step, and a computer with sockets for several."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from scripted_peer import PACE, Peer, plugged_in
from usb_desk import Desk

from smsgw.modem.link import Link


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    with plugged_in() as scripted:
        yield scripted


@pytest.fixture
async def link(peer: Peer) -> AsyncIterator[Link]:
    async with Link.open(peer.address, pace=PACE) as opened:
        await opened.synchronise()
        yield opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with ExitStack() as stack:
        yield Desk(tmp_path, stack)
