"""What every ring of tests shares: a clock that is set by hand, a configuration, a gateway over a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.gateway.ids import ObjectIds
from smsgw.store.db import Database

# 2026-03-01 12:00:00 UTC
NOON = 1_772_366_400_000
# For how long a gateway has been running in a test that is not about that.
LONG_S = 1e9


class Clock:
    """A clock in Unix milliseconds that moves when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * 1_000)


@asynccontextmanager
async def open_gateway(config: Config, clock: Clock) -> AsyncIterator[Gateway]:
    """Open the gateway on its database as a daemon does after a start."""
    async with Database.open(Path(config.store.path), clock) as database:
        gateway = Gateway(database, config, ObjectIds(b"tests", 0), UTC)
        await gateway.devices.register(config.modems)
        await gateway.sending.recover()
        yield gateway


def with_sending(config: Config, **settings: object) -> Config:
    """Return the configuration with other [sending] settings."""
    return replace(config, sending=replace(config.sending, **settings))  # type: ignore[arg-type]
