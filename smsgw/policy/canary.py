"""When a canary is sent, when it counts as lost, and what of it is a fault."""

from collections.abc import Sequence

from smsgw.model import CanaryState, Flight, Reason

# What keeps a message from being sent though nobody wanted that.
_UNWANTED = {Reason.EXPIRED.value, Reason.REFUSED.value, Reason.OUT_OF_ATTEMPTS.value}


def is_due(last_at: int | None, every_ms: int, now: int) -> bool:
    """Tell whether it is time for a canary, given when the last was begun (Unix milliseconds).

    One that seems to come from the future does so because the clock was set back a little, and goes on counting; or
    from before it was set right at all, and does not count.
    """
    return last_at is None or abs(now - last_at) >= every_ms


def is_overdue(sent_at: int, within_ms: int, listening_since: int, now: int) -> bool:
    """Tell whether a canary that has not arrived counts as lost; it is heard only while the gateway runs.

    One that seems to come from farther ahead was sent by a clock that was wrong: it must not be waited for until then.
    """
    return abs(now - sent_at) >= within_ms and now - listening_since >= within_ms


def is_fault(state: CanaryState, why: str) -> bool:
    """Tell whether what became of a canary is something that nobody wanted."""
    return state in (CanaryState.LATE, CanaryState.LOST) or (state is CanaryState.NOT_SENT and why in _UNWANTED)


def standing(flights: Sequence[Flight], put_off: str) -> tuple[CanaryState, str]:
    """Tell how it stands with a canary, and why if it is not sent.

    `flights` are the last two, the newest first; `put_off` says why the next is not sent though it is due. A fault
    stands until another canary has come to an end.
    """
    ended = next((one for one in flights if one.state is not CanaryState.WAITING), None)
    if ended is not None and is_fault(ended.state, ended.why):
        return ended.state, ended.why
    if put_off:
        return CanaryState.NOT_SENT, put_off
    if ended is None or ended is not flights[0]:
        return CanaryState.WAITING, ""
    return ended.state, ended.why
