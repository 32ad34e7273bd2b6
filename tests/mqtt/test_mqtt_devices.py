"""The states of devices are told when they change, and all of them to whoever is new."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from smsgw.gateway import Gateway
from smsgw.model import DeviceState, LiveModem, SendRequest
from smsgw.mqtt.connection import Connection, Heard
from smsgw.mqtt.devices import DeviceWatch
from smsgw.mqtt.discovery import Discovery
from smsgw.mqtt.pace import Pace
from smsgw.mqtt.topics import Topics
from support import Clock
from world import until

TOPICS = Topics(prefix="smsgw", discovery="homeassistant")
BRISK = Pace(look_s=0.02, calm_s=0.0)
SIM = "8944000000000000001"


class Modems:
    """Modems whose state is set by hand."""

    def __init__(self) -> None:
        self.shown = LiveModem(state=DeviceState.READY, signal_dbm=-71, operator="Operator A", registration="home")
        self.looks = 0

    def live(self, device_id: str) -> LiveModem:
        self.looks += 1
        return self.shown


class Wire(Connection):
    """The far end of a connection: keeps what is retained, as a broker does, and counts."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.published: list[str] = []

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        assert retain
        self.published.append(topic)
        self.kept[topic] = payload
        if not payload:
            del self.kept[topic]

    def state(self, device: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.kept[TOPICS.state(device)])
        return state


@asynccontextmanager
async def watching(gateway: Gateway, clock: Clock, modems: Modems, wire: Wire) -> AsyncIterator[DeviceWatch]:
    watch = DeviceWatch(gateway, modems, clock, TOPICS, Discovery(TOPICS, "smsgw-x", "1"), BRISK)
    task = asyncio.create_task(watch.run(wire))
    await looked(modems)
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def looked(modems: Modems) -> None:
    """Wait until everything has been looked at from begin to end."""
    before = modems.looks

    async def has() -> bool:
        return modems.looks >= before + 6

    await until(has, "some looks")


async def test_a_state_is_told_once_until_it_changes(gateway: Gateway, clock: Clock) -> None:
    modems, wire = Modems(), Wire()
    async with watching(gateway, clock, modems, wire):
        north, south = [device.id for device in await gateway.devices.listed()]
        first = len(wire.published)
        assert wire.state(north) == {
            "state": "ready",
            "signal_dbm": -71,
            "operator": "Operator A",
            "registration": "home",
            "error": None,
            "waits_until": None,
            "last_success": None,
        }
        await looked(modems)
        assert len(wire.published) == first == 2 * (4 + 1)
        modems.shown = LiveModem(state=DeviceState.OFFLINE, error="unplugged")
        await looked(modems)
        assert wire.published[first:] == [TOPICS.state(north), TOPICS.state(south)]
        assert (wire.state(north)["state"], wire.state(north)["error"]) == ("offline", "unplugged")


async def test_the_last_success_is_when_the_network_last_took_something(gateway: Gateway, clock: Clock) -> None:
    modems, wire = Modems(), Wire()
    north, south = [device.id for device in await gateway.devices.listed()]
    await gateway.devices.sim_seen(north, SIM, None, 1)
    for reference in (1, 2):
        clock.advance(60)
        await gateway.submission.submit(SendRequest(text="x", phone_number="79991234567"), None)
        claimed = await gateway.sending.claim(north, SIM, 1)
        assert claimed is not None
        await gateway.sending.accepted(claimed.parts[0].row, SIM, reference)
    async with watching(gateway, clock, modems, wire):
        assert wire.state(north)["last_success"] == "2026-03-01T12:02:00.000Z"
        assert wire.state(south)["last_success"] is None


async def test_who_is_new_is_told_everything_again(gateway: Gateway, clock: Clock) -> None:
    modems, wire = Modems(), Wire()
    async with watching(gateway, clock, modems, wire) as watch:
        first = list(wire.published)
        watch.begin_anew()
        await looked(modems)
        assert sorted(wire.published) == sorted(first * 2)


async def test_of_a_deleted_device_nothing_is_left(gateway: Gateway, clock: Clock) -> None:
    modems, wire = Modems(), Wire()
    async with watching(gateway, clock, modems, wire):
        north, south = [device.id for device in await gateway.devices.listed()]
        await gateway.devices.delete(north)
        await looked(modems)
        await looked(modems)
    assert not [topic for topic in wire.kept if north in topic]
    assert len([topic for topic in wire.kept if south in topic]) == 5


async def test_only_what_is_kept_of_strangers_is_removed(gateway: Gateway, clock: Clock) -> None:
    modems, wire = Modems(), Wire()
    watch = DeviceWatch(gateway, modems, clock, TOPICS, None, BRISK)
    (north, _) = [device.id for device in await gateway.devices.listed()]

    async def hear(topic: str, payload: bytes = b"{}", *, is_retained: bool = True) -> None:
        heard = Heard(topic=topic, payload=payload, qos=0, mid=0, is_retained=is_retained, is_again=False)
        wire.kept[topic] = payload
        await watch.found(wire, heard)

    await hear(TOPICS.state(north))
    await hear(TOPICS.state("stranger"), is_retained=False)
    await hear(TOPICS.state("stranger"), b"")
    await hear("smsgw/other")
    assert wire.published == []
    await hear(TOPICS.state("stranger"))
    assert wire.published == [TOPICS.state("stranger")]
