"""Modems whose network knows their numbers: what one sends to another's arrives there, unless a rule says otherwise."""

import time
from pathlib import Path

import pytest
from sim_client import HELLO, INIT, Client, submit

from simmodem import Rule, VirtualModems, codec

NORTH, SOUTH = "+447700900123", "+447700900124"
ARRIVED = rb"\+CMTI: \"ME\",\d+\r\n"


async def taken(client: Client, place: int = 1) -> bytes:
    """Wait for a message to be announced, and give its TPDU without the service centre's address."""
    await client.through(ARRIVED)
    octets = bytes.fromhex((await client.ask(f"AT+CMGR={place}")).split(b"\r\n")[2].decode())
    return octets[codec.service_centre_octets(octets) :]


@pytest.mark.parametrize("spelt", [NORTH, NORTH.removeprefix("+")])
async def test_what_is_sent_to_the_number_of_another_modem_arrives_there_from_its_own(
    tmp_path: Path, spelt: str
) -> None:
    async with VirtualModems(tmp_path, 2, numbers=[spelt, SOUTH], rules=[Rule(reports=())]) as vm:
        with Client(vm.paths[0]) as north, Client(vm.paths[1]) as south:
            await north.begin()
            await south.begin()
            assert b"+CMGS: 0" in await south.send()
            tpdu = await taken(north)
            # No more messages; TP-OA is the number of the south; TP-UD as it was submitted.
            assert tpdu[:10].hex().upper() == "040C9144770009104200"
            assert tpdu.hex().upper().endswith("0AE8329BFD4697D9EC37")
            assert vm.network.waiting(1) == 0


async def test_a_modem_may_write_to_itself_and_reports_come_as_ever(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, numbers=[NORTH]) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.send()
            await client.until(lambda data: b"+CMTI: " in data and b"+CDS: " in data)


async def test_a_part_keeps_its_header_on_the_way(tmp_path: Path) -> None:
    header = "0500034D0201"
    async with VirtualModems(tmp_path, 2, numbers=[NORTH], rules=[Rule(reports=())]) as vm:
        with Client(vm.paths[0]) as north, Client(vm.paths[1]) as south:
            await north.begin()
            await south.begin()
            await south.send(submit("часть", header=header))
            tpdu = await taken(north)
            assert tpdu[0] == 0x44
            assert tpdu.endswith(bytes([16]) + bytes.fromhex(header) + "часть".encode("utf-16-be"))


async def test_a_rule_lets_a_part_take_its_time_or_never_arrive(tmp_path: Path) -> None:
    rules = [Rule(nth=1, reports=(), arrival=None), Rule(nth=2, reports=(), arrival=0.2)]
    async with VirtualModems(tmp_path, numbers=[NORTH], rules=rules) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin(*INIT)
            await client.send(HELLO)
            await client.send(HELLO)
            begun = time.monotonic()
            await client.through(ARRIVED)
            assert time.monotonic() - begun > 0.1
            assert b"+CMGL: 1," in (listed := await client.ask("AT+CMGL=4"))
            assert listed.count(b"+CMGL: ") == 1


async def test_a_modem_without_a_number_sends_as_unknown_and_gets_nothing(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2, numbers=[NORTH], rules=[Rule(reports=())]) as vm:
        with Client(vm.paths[0]) as north, Client(vm.paths[1]) as south:
            await north.begin()
            await south.begin()
            await south.send()
            assert (await taken(north))[2] == 0xD0


def test_more_numbers_than_modems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 numbers for 1 modems"):
        VirtualModems(tmp_path, 1, numbers=[NORTH, SOUTH])
