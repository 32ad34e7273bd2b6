"""Tells the broker what happens: every event at least once and in order, whatever becomes of broker and gateway.

How far this has come is stored, though not after every event: what was told just before a crash is told again.
"""

import asyncio
import time

from smsgw import log
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.model import Event, EventKind
from smsgw.mqtt.connection import Connection
from smsgw.mqtt.pace import Pace
from smsgw.mqtt.topics import Topics
from smsgw.rendering import encode, event
from smsgw.waiting import happens_within

_NAME = "mqtt"
_PAGE = 100
_EVERYTHING = frozenset(EventKind)

logger = log.get("smsgw.mqtt")


class Teller:
    """What tells the events."""

    def __init__(self, gateway: Gateway, config: Config, topics: Topics, pace: Pace) -> None:
        self._gateway = gateway
        self._language = config.server.language
        self._topics = topics
        self._pace = pace
        self._told: int | None = None  # the last event that was told
        self._kept = 0  # the same as it is stored
        self._kept_at = 0.0  # monotonic seconds
        self.bell = asyncio.Event()

    async def begin(self) -> None:
        """Find where to go on; nothing that happens from now on is missed. Raises `StorageUnavailable`."""
        if self._told is None:
            self._told = self._kept = await self._gateway.cursors.begin(_NAME)

    async def run(self, connection: Connection) -> None:
        """Tell events until the connection is no more."""
        try:
            while True:
                self.bell.clear()
                if not await self._tell_some(connection):
                    await happens_within(self.bell, self._pace.keep_s)
                if time.monotonic() - self._kept_at >= self._pace.keep_s:
                    await self.keep()
        finally:
            await self.keep()

    async def keep(self) -> None:
        """Store how far this has come; not after every event, which would wear out an SD card."""
        if self._told is None or self._told == self._kept:
            return
        try:
            await self._gateway.cursors.move(_NAME, self._told)
            self._kept = self._told
        except StorageUnavailable as error:
            logger.error("storage unavailable", reason=str(error))
        self._kept_at = time.monotonic()

    async def _tell_some(self, connection: Connection) -> bool:
        """Tell what there is, up to a page of it, and say whether there may be more."""
        assert self._told is not None
        try:
            page = await self._gateway.events.after(self._told, _EVERYTHING, _PAGE)
        except StorageUnavailable as error:
            logger.error("storage unavailable", reason=str(error))
            return False
        for one in page:
            await connection.publish(self._topics.event(one.kind), self._rendered(one))
            self._told = one.seq
        return len(page) == _PAGE

    def _rendered(self, one: Event) -> bytes:
        return encode(event(one, self._language))
