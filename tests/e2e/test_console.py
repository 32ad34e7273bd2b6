"""`smsgw console`: a script or a person at a modem's port, and the recordings, as one meets them on a command line."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from commands import DEADLINE_S, SMSGW
from simmodem import VirtualModems
from simmodem.terminal import Mode
from smsgw.at.risks import risk_of
from smsgw.modem.link import Link
from smsgw.store.lock import sole_daemon

HELLO = "0001000C914477000910320000" + "0A" + "E8329BFD4697D9EC37"  # to +447700900123, of 22 octets


@pytest.fixture
async def virtual(tmp_path: Path) -> AsyncIterator[VirtualModems]:
    async with VirtualModems(tmp_path / "modems", 1, network_time=(0, 0), report_delay=(0, 0)) as modems:
        yield modems


@pytest.fixture
def config(tmp_path: Path, virtual: VirtualModems) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[store]\npath = "{tmp_path}/smsgw.db"\n[modems.north]\nport = "{virtual.paths[0]}"\n')
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


async def script(config: Path, text: str, *options: str, modem: str = "north") -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(*SMSGW, "console", modem, *options, "--config", str(config)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(text.encode()), DEADLINE_S)
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())


async def test_a_script_is_answered_line_by_line(config: Path) -> None:
    ended = await script(config, "AT+CGMI\n\nAT+CSQ\n")
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines == ["Simmodem", "OK", "+CSQ: 20,99", "OK"]


async def test_a_last_line_without_an_end_counts(config: Path) -> None:
    assert (await script(config, "AT+CSQ")).lines == ["+CSQ: 20,99", "OK"]


async def test_a_script_may_come_from_a_file(config: Path, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    commands.write_text("AT+CGMM\nAT+CSQ")
    with commands.open() as file:
        process = await asyncio.create_subprocess_exec(
            *SMSGW, "console", "north", "--config", str(config), stdin=file, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert out.decode().splitlines() == ["SM-1", "OK", "+CSQ: 20,99", "OK"]


async def test_a_refusal_is_the_exit_code_and_the_rest_is_sent(config: Path) -> None:
    ended = await script(config, "AT+NEVER\nAT+CSQ\n")
    assert ended.code == 1
    assert ended.lines == ["ERROR", "+CSQ: 20,99", "OK"]


async def test_a_message_can_be_sent_and_a_prompt_be_left(config: Path, virtual: VirtualModems) -> None:
    ended = await script(config, f"AT+CMGF=0\nAT+CMGS=22\n{HELLO}\nAT+CMGS=22\n\nAT+CSQ\n")
    assert (ended.code, ended.err) == (0, "")
    assert "+CMGS: 0" in ended.lines
    assert ended.lines[-2:] == ["+CSQ: 20,99", "OK"]
    assert [message.text for message in virtual.network.messages] == ["hellohello"]


async def test_a_script_that_ends_in_a_prompt_leaves_it(config: Path, virtual: VirtualModems) -> None:
    ended = await script(config, "AT+CMGF=0\nAT+CMGS=22\n")
    assert ended.code == 1
    assert ended.lines[-1] == "OK"
    assert virtual.modems[0].terminal.mode is Mode.COMMAND


async def test_a_prompt_that_somebody_left_open_is_left_first(config: Path, virtual: VirtualModems) -> None:
    descriptor = os.open(virtual.paths[0], os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, b"AT+CMGS=22\r")
    await asyncio.to_thread(os.read, descriptor, 100)
    os.close(descriptor)
    ended = await script(config, "AT+CSQ\n")
    assert ended.code == 0
    assert ended.lines[-2:] == ["+CSQ: 20,99", "OK"]


async def test_a_modem_that_does_not_answer_ends_the_script(config: Path, virtual: VirtualModems) -> None:
    virtual.fault(0, "mute")
    ended = await script(config, "AT\nAT\n", "--timeout", "1")
    assert ended.code == 1
    assert ended.err == "smsgw: no answer within 1 s\n"


async def test_what_cannot_be_undone_is_sent_only_by_force(config: Path, virtual: VirtualModems) -> None:
    locked = 'AT+CLCK="SC",1,"4711"\nAT+CSQ\n'
    ended = await script(config, locked)
    assert ended.code == 1
    assert "--force" in ended.err
    assert "4711" not in ended.err + ended.out
    assert ended.lines == ["+CSQ: 20,99", "OK"]
    assert "--force" not in (await script(config, locked, "--force")).err


@pytest.mark.parametrize(
    "line",
    ['AT+CPIN="1234"', 'at + cpin = "1234"', "AT&W", "ATE0&W", 'AT+CPWD="SC","1","2"', "AT+CMGD=1,4", "AT+CRSM=214,1"],
)
def test_these_are_warned_of(line: str) -> None:
    assert risk_of(line)


@pytest.mark.parametrize("line", ["AT", "AT+CPIN?", "AT+CPIN=?", "AT+CLCK=?", "AT+CRSM=176,28483,0,0,1", "AT+CMGF=0"])
def test_these_are_not(line: str) -> None:
    assert risk_of(line) is None


async def test_the_port_of_a_running_gateway_is_left_alone(config: Path, tmp_path: Path) -> None:
    with sole_daemon(tmp_path / "smsgw.db"):
        ended = await script(config, "AT\n")
    assert (ended.code, ended.out) == (1, "")
    assert "stop it first" in ended.err


async def test_a_port_in_other_hands_and_one_that_is_gone_are_named(config: Path, virtual: VirtualModems) -> None:
    async with Link.open(str(virtual.paths[0])):
        ended = await script(config, "AT\n")
    assert ended.code == 1
    assert "in use" in ended.err
    virtual.fault(0, "unplug")
    ended = await script(config, "AT\n")
    assert ended.code == 1
    assert "there is no such device" in ended.err
    assert "Traceback" not in ended.err


async def test_an_unknown_modem_is_told_with_those_there_are(config: Path) -> None:
    ended = await script(config, "", modem="south")
    assert ended.code == 1
    assert "north" in ended.err


async def test_the_latest_recording_is_printed_also_while_the_gateway_runs(config: Path, tmp_path: Path) -> None:
    assert "no recording" in (await script(config, "", "--recording")).err
    (tmp_path / "recordings").mkdir()
    for day, text in ((1, "old\n"), (2, "smsgw recording 1\n")):
        (tmp_path / "recordings" / f"north.2026010{day}T000000.000000Z.txt").write_text(text)
    with sole_daemon(tmp_path / "smsgw.db"):
        ended = await script(config, "", "--recording")
    assert (ended.code, ended.out) == (0, "smsgw recording 1\n")
    assert "20260102" in ended.err


# ── a person ──


class Terminal:
    """Somebody at a terminal: types, and reads until something has come."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self.seen = ""
        self.process = process
        self._descriptor = descriptor
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def reads(self, wanted: str) -> None:
        """Wait for something to stand there, and forget what came before it."""
        async with asyncio.timeout(DEADLINE_S):
            while wanted not in self.seen:
                self._news.clear()
                await self._news.wait()
        self.seen = self.seen.partition(wanted)[2]

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), DEADLINE_S)

    def _read(self) -> None:
        with suppress(OSError):
            self.seen += os.read(self._descriptor, 4_096).decode()
        self._news.set()


@asynccontextmanager
async def at_a_terminal(config: Path) -> AsyncIterator[Terminal]:
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(*SMSGW, "console", "north", "--config", str(config)), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    terminal = Terminal(ours, process)
    try:
        await terminal.reads("Ctrl-D ends")
        yield terminal
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)


async def test_a_person_sees_answers_and_what_comes_unasked_and_ends_with_ctrl_d(
    config: Path, virtual: VirtualModems
) -> None:
    async with at_a_terminal(config) as terminal:
        terminal.type("AT+CSQ\n")
        await terminal.reads("+CSQ: 20,99\r\nOK")
        terminal.type("AT+CNMI=2,1,0,1,0\n")
        await terminal.reads("OK")
        virtual.incoming(0, "+447700900555", "hello")
        await terminal.reads("+CMTI: ")
        terminal.type("\x04")
        assert await terminal.ended() == 0


async def test_a_person_is_asked_before_what_cannot_be_undone(config: Path) -> None:
    async with at_a_terminal(config) as terminal:
        terminal.type("AT+CMGD=1,4\n")
        await terminal.reads("Type yes")
        terminal.type("no\nAT+CSQ\n")
        await terminal.reads("+CSQ: 20,99\r\nOK")
        terminal.type("AT+CMGD=1,4\n")
        await terminal.reads("Type yes")
        terminal.type("yes\n")
        await terminal.reads("OK")


@pytest.mark.parametrize("way", ["ctrl-d", "ctrl-c"])
async def test_a_person_leaves_a_prompt_behind_closed(config: Path, virtual: VirtualModems, way: str) -> None:
    async with at_a_terminal(config) as terminal:
        terminal.type("AT+CMGF=0\n")
        await terminal.reads("OK")
        terminal.type("AT+CMGS=22\n")
        await terminal.reads("asks for a body")
        if way == "ctrl-d":
            terminal.type("\x04")
        else:
            terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == (0 if way == "ctrl-d" else 1)
        assert "Traceback" not in terminal.seen
    ended = await script(config, "AT+CSQ\n")
    assert ended.lines == ["+CSQ: 20,99", "OK"]


async def test_a_modem_that_is_pulled_out_ends_the_console(config: Path, virtual: VirtualModems) -> None:
    async with at_a_terminal(config) as terminal:
        virtual.fault(0, "unplug")
        await terminal.reads("is the modem plugged in?")
        assert await terminal.ended() == 1


async def test_what_a_modem_says_cannot_command_the_terminal(config: Path, virtual: VirtualModems) -> None:
    async with at_a_terminal(config) as terminal:
        virtual.modems[0].terminal.urc("\x1b[2Jboo")
        virtual.fault(0, "register")  # with which the line above goes out, too
        await terminal.reads("�[2Jboo")


async def test_where_each_sim_has_a_port_the_slot_tells_which_one_is_meant(
    tmp_path: Path, virtual: VirtualModems
) -> None:
    sims = f'[[modems.box.sims]]\nport = "{virtual.paths[0]}"\n[[modems.box.sims]]\nslot = 2\nport = "/dev/nowhere"\n'
    path = tmp_path / "dual.toml"
    path.write_text(f'[store]\npath = "{tmp_path}/smsgw.db"\n[modems.box]\n{sims}')
    ended = await script(path, "AT+CGSN\n", modem="box/1")
    assert (ended.code, ended.lines[0]) == (0, virtual.modems[0].imei)
    assert "/dev/nowhere" in (await script(path, "AT\n", modem="box/2")).err
    assert "there are: box/1, box/2" in (await script(path, "AT\n", modem="box")).err
