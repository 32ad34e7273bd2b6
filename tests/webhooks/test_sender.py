"""Webhooks over real HTTP: every event arrives, signed, in order, whatever the other side does meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from receiver import Receiver, answering, in_turn, receiver

from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.model import Delivery, DeliveryState, EventKind, SendRequest, Webhook, WebhookWish
from smsgw.webhooks import WebhookSender
from smsgw.webhooks.pace import Pace
from support import Clock
from world import until

SIM = "8944000000000000001"
NUMBER = "79991234567"
EVERYTHING = frozenset(EventKind)


@asynccontextmanager
async def sender(gateway: Gateway, config: Config, clock: Clock, **pace: float) -> AsyncIterator[WebhookSender]:
    running = WebhookSender(gateway, config, clock, Pace(look_s=0.05, **pace))  # type: ignore[arg-type]
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        running.stop()
        await task


async def hook(gateway: Gateway, to: Receiver, name: str = "shop", **wish: object) -> tuple[Webhook, str]:
    return await gateway.webhooks.create(WebhookWish(**({"name": name, "url": to.url, "events": EVERYTHING} | wish)))  # type: ignore[arg-type]


async def send(gateway: Gateway, text: str = "Привет", reference: int = 7, **fields: object) -> str:
    """Let a message be sent by a modem, as far as the network takes it."""
    id = await gateway.submission.submit(SendRequest(text=text, phone_number=NUMBER, **fields), None)  # type: ignore[arg-type]
    device = (await gateway.devices.listed())[0].id
    claimed = await gateway.sending.claim(device, SIM, 1)
    assert claimed is not None
    for part in claimed.parts:
        await gateway.sending.submitting(part.row, device, SIM)
        await gateway.sending.accepted(part.row, SIM, reference)
    return id


def statuses(told: Receiver) -> list[int]:
    return [one.content["data"]["status"] for one in told.told]


async def test_every_change_of_status_is_told_with_the_message_as_it_was_then(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        _, secret = await hook(gateway, received)
        id = await send(gateway)
        first, second = await received.has(2)
    assert first.content == {
        "type": "sms.status",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "data": {
            "id": id,
            "message": "Привет",
            "status": 1,
            "callback_id": "",
            "device_id": "",
            "phone_number": NUMBER,
            "message_status": "Взято в обработку",
            "time_create": 1_772_366_400,
            "to_sim": None,
        },
    }
    assert second.content["data"] == first.content["data"] | {"status": 2, "message_status": "Отправлено"}
    assert first.id != second.id
    assert first.is_signed_with(secret)
    assert "Привет".encode() in first.body


async def test_a_repeat_has_the_same_id_and_what_follows_waits_for_it(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver(in_turn(answering(500), answering(204))) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received)
        await send(gateway)
        await received.has(1)
        await until_attempted(gateway, webhook, 1)
        clock.advance(7)
        await received.has(3)
    assert statuses(received) == [1, 1, 2]
    assert len({one.id for one in received.told[:2]}) == 1


async def until_attempted(gateway: Gateway, webhook: Webhook, times: int) -> None:
    async def are() -> bool:
        return sum(one.attempts for one in await listed(gateway, webhook)) >= times

    await until(are, f"{times} attempts")


async def listed(gateway: Gateway, webhook: Webhook) -> tuple[Delivery, ...]:
    return (await gateway.webhooks.deliveries(webhook.id, None, 100, 1)).deliveries


async def test_what_was_told_can_be_looked_up(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver(answering(200, "спасибо" * 200)) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received)
        await send(gateway)
        await until_attempted(gateway, webhook, 2)
        found = await listed(gateway, webhook)
    assert [one.state for one in found] == [DeliveryState.DELIVERED] * 2
    assert found[0].answer is not None
    assert found[0].answer.text.startswith("спасибоспасибо")
    assert len(found[0].answer.text) <= 512
