"""The radio link that AT+CMMS keeps between two messages, and what it saves (TS 27.005 §3.5.6)."""

from datetime import UTC, datetime

import pytest
from sim_client import UNREPORTED

from simmodem import Network, Profile, VirtualModem
from simmodem.agenda import Agenda

LINK_S, NETWORK_S, KEPT_S = 2.0, 5.0, 3.0


class Bench:
    """Two modems, their network and an agenda that moves only when told."""

    def __init__(self) -> None:
        self.agenda = Agenda()
        self.network = Network(
            self.agenda,
            lambda: datetime(2026, 3, 1, tzinfo=UTC),
            network_time=(NETWORK_S, NETWORK_S),
            link_time=(LINK_S, LINK_S),
            link_kept_s=KEPT_S,
        )
        self.modems = [
            VirtualModem(index=index, profile=Profile(echo=False), network=self.network, agenda=self.agenda)
            for index in range(2)
        ]

    def say(self, line: str, modem: int = 0) -> str:
        self.modems[modem].feed(line.encode())
        self.agenda.advance(self.agenda.now)
        return b"".join(self.modems[modem].take_output()).decode()

    def wait(self, seconds: float) -> None:
        self.agenda.advance(self.agenda.now + seconds)
        self.modems[0].take_output()

    def send(self, modem: int = 0) -> float:
        """Send a message, and return how long the network took for it."""
        begun = self.agenda.now
        self.say("AT+CMGS=23\r", modem)
        self.say(f"{UNREPORTED}\x1a", modem)
        taken = len(self.network.ledger)
        while len(self.network.ledger) == taken:
            due = self.agenda.next_due()
            assert due is not None
            self.agenda.advance(due)
        self.modems[modem].take_output()
        return self.agenda.now - begun

    @property
    def mode(self) -> str:
        return self.say("AT+CMMS?\r").split("\r\n")[1]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_every_message_needs_a_link_of_its_own(bench: Bench) -> None:
    assert [bench.send(), bench.send()] == [LINK_S + NETWORK_S, LINK_S + NETWORK_S]


@pytest.mark.parametrize("mode", [1, 2])
def test_the_next_message_finds_the_link_that_was_kept(bench: Bench, mode: int) -> None:
    bench.say(f"AT+CMMS={mode}\r")
    first = bench.send()
    bench.wait(KEPT_S - 0.5)
    assert (first, bench.send(), bench.send()) == (LINK_S + NETWORK_S, NETWORK_S, NETWORK_S)
    assert [(airtime.link_s, airtime.network_s) for airtime in bench.network.airtimes] == [
        (LINK_S, NETWORK_S),
        (0.0, NETWORK_S),
        (0.0, NETWORK_S),
    ]


@pytest.mark.parametrize(("mode", "left"), [(1, 0), (2, 2)])
def test_a_link_nobody_uses_is_closed_and_may_be_kept_no_longer(bench: Bench, mode: int, left: int) -> None:
    bench.say(f"AT+CMMS={mode}\r")
    bench.send()
    bench.wait(KEPT_S)
    assert bench.mode == f"+CMMS: {left}"
    assert bench.send() == LINK_S + NETWORK_S
    assert bench.send() == (NETWORK_S if left else LINK_S + NETWORK_S)


def test_the_wish_waits_for_the_first_message(bench: Bench) -> None:
    bench.say("AT+CMMS=1\r")
    bench.wait(10 * KEPT_S)
    assert bench.mode == "+CMMS: 1"


def test_a_message_that_takes_long_does_not_cost_the_link(bench: Bench) -> None:
    assert NETWORK_S > KEPT_S
    bench.say("AT+CMMS=1\r")
    bench.send()
    bench.send()
    assert bench.mode == "+CMMS: 1"


def test_to_keep_no_link_closes_the_one_that_is_there(bench: Bench) -> None:
    bench.say("AT+CMMS=1\r")
    bench.send()
    bench.say("AT+CMMS=0\r")
    bench.say("AT+CMMS=1\r")
    assert bench.send() == LINK_S + NETWORK_S


def test_a_restart_closes_the_link_and_nothing_of_it_returns(bench: Bench) -> None:
    bench.say("AT+CMMS=1\r")
    bench.send()
    bench.modems[0].reboot(0.0)
    bench.wait(0.0)
    assert bench.mode == "+CMMS: 0"
    bench.say("AT+CMMS=1\r")
    bench.wait(KEPT_S)
    assert bench.mode == "+CMMS: 1"


def test_every_modem_has_a_link_of_its_own(bench: Bench) -> None:
    bench.say("AT+CMMS=1\r")
    bench.send()
    bench.say("AT+CMMS=1\r", modem=1)
    assert bench.send(modem=1) == LINK_S + NETWORK_S
