"""Keeps a message's status in line with its parts."""

from smsgw import policy
from smsgw.model import Reason, Status
from smsgw.store import messages, parts
from smsgw.store.db import Tx


def roll_up(tx: Tx, message: int, reason: Reason, detail: str = "") -> None:
    """Derive a message's status from its parts, in the transaction that changed them, and note the reason."""
    row = messages.by_row(tx, message)
    current = Status(row["status"])
    target = policy.roll_up(parts.states(tx, message), current, held=row["holder"] is not None)
    if target is not current:
        messages.move(tx, message, target, reason, detail)
