"""Events reach the broker in order, at least once, whatever breaks on the way; what was told is seldom told again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.model import EventKind, SendRequest
from smsgw.mqtt.connection import Away, Connection
from smsgw.mqtt.events import Teller
from smsgw.mqtt.pace import Pace
from smsgw.mqtt.topics import Topics
from world import until

SIM = "8944000000000000001"
TOPICS = Topics(prefix="smsgw", discovery="")


class Wire(Connection):
    """The far end of a connection: puts down what is told, and breaks after so many."""

    def __init__(self, lasts: int = 1_000_000) -> None:
        self.topics: list[str] = []
        self.payloads: list[bytes] = []
        self._left = lasts

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if not self._left:
            raise Away("broken")
        self._left -= 1
        self.topics.append(topic)
        self.payloads.append(payload)


def teller(gateway: Gateway, config: Config, **pace: float) -> Teller:
    return Teller(gateway, config, TOPICS, Pace(**pace))  # type: ignore[arg-type]


@asynccontextmanager
async def telling(one: Teller, wire: Wire) -> AsyncIterator[None]:
    """Tell until the block ends."""
    task = asyncio.create_task(one.run(wire))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def happen(gateway: Gateway, messages: int, first_reference: int = 1) -> None:
    """Let messages be sent, each of which is told of twice: taken up, and sent."""
    device = (await gateway.devices.listed())[0].id
    for number in range(messages):
        await gateway.submission.submit(SendRequest(text="x", phone_number="79991234567"), None)
        claimed = await gateway.sending.claim(device, SIM, 1)
        assert claimed is not None
        await gateway.sending.accepted(claimed.parts[0].row, SIM, (first_reference + number) % 256)


async def has_told(wire: Wire, count: int) -> None:
    async def are() -> bool:
        return len(wire.payloads) >= count

    await until(are, f"{count} events told")


async def test_a_new_bridge_begins_now_and_goes_on_where_it_was(gateway: Gateway, config: Config) -> None:
    await happen(gateway, 1)
    first = teller(gateway, config)
    await first.begin()
    await happen(gateway, 1, 2)
    wire = Wire()
    async with telling(first, wire):
        await has_told(wire, 2)
    await happen(gateway, 1, 3)
    second, later = teller(gateway, config), Wire()
    await second.begin()
    async with telling(second, later):
        await has_told(later, 2)
    assert (len(wire.payloads), len(later.payloads)) == (2, 2)
    assert set(wire.topics) == {"smsgw/events/sms/status"}


async def test_days_of_events_are_told_page_by_page_in_order(gateway: Gateway, config: Config) -> None:
    one, wire = teller(gateway, config), Wire()
    await one.begin()
    await happen(gateway, 130)
    async with telling(one, wire):
        await has_told(wire, 260)
    assert wire.payloads == [rendered async for rendered in everything(gateway, one)]


async def everything(gateway: Gateway, one: Teller) -> AsyncIterator[bytes]:
    for event in await gateway.events.after(0, frozenset(EventKind), 1_000):
        yield one._rendered(event)


async def test_a_connection_that_breaks_costs_no_event_and_repeats_none(gateway: Gateway, config: Config) -> None:
    one = teller(gateway, config)
    await one.begin()
    await happen(gateway, 5)
    told: list[bytes] = []
    for lasts in (1, 0, 3):
        wire = Wire(lasts)
        async with telling(one, wire):
            await has_told(wire, lasts)
        told += wire.payloads
    rest = Wire()
    async with telling(one, rest):
        await has_told(rest, 6)
    assert told + rest.payloads == [rendered async for rendered in everything(gateway, one)]


async def test_after_a_kill_what_was_not_stored_as_told_is_told_again(gateway: Gateway, config: Config) -> None:
    killed, wire = teller(gateway, config, keep_s=3_600.0), Wire()
    await killed.begin()
    killed._kept_at = float("inf")
    await happen(gateway, 2)
    running = asyncio.create_task(killed.run(wire))
    await has_told(wire, 4)
    # Nothing that comes at an orderly end: the next one begins while this still runs.
    next_one, again = teller(gateway, config), Wire()
    await next_one.begin()
    async with telling(next_one, again):
        await has_told(again, 4)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert again.payloads == wire.payloads


async def test_an_idle_bridge_writes_nothing_and_a_busy_one_seldom(gateway: Gateway, config: Config) -> None:
    one, wire = teller(gateway, config, keep_s=3_600.0), Wire()
    await one.begin()
    moves: list[int] = []
    gateway.cursors.move = _counting(moves, gateway.cursors.move)  # type: ignore[method-assign,assignment]
    await one.keep()
    assert moves == []
    async with telling(one, wire):
        await happen(gateway, 20)
        one.bell.set()
        await has_told(wire, 40)
    # Once when it began, perhaps, and once at the end.
    assert len(moves) <= 2
    assert moves[-1] == await gateway.events.last()


def _counting(moves: list[int], move: object) -> object:
    async def counted(name: str, seq: int) -> None:
        moves.append(seq)
        await move(name, seq)  # type: ignore[operator]

    return counted
