"""The virtual modem without pty and clock: the same bytes give the same answers however they are cut."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from sim_client import HELLO

from simmodem import Network, Profile, VirtualModem
from simmodem.agenda import Agenda
from simmodem.terminal import TYPE_AHEAD_LIMIT

SESSION = (
    b"\x1b\rAT\rATE0\rAT+CMEE=1\rAT+CMGF=0\rAT+CNMI=2,1,0,1,0\rAT+CPMS=?\r"
    + b"AT+CMGS=23\r"
    + HELLO.encode()
    + b"\x1aAT+CMGL=4\rAT+NONSENSE\rAT+CMGS=23\r\x1bAT+CSQ\r"
)


class Bench:
    """One modem, its network and an agenda that moves only when told."""

    def __init__(self, profile: Profile | None = None, *, seed: int = 0, network_time: float = 0.0) -> None:
        self.agenda = Agenda()
        self.network = Network(
            self.agenda, lambda: datetime(2026, 3, 1, tzinfo=UTC), seed=seed, network_time=(0.0, network_time)
        )
        self.modem = VirtualModem(
            index=0, profile=profile or Profile(), network=self.network, agenda=self.agenda, seed=seed
        )

    def say(self, data: bytes) -> bytes:
        self.modem.feed(data)
        self.agenda.advance(self.agenda.now)
        return b"".join(self.modem.take_output())


def test_bytes_one_by_one_are_answered_as_all_at_once() -> None:
    whole, single = Bench(), Bench()
    at_once = whole.say(SESSION)
    one_by_one = b"".join(single.say(bytes([byte])) for byte in SESSION)
    assert at_once.count(b"OK\r\n") == 10
    # The report comes as soon as no line is being typed: after the last command here, after the first byte there.
    assert sorted(at_once.split(b"\r\n")) == sorted(one_by_one.split(b"\r\n"))
    assert [entry.text for entry in single.network.ledger] == ["hellohello"]


@given(st.lists(st.integers(0, len(SESSION)), max_size=8))
def test_where_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    bench = Bench()
    edges = sorted({0, len(SESSION), *cuts})
    answers = b"".join(bench.say(SESSION[start:end]) for start, end in itertools.pairwise(edges))
    assert answers.count(b"OK\r\n") == 10
    assert len(bench.network.messages) == 1


@given(st.binary(max_size=400))
def test_garbage_never_breaks_the_modem(garbage: bytes) -> None:
    bench = Bench()
    bench.say(garbage)
    # CR ends a line and ESC leaves a prompt, as every gateway begins its session; a reset undoes the rest.
    bench.say(b"\x1b\rATQ0V1E0\r\x1b\rATQ0V1E0\r")
    assert bench.say(b"AT\r").endswith(b"\r\nOK\r\n")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_every_command_line_gets_one_final_result(command: str) -> None:
    bench = Bench()
    bench.say(b"ATE0\r")
    answer = bench.say(f"AT{command}\r".encode())
    if not answer.endswith(b"> ") and bench.modem.terminal.verbose and not bench.modem.terminal.quiet:
        assert answer.count(b"\r\nOK\r\n") + answer.count(b"ERROR") == 1


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"at+csq\r", b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"),
        (b"  AT+CSQ  \r", b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"),
        (b"noise~AT\r", b"\r\nOK\r\n"),
        (b"AX\x08T\r", b"\r\nOK\r\n"),
        (b"noise\r", b""),
        (b"\r\n\r\n", b""),
        (b"AT\nI\r", b"\r\nSimmodem\r\nSM-1\r\nRevision: SM-1 R1.0\r\n\r\nOK\r\n"),
        (b"AT&F&D0S0=0\r", b"\r\nOK\r\n"),
        (b'AT+CSCS="UCS2";+CSCA?\r', b'\r\n+CSCA: "'),
        (b'AT+CPMS="ME\r', b"\r\n+CPMS: 0,50,0,20,0,20\r\n\r\nOK\r\n"),
        (b"AT+CNMI=a\r", b"\r\nERROR\r\n"),
        (b"AT+CMMS=3\r", b"\r\nERROR\r\n"),
        (b"AT+CGSMS=?\r", b"\r\n+CGSMS: (0-3)\r\n\r\nOK\r\n"),
        (b"AT!\r", b"\r\nERROR\r\n"),
    ],
)
def test_lines_are_read_as_v250_says(line: bytes, answer: bytes) -> None:
    bench = Bench(Profile(echo=False))
    assert bench.say(line).startswith(answer)
    if not answer:
        assert bench.say(line) == b""


def test_input_beyond_the_buffer_is_lost_while_a_command_runs() -> None:
    bench = Bench(Profile(echo=False), network_time=1000.0)
    bench.say(b"AT+CMGS=23\r" + HELLO.encode() + b"\x1a")
    bench.say(b"AT\r" * TYPE_AHEAD_LIMIT)
    bench.agenda.advance(1000.0)
    assert b"".join(bench.modem.take_output()).count(b"\r\nOK\r\n") == TYPE_AHEAD_LIMIT // 3 + 1


def test_delays_follow_from_the_seed() -> None:
    def due(seed: int) -> float | None:
        bench = Bench(seed=seed, network_time=100.0)
        bench.say(b"AT+CMGS=23\r" + HELLO.encode() + b"\x1a")
        return bench.agenda.next_due()

    assert due(1) == due(1) != due(2)


def test_identities_are_well_formed_and_differ() -> None:
    def luhn_holds(digits: str) -> bool:
        doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
        return sum(value // 10 + value % 10 for value in doubled) % 10 == 0

    modems = [Bench(seed=seed).modem for seed in range(20)]
    for modem in modems:
        assert len(modem.imei) == 15
        assert luhn_holds(modem.imei)
        assert 19 <= len(modem.iccid) <= 20
        assert luhn_holds(modem.iccid)
        assert len(modem.state.identity.imsi) == 15
    assert len({modem.imei for modem in modems}) == len({modem.iccid for modem in modems}) == 20


def test_actions_happen_in_order_and_cancelled_ones_never() -> None:
    agenda = Agenda(10.0)
    done: list[str] = []
    agenda.after(2.0, lambda: done.append("late"))
    agenda.after(1.0, lambda: agenda.after(0.0, lambda: done.append("follow-up")))
    agenda.after(1.0, lambda: done.append("early"))
    agenda.after(1.5, lambda: done.append("never")).cancel()
    assert agenda.next_due() == 11.0
    agenda.advance(11.0)
    assert done == ["early", "follow-up"]
    agenda.advance(20.0)
    assert done == ["early", "follow-up", "late"]
    assert agenda.next_due() is None
