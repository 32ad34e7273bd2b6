"""Reads what happens once for all who listen, and keeps the newest of it for those who are up to date.

Whoever is further behind reads the database at a pace of its own: nothing is queued for anybody. Knows the gateway's
events and tokens; knows nothing of HTTP.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile

from aiohttp import web

from smsgw import log, rendering
from smsgw.api.pace import Pace
from smsgw.errors import Language, StorageUnavailable, TooManyStreams
from smsgw.gateway import Gateway
from smsgw.model import Event, EventKind, Token
from smsgw.waiting import happens_within

_EVERYTHING = frozenset(EventKind)
_KEPT = 200
_PAGE = 50
_SHARE_OF_ONE = 4

logger = log.get("smsgw.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An event as it goes over the wire."""

    seq: int
    kind: EventKind
    wire: bytes


class Listener:
    """One who listens, over a connection of its own."""

    def __init__(self, token: Token, kinds: frozenset[EventKind], seq: int, transport: asyncio.Transport) -> None:
        self.token = token
        self.kinds = kinds
        self.seq = seq  # nothing up to here is to be told any more
        self.bell = asyncio.Event()
        self.is_over = False
        self.is_writing = False
        self._transport = transport

    @property
    def is_gone(self) -> bool:
        """Tell whether the other side has left."""
        return self._transport.is_closing()

    def end(self) -> None:
        """Make it end at once; what the other side does not read is lost, and read when it comes back."""
        self.is_over = True
        self.bell.set()
        if self.is_writing:
            self._transport.abort()


class Feed:
    """All who listen, and what is new for them."""

    def __init__(self, gateway: Gateway, language: Language, pace: Pace) -> None:
        self._events = gateway.events
        self._tokens = gateway.tokens
        self._language = language
        self._pace = pace
        self._bell = asyncio.Event()
        self._is_stopping = False
        self._listeners: set[Listener] = set()
        # All that has happened after the floor, which is None while nobody listens, up to the head.
        self._newest: deque[Frame] = deque()
        self._floor: int | None = None
        self._head = 0
        self._check_at = 0.0
        # Of the database's readers, those who are behind share one.
        self._catching_up = asyncio.Lock()
        gateway.events.on_news(self._ring)

    @contextmanager
    def told(self, listener: Listener) -> Iterator[None]:
        """Tell a listener of news until the end of the block; raises `TooManyStreams`."""
        self._admit(listener.token)
        self._listeners.add(listener)
        self._bell.set()
        if self._is_stopping:
            listener.end()
        try:
            yield
        finally:
            self._listeners.discard(listener)

    async def next(self, listener: Listener) -> list[Frame]:
        """Return some of what a listener has not been given yet, oldest first; raises `StorageUnavailable`."""
        if self._floor is None or listener.seq < self._floor:
            return await self._stored(listener)
        unknown = list(takewhile(lambda frame: frame.seq > listener.seq, reversed(self._newest)))
        listener.seq = max(listener.seq, self._head)
        return [frame for frame in reversed(unknown) if frame.kind in listener.kinds]

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Look for news as long as an application runs."""
        looking = asyncio.create_task(self._run(), name="feed of events")
        yield
        self._stop()
        await looking

    async def stop(self, app: web.Application) -> None:
        """End all streams."""
        self._stop()

    # ── who listens ──

    def _admit(self, token: Token) -> None:
        here = [listener for listener in self._listeners if not listener.is_gone]
        of_one = sum(listener.token.row == token.row for listener in here)
        share = max(1, self._pace.most // _SHARE_OF_ONE)
        if len(here) >= self._pace.most or of_one >= share:
            limit = share if of_one >= share else self._pace.most
            wait = max(1, round(self._pace.look_s))
            raise TooManyStreams(retry_after_s=wait, limit=limit, retry_after=wait)

    async def _check(self) -> None:
        """End the streams of those who have left, and of those whose token is not what it was."""
        if (now := time.monotonic()) < self._check_at:
            return
        self._check_at = now + self._pace.look_s
        tokens = set(await self._tokens.listed())
        for listener in self._listeners:
            if listener.is_gone or listener.token not in tokens:
                listener.end()

    def _stop(self) -> None:
        self._is_stopping = True
        self._bell.set()
        for listener in self._listeners:
            listener.end()

    # ── what is new ──

    def _ring(self) -> None:
        if self._listeners:
            self._bell.set()

    async def _run(self) -> None:
        while not self._is_stopping:
            self._bell.clear()
            try:
                await self._look()
            except StorageUnavailable as error:
                logger.error("storage unavailable", reason=str(error))
            except Exception:
                # As with a request: a defect costs what it spoils, and not all that comes after it.
                logger.exception("unforeseen error")
            await happens_within(self._bell, self._pace.look_s)

    async def _look(self) -> None:
        if not self._listeners:
            self._floor = None
            self._newest.clear()
            return
        if self._floor is None:
            self._floor = self._head = await self._events.last()
            self._wake()
        while page := await self._events.after(self._head, _EVERYTHING, _PAGE):
            self._keep(page)
            self._wake()
        await self._check()

    def _keep(self, page: list[Event]) -> None:
        self._newest.extend([self._frame(event) for event in page])
        self._head = page[-1].seq
        while len(self._newest) > _KEPT:
            self._floor = self._newest.popleft().seq

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.bell.set()

    async def _stored(self, listener: Listener) -> list[Frame]:
        seen = 0 if self._floor is None else self._head
        async with self._catching_up:
            page = await self._events.after(listener.seq, listener.kinds, _PAGE)
        if len(page) < _PAGE:
            # All of its kinds that there is, whatever else there may have been.
            listener.seq = max(listener.seq, seen)
        if page:
            listener.seq = max(listener.seq, page[-1].seq)
        return [self._frame(event) for event in page]

    def _frame(self, event: Event) -> Frame:
        content = rendering.event(event, self._language)
        return Frame(seq=event.seq, kind=event.kind, wire=wire_form(event.id, event.kind, content))


def wire_form(id: str, kind: str, content: rendering.Object) -> bytes:
    """Write an event of a stream (HTML Living Standard §9.2.5); JSON without line breaks is one line of data."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (id.encode(), kind.encode(), rendering.encode(content))
