"""The stream of events: in order, nothing missed, nothing twice, for those who may know, whatever its listeners do."""

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack

import pytest
import structlog
from api_client import NOBODY, SIM, Api, opened, with_server
from listening import Parser, Told, listening
from structlog.typing import EventDict

from deliveries import plain
from smsgw import rendering
from smsgw.api.feed import Feed, Frame, Listener
from smsgw.api.pace import Pace
from smsgw.config import Config
from smsgw.errors import Language, StorageUnavailable
from smsgw.gateway import events as happenings
from smsgw.model import Event, EventKind, Right
from smsgw.store import events
from smsgw.store.db import Tx
from support import Clock
from world import until

EVERYTHING = frozenset(EventKind)
BRISK = Pace(heartbeat_s=0.05, look_s=0.05)


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        yield captured


async def happen(
    api: Api, *numbers: int, kind: EventKind = EventKind.SMS_RECEIVED, about: str = NOBODY, size: int = 0
) -> None:
    """Let something happen once for each number, all in one transaction."""

    def work(tx: Tx) -> None:
        for number in numbers:
            events.add(tx, kind, about, json.dumps({"number": number, "status": 2, "filling": "ы" * size}))

    await api.database.write(work)


def numbers(told: list[Told]) -> list[int]:
    return [one.content["data"]["number"] for one in told]


async def receive(api: Api, text: str) -> None:
    await api.gateway.inbox.received(await api.device(), SIM, plain(text))


async def device_changes(api: Api) -> None:
    await api.database.write(lambda tx: happenings.device_changed(tx, NOBODY, {"device_id": NOBODY}))


# ── what is told ──


async def test_whatever_happens_is_told_in_order_as_webhooks_are_told_it(api: Api) -> None:
    async with listening(api) as line:
        await api.sent("Привет")
        await api.put_on_wire()
        await receive(api, "Ответ")
        await device_changes(api)
        told = await line.events(3)
    stored = await api.gateway.events.after(0, EVERYTHING, 10)
    assert [one.kind for one in told] == ["sms.status", "sms.received", "device.status"]
    assert [one.id for one in told] == [event.id for event in stored]
    assert [one.content for one in told] == [rendering.event(event, Language.RU) for event in stored]
    assert told[0].content["data"]["message_status"] == "Взято в обработку"


@pytest.mark.parametrize("path", ["/events", "/v1/events"])
async def test_a_stream_begins_at_once_and_says_who_may_keep_it(api: Api, path: str) -> None:
    async with listening(api, path=path) as line:
        assert line.status == 200
        assert line.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert line.headers["Cache-Control"] == "no-store"
        assert line.headers["X-Accel-Buffering"] == "no"
        assert len(line.headers.getall("X-Request-ID")) == 1
        assert line.parser.retry_ms == 3_000


async def test_texts_arrive_as_they_are_whatever_is_in_them(api: Api) -> None:
    texts = ["a\nb", "a\r\nb\rc\n\n", "data: x\n\nid: 7\n\n", "\u2028\u2029\u0085", "😀 ы", "\0", ": "]
    async with listening(api) as line:
        for text in texts:
            await receive(api, text)
        told = await line.events(len(texts))
    assert [one.content["data"]["message"] for one in told] == texts


async def test_what_happened_before_a_stream_began_is_not_told(api: Api) -> None:
    await happen(api, 1, 2)
    async with listening(api) as line:
        await happen(api, 3)
        assert numbers([await line.next()]) == [3]


async def test_what_another_process_writes_is_told_too(config: Config, clock: Clock) -> None:
    async with opened(config, clock, pace=BRISK) as api, listening(api) as line:
        other = sqlite3.connect(api.database.path)
        with other:
            other.execute(
                "INSERT INTO events (kind, subject, at, data) VALUES ('sms.received', ?, ?, ?)",
                (NOBODY, clock(), '{"number": 1}'),
            )
        other.close()
        assert numbers([await line.next()]) == [1]


async def test_more_than_is_kept_in_memory_may_happen_at_once(api: Api) -> None:
    async with listening(api) as line, listening(api, "?types=device.status") as other:
        await happen(api, *range(1_000))
        await happen(api, 1_000, kind=EventKind.DEVICE_STATUS)
        assert numbers(await line.events(1_001)) == list(range(1_001))
        assert numbers([await other.next()]) == [1_000]


async def test_what_happens_while_the_first_listener_comes_is_told(
    config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(config, clock, pace=Pace(heartbeat_s=3_600)) as api:
        last = api.gateway.events.last
        is_listening = asyncio.Event()

        async def late() -> int:
            await is_listening.wait()
            # What the listener has asked the storage before is answered before this.
            await api.gateway.events.end()
            await happen(api, 1)
            return await last()

        monkeypatch.setattr(api.gateway.events, "last", late)
        async with listening(api) as line:
            is_listening.set()
            assert numbers([await line.next()]) == [1]


# ── after a break ──


@pytest.mark.parametrize("seed", range(5))
async def test_however_often_a_stream_breaks_nothing_is_missed_and_nothing_told_twice(api: Api, seed: int) -> None:
    luck = random.Random(seed)
    total = 400

    async def happen_on() -> None:
        number = 0
        while number < total:
            burst = min(luck.choice((1, 1, 2, 5, 60, 120)), total - number)
            await happen(api, *range(number, number + burst))
            number += burst
            for _ in range(luck.randrange(20)):
                await asyncio.sleep(0)

    told: list[Told] = []
    async with listening(api) as line:
        last_id = line.parser.last_id
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(happen_on())
        while len(told) < total:
            in_header = luck.random() < 0.5
            async with listening(
                api, "" if in_header else f"?last_event_id={last_id}", last_id=last_id if in_header else ""
            ) as line:
                told += await line.events(min(luck.choice((0, 1, 3, 70)), total - len(told)))
            last_id = line.parser.last_id if not told else told[-1].id
    assert numbers(told) == list(range(total))
    assert len({one.id for one in told}) == total


async def test_the_header_counts_where_the_address_names_another_event(api: Api) -> None:
    await happen(api, 1, 2, 3)
    ids = [event.id for event in await api.gateway.events.after(0, EVERYTHING, 3)]
    async with listening(api, f"?last_event_id={ids[0]}", last_id=ids[1]) as line:
        assert numbers([await line.next()]) == [3]


async def test_thousands_that_were_missed_are_told_while_others_are_served(api: Api) -> None:
    async with listening(api) as line:
        place = line.parser.last_id
    await happen(api, *range(5_000), size=100)
    async with listening(api, last_id=place) as line:
        reading = asyncio.create_task(line.events(5_000))
        served = 0
        while not reading.done():
            assert (await api.call("GET", "/devices")).status == 200
            served += 1
        assert numbers(await reading) == list(range(5_000))
        assert served > 10


async def test_an_event_that_was_deleted_with_its_message_is_still_a_place_to_go_on_from(api: Api) -> None:
    ids = []
    async with listening(api) as line:
        for text in ("one", "two"):
            await receive(api, text)
            ids.append((await line.next()).content["data"]["id"])
        last_id = line.parser.last_id
    await receive(api, "three")
    for id in ids:
        await api.call("DELETE", "/inbox/del", {"id": id})
    async with listening(api, last_id=last_id) as line:
        assert (await line.next()).content["data"]["message"] == "three"
        newest = line.parser.last_id
    for message in (await api.call("GET", "/inbox?limit=10")).json["inbox_list"]:
        await api.call("DELETE", "/inbox/del", {"id": message["id"]})
    async with listening(api, last_id=newest) as line, listening(api) as later:
        await receive(api, "four")
        for one in (line, later):
            assert (await one.next()).content["data"]["message"] == "four"


@pytest.mark.parametrize("is_kept", [True, False])
async def test_where_a_stream_began_is_a_place_whatever_became_of_the_event_before_it(
    api: Api, clock: Clock, is_kept: bool
) -> None:
    for text in ("one", "two"):
        await receive(api, text)
        clock.advance(60)
    if not is_kept:
        newest = (await api.call("GET", "/inbox?limit=1")).json["inbox_list"][0]
        await api.call("DELETE", "/inbox/del", {"id": newest["id"]})
    async with listening(api) as line:
        place = line.parser.last_id
    await receive(api, "three")
    async with listening(api, last_id=place) as line:
        assert (await line.next()).content["data"].get("message") == "three"


async def test_a_place_from_before_the_first_event_there_ever_was_is_one(api: Api) -> None:
    async with listening(api) as line:
        place = line.parser.last_id
    await happen(api, 1)
    async with listening(api, last_id=place) as line:
        assert numbers([await line.next()]) == [1]


FOREIGN = [
    "x",
    "7",
    "ы",
    "0" * 25,
    "69a42ac0" + "f" * 16,  # a number beyond all that a database can have
    "69a42ac0" + f"{4:016x}",  # newer than the newest
    "69a42ac1" + f"{2:016x}",  # not when this one happened
    "69a42abf" + f"{2:016x}",
]


@pytest.mark.parametrize("id", FOREIGN)
async def test_whoever_shows_an_event_of_elsewhere_is_told_of_a_gap_and_hears_what_comes(
    api: Api, id: str, clock: Clock
) -> None:
    await happen(api, 1, 2, 3)
    async with listening(api, last_id=id) as line:
        gap = await line.next()
        assert gap.kind == "gap"
        assert list(gap.content) == ["type", "timestamp", "data"]
        assert gap.content["type"] == "gap"
        assert gap.content["timestamp"] == rendering.timestamp(clock())
        assert "GET /inbox" in gap.content["data"]["message"]
        await happen(api, 4)
        assert numbers([await line.next()]) == [4]
    await happen(api, 5)
    async with listening(api, last_id=gap.id) as line:
        assert numbers(await line.events(2)) == [4, 5]


async def test_an_event_that_cannot_have_been_between_those_that_are_kept_is_of_elsewhere(
    api: Api, clock: Clock
) -> None:
    for number in (1, 2, 3):
        await happen(api, number, about=f"{number:024x}")
        clock.advance(10)
    earlier, own, later = await api.gateway.events.after(0, EVERYTHING, 3)
    await api.database.write(lambda tx: events.forget(tx, own.subject))
    assert await api.gateway.events.resumed(own.id) == own.seq
    assert await api.gateway.events.resumed(own.id.upper()) == own.seq
    assert await api.gateway.events.resumed(earlier.id[:8] + own.id[8:]) == own.seq
    assert await api.gateway.events.resumed(f"{int(earlier.id[:8], 16) - 1:08x}{own.id[8:]}") is None
    assert await api.gateway.events.resumed(f"{int(later.id[:8], 16) + 1:08x}{own.id[8:]}") is None


# ── who may know what ──


@pytest.mark.parametrize(
    ("right", "kind"),
    [
        (Right.SMS_READ, EventKind.SMS_STATUS),
        (Right.INBOX_READ, EventKind.SMS_RECEIVED),
        (Right.DEVICES_READ, EventKind.DEVICE_STATUS),
    ],
)
async def test_a_token_is_told_what_it_may_read_and_nothing_else(api: Api, right: Right, kind: EventKind) -> None:
    token = await api.token_for(right)
    async with listening(api, token=token) as line:
        for number, each in enumerate(EventKind):
            await happen(api, number, kind=each)
        await happen(api, 9, kind=kind)
        told = await line.events(2)
        place = told[0].id
    assert [one.kind for one in told] == [kind, kind]
    async with listening(api, token=token, last_id=place) as line:
        assert numbers([await line.next()]) == [9]


@pytest.mark.parametrize(
    ("rights", "query", "status", "code"),
    [
        ({Right.SMS_SEND, Right.DEVICES_EDIT}, "", 403, 1007),
        ({Right.SMS_READ}, "?types=device.status", 403, 1011),
        ({Right.SMS_READ}, "?types=sms.status,sms.received", 403, 1007),
        (set(Right), "?types=sms.sent", 400, 2027),
        (set(Right), "?types=sms.status&types=gap", 400, 2027),
    ],
)
async def test_what_may_not_be_known_or_does_not_exist_is_refused(
    api: Api, rights: set[Right], query: str, status: int, code: int
) -> None:
    answer = await api.call("GET", f"/events{query}", token=await api.token_for(*rights))
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("query", ["?types=sms.status,device.status", "?types=sms.status&types=device.status"])
async def test_a_stream_can_be_narrowed(api: Api, query: str) -> None:
    async with listening(api, query) as line:
        for number, kind in enumerate(EventKind):
            await happen(api, number, kind=kind)
        assert [one.kind for one in await line.events(2)] == ["sms.status", "device.status"]


@pytest.mark.parametrize("fate", ["switched off", "revoked"])
async def test_a_stream_ends_soon_after_its_token_and_no_other_does(config: Config, clock: Clock, fate: str) -> None:
    async with opened(config, clock, pace=BRISK) as api:
        token = await api.gateway.tokens.create("passing", Right)
        async with listening(api, token=token) as line, listening(api) as other:
            if fate == "revoked":
                await api.gateway.tokens.revoke("passing")
            else:
                await api.gateway.tokens.switch("passing", False)
            await line.over()
            await happen(api, 1)
            assert numbers([await other.next()]) == [1]


# ── how it is held ──


async def test_silence_is_broken_by_comments_that_are_no_events(config: Config, clock: Clock) -> None:
    async with opened(config, clock, pace=BRISK) as api, listening(api) as line:
        await line.comments(5)
        await happen(api, 1)
        assert numbers([await line.next()]) == [1]


async def test_who_does_not_read_is_cut_off_and_keeps_nobody_waiting(
    config: Config, clock: Clock, lines: list[EventDict]
) -> None:
    async def is_cut_off() -> bool:
        return any("does not read" in line["event"] for line in lines)

    async with (
        opened(config, clock, pace=Pace(stall_s=0.3, look_s=0.1)) as api,
        listening(api) as brisk,
        listening(api, buffer=1 << 12) as idle,
    ):
        for number in range(100):
            await happen(api, number, size=50_000)  # more than the buffers of both ends hold
        assert numbers(await brisk.events(100)) == list(range(100))
        await until(is_cut_off, "the end of the stream that nobody reads")
        assert len(await idle.over()) < 100


async def test_who_reads_slowly_hears_everything_too(api: Api) -> None:
    async with listening(api, buffer=1 << 16) as slow, listening(api) as brisk:
        for number in range(400):
            await happen(api, number, size=20_000)  # more than the buffers of both ends and the memory hold
        assert numbers(await brisk.events(400)) == list(range(400))
        assert numbers(await slow.events(400)) == list(range(400))


async def test_a_hundred_listeners_do_not_keep_the_gateway_from_stopping(config: Config, clock: Clock) -> None:
    async with AsyncExitStack() as clients:
        async with opened(config, clock) as api:
            tokens = [await api.token_for(*Right) for _ in range(2)]
            held = [
                await clients.enter_async_context(listening(api, "?types=device.status", token=tokens[n % 2]))
                for n in range(100)
            ]
            await clients.enter_async_context(listening(api, buffer=1 << 12))  # does not read
            for number in range(100):
                await happen(api, number, size=50_000)
            await device_changes(api)
            for line in held:
                assert (await line.next()).kind == "device.status"
            begun = time.monotonic()
        took_s = time.monotonic() - begun
        for line in held:
            assert await line.over() == []
    assert took_s < 5


async def test_one_token_cannot_hold_every_stream_and_who_leaves_makes_room_at_once(
    config: Config, clock: Clock
) -> None:
    async with opened(config, clock, pace=Pace(most=8)) as api, AsyncExitStack() as clients:
        held = [await clients.enter_async_context(listening(api)) for _ in range(2)]
        answer = await api.call("GET", "/events")
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, 4001, "5")
        async with listening(api, token=await api.token_for(*Right)) as other:
            assert other.status == 200
        held[0].leave()

        async def is_let_in() -> bool:
            async with listening(api) as line:
                return line.status == 200

        await until(is_let_in, "room for another", seconds=2)


async def test_opening_a_stream_is_counted_and_listening_is_not(config: Config, clock: Clock) -> None:
    async with opened(with_server(config, rate_limit=2), clock) as api, listening(api) as line:
        for number in range(20):
            await happen(api, number)
        assert numbers(await line.events(20)) == list(range(20))
        statuses = [(await api.call("HEAD", "/events")).status for _ in range(3)]
        assert 429 in statuses


async def test_a_head_request_gets_the_head_alone(api: Api) -> None:
    answer = await api.call("HEAD", "/events")
    assert (answer.status, answer.raw) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize("version", ["1.0", "1.0\r\nConnection: keep-alive"])
async def test_an_old_client_gets_the_stream_as_it_is_until_the_connection_ends(
    config: Config, clock: Clock, version: str
) -> None:
    async with opened(config, clock, pace=BRISK) as api:
        token = await api.gateway.tokens.create("old", Right)
        async with listening(api, token=token, version=version) as line:
            assert "Transfer-Encoding" not in line.headers
            await happen(api, 1)
            assert numbers([await line.next()]) == [1]
            await api.gateway.tokens.revoke("old")
            await line.over()


async def test_a_listener_that_leaves_is_one_line_in_the_log_and_no_error(
    config: Config, clock: Clock, lines: list[EventDict]
) -> None:
    async def is_logged() -> list[EventDict]:
        return [line for line in lines if line.get("path") == "/events"]

    async with opened(config, clock, pace=BRISK) as api:
        async with listening(api) as line:
            request = line.headers["X-Request-ID"]
        (found,) = await until(is_logged, "the end of the stream")
    assert (found["event"], found["request"], found["log_level"]) == ("answered", request, "debug")
    assert not [line for line in lines if line["log_level"] == "error"]


async def test_a_storage_that_fails_for_a_while_costs_no_event(
    config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(config, clock, pace=BRISK) as api, listening(api) as line:
        after = api.gateway.events.after
        faults = iter(range(6))

        async def failing(seq: int, kinds: Collection[EventKind], limit: int) -> list[Event]:
            if next(faults, None) is not None:
                raise StorageUnavailable(reason="a disk that was pulled out", retry_after_s=1)
            return await after(seq, kinds, limit)

        monkeypatch.setattr(api.gateway.events, "after", failing)
        await happen(api, 1, 2, 3)
        heard = await line.events(3)
        async with listening(api, last_id=heard[0].id) as behind:
            assert numbers(await behind.events(2)) == [2, 3]
        assert numbers(heard) == [1, 2, 3]
        # A look may have begun before the first fault.
        assert next(faults, 6) > 0


async def test_a_defect_cuts_a_stream_off_in_the_middle_and_is_logged(
    api: Api, lines: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(feed: Feed, listener: Listener) -> list[Frame]:
        raise ZeroDivisionError

    monkeypatch.setattr(Feed, "next", broken)
    async with listening(api) as line:
        assert await line.over() == []
        (logged,) = (entry for entry in lines if entry["log_level"] == "error")
        assert logged["request"] == line.headers["X-Request-ID"]
        assert logged["exc_info"]


# ── the listener of these tests ──

STORY = (
    "\ufeff: a comment\n\ndata: one\ndata\ndata:  three\r\nid: 1\r\n\r\nid\nid: a\0b\ndata:two\n\nevent: x\n\n"
    "id: 7\n\nretry: 10\nretry: x\nunknown: y\nevent: ы\rdata\rdata: 😀\r\rdata: never\n"
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_it_reads_streams_as_the_standard_says_however_they_are_cut(size: int) -> None:
    parser = Parser()
    told = [one for at in range(0, len(STORY), size) for one in parser.feed(STORY[at : at + size])]
    assert told == [Told("message", "1", "one\n\n three"), Told("message", "", "two"), Told("ы", "7", "\n😀")]
    assert (parser.comments, parser.retry_ms, parser.last_id) == (1, 10, "7")
