"""What happens that clients are told of: written down, and read by who listens.

What happens to a message is written in the transaction that changes it, what happens to a device as it is seen. Whom an
event is to be told is settled at once, too: a webhook that is switched on later is not told the past.
"""

import re
from collections.abc import Callable, Collection

from smsgw import policy, rendering
from smsgw.errors import Language
from smsgw.model import Event, EventKind, Place, event_id, event_seq
from smsgw.store import deliveries, events, inbound, messages, webhooks
from smsgw.store.db import Database, Tx

_ID = re.compile("[0-9a-fA-F]{24}")


class Events:
    """What has happened, for programs that listen."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def on_news(self, listener: Callable[[], None]) -> None:
        """Call `listener`, which must return at once, when there may be something new; the rows are the truth."""
        self._db.on_news(events.NEWS, listener)

    async def after(self, seq: int, kinds: Collection[EventKind], limit: int) -> list[Event]:
        """Return what has happened of these kinds after a number, oldest first."""
        async with self._db.snapshot() as connection:
            return await events.after(connection, seq, kinds, limit)

    async def last(self) -> int:
        """Return the number of the newest event there ever was, 0 if there was none."""
        async with self._db.snapshot() as connection:
            return await events.last(connection)

    async def end(self) -> Place:
        """Return the place after all that has happened so far."""
        async with self._db.snapshot() as connection:
            seq = await events.last(connection)
            newest = await events.find(connection, seq)
        return Place(seq=seq, id=newest.id if newest else event_id(self._db.now(), seq))

    async def resumed(self, id: str) -> int | None:
        """Return after which number to go on for somebody who was told up to this event, be it kept or not.

        None if it is no event of this database: nobody knows then what else has been missed.
        """
        if not _ID.fullmatch(id):
            return None
        seq = event_seq(id)
        async with self._db.snapshot() as connection:
            if seq > await events.last(connection):
                return None
            before, after = await events.around(connection, seq)
        # It has happened between its neighbours; one of a copy that has gone on by itself would by chance only.
        is_late_enough = before is None or event_id(before.at, seq) <= id.lower()
        is_early_enough = after is None or id.lower() <= event_id(after.at, seq)
        return seq if is_late_enough and is_early_enough else None


def status_changed(tx: Tx, row: int) -> None:
    """An outgoing message has a new status."""
    message = messages.from_row(messages.by_row(tx, row))
    # The status in words depends on the language of whoever tells it.
    _happened(tx, EventKind.SMS_STATUS, message.id, rendering.message(message, Language.RU), message.callback_id)


def received(tx: Tx, row: int) -> None:
    """An incoming message is in the inbox."""
    message = inbound.from_row(inbound.by_row(tx, row))
    _happened(tx, EventKind.SMS_RECEIVED, message.id, rendering.inbound(message))


def device_changed(tx: Tx, id: str, shown: rendering.Object) -> None:
    """A device, as it is `shown` now, can be used again, or no longer."""
    _happened(tx, EventKind.DEVICE_STATUS, id, shown)


def forget(tx: Tx, subject: str) -> None:
    """Nothing of what has happened to a message is kept, but for what somebody is still to be told."""
    events.forget(tx, subject)


def forget_of_devices(tx: Tx, before: int, limit: int) -> None:
    """Forget some of what has happened to devices before that, as `forget`."""
    events.forget_of_devices(tx, before, limit)


def _happened(tx: Tx, kind: EventKind, subject: str, shown: rendering.Object, only: str = "") -> None:
    event = events.add(tx, kind, subject, rendering.encode(shown).decode())
    for webhook in webhooks.wanting(tx, kind, only):
        deliveries.add(tx, event, webhook, subject, tx.now + policy.GIVE_UP_AFTER_MS)
