"""Modems that have fallen silent: their other ports, and who is where they were met last."""

import asyncio
import os
from dataclasses import replace

import pytest
from scripted_peer import Peer, until
from usb_desk import NORTH, POOL, SOUTH, STRANGE, Desk, missing

from simmodem import EC25, Stick
from smsgw.model import UsbPlace
from smsgw.modem.finder import Finder, Occupant
from smsgw.modem.port import PortError

PLACE = UsbPlace(socket="1-1.1", make="2c7c:0125:", interface=2)


def two_ports(desk: Desk, at_first: Peer, at_second: Peer, stick: Stick = EC25) -> tuple[str, str]:
    """Plug in a stick that may answer at two ports, and return them."""
    desk.bus.plug("1-1.1", stick, {2: at_first.address, 3: at_second.address})
    return str(desk.bus.path("1-1.1", 2)), str(desk.bus.path("1-1.1", 3))


def usual(desk: Desk) -> str:
    return str(desk.bus.path("1-1.1", 2))


async def spare(finder: Finder, port: str, *, is_sought: bool = False) -> frozenset[str]:
    return await finder.spare_ports(port, "north", is_sought=is_sought)


async def test_the_other_ports_of_a_modem_are_those_that_may_take_commands(desk: Desk) -> None:
    first, second = two_ports(desk, desk.peer(), desk.peer())
    finder = desk.finder()
    assert await spare(finder, first) == {second}
    assert await spare(finder, second) == {first}
    by_path = str(desk.bus.root / "dev/serial/by-path/platform-3f980000.usb-usb-0:1.1:1.2-port0")
    assert await spare(finder, by_path) == {second}


@pytest.mark.parametrize("port", ["socket://127.0.0.1:4000", "/dev/ttyAMA0", "/dev/null"])
async def test_what_is_not_on_usb_has_no_other_port(desk: Desk, port: str) -> None:
    two_ports(desk, desk.peer(), desk.peer())
    assert await spare(desk.finder(), port, is_sought=True) == frozenset()


async def test_each_port_of_a_converter_is_a_device_of_its_own(desk: Desk) -> None:
    desk.plug("1-1.1", POOL, desk.peer(), desk.peer(NORTH))
    assert await spare(desk.finder(), str(desk.bus.path("1-1.1", 0)), is_sought=True) == frozenset()


async def test_the_ports_of_an_unknown_device_are_tried_for_a_modem_only_that_is_sought(desk: Desk) -> None:
    desk.plug("1-1.1", STRANGE, desk.peer(), desk.peer(NORTH))
    finder, first = desk.finder(), str(desk.bus.path("1-1.1", 0))
    assert await spare(finder, first) == frozenset()
    assert await spare(finder, first, is_sought=True) == {str(desk.bus.path("1-1.1", 1))}


async def test_a_port_that_another_modem_has_or_should_have_is_not_spare(desk: Desk) -> None:
    first, second = two_ports(desk, desk.peer(), desk.peer())
    by_path = str(desk.bus.root / "dev/serial/by-path/platform-3f980000.usb-usb-0:1.1:1.3-port0")
    assert await spare(desk.finder(owners={first: "north", by_path: "south"}), first) == frozenset()
    finder = desk.finder(owners={by_path: "north"})
    assert await spare(finder, first) == {second}
    async with finder.hold(second, "south"):
        assert await spare(finder, first) == frozenset()


async def test_where_it_answers_at_its_other_port_that_one_is_used_from_now_on(desk: Desk) -> None:
    silent = desk.peer()
    first, second = two_ports(desk, silent, desk.peer(NORTH))
    finder = desk.finder()
    assert await finder.stand_in(first) == first
    assert await finder.turn_aside({second}, "north", NORTH)
    assert silent.commands == []
    assert [await finder.stand_in(port) for port in (first, second)] == [second, second]
    assert await finder.find(NORTH) == second
    assert await finder.stand_in("/dev/ttyAMA0") == "/dev/ttyAMA0"


async def test_a_modem_that_was_plugged_in_anew_is_called_at_its_usual_port(desk: Desk) -> None:
    peers = desk.peer(NORTH), desk.peer(NORTH)
    first, second = two_ports(desk, *peers)
    finder = desk.finder()
    await finder.turn_aside({second}, "north", None)
    desk.bus.unplug("1-1.1")
    two_ports(desk, *peers)
    assert await finder.stand_in(first) == first
    assert finder._stand_ins == {}


@pytest.mark.parametrize("answers", [SOUTH, None])
async def test_silence_and_the_answer_of_another_modem_change_nothing(desk: Desk, answers: str | None) -> None:
    first, second = two_ports(desk, desk.peer(), desk.peer(answers))
    finder = desk.finder()
    assert not await finder.turn_aside({second}, "north", NORTH)
    assert await finder.stand_in(first) == first


async def test_a_modem_that_is_silent_at_either_port_is_called_at_its_usual_one_again(desk: Desk) -> None:
    other = desk.peer(NORTH)
    first, second = two_ports(desk, desk.peer(), other)
    finder = desk.finder()
    await finder.turn_aside({second}, "north", NORTH)
    other.answers["AT"] = ""
    assert not await finder.turn_aside({first}, "north", NORTH)
    assert await finder.stand_in(first) == first


async def test_while_the_other_port_is_asked_it_is_nobody_elses(desk: Desk) -> None:
    _, second = two_ports(desk, desk.peer(), desk.peer())
    finder = desk.finder()
    asking = asyncio.create_task(finder.turn_aside({second}, "north", NORTH))
    await until(lambda: os.path.realpath(second) in finder._held)
    with pytest.raises(PortError, match="north"):
        async with finder.hold(second, "south"):
            pytest.fail("it was held")
    await asking
    async with finder.hold(second, "south"):
        pass


async def test_a_port_that_has_to_be_told_to_tell_the_news_is(desk: Desk) -> None:
    first, second = two_ports(desk, desk.peer(), desk.peer())
    finder = desk.finder()
    assert await finder.news_commands(first) == ()
    assert await finder.news_commands(second) == ('AT+QURCCFG="urcport","usbmodem"',)
    assert await finder.news_commands("socket://127.0.0.1:4000") == ()


async def test_where_a_modem_was_met_is_told_but_for_what_may_be_anywhere(desk: Desk) -> None:
    desk.modem("1-1.1", NORTH)
    desk.plug("1-1.2", POOL, desk.peer(SOUTH))
    finder = desk.finder()
    assert await finder.met(str(desk.bus.path("1-1.1", 2)), NORTH) == PLACE
    assert await finder.met(str(desk.bus.path("1-1.1", 2)), None) is None
    assert await finder.met(str(desk.bus.path("1-1.2", 0)), SOUTH) is None
    assert await finder.met("socket://127.0.0.1:4000", NORTH) is None
    assert await finder.socket_of(str(desk.bus.path("1-1.2", 1))) == "1-1.2"
    assert await finder.socket_of("/dev/ttyAMA0") == ""


async def test_a_modem_that_was_asked_in_vain_is_silent(desk: Desk) -> None:
    desk.plug("1-1.1", EC25, None, None, desk.peer())
    finder = desk.finder()
    assert await finder.who_is_at(PLACE, "north") == Occupant(port=usual(desk), imei=None, is_silent=False)
    await missing(finder, NORTH)
    assert await finder.who_is_at(PLACE, "north") == Occupant(port=usual(desk), imei=None, is_silent=True)


async def test_one_that_answered_anywhere_or_cannot_be_opened_is_not(desk: Desk) -> None:
    two_ports(desk, desk.peer(), desk.peer(SOUTH))
    desk.bus.plug("1-1.2", EC25, {})
    finder = desk.finder()
    await missing(finder, NORTH)
    assert await finder.who_is_at(PLACE, "north") == Occupant(port=usual(desk), imei=SOUTH, is_silent=False)
    absent = await finder.who_is_at(replace(PLACE, socket="1-1.2"), "north")
    assert absent is not None
    assert not absent.is_silent


@pytest.mark.parametrize(
    "stick",
    [replace(EC25, product="0121"), replace(EC25, serial="7"), replace(EC25, interfaces=(3,))],
    ids=["product", "serial number", "interface"],
)
async def test_a_device_of_another_make_is_nobody(desk: Desk, stick: Stick) -> None:
    desk.plug("1-1.1", stick)
    finder = desk.finder()
    await missing(finder, NORTH)
    assert await finder.who_is_at(PLACE, "north") is None


async def test_neither_is_one_that_another_modem_has_or_should_have(desk: Desk) -> None:
    desk.plug("1-1.1", EC25, None, None, desk.peer())
    port, owned = usual(desk), desk.finder(owners={usual(desk): "south"})
    assert await owned.who_is_at(PLACE, "north") is None
    assert await owned.who_is_at(PLACE, "south") is not None
    finder = desk.finder()
    async with finder.hold(port, "south"):
        assert await finder.who_is_at(PLACE, "north") is None


async def test_two_ports_of_one_device_are_known_as_such(desk: Desk) -> None:
    first, second = two_ports(desk, desk.peer(), desk.peer())
    desk.bus.plug("1-1.2", EC25, {})
    finder = desk.finder()
    assert await finder.is_one_device(first, second)
    assert not await finder.is_one_device(first, str(desk.bus.path("1-1.2", 2)))
    assert await finder.is_one_device("socket://127.0.0.1:4000", "socket://127.0.0.1:4000")
    assert not await finder.is_one_device("socket://127.0.0.1:4000", first)
