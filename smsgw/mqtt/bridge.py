"""The bridge to the broker: keeps a connection, and while it stands tells what happens and does what is asked for.

A broker that is away is tried again, ever more seldom; nothing else waits for it.
"""

import asyncio
import hashlib
import platform
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from smsgw import __version__, log
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.model import LiveModems
from smsgw.mqtt.commands import Commands
from smsgw.mqtt.connection import Away, Connection, connected
from smsgw.mqtt.devices import DeviceWatch, introduce
from smsgw.mqtt.discovery import Discovery
from smsgw.mqtt.events import Teller
from smsgw.mqtt.pace import Pace
from smsgw.mqtt.topics import Topics
from smsgw.rendering import encode
from smsgw.waiting import happens_within

_MACHINE_ID = Path("/etc/machine-id")

logger = log.get("smsgw.mqtt")


class MqttBridge:
    """The bridge. `live` tells what the modems do, `clock` gives Unix milliseconds."""

    def __init__(
        self, gateway: Gateway, config: Config, live: LiveModems, clock: Callable[[], int], pace: Pace | None = None
    ) -> None:
        self._config = config.mqtt
        self._pace = pace or Pace()
        self._identifier = config.mqtt.client_id or identifier(config.store.path)
        self._topics = Topics(prefix=config.mqtt.topic, discovery=config.mqtt.discovery)
        self._discovery = Discovery(self._topics, self._identifier, __version__) if config.mqtt.discovery else None
        self._teller = Teller(gateway, config, self._topics, self._pace)
        self._devices = DeviceWatch(gateway, live, clock, self._topics, self._discovery, self._pace)
        self._commands = Commands(gateway, config, live, clock, self._topics)
        self._stopping = asyncio.Event()
        self._failures = 0  # in a row
        self._told: str | None = None  # the fault that the log has told and that is not over
        gateway.events.on_news(self._ring)
        gateway.on_change(self._devices.bell.set)

    def stop(self) -> None:
        """Say farewell to the broker and let `run` return at once."""
        self._stopping.set()

    async def run(self) -> None:
        """Run until stopped."""
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._keep_connected())
            await self._stopping.wait()
            keeping.cancel()

    def _ring(self) -> None:
        self._teller.bell.set()
        self._devices.bell.set()

    async def _keep_connected(self) -> None:
        await self._begin()
        # Asked as well: a fault at the moment of the cancellation comes in its place.
        while not self._stopping.is_set():
            begun = time.monotonic()
            fault = await self._session()
            # Two that go by one name throw each other out, and must not do so every second.
            has_lasted = time.monotonic() - begun > self._pace.last_backoff_s
            self._failures = 1 if has_lasted else self._failures + 1
            self._note(fault)
            pause_s = self._pace.backoff_s(self._failures, random.random(), refused=fault.is_refused)
            await happens_within(self._stopping, pause_s)

    async def _begin(self) -> None:
        while True:
            try:
                return await self._teller.begin()
            except StorageUnavailable as error:
                logger.error("storage unavailable", reason=str(error))
            await asyncio.sleep(self._pace.storage_retry_s)

    def _note(self, fault: Away) -> None:
        """Log what is news: a broker that stays away for days is told of once, and so is its return."""
        if str(fault) != self._told:
            level = logger.error if fault.is_refused else logger.warning
            level("broker is away", host=self._config.host, port=self._config.port, error=str(fault))
        self._told = str(fault)

    async def _session(self) -> Away:
        """Use a connection to its end and return what ended it."""
        fault = Away("")
        try:
            async with connected(self._config, self._identifier, self._topics.status, self._pace) as connection:
                await self._greet(connection)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(connection.lasts())
                    tasks.create_task(self._listen(connection))
                    tasks.create_task(self._teller.run(connection))
                    tasks.create_task(self._devices.run(connection))
        except* Away as group:
            # Whatever else was under way ends with the same connection.
            fault = next(iter(_leaves(group)))
        return fault

    async def _greet(self, connection: Connection) -> None:
        await connection.publish(self._topics.status, b"online", retain=True)
        await self._introduce(connection)
        wanted = {self._topics.send: 1, self._topics.notify: 1, self._topics.all_states: 0}
        if self._discovery is not None:
            wanted[self._topics.birth] = 0
        for topic, qos in wanted.items():
            if not await connection.subscribe(topic, qos):
                logger.warning("the broker does not let us listen", topic=topic)
        self._told = None
        logger.info("connected to the broker", host=self._config.host, port=self._config.port)

    async def _introduce(self, connection: Connection) -> None:
        if self._discovery is not None:
            await introduce(connection, self._discovery.gateway(may_notify=bool(self._config.notify_number)))

    async def _listen(self, connection: Connection) -> None:
        while True:
            heard = await connection.hear()
            if self._discovery is not None and heard.topic == self._topics.birth:
                # A retained one is as old as our own discovery may be, which has just been told.
                if heard.payload == b"online" and not heard.is_retained:
                    await self._introduce(connection)
                    self._devices.begin_anew()
            elif answer := await self._commands.obey(heard):
                await connection.publish(self._topics.result, encode(answer))
            else:
                await self._devices.found(connection, heard)
            connection.acknowledge(heard)


def identifier(database: str) -> str:
    """Make the name that a gateway has at every start on this machine."""
    machine = platform.node()
    with suppress(OSError):
        machine = _MACHINE_ID.read_text(encoding="ascii").strip() or machine
    return "smsgw-" + hashlib.sha256(f"{machine} {database}".encode()).hexdigest()[:12]


def _leaves(group: BaseExceptionGroup[Away]) -> list[Away]:
    found: list[Away] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
