"""The application over a real gateway and database, answered on a real socket."""

from collections.abc import AsyncIterator

import pytest
from api_client import Api, ModemsByHand, opened, with_server

from smsgw.config import Config
from support import Clock


@pytest.fixture
def modems() -> ModemsByHand:
    return ModemsByHand()


@pytest.fixture
async def api(config: Config, clock: Clock, modems: ModemsByHand) -> AsyncIterator[Api]:
    async with opened(with_server(config, rate_limit=0), clock, modems) as client:
        yield client
