"""What time does to the rows: messages expire, doubts end, parts are given up, old things forgotten; in small steps.

Nobody waits for a step: it is one short transaction among those of the clients and the workers.
"""

from collections.abc import Callable, Collection
from functools import partial

from smsgw.config import Config
from smsgw.gateway import deliveries, doubts, events, inbox
from smsgw.gateway.devices import Devices, give_up_orphans
from smsgw.gateway.ids import ObjectIds
from smsgw.gateway.rollup import move
from smsgw.gateway.submission import REPEATS_FOR_S
from smsgw.model import PartState, Reason, Status
from smsgw.store import attempts, idempotency, inbound_parts, messages, parts, queue, reports, sims, tokens
from smsgw.store.db import Database, Tx

_STEP = 500
# Removing a message takes it out of the search indexes, too, which costs more than a change of state.
_REMOVED_AT_ONCE = 50
# So does putting one in.
_JOINED_AT_ONCE = 50
_DAY_MS = 86_400_000
# Limits reach back a month, and a clock that was set right some more.
_LIMITS_FOR_DAYS = 62
# What came in while the gateway was not running is read from the SIM first: it may be the missing part.
_LISTENED_S = 600


class Housekeeping:
    """Keeps the database in order while everybody else works."""

    def __init__(
        self, db: Database, config: Config, configured: Devices, ids: ObjectIds, changed: Callable[[], None]
    ) -> None:
        self._db = db
        self._config = config
        self._devices = configured
        self._ids = ids
        self._changed = changed
        self._began_at: int | None = None  # by the clock of the rows

    async def sweep(self, up_s: float) -> int:
        """Settle what time has decided (expired, too long in doubt, device deleted) and return how many it were.

        `up_s` is how many seconds the gateway has been running: what proves an outcome is only heard while it does.
        """
        swept = await self._db.write(partial(self._sweep, up_s=up_s, all_in_use=self._devices.all_in_use()))
        if swept:
            self._changed()
        return swept

    async def take_up(self) -> int:
        """Make messages of some of what an older version has received, and return how many TPDUs it were."""
        return await self._db.write(partial(inbox.take_up, ids=self._ids, limit=_JOINED_AT_ONCE))

    async def forget(self) -> int:
        """Remove some of what is older than it is kept and return how many messages and TPDUs it were."""
        return await self._db.write(self._forget)

    async def next_due(self) -> int | None:
        """Tell when the next deferred message falls due, in Unix milliseconds."""
        async with self._db.snapshot() as connection:
            return await queue.next_due(connection)

    # ── within the transaction ──

    def _sweep(self, tx: Tx, up_s: float, all_in_use: Collection[str]) -> int:
        expired = queue.expired(tx, _STEP)
        for message in expired:
            for part in parts.in_state(tx, message, PartState.PENDING):
                parts.move(tx, part, PartState.EXPIRED)
            move(tx, message, Status.SEND_ERROR, Reason.EXPIRED)
        doubtful = doubts.over(tx, self._config.sending.uncertain_after_s * 1_000, up_s * 1_000, all_in_use)
        for part in doubtful:
            doubts.settle_by_policy(tx, part, self._config.sending)
        deliveries.follow_clock(tx, _STEP)
        deliveries.park_overdue(tx, _STEP)
        idempotency.forget(tx, tx.now - REPEATS_FOR_S * 1_000, _STEP)
        return len(expired) + len(doubtful) + give_up_orphans(tx, _STEP) + self._give_up_parts(tx, up_s)

    def _give_up_parts(self, tx: Tx, up_s: float) -> int:
        """Wait no longer for parts that do not come, unless they may be among what nobody has looked at."""
        if self._began_at is None:
            self._began_at = tx.now
        has_listened = max(up_s, (tx.now - self._began_at) / 1_000) >= _LISTENED_S
        if not has_listened or inbound_parts.unread(tx, 1):
            return 0
        return inbox.hand_over_incomplete(tx, self._ids, _JOINED_AT_ONCE)

    def _forget(self, tx: Tx) -> int:
        long_ago = tx.now - _LIMITS_FOR_DAYS * _DAY_MS
        attempts.forget_deleted(tx, long_ago, _STEP)
        sims.forget_recipients(tx, long_ago, _STEP)
        tokens.forget_usage(tx, _LIMITS_FOR_DAYS)
        if not self._config.store.keep_days:
            return 0
        before = tx.now - self._config.store.keep_days * _DAY_MS
        old = messages.ended_before(tx, before, _REMOVED_AT_ONCE)
        for row in old:
            messages.delete(tx, row)
            events.forget(tx, row["id"])
        received = inbox.forget(tx, before, _REMOVED_AT_ONCE)
        events.forget_of_devices(tx, before, _STEP)
        left_over = inbound_parts.forget_received(tx, before, _STEP) + reports.forget_received(tx, before, _STEP)
        return len(old) + received + left_over
