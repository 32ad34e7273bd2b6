"""What about a device is worth telling."""

import pytest

from smsgw.model import DeviceState, LiveModem, Standstill, Wait
from smsgw.policy import Condition, Use, condition, is_news
from support import NOON

READY = Condition(use=Use.READY, fault=None)


@pytest.mark.parametrize(
    "state",
    [
        DeviceState.OFFLINE,
        DeviceState.OPENING,
        DeviceState.INITIALISING,
        DeviceState.REGISTERING,
        DeviceState.RECOVERING,
    ],
)
def test_a_modem_on_its_way_is_told_of_only_when_something_is_wrong(state: DeviceState) -> None:
    assert condition(LiveModem(state=state), NOON) is None
    assert condition(LiveModem(state=state, error="no network"), NOON) == Condition(use=Use.FAULTY, fault="no network")


def test_sending_is_no_news() -> None:
    assert condition(LiveModem(state=DeviceState.SENDING), NOON) == condition(LiveModem(state=DeviceState.READY), NOON)


@pytest.mark.parametrize(
    ("why", "until", "fault"),
    [
        (Wait.BALANCE, NOON + 1, "no money"),
        (Wait.REST, NOON + 1, "no money"),
        (Wait.REST, NOON, None),
        (Wait.QUIET_HOURS, NOON + 1, None),
        (Wait.PER_MINUTE, NOON + 1, None),
    ],
)
def test_a_sim_that_a_person_should_see_to_is_told_of(why: Wait, until: int, fault: str | None) -> None:
    waits = LiveModem(state=DeviceState.READY, standstill=Standstill(until=until, why=why, detail="no money"))
    assert condition(waits, NOON) == Condition(use=Use.READY, fault=fault)


def test_the_first_condition_and_every_other_use_are_news() -> None:
    assert is_news(None, READY, 0.0)
    for use in Use:
        assert is_news(READY, Condition(use=use, fault=None), 0.0) is (use is not Use.READY)


def test_other_words_for_a_fault_are_news_once_a_minute() -> None:
    first, second = (Condition(use=Use.FAULTY, fault=words) for words in ("silent", "no such port"))
    assert not is_news(first, first, 3_600.0)
    assert not is_news(first, second, 59.0)
    assert is_news(first, second, 60.0)
