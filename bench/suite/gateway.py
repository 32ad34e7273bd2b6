"""A real gateway for a benchmark: a process on a free port, with the database and the modems that it is given."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import aiohttp

from children import die_with_parent

RIGHTS = "sms:send,sms:read,inbox:read,devices:read,webhooks:manage"
PROGRAM = (sys.executable, "-m", "smsgw")
_POLL_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway that runs; `pid` is its session as well. `ready_s` is how long it took until it answered."""

    pid: int
    url: str
    token: str
    config: Path
    database: Path
    ready_s: float

    def client(self, connections: int = 100) -> aiohttp.ClientSession:
        """Return a client with a token for everything."""
        return aiohttp.ClientSession(
            self.url,
            headers={"Authorization": f"Bearer {self.token}"},
            connector=aiohttp.TCPConnector(limit=connections),
        )


@asynccontextmanager
async def gateway(
    folder: Path,
    modems: Sequence[Path] = (),
    *,
    settings: str = "",
    of_modems: str = "",
    overrides: str = "",
    program: Sequence[str] = PROGRAM,
) -> AsyncIterator[Gateway]:
    """Run a gateway on what is in `folder` until the end of the block.

    Its modems are called modem0, modem1 and so on. `settings` are further sections of its configuration, `of_modems`
    further lines for each modem, `overrides` those of its overrides. `program` is what runs a command of smsgw.
    """
    port, config, database = free_port(), folder / "config.toml", folder / "smsgw.db"
    named = "".join(
        f'[modems.modem{number}]\nport = "{path}"\n{of_modems}\n[modems.modem{number}.overrides]\n{overrides}\n'
        for number, path in enumerate(modems)
    )
    config.write_text(
        f'[server]\nport = {port}\nrate_limit = 0\n[store]\npath = "{database}"\n{settings}\n{named}', encoding="utf-8"
    )
    token = await asyncio.to_thread(_make_token, config)
    begun = time.monotonic()
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *program,
            *("run", "--log-level", "warning", "--config", str(config)),
            stderr=log,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            await _answers(url, process)
            ready_s = time.monotonic() - begun
            yield Gateway(pid=process.pid, url=url, token=token, config=config, database=database, ready_s=ready_s)
            if process.returncode is None:  # it may have been killed, and who asks for that would take its end away
                os.kill(process.pid, signal.SIGTERM)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def until_ready(running: Gateway, modems: int) -> None:
    """Wait until so many modems can send."""
    async with running.client() as client:
        while True:
            async with client.get("/devices") as answer:
                devices = (await answer.json())["devices"]
            if sum(device["state"] in ("ready", "sending") for device in devices) >= modems:
                return
            await asyncio.sleep(_POLL_S)


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _make_token(config: Path) -> str:
    # A folder that is used again has its token already; each gets a name of its own.
    command = (*PROGRAM, "token", "create", f"bench {secrets.token_hex(4)}", "--allow", RIGHTS, "--config", str(config))
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(f"{url}/openapi.json"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(_POLL_S)
    raise RuntimeError(f"the gateway ended by itself with {process.returncode}; its log tells why")
