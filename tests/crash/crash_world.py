"""What tests that kill the daemon share: its process, who talks to it, and the judgement over what came of it all."""

import asyncio
import multiprocessing
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import unreliable
import victim

from simmodem import Stage, VirtualModems
from smsgw.gsm.pdu import Deliver, decode
from smsgw.model import Right, Status
from support import Clock, open_gateway
from world import DEADLINE_S, configure, until

NUMBER, SENDER = "79991234567", "+79990000000"
LONG = "длинное " * 20  # three parts
MESSAGES = ["first", LONG, "third"]
INCOMING = [f"incoming {number}" for number in range(6)]

NEVER_S = 3_600
DOUBT_S = 1

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


class UnreliableReceiver:
    """A receiver of webhooks that fails now and then, or as often as `failing` says, until it is killed."""

    def __init__(self, port: int, ledger: Path, seed: int, failing: float = 0.5) -> None:
        self._process = _PROCESSES.Process(target=unreliable.run, args=(port, ledger, seed, failing), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """Kill it, and return when it is dead."""
        self._process.kill()
        self._process.join(DEADLINE_S)


@asynccontextmanager
async def daemon(folder: Path, ports: list[Path], *, doubt_s: int = NEVER_S, **options: Any) -> AsyncIterator[Process]:
    """Run the daemon until it dies, or the block ends; what is in doubt it fails after `doubt_s` seconds."""
    process = Process({"folder": folder, "ports": ports, "doubt_s": doubt_s, **options})
    try:
        await process.listens()
        yield process
    finally:
        process.terminate()
        await process.ends()


IsSettled = Callable[[dict[str, Any]], bool]


class Client:
    """Somebody who posts messages and remembers which were answered with 200."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self.promised: list[str] = []

    async def post(self, process: Process, texts: Iterable[str], number: str = NUMBER) -> None:
        """Post messages, until the daemon dies."""
        for text in texts:
            answer = await self.ask(process, "/sms/send", {"message": text, "phone_number": number})
            if answer is None:
                return
            self.promised.append(answer["id"])

    async def ask(self, process: Process, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        """Post something, perhaps under an idempotency key; gives the answer, None if the daemon dies over it."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            async with self._session(process) as session, session.post(path, json=body, headers=headers) as response:
                assert response.status == 200, await response.text()
                return await response.json()
        except aiohttp.ClientError:
            return None

    async def sees_modem_wait(self, process: Process) -> None:
        """Wait until the modem is set up and lacks nothing but a network."""
        async with self._session(process) as session:

            async def is_searching() -> bool:
                async with session.get("/devices") as response:
                    return (await response.json())["devices"][0]["registration"] == "searching"

            await until(is_searching, "the modem looks for a network")

    async def settled_messages(self, process: Process, is_settled: IsSettled) -> list[dict[str, Any]]:
        """Wait until every message is settled and return them all in detail, oldest first."""
        async with self._session(process) as session:

            async def all_settled() -> bool:
                return all(map(is_settled, await self._listed(session)))

            await until(all_settled, "every message settled")
            return [await self._detail(session, message["id"]) for message in reversed(await self._listed(session))]

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


class AtStage:
    """Does something when a modem reaches a stage for the nth time: an observer of modems. Knows if it was reached."""

    def __init__(self, stage: Stage, nth: int, action: Callable[[int], None]) -> None:
        self.is_reached = False
        self._stage = stage
        self._left = nth
        self._action = action

    def __call__(self, modem: int, stage: Stage) -> None:
        self._left -= stage is self._stage
        if not (self._left or self.is_reached):
            self.is_reached = True
            self._action(modem)


@asynccontextmanager
async def busy_daemon(virtual: VirtualModems, client: Client, **options: Any) -> AsyncIterator[Process]:
    """Run the daemon with messages to send and to receive, all of which are there before the modem may begin."""
    virtual.fault(0, "deregister")
    async with daemon(virtual.directory, virtual.paths, **options) as process:
        await client.post(process, MESSAGES)
        assert len(client.promised) == len(MESSAGES)
        await client.sees_modem_wait(process)
        for text in INCOMING:
            virtual.incoming(0, SENDER, text)
        virtual.fault(0, "register")
        yield process


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it may end: as if nobody had been killed, but for what a kill has struck.

    `struck` is the message that was on the line, `statuses` are those it may end with (None: as all others), `taken`
    says whether the network has the part that was, `counted` whether its SIM has counted it, so that the rest follows.
    `lost` is the incoming message that may be gone.
    """

    struck: str = ""
    statuses: frozenset[Status] | None = None
    taken: bool = True
    counted: bool = False
    lost: str = ""
    reports: bool = True

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether nothing but time can end it."""
        return self.statuses is not None and Status.SEND_ERROR in self.statuses

    def allows(self, message: dict[str, Any]) -> bool:
        """Tell whether a message, as the API lists it, has come to an end that is right."""
        if message["message"] == self.struck and self.statuses is not None:
            return message["status"] in self.statuses
        return bool(message["status"] == (Status.DELIVERED if self.reports else Status.SENT))


async def judge(virtual: VirtualModems, client: Client, ending: Ending) -> None:
    """Let another daemon finish the work; hold what clients are told against what network and database have."""
    folder, ledger = virtual.directory, virtual.network.ledger
    doubt_s = DOUBT_S if ending.is_in_doubt else NEVER_S
    async with daemon(folder, virtual.paths, doubt_s=doubt_s) as heir:
        await client.post(heir, ["posted after the kill"])
        messages = await client.settled_messages(heir, ending.allows)

        async def all_stored() -> bool:
            return set(INCOMING) - set(incoming_texts(folder)) <= {ending.lost}

        await until(all_stored, "every incoming message stored")
    assert [message["id"] for message in messages] == client.promised
    for message in messages:
        taken = [part for part in ledger if part.text in message["message"]]
        if message["status"] == Status.SEND_ERROR:
            assert message["error"]["reason"] == "outcome_unknown"
            # The part that was struck is the second of three.
            assert len(taken) == ending.taken + (message["message"] == LONG) * (1 + ending.counted)
        else:
            assert len(taken) == len(message["parts"])
    assert max(Counter(part.pdu for part in ledger).values()) == 1, "a part was sent twice"
    assert max(Counter(incoming_texts(folder)).values()) == 1, "an incoming message was stored twice"


async def make_token(folder: Path, ports: list[Path]) -> str:
    async with open_gateway(configure(folder, ports), Clock()) as gateway:
        return await gateway.tokens.create("test", Right)


def rows(folder: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return [row[0] for row in connection.execute(sql)]


def incoming_texts(folder: Path) -> list[str | None]:
    """List the texts of all incoming messages that are stored; one that is something else is none."""
    received = [decode(pdu.hex()) for pdu in rows(folder, "SELECT pdu FROM inbound_parts")]
    return [message.content.text if isinstance(message, Deliver) else None for message in received]
