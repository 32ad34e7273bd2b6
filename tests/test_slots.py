"""When a modem turns to another SIM: pure decisions over what waits."""

from hypothesis import given, strategies as st

from smsgw.policy import Demand, Turns, next_slot

MINUTE = 60_000
TURNS = Turns(home=1, stay_ms=2 * MINUTE, wait_ms=5 * MINUTE)
LONG_AGO = 0
NOW = 100 * MINUTE


def wants(slot: int, since: int = LONG_AGO, priority: int = 5) -> Demand:
    return Demand(slot=slot, priority=priority, since=since)


def test_a_modem_turns_to_the_sim_for_which_alone_something_waits() -> None:
    assert next_slot(1, LONG_AGO, [wants(2)], TURNS, NOW) == 2


def test_what_waits_for_the_present_sim_goes_first() -> None:
    assert next_slot(1, NOW - 3 * MINUTE, [wants(1), wants(2, NOW - 3 * MINUTE)], TURNS, NOW) == 1


def test_nothing_waits_longer_than_the_bound_for_the_present_sim() -> None:
    since = NOW - 5 * MINUTE
    assert next_slot(1, LONG_AGO, [wants(1), wants(2, since)], TURNS, NOW) == 2
    assert next_slot(1, LONG_AGO, [wants(1), wants(2, since + 1)], TURNS, NOW) == 1


def test_what_is_more_urgent_does_not_wait() -> None:
    assert next_slot(1, NOW - 3 * MINUTE, [wants(1), wants(2, NOW, priority=9)], TURNS, NOW) == 2
    assert next_slot(1, NOW - 3 * MINUTE, [wants(1, priority=9), wants(2, NOW)], TURNS, NOW) == 1


def test_a_sim_that_was_turned_to_stays_for_a_while() -> None:
    seated_at = NOW - 2 * MINUTE + 1
    assert next_slot(1, seated_at, [wants(2, priority=9)], TURNS, NOW) == 1
    assert next_slot(1, seated_at - 1, [wants(2, priority=9)], TURNS, NOW) == 2


def test_of_several_others_the_most_urgent_and_then_the_oldest_comes_next() -> None:
    assert next_slot(1, LONG_AGO, [wants(2, 5), wants(3, 4), wants(4, 3, priority=1)], TURNS, NOW) == 3
    assert next_slot(1, LONG_AGO, [wants(2, 5, priority=6), wants(3, 4)], TURNS, NOW) == 2


def test_a_modem_with_nothing_to_do_comes_home() -> None:
    assert next_slot(2, LONG_AGO, [], TURNS, NOW) == 1
    assert next_slot(2, NOW - MINUTE, [], TURNS, NOW) == 2
    assert next_slot(2, LONG_AGO, [wants(2)], TURNS, NOW) == 2


@given(
    st.integers(1, 4),
    st.integers(LONG_AGO, NOW),
    st.lists(
        st.builds(wants, st.integers(1, 4), st.integers(LONG_AGO, NOW), st.integers(0, 9)), unique_by=lambda d: d.slot
    ),
)
def test_a_modem_goes_only_where_something_waits_or_home(present: int, seated_at: int, demands: list[Demand]) -> None:
    chosen = next_slot(present, seated_at, demands, TURNS, NOW)
    assert chosen in {present, TURNS.home, *(demand.slot for demand in demands)}
    if NOW - seated_at >= TURNS.stay_ms and chosen == present and demands:
        assert present in {demand.slot for demand in demands}
