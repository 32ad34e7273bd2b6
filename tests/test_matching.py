"""Whose report it is: numbers in every spelling, references that come round again, clocks that disagree."""

import pytest
from hypothesis import given, strategies as st

from smsgw.model import Candidate, PartState
from smsgw.policy import match_report, match_unanswered, same_number
from support import NOON

NUMBER = "79991234567"
OTHER = "79990000000"
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def attempt(
    part: int = 1,
    submitted: int = NOON,
    *,
    took: int | None = 3 * SECOND,
    state: PartState = PartState.ACCEPTED,
    recipient: str = NUMBER,
) -> Candidate:
    """An attempt that was answered `took` ms after its submission; None if it never was."""
    ended = None if took is None else submitted + took
    return Candidate(part=part, submitted_at=submitted, ended_at=ended, state=state, recipient=recipient)


def part_of(candidate: Candidate | None) -> int | None:
    return None if candidate is None else candidate.part


# ── numbers ──


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NUMBER, NUMBER),
        (NUMBER, f"+{NUMBER}"),
        (NUMBER, "89991234567"),
        (NUMBER, "9991234567"),
        (NUMBER, "0079991234567"),
        ("441632960123", "01632960123"),
        ("4915112345678", "015112345678"),
        ("+4930123456", "030123456"),
        ("74951234567", "1234567"),
        ("0900", "900"),
        ("123", "123"),
    ],
)
def test_two_spellings_of_one_number(one: str, other: str) -> None:
    assert same_number(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NUMBER, OTHER),
        (NUMBER, "79991234568"),
        (NUMBER, "4567"),
        (NUMBER, "234567"),
        (NUMBER, ""),
        (NUMBER, "Operator"),
        ("900", "9000"),
        ("123456", "0123457"),
        ("900", "79991230900"),
    ],
)
def test_two_different_numbers(one: str, other: str) -> None:
    assert not same_number(one, other)


spellings = st.from_regex(r"\+?[0-9]{0,20}", fullmatch=True)


@given(spellings, spellings)
def test_sameness_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert same_number(one, other) == same_number(other, one)


@given(spellings)
def test_a_number_is_itself_with_or_without_a_plus_and_leading_zeros(number: str) -> None:
    assert same_number(number, number)
    assert same_number(number, f"+00{number.removeprefix('+')}")


@given(st.from_regex(r"[1-9][0-9]{8,9}", fullmatch=True), st.from_regex(r"[1-9][0-9]{0,2}", fullmatch=True))
def test_a_national_number_is_the_international_one_whatever_the_country(national: str, country: str) -> None:
    assert same_number(f"0{national}", f"+{country}{national}")


# ── reports with a known reference ──


def test_a_lone_attempt_with_the_right_number_is_meant_whenever_the_report_is_stamped() -> None:
    for stamped_at in (NOON - 13 * HOUR, NOON, NOON + SECOND, NOON + 9 * DAY):
        assert part_of(match_report([attempt()], f"+{NUMBER}", stamped_at)) == 1


def test_without_candidates_nothing_is_meant() -> None:
    assert match_report([], NUMBER, NOON) is None
    assert match_unanswered([], NUMBER, NOON) is None


ROUND = [attempt(1, NOON), attempt(2, NOON + HOUR), attempt(3, NOON + 2 * HOUR)]


@pytest.mark.parametrize(
    ("stamped_at", "part"),
    [
        (NOON + 2 * SECOND, 1),
        (NOON + HOUR - SECOND, 1),
        (NOON + HOUR, 2),
        (NOON + HOUR + 2 * SECOND, 2),
        (NOON + 2 * HOUR + 2 * SECOND, 3),
        (NOON + 5 * DAY, 3),
    ],
)
def test_of_several_the_one_submitted_last_before_the_stamp_is_meant(stamped_at: int, part: int) -> None:
    assert part_of(match_report(ROUND, NUMBER, stamped_at)) == part
    assert part_of(match_report(ROUND[::-1], NUMBER, stamped_at)) == part


def test_a_clock_that_is_slow_still_finds_the_first_of_them() -> None:
    assert part_of(match_report(ROUND, NUMBER, NOON - HOUR)) == 1


def test_a_report_for_one_number_never_touches_the_attempt_to_another() -> None:
    candidates = [attempt(1, recipient=OTHER), attempt(2, NOON - 3 * DAY)]
    assert part_of(match_report(candidates, NUMBER, NOON + SECOND)) == 2


def test_a_report_that_is_repeated_finds_its_part_again() -> None:
    for state in (PartState.DELIVERED, PartState.UNDELIVERED, PartState.FAILED):
        assert part_of(match_report([attempt(state=state)], NUMBER, NOON)) == 1


@pytest.mark.parametrize(("off", "part"), [(0, 1), (-2 * MINUTE, 1), (2 * MINUTE, 1), (2 * MINUTE + 1, None)])
def test_a_lone_open_attempt_to_another_number_is_meant_only_if_the_time_fits(off: int, part: int | None) -> None:
    lone = attempt(recipient=OTHER, took=3 * SECOND)
    assert part_of(match_report([lone], NUMBER, NOON + 3 * SECOND + off)) == part


def test_of_two_open_attempts_to_other_numbers_neither_is_meant() -> None:
    assert match_report([attempt(1, recipient=OTHER), attempt(2, recipient=OTHER)], NUMBER, NOON) is None


def test_an_attempt_to_another_number_that_is_already_settled_is_not_meant() -> None:
    settled = attempt(1, recipient=OTHER, state=PartState.DELIVERED)
    assert match_report([settled], NUMBER, NOON + 3 * SECOND) is None
    assert part_of(match_report([settled, attempt(2, recipient=OTHER)], NUMBER, NOON + 3 * SECOND)) == 2


@given(st.lists(st.integers(NOON - 9 * DAY, NOON + DAY), min_size=1, max_size=6, unique=True), st.integers(0, 9 * DAY))
def test_an_attempt_before_the_stamp_is_preferred_within_half_a_day(times: list[int], late: int) -> None:
    stamped_at = min(times) + late
    candidates = [attempt(part, submitted) for part, submitted in enumerate(times)]
    before = [t for t in times if stamped_at - 14 * HOUR <= t < stamped_at + SECOND]
    matched = match_report(candidates, NUMBER, stamped_at)
    assert matched is not None
    if before:
        assert matched.submitted_at == max(before)


# ── reports that prove an unanswered attempt ──


def test_a_report_proves_the_latest_unanswered_attempt_to_its_number() -> None:
    candidates = [
        attempt(1, NOON - HOUR, took=None, state=PartState.UNCERTAIN),
        attempt(2, NOON, took=None, state=PartState.UNCERTAIN),
        attempt(3, NOON + HOUR, took=None, state=PartState.UNCERTAIN),
        attempt(4, NOON, took=None, state=PartState.UNCERTAIN, recipient=OTHER),
    ]
    assert part_of(match_unanswered(candidates, NUMBER, NOON + SECOND)) == 2
    assert part_of(match_unanswered(candidates, OTHER, NOON + SECOND)) == 4
    assert match_unanswered(candidates, "79995555555", NOON + SECOND) is None


@pytest.mark.parametrize("passed", [0, 71, 999])
def test_a_stamp_leaves_out_what_has_passed_of_its_second(passed: int) -> None:
    lost = attempt(1, NOON - 12 * SECOND, took=None, state=PartState.UNCERTAIN)
    arrived = attempt(2, NOON + passed, took=None, state=PartState.UNCERTAIN)
    following = attempt(3, NOON + SECOND, took=None, state=PartState.UNCERTAIN)
    assert part_of(match_unanswered([following, arrived, lost], NUMBER, NOON)) == 2


def test_a_report_stamped_long_before_the_submission_proves_nothing() -> None:
    doubtful = [attempt(took=None, state=PartState.UNCERTAIN)]
    assert part_of(match_unanswered(doubtful, NUMBER, NOON - 14 * HOUR)) == 1
    assert match_unanswered(doubtful, NUMBER, NOON - 14 * HOUR - 1) is None
