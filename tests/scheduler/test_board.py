"""The live state of a modem: only real moves, and a log that a person can read after weeks."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.typing import EventDict

from smsgw.model import DeviceState, IllegalMove
from smsgw.scheduler.board import Board
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
