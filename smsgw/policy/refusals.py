"""After a refusal: whether, when and where a part is tried again."""

from dataclasses import dataclass
from enum import StrEnum

from smsgw.at.errors import Action, Verdict

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
