"""What the devices are doing, as retained topics: told when it has changed, and all of it to a broker that is new.

Home Assistant learns here, too, which devices there are, and which no longer.
"""

import asyncio
from collections.abc import Callable

from smsgw import log
from smsgw.config import ModemConfig
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.model import Device, LiveModems
from smsgw.mqtt.connection import Connection, Heard
from smsgw.mqtt.discovery import Discovery, Entities
from smsgw.mqtt.pace import Pace
from smsgw.mqtt.topics import Topics
from smsgw.rendering import Object, device as rendered, encode, optional_timestamp
from smsgw.waiting import happens_within

_SHOWN = ("state", "signal_dbm", "operator", "registration", "error", "waits_until")

logger = log.get("smsgw.mqtt")


class DeviceWatch:
    """Looks at the devices now and then. `clock` gives Unix milliseconds; `discovery` is None where it is off."""

    def __init__(
        self,
        gateway: Gateway,
        live: LiveModems,
        clock: Callable[[], int],
        topics: Topics,
        discovery: Discovery | None,
        pace: Pace,
    ) -> None:
        self._gateway = gateway
        self._live = live
        self._clock = clock
        self._topics = topics
        self._discovery = discovery
        self._pace = pace
        self._shown: dict[str, bytes] = {}  # by device id: its state as the broker has it
        self.bell = asyncio.Event()

    def begin_anew(self) -> None:
        """Take it that the broker, or Home Assistant, knows nothing."""
        self._shown = {}
        self.bell.set()

    async def run(self, connection: Connection) -> None:
        """Tell of the devices until the connection is no more."""
        self.begin_anew()
        while True:
            self.bell.clear()
            try:
                await self._look(connection)
            except StorageUnavailable as error:
                logger.error("storage unavailable", reason=str(error))
            await asyncio.sleep(self._pace.calm_s)
            await happens_within(self.bell, self._pace.look_s)

    async def found(self, connection: Connection, heard: Heard) -> None:
        """Remove what the broker has kept of a device that is no more."""
        device = self._topics.device_of(heard.topic)
        if device is None or not heard.is_retained or not heard.payload:
            return
        if device not in self._gateway.devices.configured:
            await self._forget(connection, device)

    async def _look(self, connection: Connection) -> None:
        # What begins anew meanwhile has another one.
        known = self._shown
        listed = await self._gateway.devices.listed()
        for id in known.keys() - {device.id for device in listed}:
            await self._forget(connection, id)
            del known[id]
        for device in listed:
            last_success = await self._gateway.devices.last_success(device.id)
            modem = self._gateway.devices.configured.get(device.id)
            if modem is None:  # deleted just now
                continue
            state = encode(self._state(device, modem, last_success))
            before = known.get(device.id)
            if before is None and self._discovery is not None:
                await introduce(connection, self._discovery.device(device))
            if state != before:
                await connection.publish(self._topics.state(device.id), state, retain=True)
                known[device.id] = state

    def _state(self, device: Device, modem: ModemConfig, last_success: int | None) -> Object:
        shown = rendered(device, self._live.live(device.id), modem.sims, self._clock())
        return {key: shown[key] for key in _SHOWN} | {"last_success": optional_timestamp(last_success)}

    async def _forget(self, connection: Connection, id: str) -> None:
        if self._discovery is not None:
            await introduce(connection, self._discovery.no_device(id))
        await connection.publish(self._topics.state(id), b"", retain=True)


async def introduce(connection: Connection, entities: Entities) -> None:
    """Tell Home Assistant what there is, and of what there is no longer anything."""
    for topic, entity in entities.items():
        await connection.publish(topic, b"" if entity is None else encode(entity), retain=True)
