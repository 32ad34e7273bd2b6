"""Setting a modem up: what is asked in which order, what is done without, and what needs a person."""

import asyncio
from dataclasses import replace

import pytest
from scripted_peer import Peer, framed, in_turn, until

from smsgw.at.urcs import BootSign
from smsgw.modem.driver import Modem, PinPolicy
from smsgw.modem.faults import (
    DeviceLocked,
    NoSim,
    PinCounterLow,
    PinForbidden,
    PinMissing,
    PinRefused,
    PukNeeded,
    Rebooted,
    SimFailed,
    SimLocked,
    WrongModem,
)
from smsgw.modem.link import Link
from smsgw.modem.profiles import GENERIC, PROFILE_NAMES, PROFILES, choose, named

OK = framed("OK")
ICCID = "89441234567890123456"
READY = framed("+CPIN: READY", "OK")
WANTS_PIN = framed("+CPIN: SIM PIN", "OK")
EMPTY_VERIFY = 'AT+CSIM=10,"0020000100"'


class Doorkeeper:
    """Allows PINs as told and remembers for which SIM it was asked."""

    def __init__(self, *, allows: bool = True) -> None:
        self.allows = allows
        self.asked: list[str | None] = []
        self.untouched: bool | None = None
        self.answers: list[bool] = []
        self.policy = PinPolicy(pin="1234", may_enter=self._may_enter, answered=self._answered)

    async def _may_enter(self, iccid: str | None, untouched: bool) -> bool:
        self.asked.append(iccid)
        self.untouched = untouched
        return self.allows

    async def _answered(self, accepted: bool) -> None:
        self.answers.append(accepted)


@pytest.fixture
def door() -> Doorkeeper:
    return Doorkeeper()


@pytest.fixture
async def modem(peer: Peer, link: Link) -> Modem:
    peer.answers |= {
        "ATV1": OK,
        "AT+CMEE=1": OK,
        "AT+CGMI": framed("Quectel", "OK"),
        "AT+CGMM": framed("EC25", "OK"),
        "AT+CGMR": framed("EC25EFAR06A01", "OK"),
        "AT+CGSN": framed("490154203237518", "OK"),
        "AT+CFUN?": framed("+CFUN: 1", "OK"),
        "AT+CPIN?": READY,
        "AT+CIMI": framed("250011234567890", "OK"),
        "AT+QCCID": framed(f"+QCCID: {ICCID}", "OK"),
        "AT+CREG=1": OK,
        "AT+CMGF=0": OK,
        "AT+CSMS=0": framed("+CSMS: 1,1,1", "OK"),
        "AT+CSMS?": framed("+CSMS: 0,1,1,1", "OK"),
        "AT+CPMS=?": framed('+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")', "OK"),
        'AT+CPMS="ME","ME","ME"': framed("+CPMS: 0,255,0,255,0,255", "OK"),
        'AT+CPMS="SM","SM","SM"': framed("+CPMS: 1,10,1,10,1,10", "OK"),
        "AT+CSCA?": framed('+CSCA: "+447700900999",145', "OK"),
        "AT+CNMI=?": framed("+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)", "OK"),
        "AT+CNMI=2,1,0,1,0": OK,
        "AT+CNMI?": framed("+CNMI: 2,1,0,1,0", "OK"),
        "AT+CGSMS?": framed("+CGSMS: 1", "OK"),
    }
    return Modem(link)


async def test_everything_is_asked_once_and_told_in_the_facts(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    facts = await modem.initialise(door.policy)
    assert (facts.manufacturer, facts.model, facts.imei) == ("Quectel", "EC25", "490154203237518")
    assert (facts.iccid, facts.imsi, facts.profile) == (ICCID, "250011234567890", "quectel")
    assert (facts.memory, facts.memories) == ("ME", ("SM", "ME"))
    assert (facts.indications, facts.must_acknowledge) == ((2, 1, 0, 1, 0), False)
    assert (facts.service_centre, facts.bearer) == ("+447700900999", 1)
    assert door.asked == []
    order = [peer.commands.index(c) for c in ("ATE0", "AT+CMEE=1", "AT+CGMI", "AT+CPIN?", "AT+CMGF=0", "AT+CNMI?")]
    assert order == sorted(order)
    assert modem.profile is named("quectel")


@pytest.mark.parametrize("told", [framed("356938035643809", "OK"), framed("ERROR")])
async def test_another_modem_than_the_expected_one_is_left_as_it_is(
    peer: Peer, modem: Modem, door: Doorkeeper, told: str
) -> None:
    peer.answers |= {"AT+CGSN": told, "AT+CPIN?": WANTS_PIN}
    with pytest.raises(WrongModem, match="instead of 490154203237518"):
        await modem.initialise(door.policy, "490154203237518")
    assert door.asked == []
    asked_only = {"AT", "ATE0", "ATV1", "AT+CMEE=1", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN", "AT+GSN"}
    assert set(peer.commands) <= asked_only


async def test_the_expected_modem_is_set_up(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers["AT+CGSN"] = framed("4901542032375101", "OK")  # with the version of its software
    await modem.initialise(door.policy, "490154203237518")
    assert "AT+CNMI?" in peer.commands


async def test_what_its_port_needs_is_told_after_what_its_profile_says(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    await modem.initialise(door.policy, news_commands=("AT+HERE", "AT+NOW"))
    (own,) = named("quectel").quiet_commands
    assert [line for line in peer.commands if line in (own, "AT+HERE", "AT+NOW")] == [own, "AT+HERE", "AT+NOW"]


async def test_a_modem_that_knows_hardly_anything_is_set_up_all_the_same(
    peer: Peer, link: Link, door: Doorkeeper
) -> None:
    peer.answers |= {"AT+CPIN?": OK, "AT+CMGF=0": OK}
    facts = await Modem(link).initialise(door.policy)
    assert (facts.imei, facts.iccid, facts.memory, facts.indications, facts.service_centre) == (None,) * 5
    assert facts.profile == "generic"


async def test_a_profile_named_by_the_operator_is_not_overruled(
    peer: Peer, modem: Modem, link: Link, door: Doorkeeper
) -> None:
    fixed = Modem(link, GENERIC)
    assert (await fixed.initialise(door.policy)).profile == "generic"
    assert fixed.profile is GENERIC


async def test_a_modem_gets_pauses_before_it_has_said_of_which_make_it_is(
    peer: Peer, modem: Modem, link: Link, door: Doorkeeper
) -> None:
    asked: dict[str, float] = {}

    def at(command: str) -> str:
        asked[command] = asyncio.get_running_loop().time()
        return OK

    link.pace = replace(link.pace, stranger_gap_s=0.1)
    peer.answers |= {"ATV1": lambda: at("ATV1"), "AT+CMEE=1": lambda: at("AT+CMEE=1")}
    await modem.initialise(door.policy)
    assert asked["AT+CMEE=1"] - asked["ATV1"] >= 0.09
    assert link.command_gap_s == named("quectel").command_gap_s


async def test_the_radio_is_switched_on_when_it_is_off(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {"AT+CFUN?": framed("+CFUN: 0", "OK"), "AT+CFUN=1": framed("+CFUN: 1", "OK")}
    await modem.initialise(door.policy)
    assert "AT+CFUN=1" in peer.commands


async def test_the_pin_is_entered_once_after_the_counter_was_read_and_leave_was_asked(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers |= {
        "AT+CPIN?": in_turn(WANTS_PIN, framed("+CME ERROR: 14"), framed("+CME ERROR: 14"), READY),
        "AT+QPINC?": framed('+QPINC: "SC",3,10', '+QPINC: "P2",3,10', "OK"),
        'AT+CPIN="1234"': OK,
        "AT+CMGF=0": in_turn(framed("+CMS ERROR: 314"), framed("+CME ERROR: 14"), OK),
    }
    await modem.initialise(door.policy)
    assert peer.commands.count('AT+CPIN="1234"') == 1
    assert peer.commands.index("AT+QPINC?") < peer.commands.index('AT+CPIN="1234"')
    assert (door.asked, door.untouched, door.answers) == ([ICCID], True, [True])
    assert peer.commands.count("AT+CMGF=0") == 3


async def test_a_pin_counts_as_taken_even_if_the_set_up_breaks_off_behind_it(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers |= {"AT+CPIN?": in_turn(WANTS_PIN, READY), 'AT+CPIN="1234"': OK, "AT+CIMI": framed("RDY")}
    with pytest.raises(Rebooted):
        await modem.initialise(door.policy)
    assert door.answers == [True]


@pytest.mark.parametrize("tries", [2, 4])
async def test_a_sim_whose_counter_is_not_at_its_usual_height_is_not_untouched(
    peer: Peer, modem: Modem, door: Doorkeeper, tries: int
) -> None:
    peer.answers |= {
        "AT+CPIN?": in_turn(WANTS_PIN, READY),
        'AT+CPIN="1234"': OK,
        EMPTY_VERIFY: framed(f'+CSIM: 4,"63C{tries}"', "OK"),
    }
    await modem.initialise(door.policy)
    assert door.untouched is False


async def locked(modem: Modem, door: Doorkeeper) -> SimLocked:
    with pytest.raises(SimLocked) as lock:
        await modem.initialise(door.policy)
    return lock.value


async def test_a_refused_pin_is_never_entered_again(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {"AT+CPIN?": WANTS_PIN, 'AT+CPIN="1234"': framed("+CME ERROR: 16")}
    lock = await locked(modem, door)
    assert isinstance(lock, PinRefused)
    assert lock.certain
    assert door.answers == [False]
    assert "1234" not in str(lock)
    assert peer.commands.count('AT+CPIN="1234"') == 1


async def test_a_pin_that_was_not_taken_for_another_reason_is_not_called_wrong(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers |= {"AT+CPIN?": WANTS_PIN, 'AT+CPIN="1234"': framed("+CME ERROR: 3")}
    lock = await locked(modem, door)
    assert isinstance(lock, PinRefused)
    assert not lock.certain
    assert door.answers == []


async def test_a_sim_that_goes_on_asking_gets_the_pin_only_once(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {"AT+CPIN?": WANTS_PIN, 'AT+CPIN="1234"': OK}
    assert isinstance(await locked(modem, door), NoSim)
    assert peer.commands.count('AT+CPIN="1234"') == 1


@pytest.mark.parametrize("tries", [0, 1])
async def test_the_last_tries_are_left_to_a_person(peer: Peer, modem: Modem, door: Doorkeeper, tries: int) -> None:
    peer.answers |= {"AT+CPIN?": WANTS_PIN, EMPTY_VERIFY: framed(f'+CSIM: 4,"63C{tries}"', "OK")}
    assert isinstance(await locked(modem, door), PinCounterLow)
    assert door.asked == []
    assert not [c for c in peer.commands if c.startswith("AT+CPIN=")]


async def test_without_leave_no_pin_is_entered(peer: Peer, modem: Modem) -> None:
    peer.answers["AT+CPIN?"] = WANTS_PIN
    assert isinstance(await locked(modem, Doorkeeper(allows=False)), PinForbidden)
    assert not [c for c in peer.commands if c.startswith("AT+CPIN=")]


async def test_without_a_pin_the_operator_is_told_to_configure_one(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers["AT+CPIN?"] = WANTS_PIN
    with pytest.raises(PinMissing, match="configure"):
        await modem.initialise(replace(door.policy, pin=None))


@pytest.mark.parametrize(
    ("answer", "lock"),
    [
        (framed("+CPIN: SIM PUK", "OK"), PukNeeded),
        (framed("+CME ERROR: 12"), PukNeeded),
        (framed("+CMS ERROR: SIM PUK required"), PukNeeded),
        (framed("+CPIN: PH-SIM PIN", "OK"), DeviceLocked),
        (framed("+CPIN: PH-NET PIN", "OK"), DeviceLocked),
        (framed("+CME ERROR: 40"), DeviceLocked),
        (framed("+CPIN: NOT INSERTED", "OK"), NoSim),
        (framed("+CME ERROR: 10"), NoSim),
        (framed("ERROR"), NoSim),
    ],
)
async def test_what_needs_a_person_is_named(
    peer: Peer, modem: Modem, door: Doorkeeper, answer: str, lock: type[SimLocked]
) -> None:
    peer.answers["AT+CPIN?"] = answer
    assert isinstance(await locked(modem, door), lock)
    assert not [c for c in peer.commands if c.startswith("AT+CPIN=")]


async def test_a_failing_sim_is_restarted_once(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {"AT+CPIN?": framed("+CME ERROR: 13"), "AT+CFUN=0": OK, "AT+CFUN=1": OK}
    assert isinstance(await locked(modem, door), SimFailed)
    assert peer.commands.count("AT+CFUN=0") == 1


async def test_where_the_radio_serves_another_sim_too_one_that_fails_is_left_alone(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    door.policy = replace(door.policy, its_own_radio=False)
    peer.answers["AT+CPIN?"] = framed("+CME ERROR: 13")
    assert isinstance(await locked(modem, door), SimFailed)
    assert not [command for command in peer.commands if command.startswith("AT+CFUN=")]


@pytest.mark.parametrize(
    "answer", [framed("+CPIN: READY"), framed('+CPIN: "READY"', "OK"), framed("+CPIN:READY", "OK")]
)
async def test_a_ready_sim_may_say_so_in_several_ways(peer: Peer, modem: Modem, door: Doorkeeper, answer: str) -> None:
    peer.answers["AT+CPIN?"] = answer
    assert (await modem.initialise(door.policy)).imsi == "250011234567890"


async def test_news_climb_down_the_ladder_until_something_sticks(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {
        "AT+CNMI=2,1,0,1,0": framed("+CMS ERROR: 303"),
        "AT+CNMI=2,1,0,2,0": OK,  # says OK and keeps what it had
        "AT+CNMI=1,1,0,1,0": OK,
        "AT+CNMI?": in_turn(framed("+CNMI: 0,0,0,0,0", "OK"), framed("+CNMI: 1,1,0,1,0", "OK")),
    }
    assert (await modem.initialise(door.policy)).indications == (1, 1, 0, 1, 0)


async def test_news_the_modem_does_not_claim_to_know_are_not_tried(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {
        "AT+CNMI=?": framed("+CNMI: (1),(0,1),(0),(0,2),(0)", "OK"),
        "AT+CNMI=1,1,0,2,0": OK,
        "AT+CNMI?": framed("+CNMI: 1,1,0,2,0", "OK"),
    }
    assert (await modem.initialise(door.policy)).indications == (1, 1, 0, 2, 0)
    assert "AT+CNMI=2,1,0,1,0" not in peer.commands


async def test_without_any_news_messages_must_be_looked_for(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    del peer.answers["AT+CNMI=2,1,0,1,0"]
    assert (await modem.initialise(door.policy)).indications is None


async def test_a_small_store_in_the_modem_is_left_for_a_larger_one_on_the_sim(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers['AT+CPMS="ME","ME","ME"'] = framed("+CPMS: 0,5,0,5,0,5", "OK")
    assert (await modem.initialise(door.policy)).memory == "SM"


async def test_a_modem_may_take_fewer_stores_than_three(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    del peer.answers['AT+CPMS="ME","ME","ME"']
    peer.answers['AT+CPMS="ME","ME"'] = framed("+CPMS: 0,100,0,100", "OK")
    assert (await modem.initialise(door.policy)).memory == "ME"


@pytest.mark.parametrize("listing", [framed("+CPMS: (),(),()", "OK"), framed("ERROR")])
async def test_a_modem_that_does_not_say_which_stores_it_has_is_looked_through_for_all(
    peer: Peer, modem: Modem, door: Doorkeeper, listing: str
) -> None:
    lies_there = "\r\n+CMGL: 4,1,,21\r\n0791447700099099040B912120550521F300006230210143650A02C834\r\n"
    peer.answers |= {
        "AT+CPMS=?": listing,
        'AT+CPMS="SR"': framed("+CPMS: 1,5,0,255,0,255", "OK"),
        'AT+CPMS="ME"': framed("+CPMS: 0,255,0,255,0,255", "OK"),
        "AT+CMGL=4": lambda: lies_there + OK if peer.commands[-2] == 'AT+CPMS="SR"' else OK,
    }
    await modem.initialise(door.policy)
    assert [(stored.memory, stored.index) for stored in await modem.list_stored()] == [("SR", 4)]


async def test_stored_reports_are_looked_for_also_where_their_store_is_not_listed(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers |= {
        "AT+CNMI=2,1,0,1,0": framed("ERROR"),
        "AT+CNMI=2,1,0,2,0": OK,
        "AT+CNMI?": framed("+CNMI: 2,1,0,2,0", "OK"),
    }
    assert (await modem.initialise(door.policy)).memories == ("SM", "ME", "SR")


async def test_a_modem_that_insists_on_acknowledgement_gets_it(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= {"AT+CSMS=0": framed("ERROR"), "AT+CSMS?": framed("+CSMS: 1,1,1,1", "OK"), "AT+CNMA": OK}
    assert (await modem.initialise(door.policy)).must_acknowledge
    await modem.acknowledge()
    assert peer.commands[-2:] == ["AT+CNMA=0", "AT+CNMA"]


async def test_one_that_got_none_in_time_is_noticed_to_have_fallen_silent(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers |= {"AT+CSMS=0": framed("ERROR"), "AT+CSMS?": framed("+CSMS: 1,1,1,1", "OK")}
    await modem.initialise(door.policy)
    assert await modem.still_announces()
    peer.answers["AT+CNMI?"] = framed("+CNMI: 2,0,0,0,0", "OK")
    assert not await modem.still_announces()
    peer.answers["AT+CNMI?"] = framed("ERROR")
    assert await modem.still_announces()


@pytest.mark.parametrize("now", [framed("+CNMI: 0,0,0,0,0", "OK"), framed("+CMS ERROR: 311"), framed("+CME ERROR: 11")])
async def test_one_that_has_restarted_without_a_word_is_noticed(
    peer: Peer, modem: Modem, door: Doorkeeper, now: str
) -> None:
    await modem.initialise(door.policy)
    assert await modem.still_announces()
    peer.answers["AT+CNMI?"] = now
    assert not await modem.still_announces()


async def test_one_that_was_told_to_announce_nothing_is_not_asked(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers |= dict.fromkeys([c for c in peer.answers if c.startswith("AT+CNMI=")], framed("ERROR"))
    await modem.initialise(door.policy)
    peer.commands.clear()
    assert await modem.still_announces()
    assert peer.commands == []


async def test_start_up_lines_are_expected_at_first_and_end_the_session_later(
    peer: Peer, modem: Modem, link: Link, door: Doorkeeper
) -> None:
    peer.answers["AT+CMGF=0"] = "\r\nCall Ready\r\n\r\nSMS Ready\r\n" + OK
    await modem.initialise(door.policy)
    assert {heard.line for heard in modem.heard()} == {"Call Ready", "SMS Ready"}
    peer.say("Call Ready")
    await until(link.take_urcs)
    with pytest.raises(Rebooted):
        modem.heard()


async def test_lines_of_the_start_before_the_session_may_come_late_once(
    peer: Peer, modem: Modem, link: Link, door: Doorkeeper
) -> None:
    await modem.initialise(door.policy)
    peer.say("+QIND: SMS DONE")
    await until(link.take_urcs)
    await modem.ping()
    peer.say("+QIND: SMS DONE")
    await until(link.take_urcs)
    with pytest.raises(Rebooted):
        await modem.ping()


async def test_what_was_said_of_the_sim_before_it_was_ready_is_old_news(
    peer: Peer, modem: Modem, door: Doorkeeper
) -> None:
    peer.answers["ATV1"] = framed("+CPIN: NOT READY", '+CMTI: "SM",1', "OK")
    await modem.initialise(door.policy)
    assert [heard.line for heard in modem.heard()] == ['+CMTI: "SM",1']
    assert modem.heard() == []


async def test_a_pin_that_cannot_be_one_is_not_entered(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers["AT+CPIN?"] = WANTS_PIN
    with pytest.raises(PinMissing, match="4 to 8 digits"):
        await modem.initialise(replace(door.policy, pin="12x4"))
    assert door.asked == []


async def test_answers_nobody_can_read_are_done_without(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    readable = {"AT", "ATE0", "AT+CPIN?"}
    for command, answer in list(peer.answers.items()):
        if command not in readable and answer != OK:
            peer.answers[command] = framed(f'{command[2:].rstrip("=?")}: ""', "+CPMS: ,", "OK")
    facts = await modem.initialise(door.policy)
    assert (facts.imei, facts.memory, facts.service_centre) == (None, None, None)


async def test_a_restart_during_set_up_starts_it_again_from_outside(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers["AT+CIMI"] = framed("RDY")
    with pytest.raises(Rebooted):
        await modem.initialise(door.policy)


async def test_cancelling_the_set_up_is_not_swallowed(peer: Peer, modem: Modem, door: Doorkeeper) -> None:
    peer.answers["AT+CIMI"] = ""
    running = asyncio.ensure_future(modem.initialise(door.policy))
    await until(lambda: "AT+CIMI" in peer.commands)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize(
    ("cgmi", "cgmm", "name"),
    [
        ("huawei", "E3372", "huawei"),
        ("huawei", "E1550", "huawei-e1"),
        ("ZTE CORPORATION", "MF710", "zte"),
        ("SIMCOM_Ltd", "SIMCOM_SIM800", "simcom-800"),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E", "simcom-7600"),
        ("SIMCOM INCORPORATED", "A7670E", "simcom-a76xx"),
        ("Quectel", "EC25", "quectel"),
        ("Quectel_Ltd", "Quectel_M95", "quectel-m"),
        ("Sierra Wireless, Incorporated", "MC7455", "sierra"),
        ("Telit", "LE910", "telit"),
        ("u-blox", "SARA-U201", "u-blox"),
        ("Cinterion", "BGS2", "cinterion"),
        ("SIEMENS", "TC35i", "cinterion"),
        ("WAVECOM MODEM", "MULTIBAND", "wavecom"),
        ("QUALCOMM INCORPORATED", "MSM", "qualcomm"),
        ("Nobody", "Nothing", "generic"),
        ("", "", "generic"),
    ],
)
def test_the_profile_follows_from_maker_and_model(cgmi: str, cgmm: str, name: str) -> None:
    assert choose(cgmi, cgmm).name == name


def test_every_profile_is_complete() -> None:
    assert len(set(PROFILE_NAMES)) == len(PROFILES)
    for profile in PROFILES:
        assert profile.ladder
        assert profile.memories
        assert all(line.startswith("AT") for line in (*profile.quiet_commands, *profile.iccid_commands))
        assert all(line.startswith("AT") for line in profile.pin_counters)
    with pytest.raises(KeyError, match="generic"):
        named("gneric")
    assert BootSign.LATE < BootSign.FIRST
