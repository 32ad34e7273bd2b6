"""A program of a client that is told of what happens: a real HTTP server that answers as each test wants."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One request that has come in."""

    id: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    def is_signed_with(self, secret: str) -> bool:
        """Tell whether one of its signatures was made with this secret, reckoned without the gateway's code."""
        key = base64.b64decode(secret.split("_", 1)[1])
        signed = b".".join((self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body))
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


Behaviour = Callable[[web.Request, Told], Awaitable[web.StreamResponse]]


def answering(status: int, text: str = "", **headers: str) -> Behaviour:
    """Answer everything alike."""

    async def answer(request: web.Request, told: Told) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return answer


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave in each of these ways once, and then for ever as in the last."""
    left = list(behaviours)

    async def answer(request: web.Request, told: Told) -> web.StreamResponse:
        behave = left.pop(0) if len(left) > 1 else left[0]
        return await behave(request, told)

    return answer


@dataclass(slots=True)
class Receiver:
    """What was told, in order of its coming in; `behave` may be replaced at any time."""

    url: str = ""
    behave: Behaviour = field(default_factory=lambda: answering(204))
    told: list[Told] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        told = Told(request.headers["webhook-id"], dict(request.headers), await request.read())
        self.told.append(told)
        async with self._news:
            self._news.notify_all()
        return await self.behave(request, told)

    async def has(self, count: int, deadline_s: float = DEADLINE_S) -> list[Told]:
        """Wait until so much was told."""
        return await self.when(lambda: len(self.told) >= count, deadline_s)

    async def when(self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> list[Told]:
        """Wait until what was told is as wanted."""
        async with asyncio.timeout(deadline_s), self._news:
            await self._news.wait_for(condition)
        return self.told


@asynccontextmanager
async def receiver(behave: Behaviour | None = None, port: int = 0, **site: Any) -> AsyncIterator[Receiver]:
    """Run a receiver; `site` goes to aiohttp (`ssl_context`)."""
    received = Receiver()
    if behave is not None:
        received.behave = behave
    app = web.Application(client_max_size=1 << 22)
    app.router.add_route("*", "/{path:.*}", received.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", port, **site)
    await listening.start()
    assert listening._server is not None
    sockets = listening._server.sockets  # type: ignore[attr-defined]
    scheme = "https" if "ssl_context" in site else "http"
    received.url = f"{scheme}://127.0.0.1:{sockets[0].getsockname()[1]}/hook"
    try:
        yield received
    finally:
        await runner.cleanup()
