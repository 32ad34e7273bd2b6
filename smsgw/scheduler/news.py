"""Tells the gateway when a device can be used again, or no longer; of what a modem does all day it says nothing."""

import asyncio
import time
from collections.abc import Callable

from smsgw import policy
from smsgw.errors import DeviceNotFound, StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.model import LiveModem
from smsgw.waiting import happens_within


class DeviceNews:
    """What was told last of each device. `live` describes a modem, `clock` gives Unix milliseconds."""

    def __init__(self, gateway: Gateway, live: Callable[[str], LiveModem], clock: Callable[[], int]) -> None:
        self._gateway = gateway
        self._live = live
        self._clock = clock
        self._told: dict[str, tuple[policy.Condition, float]] = {}

    async def run(self, stopping: asyncio.Event, look_s: float) -> None:
        """Look at all devices every so many seconds, until `stopping` is set."""
        while not await happens_within(stopping, look_s):
            for device in tuple(self._gateway.devices.configured):
                await self._look_at(device)

    async def _look_at(self, device: str) -> None:
        live = self._live(device)
        present, now = policy.condition(live, self._clock()), time.monotonic()
        told, told_at = self._told.get(device, (None, 0.0))
        if present is None or not policy.is_news(told, present, now - told_at):
            return
        try:
            await self._gateway.devices.tell(device, live)
        except (StorageUnavailable, DeviceNotFound):
            # Told at the next look, if there is still something to tell.
            return
        self._told[device] = present, now
