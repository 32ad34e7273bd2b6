"""The moves of a held message that several use-cases make; functions over an open transaction."""

from smsgw import policy
from smsgw.gateway.rollup import roll_up
from smsgw.model import PartState, Reason
from smsgw.store import attempts, parts, queue
from smsgw.store.attempts import Outcome
from smsgw.store.db import Tx


def accepted(tx: Tx, part: int, message: int, detail: str = "") -> None:
    """The network has taken a part; its message is let go when that was the last one."""
    parts.move(tx, part, PartState.ACCEPTED)
    parts.mark_accepted(tx, part)
    if not parts.in_state(tx, message, PartState.PENDING):
        queue.release(tx, message)
    roll_up(tx, message, Reason.ACCEPTED, detail)


def not_sent(tx: Tx, part: int, detail: str) -> None:
    """The first time it was the modem's bad luck; a message to which that keeps happening makes way for others."""
    attempts.end(tx, part, Outcome.NOT_SENT, detail=detail)
    stand_back(tx, parts.message_of(tx, part), part, Reason.NOT_SENT, detail, attempts.tries(tx, part) - 1)


def give_back(tx: Tx, message: int, reason: Reason = Reason.INTERRUPTED) -> None:
    """A claimed message whose next part has not been touched waits again."""
    queue.release(tx, message)
    roll_up(tx, message, reason)


def wait_again(tx: Tx, message: int, part: int, reason: Reason, detail: str = "", until: int | None = None) -> None:
    """A part is to be tried again, not before `until` (Unix milliseconds)."""
    parts.move(tx, part, PartState.PENDING)
    queue.release(tx, message)
    queue.defer(tx, message, until)
    roll_up(tx, message, reason, detail)


def stand_back(tx: Tx, message: int, part: int, reason: Reason, detail: str, tries: int) -> None:
    """A part is to be tried again after a pause that grows with `tries`."""
    until = tx.now + policy.hold_s(tries) * 1_000 if tries else None
    wait_again(tx, message, part, reason, detail, until)


def fail(tx: Tx, message: int, part: int, reason: Reason, detail: str = "") -> None:
    """A part cannot be sent, and without it the rest would reach the recipient as a fragment."""
    parts.move(tx, part, PartState.FAILED)
    for pending in parts.in_state(tx, message, PartState.PENDING):
        parts.move(tx, pending, PartState.CANCELLED)
    queue.release(tx, message)
    roll_up(tx, message, reason, detail)
