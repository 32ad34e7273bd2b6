"""What ails a virtual modem until something cures it, and what does not."""

from pathlib import Path

import pytest
from sim_client import HELLO, Client, eventually

from simmodem import Profile, VirtualModems

RADIO = ("AT+CFUN=0", "AT+CFUN=1")
RESET = ("AT+CFUN=1,1",)
ADVANCED = Profile(reset_commands=("+CRESET",))


async def order(client: Client, vm: VirtualModems, *lines: str) -> None:
    """Say lines to a modem that may not answer, and wait until it has had them."""
    for line in lines:
        client.write(f"\x1b\r{line}\r".encode())
        with Client(vm.paths[1]) as neighbour:
            await neighbour.ask("AT")


async def answers(vm: VirtualModems, client: Client) -> bool:
    """Tell whether modem 0 answers, or is about to after a restart."""
    client.write(b"AT\r")
    with Client(vm.paths[1]) as neighbour:
        await neighbour.ask("AT")
    return vm.modems[0].state.is_alive


@pytest.mark.parametrize(
    ("until", "lines", "is_cured"),
    [
        ("radio", (), False),
        ("radio", ("AT+CFUN=1",), False),
        ("radio", RADIO, True),
        ("radio", RESET, True),
        ("reset", RADIO, False),
        ("reset", RESET, True),
        ("reset", ("AT+CRESET",), True),
        ("power", (*RADIO, *RESET), False),
    ],
)
async def test_a_modem_that_hangs_obeys_only_what_cures_it(
    tmp_path: Path, until: str, lines: tuple[str, ...], is_cured: bool
) -> None:
    async with VirtualModems(tmp_path, 2, profile=ADVANCED) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "mute", until=until)
            await order(client, vm, *lines)
            if is_cured:
                await eventually(lambda: vm.modems[0].state.is_alive)
            assert await answers(vm, client) is is_cured


async def test_power_cures_every_modem_that_hangs(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        vm.fault(0, "mute", until="power")
        vm.fault(0, "replug")
        with Client(vm.paths[0]) as client:
            await client.begin()


@pytest.mark.parametrize(("until", "is_cured"), [("radio", True), ("usb", True), ("power", False)])
async def test_a_reset_of_its_usb_device_cures_a_modem_that_hangs_less_hard_than_for_good(
    tmp_path: Path, until: str, is_cured: bool
) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        vm.fault(0, "mute", until=until)
        vm.fault(0, "usb_reset")
        with Client(vm.paths[0]) as client:
            if is_cured:
                await eventually(lambda: vm.modems[0].state.is_alive)
            assert await answers(vm, client) is is_cured


async def test_a_modem_that_is_well_goes_on_after_a_reset_of_its_usb_device(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        vm.fault(0, "usb_reset")
        assert vm.modems[0].state.is_alive
        with Client(vm.paths[0]) as client:
            await client.begin()


async def test_a_modem_may_hang_in_the_middle_of_a_send(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "hang_mid_send", after=1, until="radio", reaches_network=True)
            await client.send()
            await client.open_prompt(23)
            client.write(f"{HELLO}\x1a".encode())
            await eventually(lambda: len(vm.network.ledger) == 2)
            assert not await answers(vm, client)


@pytest.mark.parametrize(
    ("until", "lines", "is_cured"), [("radio", RADIO, True), ("reset", RADIO, False), ("reset", RESET, True)]
)
async def test_a_modem_that_fails_every_message_does_so_until_it_is_cured(
    tmp_path: Path, until: str, lines: tuple[str, ...], is_cured: bool
) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "fail", code=38, until=until)
            for _ in range(3):
                assert await client.send() == b"\r\n+CMS ERROR: 38\r\n"
            await order(client, vm, *lines)
            await eventually(lambda: vm.modems[0].state.is_alive)
            client.unread = b""
            await client.begin()
            assert (b"+CMGS" in await client.send()) is is_cured


@pytest.mark.parametrize(
    ("stat", "until", "line", "is_cured"),
    [
        (0, "reselect", "AT+COPS=0", True),
        (0, "radio", "AT+COPS=0", False),
        (2, "radio", "AT+COPS=0", False),
        (2, "reset", "AT+CFUN=1,1", True),
    ],
)
async def test_a_network_that_is_lost_stays_lost_until_the_cure(
    tmp_path: Path, stat: int, until: str, line: str, is_cured: bool
) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "deregister", stat=stat, until=until)
            await order(client, vm, "AT+COPS=2", line)
            await eventually(lambda: vm.modems[0].state.is_alive)
            assert vm.modems[0].state.is_served is is_cured


async def test_data_without_messages_lasts_until_another_bearer_is_chosen(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "data_only", bearer=2)
            assert b"+CREG: 0,2" in await client.ask("AT+CREG?")
            assert b"+CEREG: 0,1" in await client.ask("AT+CEREG?")
            await client.ask("AT+CGSMS=1")
            assert b"+CREG: 0,2" in await client.ask("AT+CREG?")
            await client.ask("AT+CGSMS=2")
            assert b"+CREG: 0,1" in await client.ask("AT+CREG?")


async def test_what_cures_nothing_is_named(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as vm:
        with pytest.raises(ValueError, match="reselect, radio, reset, usb, power"):
            vm.fault(0, "mute", until="prayer")
