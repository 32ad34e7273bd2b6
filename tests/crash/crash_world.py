"""What tests that kill the daemon share: the process, its clients, and what both left behind."""

import asyncio
import multiprocessing
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import victim

from smsgw.gsm.pdu import Deliver, decode
from smsgw.model import Right, Status
from support import Clock, open_gateway
from world import DEADLINE_S, configure, until

# Processes come from one that has imported everything: hundreds of starts would take minutes.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "smsgw.daemon", "simmodem"])


class Process:
    """A daemon in a process of its own; `port` is None if it died before it listened."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._news, listener = _PROCESSES.Pipe(duplex=False)
        self._process = _PROCESSES.Process(target=victim.run, args=(options, listener), daemon=True)
        self._process.start()
        listener.close()
        self.port: int | None = None

    async def listens(self) -> None:
        """Wait until it listens or is dead."""
        assert await asyncio.to_thread(self._news.poll, DEADLINE_S), "the daemon neither listens nor dies"
        try:
            self.port = self._news.recv()
        except EOFError:
            await self.ends()

    async def ends(self) -> int | None:
        """Wait until it has ended and return its exit code, -9 for one that was killed."""

        # Not joined in a thread: only one at a time may ask for the exit code.
        async def has_ended() -> bool:
            return self._process.exitcode is not None

        await until(has_ended, "the daemon has ended")
        return self._process.exitcode

    def kill(self) -> None:
        """Kill it, and return when it is dead."""
        self._process.kill()
        self._process.join(DEADLINE_S)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()


@asynccontextmanager
async def daemon(folder: Path, ports: list[Path], **options: Any) -> AsyncIterator[Process]:
    """Run the daemon until it dies, or the block ends."""
    process = Process({"folder": str(folder), "ports": [str(port) for port in ports], **options})
    try:
        await process.listens()
        yield process
    finally:
        process.terminate()
        await process.ends()


IsSettled = Callable[[dict[str, Any]], bool]


def is_sent_or_failed(message: dict[str, Any]) -> bool:
    return bool(message["status"] >= Status.SENT)


class Client:
    """Somebody who posts messages and remembers which were answered with 200."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self.promised: list[str] = []

    async def post(self, process: Process, messages: Iterable[tuple[str, str]]) -> None:
        """Post messages, until the daemon dies."""
        async with self._session(process) as session:
            for text, number in messages:
                try:
                    async with session.post("/sms/send", json={"message": text, "phone_number": number}) as response:
                        assert response.status == 200, await response.text()
                        self.promised.append((await response.json())["id"])
                except aiohttp.ClientError:
                    return

    async def settled_messages(
        self, process: Process, is_settled: IsSettled = is_sent_or_failed
    ) -> list[dict[str, Any]]:
        """Wait until every message is settled and return them all in detail."""
        async with self._session(process) as session:

            async def all_settled() -> bool:
                return all(map(is_settled, await self._listed(session)))

            await until(all_settled, "every message settled")
            return [await self._detail(session, message["id"]) for message in await self._listed(session)]

    def _session(self, process: Process) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(f"http://127.0.0.1:{process.port}", headers=self._headers)

    async def _listed(self, session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        async with session.get("/sms?limit=100") as response:
            listed: list[dict[str, Any]] = (await response.json())["sms_list"]
            return listed

    async def _detail(self, session: aiohttp.ClientSession, id: str) -> dict[str, Any]:
        async with session.get(f"/sms/{id}") as response:
            detail: dict[str, Any] = await response.json()
            return detail


async def make_token(folder: Path, ports: list[Path]) -> str:
    async with open_gateway(configure(folder, ports), Clock()) as gateway:
        return await gateway.tokens.create("test", Right)


def rows(folder: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return [row[0] for row in connection.execute(sql)]


def incoming_texts(folder: Path) -> list[str | None]:
    """List the texts of all incoming messages that are stored, in order."""
    received = [decode(pdu.hex()) for pdu in rows(folder, "SELECT pdu FROM inbound_parts ORDER BY id")]
    return [message.content.text for message in received if isinstance(message, Deliver)]
