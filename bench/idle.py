"""How long the gateway keeps a message to itself when it does nothing else, and how long a report of its delivery.

A real gateway with one virtual modem, whose network takes a message at once and reports it delivered 0.1 s later. One
client posts one message after the other, on a connection that it keeps, with pauses of chance between them; nothing
else waits. For each message five moments are taken on one clock:

- the request is sent;
- its answer, the 200 with the id, is there and read;
- the modem has read the AT+CMGS line;
- the modem has written the status report (+CDS and its PDU);
- a webhook is called, or the stream of GET /events says, that the message has status 4.

The message is on the disk before it is answered, so the first two hold a sync of this machine's disk. A modem may have
its command before the client has read the answer: what is counted from the answer is less than zero then. Client, modem
and webhook endpoint are this program, one thread beside the gateway on the same machine: what holds it up counts as the
gateway's time, and when two of the moments come together, one waits for the other. The first message, for which much is
made ready, is not counted.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from load import post
from simmodem import Stage, VirtualModems
from suite.gateway import Gateway, gateway, until_ready
from suite.section import Budget, Chart, Section, Table, program, share
from suite.wire import Wire

MESSAGES = 200
QUICK_MESSAGES = 8
PAUSE_S = (0.2, 0.5)
REPORT_DELAY_S = (0.1, 0.1)
PATIENCE_S = 30.0
DELIVERED = 4
PERCENT = (50, 95, 99)
DRAWN = (1, 5, 10, 25, 50, 75, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When what happened with a message, by `time.monotonic`."""

    sent: float
    answered: float
    commanded: float
    reported: float
    called: float
    streamed: float


class Told:
    """When it was heard, of each message, that it is delivered."""

    def __init__(self) -> None:
        self._heard: dict[str, asyncio.Future[float]] = {}

    def hear(self, event: bytes | str) -> None:
        """Take what was told."""
        now = time.monotonic()
        data = json.loads(event)["data"]
        if data.get("status") == DELIVERED:
            self._of(data["id"]).set_result(now)

    async def when(self, id: str) -> float:
        """Wait until that is heard of a message."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._of(id)

    def _of(self, id: str) -> asyncio.Future[float]:
        return self._heard.setdefault(id, asyncio.get_running_loop().create_future())


@asynccontextmanager
async def webhook(running: Gateway, told: Told) -> AsyncIterator[None]:
    """Be a webhook of the gateway."""

    async def take(request: web.Request) -> web.Response:
        told.hear(await request.read())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        wanted = {"name": "bench", "url": f"http://127.0.0.1:{runner.addresses[0][1]}/", "events": ["sms.status"]}
        async with running.client() as client, client.post("/webhooks", json=wanted) as answer:
            answer.raise_for_status()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def stream(running: Gateway, told: Told) -> AsyncIterator[None]:
    """Listen to the stream of the gateway."""

    async def listen(content: aiohttp.StreamReader) -> None:
        async for line in content:
            if line.startswith(b"data:"):
                told.hear(line.removeprefix(b"data:"))

    without_end = aiohttp.ClientTimeout(total=None)
    async with running.client() as client, client.get("/events?types=sms.status", timeout=without_end) as answer:
        answer.raise_for_status()
        listening = asyncio.create_task(listen(answer.content))
        try:
            yield
        finally:
            listening.cancel()


class Client:
    """Posts messages on a connection that it keeps."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    async def send(self, text: str) -> tuple[float, float, str]:
        """Post a message; returns when it was sent and answered, and its id."""
        request = post("/sms/send", {"message": text, "phone_number": "79991234567"}, self._token).encode()
        sent = time.monotonic()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        answer = json.loads(await self._reader.readexactly(length))
        return sent, time.monotonic(), answer["id"]


@asynccontextmanager
async def connected(running: Gateway) -> AsyncIterator[Client]:
    """Connect a client."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(running.url).port)
    try:
        yield Client(reader, writer, running.token)
    finally:
        writer.close()


async def follow(client: Client, text: str, wire: Wire, hook: Told, events: Told) -> Moments:
    """Send a message and wait until it is told as delivered everywhere."""
    wire.forget()
    sent, answered, id = await client.send(text)
    called, streamed = await asyncio.gather(hook.when(id), events.when(id))
    (commanded,), (reported,) = wire.times(Stage.SUBMISSION), wire.times(Stage.REPORT)
    return Moments(
        sent=sent, answered=answered, commanded=commanded, reported=reported, called=called, streamed=streamed
    )


async def measure(options: argparse.Namespace) -> Section:
    """Send messages, each when nothing is left of the one before."""
    messages = QUICK_MESSAGES if options.quick else options.messages
    wire, hook, events = Wire(), Told(), Told()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            VirtualModems(folder, report_delay=REPORT_DELAY_S, observer=wire) as virtual,
            gateway(folder, virtual.paths) as running,
            webhook(running, hook),
            stream(running, events),
            connected(running) as client,
        ):
            await until_ready(running, 1)
            await follow(client, "Ваш код 4711", wire, hook, events)
            found = []
            for number in range(messages):
                await asyncio.sleep(random.uniform(*PAUSE_S))
                found.append(await follow(client, f"Ваш код {number:04}", wire, hook, events))
    return section(found)


def between(found: list[Moments], first: str, then: str) -> list[float]:
    """Return the milliseconds from one moment to another."""
    return [1_000 * (getattr(each, then) - getattr(each, first)) for each in found]


def section(found: list[Moments]) -> Section:
    """Put down what was found."""
    answered = between(found, "answered", "commanded")
    ways = {
        "POST sent → answered": between(found, "sent", "answered"),
        "POST sent → `AT+CMGS`": between(found, "sent", "commanded"),
        "POST answered → `AT+CMGS`": answered,
        "status report → webhook": between(found, "reported", "called"),
        "status report → `GET /events`": between(found, "reported", "streamed"),
    }
    p50, p99 = share(answered, 50), share(answered, 99)
    return Section(
        title="On an idle gateway",
        tables=[
            Table(
                title=f"{len(found):,} messages, ms",
                columns=("", "shortest", *(f"p{each}" for each in PERCENT), "longest"),
                rows=[
                    (name, min(took), *(share(took, each) for each in PERCENT), max(took))
                    for name, took in ways.items()
                ],
                note="Less than zero: the modem had its command before the client had read the answer.",
            )
        ],
        charts=[
            Chart(
                stem="idle",
                title="On an idle gateway",
                x="percent of the messages that take no longer",
                y="ms",
                series={
                    name.replace("`", ""): [(each, share(took, each)) for each in DRAWN]
                    for name, took in ways.items()
                    if took is not answered
                },
                is_logarithmic=True,
            )
        ],
        budgets=[
            Budget(
                what="POST answered → `AT+CMGS` on the wire, idle gateway",
                limit="p50 ≤ 5 ms, p99 ≤ 20 ms",
                found=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
                holds=p50 <= 5 and p99 <= 20,
            )
        ],
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--messages", type=int, default=MESSAGES)


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
