"""An aiohttp server whose one handler reads a JSON body and answers an id: what stores nothing, to compare with."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from children import die_with_parent

_BARE = Path(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A bare server that runs; `pid` is its session as well."""

    pid: int
    url: str


@asynccontextmanager
async def bare() -> AsyncIterator[Bare]:
    """Run it as a process of its own until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_BARE),
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=die_with_parent,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield Bare(pid=process.pid, url=f"http://127.0.0.1:{int(await process.stdout.readline())}")
    finally:
        process.kill()
        await process.wait()


# ── in the other process ──


async def _send(request: web.Request) -> web.Response:
    await request.json()
    return web.json_response({"id": secrets.token_hex(12)})


async def _serve() -> None:
    app = web.Application()
    app.router.add_post("/sms/send", _send)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
