"""Everything that is told to one webhook: several messages at a time, each message's events one after the other.

An endpoint that keeps failing is left in peace for a while; then a single request tries whether it is back.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable

from smsgw import log, policy
from smsgw.errors import StorageUnavailable
from smsgw.gateway.deliveries import Deliveries
from smsgw.model import Answer, Delivery, Event, Webhook
from smsgw.waiting import happens_within
from smsgw.webhooks.pace import Pace
from smsgw.webhooks.post import Postman

logger = log.get("smsgw.webhooks")


class Lane:
    """The lane of one webhook. `clock` gives Unix milliseconds."""

    def __init__(
        self, webhook: Webhook, deliveries: Deliveries, postman: Postman, clock: Callable[[], int], pace: Pace
    ) -> None:
        self._webhook = webhook
        self.bell = asyncio.Event()
        self._deliveries = deliveries
        self._postman = postman
        self._clock = clock
        self._pace = pace
        self._is_over = False
        self._under_way: set[int] = set()
        self._failures = 0  # in a row
        self._rests_until = 0.0

    def follow(self, webhook: Webhook) -> None:
        """Go on with the webhook as it is now; where it has moved, or somebody asks, it begins without a past."""
        if _where(webhook) != _where(self._webhook):
            self._failures = 0
            self._rests_until = 0.0
        self._webhook = webhook

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what is under way is answered."""
        self._is_over = True
        self.bell.set()

    async def run(self) -> None:
        """Run until stopped."""
        async with asyncio.TaskGroup() as tasks:
            while not self._is_over:
                self.bell.clear()
                await happens_within(self.bell, await self._go_on(tasks))

    async def _go_on(self, tasks: asyncio.TaskGroup) -> float:
        """Begin what is due and return for how long there is nothing more to begin."""
        if (rest_s := self._rests_until - time.monotonic()) > 0:
            return rest_s
        width = 1 if self._seems_dead else self._pace.width
        # One look for several that have ended.
        if len(self._under_way) > width // 2:
            return self._pace.answer_s
        # What ends during the look is still due in what it shows.
        begun = set(self._under_way)
        try:
            lot = await self._deliveries.lot(self._webhook.row, self._clock(), width)
        except StorageUnavailable as error:
            logger.error("storage unavailable", reason=str(error))
            return self._pace.storage_retry_s
        for delivery in lot.due:
            if delivery.row not in begun and len(self._under_way) < width:
                self._under_way.add(delivery.row)
                tasks.create_task(self._tell(delivery))
        if lot.next_due is None:
            return self._pace.look_s
        return min(self._pace.look_s, max(0.0, (lot.next_due - self._clock()) / 1_000))

    @property
    def _seems_dead(self) -> bool:
        return policy.endpoint_pause_s(self._failures, 0.0) > 0

    async def _tell(self, delivery: Delivery) -> None:
        try:
            was_dead, told = self._seems_dead, self._webhook
            answer = await self._attempt(delivery.event)
            is_back = self._seems_dead and answer.error is None
            if told.url == self._webhook.url:
                self._note(answer, was_dead)
            await self._store(lambda: self._deliveries.attempted(delivery.row, answer, told.url, self._pace.patience))
            if answer.is_gone:
                self.stop()
            if is_back:
                await self._store(lambda: self._deliveries.came_back(self._webhook.row))
        finally:
            self._under_way.discard(delivery.row)
            self.bell.set()

    async def _attempt(self, event: Event) -> Answer:
        try:
            return await self._postman.tell(self._webhook, event)
        except Exception as error:
            # As with a request, a defect costs what it spoils; the gateway would meet it again after every start.
            logger.exception("unforeseen error", webhook=self._webhook.name)
            return Answer(took_ms=0, error=f"it could not be told: {type(error).__name__}")

    def _note(self, answer: Answer, was_dead: bool) -> None:
        """Draw conclusions about the endpoint; `was_dead` is how it seemed when the request was made."""
        if answer.error is None:
            if self._seems_dead:
                logger.info("webhook answers again", webhook=self._webhook.name)
            self._failures = 0
            self._rests_until = 0.0
            return
        if self._seems_dead and not was_dead:
            # Made before it was left in peace: this is the same failure once more.
            return
        self._failures += 1
        pause_s = policy.endpoint_pause_s(self._failures, random.random(), answer.retry_after_s)
        self._rests_until = max(self._rests_until, time.monotonic() + pause_s * self._pace.patience)
        if self._seems_dead and not was_dead:
            logger.warning("webhook does not answer", webhook=self._webhook.name, error=_for_the_journal(answer))

    async def _store(self, action: Callable[[], Awaitable[None]]) -> None:
        """Store what came of an attempt; where that cannot be done before the end, it will be told once more."""
        while True:
            try:
                return await action()
            except StorageUnavailable as error:
                logger.error("a result waits for the storage", webhook=self._webhook.name, reason=str(error))
            if self._is_over:
                return None
            await asyncio.sleep(self._pace.storage_retry_s)


def _where(webhook: Webhook) -> tuple[object, ...]:
    return webhook.id, webhook.url, webhook.headers, webhook.asked_at


def _for_the_journal(answer: Answer) -> str | None:
    # Whoever reads it need not know the secrets that addresses hold, those that are led to among them.
    if answer.status is not None:
        return f"HTTP {answer.status}"
    return answer.error and re.sub(r"(https?://[^/?\s]*)[^\s']*", r"\1/…", answer.error)
