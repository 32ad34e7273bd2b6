"""One modem's port: a pty behind a stable symlink, and the conditions of the line. Knows bytes, not AT."""

import asyncio
import contextlib
import fcntl
import os
import select
import struct
import termios
import tty
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READ_SIZE = 4096
# How long output nobody reads is kept before it is thrown away, as a port without flow control does.
PATIENCE_S = 2.0
# A pty discards what its other side has not read when it closes; this is the longest we wait for the reader.
DRAIN_S = 0.5
POLL_S = 0.005
SPLIT_PAUSE_S = 0.002
# A serial line sends a start bit, eight of the byte and a stop bit; its receiver hands over a FIFO at a time.
BITS_PER_BYTE = 10
FIFO = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How bytes travel to the computer: in pieces of `chunk` bytes (None: whole), each followed by `delay_s` seconds.

    `urcs` puts an unrelated unsolicited line before every line of an answer and before every prompt. With `baud`, bytes
    need the time of a serial line of that speed, in both directions at once; what a modem has written at a `Stage` may
    still be on its way then. None: they need none.
    """

    chunk: int | None = None
    delay_s: float = 0.0
    urcs: bool = False
    baud: int | None = None

    def __post_init__(self) -> None:
        if self.baud is not None and self.baud < 1:
            raise ValueError(f"baud {self.baud!r}: a line has at least 1 bit a second, or None for no limit")

    @property
    def piece(self) -> int | None:
        """How many bytes come together at most."""
        return self.chunk or (None if self.baud is None else FIFO)

    def seconds(self, octets: int) -> float:
        """Say how long so many bytes are on their way."""
        return octets * BITS_PER_BYTE / self.baud if self.baud else 0.0


WHOLE = Line()
BYTES = Line(chunk=1)
SLOW = Line(chunk=8, delay_s=0.002)
URCS = Line(urcs=True)


class PtyHost:
    """A pty that can be unplugged and plugged in again; `received` gets what the computer writes."""

    def __init__(self, link: Path, line: Line, received: Callable[[bytes], None]) -> None:
        self.link = link
        self.device = ""
        self._line = line
        self._received = received
        self._master = -1
        self._slave = -1
        self._outbox: deque[bytes] = deque()
        self._outward_free_at = self._inward_free_at = 0.0  # when the last byte of each direction has passed
        self._arriving: deque[asyncio.TimerHandle] = deque()
        self._ready = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closings: set[asyncio.Task[None]] = set()

    @property
    def is_plugged(self) -> bool:
        return self._master >= 0

    @property
    def is_heard(self) -> bool:
        """Tell whether the computer has read everything."""
        return not (self.backlog or (self.is_plugged and _unread(self._slave)))

    @property
    def backlog(self) -> int:
        """Count the items that are still to be written."""
        return len(self._outbox)

    def plug(self) -> None:
        """Open a new pty and point the symlink at it; does nothing when one is open."""
        if self.is_plugged:
            return
        # Our own descriptor of the other side keeps the pty alive while no program has it open.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._outbox.clear()
        self._point_link()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._master, self._on_readable)
        self._writer = loop.create_task(self._write_all(self._master))

    def unplug(self) -> None:
        """Remove the symlink and close the pty as soon as its reader has what was already written."""
        if not self.is_plugged:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        self._lose_arriving()
        self._remove_link()
        if self._writer is not None:
            self._writer.cancel()
        closing = loop.create_task(_close_drained(self._master, self._slave))
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)
        self._master = self._slave = -1

    async def close(self) -> None:
        """Write what is still to be written, unplug, and wait until the pty is closed."""
        await _until(lambda: not (self.backlog and self.is_plugged))
        writer = self._writer
        self.unplug()
        await asyncio.gather(*self._closings, *([writer] if writer else []), return_exceptions=True)

    def write(self, items: list[bytes]) -> None:
        """Queue bytes for the computer; a pause separates the items."""
        if self.is_plugged:
            if not self._outbox:
                self._outward_free_at = max(self._outward_free_at, _now())
            self._outbox.extend(items)
            self._ready.set()

    def flush(self) -> None:
        """Write at once and without pauses what is queued, as far as the port takes it and the line has no speed."""
        while self.is_plugged and self._line.baud is None and self._outbox and self._write_piece():
            pass

    def lose_input(self) -> None:
        """Lose what the computer has written and was not received yet."""
        if self.is_plugged:
            termios.tcflush(self._master, termios.TCIFLUSH)
            self._lose_arriving()

    def _lose_arriving(self) -> None:
        while self._arriving:
            self._arriving.popleft().cancel()

    def _point_link(self) -> None:
        temporary = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.device)
        temporary.replace(self.link)

    def _remove_link(self) -> None:
        # Another simulation may have taken the name over: only our own link goes.
        with contextlib.suppress(OSError):
            if os.readlink(self.link) == self.device:
                self.link.unlink()

    def _on_readable(self) -> None:
        try:
            data = os.read(self._master, READ_SIZE)
        except OSError:
            return
        # Our descriptor keeps the pty open, so a program's TIOCEXCL would outlive it and lock out the next one.
        fcntl.ioctl(self._slave, termios.TIOCNXCL)
        if self._line.baud is None:
            self._received(data)
        else:
            self._let_arrive(data)

    def _let_arrive(self, data: bytes) -> None:
        # Reckoned from the end of the byte before, never from when a timer came round: that is always a little late.
        self._inward_free_at = max(self._inward_free_at, _now())
        for start in range(0, len(data), FIFO):
            piece = data[start : start + FIFO]
            self._inward_free_at += self._line.seconds(len(piece))
            self._arriving.append(asyncio.get_running_loop().call_at(self._inward_free_at, self._arrive, piece))

    def _arrive(self, piece: bytes) -> None:
        self._arriving.popleft()
        self._received(piece)

    async def _write_all(self, master: int) -> None:
        while True:
            self._ready.clear()
            while self._outbox:
                items = len(self._outbox)
                await self._have_passed(len(self._outbox[0][: self._line.piece]))
                if not self._write_piece():
                    if not await _writable(master):
                        self._outbox.clear()
                    self._outward_free_at = max(self._outward_free_at, _now())
                is_over = len(self._outbox) < items
                await asyncio.sleep(self._line.delay_s)
                self._outward_free_at += self._line.delay_s
                # A line with a speed parts them by itself.
                if is_over and self._outbox and self._line.baud is None:
                    await asyncio.sleep(SPLIT_PAUSE_S)
            await self._ready.wait()

    async def _have_passed(self, octets: int) -> None:
        if self._line.baud is not None:
            self._outward_free_at += self._line.seconds(octets)
            await asyncio.sleep(self._outward_free_at - _now())

    def _write_piece(self) -> bool:
        """Write the next piece of the first item; False if the port takes nothing more."""
        piece = self._outbox[0][: self._line.piece]
        try:
            written = os.write(self._master, piece)
        except BlockingIOError:
            return False
        if rest := self._outbox.popleft()[written:]:
            self._outbox.appendleft(rest)
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _writable(descriptor: int) -> bool:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_writer(descriptor)
    return True


def _unread(slave: int) -> int:
    # What was written arrives a moment later. Unless something is there, to poll waits for it; to count does not.
    poll = select.poll()
    poll.register(slave, select.POLLIN)
    poll.poll(0)
    return int(struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, b"\0\0\0\0"))[0])


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(int(DRAIN_S / POLL_S)):
        if done():
            return
        await asyncio.sleep(POLL_S)


async def _close_drained(master: int, slave: int) -> None:
    try:
        await _until(lambda: not _unread(slave))
    finally:
        os.close(slave)
        os.close(master)
