"""What the states of its parts make of a message."""

from collections.abc import Sequence

from smsgw.model import PartState, Status


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
    if PartState.LEFT in states:
        return Status.PROCESSING
    if PartState.UNDELIVERED in states:
        return Status.DELIVERY_ERROR
    return Status.DELIVERED if states == {PartState.DELIVERED} else Status.SENT
