"""The port of a virtual modem: much output, no reader, and a port that comes and goes."""

import asyncio
import os
import termios
import time
from pathlib import Path

import pytest
from sim_client import HELLO, INIT, Client, eventually

from simmodem import Line, Profile, VirtualModems, pty_host
from simmodem.pty_host import PtyHost

DELIVER = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
ROOMY = Profile(memories=(("ME", 255), ("SR", 1)))


async def test_a_long_listing_arrives_whole(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=ROOMY) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CNMI=2,0,0,0,0")
            for _ in range(255):
                vm.incoming_pdu(0, DELIVER)
            listing = await client.ask("AT+CMGL=4")
    assert listing.count(DELIVER.encode()) == 255


async def test_a_modem_nobody_listens_to_stays_usable(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=ROOMY) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CNMI=2,2,0,1,0")
        for _ in range(200):
            vm.incoming_pdu(0, DELIVER)
        with Client(vm.paths[0]) as client:
            client.discard_input()
            client.write(b"AT+CGSN\r")
            await client.through(vm.modems[0].imei.encode() + b"\r\n\r\nOK\r\n")


async def test_output_nobody_reads_is_thrown_away_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pty_host, "PATIENCE_S", 0.01)
    host = PtyHost(tmp_path / "port", pty_host.WHOLE, lambda data: None)
    host.plug()
    with Client(host.link) as client:
        # The pty holds some kilobytes; without a reader the rest has nowhere to go.
        asyncio.get_running_loop().remove_reader(client.descriptor)
        host.write([b"x" * 100_000])
        await eventually(lambda: host.backlog == 0)
        client.discard_input()
        client.listen()
        host.write([b"marker"])
        assert await client.through(b"marker") == b"marker"
    await host.close()


SLOW_LINE = Line(baud=9_600)  # 960 bytes a second


async def test_on_a_line_with_a_speed_no_byte_comes_before_its_time(tmp_path: Path) -> None:
    host = PtyHost(tmp_path / "port", SLOW_LINE, lambda data: None)
    host.plug()
    said = bytes(range(96))
    with Client(host.link) as client:
        begun = time.monotonic()
        host.write([said[:40], said[40:]])
        for octets in range(1, len(said) + 1):
            assert await client.through(b"(?s).") == said[octets - 1 : octets]
            assert time.monotonic() - begun >= octets / 960
    await host.close()


async def test_the_modem_hears_no_byte_before_its_time(tmp_path: Path) -> None:
    heard: list[tuple[float, bytes]] = []
    host = PtyHost(tmp_path / "port", SLOW_LINE, lambda data: heard.append((time.monotonic(), data)))
    host.plug()
    said = bytes(range(96))
    with Client(host.link) as client:
        begun = time.monotonic()
        client.write(said[:40])
        client.write(said[40:])
        await eventually(lambda: b"".join(data for _, data in heard) == said)
    octets = 0
    for at, data in heard:
        octets += len(data)
        assert at - begun >= octets / 960
    await host.close()


async def test_both_directions_of_a_line_are_used_at_once(tmp_path: Path) -> None:
    heard: list[bytes] = []
    host = PtyHost(tmp_path / "port", SLOW_LINE, heard.append)
    host.plug()
    with Client(host.link) as client:
        client.write(b"x" * 48)
        host.write([b"y" * 48])
        await eventually(lambda: bool(heard and client.unread))
        assert len(b"".join(heard)) < 48
        assert len(client.unread) < 48
        await eventually(lambda: len(b"".join(heard)) == len(client.unread) == 48)
    await host.close()


async def test_what_is_on_its_way_when_the_port_goes_is_lost(tmp_path: Path) -> None:
    heard: list[bytes] = []
    host = PtyHost(tmp_path / "port", Line(baud=300), heard.append)
    host.plug()
    with Client(host.link) as client:
        client.write(b"AT\r" * 20)
        await eventually(lambda: bool(heard))
    host.unplug()
    host.plug()
    with Client(host.link) as client:
        client.write(b"again\r")
        await eventually(lambda: heard[-1].endswith(b"\r") and b"again" in heard[-1])
    assert b"".join(heard) == b"AT\r" * 5 + b"A" + b"again\r"
    await host.close()


async def test_a_dialogue_goes_on_as_ever_on_a_line_with_a_speed(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, line=Line(baud=115_200), observer=lambda modem, stage: None) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.send() == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
        assert len(vm.network.ledger) == 1


def test_a_line_without_any_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="baud 0"):
        Line(baud=0)


async def test_the_link_leads_to_a_raw_terminal(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        assert os.readlink(vm.paths[0]) == vm.device(0)
        with Client(vm.paths[0]) as client:
            assert os.isatty(client.descriptor)
            local_flags = termios.tcgetattr(client.descriptor)[3]
            assert not local_flags & (termios.ECHO | termios.ICANON | termios.ISIG)


async def test_a_message_on_its_way_when_the_port_goes_is_accepted_all_the_same(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, network_time=(0.02, 0.02)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            await eventually(lambda: vm.modems[0].terminal.mode.value == "busy")
            vm.fault(0, "unplug")
            await client.until_hung_up()
            assert b"+CMGS" not in client.unread
        await eventually(lambda: len(vm.network.ledger) == 1)
        vm.fault(0, "replug")
        assert b"+CMGS" not in await boot_lines(vm)


async def boot_lines(vm: VirtualModems) -> bytes:
    with Client(vm.paths[0]) as client:
        return await client.through(rb"\+CFUN: 1\r\n")


async def test_what_arrives_while_the_port_is_gone_is_delivered_after_it(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        vm.fault(0, "unplug")
        vm.fault(0, "unplug")
        vm.incoming(0, "+12025550123", "Hello")
        assert vm.network.waiting(0) == 1
        vm.fault(0, "replug")
        with Client(vm.paths[0]) as client:
            await client.begin(*INIT[:-2])
            assert b"+CMGL: 1,0,,24\r\n" in await client.ask("AT+CMGL=4")


async def test_a_modem_can_be_replugged_at_any_time(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "replug")
            await client.until_hung_up()
        with Client(vm.paths[0]) as client:
            await client.begin()
