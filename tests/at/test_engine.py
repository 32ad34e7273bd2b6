"""The line engine against every framing, cut into every piece, with unsolicited lines between any two others."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, strategies as st

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.engine import MAX_LINE, MAX_LINES, Engine, EngineMisuse, Phase
from smsgw.at.events import Done, Event, Noise, Prompt, Settled, Urc
from smsgw.at.urcs import BootSign, boot_sign, is_reboot
from smsgw.at.verdicts import ErrorKind
from smsgw.gsm.whole import is_received

REPORT = "079144770009909906400C91447700091032623010214365806230102153208000"
MESSAGE = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
PDU = bytes.fromhex("0031000C914477000910320000A70AE8329BFD4697D9EC37")
SUBMIT = commands.submit(PDU, 23)

FRAMINGS: dict[str, Callable[[str], bytes]] = {
    "standard": lambda line: f"\r\n{line}\r\n".encode(),
    "line feed only": lambda line: f"{line}\n".encode(),
    "carriage return only": lambda line: f"{line}\r".encode(),
    "doubled CR": lambda line: f"\r\r\n{line}\r\r\n".encode(),
    "many CRs": lambda line: f"\r\r\r\r\n{line}\r\r\r\n".encode(),
    "extra CRLF": lambda line: f"\r\n\r\n{line}\r\n\r\n".encode(),
    "leading NULs": lambda line: f"\0\0\r\n{line}\r\n\0".encode(),
    "blanks": lambda line: f"\r\n {line} \r\n".encode(),
}


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def byte_by_byte(data: bytes) -> Iterator[bytes]:
    for byte in data:
        yield bytes([byte])


CUTS = {"whole": whole, "byte by byte": byte_by_byte}


def started(command: Command) -> Engine:
    engine = Engine()
    assert engine.send(command).endswith(b"\r")
    return engine


def submitted(command: Command = SUBMIT) -> Engine:
    engine = started(command)
    assert engine.receive(b"\r\n> ") == [Prompt()]
    assert engine.send_body() == PDU.hex().upper().encode() + b"\x1a"
    return engine


def hear(engine: Engine, data: bytes, cut: str = "whole") -> list[Event]:
    return [event for piece in CUTS[cut](data) for event in engine.receive(piece)]


def done(events: list[Event]) -> Done:
    found = [event for event in events if isinstance(event, Done)]
    assert len(found) == 1, events
    return found[0]


def urcs(events: list[Event]) -> list[Urc]:
    return [event for event in events if isinstance(event, Urc)]


LISTING = ("+CMGL: 1,1,,29", MESSAGE, "+CMGL: 4,0,,25", REPORT)
DIALOGUES: list[tuple[Command, list[str], tuple[str, ...]]] = [
    (commands.attention(), ["OK"], ()),
    (commands.signal_quality(), ["+CSQ: 20,99", "OK"], ("+CSQ: 20,99",)),
    (commands.manufacturer(), ["Quectel", "OK"], ("Quectel",)),
    (commands.list_messages(), [*LISTING, "OK"], LISTING),
    (commands.read_message(0), ["+CMGR: 0,,29", MESSAGE, "OK"], ("+CMGR: 0,,29", MESSAGE)),
    (commands.registration("CREG"), ['+CREG: 2,5,"00A1","0B12",7', "OK"], ('+CREG: 2,5,"00A1","0B12",7',)),
]
INSERTED: list[tuple[list[str], Urc]] = [
    (['+CMTI: "SM",3'], Urc(line='+CMTI: "SM",3', pdu=None)),
    (["RING"], Urc(line="RING", pdu=None)),
    (["NO CARRIER"], Urc(line="NO CARRIER", pdu=None)),
    (["^RSSI:18"], Urc(line="^RSSI:18", pdu=None)),
    (['+CREG: 5,"00A1","0B12"'], Urc(line='+CREG: 5,"00A1","0B12"', pdu=None)),
    (["+CDS: 25", REPORT], Urc(line="+CDS: 25", pdu=REPORT)),
    (["+CMT: ,29", MESSAGE], Urc(line="+CMT: ,29", pdu=MESSAGE)),
]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("echo", [True, False], ids=["echo", "no echo"])
@pytest.mark.parametrize(("command", "lines", "answer"), DIALOGUES, ids=[d[0].line for d in DIALOGUES])
def test_every_framing_means_the_same(
    framing: str, cut: str, echo: bool, command: Command, lines: list[str], answer: tuple[str, ...]
) -> None:
    wire = (command.wire if echo else b"") + b"".join(FRAMINGS[framing](line) for line in lines)
    result = done(hear(started(command), wire, cut))
    assert result.final.ok
    assert result.lines == answer


@pytest.mark.parametrize("framing", ["standard", "line feed only", "many CRs"])
@pytest.mark.parametrize(("inserted", "urc"), INSERTED, ids=[i[0][0] for i in INSERTED])
@pytest.mark.parametrize(("command", "lines", "answer"), DIALOGUES, ids=[d[0].line for d in DIALOGUES])
def test_an_unsolicited_line_between_any_two_lines_changes_nothing(
    framing: str, inserted: list[str], urc: Urc, command: Command, lines: list[str], answer: tuple[str, ...]
) -> None:
    for position in range(len(lines) + 1):
        mixed = lines[:position] + inserted + lines[position:]
        events = hear(started(command), b"".join(FRAMINGS[framing](line) for line in mixed), "byte by byte")
        assert done(events).lines == answer
        assert urcs(events) == [urc]


@pytest.mark.parametrize("pieces", [[b"\r\n> "], [b"\r\n", b">", b" "], [b"\r\n>"], [b"AT+CMGS=23\r\r\n> "], [b">"]])
def test_a_prompt_has_no_line_end_and_may_come_in_pieces(pieces: list[bytes]) -> None:
    engine = started(SUBMIT)
    assert [event for piece in pieces for event in engine.receive(piece)] == [Prompt()]
    engine.send_body()
    assert done(engine.receive(b"\r\n+CMGS: 64\r\n\r\nOK\r\n")).lines == ("+CMGS: 64",)


@pytest.mark.parametrize("cut", CUTS)
def test_an_unsolicited_line_may_stand_before_the_prompt(cut: str) -> None:
    events = hear(started(SUBMIT), b'\r\n+CMTI: "SM",3\r\n\r\n> ', cut)
    assert events == [Urc(line='+CMTI: "SM",3', pdu=None), Prompt()]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("wire", [b"\r\n> \r\n+CMS ERROR: 304\r\n", b"\r\n> +CMS ERROR: 304\r\n"])
def test_a_prompt_and_the_error_behind_it_are_both_seen_in_order(cut: str, wire: bytes) -> None:
    prompt, refusal = hear(started(SUBMIT), wire, cut)
    assert isinstance(prompt, Prompt)
    assert isinstance(refusal, Done)
    assert refusal.final.code == "304"


def test_an_error_may_stand_in_place_of_the_prompt() -> None:
    engine = started(SUBMIT)
    assert done(engine.receive(b"\r\n+CMS ERROR: 310\r\n")).final.code == "310"
    assert engine.phase is Phase.IDLE
    with pytest.raises(EngineMisuse):
        engine.send_body()


@pytest.mark.parametrize("cut", CUTS)
def test_a_submission_ends_with_its_reference_whatever_stands_around_it(cut: str) -> None:
    echo = PDU.hex().upper().encode() + b"\x1a"
    wire = echo + f'\r\n+CDS: 25\r\n{REPORT}\r\n\r\n+CMTI: "ME",0\r\n\r\n+CMGS: 64\r\n\r\nOK\r\n'.encode()
    events = hear(submitted(), wire, cut)
    assert done(events).lines == ("+CMGS: 64",)
    assert urcs(events) == [Urc(line="+CDS: 25", pdu=REPORT), Urc(line='+CMTI: "ME",0', pdu=None)]


def test_the_reference_settles_the_outcome_before_the_final_result() -> None:
    assert submitted().receive(b"\r\n+CMGS: 64\r\n") == [Settled(lines=("+CMGS: 64",))]


def test_an_ok_without_a_reference_is_no_success() -> None:
    engine = submitted()
    assert engine.receive(b"\r\nOK\r\n") == [Noise(line="OK")]
    assert done(engine.receive(b"\r\n+CMGS: 7\r\n\r\nOK\r\n")).lines == ("+CMGS: 7",)


def test_an_ok_in_place_of_the_prompt_is_no_success_even_for_a_modem_without_references() -> None:
    engine = started(commands.submit(PDU, 23, bare_ok=True))
    assert engine.receive(b"\r\nOK\r\n") == [Noise(line="OK")]


def test_a_modem_known_to_print_no_reference_may_answer_with_ok_alone() -> None:
    assert done(submitted(commands.submit(PDU, 23, bare_ok=True)).receive(b"\r\nOK\r\n")).final.ok


def test_a_reference_that_comes_before_the_body_is_not_ours() -> None:
    assert started(SUBMIT).receive(b"\r\n+CMGS: 63\r\n") == [Urc(line="+CMGS: 63", pdu=None)]


def test_the_ok_after_our_esc_ends_the_command() -> None:
    engine = started(SUBMIT)
    engine.receive(b"\r\n> ")
    assert engine.abort() == b"\x1b"
    assert done(engine.receive(b"\x1b\r\nOK\r\n")).final.ok


@pytest.mark.parametrize(
    ("line", "kind", "code"),
    [
        ("+CMS ERROR: 500", ErrorKind.CMS, "500"),
        ("+CMS ERROR:500", ErrorKind.CMS, "500"),
        ("+CMS ERROR: SIM busy", ErrorKind.CMS, "SIM busy"),
        ("+CMS ERROR:", ErrorKind.CMS, None),
        ("+CME ERROR: 14", ErrorKind.CME, "14"),
        ("ERROR", ErrorKind.PLAIN, None),
        ("COMMAND NOT SUPPORT", ErrorKind.PLAIN, None),
        ("TOO MANY PARAMETERS", ErrorKind.PLAIN, None),
        ("MODEM ERROR: 5", ErrorKind.PLAIN, "5"),
        ("NA", ErrorKind.PLAIN, None),
        ("4", ErrorKind.PLAIN, None),
    ],
)
@pytest.mark.parametrize("cut", CUTS)
def test_every_refusal_ends_the_command(line: str, kind: ErrorKind, code: str | None, cut: str) -> None:
    final = done(hear(started(commands.attention()), f"\r\n{line}\r\n".encode(), cut)).final
    assert (final.ok, final.kind, final.code, final.line) == (False, kind, code, line)


def test_a_modem_that_answers_with_numbers_is_understood() -> None:
    assert done(started(commands.attention()).receive(b"0\r")).final.ok


@pytest.mark.parametrize("line", ["OK see you at 8", "ERRORS", "OKAY", "+CMS ERRORS: 5"])
def test_only_whole_lines_are_final_results(line: str) -> None:
    assert started(commands.attention()).receive(f"{line}\r\n".encode()) == [Noise(line=line)]


def test_the_end_of_a_call_ends_only_a_command_that_dialled() -> None:
    dialled = Command(line="ATD*99#", dials=True)
    assert not done(started(dialled).receive(b"\r\nNO CARRIER\r\n")).final.ok
    assert done(started(dialled).receive(b"\r\nCONNECT 150000000\r\n")).final.ok
    assert started(commands.attention()).receive(b"\r\nNO CARRIER\r\n") == [Urc(line="NO CARRIER", pdu=None)]


def test_a_line_no_command_declared_is_dropped() -> None:
    events = started(commands.signal_quality()).receive(b"\r\n+FOO: 1\r\n\r\n+CSQ: 9,0\r\n\r\nOK\r\n")
    assert events[0] == Noise(line="+FOO: 1")
    assert done(events).lines == ("+CSQ: 9,0",)


def test_an_echo_with_holes_is_not_an_answer() -> None:
    assert done(started(commands.manufacturer()).receive(b"AT+CGM\r+CGMI\rTelit\r\nOK\r\n")).lines == ("Telit",)


@pytest.mark.parametrize("line", ["+CREG: 5", '+CREG: 5,"00A1","0B12",2', "+CREG: 1,00A1,0B12", "+CEREG: 2"])
def test_registration_news_is_not_the_answer_to_the_question(line: str) -> None:
    domain = line[1 : line.index(":")]
    events = started(commands.registration(domain)).receive(f"\r\n{line}\r\n\r\n+{domain}: 2,1\r\n\r\nOK\r\n".encode())
    assert urcs(events) == [Urc(line=line, pdu=None)]
    assert done(events).lines == (f"+{domain}: 2,1",)


def test_registration_may_answer_with_leading_zeros() -> None:
    events = started(commands.registration("CREG")).receive(b"\r\n+CREG: 000,001\r\nOK\r\n")
    assert done(events).lines == ("+CREG: 000,001",)


def test_a_late_ok_is_not_taken_for_the_next_answer() -> None:
    engine = started(commands.attention())
    engine.abandon()
    with pytest.raises(EngineMisuse, match="resume"):
        engine.send(commands.signal_quality())
    assert engine.receive(b"\r\nOK\r\n") == [Noise(line="OK")]
    engine.resume()
    engine.send(commands.signal_quality())
    assert done(engine.receive(b"\r\n+CSQ: 5,0\r\n\r\nOK\r\n")).lines == ("+CSQ: 5,0",)


def test_unsolicited_lines_are_heard_while_adrift_and_while_idle() -> None:
    engine = Engine()
    wire = f"\r\n+CDS: 25\r\n{REPORT}\r\n".encode()
    assert engine.receive(wire) == [Urc(line="+CDS: 25", pdu=REPORT)]
    engine.abandon()
    assert engine.receive(wire) == [Urc(line="+CDS: 25", pdu=REPORT)]


def test_an_unknown_line_between_a_header_and_its_pdu_parts_them_not() -> None:
    engine = Engine()
    heard = hear(engine, f"\r\n+CDS: 25\r\n\r\n+FOO: 1\r\n\r\n+FOO: 2\r\n{REPORT}\r\n".encode())
    assert heard == [Noise(line="+FOO: 1"), Noise(line="+FOO: 2"), Urc(line="+CDS: 25", pdu=REPORT)]


def test_a_header_does_not_wait_for_its_pdu_for_ever() -> None:
    heard = hear(Engine(), b"\r\n+CDS: 25\r\n" + b"".join(b"\r\n+FOO: %d\r\n" % n for n in range(3)))
    assert Urc(line="+CDS: 25", pdu=None) in heard


@pytest.mark.parametrize("line", ["^WHAT: 1234567,8", "+XV: 123456789012345", "*FOO: 1", "#BAR: 490154203237518"])
def test_a_line_with_a_prefix_of_its_own_is_not_taken_for_an_answer_without_one(line: str) -> None:
    engine = started(commands.serial_number())
    events = hear(engine, f"\r\n{line}\r\n\r\n490154203237518\r\n\r\nOK\r\n".encode())
    (done,) = [event for event in events if isinstance(event, Done)]
    assert done.lines == ("490154203237518",)


def test_a_header_whose_pdu_is_lost_is_still_reported() -> None:
    events = Engine().receive(f"\r\n+CDS: 25\r\n\r\n+CMT: ,29\r\n{MESSAGE}\r\n".encode())
    assert events == [Urc(line="+CDS: 25", pdu=None), Urc(line="+CMT: ,29", pdu=MESSAGE)]


def test_a_lost_report_does_not_swallow_the_message_that_is_read_next() -> None:
    engine = Engine()
    engine.receive(b"\r\n+CDS: 25\r\n")
    engine.send(commands.read_message(3))
    events = engine.receive(f"\r\n+CMGR: 0,,29\r\n{MESSAGE}\r\n\r\nOK\r\n".encode())
    assert done(events).lines == ("+CMGR: 0,,29", MESSAGE)
    assert urcs(events) == [Urc(line="+CDS: 25", pdu=None)]


@pytest.mark.parametrize("pdu", [REPORT, MESSAGE, "00" + MESSAGE[16:]], ids=["report", "message", "no service centre"])
def test_a_pdu_whose_header_somebody_else_has_read_is_news_all_the_same(pdu: str) -> None:
    """A program was killed between the two lines: the PDU is the first that its successor hears."""
    engine = Engine(is_received)
    assert engine.receive(f"{pdu}\r\n".encode()) == [Urc(line="", pdu=pdu)]
    engine.send(commands.attention())
    assert urcs(engine.receive(f"\r\n{pdu}\r\n\r\nOK\r\n".encode())) == [Urc(line="", pdu=pdu)]
    engine.abandon()
    assert engine.receive(f"{pdu}\r\n".encode()) == [Urc(line="", pdu=pdu)]


@pytest.mark.parametrize("line", [PDU.hex().upper(), REPORT[1:], REPORT[2:], "0B" + "00" * 11, "89" * 20])
def test_hex_digits_that_are_nothing_received_are_noise(line: str) -> None:
    assert Engine(is_received).receive(f"{line}\r\n".encode()) == [Noise(line=line)]


@pytest.mark.parametrize("pdu", [REPORT, MESSAGE], ids=["report", "message"])
def test_hex_digits_without_a_header_are_no_news_while_a_body_is_on_its_way(pdu: str) -> None:
    """The echo of a body may come back with holes, and look like anything."""
    engine = Engine(is_received)
    engine.send(SUBMIT)
    line = f"\r\n{pdu}\r\n".encode()
    assert engine.receive(line) == [Noise(line=pdu)]
    assert engine.receive(b"\r\n> ") == [Prompt()]
    assert engine.receive(line) == [Noise(line=pdu)]
    engine.send_body()
    assert engine.receive(line) == [Noise(line=pdu)]
    assert urcs(engine.receive(f"\r\n+CMT: ,29{line.decode()}".encode())) == [Urc(line="+CMT: ,29", pdu=pdu)]


def test_a_report_in_text_mode_has_no_second_line() -> None:
    line = '+CDS: 6,64,"+447700900123",145,"26/03/01,12:34:56+08","26/03/01,12:35:02+08",0'
    assert Engine().receive(f"\r\n{line}\r\n".encode()) == [Urc(line=line, pdu=None)]


def test_an_empty_slot_of_a_listing_has_no_pdu() -> None:
    engine = started(commands.list_messages())
    events = engine.receive(f"+CMGL: 1,0,,0\r\n+CMGL: 2,1,,29\r\n{MESSAGE}\r\nOK\r\n".encode())
    assert done(events).lines == ("+CMGL: 1,0,,0", "+CMGL: 2,1,,29", MESSAGE)


@pytest.mark.parametrize("cut", CUTS)
def test_an_endless_line_is_dropped_up_to_its_end(cut: str) -> None:
    events = hear(started(commands.attention()), b"x" * (2 * MAX_LINE) + b"\r\nOK\r\n", cut)
    assert len(events) == 2
    assert isinstance(events[0], Noise)
    assert done(events).final.ok


def test_an_endless_answer_is_cut() -> None:
    engine = started(commands.list_messages())
    engine.receive(b"+CMGL: 1,0,,0\r\n" * (MAX_LINES + 500))
    assert len(done(engine.receive(b"OK\r\n")).lines) == MAX_LINES


def test_only_one_command_is_in_flight() -> None:
    engine = started(commands.attention())
    with pytest.raises(EngineMisuse, match="awaiting result"):
        engine.send(commands.attention())


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("RDY", BootSign.FIRST),
        ("^SYSSTART", BootSign.FIRST),
        ("^SYSSTART AIRPLANE MODE", BootSign.FIRST),
        ("*ATREADY: 1", BootSign.FIRST),
        ("NORMAL POWER DOWN", BootSign.FIRST),
        ("UNDER-VOLTAGE POWER DOWN", BootSign.FIRST),
        ("^BOOT:13437148,0,0,0,75", BootSign.LATE),
        ("+CFUN: 1", BootSign.LATE),
        ("Call Ready", BootSign.LATE),
        ("+QIND: SMS DONE", BootSign.LATE),
        ("+CFUN: 10", BootSign.NONE),
        ("+QIND: PB DONE", BootSign.NONE),
        ("UNDER-VOLTAGE WARNNING", BootSign.NONE),
        ("RING", BootSign.NONE),
    ],
)
def test_lines_tell_how_surely_the_modem_restarted(line: str, sign: BootSign) -> None:
    assert boot_sign(line) is sign
    assert is_reboot(line) is (sign is not BootSign.NONE)


def test_the_line_of_a_pin_is_never_shown() -> None:
    assert "1234" not in commands.enter_pin("1234").shown
    assert commands.enter_pin("1234").wire == b'AT+CPIN="1234"\r'


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", '1234"', "١٢٣٤"])
def test_what_is_no_pin_is_refused_without_repeating_it(pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 8 digits") as refusal:
        commands.enter_pin(pin)
    assert not pin or pin not in str(refusal.value)


def test_a_length_that_counts_the_service_centre_is_refused() -> None:
    with pytest.raises(ValueError, match="without the SCA"):
        commands.submit(PDU, len(PDU))


COMMANDS = [SUBMIT, commands.list_messages(), commands.manufacturer(), commands.registration("CREG"), None]
SNIPPETS = [b"\r\n", b"> ", b"OK\r\n", b"+CDS: 25\r\n", f"{REPORT}\r\n".encode(), b"+CMGL: 1,1,,9\r\n", b"+CREG: \r\n"]


@given(st.sampled_from(COMMANDS), st.lists(st.binary(max_size=40) | st.sampled_from(SNIPPETS), max_size=60))
def test_no_bytes_whatever_upset_the_engine(command: Command | None, pieces: list[bytes]) -> None:
    engine, joined = Engine(), Engine()
    for each in (engine, joined):
        if command is not None:
            each.send(command)
    events = [event for piece in pieces for event in engine.receive(piece)]
    assert events == joined.receive(b"".join(pieces))
    engine.abandon()
    engine.resume()
    engine.send(commands.attention())
    assert done(engine.receive(b"\r\nOK\r\n")).final.ok
