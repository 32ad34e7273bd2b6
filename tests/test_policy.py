"""The decisions: after a refusal, about time, about a message from its parts, about whose report it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from smsgw.at.error_table import CME, CME_VENDOR, CMS, CMS_VENDOR
from smsgw.at.errors import Action, ErrorKind, Vendor, Verdict, describe
from smsgw.model import PART_TRANSITIONS, TRANSITIONS, PartState, Status
from smsgw.policy import Decision, Next, after_refusal, backoff_s, roll_up
from smsgw.policy.refusals import BACKOFF_S, RETRY_NOW_S, SIM_FAULT_S

ALLOWED = 5
CHANCES = st.floats(0, 1)


def decide(
    verdict: Verdict, used: int = 1, allowed: int = ALLOWED, chance: float = 0.5, *, has_other_sim: bool = False
) -> Decision:
    return after_refusal(verdict, used, allowed, chance, has_other_sim=has_other_sim)


def cms(code: int, vendor: Vendor | None = None) -> Verdict:
    return describe(ErrorKind.CMS, code, vendor)


EVERY_ROW = [
    pytest.param(verdict, id=f"{name}-{verdict.code}")
    for name, table in (
        ("cms", CMS),
        ("cme", CME),
        *((f"cms-{vendor}", table) for vendor, table in CMS_VENDOR.items()),
        *((f"cme-{vendor}", table) for vendor, table in CME_VENDOR.items()),
    )
    for verdict in table.values()
]


# ── after a refusal ──


@pytest.mark.parametrize("verdict", EVERY_ROW)
def test_every_row_of_the_error_tables_leads_to_a_decision_that_ends(verdict: Verdict) -> None:
    for used in range(1, ALLOWED + 1):
        decision = decide(verdict, used)
        if decision.next is Next.RETRY:
            assert used < ALLOWED
            assert decision.delay_s >= (verdict.wait_s or RETRY_NOW_S)
        else:
            assert decision.delay_s == 0


@pytest.mark.parametrize("verdict", EVERY_ROW)
def test_what_is_wrong_for_good_is_never_repeated(verdict: Verdict) -> None:
    hopeless = {Action.FIX, Action.PERMANENT, Action.UNSUPPORTED}
    if verdict.actions[0] in hopeless:
        assert decide(verdict) == Decision(next=Next.FAIL)


@pytest.mark.parametrize("verdict", EVERY_ROW)
def test_waiting_for_the_modem_costs_no_attempt(verdict: Verdict) -> None:
    if verdict.actions[0] in (Action.WAIT, Action.PIN_FLOW):
        assert decide(verdict).next is Next.HOLD
        assert decide(verdict, used=ALLOWED) == decide(verdict)


@pytest.mark.parametrize("verdict", EVERY_ROW)
def test_attempts_come_to_an_end(verdict: Verdict) -> None:
    if decide(verdict).next is Next.RETRY:
        assert decide(verdict, used=ALLOWED) == Decision(next=Next.GIVE_UP)
        assert decide(verdict, used=ALLOWED + 1) == Decision(next=Next.GIVE_UP)
        assert decide(verdict, used=1, allowed=1) == Decision(next=Next.GIVE_UP)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (cms(1), Decision(next=Next.FAIL)),
        (cms(8), Decision(next=Next.RETRY, delay_s=SIM_FAULT_S)),
        (cms(21), Decision(next=Next.FAIL)),
        (cms(38), Decision(next=Next.RETRY, delay_s=600)),
        (cms(41), Decision(next=Next.RETRY, delay_s=RETRY_NOW_S)),
        (cms(42), Decision(next=Next.RETRY, delay_s=30)),
        (cms(96), Decision(next=Next.FAIL)),
        (cms(111), Decision(next=Next.RETRY, delay_s=30)),
        (cms(197), Decision(next=Next.ACCEPTED)),
        (cms(208), Decision(next=Next.RETRY, delay_s=30)),
        (cms(300), Decision(next=Next.RETRY, delay_s=30)),
        (cms(302), Decision(next=Next.HOLD)),
        (cms(314), Decision(next=Next.RETRY, delay_s=RETRY_NOW_S)),
        (cms(321), Decision(next=Next.RETRY, delay_s=30)),
        (cms(330), Decision(next=Next.FAIL)),
        (cms(331), Decision(next=Next.HOLD)),
        (cms(332), Decision(next=Next.DOUBT)),
        (cms(500), Decision(next=Next.RETRY, delay_s=30)),
        (cms(513, Vendor.TELIT), Decision(next=Next.DOUBT)),
        (cms(510, Vendor.TELIT), Decision(next=Next.FAIL)),
        (describe(ErrorKind.PLAIN, None), Decision(next=Next.RETRY, delay_s=30)),
        (describe(ErrorKind.CME, 4), Decision(next=Next.FAIL)),
        (describe(ErrorKind.CME, 11), Decision(next=Next.HOLD)),
        (describe(ErrorKind.CME, 16), Decision(next=Next.RETRY, delay_s=SIM_FAULT_S)),
        (describe(ErrorKind.CME, 30), Decision(next=Next.HOLD)),
    ],
    ids=lambda v: f"{v.code}" if isinstance(v, Verdict) else "",
)
def test_a_first_refusal_leads_to(verdict: Verdict, expected: Decision) -> None:
    assert decide(verdict) == expected


def test_a_refusal_that_says_soon_is_believed_twice() -> None:
    assert [decide(cms(41), used).delay_s for used in (1, 2, 3, 4)] == [2, 2, 600, 1_800]


def test_doubt_and_acceptance_do_not_depend_on_attempts() -> None:
    for used in (1, ALLOWED, ALLOWED + 3):
        assert decide(cms(332), used).next is Next.DOUBT
        assert decide(cms(197), used).next is Next.ACCEPTED


def test_a_refusal_that_names_a_longer_wait_gets_it() -> None:
    assert decide(Verdict(meaning="later", actions=(Action.RETRY,), wait_s=900)).delay_s == 900
    assert decide(Verdict(meaning="later", actions=(Action.RETRY,), wait_s=1)).delay_s == 30


def test_advice_that_nobody_can_follow_means_later() -> None:
    for action in (Action.OTHER_SIM, Action.SKIP, Action.IGNORE):
        assert decide(Verdict(meaning="odd", actions=(action,))).next is Next.RETRY
    assert decide(Verdict(meaning="none", actions=())).next is Next.RETRY


# ── when to try again ──


def test_the_pauses_grow_and_the_last_one_repeats() -> None:
    assert [backoff_s(used, 0.5) for used in range(1, 8)] == [30, 120, 600, 1_800, 3_600, 3_600, 3_600]
    assert list(BACKOFF_S) == sorted(set(BACKOFF_S))


@given(st.integers(1, 1_000), CHANCES)
def test_chance_spreads_a_pause_by_a_fifth_at_most(used: int, chance: float) -> None:
    middle = backoff_s(used, 0.5)
    assert 0.8 * middle - 1e-6 <= backoff_s(used, chance) <= 1.2 * middle + 1e-6


@given(st.integers(1, len(BACKOFF_S) - 1), CHANCES, CHANCES)
def test_a_later_pause_is_longer_whatever_the_dice_say(used: int, one: float, other: float) -> None:
    assert backoff_s(used, one) < backoff_s(used + 1, other)


# ── what the parts make of a message ──

PENDING, SUBMITTING, ACCEPTED = PartState.PENDING, PartState.SUBMITTING, PartState.ACCEPTED
DELIVERED, UNDELIVERED, FAILED = PartState.DELIVERED, PartState.UNDELIVERED, PartState.FAILED
UNCERTAIN, EXPIRED, CANCELLED = PartState.UNCERTAIN, PartState.EXPIRED, PartState.CANCELLED
LEFT = PartState.LEFT


@pytest.mark.parametrize(
    ("parts", "held", "current", "expected"),
    [
        ([PENDING], False, Status.WAITING, Status.WAITING),
        ([PENDING], True, Status.WAITING, Status.PROCESSING),
        ([PENDING], False, Status.PROCESSING, Status.WAITING),
        ([SUBMITTING], True, Status.PROCESSING, Status.PROCESSING),
        ([SUBMITTING], False, Status.PROCESSING, Status.PROCESSING),
        ([ACCEPTED], False, Status.PROCESSING, Status.SENT),
        ([DELIVERED], False, Status.SENT, Status.DELIVERED),
        ([DELIVERED], False, Status.PROCESSING, Status.DELIVERED),
        ([UNDELIVERED], False, Status.SENT, Status.DELIVERY_ERROR),
        ([FAILED], False, Status.PROCESSING, Status.SEND_ERROR),
        ([EXPIRED], False, Status.WAITING, Status.SEND_ERROR),
        ([UNCERTAIN], False, Status.PROCESSING, Status.PROCESSING),
        ([ACCEPTED, PENDING], True, Status.PROCESSING, Status.PROCESSING),
        ([ACCEPTED, PENDING], False, Status.PROCESSING, Status.WAITING),
        ([ACCEPTED, UNCERTAIN], False, Status.PROCESSING, Status.PROCESSING),
        ([DELIVERED, ACCEPTED], False, Status.SENT, Status.SENT),
        ([DELIVERED, UNDELIVERED], False, Status.SENT, Status.DELIVERY_ERROR),
        ([ACCEPTED, UNDELIVERED], False, Status.SENT, Status.DELIVERY_ERROR),
        ([ACCEPTED, FAILED, CANCELLED], False, Status.PROCESSING, Status.SEND_ERROR),
        ([ACCEPTED, EXPIRED], False, Status.WAITING, Status.SEND_ERROR),
        ([FAILED, UNCERTAIN], False, Status.PROCESSING, Status.PROCESSING),
        ([LEFT], False, Status.PROCESSING, Status.PROCESSING),
        ([LEFT, PENDING], False, Status.PROCESSING, Status.WAITING),
        ([LEFT, PENDING], True, Status.WAITING, Status.PROCESSING),
        ([LEFT, ACCEPTED], False, Status.PROCESSING, Status.PROCESSING),
        ([LEFT, FAILED], False, Status.PROCESSING, Status.SEND_ERROR),
        ([LEFT, EXPIRED], False, Status.WAITING, Status.SEND_ERROR),
        # An error stays until everything is delivered.
        ([DELIVERED, ACCEPTED], False, Status.SEND_ERROR, Status.SEND_ERROR),
        ([DELIVERED, CANCELLED], False, Status.SEND_ERROR, Status.SEND_ERROR),
        ([DELIVERED, ACCEPTED], False, Status.DELIVERY_ERROR, Status.DELIVERY_ERROR),
        ([DELIVERED, DELIVERED], False, Status.SEND_ERROR, Status.DELIVERED),
        ([DELIVERED, DELIVERED], False, Status.DELIVERY_ERROR, Status.DELIVERED),
    ],
)
def test_the_parts_make_the_status(parts: list[PartState], held: bool, current: Status, expected: Status) -> None:
    assert roll_up(parts, current, held) is expected


@dataclass(frozen=True)
class Seen:
    """A message as far as its status depends on it; the order of its parts does not matter."""

    parts: tuple[PartState, ...]
    held: bool
    status: Status

    def after(self, parts: Iterable[PartState], held: bool) -> "Seen":
        settled = tuple(sorted(parts))
        return Seen(settled, held, roll_up(settled, self.status, held))

    def moves(self) -> Iterator["Seen"]:
        """Everything that can happen to it next: a worker claims it or lets it go, or one part makes a legal move."""
        if self.status is Status.WAITING:
            yield self.after(self.parts, True)
        if self.held and SUBMITTING not in self.parts:
            yield self.after(self.parts, False)
        for place, state in enumerate(self.parts):
            for target in PART_TRANSITIONS[state]:
                # Only who holds a message puts it on the wire.
                if target is not SUBMITTING or self.held:
                    yield self.after([*self.parts[:place], target, *self.parts[place + 1 :]], self.held)


def every_history(parts: int) -> Iterator[tuple[Seen, Seen]]:
    """Walk through everything that can ever happen to a message of so many parts, move by move."""
    ahead = [Seen((PENDING,) * parts, False, Status.WAITING)]
    known = set(ahead)
    while ahead:
        before = ahead.pop()
        for after in before.moves():
            yield before, after
            if after not in known:
                known.add(after)
                ahead.append(after)


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_in_no_history_does_a_message_make_a_move_that_is_not_allowed(parts: int) -> None:
    moves = {(before.status, after.status) for before, after in every_history(parts)}
    assert {(one, other) for one, other in moves if one is not other and other not in TRANSITIONS[one]} == set()


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_in_every_history_a_message_is_delivered_exactly_when_all_its_parts_are(parts: int) -> None:
    for _, message in every_history(parts):
        assert (message.status is Status.DELIVERED) == (set(message.parts) == {DELIVERED}), message


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_in_every_history_the_status_says_what_the_parts_are_doing(parts: int) -> None:
    for _, message in every_history(parts):
        if message.status is Status.WAITING:
            assert PENDING in message.parts, message
            assert not {SUBMITTING, UNCERTAIN} & set(message.parts), message
        if message.status is Status.SENT:
            assert set(message.parts) <= {ACCEPTED, DELIVERED}, message


def test_every_allowed_move_but_one_occurs_in_some_history() -> None:
    moves = {(before.status, after.status) for before, after in every_history(2)}
    allowed = {(one, other) for one, others in TRANSITIONS.items() for other in others}
    # A report that overtakes its answer is applied after it, so that a message is sent for a moment in between.
    assert allowed - moves == {(Status.PROCESSING, Status.DELIVERED)}


@given(st.lists(st.sampled_from(PartState), min_size=1, max_size=12), st.sampled_from(Status), st.booleans())
def test_looking_again_changes_nothing(parts: list[PartState], current: Status, held: bool) -> None:
    status = roll_up(parts, current, held)
    assert roll_up(parts[::-1], status, held) is status
