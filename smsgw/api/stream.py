"""GET /events: what happens, told while it happens, as Server-Sent Events (HTML Living Standard §9.2).

Whoever was cut off shows the id of the last event that it was told (Last-Event-ID), and hears all that came after it.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from smsgw import log, rendering
from smsgw.api.bodies import given
from smsgw.api.failures import REQUEST_HASH, REQUEST_ID
from smsgw.api.feed import Feed, Listener, wire_form
from smsgw.api.guard import caller, demand
from smsgw.api.pace import Pace
from smsgw.errors import BadTypes, Language, StorageUnavailable, Text
from smsgw.gateway.events import Events
from smsgw.model import EventKind, Right, Token
from smsgw.waiting import happens_within

RIGHTS: Mapping[EventKind, Right] = {
    EventKind.SMS_STATUS: Right.SMS_READ,
    EventKind.SMS_RECEIVED: Right.INBOX_READ,
    EventKind.DEVICE_STATUS: Right.DEVICES_READ,
}

_GAP = "gap"
_BEGINS_NOW = Text(
    "Неизвестно, после какого события продолжать: поток начинается с этого момента. "
    "Прочитайте состояние заново: GET /sms, GET /inbox, GET /devices.",
    "It is not known after which event to go on: the stream begins now. "
    "Read anew how things are: GET /sms, GET /inbox, GET /devices.",
)
_HEARTBEAT = b":\n\n"
# Of an id that is none of ours, this much is repeated to whoever showed it.
_SHOWN = 64

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would keep back what is not much yet.
    "X-Accel-Buffering": "no",
}

logger = log.get("smsgw.api")


class StreamCall:
    """Streams what happens to whoever has the right to know. `clock` gives Unix milliseconds."""

    def __init__(self, events: Events, feed: Feed, language: Language, clock: Callable[[], int], pace: Pace) -> None:
        self._events = events
        self._feed = feed
        self._language = language
        self._clock = clock
        self._pace = pace

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET /events."""
        token = caller(request)
        kinds = _kinds(request, token)
        response = web.StreamResponse(headers=_HEADERS | {REQUEST_ID: request[REQUEST_HASH]})
        response.force_close()
        if request.method == "HEAD":
            return response
        beginning, seq = await self._beginning(request)
        if request.transport is None:
            raise ConnectionResetError("the client has left already")
        listener = Listener(token, kinds, seq, request.transport)
        with self._feed.told(listener):
            # One that is there and does not read is noticed here first.
            _give_up_unconfirmed(request.transport, 2 * self._pace.stall_s)
            try:
                writer = await response.prepare(request)
                assert writer is not None
                await _Stream(listener, self._feed, writer, self._pace).run(beginning)
            except ConnectionError:
                # Leaving is how most streams end.
                pass
        return response

    async def _beginning(self, request: web.Request) -> tuple[bytes, int]:
        """Return what a stream begins with, and after which event it goes on."""
        shown = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
        seq = await self._events.resumed(shown) if shown else None
        if shown and seq is not None:
            return self._opening(shown), seq
        end = await self._events.end()
        opening = self._opening(end.id)
        return opening + self._gap(shown, end.id) if shown else opening, end.seq

    def _opening(self, id: str) -> bytes:
        # An id without data is no event, and yet known to whoever is cut off before the first one.
        return b"retry: %d\nid: %b\n\n" % (self._pace.retry_s * 1_000, id.encode())

    def _gap(self, shown: str, id: str) -> bytes:
        data = {"last_event_id": shown[:_SHOWN], "message": _BEGINS_NOW.in_language(self._language)}
        content = {"type": _GAP, "timestamp": rendering.timestamp(self._clock()), "data": data}
        return wire_form(id, _GAP, content)


class _Stream:
    """One stream, from its first byte to its last."""

    def __init__(self, listener: Listener, feed: Feed, writer: AbstractStreamWriter, pace: Pace) -> None:
        self._listener = listener
        self._feed = feed
        self._writer = writer
        self._pace = pace
        self._silent_since = 0.0

    async def run(self, beginning: bytes) -> None:
        """Tell what happens until the stream is over; raises `ConnectionError` when the other side has left."""
        await self._write(beginning)
        while not self._listener.is_over:
            self._listener.bell.clear()
            if not await self._tell():
                await self._wait()

    async def _tell(self) -> bool:
        try:
            frames = await self._feed.next(self._listener)
        except StorageUnavailable:
            # The feed has logged it; what is missing is read when there is news, or at the next heartbeat.
            return False
        for frame in frames:
            await self._write(frame.wire)
        return bool(frames)

    async def _wait(self) -> None:
        left = self._silent_since + self._pace.heartbeat_s - time.monotonic()
        if not await happens_within(self._listener.bell, left):
            await self._write(_HEARTBEAT)

    async def _write(self, data: bytes) -> None:
        self._listener.is_writing = True
        try:
            async with asyncio.timeout(self._pace.stall_s):
                await self._writer.write(data)
                await self._writer.drain()
        except TimeoutError:
            logger.info("a listener does not read: its stream is ended")
            self._listener.end()
        finally:
            self._listener.is_writing = False
        self._silent_since = time.monotonic()


def _kinds(request: web.Request, token: Token) -> frozenset[EventKind]:
    """Return what a stream is to tell: all that the token may know, or what of it is asked for."""
    asked = [name for names in request.query.getall("types", []) for name in names.split(",") if names]
    if not asked:
        return frozenset(kind for kind, right in RIGHTS.items() if right in token.rights)
    kinds = frozenset(map(_kind, asked))
    for kind in sorted(kinds):
        # Nobody waits for what would never come.
        demand(token, RIGHTS[kind])
    return kinds


def _kind(name: str) -> EventKind:
    try:
        return EventKind(name)
    except ValueError:
        raise BadTypes(reason=given(name)) from None


def _give_up_unconfirmed(transport: asyncio.Transport, seconds: float) -> None:
    """Let the system end a connection whose other side has vanished; by itself it would take a quarter of an hour."""
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1_000))
