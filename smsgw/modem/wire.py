"""The wire: the line engine on an open port, with a clock. What comes in is sorted into answers and news.

The first failure is kept and raised at every further use, but only after everything that had arrived before it.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from smsgw.at.commands import Command
from smsgw.at.engine import Engine
from smsgw.at.events import Event, Noise, Urc, read_final
from smsgw.gsm.whole import is_received
from smsgw.modem.boot import BootWatch
from smsgw.modem.faults import LinkError, LinkLost, Rebooted
from smsgw.modem.port import Port, PortError
from smsgw.modem.trace import WireTrace

_URCS_KEPT = 1000  # the oldest are dropped; what they announced is found by listing the store
_SAMPLE = 512  # bytes kept of what a mute port says
_STRING_SILENCE_S = 2.0  # in the middle of a string: its end got lost
_SILENCE_CAP = 6  # a listing may go on for this many times its limit, however steadily it comes


class Elapsed(Exception):
    """The time limit has passed."""


class Wire:
    """Bytes and time; whose turn it is, `Link` decides."""

    def __init__(self, port: Port, limit_factor: float, trace: WireTrace | None) -> None:
        self.engine = Engine(is_received)
        self.on_news: Callable[[], None] = lambda: None
        self.on_pdu: Callable[[str], None] = lambda pdu: None
        self.stray_finals = 0
        self.sample = b""
        self.boot_watch = BootWatch()
        self._port = port
        self._limit_factor = limit_factor
        self._trace = trace
        self._events: deque[Event] = deque()
        self._urcs: deque[Urc] = deque(maxlen=_URCS_KEPT)
        self._arrived = asyncio.Event()
        self._failure: LinkError | None = None
        self._silence_s: float | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._deadline = self._deadline_cap = self._last_byte = 0.0
        if trace is not None:
            trace.opened(port.address)
        port.listen(self._hear, self._lose)

    @property
    def address(self) -> str:
        """Where the port is."""
        return self._port.address

    @staticmethod
    def now() -> float:
        """The time of the event loop, in seconds."""
        return asyncio.get_running_loop().time()

    def start(self, command: Command, limit_s: float) -> None:
        """Write a command and give its next event `limit_s` seconds."""
        self._events.clear()
        if self._trace is not None:
            self._trace.sent(command)
        self.limit(limit_s, command.silence_s)
        self._put(self.engine.send(command))

    def limit(self, seconds: float, silence_s: float | None = None) -> None:
        """Set the time limit anew; with `silence_s`, every byte that comes extends it, within reason."""
        self._silence_s = silence_s
        self._deadline = self.now() + seconds * self._limit_factor
        factor = self._limit_factor * (1 if silence_s is None else _SILENCE_CAP)
        self._deadline_cap = self.now() + seconds * factor

    def write(self, data: bytes) -> None:
        """Write a body or a control character; raises `LinkLost`."""
        if self._trace is not None:
            self._trace.wrote(data)
        self._put(data)

    def _put(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except OSError as error:
            raise LinkLost(str(error)) from error

    async def next(self) -> Event:
        """Wait for the next event of the dialogue; raises `Elapsed`, or the failure of the link.

        What has arrived counts before the failure that came after it, and before the time limit.
        """
        while not self._events:
            self.check()
            remaining = self._deadline - self.now()
            if remaining <= 0:
                raise Elapsed
            self._arrived.clear()
            try:
                async with asyncio.timeout(remaining):
                    await self._arrived.wait()
            except TimeoutError:
                continue
        return self._events.popleft()

    async def quiet(self, silence_s: float, limit_s: float) -> None:
        """Wait for a silence, no longer than `limit_s`."""
        start = self.now()
        while True:
            self.check()
            pause = max(start, self._last_byte) + silence_s - self.now()
            if pause <= 0 or self.now() - start >= limit_s:
                return
            await asyncio.sleep(min(pause, limit_s))

    @property
    def has_news(self) -> bool:
        """Tell whether `take_urcs` has something to give, or to raise."""
        return bool(self._urcs) or self._failure is not None

    def take_urcs(self) -> list[Urc]:
        """Take the news in order; once there is none left and the link has failed, raises its failure."""
        news = self.drain_urcs()
        if not news:
            self.check()
        return news

    def drain_urcs(self) -> list[Urc]:
        """Take the news in order, whatever the state of the link."""
        news = list(self._urcs)
        self._urcs.clear()
        return news

    def check(self) -> None:
        """Raise the failure, if there is one."""
        if self._failure is not None:
            raise self._failure

    def fail(self, failure: LinkError) -> None:
        """Stop for good; the first failure is the one that is told."""
        if self._failure is None:
            self._failure = failure
        self.engine.abandon()
        self._arrived.set()
        self.on_news()

    def _hear(self, data: bytes) -> None:
        if self._trace is not None:
            self._trace.received(data)
        self.sample = (self.sample + data)[-_SAMPLE:]
        self._last_byte = self.now()
        if self._silence_s is not None:
            extended = self.now() + self._silence_s * self._limit_factor
            self._deadline = min(self._deadline_cap, max(self._deadline, extended))
        self._take(self.engine.receive(data))
        if self._patience is not None:
            self._patience.cancel()
        if self.engine.is_mid_string:
            silence_s = _STRING_SILENCE_S * self._limit_factor
            self._patience = asyncio.get_running_loop().call_later(silence_s, self._end_string)

    def _end_string(self) -> None:
        """What lost its end must not hold up for ever what came behind it."""
        self._take(self.engine.end_string())

    def _take(self, events: list[Event]) -> None:
        for event in events:
            self._sort(event)
        self._arrived.set()
        if any(isinstance(event, Urc) for event in events):
            self.on_news()

    def _sort(self, event: Event) -> None:
        if isinstance(event, Urc):
            self._urcs.append(event)
            if event.pdu is not None:
                self.on_pdu(event.pdu)
            if self.boot_watch.is_restart(event.line, self.now()):
                self.fail(Rebooted(f"the modem restarted in the middle of the session: {event.line!r}"))
        elif isinstance(event, Noise):
            self.stray_finals += read_final(event.line) is not None
        else:
            self._events.append(event)

    def _lose(self, error: PortError) -> None:
        self._end_string()
        if self._trace is not None:
            self._trace.lost(str(error.strerror))
        self.fail(LinkLost(str(error)))
