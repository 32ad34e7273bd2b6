"""When a webhook is told again, and when an endpoint is left in peace."""

import pytest
from hypothesis import given, strategies as st

from smsgw.policy import GIVE_UP_AFTER_MS, endpoint_pause_s, retry_s

HOUR = 3_600
LADDER = [5, 30, 120, 600, HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR]
DRAWS = st.floats(min_value=0.0, max_value=1.0)


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(LADDER, start=1)))
def test_pauses_grow_to_six_hours(attempts: int, seconds: int) -> None:
    assert retry_s(attempts, 0.5) == pytest.approx(seconds)


@given(attempts=st.integers(1, 1_000), draw=DRAWS)
def test_pauses_are_spread_by_a_fifth_either_way(attempts: int, draw: float) -> None:
    usual = LADDER[min(attempts, len(LADDER)) - 1]
    assert 0.8 * usual - 1e-6 <= retry_s(attempts, draw) <= 1.2 * usual + 1e-6


@given(attempts=st.integers(1, 20), draw=DRAWS, wish=st.floats(min_value=-10, max_value=1e12))
def test_a_wish_for_patience_is_respected_within_reason(attempts: int, draw: float, wish: float) -> None:
    pause = retry_s(attempts, draw, wish)
    assert pause >= min(wish, 6 * HOUR)
    assert pause <= 7.2 * HOUR + 1e-6


def test_three_days_leave_room_for_many_attempts() -> None:
    passed, attempts = 0.0, 0
    while passed < GIVE_UP_AFTER_MS / 1_000:
        attempts += 1
        passed += retry_s(attempts, 0.5)
    assert attempts > 12


@given(failures=st.integers(1, 4), draw=DRAWS)
def test_few_failures_may_be_chance(failures: int, draw: float) -> None:
    assert endpoint_pause_s(failures, draw) == 0
    assert endpoint_pause_s(failures, draw, 60.0) == 60.0


@given(failures=st.integers(5, 10_000), draw=DRAWS)
def test_a_dead_endpoint_is_tried_at_least_every_six_minutes(failures: int, draw: float) -> None:
    assert 4.0 <= endpoint_pause_s(failures, draw) <= 360.001
    assert endpoint_pause_s(failures + 1, 0.5) >= endpoint_pause_s(failures, 0.5)
