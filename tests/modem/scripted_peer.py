"""A modem at the far end of a real pty that says what the test tells it to, and remembers what it was told."""

import asyncio
import os
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from smsgw.modem.pace import Pace

PACE = Pace.hurried(0.05, limit_factor=0.2, open_s=5.0, probe_s=1.0, pin_polls=8)
IMPATIENT = Pace.hurried(0.05, limit_factor=0.01, open_s=5.0, probe_s=0.1, probes=5)

Answer = str | bytes | Callable[[], str | bytes]


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for is at the far end of a pty and rings no bell)
            await asyncio.sleep(0.002)


def framed(*lines: str) -> str:
    return "".join(f"\r\n{line}\r\n" for line in lines)


class Peer:
    """Answers commands from `answers`, any other with ERROR; prompts for a submission and then says `result`."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)
        self.answers: dict[str, Answer] = {"AT": framed("OK"), "ATE0": framed("OK")}
        self.prompt: str | None = "\r\n> "
        self.result: Answer = framed("+CMGS: 64", "OK")
        self.escape: str = framed("OK")
        self.commands: list[str] = []
        self.bodies: list[str] = []
        self.escapes = 0
        self._buffer = b""
        self._prompting = False
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def say(self, *lines: str) -> None:
        """Print lines unasked."""
        self.write(framed(*lines))

    def write(self, data: str | bytes) -> None:
        os.write(self._master, data.encode() if isinstance(data, str) else data)

    def hang(self) -> None:
        """Read nothing any more."""
        asyncio.get_running_loop().remove_reader(self._master)

    def unplug(self) -> None:
        """Vanish as a device does when it is pulled out."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        self.unplug()
        os.close(self._slave)

    def _read(self) -> None:
        try:
            self._buffer += os.read(self._master, 65536)
        except OSError:
            return
        while self._buffer:
            if self._buffer.startswith(b"\x1b"):
                self._buffer = self._buffer[1:]
                self._escaped()
            elif not self._take():
                return

    def _take(self) -> bool:
        end = b"\x1a" if self._prompting else b"\r"
        text, found, self._buffer = self._buffer.partition(end)
        if not found:
            self._buffer = text
            if b"\x1b" in text:
                self._buffer = text[text.index(b"\x1b") :]
                return True
            return False
        if self._prompting:
            self._prompting = False
            self.bodies.append(text.decode())
            self._answer(self.result)
        elif text.strip():
            self._command(text.decode().strip())
        return True

    def _command(self, command: str) -> None:
        self.commands.append(command)
        if command.startswith("AT+CMGS=") and command not in self.answers:
            self._prompting = self.prompt is not None
            self._answer(self.prompt or "")
        else:
            self._answer(self.answers.get(command, framed("ERROR")))

    def _escaped(self) -> None:
        self.escapes += 1
        if self._prompting or (self.commands and self.commands[-1].startswith("AT+CMGS=")):
            self._prompting = False
            self._answer(self.escape)

    def _answer(self, answer: Answer) -> None:
        said = answer() if callable(answer) else answer
        if said and self._master >= 0:
            self.write(said)


def in_turn(*answers: str) -> Callable[[], str]:
    """Give one answer after the other; the last one for ever."""
    left = list(answers)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def plugged_in() -> Iterator[Peer]:
    peer = Peer()
    try:
        yield peer
    finally:
        peer.close()
