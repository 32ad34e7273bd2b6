"""The decisions: what to do after a refusal, when to try again, what parts make of a message, whose turn, whose report.

Pure: facts in, decision out. Knows no clock, no chance and no storage; whoever needs jitter brings the dice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from smsgw.at.errors import Action, Verdict
from smsgw.model import Candidate, Head, PartState, Status

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS

# Waiting times before the second, third … attempt; the last one repeats.
BACKOFF_S = (30, 120, 600, 1_800, 3_600)
# A SIM that the network refuses is looked at again at this pace, by every message that wants it.
SIM_FAULT_S = 600
# The refusal says that the network expects the same thing again soon; if that was said twice, it was not true.
RETRY_NOW_S = 2
RETRIES_NOW = 2
# The modem or the SIM is not ready; this long its worker leaves it alone.
HOLD_S = 5
# A message that is held time and again makes way for others; doubling from HOLD_S, it waits no longer than this.
LONGEST_HOLD_S = 120


class Next(StrEnum):
    """What becomes of a part that was not simply accepted."""

    RETRY = "retry"  # later, at the price of an attempt
    HOLD = "hold"  # later, free of charge: the fault is the modem's, not the message's
    FAIL = "fail"  # never: it would be refused again
    GIVE_UP = "give_up"  # never: it was refused for now once too often
    DOUBT = "doubt"  # the network may have it
    ACCEPTED = "accepted"  # the network says that it has it already


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens next to a refused part; `delay_s` in seconds, for RETRY and HOLD."""

    next: Next
    delay_s: float = 0.0


def after_refusal(verdict: Verdict, used: int, allowed: int, chance: float) -> Decision:
    """Decide what to do with a part that was refused.

    `used` counts the attempts including this one, `allowed` is their limit, `chance` is a random number from 0 to 1 for
    the jitter. The first advice of the verdict that this gateway can follow decides.
    """
    action = next((action for action in verdict.actions if action in _BY_ACTION), Action.RETRY)
    if action is Action.RETRY_NOW and used > RETRIES_NOW:
        action = Action.RETRY
    decision = _BY_ACTION[action]
    if decision.next is not Next.RETRY:
        return decision
    if used >= allowed:
        return Decision(next=Next.GIVE_UP)
    return Decision(next=Next.RETRY, delay_s=max(decision.delay_s or backoff_s(used, chance), verdict.wait_s or 0))


_NEVER = Decision(next=Next.FAIL)
_TRY_LATER = Decision(next=Next.RETRY)
_LEAVE_ALONE = Decision(next=Next.HOLD, delay_s=HOLD_S)
_SIM_REFUSED = Decision(next=Next.RETRY, delay_s=SIM_FAULT_S)

# OTHER_SIM is missing: with one SIM a modem there is none to choose, so the next advice counts.
_BY_ACTION = {
    Action.FIX: _NEVER,
    Action.PERMANENT: _NEVER,
    Action.UNSUPPORTED: _NEVER,
    Action.RETRY: _TRY_LATER,
    Action.RETRY_NOW: Decision(next=Next.RETRY, delay_s=RETRY_NOW_S),
    Action.REINIT: _TRY_LATER,
    Action.RESET_MODEM: _TRY_LATER,
    Action.CLEAN_STORE: _TRY_LATER,
    Action.SIM_FAULT: _SIM_REFUSED,
    Action.STOP_SIM: _SIM_REFUSED,
    Action.WAIT: _LEAVE_ALONE,
    Action.PIN_FLOW: _LEAVE_ALONE,
    Action.UNKNOWN_OUTCOME: Decision(next=Next.DOUBT),
    Action.DUPLICATE_ACCEPTED: Decision(next=Next.ACCEPTED),
}


def hold_s(tries: int) -> int:
    """Return how long a message stands back that came back for the `tries`-th time through no fault of its own."""
    return min(HOLD_S << min(tries - 1, 10), LONGEST_HOLD_S)


def backoff_s(used: int, chance: float) -> float:
    """Return how long to wait after the `used`-th attempt, spread by ±20 % with `chance` from 0 to 1."""
    return BACKOFF_S[min(used, len(BACKOFF_S)) - 1] * (0.8 + 0.4 * chance)


def roll_up(parts: Sequence[PartState], current: Status, held: bool) -> Status:
    """Derive a message's status from its parts; `held` says whether a worker has it in hand.

    A final status is left only for "delivered", which always wins.
    """
    status = _from_parts(set(parts), held)
    if current in (Status.SEND_ERROR, Status.DELIVERY_ERROR) and status is not Status.DELIVERED:
        return current
    return status


def _from_parts(states: set[PartState], held: bool) -> Status:
    if states & {PartState.SUBMITTING, PartState.UNCERTAIN}:
        return Status.PROCESSING
    if states & {PartState.FAILED, PartState.EXPIRED, PartState.CANCELLED}:
        return Status.SEND_ERROR
    if PartState.PENDING in states:
        return Status.PROCESSING if held else Status.WAITING
    if PartState.UNDELIVERED in states:
        return Status.DELIVERY_ERROR
    return Status.DELIVERED if states == {PartState.DELIVERED} else Status.SENT


# ── whose turn is it ──


def next_in_turn(heads: Sequence[Head], served_last: int) -> Head:
    """Choose among the first messages of several clients: the highest priority, then the client next in turn.

    Clients are numbered; whoever follows `served_last` in a circle is next, so that a long queue of one delays
    another by a message at most.
    """
    first = max(head.priority for head in heads)
    return min(
        (head for head in heads if head.priority == first),
        key=lambda head: (head.client <= served_last, head.client),
    )


# ── whose report is it ──

# Service centres keep trying for days; a reference comes round again much sooner, so time decides between attempts.
REPORT_WINDOW_MS = 10 * 24 * _HOUR_MS
# A service centre's clock may be off, and its time zone wrong.
_SKEW_MS = 14 * _HOUR_MS
# A stamp leaves out what has passed of its second (TS 23.040 §9.2.3.11).
_LAST_OF_SECOND_MS = 999
# Without the number, only a report stamped at the moment of the answer is believed.
_NUMBERLESS_MS = 2 * _MINUTE_MS
# Numbers are compared by their ends: a service centre may write one nationally that was sent internationally.
_NUMBER_END = 8
# How long a report may be ahead of the answer it belongs to.
EARLY_REPORT_MS = 10 * _MINUTE_MS


def same_number(one: str, other: str) -> bool:
    """Tell whether two spellings (international, national, with or without +) may mean one number."""
    one, other = one.removeprefix("+").lstrip("0"), other.removeprefix("+").lstrip("0")
    length = min(len(one), len(other), _NUMBER_END)
    if length < _NUMBER_END - 1:
        return one == other
    return one[-length:] == other[-length:]


def match_report(candidates: Sequence[Candidate], recipient: str, stamped_at: int) -> Candidate | None:
    """Choose the attempt that a report is about; all candidates have its SIM and its message reference.

    `stamped_at` is the service centre's time of acceptance in Unix milliseconds. Of those with the right number it is
    the one submitted last before that time; a lone open one with another number counts if the time fits exactly.
    """
    if right := _latest_before(stamped_at, candidates, recipient):
        return right
    undecided = [c for c in candidates if c.state is PartState.ACCEPTED]
    if len(undecided) == 1 and abs(stamped_at - (undecided[0].ended_at or 0)) <= _NUMBERLESS_MS:
        return undecided[0]
    return None


def match_unanswered(candidates: Sequence[Candidate], recipient: str, stamped_at: int) -> Candidate | None:
    """Choose the unanswered attempt, all of one SIM, that a report with an unknown reference proves to have arrived.

    The number must be right and the service centre's time after the submission; the latest such attempt is meant.
    """
    return _latest_before(stamped_at, candidates, recipient)


def _latest_before(stamped_at: int, candidates: Sequence[Candidate], recipient: str) -> Candidate | None:
    possible = [c for c in candidates if c.submitted_at <= stamped_at + _SKEW_MS]
    right = [c for c in possible if same_number(c.recipient, recipient)]
    return min(right, key=lambda c: _distance(c, stamped_at), default=None)


def _distance(candidate: Candidate, stamped_at: int) -> int:
    early = candidate.submitted_at - (stamped_at + _LAST_OF_SECOND_MS)
    # A submission after the stamp is possible only as far as the clocks disagree, so it comes second.
    return early + _SKEW_MS if early > 0 else -early
