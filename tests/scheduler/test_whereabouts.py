"""What is made of the place where a modem was met last: a USB bus of files, ptys on it, and a real database."""

import os
import tty
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simmodem import EC25, UsbBus
from smsgw.config import Config, ModemConfig
from smsgw.gateway import Gateway
from smsgw.modem import revival
from smsgw.modem.finder import Finder, ModemMissing
from smsgw.modem.link import Silent
from smsgw.modem.pace import Pace
from smsgw.scheduler.whereabouts import Whereabouts
from support import Clock, open_gateway

NORTH, SOUTH = "490154203237518", "356938035643809"
ANYWHERE = ModemConfig(name="north", imei=NORTH, power_hub="1-1", power_port=4)
PLACED = ModemConfig(name="north", port="/dev/north", imei=NORTH, power_hub="1-1", power_port=4)


@pytest.fixture
def mute() -> Iterator[str]:
    """A port where nobody answers."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def bus(tmp_path: Path) -> UsbBus:
    return UsbBus(tmp_path / "root")


@pytest.fixture
def finder(bus: UsbBus) -> Finder:
    return Finder(Pace.hurried(0.01), root=bus.root)


@pytest.fixture
async def gateway(config: Config, clock: Clock) -> AsyncIterator[Gateway]:
    async with open_gateway(replace(config, modems=(ANYWHERE,)), clock) as opened:
        yield opened


async def whereabouts(gateway: Gateway, finder: Finder, config: ModemConfig = ANYWHERE) -> Whereabouts:
    return Whereabouts((await gateway.devices.listed())[0].id, config, gateway.devices, finder)


async def was_met(gateway: Gateway, finder: Finder, bus: UsbBus) -> Whereabouts:
    """Let the modem be met in the socket 1-1.4, and vanish."""
    bus.plug("1-1.4", EC25, {})
    where = await whereabouts(gateway, finder)
    await where.met(str(bus.path("1-1.4", 2)), NORTH)
    await gateway.devices.seen((await gateway.devices.listed())[0].id, NORTH)
    bus.unplug("1-1.4")
    return where


async def look(finder: Finder) -> None:
    with pytest.raises(ModemMissing):
        await finder.find(NORTH)


async def told(where: Whereabouts, answered_at: str | None = None) -> str:
    """Let it fall silent, perhaps after it has answered; returns what is said of that."""
    try:
        with where.telling():
            if answered_at is not None:
                await where.met(answered_at, NORTH)
            raise Silent("nothing")
    except Silent as silence:
        return str(silence)


async def test_who_is_mute_where_the_modem_was_met_is_taken_for_it(
    gateway: Gateway, finder: Finder, bus: UsbBus, mute: str
) -> None:
    where = await was_met(gateway, finder, bus)
    assert await where.port_of_mute() is None
    bus.plug("1-1.4", EC25, {2: mute}, number=8)
    await look(finder)
    assert await where.port_of_mute() == str(bus.path("1-1.4", 2))


async def test_who_is_mute_elsewhere_is_not(gateway: Gateway, finder: Finder, bus: UsbBus, mute: str) -> None:
    where = await was_met(gateway, finder, bus)
    bus.plug("1-1.3", EC25, {2: mute})
    await look(finder)
    assert await where.port_of_mute() is None


async def test_who_answers_there_is_not_and_the_place_is_his(gateway: Gateway, finder: Finder, bus: UsbBus) -> None:
    where = await was_met(gateway, finder, bus)
    bus.plug("1-1.4", EC25, {})
    await finder.met(str(bus.path("1-1.4", 2)), SOUTH)
    assert await where.port_of_mute() is None
    assert (await gateway.devices.listed())[0].place is None


async def test_the_place_of_another_modem_that_had_the_name_is_of_no_use(
    gateway: Gateway, finder: Finder, bus: UsbBus, mute: str
) -> None:
    await was_met(gateway, finder, bus)
    bus.plug("1-1.4", EC25, {2: mute})
    await look(finder)
    renamed = await whereabouts(gateway, finder, replace(ANYWHERE, imei=SOUTH))
    assert await renamed.port_of_mute() is None


async def test_a_device_that_was_deleted_is_nowhere(gateway: Gateway, finder: Finder, bus: UsbBus, mute: str) -> None:
    where = await was_met(gateway, finder, bus)
    bus.plug("1-1.4", EC25, {2: mute})
    await look(finder)
    await gateway.devices.delete((await gateway.devices.listed())[0].id)
    assert await where.port_of_mute() is None


async def test_only_silence_where_the_modem_must_be_is_told_as_its_own(
    gateway: Gateway, finder: Finder, bus: UsbBus, mute: str
) -> None:
    where = await was_met(gateway, finder, bus)
    bus.plug("1-1.4", EC25, {2: mute})
    await look(finder)
    await where.port_of_mute()
    assert await told(where) == "a modem is plugged in at 1-1.4, where it was last met, but does not answer: nothing"
    assert await told(where) == "nothing"
    port = await where.port_of_mute()
    assert await told(where, answered_at=port) == "nothing"


async def test_a_modem_that_is_known_by_its_imei_has_its_power_from_its_outlet_only_while_it_is_there(
    gateway: Gateway, finder: Finder, bus: UsbBus
) -> None:
    where = await whereabouts(gateway, finder)
    bus.plug("1-1.4", EC25, {})
    bus.plug("1-1.3", EC25, {})
    bus.plug("1-1.4.1", EC25, {})
    assert await where.away_from_outlet(str(bus.path("1-1.4", 2))) == ""
    assert await where.away_from_outlet(str(bus.path("1-1.3", 2))) == (
        "it is at 1-1.3, and port 4 of hub 1-1 is that of 1-1.4"
    )
    assert "it is at 1-1.4.1," in await where.away_from_outlet(str(bus.path("1-1.4.1", 2)))
    assert "it is at /dev/ttyUSB99," in await where.away_from_outlet("/dev/ttyUSB99")


async def test_one_that_has_a_port_has_it_also_while_it_is_at_its_other_port(
    gateway: Gateway, finder: Finder, bus: UsbBus
) -> None:
    bus.plug("1-1.4", EC25, {})
    bus.plug("1-1.3", EC25, {})
    where = await whereabouts(gateway, finder, replace(PLACED, port=str(bus.path("1-1.4", 2))))
    assert await where.away_from_outlet(str(bus.path("1-1.4", 3))) == ""
    assert "it is at" in await where.away_from_outlet(str(bus.path("1-1.3", 2)))


# ── its USB device ──


async def test_after_a_reset_it_is_looked_for_under_its_new_name_although_the_bus_has_the_same_number_for_it(
    gateway: Gateway, finder: Finder, bus: UsbBus, mute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.plug("1-1.4", EC25, {2: mute})
    before, nodes = str(bus.path("1-1.4", 2)), list[str]()

    async def reset(node: str, limit_s: float) -> None:
        again = bus.number_of("1-1.4")
        bus.unplug("1-1.4")
        bus.plug("1-1.4", EC25, {2: mute}, number=8, again=again)
        nodes.append(node)

    monkeypatch.setattr(revival, "reset_usb", reset)
    where = await whereabouts(gateway, finder)
    await where.met(before, NORTH)
    await gateway.devices.seen((await gateway.devices.listed())[0].id, NORTH)
    assert await finder.find(NORTH) == before
    await where.reset_usb(before, 1.0)
    assert nodes == [str(bus.root / "dev/bus/usb/001/001")]
    with pytest.raises(ModemMissing, match="seen: none"):
        await finder.find(NORTH)
    assert await where.port_of_mute() == str(bus.path("1-1.4", 2)) != before


async def test_a_device_that_somebody_has_come_to_since_is_not_reset(
    gateway: Gateway, finder: Finder, bus: UsbBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(node: str, limit_s: float) -> None:
        raise AssertionError(node)

    monkeypatch.setattr(revival, "reset_usb", never)
    bus.plug("1-1.4", EC25, {})
    where = await whereabouts(gateway, finder)
    async with finder.hold(str(bus.path("1-1.4", 3)), "south"):
        with pytest.raises(revival.ResetFailure, match="south is at the same USB device"):
            await where.reset_usb(str(bus.path("1-1.4", 2)), 1.0)
