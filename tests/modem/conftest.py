"""A scripted modem, and a link to it that is already in step."""

from collections.abc import AsyncIterator

import pytest
from scripted_peer import PACE, Peer, plugged_in

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
