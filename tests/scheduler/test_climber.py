"""What faults call for, one after the other, and what a person is told of it meanwhile."""

import errno

import pytest
import structlog

from smsgw.at import commands
from smsgw.at.errors import ErrorKind, describe
from smsgw.at.events import read_final
from smsgw.config import ModemConfig
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.modem.finder import Finder, ModemMissing
from smsgw.modem.link import LinkLost, NotSent, OutcomeUnknown, Rebooted, Refused, Silent
from smsgw.modem.port import PortError
from smsgw.modem.trace import WireTrace
from smsgw.policy.ladder import Ailment, Proof, Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import SetUpAgain
from smsgw.scheduler.whereabouts import Whereabouts
from support import Clock

PACE = Pace()
ABSENT = PortError(errno.ENOENT, "there is no such device")


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board("north", clock)


@pytest.fixture
def climber(board: Board, watch: Watch, gateway: Gateway) -> Climber:
    config = ModemConfig(name="north", port="/nowhere/north", power_hub="1-1", power_port=1)
    return climbing(config, board, watch, gateway)


def climbing(config: ModemConfig, board: Board, watch: Watch, gateway: Gateway) -> Climber:
    whereabouts = Whereabouts("", config, gateway.devices, Finder(PACE.modem))
    return Climber(config, board, PACE, WireTrace("north"), lambda pdu: None, whereabouts, watch)


def refused() -> Refused:
    final = read_final("+CMS ERROR: 314")
    assert final is not None
    return Refused(commands.pdu_mode(), final)


@pytest.mark.parametrize(
    "error",
    [
        LinkLost("unplugged"),
        Rebooted("RDY"),
        PortError(errno.EACCES, "not allowed"),
        StorageUnavailable(reason="full"),
        SetUpAgain("the SIM has changed"),
    ],
)
def test_many_faults_call_for_nothing_but_to_open_the_port_again(
    climber: Climber, watch: Watch, error: Exception
) -> None:
    for _ in range(20):
        assert climber.after(error) is Rung.REOPEN
        watch.now += 3_600


@pytest.mark.parametrize("error", [Silent("…"), NotSent("no prompt came"), OutcomeUnknown("no result")])
def test_a_modem_that_stays_silent_is_taken_up_the_ladder(climber: Climber, error: Exception) -> None:
    steps = [Rung.REOPEN, Rung.OTHER_PORT, Rung.RADIO, Rung.RESET, Rung.USB, Rung.POWER]
    assert [climber.after(error) for _ in steps] == steps


async def test_where_there_is_no_other_port_the_step_after_it_is_taken_at_once_and_nothing_is_told(
    climber: Climber, board: Board
) -> None:
    assert climber.after(Silent("…")) is Rung.REOPEN
    assert await climber.aside(climber.after(Silent("…")), "…") is Rung.RADIO
    assert board.live.remedy is None
    assert climber.after(Silent("…")) is Rung.RESET


async def test_any_other_step_is_left_as_it_is(climber: Climber) -> None:
    rungs = [rung for rung in Rung if rung not in (Rung.OTHER_PORT, Rung.USB)]
    assert [await climber.aside(rung, "…") for rung in rungs] == rungs


async def test_where_there_is_no_usb_device_its_power_is_taken_at_once_and_a_person_is_told_why_once(
    climber: Climber, watch: Watch
) -> None:
    with structlog.testing.capture_logs() as log:
        for _ in range(3):
            while (rung := climber.after(Silent("…"))) is not Rung.USB:
                pass
            assert await climber.aside(rung, "…") is Rung.POWER
            watch.now += PACE.hard_window_s + 1
    assert [(line["event"], line["reason"]) for line in log] == [("recovery step left out", "its port is not on USB")]


async def test_where_there_is_neither_a_usb_device_nor_a_hub_the_port_is_opened_again(
    board: Board, watch: Watch, gateway: Gateway
) -> None:
    climber = climbing(ModemConfig(name="north", port="socket://north:7000"), board, watch, gateway)
    while climber.after(Silent("…")) is not Rung.USB:
        pass
    assert await climber.aside(Rung.USB, "…") is Rung.REOPEN
    assert board.live.remedy is None


def test_the_power_of_a_modem_that_may_be_anywhere_is_not_taken_because_it_is_away(
    board: Board, watch: Watch, gateway: Gateway
) -> None:
    anywhere = ModemConfig(name="north", imei="490154203237518", power_hub="1-1", power_port=1)
    climber = climbing(anywhere, board, watch, gateway)
    for _ in range(20):
        assert climber.after(ModemMissing("…")) is Rung.REOPEN
        watch.now += 3_600


def test_a_port_that_is_away_is_waited_for_before_its_power_is_taken(climber: Climber, watch: Watch) -> None:
    assert climber.after(ABSENT) is Rung.REOPEN
    watch.now += PACE.gone_s - 1
    assert climber.after(ABSENT) is Rung.REOPEN
    watch.now += 1
    assert climber.after(ABSENT) is Rung.POWER


def test_a_sim_that_is_busy_for_a_minute_is_left_in_peace(climber: Climber, watch: Watch) -> None:
    for _ in range(10):
        assert climber.after(refused()) is Rung.REOPEN
        watch.now += PACE.unfit_s / 10
    assert [climber.after(refused()) for _ in range(3)] == [Rung.REOPEN, Rung.RADIO, Rung.RESET]


def test_a_modem_that_answered_in_between_is_given_its_time_anew(climber: Climber, watch: Watch) -> None:
    climber.after(refused())
    watch.now += PACE.unfit_s
    climber.proved(Proof.ANSWERS)
    assert climber.after(refused()) is Rung.REOPEN
    assert climber.after(refused()) is Rung.REOPEN


def test_what_a_session_has_found_is_the_step_that_is_taken(climber: Climber) -> None:
    with pytest.raises(SetUpAgain, match="denied") as raised:
        climber.ails(Ailment.DENIED, "denied")
    assert climber.after(raised.value) is Rung.RADIO
    climber.ails(Ailment.DENIED, "there is nothing to do but to wait")


def test_the_step_after_a_send_without_an_answer_waits_until_its_doubt_is_settled(climber: Climber) -> None:
    for _ in range(3):
        climber.go_on()
        climber.unanswered("no result")
    with pytest.raises(SetUpAgain, match="no result") as raised:
        climber.go_on()
    assert raised.value.rung is Rung.RADIO
    climber.go_on()


def test_what_a_refusal_calls_for_is_done_at_once(climber: Climber) -> None:
    with pytest.raises(SetUpAgain) as raised:
        climber.refused(describe(ErrorKind.CMS, 300), "modem failure")
    assert raised.value.rung is Rung.REOPEN


async def test_a_step_is_told_of_until_the_modem_has_proved_that_it_is_well(climber: Climber, board: Board) -> None:
    with pytest.raises(SetUpAgain):
        climber.ails(Ailment.SEARCHING, "no network")
    await climber.climb(Rung.RADIO, "no network")
    told = board.live.trouble
    assert told is not None
    assert told.startswith("its radio off and on could not be tried: /nowhere/north")
    climber.proved(Proof.ANSWERS)
    assert board.live.trouble == told
    climber.proved(Proof.REGISTERED)
    assert board.live.trouble is None
