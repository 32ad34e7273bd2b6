"""One who listens to Server-Sent Events, over a connection of its own; parsed as the HTML Living Standard says."""

import asyncio
import codecs
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from api_client import Api
from multidict import CIMultiDict

DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a program would get it."""

    kind: str
    id: str
    data: str

    @property
    def content(self) -> Any:
        return json.loads(self.data)


class Parser:
    """Bytes of an event stream to events (§9.2.6)."""

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_ms: int | None = None
        self.comments = 0
        self._rest = ""
        # One byte order mark at the beginning is none of the text.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._data: list[str] = []
        self._kind = ""

    def feed(self, received: bytes) -> Iterator[Told]:
        """Take bytes and give the events that they complete."""
        # A CR at the very end may be the first half of a line's end.
        *lines, self._rest = re.split(r"\r\n|\n|\r(?!\Z)", self._rest + self._decoder.decode(received))
        for line in lines:
            if line:
                self._field(line)
            elif told := self._dispatched():
                yield told

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            self.comments += 1
        elif name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.retry_ms = int(value)

    def _dispatched(self) -> Told | None:
        data, kind = "\n".join(self._data), self._kind
        self._data, self._kind = [], ""
        return Told(kind or "message", self.last_id, data) if data else None


class Over(Exception):
    """The other side has ended the stream."""


class Line:
    """An open stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status = 0
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.parser = Parser()
        self._reader = reader
        self._writer = writer
        self._told: list[Told] = []

    async def begin(self, request: str) -> None:
        """Send a request and read the head of what is answered."""
        self._writer.write(request.encode("utf-8", "surrogateescape"))
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers.extend(line.split(": ", 1) for line in head[1:-2])

    async def next(self) -> Told:
        """Return the next event; raises `Over`."""
        async with asyncio.timeout(DEADLINE_S):
            while not self._told:
                await self._read()
        return self._told.pop(0)

    async def events(self, count: int) -> list[Told]:
        """Return the next so many events."""
        return [await self.next() for _ in range(count)]

    async def opened(self) -> None:
        """Wait until the stream has said where it begins."""
        async with asyncio.timeout(DEADLINE_S):
            while not self.parser.last_id:
                await self._read()

    async def comments(self, count: int) -> None:
        """Wait until there were so many comments."""
        async with asyncio.timeout(DEADLINE_S):
            while self.parser.comments < count:
                await self._read()

    async def over(self) -> list[Told]:
        """Wait until the other side ends the stream and return what it told until then."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    await self._read()
        except Over:
            return self._told

    def leave(self) -> None:
        """Go away without a word."""
        self._writer.transport.abort()

    async def _read(self) -> None:
        chunk = await (self._chunk() if "Transfer-Encoding" in self.headers else self._reader.read(1 << 16))
        if not chunk:
            raise Over
        self._told.extend(self.parser.feed(chunk))

    async def _chunk(self) -> bytes:
        try:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            return (await self._reader.readexactly(size + 2))[:-2]
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


@asynccontextmanager
async def listening(
    api: Api,
    query: str = "",
    *,
    last_id: str = "",
    token: str | None = None,
    path: str = "/events",
    method: str = "GET",
    version: str = "1.1",
    buffer: int = 1 << 24,
) -> AsyncIterator[Line]:
    """Open a stream, and leave it at the end of the block; no more than `buffer` bytes come in before they are read."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, min(buffer, 1 << 18))
    plug.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", api.port))
    reader, writer = await asyncio.open_connection(sock=plug, limit=buffer)
    line = Line(reader, writer)
    try:
        shown = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        authorization = f"Authorization: Bearer {api.token if token is None else token}\r\n"
        await line.begin(f"{method} {path}{query} HTTP/{version}\r\nHost: x\r\n{authorization}{shown}\r\n")
        if line.status == 200 and method == "GET":
            await line.opened()
        yield line
    finally:
        line.leave()
