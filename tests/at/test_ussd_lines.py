"""The line +CUSD in one piece and in several, with its end and without."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from smsgw.at import commands, ussd
from smsgw.at.engine import MAX_STRING, Engine
from smsgw.at.events import Done, Event, Noise, Settled, Urc
from smsgw.at.replies import ReplyError
from smsgw.at.ussd import UssdKind, UssdLine, is_whole, read

REPORT = "079144770009909906400C91447700091032623010214365806230102153208000"
MENU = '+CUSD: 1,"Menu "A"\n1 Balance\n2 say "no"\n0 End",15'


def urc(line: str) -> Urc:
    return Urc(line=line, pdu=None)


@pytest.mark.parametrize(
    ("line", "kind", "string", "dcs"),
    [
        ('+CUSD: 0,"AA180C3602",15', UssdKind.FINAL, "AA180C3602", 15),
        ('+CUSD:1,"1 yes, 2 no"', UssdKind.NEEDS_REPLY, "1 yes, 2 no", None),
        ('+CUSD: 0,"pay 5, 15"', UssdKind.FINAL, "pay 5, 15", None),
        ('+CUSD: 0, "say "yes"", 72', UssdKind.FINAL, 'say "yes"', 72),
        ('+CUSD: 0,"a\nb",0', UssdKind.FINAL, "a\nb", 0),
        ('+CUSD: 0,"a",', UssdKind.FINAL, "a", None),
        ("+CUSD: 0,bare text,15", UssdKind.FINAL, "bare text", 15),
        ('+CUSD: 0,"cut', UssdKind.FINAL, "cut", None),
        ('+CUSD: 0,""', UssdKind.FINAL, "", None),
        ("+CUSD: 2", UssdKind.TERMINATED, "", None),
        ("+CUSD: 4", UssdKind.NOT_SUPPORTED, "", None),
        ("+CUSD: 5,,", UssdKind.TIMED_OUT, "", None),
    ],
)
def test_every_form_of_the_line_is_read(line: str, kind: UssdKind, string: str, dcs: int | None) -> None:
    assert read(line) == UssdLine(kind=kind, string=string, data_coding=dcs)


@pytest.mark.parametrize("line", ["+CUSD:", "+CUSD: x", '+CUSD: 7,"secret"', '+CUSD: 0 "secret"', "OK"])
def test_what_cannot_be_read_is_not_repeated(line: str) -> None:
    with pytest.raises(ReplyError) as raised:
        read(line)
    assert "secret" not in str(raised.value)


def test_a_line_of_nothing_but_blanks_and_commas_takes_no_time() -> None:
    begun = time.process_time()
    for blanks in (" " * 4_000, " ," * 2_000, '", ' * 1_300):
        is_whole(f'+CUSD: 0,"{blanks}x')
        read(f'+CUSD: 0,"{blanks}x')
    assert time.process_time() - begun < 0.5


@given(st.text())
def test_garbage_is_read_or_refused(text: str) -> None:
    for line in (text, f"+CUSD: 0,{text}", f'+CUSD: 1,"{text}",15'):
        is_whole(line)
        with suppress(ReplyError):
            read(line)


@given(st.text(alphabet=st.characters(exclude_characters='"', exclude_categories=["Cs"])), st.sampled_from(["", ",15"]))
def test_a_string_that_is_closed_is_whole_and_one_that_is_not_is_not(text: str, dcs: str) -> None:
    assert is_whole(f'+CUSD: 0,"{text}"{dcs}')
    assert not is_whole(f'+CUSD: 0,"{text}')
    assert read(f'+CUSD: 0,"{text}"{dcs}').string == text


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_string_over_several_lines_is_one_line(end: str, size: int) -> None:
    data = f'\r\n{MENU.replace(chr(10), end)}\r\n\r\n+CMTI: "SM",3\r\n'.encode()
    engine = Engine()
    events = [event for start in range(0, len(data), size) for event in engine.receive(data[start : start + size])]
    assert events == [urc(MENU), urc('+CMTI: "SM",3')]
    assert not engine.is_mid_string


def test_the_answer_before_the_result_settles_the_request() -> None:
    engine = Engine()
    engine.send(ussd.request("*100#", 15))
    events = engine.receive(f"\r\n{MENU}\r\n".encode())
    assert events == [Settled(lines=(MENU,))]
    (done,) = engine.receive(b"\r\nOK\r\n")
    assert isinstance(done, Done)
    assert done.lines == (MENU,)


def test_a_string_whose_end_got_lost_does_not_swallow_what_the_modem_says_next() -> None:
    engine = Engine()
    events = engine.receive(f'\r\n+CUSD: 0,"no end\r\n\r\n+CDS: 25\r\n{REPORT}\r\n+CMTI: "SM",3\r\n'.encode())
    assert events == [urc('+CUSD: 0,"no end'), Urc(line="+CDS: 25", pdu=REPORT), urc('+CMTI: "SM",3')]


def asked_and_cut_short() -> Engine:
    engine = Engine()
    engine.send(commands.attention())
    assert engine.receive(b'\r\n+CUSD: 0,"no end\r\n\r\nOK\r\n\r\n^RSSI:17\r\n') == []
    assert engine.is_mid_string
    return engine


def shown(events: list[Event]) -> list[object]:
    return [Done if isinstance(event, Done) else event for event in events]


LINES = [urc('+CUSD: 0,"no end'), Done, urc("^RSSI:17")]


def test_a_string_without_an_end_gives_back_what_it_held_up() -> None:
    engine = asked_and_cut_short()
    assert shown(engine.end_string()) == LINES
    assert engine.end_string() == []


def test_a_string_that_grows_too_long_gives_back_what_it_held_up() -> None:
    engine = asked_and_cut_short()
    events = engine.receive(b"x" * MAX_STRING + b"\r\n")
    assert shown(events) == [*LINES, Noise(line="x" * MAX_STRING)]
    assert not engine.is_mid_string


def test_a_half_said_string_is_forgotten_when_the_line_is_found_again() -> None:
    engine = Engine()
    engine.receive(b'+CUSD: 0,"half\r\n')
    engine.abandon()
    engine.resume()
    assert engine.receive(b"^RSSI:17\r\n") == [urc("^RSSI:17")]


@pytest.mark.parametrize("string", ['a"b', "a\r", "ж", "a\x1a"])
def test_what_would_end_the_command_is_refused(string: str) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        ussd.request(string, 15)


def test_a_code_is_shown_to_nobody() -> None:
    assert "100" not in ussd.request("*100#", 15).shown
