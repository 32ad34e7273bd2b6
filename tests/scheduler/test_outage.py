"""How long a network may leave a modem alone before something is done about it, in whatever order it says so."""

import pytest

from smsgw.at.replies import RegistrationState
from smsgw.config import ModemConfig
from smsgw.gateway import Gateway
from smsgw.modem.driver import Modem, Registration
from smsgw.modem.finder import Finder
from smsgw.modem.link import Link
from smsgw.modem.port import Port
from smsgw.modem.trace import WireTrace
from smsgw.policy.ladder import Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.outage import Outage
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import SetUpAgain
from smsgw.scheduler.whereabouts import Whereabouts
from support import Clock

PACE = Pace()
STEP_S = 3.0
IDLE, SEARCHING, DENIED = RegistrationState.IDLE, RegistrationState.SEARCHING, RegistrationState.DENIED
States = list[tuple[RegistrationState, float]]


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def patience(states: States, clock: Clock, gateway: Gateway) -> tuple[Rung, float] | None:
    """Let a modem say how its network is, each state for so many seconds; returns what is done, and when."""
    watch, board = Watch(), Board("north", clock)
    config = ModemConfig(name="north", port="/nowhere")
    whereabouts = Whereabouts("", config, gateway.devices, Finder(PACE.modem))
    climber = Climber(config, board, PACE, WireTrace("north"), lambda pdu: None, whereabouts, watch)
    # Nobody talks to it: it need not be there.
    modem = Modem(Link(Port("/nowhere"), PACE.modem))
    outage = Outage(modem, board, climber, PACE, watch)
    for state, seconds in states:
        ends = watch.now + seconds
        while watch.now < ends:
            try:
                await outage.goes_on(Registration(state=state, lte=None, may_send=False), "no network")
            except SetUpAgain as step:
                return step.rung, watch.now
            watch.now += STEP_S
    return None


@pytest.mark.parametrize(
    ("states", "rung", "at_s"),
    [
        ([(IDLE, 60)], Rung.RESELECT, 30),
        ([(SEARCHING, 300)], Rung.RADIO, 180),
        ([(RegistrationState.UNKNOWN, 300)], Rung.RADIO, 180),
        # One that looks only from time to time has looked for long, too.
        ([(IDLE, 15), (SEARCHING, 15)] * 10, Rung.RADIO, 195),
        ([(SEARCHING, 170), (IDLE, 60)], Rung.RESELECT, 201),
    ],
)
async def test_a_modem_gets_its_time(clock: Clock, gateway: Gateway, states: States, rung: Rung, at_s: float) -> None:
    done = await patience(states, clock, gateway)
    assert done is not None
    assert done[0] is rung
    assert at_s <= done[1] <= at_s + 2 * STEP_S


@pytest.mark.parametrize("state", [DENIED, RegistrationState.EMERGENCY_ONLY, RegistrationState.RESTRICTED])
async def test_where_it_is_refused_it_is_asked_again_after_a_quarter_to_half_an_hour(
    clock: Clock, gateway: Gateway, state: RegistrationState
) -> None:
    for _ in range(20):
        done = await patience([(state, 3_600)], clock, gateway)
        assert done is not None
        assert done[0] is Rung.RADIO
        assert 900 <= done[1] <= 1_800 + STEP_S


@pytest.mark.parametrize(
    "states",
    [
        [(IDLE, 20)],
        [(SEARCHING, 170)],
        [(IDLE, 20), (SEARCHING, 9)] * 5,
        [(DENIED, 800), (SEARCHING, 100), (DENIED, 800), (IDLE, 20), (DENIED, 800)],
    ],
)
async def test_until_then_nothing_is_done(clock: Clock, gateway: Gateway, states: States) -> None:
    assert await patience(states, clock, gateway) is None
