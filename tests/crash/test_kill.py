"""kill -9 around every transaction: what was answered with 200 is never lost, and nothing is doubled silently."""

import asyncio
import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simmodem import Rule, VirtualModems
from smsgw.model import Right
from support import Clock, open_gateway
from world import DEADLINE_S, configure, until

TESTS = Path(__file__).parent.parent
AT_START = ("_register", "_recover")
ON_THE_WAY = ("_submit_once", "_claim", "_submitting", "_accepted", "_received", "keep_inbound")
SELDOM_ON_THE_WAY = ("_refused", "learn_record")
BARRED = "79990000001"
OPEN = "79991234567"
MESSAGES = [(f"message {n}", OPEN) for n in range(6)] + [("длинное " * 30, OPEN), ("refused", BARRED)]
INCOMING = [f"incoming {n}" for n in range(6)]


@asynccontextmanager
async def daemon(options: dict[str, Any]) -> AsyncIterator[tuple[asyncio.subprocess.Process, int | None]]:
    """Run the daemon in a process of its own; gives its port, or None if it died before it listened."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TESTS / "crash" / "victim.py"),
        json.dumps(options),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
        yield process, int(line) if line else None
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


class Client:
    """Somebody who posts messages and remembers which were answered with 200."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self.promised: list[str] = []

    async def post_all(self, port: int) -> None:
        """Post every message, until the daemon dies."""
        await self.post(port, MESSAGES)

    async def post(self, port: int, messages: Iterable[tuple[str, str]]) -> None:
        """Post messages, until the daemon dies."""
        async with self._session(port) as session:
            for text, number in messages:
                try:
                    async with session.post("/sms/send", json={"message": text, "phone_number": number}) as response:
                        assert response.status == 200, await response.text()
                        self.promised.append((await response.json())["id"])
                except aiohttp.ClientError:
                    return

    async def settled_messages(self, port: int) -> list[dict[str, Any]]:
        """Wait until the gateway has done with every message and return them all in detail."""
        async with self._session(port) as session:

            async def all_settled() -> bool:
                return all(message["status"] >= 2 for message in await self._listed(session))

            await until(all_settled, "every message settled")
            return [await self._detail(session, message["id"]) for message in await self._listed(session)]

    def _session(self, port: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=self._headers)

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


def stored_incoming(folder: Path) -> list[bytes]:
    return rows(folder, "SELECT pdu FROM inbound_parts")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("transaction", AT_START + ON_THE_WAY + SELDOM_ON_THE_WAY)
async def test_a_kill_at_a_commit_loses_nothing_and_doubles_nothing(
    tmp_path: Path, transaction: str, when: str
) -> None:
    rules = [Rule(recipient=BARRED, error="+CMS ERROR: 1")]
    async with VirtualModems(tmp_path, 2, network_time=(0.0, 0.0), report_delay=(0.0, 0.0), rules=rules) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        options = {"folder": str(tmp_path), "ports": [str(path) for path in virtual.paths]}
        nth = 3 if transaction in ON_THE_WAY else 1
        async with daemon({**options, "transaction": transaction, "nth": nth, "when": when}) as (process, port):
            assert (port is None) == (transaction in AT_START)
            for number, text in enumerate(INCOMING):
                virtual.incoming(number % 2, "+79990000000", text)
            if port is not None:
                await client.post_all(port)
            assert await asyncio.wait_for(process.wait(), DEADLINE_S) == -9
        async with daemon(options) as (process, port):
            assert port is not None
            if transaction in AT_START:
                await client.post_all(port)
            messages = await client.settled_messages(port)

            async def all_kept() -> bool:
                return len(stored_incoming(tmp_path)) >= len(INCOMING)

            await until(all_kept, "every incoming message stored")

    sent = Counter(message.text for message in virtual.network.messages)
    assert max(sent.values()) == 1, "a message was sent twice"
    assert set(client.promised) <= {message["id"] for message in messages}, "a promised message is gone"
    for message in messages:
        if message["status"] == 3:
            assert message["error"]["reason"] in ("outcome_unknown", "refused")
            assert message["phone_number"] == BARRED or message["error"]["reason"] == "outcome_unknown"
        else:
            assert sent[message["message"]] == 1
    assert len(stored_incoming(tmp_path)) == len(INCOMING), "an incoming message is lost or doubled"


async def test_a_report_that_came_during_a_send_outlives_a_kill(tmp_path: Path) -> None:
    slow = "79990000002"
    rules = [Rule(recipient=OPEN, report_delay=0.5), Rule(recipient=slow, network_time=30.0)]
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), rules=rules) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        options = {"folder": str(tmp_path), "ports": [str(path) for path in virtual.paths]}
        async with daemon(options) as (process, port):
            assert port is not None
            await client.post(port, [("reported", OPEN), ("on the wire", slow)])

            async def handed_over() -> bool:
                return bool(rows(tmp_path, "SELECT pdu FROM handed_over"))

            await until(handed_over, "the report kept")
            process.kill()
            await process.wait()
        assert rows(tmp_path, "SELECT status FROM messages WHERE text = 'reported'") == [2]
        virtual.fault(0, "reboot", down_s=0.1)
        async with daemon(options):

            async def delivered() -> bool:
                return rows(tmp_path, "SELECT status FROM messages WHERE text = 'reported'") == [4]

            async def put_away() -> bool:
                return rows(tmp_path, "SELECT pdu FROM handed_over") == []

            await until(delivered, "the report applied")
            await until(put_away, "the report put away")
