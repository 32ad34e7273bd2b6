"""How fast webhooks are told, what that costs in memory, and whether a dead one delays a live one.

The gateway's outbox and sender run here, over a real database; the endpoints are other processes on the loopback. First
10,000 changes of status wait and are told to one endpoint, twice. Then changes happen at a steady rate, and the delay
of each is taken from before its transaction until the endpoint has it: alone, beside another live endpoint, beside one
that refuses connections, and beside one that never answers. Takes two and a half minutes.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from children import die_with_parent
from smsgw.config import Config, ModemConfig, StoreConfig
from smsgw.daemon import wall_clock
from smsgw.gateway import Gateway
from smsgw.gateway.ids import ObjectIds
from smsgw.model import EventKind, SendRequest, WebhookWish
from smsgw.store.db import Database
from smsgw.webhooks import WebhookSender

CHANGES = 10_000
EVERYTHING = frozenset(EventKind)
NUMBER, SIM = "79991234567", "8944000000000000001"
PAGE = os.sysconf("SC_PAGE_SIZE")


# ── the endpoint, in a process of its own ──


async def receive(hangs: bool) -> None:
    """Take everything that is told and answer, or never; print the port, and tell by GET what has come in and when."""
    arrivals: dict[str, float] = {}

    async def take(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if hangs:
            await asyncio.sleep(3_600)
        arrivals.setdefault(f"{body['data']['id']}-{body['data']['status']}", time.monotonic())
        return web.Response(status=204)

    async def show(request: web.Request) -> web.StreamResponse:
        return web.json_response(arrivals if "all" in request.query else len(arrivals))

    app = web.Application()
    app.router.add_post("/", take)
    app.router.add_get("/", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert isinstance(site._server, asyncio.Server)
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def endpoint(*options: str) -> AsyncIterator[str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--receive", *options, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent
    )
    assert child.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await child.stdout.readline())}/"
    finally:
        child.kill()
        await child.wait()


# ── the gateway ──


@asynccontextmanager
async def gateway_in(folder: Path) -> AsyncIterator[tuple[Gateway, Config]]:
    config = Config(
        store=StoreConfig(path=str(folder / "smsgw.db")), modems=(ModemConfig(name="north", port="/dev/north"),)
    )
    async with Database.open(Path(config.store.path), wall_clock) as database:
        gateway = Gateway(database, config, ObjectIds(os.urandom(5), 0), UTC)
        await gateway.devices.register(config.modems)
        yield gateway, config


class Changes:
    """Messages that change their status, two times each, and when that began."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._reference = 0
        self.begun: dict[str, float] = {}

    async def happen(self, count: int, pause_s: float = 0.0) -> None:
        gateway, device = self._gateway, (await self._gateway.devices.listed())[0].id
        for _ in range(count // 2):
            self._reference = (self._reference + 1) % 256
            id = await gateway.submission.submit(SendRequest(text="Ваш код 4711", phone_number=NUMBER), None)
            self.begun[f"{id}-1"] = time.monotonic()
            claimed: Any = await gateway.sending.claim(device, SIM, 1)
            await asyncio.sleep(pause_s)
            part = claimed.parts[0].row
            self.begun[f"{id}-2"] = time.monotonic()
            await gateway.sending.accepted(part, SIM, self._reference)
            await asyncio.sleep(pause_s)


async def come_in(client: aiohttp.ClientSession, url: str, count: int) -> None:
    while await ask(client, url) < count:  # noqa: ASYNC110  # it is in another process
        await asyncio.sleep(0.02)


async def ask(client: aiohttp.ClientSession, url: str, **query: str) -> Any:
    async with client.get(url, params=query) as answer:
        return await answer.json()


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


async def rate(changes: int) -> dict[str, Any]:
    """Tell one endpoint what has piled up, twice, and return what that took."""
    found: dict[str, Any] = {"changes": changes, "per_s": [], "resident_mb": [], "cpu_s_per_1000": []}
    async with endpoint() as url, aiohttp.ClientSession() as client:
        with tempfile.TemporaryDirectory() as folder:
            async with gateway_in(Path(folder)) as (gateway, config):
                await gateway.webhooks.create(WebhookWish(name="live", url=url, events=EVERYTHING))
                for round in (1, 2):
                    await Changes(gateway).happen(changes)
                    sender = WebhookSender(gateway, config, wall_clock)
                    before, cpu = time.monotonic(), time.process_time()
                    running = asyncio.create_task(sender.run())
                    await come_in(client, url, round * changes)
                    took_s = time.monotonic() - before
                    found["per_s"].append(round_to(changes / took_s))
                    found["cpu_s_per_1000"].append(round_to((time.process_time() - cpu) / changes * 1_000, 2))
                    found["resident_mb"].append(round_to(resident_mb(), 1))
                    sender.stop()
                    await running
    return found


def round_to(value: float, digits: int = 0) -> float:
    return round(value, digits) if digits else int(value)


async def delay(name: str, seconds: float, per_s: float, neighbour: str | None) -> dict[str, Any]:
    """Return how long it took from a change until the live endpoint had it, beside a neighbour."""
    async with endpoint() as url, aiohttp.ClientSession() as client:
        with tempfile.TemporaryDirectory() as folder:
            async with gateway_in(Path(folder)) as (gateway, config):
                await gateway.webhooks.create(WebhookWish(name="live", url=url, events=EVERYTHING))
                if neighbour:
                    await gateway.webhooks.create(WebhookWish(name="dead", url=neighbour, events=EVERYTHING))
                sender = WebhookSender(gateway, config, wall_clock)
                running = asyncio.create_task(sender.run())
                changes = Changes(gateway)
                await changes.happen(int(seconds * per_s), 1 / per_s)
                await come_in(client, url, len(changes.begun))
                arrivals = await ask(client, url, all="1")
                sender.stop()
                running.cancel()
                await asyncio.wait([running])
    delays = sorted((arrivals[key] - begun) * 1_000 for key, begun in changes.begun.items())
    return {"beside": name, "changes": len(delays)} | {
        f"p{share}_ms": round(delays[min(len(delays) - 1, len(delays) * share // 100)], 1) for share in (50, 99)
    }


def nobody() -> str:
    """Return the address of a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


async def measure(options: argparse.Namespace) -> None:
    print(json.dumps(await rate(options.changes)), flush=True)
    async with endpoint("--hang") as hanging, endpoint() as live:
        neighbours = {"nobody": None, "a live one": live, "one that refuses": nobody(), "one that hangs": hanging}
        for name, neighbour in neighbours.items():
            print(json.dumps(await delay(name, options.seconds, options.per_s, neighbour)), flush=True)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    print(json.dumps({"peak_resident_mb": round(peak_mb, 1)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--seconds", type=float, default=30.0, help="of steady changes")
    parser.add_argument("--per-s", type=float, default=50.0)
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--hang", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    asyncio.run(receive(options.hang) if options.receive else measure(options))


if __name__ == "__main__":
    main()
