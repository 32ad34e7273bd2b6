"""USSD on the virtual modem: the menu, its codings, and when its answers come."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from simmodem import Network, Page, Profile, UssdOrder, VirtualModem
from simmodem.agenda import Agenda

PLAIN = Profile(echo=False, cmee_default=1)
ASK = 'AT+CUSD=1,"*100#",15'


class Talk:
    """A dialogue with a fresh modem."""

    def __init__(self, profile: Profile = PLAIN) -> None:
        self.agenda = Agenda()
        self.network = Network(self.agenda, lambda: datetime(2026, 3, 1, tzinfo=UTC))
        self.modem = VirtualModem(index=0, profile=profile, network=self.network, agenda=self.agenda)

    def say(self, line: str = "", later_s: float = 0.0) -> list[str]:
        """Say a line, or nothing, and give the lines that are written until so many seconds later."""
        if line:
            self.modem.feed(line.encode() + b"\r")
        self.agenda.advance(self.agenda.now + later_s)
        written = b"".join(self.modem.take_output()).decode()
        return [text for text in written.replace("\r\n\r\n", "|").split("|") if text.strip()]


def stripped(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines]


@pytest.mark.parametrize(
    ("order", "lines"),
    [
        (UssdOrder.AFTER_OK, ["OK", '+CUSD: 0,"Balance: 123.45 RUB",15']),
        (UssdOrder.BEFORE_OK, ['+CUSD: 0,"Balance: 123.45 RUB",15', "OK"]),
        (UssdOrder.WITHOUT_OK, ['+CUSD: 0,"Balance: 123.45 RUB",15']),
    ],
)
def test_the_answer_comes_behind_the_result_before_it_or_instead(order: UssdOrder, lines: list[str]) -> None:
    talk = Talk(replace(PLAIN, ussd_order=order))
    assert stripped(talk.say(ASK)) == lines
    assert stripped(talk.say("AT")) == ["OK"]


def test_a_menu_leads_on_and_ends() -> None:
    talk = Talk()
    assert stripped(talk.say('AT+CUSD=1,"*111#",15')) == [
        "OK",
        '+CUSD: 1,"Menu "All"\r\n1 Balance\r\n2 Services\r\n0 End",15',
    ]
    assert stripped(talk.say('AT+CUSD=1,"2"'))[1].startswith("+CUSD: 1,")
    assert stripped(talk.say('AT+CUSD=1,"0"')) == ["OK", "+CUSD: 2"]
    assert talk.network.dialled == [(0, "*111#"), (0, "2"), (0, "0")]
    assert not talk.modem.ussd.is_open


@pytest.mark.parametrize(
    ("profile", "asked", "answered"),
    [
        (replace(PLAIN, packs_ussd=True), "AA180C3602", "C2303BEC1E9775A0986CE6A2D540D2AA10"),
        (
            replace(PLAIN, character_set="UCS2"),
            "002A0031003000300023",
            "Balance: 123.45 RUB".encode("utf-16-be").hex().upper(),
        ),
    ],
)
def test_strings_are_coded_as_the_profile_says(profile: Profile, asked: str, answered: str) -> None:
    talk = Talk(profile)
    assert stripped(talk.say(f'AT+CUSD=1,"{asked}",15')) == ["OK", f'+CUSD: 0,"{answered}",15']


@pytest.mark.parametrize("profile", [PLAIN, replace(PLAIN, packs_ussd=True)])
def test_cyrillic_is_ucs2_everywhere(profile: Profile) -> None:
    talk = Talk(profile)
    coded = "*102#".encode("utf-16-be").hex()
    assert stripped(talk.say(f'AT+CUSD=1,"{coded}",72')) == [
        "OK",
        f'+CUSD: 0,"{"Баланс: 57,30 руб.".encode("utf-16-be").hex().upper()}",72',
    ]


def test_an_answer_may_be_late_or_never_come_and_the_modem_is_busy_meanwhile() -> None:
    talk = Talk()
    assert stripped(talk.say('AT+CUSD=1,"*201#"')) == ["OK"]
    assert stripped(talk.say(ASK)) == ["+CME ERROR: 3"]
    assert stripped(talk.say(later_s=5.0)) == ['+CUSD: 0,"Late",15']
    talk.say('AT+CUSD=1,"*200#"')
    assert talk.say(later_s=1_000.0) == []
    assert stripped(talk.say("AT+CUSD=2")) == ["OK"]
    assert talk.network.dialled[-1] == (0, None)
    assert stripped(talk.say(ASK))[1].startswith("+CUSD: 0,")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ('AT+CUSD=1,"*202#",15', ["+CME ERROR: 30"]),
        ('AT+CUSD=1,"*203#",15', ["OK", "+CUSD: 4"]),
        ('AT+CUSD=1,"*999#",15', ["OK", '+CUSD: 0,"Unknown service code",15']),
        ('AT+CUSD=1,"xyz",72', ["+CME ERROR: 50"]),
        ("AT+CUSD=3", ["ERROR"]),
        ("AT+CUSD=2", ["OK"]),
        ("AT+CUSD=1", ["OK"]),
        ("AT+CUSD?", ["+CUSD: 1", "OK"]),
        ("AT+CUSD=?", ["+CUSD: (0-2)", "OK"]),
    ],
)
def test_every_other_form_is_answered(command: str, answer: list[str]) -> None:
    assert stripped(Talk().say(command)) == answer


def test_a_restart_ends_the_session() -> None:
    talk = Talk()
    talk.network.menu["*1#"] = Page(text="later", delay_s=10.0)
    talk.say('AT+CUSD=1,"*1#"')
    talk.modem.fault("reboot")
    assert "later" not in str(talk.say(later_s=20.0))


def test_no_message_leaves_while_a_session_is_open() -> None:
    talk = Talk()
    talk.say('AT+CUSD=1,"*111#"')
    talk.say("AT+CMGS=23")
    talk.modem.feed(b"0031000C914477000910320000A70AE8329BFD4697D9EC37\x1a")
    assert stripped(talk.say()) == ["+CMS ERROR: 302"]
    talk.say("AT+CUSD=2")
    talk.say("AT+CMGS=23")
    talk.modem.feed(b"0031000C914477000910320000A70AE8329BFD4697D9EC37\x1a")
    assert stripped(talk.say())[-1] == "OK"
