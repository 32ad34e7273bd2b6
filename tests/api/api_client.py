"""A client of the API, and modems whose state is set by hand."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import aiohttp
from multidict import CIMultiDict

from smsgw.api.app import create_app
from smsgw.api.pace import Pace
from smsgw.api.server import serve
from smsgw.config import Config
from smsgw.errors import CallerError
from smsgw.gateway import Gateway
from smsgw.gateway.ids import ObjectIds
from smsgw.model import DeviceState, LiveModem, Right, UssdAnswer, UssdCall, UssdState
from smsgw.store.db import Database
from smsgw.webhooks import WebhookSender
from smsgw.webhooks.pace import Pace as SenderPace
from support import Clock

NUMBER = "79999999999"
NOBODY = "0123456789abcdef01234567"
SIM = "8944000000000000001"
READY = LiveModem(state=DeviceState.READY, online=True)


class ModemsByHand:
    """Tells of every modem what it was told, and of others that they are ready."""

    def __init__(self) -> None:
        self.states: dict[str, LiveModem] = {}
        self.calls: list[tuple[str, UssdCall]] = []
        self.said: UssdAnswer | CallerError = UssdAnswer(text="Баланс: 5", state=UssdState.FINAL)

    def live(self, device_id: str) -> LiveModem:
        return self.states.get(device_id, READY)

    def live_at(self, device_id: str, slot: int | None, session: str | None) -> LiveModem:
        return self.live(device_id)

    async def ussd(self, device_id: str, slot: int, call: UssdCall) -> UssdAnswer:
        self.calls.append((device_id, call))
        if isinstance(self.said, CallerError):
            raise self.said
        return self.said


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    raw: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.raw)

    @property
    def code(self) -> int:
        """The error code of a refusal whose body is exactly what the contract says."""
        errors = self.json["errors"]
        assert list(self.json) == ["errors"]
        assert list(errors) == ["code", "message", "hash"]
        assert len(errors["hash"]) == 12
        assert errors["hash"] == self.headers["X-Request-ID"]
        assert int(errors["hash"], 16) >= 0
        code: int = errors["code"]
        return code

    @property
    def text(self) -> str:
        """What a refusal says."""
        text: str = self.json["errors"]["message"]
        return text


@dataclass(slots=True)
class Api:
    """The API on its port, with a token that may do everything."""

    gateway: Gateway
    database: Database
    port: int
    token: str
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> Answer:
        """Make a request; `token` "" sends none."""
        given = dict(headers or {})
        shown = self.token if token is None else token
        if shown:
            given.setdefault("Authorization", f"Bearer {shown}")
        data = raw if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent = None if data is None else io.BytesIO(data)
        async with self.session.request(method, path, data=sent, headers=given, params=params) as response:
            return Answer(response.status, response.headers, await response.read())

    async def exchange(self, written: bytes) -> Answer:
        """Write bytes on a connection of their own and read the answer that they get."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(written)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = CIMultiDict(line.split(": ", 1) for line in head[1:-2])
            return Answer(int(head[0].split()[1]), headers, await reader.readexactly(int(headers["Content-Length"])))
        finally:
            writer.close()

    async def send(self, message: object = "Привет", phone_number: object = NUMBER, **fields: object) -> Answer:
        body = {"message": message, "phone_number": phone_number} | fields
        return await self.call("POST", "/sms/send", body)

    async def sent(self, message: str = "Привет", phone_number: str = NUMBER, **fields: object) -> str:
        """Send a message that is taken, and return its id."""
        answer = await self.send(message, phone_number, **fields)
        assert answer.status == 200, answer.raw
        id: str = answer.json["id"]
        return id

    async def listed(self, search: str | None = None, limit: int = 100, offset: int = 1) -> Any:
        params = {"limit": str(limit), "offset": str(offset)}
        if search is not None:
            params["search"] = search
        answer = await self.call("GET", "/sms", params=params)
        assert answer.status == 200, answer.raw
        return answer.json

    async def texts(self, search: str) -> list[str]:
        """Search and return the texts that are found, newest first."""
        return [message["message"] for message in (await self.listed(search))["sms_list"]]

    async def device(self, name: str = "north") -> str:
        """Return the id of a device."""
        return next(device.id for device in await self.gateway.devices.listed() if device.name == name)

    async def fill_disk(self) -> None:
        """Leave the database no room to grow."""
        await self.database.write(lambda tx: tx.rows("PRAGMA max_page_count = 1"))

    async def free_disk(self) -> None:
        """Let the database grow again."""
        await self.database.write(lambda tx: tx.rows("PRAGMA max_page_count = 1073741823"))

    async def put_on_wire(self) -> None:
        """Let the modem in the north take the next message."""
        claimed = await self.gateway.sending.claim(await self.device(), SIM, 1)
        assert claimed is not None

    async def token_for(self, *rights: Right, **limits: Any) -> str:
        """Make another token."""
        name = f"client {len(await self.gateway.tokens.listed())}"
        return await self.gateway.tokens.create(name, rights, **limits)


@asynccontextmanager
async def opened(
    config: Config,
    clock: Clock,
    modems: ModemsByHand | None = None,
    pace: Pace | None = None,
    *,
    is_telling: bool = False,
) -> AsyncIterator[Api]:
    """Open the gateway and its API on a free port; webhooks are told of nothing unless it `is_telling`."""
    async with Database.open(Path(config.store.path), clock) as database:
        gateway = Gateway(database, config, ObjectIds(b"tests", 0), UTC)
        await gateway.devices.register(config.modems)
        sender = WebhookSender(gateway, config, clock, SenderPace(look_s=0.05))
        app = create_app(gateway, config, modems or ModemsByHand(), clock, sender, pace)
        token = await gateway.tokens.create(f"all {len(await gateway.tokens.listed())}", Right)
        async with (
            _running(sender) if is_telling else nullcontext(),
            serve(app, "127.0.0.1", 0) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            yield Api(gateway, database, port, token, session)


@asynccontextmanager
async def _running(sender: WebhookSender) -> AsyncIterator[None]:
    task = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        sender.stop()
        await task


def with_server(config: Config, **settings: object) -> Config:
    """Return the configuration with other [server] settings."""
    return replace(config, server=replace(config.server, **settings))  # type: ignore[arg-type]


def without(rights: Iterable[Right]) -> set[Right]:
    """Return all rights but these."""
    return set(Right) - set(rights)
