"""What programs that listen to GET /events cost, while nothing happens and when much does.

One real daemon without modems; its processor time and memory are taken from /proc, first without listeners and then
with them. Then another process writes that messages came in, and the same is taken when all have heard of the last one.
"""

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from children import die_with_parent
from smsgw.daemon import wall_clock
from smsgw.model import EventKind
from smsgw.store import events
from smsgw.store.db import Database
from suite.gateway import PROGRAM, free_port
from suite.processes import processor_s, resident_mib

SETTLE_S = 3.0
MARK = b'"number":%d,'


async def idle(pid: int, seconds: float) -> dict[str, float]:
    """Measure a process that has nothing to do."""
    await asyncio.sleep(SETTLE_S)
    before = processor_s(pid)
    await asyncio.sleep(seconds)
    used = processor_s(pid) - before
    return {
        "processor_s": round(used, 2),
        "percent_of_a_core": round(100 * used / seconds, 3),
        "resident_mib": round(resident_mib(pid), 1),
    }


async def listen(url: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream and read its beginning."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await reader.readuntil(b"\nid: ")
    await reader.readuntil(b"\n\n")
    return reader, writer


async def hears(reader: asyncio.StreamReader, number: int) -> None:
    """Wait until a listener is told."""
    while MARK % number not in await reader.readuntil(b"\n\n"):
        pass


@asynccontextmanager
async def daemon(folder: Path, tokens: int) -> AsyncIterator[tuple[int, str, list[str]]]:
    """Run the gateway; yields its process, its address and its tokens."""
    port = free_port()
    config = folder / "config.toml"
    config.write_text(f'[server]\nport = {port}\nrate_limit = 0\n[store]\npath = "{folder / "smsgw.db"}"\n')
    made = [await asyncio.to_thread(make_token, config, f"listener {number}") for number in range(tokens)]
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "run", "--log-level", "error", "--config", str(config)),
        preexec_fn=die_with_parent,
        start_new_session=True,  # what is asked of /proc is asked of a session
    )
    try:
        await answers(f"http://127.0.0.1:{port}")
        yield process.pid, f"http://127.0.0.1:{port}", made
        begun = time.monotonic()
        process.terminate()
        await process.wait()
        print(json.dumps({"what": "stopping", "seconds": round(time.monotonic() - begun, 2)}), flush=True)
    finally:
        if process.returncode is None:
            process.kill()


def make_token(config: Path, name: str) -> str:
    """Make a token that may listen."""
    command = (*PROGRAM, "token", "create", name, "--allow", "inbox:read", "--config", str(config))
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


async def answers(url: str) -> None:
    """Wait until a gateway does."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/openapi.json"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


async def main(listeners: int, seconds: float, happenings: int) -> None:
    """Measure, and print a line of JSON for each thing measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as held, daemon(folder, 1 + listeners // 60) as (pid, url, tokens):
            print(json.dumps({"what": "idle", "listeners": 0} | await idle(pid, seconds)), flush=True)
            readers = []
            for number in range(listeners):
                reader, writer = await listen(url, tokens[number % len(tokens)])
                held.callback(writer.close)
                readers.append(reader)
            print(json.dumps({"what": "idle", "listeners": listeners} | await idle(pid, seconds)), flush=True)
            await busy(folder, pid, readers, happenings)


async def busy(folder: Path, pid: int, readers: list[asyncio.StreamReader], happenings: int) -> None:
    """Let things happen one after the other, and wait until all have heard of them."""
    async with Database.open(folder / "smsgw.db", wall_clock) as database:
        before = processor_s(pid)
        for number in range(happenings):
            data = json.dumps({"number": number, "text": "ы" * 70}, separators=(",", ":"))
            await database.write(lambda tx, data=data: events.add(tx, EventKind.SMS_RECEIVED, "0" * 24, data))
        await asyncio.gather(*(hears(reader, happenings - 1) for reader in readers))
        figures = {
            "what": "busy",
            "listeners": len(readers),
            "events": happenings,
            "processor_s": round(processor_s(pid) - before, 2),
            "resident_mib": round(resident_mib(pid), 1),
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each idle measurement takes")
    parser.add_argument("--events", type=int, default=1_000)
    options = parser.parse_args()
    asyncio.run(main(options.listeners, options.seconds, options.events))
