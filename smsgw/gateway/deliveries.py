"""Use-cases of the sender: what is to be told to a webhook now, and what came of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from smsgw import policy
from smsgw.model import Answer, Delivery, DeliveryState, Webhook
from smsgw.store import deliveries, events, webhooks
from smsgw.store.db import Database, Tx

# Nobody else waits long for a step.
_STEP = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What is to be told to a webhook now, and when the next thing falls due (Unix milliseconds)."""

    due: tuple[Delivery, ...]
    next_due: int | None


class Deliveries:
    """The outbox, as the sender sees it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def on_news(self, listener: Callable[[], None]) -> None:
        """Call `listener`, which must return at once, when there may be something to tell that was not there before."""
        self._db.on_news(deliveries.NEWS, listener)

    async def webhooks(self, now: int) -> list[Webhook]:
        """List all webhooks as they are at a time in Unix milliseconds."""
        async with self._db.snapshot() as connection:
            return await webhooks.listed(connection, now)

    async def lot(self, webhook: int, now: int, limit: int) -> Lot:
        """Return what is due at a webhook, of each message its first event that has not been told."""
        async with self._db.snapshot() as connection:
            due = await deliveries.due(connection, webhook, now, limit)
            return Lot(due=tuple(due), next_due=await deliveries.next_due(connection, webhook, now))

    async def attempted(self, row: int, answer: Answer, url: str, patience: float = 1.0) -> None:
        """Record what came of an attempt at `url`, and decide what follows; `patience` is a factor of the pause."""
        draw = random.random()
        await self._db.write(partial(_attempted, row=row, answer=answer, url=url, draw=draw, patience=patience))

    async def came_back(self, webhook: int) -> None:
        """A webhook that seemed dead has answered: what has failed before is tried again at once."""
        while await self._db.write(partial(deliveries.make_some_due, webhook=webhook, limit=_STEP)):
            pass


def follow_clock(tx: Tx, limit: int) -> int:
    """Let nothing wait for a time that lies ahead only because the clock was set back; returns how much did."""
    return deliveries.set_clock_back(tx, tx.now + policy.GIVE_UP_AFTER_MS, limit)


def park_overdue(tx: Tx, limit: int) -> int:
    """Give up what could not be told in time, and return how many it were."""
    overdue = deliveries.overdue(tx, limit)
    for row in overdue:
        _end(tx, row["row"], row["webhook"], row["subject"], DeliveryState.PARKED)
    return len(overdue)


def _attempted(tx: Tx, row: int, answer: Answer, url: str, draw: float, patience: float) -> None:
    delivery = deliveries.note(tx, row, answer)
    if delivery is None:  # deleted with its webhook, or confirmed when it was told once more
        return
    webhook, subject = delivery["webhook"], delivery["subject"]
    if answer.error is None:
        _end(tx, row, webhook, subject, DeliveryState.DELIVERED)
    elif answer.is_gone:
        webhooks.switch_off(tx, webhook, url, answer.error)
        deliveries.defer(tx, row, tx.now)
    elif tx.now >= delivery["give_up_at"]:
        _end(tx, row, webhook, subject, DeliveryState.PARKED)
    else:
        pause_s = policy.retry_s(delivery["attempts"], draw, answer.retry_after_s) * patience
        deliveries.defer(tx, row, min(tx.now + int(pause_s * 1_000), delivery["give_up_at"]))


def _end(tx: Tx, row: int, webhook: int, subject: str, state: DeliveryState) -> None:
    deliveries.end(tx, row, state)
    deliveries.make_next_due(tx, webhook, subject)
    events.forget_if_orphan(tx, subject)
