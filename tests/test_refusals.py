"""After a refusal: when another SIM is better, and when a SIM must rest."""

import pytest
from hypothesis import given, strategies as st

from smsgw.at.errors import Action, ErrorKind, Verdict, describe
from smsgw.policy import Decision, Next, Rest, after_refusal, blames_sim, rest_after
from smsgw.policy.refusals import CONGESTION_S, FAULTS_IN_ROW, REST_S, SIM_FAULT_S, TRIES_HERE

ALLOWED = 5


def cms(code: int) -> Verdict:
    return describe(ErrorKind.CMS, code)


def cme(code: int) -> Verdict:
    return describe(ErrorKind.CME, code)


def decide(verdict: Verdict, used: int = 1, *, has_other_sim: bool = True) -> Decision:
    return after_refusal(verdict, used, ALLOWED, 0.5, has_other_sim=has_other_sim)


# ── another SIM ──


@pytest.mark.parametrize("code", [8, 10, 28, 30, 50, 193])
def test_what_is_the_fault_of_the_sim_goes_to_another_one_at_once(code: int) -> None:
    assert decide(cms(code)) == Decision(next=Next.OTHER_SIM)
    assert decide(cms(code), has_other_sim=False) == Decision(next=Next.RETRY, delay_s=SIM_FAULT_S)


@pytest.mark.parametrize("code", [21, 29, 69])
def test_what_another_sim_may_manage_is_given_up_only_where_there_is_none(code: int) -> None:
    assert decide(cms(code)) == Decision(next=Next.OTHER_SIM)
    assert decide(cms(code), has_other_sim=False) == Decision(next=Next.FAIL)


@pytest.mark.parametrize("code", [111, 127])
def test_what_may_pass_is_tried_here_first_and_then_elsewhere(code: int) -> None:
    assert [decide(cms(code), used).next for used in range(1, TRIES_HERE + 2)] == [
        *[Next.RETRY] * TRIES_HERE,
        Next.OTHER_SIM,
    ]
    assert decide(cms(code), TRIES_HERE + 1, has_other_sim=False).next is Next.RETRY


@pytest.mark.parametrize("code", [8, 21, 111])
def test_another_sim_costs_an_attempt_too(code: int) -> None:
    assert decide(cms(code), ALLOWED) == Decision(next=Next.GIVE_UP)


@pytest.mark.parametrize("code", [1, 41, 42, 96, 197, 302, 331, 332, 500])
def test_another_sim_changes_nothing_where_it_is_not_advised(code: int) -> None:
    assert decide(cms(code)) == decide(cms(code), has_other_sim=False)


# ── rests ──


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (cms(8), True),
        (cms(313), True),
        (cms(316), True),
        (cme(103), True),
        (cms(310), False),
        (cms(1), False),
        (cms(21), False),
        (cms(500), False),
    ],
    ids=lambda v: f"{v.code}" if isinstance(v, Verdict) else "",
)
def test_a_refusal_counts_against_the_sim_only_where_nothing_has_to_be_waited_for(
    verdict: Verdict, expected: bool
) -> None:
    assert blames_sim(verdict) is expected


def test_three_recipients_in_a_row_let_a_sim_rest_and_each_time_longer() -> None:
    assert [rest_after(cms(8), faults, 0) for faults in range(1, FAULTS_IN_ROW)] == [None] * (FAULTS_IN_ROW - 1)
    rests = [rest_after(cms(8), FAULTS_IN_ROW, earlier) for earlier in range(len(REST_S) + 2)]
    assert [rest.seconds for rest in rests if rest] == [*REST_S, REST_S[-1], REST_S[-1]]
    assert all(rest and rest.is_fault for rest in rests)
    assert list(REST_S) == sorted(set(REST_S))


def test_a_sim_that_needs_a_person_rests_at_once() -> None:
    for verdict in (cms(316), cme(16)):
        assert rest_after(verdict, 1, 0) == Rest(seconds=REST_S[0], is_fault=True)


def test_congestion_is_nobodys_fault_and_short() -> None:
    assert rest_after(cms(42), 0, 3) == Rest(seconds=CONGESTION_S, is_fault=False)


@given(st.sampled_from(Action), st.integers(0, 9), st.integers(0, 9))
def test_what_neither_blames_nor_slows_down_lets_no_sim_rest(action: Action, faults: int, rests: int) -> None:
    rest = rest_after(Verdict(meaning="something", actions=(action,)), faults, rests)
    may = {Action.STOP_SIM, Action.SLOW_DOWN} | ({Action.SIM_FAULT} if faults >= FAULTS_IN_ROW else set())
    assert (rest is not None) == (action in may)
