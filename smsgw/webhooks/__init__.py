"""Tells webhooks what has happened: one lane for each, so that a dead endpoint delays nobody but itself.

Knows the gateway's outbox and HTTP; knows nothing of modems, and not why something happened.
"""

import asyncio
from collections.abc import Callable

from smsgw import log
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.model import Answer, Webhook
from smsgw.waiting import happens_within
from smsgw.webhooks.lane import Lane
from smsgw.webhooks.pace import Pace
from smsgw.webhooks.post import Postman

logger = log.get("smsgw.webhooks")


class WebhookSender:
    """All lanes. `clock` gives Unix milliseconds."""

    def __init__(self, gateway: Gateway, config: Config, clock: Callable[[], int], pace: Pace | None = None) -> None:
        self._gateway = gateway
        self._clock = clock
        self._pace = pace or Pace()
        self._postman = Postman(config.webhooks, config.server.language, clock, self._pace.answer_s)
        self._stopping = asyncio.Event()
        self._bell = asyncio.Event()
        self._lanes: dict[int, Lane] = {}  # by row of the webhook
        gateway.webhooks.on_news(self._bell.set)
        gateway.deliveries.on_news(self._ring)

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what is under way is answered."""
        self._stopping.set()
        self._bell.set()

    async def test(self, id: str) -> Answer:
        """Tell a webhook at once that this is a test, and return what came of it; raises `WebhookNotFound`."""
        webhook = await self._gateway.webhooks.get(id)
        return await self._postman.test(webhook)

    async def run(self) -> None:
        """Run until stopped."""
        async with self._postman, asyncio.TaskGroup() as tasks:
            while not self._stopping.is_set():
                self._bell.clear()
                try:
                    self._keep_lanes(tasks, await self._gateway.deliveries.webhooks(self._clock()))
                except StorageUnavailable as error:
                    logger.error("storage unavailable", reason=str(error))
                self._ring()
                # Another process may have changed them: there is a command for that.
                await happens_within(self._bell, self._pace.look_s)
            for lane in self._lanes.values():
                lane.stop()

    def _ring(self) -> None:
        for lane in self._lanes.values():
            lane.bell.set()

    def _keep_lanes(self, tasks: asyncio.TaskGroup, listed: list[Webhook]) -> None:
        active = {webhook.row: webhook for webhook in listed if webhook.is_active}
        for row in self._lanes.keys() - active.keys():
            self._lanes[row].stop()
        for row, webhook in active.items():
            if row in self._lanes:
                self._lanes[row].follow(webhook)
            else:
                self._begin(tasks, webhook)

    def _begin(self, tasks: asyncio.TaskGroup, webhook: Webhook) -> None:
        self._lanes[webhook.row] = lane = Lane(
            webhook, self._gateway.deliveries, self._postman, self._clock, self._pace
        )
        running = tasks.create_task(lane.run(), name=f"webhook {webhook.name}")
        running.add_done_callback(lambda _: self._ended(webhook.row))

    def _ended(self, row: int) -> None:
        # Not before all is answered: what is told twice at a time may arrive in any order.
        del self._lanes[row]
        self._bell.set()
