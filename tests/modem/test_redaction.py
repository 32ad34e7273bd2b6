"""A tape without its secrets: of everything that was said, what is written down is no PIN, no number and no text."""

import string
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.gsm.pdu import encode_message
from smsgw.modem.redaction import redact, redact_words
from smsgw.modem.tape import GAP, Chunk, Direction, Tape

REPORT = "07919761989901F006070B919799214365F7621152225315216211522253752100"
DELIVER = "07919761989901F0040B919799214365F700006211522253152108C8F71D14969741"
NUMBER, SWAPPED, TEXT = "79991234567", "9799214365F7", "C8F71D14969741"

Said = tuple[Direction, bytes, Command | None]


def tape(said: Iterable[Said]) -> list[Chunk]:
    return [
        Chunk(at=float(at), wall=float(at), direction=direction, data=data, command=command)
        for at, (direction, data, command) in enumerate(said)
    ]


def sent(command: Command) -> Said:
    return Direction.WROTE, command.wire, command


def wrote(data: bytes) -> Said:
    return Direction.WROTE, data, None


def heard(*lines: str) -> Said:
    return Direction.HEARD, "".join(f"\r\n{line}\r\n" for line in lines).encode(), None


def masked(*said: Said) -> list[str]:
    chunks = redact(tape(said))
    assert [len(chunk.data) for chunk in chunks] == [len(data) for _, data, _ in said]
    return [chunk.data.decode() for chunk in chunks]


def lines_of(*said: Said) -> list[str]:
    return [line for chunk in masked(*said) for line in chunk.split("\r\n") if line]


def test_a_pin_is_masked_and_so_is_its_echo_even_with_holes_and_in_pieces() -> None:
    pin = commands.enter_pin("4711")
    echo = b'AT+CPIN="4711"\r\n471\r\n"4711\r\n'
    pieces: list[Said] = [(Direction.HEARD, bytes([byte]), None) for byte in echo]
    line, *rest = masked(sent(pin), *pieces, heard("+CME ERROR: 16"), sent(commands.pin_state()))
    shown = "".join(rest)
    assert line == 'AT+CPIN="****"\r'
    assert shown.startswith('AT+CPIN="****"\r')
    assert "47" not in shown
    assert "11" not in shown
    assert "+CME ERROR: 16" in shown
    assert "AT+CPIN?" in shown


def test_an_echo_of_the_pin_that_ends_only_after_the_next_command_is_masked() -> None:
    pin = commands.enter_pin("4711")
    shown = masked(
        sent(pin), (Direction.HEARD, b"47", None), sent(commands.pin_state()), (Direction.HEARD, b"11\r", None)
    )
    assert [shown[1], shown[3]] == ["**", "**\r"]


def test_a_submission_keeps_its_length_and_loses_number_and_text() -> None:
    part = encode_message("Совершенно секретно", NUMBER, reference=1, validity_s=60)[0]
    command = commands.submit(part.pdu, part.length)
    assert command.body is not None
    body = command.body + b"\x1a"
    shown = masked(sent(command), (Direction.HEARD, b"\r\n> ", None), wrote(body), heard(command.body.decode()))
    assert shown[:2] == [f"AT+CMGS={part.length}\r", "\r\n> "]
    assert shown[2].endswith("\x1a")
    assert shown[2][:-1] == shown[3].strip()
    assert SWAPPED not in "".join(shown)
    assert "04210" not in "".join(shown)
    assert shown[2].startswith("0031000B91000000000")


@pytest.mark.parametrize("pdu", [REPORT, DELIVER])
@pytest.mark.parametrize("header", ["+CDS: 25", "+CMT: ,25", "+CMGL: 1,1,,25", "+CMGR: 1,,25", ""])
def test_what_was_received_keeps_its_structure(pdu: str, header: str) -> None:
    *before, shown = lines_of(heard(*filter(None, [header, pdu])))
    assert before == ([header] if header else [])
    assert len(shown) == len(pdu)
    assert SWAPPED not in shown
    assert TEXT not in shown
    assert "62115222531521" in shown


def test_a_pdu_that_was_cut_or_has_a_hole_becomes_zeros() -> None:
    for pdu in (DELIVER[:-4], DELIVER[:11] + DELIVER[14:], DELIVER[17:], DELIVER + "0"):
        assert lines_of(heard("+CMT: ,25", pdu)) == ["+CMT: ,25", "0" * len(pdu)]


@pytest.mark.parametrize(
    "lines",
    [
        ['+CMT: "+79991234567",,"26/11/25,12:00:00+12"', "Meet me at nine", "bring $400: +7 999 1234567"],
        ['+CMGR: "REC READ","+79991234567",,"26/11/25"', "OKAY then", "AT nine"],
        ['+CUSD: 0,"Your balance is 12', '34 roubles, Mr Smith",15'],
        ["+CUSD: 0,Your balance is 1234,15"],
        ['+CLIP: "+79991234567",145,"Smith"'],
        ["+CLIP: 79991234567,145"],
        ['+CSCA: "+79991234567",145'],
        ['+CNUM: "Smith","+79991234567",145'],
        ['+CPBR: 1,"+79991234567",145,"Smith"'],
        ['+CMGS: 3,"Smith"'],
        ["Meet Smith at nine"],
        ['AT+CMGS="+79991234567"'],
        ["> Meet Smith at nine"],
        ['^WHATEVER: "Smith at nine"'],
    ],
)
@pytest.mark.parametrize("command", [commands.list_messages(), commands.boot_mark(), None])
def test_no_words_and_numbers_of_people_are_kept(lines: list[str], command: Command | None) -> None:
    before = [] if command is None or len(lines) == 1 else [sent(command)]
    shown = "".join(masked(*before, heard(*lines)))
    for secret in ("7999", "1234", "4567", "Meet", "nine", "400", "Smith", "balance", "roubles", "then"):
        assert secret not in shown, shown


@pytest.mark.parametrize(
    "line",
    [
        "OK",
        "ERROR",
        "+CMS ERROR: 38",
        "+CME ERROR: SIM busy",
        "RDY",
        "Call Ready",
        "+CPIN: READY",
        '+CMTI: "SM",3',
        '+CPMS: "SM",1,20,"SM",1,20,"SM",1,20',
        '+COPS: 0,0,"MegaFon",7',
        '+CREG: 2,1,"00C3","01A2B3C4",7',
        "+CSQ: 20,99",
        '+CRSM: 144,0,"40FF"',
        "^RSSI:17",
        "+CMGS: 64",
        "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)",
    ],
)
def test_what_is_about_the_modem_is_kept(line: str) -> None:
    assert lines_of(heard(line)) == [line]


@pytest.mark.parametrize(
    ("command", "answer", "kept"),
    [
        (commands.manufacturer(), "SIMCOM INCORPORATED", "SIMCOM INCORPORATED"),
        (commands.revision(), "SIM7600M22_V1.1", "SIM7600M22_V1.1"),
        (commands.serial_number(), "356938035643809", "356938000000000"),
        (commands.imsi(), "250011234567890", "250011000000000"),
        (commands.iccid("AT+CCID"), "+CCID: 89701012345678901234", "+CCID: 89701000000000000000"),
        (
            commands.iccid("AT+CRSM=176,12258,0,0,10"),
            '+CRSM: 144,0,"98071021436587092143"',
            '+CRSM: 144,0,"98071000000000000000"',
        ),
        (commands.boot_mark(), "077", "077"),
        (commands.pin_counter("AT+CSIM=10,0020000100"), '+CSIM: 4,"63C3"', '+CSIM: 4,"63C3"'),
    ],
)
def test_of_an_identity_the_kind_is_kept(command: Command, answer: str, kept: str) -> None:
    assert lines_of(sent(command), heard(answer, "OK"))[1:] == [kept, "OK"]


def test_what_a_command_says_to_a_sim_is_masked_behind_its_head() -> None:
    verify = Command(line='AT+CSIM=26,"00200001083437313131FFFFFF"')
    assert lines_of(sent(verify)) == ['AT+CSIM=26,"00200001080000000000000000"\r']


def test_behind_a_gap_nothing_is_trusted_until_an_answer_has_ended() -> None:
    gap: Said = (Direction.EVENT, GAP, None)
    half: Said = (Direction.HEARD, b"+CTZV: 4711\r\n+CTZV: 4711\r\n^ANY: 4711\r\nOK\r\n^ANY: 4711\r\n", None)
    assert masked((Direction.HEARD, b"The sec", None), gap, half) == [
        "xxx xxx",
        "gap",
        "xxxxxx 0000\r\n+CTZV: 4711\r\nxxxxx 0000\r\nOK\r\n^ANY: 4711\r\n",
    ]


chunks = st.lists(
    st.one_of(
        st.binary(max_size=40).map(lambda data: (Direction.HEARD, data, None)),
        st.sampled_from([heard("+CMT: ,25"), heard(DELIVER), heard("OK"), sent(commands.imsi()), wrote(b"\x1b")]),
    ),
    max_size=30,
)


@given(chunks)
def test_nothing_changes_its_length_and_place(said: list[Said]) -> None:
    before = tape(said)
    after = redact(before)
    assert [(c.at, c.direction, len(c.data)) for c in after] == [(c.at, c.direction, len(c.data)) for c in before]
    for old, new in zip(before, after, strict=True):
        ends = [place for place, byte in enumerate(old.data) if byte in b"\r\n"]
        assert ends == [place for place, byte in enumerate(new.data) if byte in b"\r\n"]


@given(st.text(string.ascii_letters + " ", min_size=1, max_size=30), st.lists(st.integers(1, 200), max_size=10))
def test_however_it_is_cut_a_dialogue_is_masked_alike(words: str, cuts: list[int]) -> None:
    whole = f'\r\n+CMT: ,25\r\n{DELIVER}\r\n{words}\r\n+CUSD: 0,"{words}",15\r\nOK\r\n'.encode()
    places = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(places)]
    in_pieces = "".join(masked(*((Direction.HEARD, piece, None) for piece in pieces)))
    assert in_pieces == masked((Direction.HEARD, whole, None))[0]


def test_the_reason_quotes_no_number() -> None:
    assert redact_words(f"cut: +{NUMBER}, {DELIVER}, 38") == f"cut: +{'0' * 11}, {'0' * len(DELIVER)}, 38"


# ── the tape ──


def test_a_tape_keeps_the_beginning_and_the_end_within_bounds_and_says_what_is_missing() -> None:
    kept = Tape()
    for number in range(3_000):
        kept.add(Direction.HEARD, f"{number:04d}".encode() * 20)
    chunks = kept.take()
    assert sum(len(chunk.data) for chunk in chunks) <= 65_536 + len(GAP)
    assert len(chunks) <= 2_049
    gap = next(place for place, chunk in enumerate(chunks) if chunk.data == GAP)
    numbers = [int(chunk.data[:4]) for chunk in chunks if chunk.data != GAP]
    assert numbers[:gap] == list(range(gap))
    assert numbers[gap:] == list(range(3_000 - len(numbers) + gap, 3_000))
    assert gap * 80 <= 16_384 < (gap + 1) * 80
    assert kept.take() == []


def test_a_tape_is_bounded_by_entries_too() -> None:
    kept = Tape()
    for _ in range(100_000):
        kept.add(Direction.HEARD, b"x")
    assert len(kept.take()) == 512 + 1 + 1_536


def test_a_tape_that_lost_nothing_has_no_gap() -> None:
    kept = Tape()
    kept.add(Direction.WROTE, b"AT\r")
    kept.add(Direction.HEARD, b"x" * 10_000)
    chunks = kept.take()
    assert b"".join(chunk.data for chunk in chunks) == b"AT\r" + b"x" * 10_000
    assert [chunk.at for chunk in chunks] == sorted(chunk.at for chunk in chunks)
