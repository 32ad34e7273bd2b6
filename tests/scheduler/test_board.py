"""The live state of a modem: only real moves, and a log that a person can read after weeks."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from structlog.typing import EventDict

from smsgw.model import Balance, DeviceState, IllegalMove, LiveModem, Standstill, Wait
from smsgw.scheduler.board import Board, combined
from support import Clock

TO_READY = (DeviceState.OPENING, DeviceState.INITIALISING, DeviceState.REGISTERING, DeviceState.READY)
GONE = "/dev/modem: there is no such device"


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board("north", clock)


def fail(board: Board, error: str) -> None:
    board.become(DeviceState.OPENING)
    board.become(DeviceState.RECOVERING, error)
    board.become(DeviceState.OFFLINE, error)


def loud(lines: list[EventDict]) -> list[tuple[str, str | None]]:
    return [(line["state"], line.get("error")) for line in lines if line["log_level"] != "debug"]


def test_a_modem_that_stays_away_is_told_of_once_and_so_is_its_return(board: Board, lines: list[EventDict]) -> None:
    for _ in range(100):
        fail(board, GONE)
    assert loud(lines) == [("opening", None), ("recovering", GONE)]
    for state in TO_READY:
        board.become(state)
    assert loud(lines)[2:] == [("ready", None)]
    fail_again = len(loud(lines))
    board.become(DeviceState.RECOVERING, GONE)
    assert loud(lines)[fail_again:] == [("recovering", GONE)]


def test_another_fault_is_news(board: Board, lines: list[EventDict]) -> None:
    fail(board, GONE)
    fail(board, "the port is in use")
    assert [error for _, error in loud(lines) if error] == [GONE, "the port is in use"]


def test_sending_does_not_fill_the_log(board: Board, lines: list[EventDict]) -> None:
    for state in TO_READY:
        board.become(state)
    before = len(loud(lines))
    for _ in range(100):
        board.become(DeviceState.SENDING)
        board.become(DeviceState.READY)
    assert len(loud(lines)) == before


def test_the_start_of_the_present_state_is_kept(board: Board, clock: Clock) -> None:
    board.become(DeviceState.OPENING)
    began = clock.now
    clock.advance(5)
    board.become(DeviceState.OPENING, "still trying")
    assert (board.live.since, board.live.error) == (began, "still trying")


def test_a_move_that_no_modem_makes_is_loud(board: Board) -> None:
    with pytest.raises(IllegalMove, match="OFFLINE may not become SENDING"):
        board.become(DeviceState.SENDING)


# ── a module whose SIMs are in use at once ──

NOW = 1_000
OFFLINE = LiveModem(error=GONE, since=5)
READY = LiveModem(
    state=DeviceState.READY, since=7, online=True, slot=1, signal_dbm=-60, registration="home", operator="A"
)
OTHER = replace(READY, since=9, slot=2, signal_dbm=-90, operator="B")
WAITING = Standstill(until=NOW + 1, why=Wait.PER_DAY, detail="its limit for a day")
LONGER = Standstill(until=NOW + 2, why=Wait.REST, detail="it rests")


def seen(*lives: LiveModem) -> LiveModem:
    return combined(dict(enumerate(lives, 1)), NOW)


def test_a_module_with_both_sims_in_use_shows_what_the_first_tells_and_no_slot() -> None:
    assert seen(READY, OTHER) == replace(READY, slot=None)


def test_a_module_sends_while_one_of_its_sims_does() -> None:
    assert seen(READY, replace(OTHER, state=DeviceState.SENDING)).state is DeviceState.SENDING


def test_a_sim_that_cannot_send_is_named_and_the_other_one_is_shown() -> None:
    shown = seen(OFFLINE, OTHER)
    assert shown == replace(OTHER, error=f"SIM slot 1: {GONE}", unable={1: DeviceState.OFFLINE})


def test_a_sim_that_is_being_opened_is_shown_only_where_none_can_send() -> None:
    locked = LiveModem(state=DeviceState.LOCKED, error="no PIN", remedy="tried a restart")
    registering = LiveModem(state=DeviceState.REGISTERING, online=True, slot=2, registration="searching")
    shown = seen(locked, registering)
    assert (shown.state, shown.slot, shown.registration) == (DeviceState.REGISTERING, 2, "searching")
    assert (shown.error, shown.remedy) == ("SIM slot 1: no PIN; tried a restart", None)
    assert shown.unable == {}


def test_a_module_stands_still_only_while_all_that_can_send_do() -> None:
    one, other = replace(READY, standstill=LONGER), replace(OTHER, standstill=WAITING)
    assert seen(one, other).standstill == WAITING
    assert seen(one, OTHER).standstill is None
    assert seen(one, OTHER).error == "SIM slot 1: it rests"
    over = replace(OTHER, standstill=replace(WAITING, until=NOW))
    assert (seen(one, over).standstill, seen(one, over).error) == (None, "SIM slot 1: it rests")
    assert seen(one, OFFLINE).standstill == LONGER


def test_each_sim_shows_the_money_on_it() -> None:
    balances = [Balance(value=1.0), Balance(value=2.0)]
    one, other = replace(READY, balances={1: balances[0]}), replace(OTHER, balances={2: balances[1]})
    assert seen(one, other).balances == {1: balances[0], 2: balances[1]}
