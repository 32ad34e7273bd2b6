"""Looking for modems by their IMEI: real ptys on a USB bus of files, each with somebody at its far end."""

import asyncio
import fcntl
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from scripted_peer import framed, until
from usb_desk import NOBODY, NORTH, POOL, SOUTH, STRANGE, Desk, missing

from simmodem import EC25
from smsgw.modem.finder import Finder
from smsgw.modem.port import PortError
from smsgw.modem.revival import ResetFailure


async def test_a_modem_is_found_by_its_imei_whatever_its_port_is_called(desk: Desk) -> None:
    desk.modem("1-1.1", SOUTH)
    desk.modem("1-1.2", NORTH)
    assert await desk.finder().find(NORTH) == str(desk.bus.path("1-1.2", 2))


async def test_an_imei_that_ends_with_the_software_version_is_the_same_modem(desk: Desk) -> None:
    desk.modem("1-1.1", NORTH[:14] + "01")
    assert await desk.finder().find(NORTH) == str(desk.bus.path("1-1.1", 2))


async def test_nothing_but_who_it_is_is_asked_and_only_once(desk: Desk) -> None:
    north, south = desk.modem("1-1.1", NORTH), desk.modem("1-1.2", SOUTH)
    finder = desk.finder(patient=False)
    for imei in (NORTH, SOUTH, NORTH):
        await finder.find(imei)
    for _ in range(3):
        await missing(finder)
    assert north.commands == south.commands == ["AT", "AT+CGSN"]


async def test_who_is_missing_is_said_together_with_who_is_there(desk: Desk) -> None:
    finder = desk.finder()
    assert await missing(finder) == f"no modem with the IMEI {NOBODY} is plugged in; seen: none"
    desk.modem("1-1.1", NORTH)
    told = await missing(finder)
    assert told == f"no modem with the IMEI {NOBODY} is plugged in; seen: {NORTH} at {desk.bus.path('1-1.1', 2)}"


async def test_a_modem_that_returns_in_another_socket_under_another_name_is_found_there(desk: Desk) -> None:
    finder = desk.finder()
    peer = desk.modem("1-1.1", NORTH)
    before = await finder.find(NORTH)
    desk.bus.unplug("1-1.1")
    assert "seen: none" in await missing(finder, NORTH)
    desk.bus.plug("1-1.2", EC25, {2: peer.address}, number=8)
    after = await finder.find(NORTH)
    assert (Path(before).name, Path(after).name) == ("ttyUSB2", "ttyUSB10")


async def test_after_another_stick_was_plugged_into_the_socket_nobody_believes_what_the_first_one_said(
    desk: Desk,
) -> None:
    finder = desk.finder()
    desk.modem("1-1.1", NORTH)
    await finder.find(NORTH)
    desk.bus.unplug("1-1.1")
    desk.modem("1-1.1", SOUTH)
    assert SOUTH in await missing(finder, NORTH)
    assert await finder.find(SOUTH) == str(desk.bus.path("1-1.1", 2))
    assert len(finder._sightings) == 1


async def test_those_who_look_at_the_same_time_never_ask_a_port_twice(desk: Desk) -> None:
    peers = [desk.modem("1-1.1", NORTH), desk.modem("1-1.2", SOUTH)]
    finder = desk.finder(patient=False)
    found = await asyncio.gather(finder.find(NORTH), finder.find(SOUTH), missing(finder))
    assert found[:2] == [str(desk.bus.path("1-1.1", 2)), str(desk.bus.path("1-1.2", 2))]
    assert [peer.commands for peer in peers] == [["AT", "AT+CGSN"]] * 2


async def test_diagnostics_and_positions_are_never_written_to(desk: Desk) -> None:
    peers = [desk.peer(), desk.peer(), desk.peer(NORTH), desk.peer()]
    desk.plug("1-1.1", EC25, *peers)
    await missing(desk.finder(patient=False))
    assert [peer.commands for peer in peers] == [[], [], ["AT", "AT+CGSN"], []]


async def test_the_second_port_is_asked_when_the_best_one_does_not_answer(desk: Desk) -> None:
    peers = [None, None, desk.peer(), desk.peer(NORTH)]
    desk.plug("1-1.1", EC25, *peers)
    assert await desk.finder().find(NORTH) == str(desk.bus.path("1-1.1", 3))


@pytest.mark.parametrize("noise", ["$GPGGA,092725.00,4717.11\r\n", b"\x7e\x01\x80\xff\xc3\x99\x7e" * 8])
async def test_a_port_that_prints_positions_or_binary_data_is_listened_to_once_and_never_written_to(
    desk: Desk, noise: str | bytes
) -> None:
    noisy, modem = desk.peer(), desk.peer(NORTH)
    desk.plug("1-1.1", STRANGE, noisy, modem)
    noisy.write(noise)
    finder = desk.finder(patient=False)
    assert await finder.find(NORTH) == str(desk.bus.path("1-1.1", 1))
    assert (noisy.commands, noisy.escapes) == ([], 0)


async def test_a_port_that_answers_with_binary_data_is_not_asked_again(desk: Desk) -> None:
    noisy = desk.peer()
    noisy.answers["AT"] = b"\x7e\x13\x80\xff\xc3\x99\x7e"
    desk.plug("1-1.1", STRANGE, noisy)
    finder = desk.finder(patient=False)
    await missing(finder)
    asked = len(noisy.commands)
    for _ in range(3):
        await missing(finder)
    assert 0 < len(noisy.commands) == asked <= 2


async def test_a_device_nobody_knows_that_answers_to_nothing_is_given_up(desk: Desk) -> None:
    mute = desk.peer()
    desk.plug("1-1.1", STRANGE, mute)
    finder = desk.finder(patient=False)
    for _ in range(8):
        assert "nothing came back" in await missing(finder)
    assert len(mute.commands) == 10
    desk.bus.unplug("1-1.1")
    desk.plug("1-1.1", STRANGE, mute)
    await missing(finder)
    assert len(mute.commands) == 12


async def test_a_modem_that_is_still_starting_is_asked_again(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    peer.answers["AT"] = ""
    finder = desk.finder(patient=False)
    assert "does not answer" in await missing(finder, NORTH)
    peer.answers["AT"] = framed("OK")
    assert await finder.find(NORTH) == str(desk.bus.path("1-1.1", 2))


async def test_but_not_before_it_has_had_its_time(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    peer.answers["AT"] = ""
    finder = desk.finder()
    await missing(finder)
    asked = len(peer.commands)
    await missing(finder)
    assert len(peer.commands) == asked > 0


async def test_each_modem_behind_a_converter_is_found(desk: Desk) -> None:
    desk.plug("1-1.1", POOL, desk.peer(NORTH), desk.peer(SOUTH))
    finder = desk.finder()
    assert await finder.find(SOUTH) == str(desk.bus.path("1-1.1", 1))
    assert await finder.find(NORTH) == str(desk.bus.path("1-1.1", 0))


# ── what others use ──


async def test_a_device_that_is_held_for_a_modem_is_not_asked(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    finder = desk.finder(patient=False)
    async with finder.hold(str(desk.bus.path("1-1.1", 2)), "south"):
        assert "seen: none" in await missing(finder, NORTH)
    assert peer.commands == []
    await finder.find(NORTH)


async def test_a_port_that_the_configuration_gives_to_a_modem_is_left_to_it_by_whatever_name(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    by_path = desk.bus.root / "dev/serial/by-path/platform-3f980000.usb-usb-0:1.1:1.2-port0"
    await missing(desk.finder(str(by_path), patient=False), NORTH)
    assert peer.commands == []


async def test_two_modems_never_hold_one_port_and_the_second_is_told_who_has_it(desk: Desk) -> None:
    desk.modem("1-1.1", NORTH)
    finder = desk.finder()
    by_id = str(desk.bus.root / "dev/serial/by-id/usb-Quectel_EC25-if02-port0")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(finder.hold(str(desk.bus.path("1-1.1", 2)), "north"))
        with pytest.raises(PortError, match="north"):
            await stack.enter_async_context(finder.hold(by_id, "south"))
    async with finder.hold(by_id, "south"):
        pass


async def test_who_wants_to_hold_a_port_that_is_being_asked_waits_for_the_answer(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    finder = desk.finder()
    searching = asyncio.create_task(finder.find(NORTH))
    await until(lambda: peer.commands)
    async with finder.hold(str(desk.bus.path("1-1.1", 2)), "north"):
        assert peer.commands == ["AT", "AT+CGSN"]
    await searching


async def test_who_takes_a_port_in_the_moment_before_it_is_asked_holds_nobody_up(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    finder = desk.finder()
    asking = asyncio.create_task(finder._ask_around(await finder._look(), 115200))
    await asyncio.sleep(0)
    async with finder.hold(str(desk.bus.path("1-1.1", 2)), "north"):
        await asyncio.wait_for(asking, 5)
    assert peer.commands == []


async def test_a_port_that_another_program_has_locked_is_left_alone_and_named(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    lock = desk.bus.root / "var/lock/LCK..ttyUSB2"
    lock.parent.mkdir(parents=True)
    lock.write_text(f"{os.getppid():10d}\n")
    finder = desk.finder(patient=False)
    with structlog.testing.capture_logs() as log:
        for _ in range(3):
            told = await missing(finder, NORTH)
            assert "ttyUSB2: in use by" in told
            assert f"({os.getppid()})" in told
    assert peer.commands == []
    assert [line["event"] for line in log] == ["a port is left alone"]
    lock.unlink()
    assert await finder.find(NORTH) == str(desk.bus.path("1-1.1", 2))


async def test_a_port_that_somebody_unseen_has_locked_is_left_alone_and_so_is_its_neighbour(desk: Desk) -> None:
    peers = [None, None, desk.peer(NORTH), desk.peer(NORTH)]
    desk.plug("1-1.1", EC25, *peers)
    taken = os.open(desk.bus.path("1-1.1", 2), os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(taken, fcntl.LOCK_EX)
    told = await missing(desk.finder(patient=False), NORTH)
    os.close(taken)
    assert "ttyUSB2: in use" in told
    assert [peer.commands for peer in peers if peer is not None] == [[], []]


async def test_what_a_modem_said_when_it_was_opened_is_known_to_those_who_look(desk: Desk) -> None:
    peer = desk.modem("1-1.1", NORTH)
    finder = desk.finder()
    await finder.met(str(desk.bus.path("1-1.1", 2)), SOUTH)
    assert await finder.find(SOUTH) == str(desk.bus.path("1-1.1", 2))
    assert peer.commands == []


# ── what a port has in common with others ──


async def refused(finder: Finder, port: str, modem: str = "north") -> str:
    with pytest.raises(ResetFailure) as told:
        await finder.device_of(port, modem)
    return str(told.value)


async def test_a_modem_has_its_usb_device_for_itself_whatever_its_other_ports_are_for(desk: Desk) -> None:
    desk.modem("1-1.1", NORTH)
    finder = desk.finder(owners={str(desk.bus.path("1-1.1", 2)): "north"})
    await finder.find(NORTH)
    assert (await finder.device_of(str(desk.bus.path("1-1.1", 3)), "north")).socket == "1-1.1"


async def test_the_usb_device_of_another_modem_is_not_its_own(desk: Desk) -> None:
    desk.bus.plug("1-1.1", POOL, {})
    mine, other = (str(desk.bus.path("1-1.1", interface)) for interface in POOL.interfaces)
    assert await refused(desk.finder(owners={mine: "north", other: "south"}), mine) == (
        "south is at the same USB device"
    )
    finder = desk.finder(owners={mine: "north"})
    async with finder.hold(other, "south"):
        assert await refused(finder, mine) == "south is at the same USB device"
    assert (await finder.device_of(mine, "north")).socket == "1-1.1"


async def test_the_lines_of_one_module_have_its_usb_device_together(desk: Desk) -> None:
    desk.bus.plug("1-1.1", POOL, {})
    mine, other = (str(desk.bus.path("1-1.1", interface)) for interface in POOL.interfaces)
    finder = desk.finder(owners={mine: "box/1", other: "box/2"})
    async with finder.hold(other, "box/2"):
        assert (await finder.device_of(mine, "box/1")).socket == "1-1.1"


async def test_whoever_answers_behind_a_converter_is_somebody_else(desk: Desk) -> None:
    desk.plug("1-1.1", POOL, desk.peer(NORTH), desk.peer(SOUTH))
    finder = desk.finder()
    await finder.find(SOUTH)
    assert await refused(finder, str(desk.bus.path("1-1.1", 0))) == f"the modem {SOUTH} is at the same USB device"


async def test_another_program_at_the_same_usb_device_is_not_cut_off(desk: Desk) -> None:
    desk.bus.plug("1-1.1", POOL, {})
    lock = desk.bus.root / "var/lock/LCK..ttyUSB1"
    lock.parent.mkdir(parents=True)
    lock.write_text(f"{os.getppid():>10}\n")
    assert f"({os.getppid()}) is at the same USB device" in await refused(desk.finder(), str(desk.bus.path("1-1.1", 0)))


@pytest.mark.parametrize("port", ["socket://127.0.0.1:4000", "/dev/ttyAMA0"])
async def test_what_is_not_on_usb_has_no_usb_device(desk: Desk, port: str) -> None:
    desk.modem("1-1.1", NORTH)
    assert await refused(desk.finder(), port) == "its port is not on USB"


# ── what may go wrong with a port ──


async def test_a_name_that_two_sticks_share_is_warned_of_with_one_that_they_do_not(desk: Desk) -> None:
    desk.modem("1-1.1", NORTH)
    by_id = str(desk.bus.root / "dev/serial/by-id/usb-Quectel_EC25-if02-port0")
    finder = desk.finder()
    assert await finder.warnings(by_id) == []
    desk.modem("1-1.2", SOUTH)
    (warning,) = await finder.warnings(by_id)
    assert "usb-0:1.2:1.2-port0" in warning
    assert await finder.warnings(by_id, SOUTH) == []
    assert await finder.warnings(str(desk.bus.path("1-1.1", 2))) == []


async def test_sticks_with_serial_numbers_of_their_own_share_no_name(desk: Desk) -> None:
    for socket, imei, serial in (("1-1.1", NORTH, "A1"), ("1-1.2", SOUTH, "A2")):
        desk.modem(socket, imei, replace(EC25, serial=serial))
    assert await desk.finder().warnings(str(desk.bus.root / "dev/serial/by-id/usb-Quectel_EC25_A1-if02-port0")) == []


async def test_a_modem_on_the_network_is_not_looked_at(desk: Desk) -> None:
    finder = desk.finder()
    assert await finder.warnings("socket://127.0.0.1:4000") == []
    async with finder.hold("socket://127.0.0.1:4000", "north"):
        pass
