"""Changes the status of messages, and keeps it in line with their parts; whoever is to be told of it will be."""

from smsgw import policy
from smsgw.gateway import events
from smsgw.model import Reason, Status
from smsgw.store import messages, parts
from smsgw.store.db import Tx


def roll_up(tx: Tx, message: int, reason: Reason, detail: str = "") -> None:
    """Derive a message's status from its parts, in the transaction that changed them, and note the reason."""
    row = messages.by_row(tx, message)
    current = Status(row["status"])
    target = policy.roll_up(parts.states(tx, message), current, held=row["holder"] is not None)
    if target is not current:
        move(tx, message, target, reason, detail)


def move(tx: Tx, message: int, target: Status, reason: Reason, detail: str = "") -> None:
    """Change a message's status for a reason; raises `IllegalMove` when the table does not allow it."""
    messages.move(tx, message, target, reason, detail)
    events.status_changed(tx, message)
