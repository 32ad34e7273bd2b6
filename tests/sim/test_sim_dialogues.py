"""The dialogues a gateway must survive, byte for byte as a program at the pty sees them."""

import os
from pathlib import Path

import pytest
from sim_client import HELLO, INIT, PROMPT, Client, eventually

from simmodem import BYTES, GENERIC, SLOW, URCS, WHOLE, Line, Profile, Rule, VirtualModems

REPORT_FOR_64 = "06400C91447700900132"


async def test_a_gateway_initialises_the_modem_and_sends_with_a_report(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            client.write(b"\x1b\r")
            assert await client.ask("AT") == b"\rAT\r\r\nOK\r\n"
            await client.begin()
            assert (await client.send()).startswith(b"\r\n+CMGS: 0\r\n\r\nOK\r\n")
            assert (await client.through(rb"\d\r\n[0-9A-F]+\r\n")).startswith(b"\r\n+CDS: 25\r\n0791")
        assert [message.text for message in vm.network.messages] == ["hellohello"]


@pytest.mark.parametrize("line", [WHOLE, BYTES, SLOW, URCS], ids=["whole", "bytes", "slow", "urcs"])
async def test_the_same_story_over_every_line(tmp_path: Path, line: Line) -> None:
    async with VirtualModems(tmp_path, line=line) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert b"\r\n+CMGS: 0\r\n" in await client.send()
            vm.incoming(0, "+12025550123", "Hello")
            await client.until(lambda data: b"\r\n+CDS: 25\r\n" in data and b'\r\n+CMTI: "ME",1\r\n' in data)
            assert b"\r\n+CMGR: 0,,24\r\n" in await client.ask("AT+CMGR=1")
        assert [entry.text for entry in vm.network.ledger] == ["hellohello"]


async def test_the_prompt_may_come_in_three_pieces(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(split_prompt=True)) as vm:
        vm.modems[0].state.sim.last_mr = 63
        with Client(vm.paths[0]) as client:
            await client.begin()
            client.write(b"AT+CMGS=23\r")
            pieces = [await client.until(bool) for _ in range(3)]
            assert pieces == [b"\r\n", b">", b" "]
            client.write(HELLO.encode() + b"\x1a")
            assert (await client.through(rb"OK\r\n")) == b"\r\n+CMGS: 64\r\n\r\nOK\r\n"


async def test_a_report_may_come_before_the_reference_it_is_for(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(report_before_cmgs=True)) as vm:
        vm.modems[0].state.sim.last_mr = 63
        with Client(vm.paths[0]) as client:
            await client.begin()
            answer = await client.send()
    assert answer.startswith(b"\r\n+CDS: 25\r\n0791447700099099" + REPORT_FOR_64[:12].encode())
    assert answer.endswith(b"\r\n\r\n+CMGS: 64\r\n\r\nOK\r\n")


async def test_escape_in_the_prompt_answers_ok_and_sends_nothing(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1b")
            assert await client.through(rb"OK\r\n") == b"\r\nOK\r\n"
            assert await client.ask("AT") == b"\r\nOK\r\n"
        assert vm.network.ledger == []


async def test_an_unsolicited_line_may_stand_before_the_prompt(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "interject", lines=['+CMTI: "SM",3'])
            assert await client.open_prompt(23) == b'\r\n+CMTI: "SM",3\r\n' + PROMPT


async def test_an_unsolicited_line_waits_while_a_pdu_is_entered(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            vm.incoming(0, "+12025550123", "Hello")
            client.write(HELLO.encode() + b"\x1a")
            answer = await client.through(rb"OK\r\n")
    assert answer == b'\r\n+CMTI: "ME",1\r\n\r\n+CMGS: 0\r\n\r\nOK\r\n'


async def test_the_modem_may_restart_instead_of_answering(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "reboot_mid_send")
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            assert await client.through(rb"\+CFUN: 1\r\n") == b"\r\nRDY\r\n\r\n+CFUN: 1\r\n"
            assert b"+CNMI: 0,0,0,0,0" in await client.ask("AT+CNMI?")
        assert vm.network.ledger == []


async def test_a_restart_forgets_the_settings_and_echoes_again(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "reboot", down_s=0.0)
            await client.through(rb"\+CFUN: 1\r\n")
            assert await client.ask("AT+CMEE?") == b"AT+CMEE?\r\r\n+CMEE: 0\r\n\r\nOK\r\n"


async def test_a_late_answer_comes_before_that_of_the_next_command(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, network_time=(0.1, 0.1)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1aAT+CGMI\r")
            answer = await client.through(rb"Simmodem\r\n\r\nOK\r\n")
    assert answer.startswith(b"\r\n+CMGS: 0\r\n\r\nOK\r\n")


@pytest.mark.parametrize("error", ["+CMS ERROR: 500", "+CMS ERROR: SIM busy", "+CMS ERROR:", "ERROR"])
async def test_a_refusal_comes_as_the_rule_spells_it(tmp_path: Path, error: str) -> None:
    async with VirtualModems(tmp_path, rules=[Rule(error=error)]) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            assert await client.through(rb".\r\n") == f"\r\n{error}\r\n".encode()
        assert vm.network.ledger == []


async def test_a_report_may_stand_between_a_listed_header_and_its_pdu(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.incoming(0, "+12025550123", "Hello")
            await client.through(rb'"ME",1\r\n')
            vm.fault(0, "interject", lines=["+CDS: 25", "0791"], after=1)
            answer = await client.ask("AT+CMGL=4")
    assert b"\r\n+CMGL: 1,0,,24\r\n\r\n+CDS: 25\r\n0791\r\n0791447700099099040B" in answer


async def test_the_port_may_go_in_the_middle_of_a_pdu_and_come_back(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            client.write(HELLO[:10].encode())
            vm.fault(0, "unplug")
            assert not vm.paths[0].is_symlink()
            await client.until_hung_up()
        vm.fault(0, "replug")
        with Client(vm.paths[0]) as client:
            await client.through(rb"\+CFUN: 1\r\n")
            await client.begin()
        assert vm.network.ledger == []


async def test_numeric_results_have_no_line_feed(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            client.write(b"ATE0V0\r")
            assert (await client.through(rb"0V0\r0\r")) == b"ATE0V0\r0\r"
            client.write(b"AT+NONSENSE\r")
            assert await client.through(rb"\r") == b"4\r"
            client.write(b"ATQ1\rATQ0V1E0\r")
            assert await client.through(rb"OK\r\n") == b"\r\nOK\r\n"


async def test_registration_is_announced_while_a_command_is_pending(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, network_time=(0.05, 0.05)) as vm:
        with Client(vm.paths[0]) as client:
            vm.fault(0, "deregister")
            await client.begin(*INIT, "AT+CREG=1")
            assert b"+CREG: 1,2\r\n" in await client.ask("AT+CREG?")
            vm.fault(0, "register", stat=5)
            await client.through(rb"\r\n\+CREG: 5\r\n")
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            await eventually(lambda: vm.modems[0].terminal.mode.value == "busy")
            vm.fault(0, "deregister", stat=3)
            assert await client.through(rb"OK\r\n") == b"\r\n+CREG: 3\r\n\r\n+CMGS: 0\r\n\r\nOK\r\n"


async def test_extra_carriage_returns_stand_before_every_line_end(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(extra_crs=1, echo=False)) as vm:
        with Client(vm.paths[0]) as client:
            client.write(b"AT\r")
            assert await client.through(rb"OK\r\r\n") == b"\r\r\nOK\r\r\n"


async def test_several_commands_share_a_line_and_one_result(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0V1")
            assert await client.ask('AT+CMEE=1;+CMEE?;+CPMS="ME"') == (
                b"\r\n+CMEE: 1\r\n\r\n+CPMS: 0,50,0,20,0,20\r\n\r\nOK\r\n"
            )
            assert await client.ask("AT+CMEE=9;+CMEE=2") == b"\r\nERROR\r\n"
            assert b"+CMEE: 1" in await client.ask("AT+CMEE?")


@pytest.mark.parametrize(
    ("level", "answer"),
    [
        (0, b"\r\n+CMS ERROR: 321\r\n"),
        (1, b"\r\n+CMS ERROR: 321\r\n"),
        (2, b"\r\n+CMS ERROR: Invalid memory index\r\n"),
    ],
)
async def test_errors_are_numbers_or_words_as_asked_for(tmp_path: Path, level: int, answer: bytes) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", f"AT+CMEE={level}")
            assert await client.ask("AT+CMGR=1") == answer


async def test_two_modems_are_two_devices(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        assert [path.name for path in vm.paths] == ["modem0", "modem1"]
        for modem, path in zip(vm.modems, vm.paths, strict=True):
            with Client(path) as client:
                assert f"\r\n{modem.imei}\r\n".encode() in await client.ask("AT+CGSN")
                assert f"+CCID: {modem.iccid}\r\n".encode() in await client.ask("AT+CCID")
        assert vm.modems[0].imei != vm.modems[1].imei
        assert vm.modems[0].iccid != vm.modems[1].iccid


async def test_a_stopped_simulation_leaves_no_links_and_hangs_up(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        client = Client(vm.paths[0])
        await client.begin()
    with client:
        await client.until_hung_up()
        assert os.listdir(tmp_path) == []


async def test_what_was_written_before_the_port_closed_can_still_be_read(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            client.write(b"ATE0\r")
            await eventually(lambda: vm.modems[0].terminal.echo is False)
            vm.fault(0, "unplug")
            assert await client.through(rb"OK\r\n") == b"ATE0\r\r\nOK\r\n"


async def test_each_modem_may_be_of_another_make(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2, profile=[GENERIC, Profile(answers={"^CURC=0": ()})]) as vm:
        with Client(vm.paths[0]) as generic, Client(vm.paths[1]) as other:
            assert (await generic.ask("AT^CURC=0")).endswith(b"\r\nERROR\r\n")
            assert (await other.ask("AT^CURC=0")).endswith(b"\r\nOK\r\n")
    with pytest.raises(ValueError, match="1 profiles for 2 modems"):
        VirtualModems(tmp_path, 2, profile=[GENERIC])
