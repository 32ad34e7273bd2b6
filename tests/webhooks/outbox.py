"""What the tests of webhooks share: a sender over a real outbox, and messages whose status changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from receiver import Receiver
from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.model import Delivery, DeliveryState, EventKind, ReceivedReport, SendRequest, Webhook, WebhookWish
from smsgw.webhooks import WebhookSender
from smsgw.webhooks.pace import Pace
from world import until

SIM = "8944000000000000001"
NUMBER = "79991234567"
EVERYTHING = frozenset(EventKind)


@asynccontextmanager
async def sender(
    gateway: Gateway, config: Config, clock: Callable[[], int], **pace: Any
) -> AsyncIterator[WebhookSender]:
    """Run a sender that is in a hurry."""
    running = WebhookSender(gateway, config, clock, Pace(**({"look_s": 0.05, "patience": 0.002} | pace)))
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        running.stop()
        await task


async def hook(gateway: Gateway, url: str, name: str = "shop", **wish: Any) -> tuple[Webhook, str]:
    """Make a webhook; returns it and its secret."""
    return await gateway.webhooks.create(WebhookWish(**({"name": name, "url": url, "events": EVERYTHING} | wish)))


async def submit(gateway: Gateway, text: str = "Привет", **fields: Any) -> str:
    return await gateway.submission.submit(SendRequest(text=text, phone_number=NUMBER, **fields), None)


async def send(gateway: Gateway, text: str = "Привет", reference: int = 7, **fields: Any) -> str:
    """Let a message be sent by a modem: its status becomes 1, then 2."""
    id = await submit(gateway, text, **fields)
    device = (await gateway.devices.listed())[0].id
    claimed = await gateway.sending.claim(device, SIM, 1)
    assert claimed is not None
    for part in claimed.parts:
        if part is not claimed.parts[0]:
            await gateway.sending.submitting(part.row, device, SIM)
        await gateway.sending.accepted(part.row, SIM, reference)
    return id


async def delivered(gateway: Gateway, at: int, reference: int = 7) -> None:
    """Let the network report a message as delivered: its status becomes 4."""
    report = ReceivedReport(
        reference=reference, recipient=NUMBER, service_centre_time=at, status=0, pdu=bytes([6, reference, 0])
    )
    assert await gateway.reports.report_received(SIM, report)


async def listed(gateway: Gateway, webhook: Webhook, state: DeliveryState | None = None) -> tuple[Delivery, ...]:
    """List what a webhook was or is to be told, newest first."""
    return (await gateway.webhooks.deliveries(webhook.id, state, 100, 1)).deliveries


async def attempted(gateway: Gateway, webhook: Webhook, times: int) -> None:
    """Wait until the results of so many attempts are stored."""

    async def are() -> bool:
        return sum(one.attempts for one in await listed(gateway, webhook)) >= times

    await until(are, f"{times} attempts")


async def all_told(gateway: Gateway, webhook: Webhook) -> None:
    """Wait until nothing is left to be told."""

    async def are() -> bool:
        return await gateway.webhooks.waiting(webhook) == 0

    await until(are, "nothing waits")


def statuses(received: Receiver, id: str | None = None) -> list[int]:
    """List the statuses that were told, of one message or of all."""
    told = [one.content["data"] for one in received.told]
    return [data["status"] for data in told if id in (None, data["id"])]
