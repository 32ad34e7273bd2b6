"""The ladder of recovery: which step follows which, when there is none, and what leads back to the bottom."""

from collections import deque

import pytest
from hypothesis import given, strategies as st

from smsgw.at.errors import ErrorKind, Vendor, Verdict, describe
from smsgw.policy.ladder import COURSES, HARD, MOST_HARD, PATIENCE, Ailment, Ladder, Proof, Rung

REST_S, WINDOW_S = 900.0, 3_600.0
REOPEN, OTHER_PORT, RESELECT, RADIO, RESET, USB, POWER = Rung


def ladder(*, has_power: bool = True) -> Ladder:
    return Ladder(rest_s=REST_S, window_s=WINDOW_S, has_power=has_power)


def cms(code: int, vendor: Vendor | None = None) -> Verdict:
    return describe(ErrorKind.CMS, code, vendor)


@pytest.mark.parametrize(
    ("ailment", "steps"),
    [
        (Ailment.MUTE, [REOPEN, OTHER_PORT, RADIO, RESET, USB, POWER, REOPEN, REOPEN]),
        (Ailment.UNFIT, [REOPEN, RADIO, RESET, REOPEN]),
        (Ailment.GONE, [POWER, None]),
        (Ailment.UNSET, [REOPEN, REOPEN, REOPEN]),
        (Ailment.FAULTY, [REOPEN, RADIO, RESET, USB, POWER, REOPEN]),
        (Ailment.ZOMBIE, [RADIO, RESET, USB, POWER, None, None]),
        (Ailment.IDLE, [RESELECT, RADIO, RESET, None]),
        (Ailment.SEARCHING, [RADIO, RESET, None]),
        (Ailment.DENIED, [RADIO, None, None]),
    ],
)
def test_each_step_follows_on_the_one_that_failed_and_after_the_last_nothing_harsh_is_done(
    ailment: Ailment, steps: list[Rung | None]
) -> None:
    climbed = ladder()
    assert [climbed.next(ailment, 0.0) for _ in steps] == steps


def test_where_nobody_can_take_its_power_the_step_is_left_out() -> None:
    climbed = ladder(has_power=False)
    assert [climbed.next(Ailment.ZOMBIE, 0.0) for _ in range(4)] == [RADIO, RESET, USB, None]
    assert climbed.next(Ailment.GONE, 0.0) is None


def test_for_want_of_a_network_no_usb_device_is_reset_nor_where_there_is_none() -> None:
    ailments = {ailment for ailment, course in COURSES.items() if USB in course.rungs}
    assert ailments == {Ailment.MUTE, Ailment.FAULTY, Ailment.ZOMBIE}


def test_instead_of_a_step_that_is_not_possible_the_one_after_it_is_chosen_in_the_same_climb() -> None:
    climbed = ladder()
    assert [climbed.next(Ailment.FAULTY, 0.0) for _ in range(4)] == [REOPEN, RADIO, RESET, USB]
    assert climbed.instead(0.0) is POWER
    assert climbed.proved(Proof.ACCEPTS) is POWER


@pytest.mark.parametrize(("ailment", "left"), [(Ailment.MUTE, REOPEN), (Ailment.ZOMBIE, None)])
def test_a_step_that_is_not_possible_is_not_tried_again_in_the_same_climb_and_is_not_what_has_helped(
    ailment: Ailment, left: Rung | None
) -> None:
    climbed = ladder(has_power=False)
    while climbed.next(ailment, 0.0) is not USB:
        pass
    assert climbed.instead(0.0) is left
    assert [climbed.next(ailment, 0.0) for _ in range(3)] == [left] * 3
    assert climbed.proved(Proof.ACCEPTS) is RESET


def test_a_step_that_is_not_possible_is_no_hard_one_and_puts_nothing_off() -> None:
    hard: deque[float] = deque(maxlen=MOST_HARD)
    climbed = Ladder(rest_s=REST_S, window_s=WINDOW_S, has_power=False, hard_steps=hard)
    assert [climbed.next(Ailment.ZOMBIE, 0.0) for _ in range(2)] == [RADIO, RESET]
    assert climbed.next(Ailment.ZOMBIE, REST_S - 1) is USB
    assert climbed.instead(REST_S - 1) is None
    assert list(hard) == [0.0]
    assert climbed.next(Ailment.ZOMBIE, REST_S) is RADIO


def test_where_no_more_hard_steps_are_left_a_reset_of_its_usb_device_is_not_waited_for_but_its_power_is() -> None:
    hard = deque([0.0] * (MOST_HARD - 1), maxlen=MOST_HARD)
    for has_power, after_a_rest in ((False, RADIO), (True, None)):
        climbed = Ladder(rest_s=REST_S, window_s=WINDOW_S, has_power=has_power, hard_steps=hard.copy())
        assert [climbed.next(Ailment.ZOMBIE, 0.0) for _ in range(3)] == [RADIO, RESET, None]
        assert climbed.next(Ailment.ZOMBIE, REST_S) is after_a_rest
    assert [climbed.next(Ailment.ZOMBIE, WINDOW_S + 1) for _ in range(2)] == [USB, POWER]


def test_only_a_modem_that_is_silent_is_called_at_another_port() -> None:
    assert [ailment for ailment, course in COURSES.items() if OTHER_PORT in course.rungs] == [Ailment.MUTE]


def test_a_modem_that_answers_at_its_other_port_is_called_to_order_there_before_anything_else_is_done() -> None:
    climbed = ladder()
    assert [climbed.next(Ailment.MUTE, 0.0) for _ in range(2)] == [REOPEN, OTHER_PORT]
    assert climbed.proved(Proof.ANSWERS) is OTHER_PORT
    assert [climbed.next(Ailment.MUTE, 0.0) for _ in range(3)] == [REOPEN, OTHER_PORT, RADIO]


def test_after_a_rest_it_is_climbed_anew() -> None:
    climbed = ladder()
    for _ in range(2):
        climbed.next(Ailment.SEARCHING, 100.0)
    assert climbed.next(Ailment.SEARCHING, 100.0 + REST_S - 1) is None
    assert climbed.next(Ailment.SEARCHING, 100.0 + REST_S) is RADIO


def test_a_modem_is_restarted_three_times_an_hour_at_most_and_opened_again_meanwhile() -> None:
    climbed = ladder(has_power=False)
    taken = [(hour_s, climbed.next(Ailment.MUTE, hour_s)) for hour_s in range(0, 7_200, 60)]
    restarts = [at for at, rung in taken if rung in HARD]
    assert len(restarts) > MOST_HARD
    assert all(later - earlier > WINDOW_S for earlier, later in zip(restarts, restarts[MOST_HARD:], strict=False))
    assert not [rung for _, rung in taken if rung is None]


@pytest.mark.parametrize(
    ("ailment", "too_little", "enough"),
    [
        (Ailment.MUTE, [], Proof.ANSWERS),
        (Ailment.SEARCHING, [Proof.ANSWERS], Proof.REGISTERED),
        (Ailment.ZOMBIE, [Proof.ANSWERS, Proof.REGISTERED], Proof.ACCEPTS),
    ],
)
def test_only_what_was_amiss_proves_by_being_there_again_that_a_step_has_helped(
    ailment: Ailment, too_little: list[Proof], enough: Proof
) -> None:
    climbed = ladder()
    first, second = climbed.next(ailment, 0.0), climbed.next(ailment, 0.0)
    assert [climbed.proved(proof) for proof in too_little] == [None] * len(too_little)
    assert climbed.proved(enough) is second
    assert climbed.next(ailment, 0.0) is first


def test_a_zombie_that_falls_silent_is_not_cured_by_answering_again() -> None:
    climbed = ladder()
    climbed.next(Ailment.ZOMBIE, 0.0)
    assert climbed.next(Ailment.MUTE, 0.0) is RESET
    assert climbed.proved(Proof.ANSWERS) is None
    assert climbed.next(Ailment.ZOMBIE, 0.0) is USB


def test_a_modem_that_is_well_has_proved_nothing() -> None:
    assert [ladder().proved(proof) for proof in Proof] == [None, None, None]


# ── what sends show ──


@pytest.mark.parametrize(("code", "ailment"), [(300, Ailment.FAULTY), (305, Ailment.UNSET), (313, Ailment.UNSET)])
def test_a_modem_that_says_at_once_what_it_needs_is_believed(code: int, ailment: Ailment) -> None:
    assert ladder().refused(cms(code)) is ailment


def test_a_sim_that_waits_for_a_pin_is_asked_by_setting_the_modem_up() -> None:
    assert ladder().refused(describe(ErrorKind.CME, 11)) is Ailment.UNSET


@pytest.mark.parametrize(
    ("code", "ailment"),
    [
        (38, Ailment.ZOMBIE),
        (331, Ailment.ZOMBIE),
        (332, Ailment.ZOMBIE),
        (500, Ailment.ZOMBIE),
        (302, Ailment.FAULTY),
        (311, Ailment.UNSET),
        (316, Ailment.UNSET),
    ],
)
def test_what_may_happen_once_counts_after_three_times_in_a_row(code: int, ailment: Ailment) -> None:
    climbed = ladder()
    assert [climbed.refused(cms(code)) for _ in range(4)] == [None, None, ailment, None]


def test_without_a_bearer_for_messages_a_modem_is_a_zombie_and_with_another_vendor_the_number_was_wrong() -> None:
    quectel, other = ladder(), ladder()
    assert [quectel.refused(cms(350, Vendor.QUECTEL)) for _ in range(3)] == [None, None, Ailment.ZOMBIE]
    assert {other.refused(cms(350)) for _ in range(20)} == {None}


def test_silence_and_refusals_are_counted_together() -> None:
    climbed = ladder()
    shown = [climbed.refused(cms(500)), climbed.unanswered(), climbed.refused(cms(38))]
    assert shown == [None, None, Ailment.ZOMBIE]


@pytest.mark.parametrize("code", [1, 8, 21, 42])
def test_what_the_network_refuses_shows_that_the_modem_reaches_it(code: int) -> None:
    climbed = ladder()
    for _ in range(20):
        assert climbed.unanswered() is None
        assert climbed.unanswered() is None
        assert climbed.refused(cms(code)) is None


def test_a_message_that_is_accepted_begins_the_count_anew() -> None:
    climbed = ladder()
    for _ in range(5):
        assert [climbed.refused(cms(500)) for _ in range(PATIENCE - 1)] == [None, None]
        climbed.proved(Proof.ACCEPTS)


# ── whatever happens ──

EVENTS = st.lists(
    st.tuples(st.one_of(st.sampled_from(Ailment), st.sampled_from(Proof)), st.floats(min_value=0.0, max_value=2_000.0)),
    max_size=120,
)


@given(events=EVENTS, has_power=st.booleans())
def test_whatever_happens_a_modem_gets_the_steps_of_its_ailment_and_few_hard_ones(
    events: list[tuple[Ailment | Proof, float]], has_power: bool
) -> None:
    climbed, now, hard = ladder(has_power=has_power), 0.0, list[float]()
    for event, pause_s in events:
        now += pause_s
        if isinstance(event, Proof):
            climbed.proved(event)
            continue
        rung = climbed.next(event, now)
        assert rung is None or rung in COURSES[event].rungs
        assert has_power or rung is not POWER
        if rung in HARD:
            hard.append(now)
            assert len([at for at in hard if now - at <= WINDOW_S]) <= MOST_HARD


@given(events=EVENTS)
def test_without_a_proof_or_a_rest_nobody_goes_down(events: list[tuple[Ailment | Proof, float]]) -> None:
    climbed, height = ladder(), 0
    for event, _ in events:
        if isinstance(event, Ailment):
            rung = climbed.next(event, 0.0)
            assert rung is None or rung is REOPEN or rung > height
            height = max(height, rung or 0)
