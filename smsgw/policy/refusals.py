"""After a refusal: whether, when and where a part is tried again, and whether its SIM must rest."""

from dataclasses import dataclass
from enum import StrEnum

from smsgw.at.errors import Action, Verdict

# Waiting times before the second, third … attempt; the last one repeats.
BACKOFF_S = (30, 120, 600, 1_800, 3_600)
# A message that the network refuses because of the SIM is tried again at this pace.
SIM_FAULT_S = 600
# The refusal says that the network expects the same thing again soon; if that was said twice, it was not true.
RETRY_NOW_S = 2
RETRIES_NOW = 2
# Where the SIM comes first and another one after it, so often it is tried before that.
TRIES_HERE = 2
# A message that is held time and again makes way for others: it waits this long, doubling, up to the longest.
HOLD_S = 5
LONGEST_HOLD_S = 120
# So many recipients in a row for whom the network blames the SIM, and it rests; one alone may be to blame himself.
FAULTS_IN_ROW = 3
# How long it rests the first, second … time in a row; the last one repeats. Then a single message tries it out.
REST_S = (600, 1_800, 3_600, 21_600)
# A SIM that has refused a message for which there is another one leaves it alone for so long.
OTHER_SIM_FOR_S = SIM_FAULT_S
# The network has too much to do: nothing at all is sent through this SIM for as long as this.
CONGESTION_S = 30


class Next(StrEnum):
    """What becomes of a part that was not simply accepted."""

    RETRY = "retry"  # later, at the price of an attempt
    OTHER_SIM = "other_sim"  # at once through another SIM, at the price of an attempt
    HOLD = "hold"  # later, free of charge: the fault is the modem's, not the message's
    FAIL = "fail"  # never: it would be refused again
    GIVE_UP = "give_up"  # never: it was refused for now once too often
    DOUBT = "doubt"  # the network may have it
    ACCEPTED = "accepted"  # the network says that it has it already


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens next to a refused part; `delay_s` in seconds, for RETRY."""

    next: Next
    delay_s: float = 0.0


def after_refusal(verdict: Verdict, used: int, allowed: int, chance: float, *, has_other_sim: bool) -> Decision:
    """Decide what to do with a part that was refused.

    `used` counts the attempts including this one, `allowed` is their limit, `chance` is a random number from 0 to 1 for
    the jitter; `has_other_sim` tells whether a SIM that has not refused the message yet could send it. The first advice
    of the verdict that can be followed decides.
    """
    action = _advice(verdict, used, has_other_sim)
    decision = _BY_ACTION[action]
    if decision.next not in (Next.RETRY, Next.OTHER_SIM):
        return decision
    if used >= allowed:
        return Decision(next=Next.GIVE_UP)
    if decision.next is Next.OTHER_SIM:
        return decision
    return Decision(next=Next.RETRY, delay_s=max(decision.delay_s or backoff_s(used, chance), verdict.wait_s or 0))


def _advice(verdict: Verdict, used: int, has_other_sim: bool) -> Action:
    possible = [action for action in verdict.actions if action in _BY_ACTION]
    if Action.OTHER_SIM in possible:
        if has_other_sim and (possible[0] is not Action.RETRY or used > TRIES_HERE):
            return Action.OTHER_SIM
        possible.remove(Action.OTHER_SIM)
    action = possible[0] if possible else Action.RETRY
    return Action.RETRY if action is Action.RETRY_NOW and used > RETRIES_NOW else action


_NEVER = Decision(next=Next.FAIL)
_TRY_LATER = Decision(next=Next.RETRY)
_LEAVE_ALONE = Decision(next=Next.HOLD)
_SIM_REFUSED = Decision(next=Next.RETRY, delay_s=SIM_FAULT_S)

_BY_ACTION = {
    Action.FIX: _NEVER,
    Action.PERMANENT: _NEVER,
    Action.UNSUPPORTED: _NEVER,
    Action.RETRY: _TRY_LATER,
    Action.RETRY_NOW: Decision(next=Next.RETRY, delay_s=RETRY_NOW_S),
    Action.SLOW_DOWN: _TRY_LATER,
    Action.OTHER_SIM: Decision(next=Next.OTHER_SIM),
    Action.REINIT: _TRY_LATER,
    Action.RESET_MODEM: _TRY_LATER,
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


def blames_sim(verdict: Verdict) -> bool:
    """Tell whether a refusal counts against the SIM; not where the first thing is to wait until it is ready."""
    order = [action for action in verdict.actions if action in (Action.SIM_FAULT, Action.WAIT)]
    return order[:1] == [Action.SIM_FAULT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How long a SIM sends nothing, in seconds; `is_fault` says that it is to blame and not the moment."""

    seconds: int
    is_fault: bool


def rest_after(verdict: Verdict, faults_in_row: int, rests_in_row: int) -> Rest | None:
    """Decide whether a SIM must rest after a refusal.

    `faults_in_row` counts the recipients for whom the network blamed it since it accepted a message last, this refusal
    included; `rests_in_row` the times it has rested as faulty since then.
    """
    is_faulty = blames_sim(verdict) and faults_in_row >= FAULTS_IN_ROW
    if is_faulty or verdict.advises(Action.STOP_SIM):
        return Rest(seconds=REST_S[min(rests_in_row, len(REST_S) - 1)], is_fault=True)
    return Rest(seconds=CONGESTION_S, is_fault=False) if verdict.advises(Action.SLOW_DOWN) else None
