"""Fixtures for every ring of tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smsgw.config import Config, ModemConfig, SendingConfig, StoreConfig
from smsgw.gateway import Gateway
from smsgw.store.db import Database
from support import Clock, open_gateway


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        store=StoreConfig(path=str(tmp_path / "smsgw.db")),
        sending=SendingConfig(attempts=3, ttl_s=3_600, uncertain_after_s=600),
        modems=(ModemConfig(name="north", port="/dev/north"), ModemConfig(name="south", port="/dev/south")),
    )


@pytest.fixture
async def db(config: Config, clock: Clock) -> AsyncIterator[Database]:
    async with Database.open(Path(config.store.path), clock) as database:
        yield database


@pytest.fixture
async def gateway(config: Config, clock: Clock) -> AsyncIterator[Gateway]:
    async with open_gateway(config, clock) as opened:
        yield opened
