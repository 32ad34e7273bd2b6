"""Makes of modem and nasty habits: what each switch does to the line, and that each can be put on by itself."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sim_client import HELLO

from simmodem import FAMILIES, GENERIC, NASTIES, Network, Profile, Rule, VirtualModem, with_nasties
from simmodem.agenda import Agenda
from simmodem.deliver import build_deliver
from simmodem.storage import Status

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUIET = Profile(echo=False, cmee_default=1)
(DELIVER,) = build_deliver("+12025550123", "Hello", smsc="+447700900999", moment=NOON, reference=0)


class Bench:
    """One modem without a line: what it is told, and what it says."""

    def __init__(self, profile: Profile) -> None:
        self.agenda = Agenda()
        self.network = Network(self.agenda, lambda: NOON, rules=[Rule(reports=())])
        self.modem = VirtualModem(index=0, profile=profile, network=self.network, agenda=self.agenda)

    def later(self, seconds: float) -> str:
        """Let time pass, and give what comes of it."""
        self.agenda.advance(self.agenda.now + seconds)
        return b"".join(self.modem.take_output()).decode()

    def raw(self, command: str) -> str:
        self.modem.feed(command.encode() + b"\r")
        return self.later(0)

    def ask(self, command: str) -> list[str]:
        return [line for line in self.raw(command).split("\r\n") if line]

    def send(self) -> str:
        self.raw("AT+CMGS=23")
        self.modem.feed(HELLO.encode() + b"\x1a")
        return self.later(0)


@pytest.mark.parametrize(
    ("profile", "command", "answer"),
    [
        (Profile(identification=("SIM800 R14.18",)), "ATI", ["SIM800 R14.18", "OK"]),
        (Profile(unknown_command=100), "AT+NONE", ["+CME ERROR: 100"]),
        (Profile(unknown=frozenset({"+CSQ"})), "AT+CSQ", ["ERROR"]),
        (Profile(unanswered=frozenset({"+CMGL"})), "AT+CMGL=4", []),
        (Profile(forgets_ok=frozenset({"+CPIN?"})), "AT+CPIN?", ["+CPIN: READY"]),
        (Profile(answers={"+SPIC": ("+SPIC: {pin_tries},{puk_tries}",)}), "AT+SPIC", ["+SPIC: 3,10", "OK"]),
        (Profile(pin_tries_spent=1, answers={"#PCT": ("#PCT: {pin_tries}",)}), "AT#PCT", ["#PCT: 2", "OK"]),
        (Profile(answers={"^ICCID?": ("{iccid_swapped}",)}), "AT^ICCID?", ["981010000000000000F9", "OK"]),
        (Profile(cpms_counts=frozenset({1})), 'AT+CPMS="SM","SM"', ["+CMS ERROR: 302"]),
        (Profile(cpms_listing='"ME","SM"'), "AT+CPMS=?", ['+CPMS: "ME","SM"', "OK"]),
        (
            Profile(cpms_names=True),
            'AT+CPMS="SM"',
            ['+CPMS: "SM",0,20,"SM",0,20,"SM",0,20', "OK"],
        ),
        (Profile(cnmi_refused_forms=((2, None, None, 1, None),)), "AT+CNMI=2,1,0,1,0", ["+CMS ERROR: 303"]),
        (Profile(cnmi_refused_forms=((2, None, None, 1, None),)), "AT+CNMI=1,1,0,1,0", ["OK"]),
        (Profile(cnmi_error=None), "AT+CNMI=9", ["ERROR"]),
        (Profile(cnmi_listing="0,1"), "AT+CNMI=?", ["+CNMI: 0,1", "OK"]),
        (Profile(csms_allowed=(1,)), "AT+CSMS=0", ["+CMS ERROR: 303"]),
        (Profile(csms_default=1, cnma_explicit=False), "AT+CNMA=0", ["ERROR"]),
        (Profile(csms_default=1, cnma_explicit=False), "AT+CNMA", ["+CMS ERROR: 340"]),
    ],
)
def test_a_make_answers_as_its_profile_says(profile: Profile, command: str, answer: list[str]) -> None:
    assert Bench(replace(profile, echo=False, cmee_default=1)).ask(command) == answer


def test_lines_may_end_with_a_line_feed_alone() -> None:
    assert Bench(replace(QUIET, bare_lf=True)).raw("AT") == "\nOK\n"


def test_echo_may_stay_on() -> None:
    bench = Bench(Profile(keeps_echo=True))
    bench.raw("ATE0")
    assert bench.raw("AT") == "AT\r\r\nOK\r\n"


def test_chatter_stands_before_every_line_until_it_is_switched_off() -> None:
    bench = Bench(replace(QUIET, chatter=("^RSSI:1", "^RSSI:2"), chatter_off="^CURC=0"))
    assert bench.ask("AT+CSQ") == ["^RSSI:1", "+CSQ: 20,99", "^RSSI:2", "OK"]
    assert bench.ask("AT^CURC=0") == ["OK"]
    assert bench.ask("AT+CSQ") == ["+CSQ: 20,99", "OK"]
    bench.modem.fault("reboot")
    bench.later(1)
    assert "^RSSI:1" in bench.ask("AT+CSQ")


def test_a_command_right_behind_a_result_may_be_swallowed() -> None:
    bench = Bench(replace(QUIET, command_gap_s=0.02))
    assert bench.ask("AT") == ["OK"]
    bench.later(0.01)
    assert bench.ask("AT") == []
    bench.later(0.02)
    assert bench.ask("AT") == ["OK"]


def test_a_prompt_may_lack_its_space() -> None:
    assert Bench(replace(QUIET, prompt="\r\n>")).raw("AT+CMGS=23") == "\r\n>"


def test_the_busy_sim_of_a_make_has_its_own_error_for_as_long_as_it_takes() -> None:
    bench = Bench(replace(QUIET, sim_busy_s=2.0, busy_errors=(14, 604)))
    bench.modem.fault("reboot")
    bench.later(0.2)
    bench.raw("AT+CMEE=1")
    assert [bench.ask(command)[-1] for command in ("AT+CMGF=0", "AT+CIMI")] == ["+CMS ERROR: 604", "+CME ERROR: 14"]
    bench.later(2)
    assert bench.ask("AT+CMGF=0") == ["OK"]


@pytest.mark.parametrize(("alpha", "header"), [("", "0,,24"), ('""', '0,"",24'), (None, "0,24")])
def test_headers_of_stored_messages_differ_in_the_name(alpha: str | None, header: str) -> None:
    bench = Bench(replace(QUIET, listed_alpha=alpha))
    bench.modem.state.storage.reading.store(Status.UNREAD, DELIVER)
    assert bench.ask("AT+CMGR=1")[0] == f"+CMGR: {header}"


def test_a_full_memory_may_keep_messages_from_being_sent() -> None:
    bench = Bench(replace(QUIET, memories=(("SM", 1),), report_memory="SM", full_blocks_sending=True))
    bench.modem.state.storage.receiving.store(Status.UNREAD, DELIVER)
    assert bench.ask("AT+CMGS=23") == ["+CMS ERROR: 322"]
    assert bench.ask("AT+CMGD=1") == ["OK"]
    assert bench.send() == "\r\n+CMGS: 0\r\n\r\nOK\r\n"


def test_references_go_on_from_the_last_one_and_may_have_a_tail() -> None:
    bench = Bench(replace(QUIET, last_mr=254, reference_tail=',"x"'))
    assert [bench.send().split("\r\n")[1] for _ in range(2)] == ['+CMGS: 255,"x"', '+CMGS: 0,"x"']


def test_a_modem_may_hang_after_a_send_for_a_while() -> None:
    bench = Bench(QUIET)
    bench.modem.fault("hang_after_send", after=1, seconds=1.0)
    assert [bench.send().endswith("OK\r\n") for _ in range(2)] == [True, True]
    assert bench.ask("AT") == []
    bench.later(1)
    assert bench.ask("AT") == ["OK"]


def test_the_tries_of_a_pin_may_become_fewer() -> None:
    bench = Bench(replace(QUIET, sim_pin="1234"))
    bench.modem.fault("pin_tries", n=1)
    assert bench.ask('AT+CSIM=10,"0020000100"') == ['+CSIM: 4,"63C1"', "OK"]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("ok_only", "\r\nOK\r\n"),
        ("cms_error", "\r\n+CMS ERROR: 500\r\n"),
        ("sim_busy", "\r\n+CMS ERROR: 314\r\n"),
        ("lose_after_ctrl_z", ""),
        ("mute_after_ctrl_z", ""),
        ("reboot_mid_send", ""),
    ],
)
def test_a_mishap_strikes_as_often_as_its_profile_says(kind: str, answer: str) -> None:
    assert Bench(replace(QUIET, mishaps={kind: 1.0})).send() == answer
    assert Bench(replace(QUIET, mishaps={kind: 0.0})).send().endswith("OK\r\n")


@pytest.mark.parametrize("name", NASTIES)
def test_a_nasty_habit_can_be_put_on_by_itself_and_beside_all_others(name: str) -> None:
    changed = {field: getattr(with_nasties(GENERIC, [name]), field) for field in NASTIES[name]}
    assert changed == dict(NASTIES[name])
    assert with_nasties(GENERIC, [name]) != GENERIC
    everything = with_nasties(with_nasties(GENERIC, NASTIES), [name])
    assert set(NASTIES[name].get("mishaps", ())) <= set(everything.mishaps)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_modem_of_any_make_says_who_it_is(family: str) -> None:
    profile = FAMILIES[family]
    said = Bench(replace(profile, echo=False, keeps_echo=False, chatter=())).raw("AT+CGMI").split()
    assert " ".join(said) == f"{profile.manufacturer} OK"
