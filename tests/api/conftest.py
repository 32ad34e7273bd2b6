"""The application over a real gateway and database, answered on a real socket."""

from collections.abc import AsyncIterator

import pytest
from api_client import Api, ModemsByHand, opened

from smsgw.config import Config
from support import Clock


@pytest.fixture
def modems() -> ModemsByHand:
    return ModemsByHand()


@pytest.fixture
async def api(config: Config, clock: Clock, modems: ModemsByHand) -> AsyncIterator[Api]:
    async with opened(config, clock, modems) as client:
        yield client
