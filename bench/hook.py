"""A client's receiver of webhooks that fails now and then, and what it was told."""

import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

FAILING = 0.3  # share of what is not confirmed
RIGHTS = "sms:send,webhooks:manage"

_TO_BE_TOLD = "SELECT seq, at, subject FROM events WHERE seq IN (SELECT event FROM deliveries)"


class Hook:
    """Writes down all that it is told; fails while `is_failing`."""

    def __init__(self) -> None:
        self.url = ""
        self.is_failing = True
        self.told: list[tuple[str, str]] = []  # id and body, in order

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take what is told, and confirm it or not."""
        self.told.append((request.headers["webhook-id"], await request.text()))
        if self.is_failing and random.random() < FAILING:
            if random.random() < 0.3 and request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=204)


@asynccontextmanager
async def listening() -> AsyncIterator[Hook]:
    """Run a receiver until the end of the block."""
    hook = Hook()
    app = web.Application()
    app.router.add_post("/", hook.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield hook
    finally:
        await runner.cleanup()


async def hurry(port: int, token: str) -> int:
    """Ask that what has failed be told again now, each in its turn; returns how much still waits."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
        (webhook,) = (await _json(session, "/webhooks"))["webhooks"]
        # Whatever is changed of a webhook lets it begin without a past.
        async with session.patch(f"/webhooks/{webhook['id']}", json={"is_active": True}) as answer:
            answer.raise_for_status()
        return int(webhook["waiting"])


async def _json(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path) as answer:
        answer.raise_for_status()
        return await answer.json()


def tally(database: Path, hook: Hook) -> dict[str, int]:
    """Hold what was told against what is stored."""
    stored: dict[str, str] = {}
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for seq, at, subject in connection.execute(_TO_BE_TOLD):
            stored[f"{at // 1_000:08x}{seq:016x}"] = subject
    times = Counter(id for id, _ in hook.told)
    return {
        "events": len(stored),
        "events told again": sum(count - 1 for count in times.values()),
        "events never told": len(stored.keys() - times.keys()),
        "events told, not stored": len(times.keys() - stored.keys()),
        "events told out of order": _out_of_order(hook.told, stored),
        "events told in other words": len(set(hook.told)) - len(times),
    }


def _out_of_order(told: list[tuple[str, str]], stored: dict[str, str]) -> int:
    last: dict[str, int] = defaultdict(int)
    late = 0
    for id, _ in told:
        subject, seq = stored.get(id, ""), int(id[8:], 16)
        late += seq < last[subject]
        last[subject] = max(last[subject], seq)
    return late
