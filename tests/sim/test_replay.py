"""A recording played to whatever a gateway writes: the recorded answers, and a word wherever the two part."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simmodem import recording
from simmodem.__main__ import main
from simmodem.replay import Player, Replay
from simmodem.turns import Said

RECORDED = r"""smsgw recording 1
# north
0.0 - ! opened /dev/north
0.1 - > \x1b
0.2 - > \r
0.3 - < \r
0.4 - > AT\r
0.5 - < AT\r\r\nOK\r\n
0.6 - > AT+CSQ\r
0.7 - < \r\n+CSQ: 20,99\r\n\r\nO
0.8 - < K\r\n\r\n+CMTI: "SM",3\r\n
0.9 - > AT+CREG?\r
1.0 - < \r\n+CREG: 0,1\r\n\r\nOK\r\n
2.0 - < \r\n+CREG: 1\r\n
2.1 - > AT+CMGS=23\r
2.2 - < \r\n>\x20
2.3 - > 0001000B910000000000F00000021C\x1a
6.3 - < \r\n+CMGS: 7\r\n\r\nOK\r\n
6.4 - > ATS10=99\r
6.5 - < \r\nERROR\r\n
"""


@dataclass
class Table:
    """A player and what it told."""

    text: str = RECORDED
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.player = Player(recording.parse(self.text), self.told.append)

    def write(self, data: str) -> str:
        return spoken(self.player.feed(data.encode("latin-1")))


def spoken(said: list[Said]) -> str:
    return "".join("[lost]" if one.data is None else one.data.decode() for one in said)


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_gateway_that_does_the_same_hears_the_same(table: Table) -> None:
    assert table.write("\x1b") == "\r"
    assert table.write("\rAT\r") == "AT\r\r\nOK\r\n"
    assert table.write("AT+CSQ\r") == '\r\n+CSQ: 20,99\r\n\r\nOK\r\n\r\n+CMTI: "SM",3\r\n'
    assert table.write("AT+CREG?\r") == "\r\n+CREG: 0,1\r\n\r\nOK\r\n\r\n+CREG: 1\r\n"
    assert table.write("AT+CMGS=23\r") == "\r\n> "
    assert table.write("0001000B910000000000F00000021C\x1a") == "\r\n+CMGS: 7\r\n\r\nOK\r\n"
    assert table.told == []
    assert table.write("ATS10=99\r") == "\r\nERROR\r\n"
    assert table.told == ["line 19: the recording is over with the answer to this"]


def test_case_blanks_lengths_bodies_and_marks_make_no_difference(table: Table) -> None:
    table.write("\x1b\rat\rAT +csq\r")
    table.write("AT+CREG?\r")
    for byte in "AT+CMGS=150\r":
        prompt = table.write(byte)
    assert prompt == "\r\n> "
    assert table.write("FFFF\rFFFF\x1a") == "\r\n+CMGS: 7\r\n\r\nOK\r\n"
    assert table.write("ATS10=1\r") == "\r\nERROR\r\n"
    assert len(table.told) == 1


def test_what_is_left_out_is_told_and_its_news_are_said(table: Table) -> None:
    table.write("\x1b\rAT\r")
    assert table.write("AT+CREG?\r").startswith('\r\n+CMTI: "SM",3\r\n\r\n+CREG: 0,1')
    assert table.told == ["line 9: the gateway left out AT+CSQ (line 9); answered: as in line 12"]


def test_what_is_asked_again_is_answered_as_before(table: Table) -> None:
    table.write("\x1b\rAT\rAT+CSQ\rAT+CREG?\r")
    assert table.write("AT+CSQ\r") == "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
    assert table.told == ["line 15: the gateway wrote AT+CSQ again; answered: as in line 9"]
    assert table.write("AT+CMGS=1\r") == "\r\n> "


def test_a_message_on_its_way_is_never_left_out(table: Table) -> None:
    table.write("\x1b\rAT\rAT+CSQ\rAT+CREG?\r")
    assert table.write("ATS10=1\r") == "\r\nERROR\r\n"
    assert "is nowhere" in table.told[0]
    assert table.write("AT+CMGS=1\r") == "\r\n> "


POLLED = RECORDED.replace(
    "6.4 - >", "6.3 - > AT+COPS?\\r\n6.3 - < \\r\\nOK\\r\\n\n" * 30 + "6.4 - > AT+CMGS=9\\r\n#", 1
)


def test_the_next_message_is_the_next_one_however_much_was_asked_before_it() -> None:
    table = Table(POLLED)
    table.write("\x1b\rAT\rAT+CSQ\rAT+CREG?\rAT+CMGS=1\r")
    table.write("00\x1a")
    assert table.write("AT+CMGS=2\r") == "\r\nERROR\r\n"


def test_a_second_message_is_answered_as_the_first(table: Table) -> None:
    table.write("\x1b\rAT\rAT+CSQ\rAT+CREG?\rAT+CMGS=1\r")
    table.write("00\x1a")
    assert table.write("AT+CMGS=2\r") == "\r\n> "
    assert table.write("00\x1a") == "\r\n+CMGS: 7\r\n\r\nOK\r\n"
    assert table.told == ["line 19: the gateway wrote AT+CMGS=2 again; answered: as in line 15"]
    assert table.write("ATS10=1\r") == "\r\nERROR\r\n"


def test_what_nobody_has_recorded_is_an_error(table: Table) -> None:
    table.write("\x1b")
    assert table.write("AT+NEVER=1\r") == "\r\nERROR\r\n"
    (sentence,) = table.told
    assert "line 7" in sentence
    assert "AT+NEVER=1" in sentence
    assert "ERROR" in sentence


def test_a_body_out_of_turn_is_met_with_silence(table: Table) -> None:
    table.write("\x1b\rAT\r")
    assert table.write("00\x1a") == ""
    assert "body" in table.told[0]


def test_a_gateway_that_begins_anew_begins_the_recording_anew(table: Table) -> None:
    table.write("\x1b\rAT\rAT+CSQ\r")
    assert table.write("\x1b\rAT\r") == "\rAT\r\r\nOK\r\n"
    assert "began anew" in table.told[0]


UNANSWERED = RECORDED[: RECORDED.index("6.3 - <")]


def test_a_modem_that_was_silent_at_the_end_is_silent_until_a_session_begins() -> None:
    table = Table(UNANSWERED)
    table.write("\x1b\rAT\rAT+CSQ\rAT+CREG?\rAT+CMGS=1\r")
    assert table.write("00\x1a") == ""
    assert table.write("AT\r") == ""
    assert "behind the end" in table.told[-1]
    assert table.write("\x1b\rAT\r") == "\rAT\r\r\nOK\r\n"


def test_a_modem_that_answered_at_the_end_goes_on_doing_so(table: Table) -> None:
    table.write("\x1b\rAT\rAT+CSQ\rAT+CREG?\rAT+CMGS=1\r")
    table.write("00\x1aATS10=1\r")
    assert table.write("AT+CSQ\r") == "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"


# ── on a pty ──


@asynccontextmanager
async def playing(folder: Path, text: str, **settings: float) -> AsyncIterator[tuple[Path, list[str]]]:
    told: list[str] = []
    async with Replay(recording.parse(text), folder / "modem0", tell=told.append, **settings):
        yield folder / "modem0", told


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def hear(descriptor: int, wanted: bytes, seconds: float = 10.0) -> float:
    """Read until something wanted has come; returns how long that took."""
    loop = asyncio.get_running_loop()
    began, data, ready = loop.time(), b"", asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(seconds):
            while wanted not in data:
                await ready.wait()
                ready.clear()
                with contextlib.suppress(BlockingIOError):
                    data += os.read(descriptor, 4_096)
    finally:
        loop.remove_reader(descriptor)
    return loop.time() - began


SLOW = r"""smsgw recording 1
0.0 - ! opened
0.0 - > AT\r
8.0 - < \r\nOK\r\n
90.0 - < \r\nRING\r\n
90.0 - > ATH\r
90.0 - < \r\nOK\r\n
"""


async def test_pauses_are_kept_at_a_given_speed_and_left_out_without_one(tmp_path: Path) -> None:
    for settings, least, most in ({"speed": 40.0}, 0.2, 8.0), ({}, 0.0, 8.0):
        async with playing(tmp_path, SLOW, **settings) as (path, _), opened(path) as modem:
            os.write(modem, b"AT\r")
            assert least <= await hear(modem, b"OK\r\n") < most


async def test_a_gateway_ahead_of_the_recording_does_not_wait_for_its_news(tmp_path: Path) -> None:
    async with playing(tmp_path, SLOW, speed=8.0) as (path, _), opened(path) as modem:
        os.write(modem, b"AT\r")
        await hear(modem, b"OK\r\n")
        os.write(modem, b"ATH\r")
        assert await hear(modem, b"RING\r\n\r\nOK\r\n") < 5


async def test_a_port_that_was_lost_is_lost_again_and_comes_back(tmp_path: Path) -> None:
    text = SLOW + "90.1 - ! lost the far end hung up\n"
    async with playing(tmp_path, text) as (path, told), opened(path) as modem:
        os.write(modem, b"AT\rATH\r")
        await hear(modem, b"OK\r\n\r\nRING\r\n\r\nOK\r\n")
        async with asyncio.timeout(10):
            while path.is_symlink():  # noqa: ASYNC110 (nobody tells when a device goes)
                await asyncio.sleep(0.01)
            while not path.is_symlink():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async with opened(path) as again:
            os.write(again, b"AT\r")
            await hear(again, b"OK\r\n")
    assert len(told) == 1


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes"
    path.write_text("milk, bread")
    for file in (path, tmp_path / "nowhere"):
        assert main(["--dir", str(tmp_path), "--replay", str(file)]) == 1
    errors = capsys.readouterr().err
    assert "no recording" in errors
    assert "nowhere" in errors


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "inf", "nan"])
def test_a_speed_that_is_none_is_wrong_usage(speed: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--dir", "d", "--replay", "f", "--speed", speed])
