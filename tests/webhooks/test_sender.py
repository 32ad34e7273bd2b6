"""Webhooks over real HTTP: every event arrives, signed, in order, whatever the other side does meanwhile."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from outbox import all_told, attempted, delivered, hook, listed, send, sender, statuses, submit
from structlog.testing import capture_logs

from deliveries import plain
from receiver import Told, answering, in_turn, receiver
from smsgw import rendering
from smsgw.config import Config, StoreConfig
from smsgw.errors import Language, WebhookNotFound
from smsgw.gateway import Gateway
from smsgw.model import Answer, DeliveryState, Event, EventKind, Webhook, WebhookChange, WebhookWish
from support import LONG_S, Clock, open_gateway

DAY_S = 86_400
LIMIT_S = 5.0


async def test_every_change_of_status_is_told_with_the_message_as_it_was_then(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        _, secret = await hook(gateway, received.url)
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
            "phone_number": "79991234567",
            "message_status": "Взято в обработку",
            "time_create": 1_772_366_400,
            "to_sim": None,
        },
    }
    assert second.content["data"] == first.content["data"] | {"status": 2, "message_status": "Отправлено"}
    assert first.id != second.id
    assert first.is_signed_with(secret)
    assert first.headers["webhook-timestamp"] == "1772366400"
    assert "Привет".encode() in first.body


async def test_what_comes_in_is_told(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        await hook(gateway, received.url)
        await gateway.inbox.received("d", "8944000000000000001", plain("hello"))
        (told,) = await received.has(1)
    (message,) = (await gateway.inbox.page(1, 1, "")).messages
    assert told.content["type"] == "sms.received"
    assert told.content["data"]["id"] == message.id
    assert told.content["data"]["message"] == "hello"


async def test_a_repeat_has_the_same_id_and_what_follows_waits_for_it(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver(in_turn(answering(500), answering(204))) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await attempted(gateway, webhook, 1)
        clock.advance(7)
        await received.has(3)
    assert statuses(received) == [1, 1, 2]
    assert len({one.id for one in received.told[:2]}) == 1
    assert len({one.headers["webhook-timestamp"] for one in received.told[:2]}) == 2


async def test_one_message_that_is_refused_keeps_no_other_back(gateway: Gateway, config: Config, clock: Clock) -> None:
    async def choosy(request: web.Request, told: Told) -> web.StreamResponse:
        return web.Response(status=400 if told.content["data"]["message"] == "poison" else 204)

    async with receiver(choosy) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        poison = await send(gateway, "poison", reference=1)
        others = [await send(gateway, f"{n}", reference=n + 2) for n in range(9)]
        await received.when(lambda: all(statuses(received, id) == [1, 2] for id in others))
        await attempted(gateway, webhook, 19)
        left = await listed(gateway, webhook, DeliveryState.WAITING)
    assert statuses(received, poison) == [1]
    assert [(one.event.subject, one.attempts, one.due_at is None) for one in left] == [
        (poison, 0, True),
        (poison, 1, False),
    ]


async def test_one_that_hangs_keeps_no_other_message_back(gateway: Gateway, config: Config, clock: Clock) -> None:
    released = asyncio.Event()

    async def hanging(request: web.Request, told: Told) -> web.StreamResponse:
        if told.content["data"]["message"] == "slow":
            await released.wait()
        return web.Response()

    async with receiver(hanging) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        slow = await send(gateway, "slow", reference=1)
        await received.has(1)
        other = await send(gateway, "other", reference=2)
        await received.when(lambda: statuses(received, other) == [1, 2])
        assert statuses(received, slow) == [1]
        released.set()
        await all_told(gateway, webhook)
    assert statuses(received, slow) == [1, 2]


async def test_a_name_server_that_is_silent_keeps_nobody_else_waiting(
    gateway: Gateway, config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(name: str, *rest: Any, **further: Any) -> Any:
        if name.endswith(".example"):
            released.wait()
        return looked_up(name, *rest, **further)

    looked_up, released = socket.getaddrinfo, threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        async with receiver() as received, sender(gateway, config, clock, answer_s=LIMIT_S):
            for n in range(40):
                await hook(gateway, f"http://silent{n}.example/", f"silent{n}")
            await hook(gateway, received.url.replace("127.0.0.1", "localhost"))
            await send(gateway)
            await received.has(2, LIMIT_S / 2)
            async with asyncio.timeout(LIMIT_S / 2):
                await asyncio.to_thread(time.monotonic)
    finally:
        released.set()


async def test_no_answer_in_time_is_a_failure(gateway: Gateway, config: Config, clock: Clock) -> None:
    async def never(request: web.Request, told: Told) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with receiver(never) as received, sender(gateway, config, clock, answer_s=0.2):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await attempted(gateway, webhook, 1)
        (answer,) = [one.answer for one in await listed(gateway, webhook) if one.answer]
    assert answer.error == "no answer within 0.2 s"
    assert answer.status is None


async def test_the_beginning_of_an_answer_is_kept_and_an_endless_one_ends(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async def endless(request: web.Request, told: Told) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write("спасибо".encode() * 100)

    async with receiver(endless) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await all_told(gateway, webhook)
        found = await listed(gateway, webhook)
    assert [one.state for one in found] == [DeliveryState.DELIVERED] * 2
    for one in found:
        assert one.answer is not None
        assert one.answer.text.startswith("спасибоспасибо")
        assert len(one.answer.text.encode()) <= 514


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(gateway: Gateway, config: Config, clock: Clock, status: int) -> None:
    async with receiver() as elsewhere, receiver() as received, sender(gateway, config, clock):
        received.behave = answering(status, Location=elsewhere.url)
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await attempted(gateway, webhook, 1)
        answer = (await listed(gateway, webhook))[-1].answer
    assert answer is not None
    assert answer.error is not None
    assert elsewhere.url in answer.error
    assert elsewhere.told == []


async def test_whatever_octets_are_answered_the_rest_is_told(gateway: Gateway, config: Config, clock: Clock) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, receiver() as received:
        rude, _ = await hook(gateway, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await hook(gateway, received.url, "polite")
        async with sender(gateway, config, clock):
            await send(gateway)
            await attempted(gateway, rude, 1)
            await received.has(2)
        told = (await listed(gateway, rude))[-1].answer
    assert told is not None
    assert told.error is not None
    assert told.error.startswith("HTTP 302 leads to /??")


@pytest.mark.parametrize("is_left_open", [False, True])
async def test_what_is_confirmed_counts_however_the_rest_of_the_answer_fails(
    gateway: Gateway, config: Config, clock: Clock, is_left_open: bool
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            if is_left_open:
                await reader.read()

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as server,
        sender(gateway, config, clock, answer_s=0.5),
    ):
        webhook, _ = await hook(gateway, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await send(gateway)
        await all_told(gateway, webhook)
        told = await listed(gateway, webhook)
    assert [one.attempts for one in told] == [1, 1]
    assert [one.answer.text for one in told if one.answer] == ["abc", "abc"]


async def test_an_event_that_cannot_be_told_keeps_no_other_back(
    gateway: Gateway, config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(event: Event, language: Language) -> dict[str, Any]:
        if event.subject == bad:
            raise KeyError("status")
        return rendered(event, language)

    rendered = rendering.event
    monkeypatch.setattr(rendering, "event", spoiled)
    async with receiver() as received:
        webhook, _ = await hook(gateway, received.url)
        bad, good = await send(gateway, "bad"), await send(gateway, "good", reference=8)
        async with sender(gateway, config, clock):
            await attempted(gateway, webhook, 3)
    assert statuses(received) == statuses(received, good) == [1, 2]


async def test_one_that_is_gone_is_switched_off_and_told_on_when_switched_on(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver(in_turn(answering(410), answering(204))) as received:
        webhook, _ = await hook(gateway, received.url)
        id = await send(gateway)
        async with sender(gateway, config, clock):
            await attempted(gateway, webhook, 1)
            off = await gateway.webhooks.get(webhook.id)
            assert not off.is_active
            assert off.error is not None
            assert "410" in off.error
            meanwhile = await send(gateway, reference=8)
            await gateway.webhooks.change(webhook.id, wish_of(webhook))
            await received.has(3)
            await all_told(gateway, webhook)
    assert statuses(received, id) == [1, 1, 2]
    assert statuses(received, meanwhile) == []
    assert (await gateway.webhooks.get(webhook.id)).error is None


def wish_of(webhook: Webhook, **changes: Any) -> WebhookWish:
    wish = WebhookWish(name=webhook.name, url=webhook.url, events=webhook.events, headers=webhook.headers)
    return replace(wish, **changes)


@pytest.mark.parametrize("status", [429, 503])
async def test_one_that_asks_for_patience_gets_it(gateway: Gateway, config: Config, clock: Clock, status: int) -> None:
    busy = answering(status, **{"Retry-After": "3600"})
    async with receiver(busy) as received, receiver() as other, sender(gateway, config, clock, patience=1.0):
        webhook, _ = await hook(gateway, received.url)
        await hook(gateway, other.url, "other")
        await send(gateway)
        await attempted(gateway, webhook, 1)
        await send(gateway, reference=8)
        await other.has(4)
        first = (await listed(gateway, webhook))[-1]
    assert first.due_at is not None
    assert first.due_at >= clock.now + 3_600_000
    assert len(received.told) == 1


async def test_whoever_wants_patience_for_ever_is_asked_again_after_six_hours(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    busy = answering(503, **{"Retry-After": "999999999"})
    async with receiver(busy) as received, sender(gateway, config, clock, patience=1.0):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await attempted(gateway, webhook, 1)
        first = (await listed(gateway, webhook))[-1]
    assert first.due_at == clock.now + 6 * 3_600_000


async def test_a_dead_endpoint_is_left_in_peace_and_told_everything_when_it_is_back(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver(answering(500)) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        ids = [await send(gateway, f"{n}", reference=n) for n in range(40)]
        await attempted(gateway, webhook, 13)
        assert len(received.told) <= 14
        # After a few failures only one at a time tries whether it is back.
        received.behave = answering(204)
        clock.advance(20)
        await all_told(gateway, webhook)
    for id in ids:
        assert [one for n, one in enumerate(statuses(received, id)) if one not in statuses(received, id)[:n]] == [1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 301 Moved\r\nLocation: /services/S3CR3T/\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_the_journal_does_not_show_what_is_secret_in_an_address(
    gateway: Gateway, config: Config, clock: Clock, answer: bytes
) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)

    with capture_logs() as logged:
        async with await asyncio.start_server(reply, "127.0.0.1", 0) as server, sender(gateway, config, clock):
            port = server.sockets[0].getsockname()[1]
            webhook, _ = await hook(gateway, f"http://127.0.0.1:{port}/services/S3CR3T?key=S3CR3T")
            for n in range(5):
                await send(gateway, f"{n}", reference=n)
            await attempted(gateway, webhook, 5)
    assert "webhook does not answer" in str(logged)
    assert "S3CR3T" not in str(logged)


async def test_one_that_is_off_and_on_again_is_told_nothing_twice_at_a_time(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async def hanging(request: web.Request, told: Told) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    async def is_seen(name: str) -> None:
        await hook(gateway, witness.url, name)
        before = len(witness.told)
        await send(gateway, name, reference=before + 1)
        await witness.has(before + 2)

    released = asyncio.Event()
    async with receiver(hanging) as received, receiver() as witness, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        id = await send(gateway, reference=100)
        await received.has(1)
        await gateway.webhooks.change(webhook.id, WebhookChange(is_active=False))
        await is_seen("off")
        await gateway.webhooks.change(webhook.id, WebhookChange(is_active=True))
        await is_seen("on")
        assert statuses(received, id) == [1]
        released.set()
        await all_told(gateway, webhook)
    assert statuses(received, id) == [1, 2]


async def test_what_cannot_be_told_within_three_days_is_parked_until_somebody_wants_it(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    webhook, _ = await hook(gateway, "http://127.0.0.1:9/nobody")
    id = await send(gateway)
    clock.advance(3 * DAY_S + 1)
    for _ in range(2):
        await gateway.housekeeping.sweep(LONG_S)
    parked = await listed(gateway, webhook, DeliveryState.PARKED)
    assert [one.event.subject for one in parked] == [id, id]
    async with receiver() as received, sender(gateway, config, clock):
        await gateway.webhooks.change(webhook.id, wish_of(webhook, url=received.url))
        again = await gateway.webhooks.retry(parked[0].id)
        assert again.id == parked[0].id
        await received.has(1)
        assert await gateway.webhooks.retry_parked(webhook.id) == 1
        await received.has(2)
        await all_told(gateway, webhook)
    assert statuses(received) == [2, 1]


async def test_what_was_put_down_while_the_clock_was_ahead_does_not_wait_for_that_time(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received:
        webhook, _ = await hook(gateway, received.url)
        id = await send(gateway)
        clock.advance(-365 * DAY_S)
        async with sender(gateway, config, clock):
            assert await gateway.housekeeping.sweep(LONG_S) == 0
            await received.has(2)
            await all_told(gateway, webhook)
    assert statuses(received, id) == [1, 2]


async def test_what_fails_while_an_earlier_one_begins_again_waits_for_it(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    webhook, _ = await hook(gateway, "http://127.0.0.1:9/nobody")
    await send(gateway)
    await delivered(gateway, clock.now)
    third, second, first = await listed(gateway, webhook)
    for one in (first, second):
        await gateway.deliveries.attempted(one.row, Answer(took_ms=1, status=204), webhook.url)
    await gateway.webhooks.retry(second.id)
    await gateway.deliveries.attempted(third.row, Answer(took_ms=1, error="HTTP 500"), webhook.url)
    assert [one.due_at for one in await listed(gateway, webhook)] == [None, clock.now, None]


async def test_what_was_confirmed_stays_so_when_an_earlier_request_fails(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    webhook, _ = await hook(gateway, "http://127.0.0.1:9/nobody")
    await send(gateway)
    row = (await listed(gateway, webhook))[-1].row
    await gateway.deliveries.attempted(row, Answer(took_ms=1, status=204), webhook.url)
    clock.advance(3 * DAY_S + 1)
    await gateway.deliveries.attempted(row, Answer(took_ms=1, error="HTTP 500"), webhook.url)
    confirmed = (await listed(gateway, webhook))[-1]
    assert confirmed.state is DeliveryState.DELIVERED
    assert confirmed.answer == Answer(took_ms=1, status=204)


async def test_one_that_has_moved_is_told_at_once_whatever_its_old_address_wanted(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    busy = answering(503, **{"Retry-After": "3600"})
    async with receiver(busy) as old, receiver() as new, sender(gateway, config, clock, patience=1.0):
        webhook, _ = await hook(gateway, old.url)
        id = await send(gateway)
        await attempted(gateway, webhook, 1)
        await gateway.webhooks.change(webhook.id, WebhookChange(url=new.url))
        await new.has(2)
    assert statuses(new, id) == [1, 2]


async def test_one_that_has_moved_is_not_gone_when_its_old_address_is(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    moved = asyncio.Event()

    async def gone(request: web.Request, told: Told) -> web.StreamResponse:
        await moved.wait()
        return web.Response(status=410)

    async with receiver(gone) as old, receiver() as new, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, old.url)
        id = await send(gateway)
        await old.has(1)
        await gateway.webhooks.change(webhook.id, WebhookChange(url=new.url))
        moved.set()
        await new.has(2)
    assert statuses(new, id) == [1, 2]
    assert (await gateway.webhooks.get(webhook.id)).is_active


async def test_all_that_was_parked_is_told_again_in_order(gateway: Gateway, config: Config, clock: Clock) -> None:
    webhook, _ = await hook(gateway, "http://127.0.0.1:9/nobody")
    ids = [await send(gateway, f"{n}", reference=n) for n in range(20)]
    clock.advance(3 * DAY_S + 1)
    await gateway.housekeeping.sweep(LONG_S)
    assert await gateway.webhooks.waiting(webhook) == 0
    async with receiver() as received, sender(gateway, config, clock):
        await gateway.webhooks.change(webhook.id, wish_of(webhook, url=received.url))
        assert await gateway.webhooks.retry_parked(webhook.id) == 40
        await received.has(40)
    assert all(statuses(received, id) == [1, 2] for id in ids)


async def test_a_message_that_names_a_webhook_is_told_to_that_one_alone(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as mine, receiver() as other, sender(gateway, config, clock):
        named, _ = await hook(gateway, mine.url, "mine", events=frozenset({EventKind.SMS_RECEIVED}))
        everybody, _ = await hook(gateway, other.url, "other")
        id = await send(gateway, callback_id=named.id)
        unnamed = await send(gateway, reference=8)
        await all_told(gateway, named)
        await all_told(gateway, everybody)
    assert {one.content["data"]["id"] for one in mine.told} == {id}
    assert {one.content["data"]["id"] for one in other.told} == {unnamed}


async def test_nobody_is_told_what_he_does_not_want(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver() as received, receiver() as other, sender(gateway, config, clock):
        picky, _ = await hook(gateway, received.url, "picky", events=frozenset({EventKind.SMS_RECEIVED}))
        off, _ = await hook(gateway, received.url, "off", is_active=False)
        await hook(gateway, other.url, "other")
        await send(gateway)
        await other.has(2)
        assert await listed(gateway, picky) == await listed(gateway, off) == ()


async def test_a_new_start_goes_on_where_the_last_one_ended(config: Config, clock: Clock) -> None:
    async with receiver(answering(500)) as received:
        async with open_gateway(config, clock) as gateway, sender(gateway, config, clock):
            webhook, _ = await hook(gateway, received.url)
            await send(gateway)
            await attempted(gateway, webhook, 1)
        received.behave = answering(204)
        clock.advance(10)
        async with open_gateway(config, clock) as gateway:
            await delivered(gateway, clock.now)
            async with sender(gateway, config, clock):
                await all_told(gateway, webhook)
    assert statuses(received) == [1, 1, 2, 4]
    assert received.told[0].id == received.told[1].id


async def test_what_is_deleted_meanwhile_is_told_to_its_end_and_then_forgotten(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received:
        webhook, _ = await hook(gateway, received.url)
        id = await send(gateway)
        await delivered(gateway, clock.now)
        await gateway.messages.delete(id)
        async with sender(gateway, config, clock):
            await received.has(3)
            await all_told(gateway, webhook)
    assert statuses(received, id) == [1, 2, 4]
    assert await listed(gateway, webhook) == ()
    assert await gateway.events.after(0, list(EventKind), 10) == []


async def test_nothing_is_kept_of_a_deleted_message_that_was_told(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        gone, kept = await send(gateway, "gone"), await send(gateway, "kept", reference=8)
        await all_told(gateway, webhook)
        await gateway.messages.delete(gone)
    assert {one.event.subject for one in await listed(gateway, webhook)} == {kept}
    assert {one.subject for one in await gateway.events.after(0, list(EventKind), 10)} == {kept}


async def test_nothing_is_kept_of_a_deleted_message_whose_webhook_is_deleted_as_well(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    first, _ = await hook(gateway, "http://127.0.0.1:9/nobody", "first")
    second, _ = await hook(gateway, "http://127.0.0.1:9/nobody", "second")
    gone, kept = await send(gateway, "gone"), await send(gateway, "kept", reference=8)
    await gateway.messages.delete(gone)
    await gateway.webhooks.delete(first.id)
    assert {one.event.subject for one in await listed(gateway, second)} == {gone, kept}
    await gateway.webhooks.delete(second.id)
    assert {one.subject for one in await gateway.events.after(0, list(EventKind), 10)} == {kept}


async def test_old_deliveries_go_with_their_messages(config: Config, clock: Clock) -> None:
    config = replace(config, store=StoreConfig(path=config.store.path, keep_days=1))
    async with receiver() as received, open_gateway(config, clock) as gateway, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await all_told(gateway, webhook)
        clock.advance(2 * DAY_S)
        assert await gateway.housekeeping.forget() == 1
        assert await listed(gateway, webhook) == ()


async def test_while_a_secret_is_changed_both_sign(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver() as received:
        webhook, old = await hook(gateway, received.url)
        new = await gateway.webhooks.rotate(webhook.id)
        for reference in (7, 8):
            # One that runs on sees a moment later that the day is over.
            async with sender(gateway, config, clock):
                await send(gateway, reference=reference)
                await all_told(gateway, webhook)
            clock.advance(DAY_S + 1)
    assert [(one.is_signed_with(old), one.is_signed_with(new)) for one in received.told] == [
        (True, True),
        (True, True),
        (False, True),
        (False, True),
    ]


async def test_a_webhook_brings_headers_of_its_own(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        await hook(gateway, received.url, headers={"Authorization": "Bearer x.y.z", "X-Shop": "7"})
        await send(gateway)
        told, *_ = await received.has(2)
    assert told.headers["Authorization"] == "Bearer x.y.z"
    assert told.headers["X-Shop"] == "7"
    assert told.headers["Content-Type"] == "application/json"
    assert told.headers["User-Agent"].startswith("smsgw/")


async def test_a_change_is_used_for_the_next_request(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver() as old, receiver() as new, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, old.url)
        await send(gateway)
        await all_told(gateway, webhook)
        await gateway.webhooks.change(webhook.id, wish_of(webhook, url=new.url))
        await send(gateway, reference=8)
        await new.has(2)
    assert len(old.told) == 2


async def test_a_test_is_told_at_once_also_to_one_that_is_off(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver(answering(201, "ok")) as received, sender(gateway, config, clock) as running:
        webhook, secret = await hook(gateway, received.url, is_active=False)
        answer = await running.test(webhook.id)
    (told,) = received.told
    assert (answer.status, answer.error, answer.text) == (201, None, "ok")
    assert told.content["type"] == "webhook.test"
    assert told.is_signed_with(secret)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (lambda port: f"http://127.0.0.1:{port}/", "Cannot connect"),
        (lambda port: "http://no-such-host.invalid/", "no-such-host.invalid"),
    ],
)
async def test_an_endpoint_that_is_not_there_is_named(
    gateway: Gateway, config: Config, clock: Clock, url: Callable[[int], str], said: str, unused_tcp_port: int
) -> None:
    async with sender(gateway, config, clock):
        webhook, _ = await hook(gateway, url(unused_tcp_port))
        await send(gateway)
        await attempted(gateway, webhook, 1)
        answer = (await listed(gateway, webhook))[-1].answer
    assert answer is not None
    assert answer.error is not None
    assert said in answer.error


async def test_the_end_waits_for_what_is_under_way(gateway: Gateway, config: Config, clock: Clock) -> None:
    answered = asyncio.Event()

    async def slow(request: web.Request, told: Told) -> web.StreamResponse:
        await answered.wait()
        return web.Response()

    async with receiver(slow) as received:
        async with sender(gateway, config, clock) as running:
            webhook, _ = await hook(gateway, received.url)
            await send(gateway)
            await received.has(1)
            running.stop()
            answered.set()
        waiting = await listed(gateway, webhook, DeliveryState.WAITING)
    assert len(received.told) == 1
    assert len(waiting) == 1


async def test_a_waiting_message_that_expires_is_told(gateway: Gateway, config: Config, clock: Clock) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        await hook(gateway, received.url)
        await submit(gateway)
        clock.advance(3_601)
        await gateway.housekeeping.sweep(LONG_S)
        (told,) = await received.has(1)
    assert told.content["data"]["status"] == 3


async def test_a_webhook_is_deleted_with_all_that_it_was_to_be_told(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        gone, _ = await hook(gateway, "http://127.0.0.1:9/nobody", "gone")
        kept, _ = await hook(gateway, received.url, "kept")
        for n in range(300):
            await send(gateway, f"{n}", reference=n % 256)
        await gateway.webhooks.delete(gone.id)
        with pytest.raises(WebhookNotFound):
            await gateway.webhooks.deliveries(gone.id, None, 10, 1)
        await all_told(gateway, kept)
    assert len(received.told) == 600
    assert [webhook.name for webhook in await gateway.webhooks.listed()] == ["kept"]


async def test_somebody_who_wants_it_told_now_need_not_wait_for_the_rest_of_an_endpoint(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    busy = answering(503, **{"Retry-After": "3600"})
    async with receiver(in_turn(busy, answering(204))) as received, sender(gateway, config, clock, patience=1.0):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await attempted(gateway, webhook, 1)
        await gateway.webhooks.retry((await listed(gateway, webhook))[-1].id)
        await received.has(3)
    assert statuses(received) == [1, 1, 2]


async def test_a_secret_that_is_changed_twice_in_a_day_locks_nobody_out(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with receiver() as received, sender(gateway, config, clock):
        webhook, first = await hook(gateway, received.url)
        clock.advance(3_600)
        secrets = [first, *[await gateway.webhooks.rotate(webhook.id) for _ in range(2)]]
        await send(gateway)
        told, *_ = await received.has(2)
        assert all(told.is_signed_with(secret) for secret in secrets)
        for _ in range(9):
            await gateway.webhooks.rotate(webhook.id)
        await send(gateway, reference=8)
        await received.has(4)
    assert len(received.told[-1].headers["webhook-signature"].split(" ")) == 5
