"""Debian's Mosquitto, which can be killed and started again, and somebody who listens there and publishes."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
from peers import DEBIAN

from world import until

CONFIG = """\
user root
listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
{access}
"""


class Mosquitto:
    """A broker at a port that stays the same."""

    def __init__(self, folder: Path, access: str = "allow_anonymous true") -> None:
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            self.port: int = reserved.getsockname()[1]
        folder.mkdir()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(CONFIG.format(port=self.port, folder=folder, access=access))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        program = DEBIAN / "usr/sbin/mosquitto"
        command = str(program) if program.exists() else shutil.which("mosquitto", path="/usr/sbin") or "mosquitto"
        self._process = await asyncio.create_subprocess_exec(
            command, "-c", str(self._config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await until(self._listens, "Mosquitto listens")

    async def stop(self, *, kill: bool = False) -> None:
        """Stop it, or kill it, and return when it is gone."""
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            await self._process.wait()
        self._process = None

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


@dataclass(frozen=True, slots=True)
class Told:
    """A message as a subscriber gets it."""

    topic: str
    payload: bytes
    is_retained: bool

    @property
    def content(self) -> Any:
        return json.loads(self.payload)


@dataclass(slots=True)
class Ear:
    """A subscriber to everything, who also publishes."""

    client: aiomqtt.Client
    told: list[Told] = field(default_factory=list)

    async def listen(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            self.told.append(Told(str(message.topic), message.payload, message.retain))

    def at(self, topic: str) -> list[Told]:
        """What came at a topic, or below it."""
        return [one for one in self.told if one.topic == topic or one.topic.startswith(f"{topic}/")]

    def contents(self, topic: str) -> list[Any]:
        return [one.content for one in self.told if one.topic == topic]

    async def hears(self, condition: Callable[["Ear"], Any], what: str) -> Any:
        """Wait until what came is as wanted and return what the condition gave."""

        async def seen() -> Any:
            return condition(self)

        return await until(seen, what)

    async def publish(self, topic: str, content: object, *, qos: int = 1, retain: bool = False) -> None:
        payload = content if isinstance(content, bytes | str) else json.dumps(content)
        await self.client.publish(topic, payload, qos=qos, retain=retain)


@asynccontextmanager
async def ear(broker: Mosquitto, **access: Any) -> AsyncIterator[Ear]:
    """Listen to everything that a broker passes on."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiomqtt.Client("127.0.0.1", broker.port, **access))
        opened = Ear(client)
        listening = asyncio.create_task(opened.listen())
        await client.subscribe("#", qos=1)
        try:
            yield opened
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def mosquitto(folder: Path, access: str = "allow_anonymous true") -> AsyncIterator[Mosquitto]:
    """Run a broker."""
    broker = Mosquitto(folder, access)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
