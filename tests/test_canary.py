"""When a canary is sent, when it counts as lost, and how it stands with it."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from smsgw.model import CanaryState, Flight, Hindrance, Reason, Wait
from smsgw.policy.canary import is_due, is_fault, is_overdue, standing

HOUR = 3_600_000
MOMENTS = st.integers(0, 4_000_000_000_000)
WAITING, OK, LATE, LOST, NOT_SENT = CanaryState


def flight(state: CanaryState, why: str = "") -> Flight:
    return Flight(row=1, state=state, why=why, begun_at=0, sent_at=None, arrived_at=None, delivered_at=None)


@pytest.mark.parametrize(
    ("last", "due"),
    [(None, True), (-24, True), (-23.99, False), (0, False), (23.99, False), (24, True), (24 * 365, True)],
)
def test_it_is_due_after_its_time_and_where_the_last_was_sent_by_a_clock_that_was_wrong(
    last: float | None, due: bool
) -> None:
    now = 1_000_000 * HOUR
    assert is_due(None if last is None else now + int(last * HOUR), 24 * HOUR, now) is due


@given(MOMENTS, st.integers(1, 720), st.lists(st.integers(-2 * HOUR, 2 * HOUR), max_size=60))
def test_however_a_clock_is_moved_two_are_never_nearer_than_the_time_between_them(
    begun: int, every_h: int, moves: list[int]
) -> None:
    now, last, sent = begun, None, []
    for move in moves:
        now += move
        if is_due(last, every_h * HOUR, now):
            last = now
            sent.append(now)
    assert all(abs(one - other) >= every_h * HOUR for one, other in pairwise(sent))


@given(MOMENTS, MOMENTS, st.integers(60, 86_400))
def test_it_counts_as_lost_once_it_was_listened_for_long_enough(sent_at: int, listening: int, within_s: int) -> None:
    begun = max(sent_at, listening)
    assert is_overdue(sent_at, within_s * 1_000, listening, begun + within_s * 1_000)
    assert not is_overdue(sent_at, within_s * 1_000, listening, begun + within_s * 1_000 - 1)


@pytest.mark.parametrize(("ahead_s", "is_lost"), [(599, False), (601, True), (10 * 365 * 86_400, True)])
def test_one_that_was_sent_by_a_clock_that_was_wrong_is_not_waited_for_until_then(ahead_s: int, is_lost: bool) -> None:
    now = 1_000_000 * HOUR
    assert is_overdue(now + ahead_s * 1_000, 600_000, now - 600_000, now) is is_lost
    assert not is_overdue(now + ahead_s * 1_000, 600_000, now - 599_000, now)


@pytest.mark.parametrize("why", [*Reason, *Hindrance, *Wait])
def test_what_somebody_wants_is_no_fault(why: str) -> None:
    assert is_fault(NOT_SENT, why) is (why in ("expired", "refused", "out_of_attempts"))


@pytest.mark.parametrize(
    ("newest_first", "put_off", "stands"),
    [
        ([], "", (WAITING, "")),
        ([], "quiet_hours", (NOT_SENT, "quiet_hours")),
        ([flight(WAITING)], "", (WAITING, "")),
        ([flight(OK)], "", (OK, "")),
        ([flight(OK)], "per_day", (NOT_SENT, "per_day")),
        ([flight(WAITING), flight(OK)], "", (WAITING, "")),
        ([flight(OK), flight(LOST)], "", (OK, "")),
        ([flight(LOST), flight(OK)], "", (LOST, "")),
        ([flight(WAITING), flight(LOST)], "", (LOST, "")),
        ([flight(WAITING), flight(LATE)], "", (LATE, "")),
        ([flight(LOST)], "switched_off", (LOST, "")),
        ([flight(NOT_SENT, "expired")], "quiet_hours", (NOT_SENT, "expired")),
        ([flight(NOT_SENT, "busy"), flight(OK)], "", (NOT_SENT, "busy")),
        ([flight(WAITING), flight(NOT_SENT, "busy")], "", (WAITING, "")),
    ],
)
def test_a_fault_stands_until_another_one_has_come_to_an_end(
    newest_first: list[Flight], put_off: str, stands: tuple[CanaryState, str]
) -> None:
    assert standing(newest_first, put_off) == stands
