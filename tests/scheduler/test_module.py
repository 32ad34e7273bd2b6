"""A module that several workers share: what one does to the whole of it, and what that is to the others."""

import asyncio

import pytest

from smsgw.config import ModemConfig
from smsgw.model import DeviceState
from smsgw.modem.finder import Finder
from smsgw.modem.link import Silent
from smsgw.modem.trace import WireTrace
from smsgw.policy.ladder import MOST_HARD, Ailment, Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.module import Module, Share
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import SetUpAgain
from support import Clock

PACE = Pace()


class Line:
    """One of the workers of a module, as far as its ladder goes."""

    def __init__(self, module: Module, clock: Clock, slot: int) -> None:
        self.bell = asyncio.Event()
        self.board = Board(f"box/{slot}", clock)
        self.share = module.share(self.board, self.bell)
        config = ModemConfig(name=f"box/{slot}", port=f"/nowhere/{slot}", power_hub="1-1", power_port=1)
        hold = Finder(PACE.modem).hold
        trace = WireTrace(config.name)
        self.climber = Climber(config, self.board, PACE, trace, lambda pdu: None, hold, lambda: 0.0, self.share)

    def is_served(self) -> None:
        for state in (DeviceState.OPENING, DeviceState.INITIALISING, DeviceState.REGISTERING, DeviceState.READY):
            self.board.become(state)


@pytest.fixture
def lines(clock: Clock) -> tuple[Line, Line]:
    module = Module()
    return Line(module, clock, 1), Line(module, clock, 2)


async def treat(share: Share, rung: Rung) -> bool:
    async with share.treated(rung) as is_called_for:
        return is_called_for


async def waits(task: "asyncio.Task[bool]") -> bool:
    """Tell whether a step still waits after all that can happen now has happened."""
    for _ in range(10):
        await asyncio.sleep(0)
    return not task.done()


async def test_a_step_waits_until_nothing_of_the_other_sim_is_at_risk(lines: tuple[Line, Line]) -> None:
    one, other = lines
    async with other.share.at_risk:
        step = asyncio.create_task(treat(one.share, Rung.RESET))
        assert await waits(step)
    assert await step


async def test_nothing_is_put_at_risk_while_a_step_is_taken_and_then_the_sim_is_set_up_anew(
    lines: tuple[Line, Line],
) -> None:
    one, other = lines
    async with one.share.treated(Rung.POWER):
        assert other.share.at_risk.locked()
        other.share.stays()
    assert not other.share.at_risk.locked()
    assert other.bell.is_set()
    with pytest.raises(SetUpAgain):
        other.share.stays()
    one.share.stays()
    other.climber.opens("/nowhere/2")
    other.share.stays()


async def test_looking_for_a_network_anew_is_the_business_of_one_sim(lines: tuple[Line, Line]) -> None:
    one, other = lines
    assert await treat(one.share, Rung.RESELECT)
    other.share.stays()
    assert not other.bell.is_set()


async def test_of_two_steps_that_were_called_for_at_once_one_is_taken(lines: tuple[Line, Line]) -> None:
    one, other = lines
    async with one.share.treated(Rung.RESET):
        second = asyncio.create_task(treat(other.share, Rung.RESET))
        assert await waits(second)
    assert not await second
    one.share.stays()


async def test_a_step_that_is_cut_short_leaves_nothing_locked(lines: tuple[Line, Line]) -> None:
    one, other = lines
    async with other.share.at_risk:
        step = asyncio.create_task(treat(one.share, Rung.RESET))
        assert await waits(step)
        step.cancel()
        assert not await waits(step)
    assert await treat(other.share, Rung.RESET)


def test_the_restarts_of_a_module_are_counted_together(lines: tuple[Line, Line]) -> None:
    one, other = lines
    taken = [line.climber.after(Silent("…")) for _ in range(6) for line in lines]
    assert [rung for rung in taken if rung >= Rung.RESET] == [Rung.RESET, Rung.RESET, Rung.USB]
    assert len(one.share.hard_steps) == MOST_HARD
    assert one.share.hard_steps is other.share.hard_steps


def test_a_restart_that_was_not_made_since_the_other_sim_got_one_is_not_counted(lines: tuple[Line, Line]) -> None:
    one, other = lines
    for line in lines:
        while (rung := line.climber.after(Silent("…"))) is not Rung.RESET:
            pass
    other.climber.spared(rung)
    assert len(one.share.hard_steps) == 1
    assert [line.climber.after(Silent("…")) for line in lines] == [Rung.USB, Rung.USB]
    other.climber.spared(Rung.REOPEN)
    assert len(one.share.hard_steps) == MOST_HARD


def test_what_was_done_for_the_other_sim_is_not_begun_from_the_bottom_again(lines: tuple[Line, Line]) -> None:
    one, other = lines
    one.share.undergone = Rung.USB
    one.climber.opens("/nowhere/1")
    assert one.climber.after(Silent("…")) is Rung.POWER
    assert other.climber.after(Silent("…")) is Rung.REOPEN


def test_for_want_of_a_network_nothing_is_done_that_the_sim_which_is_served_would_feel(
    lines: tuple[Line, Line],
) -> None:
    one, other = lines
    other.is_served()
    with pytest.raises(SetUpAgain) as raised:
        one.climber.ails(Ailment.SEARCHING, "no network")
    assert raised.value.rung is Rung.RESELECT
    one.climber.ails(Ailment.SEARCHING, "no network")
    other.board.become(DeviceState.REGISTERING)
    with pytest.raises(SetUpAgain) as raised:
        one.climber.ails(Ailment.SEARCHING, "no network")
    assert raised.value.rung is Rung.RADIO


def test_beside_a_sim_that_is_served_a_module_is_restarted_once_within_the_window(lines: tuple[Line, Line]) -> None:
    one, other = lines
    other.is_served()
    taken = [one.climber.after(Silent("…")) for _ in range(6)]
    assert taken == [Rung.REOPEN, Rung.OTHER_PORT, Rung.RADIO, Rung.RESET, Rung.REOPEN, Rung.REOPEN]


async def test_a_modem_with_one_worker_waits_for_nobody(clock: Clock) -> None:
    only = Line(Module(), clock, 1)
    only.is_served()
    assert not only.share.serves_another
    assert not only.share.is_one_of_several
    assert await treat(only.share, Rung.RESET)
    only.share.stays()
