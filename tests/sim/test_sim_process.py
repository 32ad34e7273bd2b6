"""simmodem as a program: what it prints, its control socket, its end."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sim_client import HELLO, Client

from simmodem import FAMILIES, Line, Rule, VirtualModems, __main__, control

COMMAND = [sys.executable, "-m", "simmodem"]
DEADLINE_S = 20


class Program:
    """A running simmodem with a control socket."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.control = directory / "control"
        self.process = subprocess.Popen(
            [*COMMAND, "--dir", str(directory), "--control", str(self.control), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.lines: list[str] = []
        while not self.lines or self.lines[-1] != "ready":
            line = self.process.stdout.readline()
            assert line, self.process.stderr and self.process.stderr.read()
            self.lines.append(line.rstrip("\n"))

    def ask(self, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(control.ask(self.control, json.dumps(request)))
        return answer

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, errors


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    running = Program(
        tmp_path, "--modems", "2", "--network-time", "0", "--report-delay", "0", "--ledger", str(tmp_path / "ledger")
    )
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.communicate(timeout=DEADLINE_S)


async def test_the_program_names_its_modems_and_writes_what_the_network_took(program: Program) -> None:
    links = [program.directory / f"modem{index}" for index in range(2)]
    assert program.lines == [*(f"{link.name} {link} -> {os.readlink(link)}" for link in links), "ready"]
    with Client(links[1]) as client:
        await client.begin()
        assert b"+CMGS: 0" in await client.send()
    part, message = (json.loads(line) for line in (program.directory / "ledger").read_text().splitlines())
    assert (part["modem"], part["pdu"], part["mr"]) == (1, HELLO, 0)
    assert (message["text"], message["recipient"]) == ("hellohello", "+447700900123")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_cleanly(program: Program, number: signal.Signals) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(program.control))
        assert program.stop(number) == (0, "")
    assert [path.name for path in program.directory.iterdir()] in ([], ["ledger"])


async def test_the_control_socket_injects_messages_faults_and_rules(program: Program) -> None:
    with Client(program.directory / "modem0") as client:
        await client.begin()
        assert program.ask(do="incoming", modem=0, sender="Bank", text="Код 4711") == {"ok": True}
        await client.through(rb'\+CMTI: "ME",1\r\n')
        assert program.ask(do="rule", recipient="+447700900123", nth=1, error="+CMS ERROR: 21")["rules"] == 1
        assert await client.send() == b"\r\n+CMS ERROR: 21\r\n"
        assert program.ask(do="rule", reports=[0x46])["ok"]
        assert b"+CMGS: 1" in await client.send()
        assert (await client.through(rb"46\r\n")).startswith(b"\r\n+CDS: 25\r\n")
        assert program.ask(do="clear_rules") == {"ok": True}
        assert program.ask(do="fault", modem=0, kind="deregister", stat=3) == {"ok": True}
        assert await client.send() == b"\r\n+CMS ERROR: 331\r\n"
        assert program.ask(do="modems")["modems"][0]["registration"] == 3
        assert [part["mr"] for part in program.ask(do="ledger")["parts"]] == [1]
        assert program.ask(do="messages", since=1)["messages"] == []
        pdu = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
        assert program.ask(do="incoming_pdu", pdu=pdu)["ok"]


@pytest.mark.parametrize(
    ("request_line", "complaint"),
    [
        ("nonsense", "Expecting value"),
        ("[]", "must be one of incoming"),
        ('{"do":"dance"}', "must be one of incoming"),
        ('{"do":"incoming","text":"x"}', "'sender' is missing"),
        ('{"do":"incoming","sender":"+1","text":7}', "int"),
        ('{"do":"incoming","modem":9,"sender":"+1","text":"x"}', "modem 9 does not exist"),
        ('{"do":"incoming","modem":"0","sender":"+1","text":"x"}', "not supported between"),
        ('{"do":"incoming_pdu","pdu":"XY"}', "hex"),
        ('{"do":"fault","kind":"dance"}', "dance"),
        ('{"do":"fault","kind":"mute","loudly":1}', "loudly"),
        ('{"do":"fault","kind":"replug","colour":"red"}', "colour"),
        ('{"do":"rule","colour":"red"}', "colour"),
        ('{"do":"rule","reports":[256]}', "0 to 255"),
        ('{"do":"rule","nth":0}', "counted from 1"),
        ('{"do":"incoming","sender":"+1","text":"x","message_class":4}', "none of 0 to 3"),
    ],
)
async def test_a_wrong_request_is_answered_with_what_is_wrong(
    tmp_path: Path, request_line: str, complaint: str
) -> None:
    async with VirtualModems(tmp_path) as vm:
        answer = control.answer(vm, request_line)
    assert answer["ok"] is False
    assert complaint in answer["error"]


async def test_several_requests_share_a_connection(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        async with control.serving(vm, tmp_path / "control"):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "control")
            writer.write(b'{"do":"modems"}\n{"do":"dance"}\n')
            answers = [json.loads(await reader.readline()) for _ in range(2)]
        assert [answer["ok"] for answer in answers] == [True, False]
        assert answers[0]["modems"][0]["imei"] == vm.modems[0].imei
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


def test_the_control_command_prints_the_answer(program: Program) -> None:
    def run(request: str, path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "control", str(path), request], capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )

    good = run('{"do":"clear_rules"}', program.control)
    assert (good.returncode, good.stdout) == (0, '{"ok": true}\n')
    assert run('{"do":"dance"}', program.control).returncode == 1
    nobody = run("{}", program.directory / "nobody")
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("simmodem: ")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("to=+12025550123;error=+CMS ERROR: 21", Rule(recipient="+12025550123", error="+CMS ERROR: 21")),
        ("to=12345;reports=30,00", Rule(recipient="12345", reports=(0x30, 0x00))),
        ("nth=3;network-time=1.5;report-delay=0", Rule(nth=3, network_time=1.5, report_delay=0.0)),
        ("reports=", Rule(reports=())),
        ("arrival=never", Rule(arrival=None)),
        ("arrival=90", Rule(arrival=90.0)),
    ],
)
def test_rules_are_written_on_the_command_line(text: str, rule: Rule) -> None:
    assert __main__.rule(text) == rule


@pytest.mark.parametrize(
    "arguments",
    [
        ["--network-time", "6-2"],
        ["--network-time", "soon"],
        ["--report-delay", "-1"],
        ["--rule", "colour=red"],
        ["--rule", "nth=first"],
        ["--line", "wet"],
        ["--baud", "0"],
        ["--link-time", "2-1"],
        ["--modems", "0"],
        ["--pin", "12a4"],
        ["--rule", "nth=0"],
        ["--profile", "nobody's"],
        ["--nasty", "mute,polite"],
        ["--number", "north"],
        ["--number", "+12025550123", "--number", "+12025550124"],
    ],
)
def test_a_wrong_argument_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        __main__.main(["--dir", "/tmp", *arguments])
    assert caught.value.code == 2
    assert "simmodem: error" in capsys.readouterr().err


async def test_the_make_and_its_habits_are_chosen_on_the_command_line(tmp_path: Path) -> None:
    running = Program(tmp_path, "--profile", "sierra", "--nasty", "no-echo,text-errors")
    try:
        with Client(tmp_path / "modem0") as client:
            assert await client.ask("AT+CGMI") == b"\r\nSierra Wireless, Incorporated\r\n\r\nOK\r\n"
            assert await client.ask("AT+CMGR=99") == b"\r\n+CMS ERROR: Invalid memory index\r\n"
    finally:
        assert running.stop(signal.SIGTERM) == (0, "")


def test_the_speed_of_the_line_and_the_cost_of_a_link_are_chosen_on_the_command_line(tmp_path: Path) -> None:
    options = __main__._options(["--dir", str(tmp_path), "--line", "urcs", "--baud", "9600", "--link-time", "1-2"])
    assert __main__._line(options) == Line(urcs=True, baud=9600)
    assert __main__._modems(options).network.link_time == (1.0, 2.0)


def test_the_makes_there_are_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        __main__.main(["--list-profiles"])
    assert caught.value.code == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(FAMILIES)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert __main__.main(["--dir", str(tmp_path / "file" / "below")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


async def test_a_link_taken_over_by_another_simulation_is_left_alone(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as older:
        await older.enter_async_context(VirtualModems(tmp_path, seed=1))
        async with VirtualModems(tmp_path, seed=2) as newer:
            await older.aclose()
            with Client(newer.paths[0]) as client:
                assert newer.modems[0].imei.encode() in await client.ask("AT+CGSN")
    assert os.listdir(tmp_path) == []
