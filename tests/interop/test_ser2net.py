"""Modems on another computer: Debian's ser2net between the gateway and a virtual modem, raw TCP."""

import asyncio
import os
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from simmodem import Rule, VirtualModems
from smsgw.config import Config, ModemConfig
from world import IMPATIENT, World, configure, running, until

pytestmark = pytest.mark.interop

SER2NET = """\
connection: &modem
  accepter: tcp,127.0.0.1,{port}
  connector: serialdev,{device},115200n81,local
  options:
    kickolduser: true
"""


class Ser2net:
    """A ser2net in front of one modem, at a TCP port that stays the same."""

    def __init__(self, folder: Path, device: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            self.port = reserved.getsockname()[1]
        self._config = folder / "ser2net.yaml"
        self._config.write_text(SER2NET.format(port=self.port, device=device))

    @property
    def address(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it; it is killed at the end, and the connections with it."""
        program = shutil.which("ser2net", path=f"{os.environ['PATH']}:/usr/sbin") or "ser2net"
        process = await asyncio.create_subprocess_exec(
            program, "-n", "-u", "-c", str(self._config), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.kill()
            await process.wait()


@asynccontextmanager
async def distant_modem(folder: Path, **options: object) -> AsyncIterator[tuple[VirtualModems, Ser2net, Config]]:
    async with VirtualModems(folder / "modems", 1, **options) as virtual:  # type: ignore[arg-type]
        ser2net = Ser2net(folder, virtual.paths[0])
        config = configure(folder, [], uncertain_after_s=60)
        yield virtual, ser2net, replace(config, modems=(ModemConfig(name="distant", port=ser2net.address),))


def sent(virtual: VirtualModems) -> Counter[str]:
    return Counter(message.text for message in virtual.network.messages)


async def test_messages_go_out_and_come_in_through_ser2net(tmp_path: Path) -> None:
    async with distant_modem(tmp_path) as (virtual, ser2net, config), ser2net.running():
        async with running(config, virtual, IMPATIENT) as w:
            await w.all_ready()
            ids = [await w.send(f"Длинное сообщение {number}, не в одну часть. " * 3) for number in range(5)]
            for id in ids:
                await w.reaches(id, 4)
            virtual.incoming(0, "+12025550123", "hello")

            async def stored() -> bool:
                return bool(await w.gateway._db.read("SELECT 1 FROM inbound_parts"))

            await until(stored, "the incoming message stored")
        assert set(sent(virtual).values()) == {1}


async def test_a_ser2net_that_is_restarted_is_reached_again_and_the_queue_goes_on(tmp_path: Path) -> None:
    async with distant_modem(tmp_path) as (virtual, ser2net, config), running(config, virtual, IMPATIENT) as w:
        waiting = []
        for round in range(3):
            async with ser2net.running():
                await w.all_ready()
                for id in waiting:
                    await w.reaches(id, 4)
                await w.reaches(await w.send(f"during {round}"), 4)
            await until(lambda: _is_asked_after(w), "ser2net asked after on the board")
            waiting = [await w.send(f"after {round}")]
        async with ser2net.running():
            await w.reaches(waiting[0], 4)
        assert set(sent(virtual).values()) == {1}
        assert len(sent(virtual)) == 6


async def test_a_message_that_was_on_the_wire_when_ser2net_died_is_sent_once(tmp_path: Path) -> None:
    slow = (Rule(network_time=1.0),)
    async with (
        distant_modem(tmp_path, rules=slow) as (virtual, ser2net, config),
        running(config, virtual, IMPATIENT) as w,
    ):
        async with ser2net.running():
            await w.all_ready()
            id = await w.send("once")
            await until(lambda: _is_submitted(virtual), "the message on the wire")
        async with ser2net.running():
            await w.reaches(id, 4)
        assert sent(virtual) == {"once": 1}


async def _is_asked_after(w: World) -> bool:
    return "is ser2net running there?" in str((await w.devices())[0]["error"])


async def _is_submitted(virtual: VirtualModems) -> bool:
    return virtual.modems[0].terminal.mode.value == "busy"


async def test_a_modem_that_is_unplugged_behind_ser2net_is_back_once_it_is_plugged_in(tmp_path: Path) -> None:
    async with distant_modem(tmp_path) as (virtual, ser2net, config), ser2net.running():
        async with running(config, virtual, IMPATIENT) as w:
            await w.all_ready()
            virtual.fault(0, "unplug")
            await w.device_in_state("offline")
            id = await w.send("meanwhile")
            virtual.fault(0, "replug")
            await w.reaches(id, 4)
        assert sent(virtual) == {"meanwhile": 1}
