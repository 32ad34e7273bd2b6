"""A client's receiver of webhooks in a process of its own, which fails as often as not, and can be killed.

What it is told it writes down before it answers anything.
"""

import asyncio
import ctypes
import json
import random
import signal
from pathlib import Path

from aiohttp import web

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)


def run(port: int, ledger: Path, seed: int, failing: float) -> None:
    """Listen at `port`; `failing` is the share of requests that are not answered as they should be."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    asyncio.run(_run(port, ledger, random.Random(seed), failing))


async def _run(port: int, ledger: Path, draw: random.Random, failing: float) -> None:
    with ledger.open("a", buffering=1) as file:

        async def take(request: web.Request) -> web.StreamResponse:
            body = await request.text()
            file.write(json.dumps([request.headers["webhook-id"], body]) + "\n")
            if draw.random() >= failing:
                return web.Response(status=204)
            match draw.choice(("error", "error", "hang", "reset")):
                case "hang":
                    await asyncio.sleep(60)
                case "reset":
                    assert request.transport is not None
                    request.transport.abort()
            return web.Response(status=500)

        app = web.Application()
        app.router.add_post("/", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        await asyncio.Event().wait()
