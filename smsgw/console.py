"""A person or a script at a modem's port while the gateway is stopped, and what the gateway has recorded of a modem.

Knows lines and final results; what a command means is the operator's business, except where it cannot be undone. Keeps
no history, so that no PIN stays anywhere.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from smsgw.at.engine import CTRL_Z, ESC
from smsgw.at.events import Final, read_final
from smsgw.at.risks import risk_of
from smsgw.config import Config, ModemConfig
from smsgw.modem.finder import Finder, ModemMissing
from smsgw.modem.pace import Pace
from smsgw.modem.port import Port, PortError, open_port
from smsgw.modem.recordings import folder_beside, latest
from smsgw.store.lock import is_held
from smsgw.store.place import place_of

QUIET_S = 0.2  # this long a silence means that the modem has finished
QUIET_LIMIT_S = 2.0
_READ = 4_096
_LONGEST_LINE = 4_096
_ODD = re.compile(r"[^\t -~\u00a0-\U0010ffff]")  # what could command the terminal instead of the reader
_YES = "yes"


class ConsoleError(Exception):
    """The console cannot do what it was asked for; the text says why."""


def run(config: Config, name: str, *, shows_recording: bool, forced: bool, limit_s: float) -> bool:
    """Do what the command line asks for; tells whether that went well, and says on standard error what did not."""
    try:
        if shows_recording:
            _print_recording(config, name)
            return True
        return asyncio.run(_converse(config, name, forced=forced, limit_s=limit_s))
    except ConsoleError as error:
        print(f"smsgw: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    return False


def _print_recording(config: Config, name: str) -> None:
    _modem(config, name)
    folder = folder_beside(place_of(config.store.path))
    path = latest(folder, name)
    if path is None:
        raise ConsoleError(f"there is no recording of {name} in {folder}: nothing has gone wrong with it yet")
    print(path, file=sys.stderr)
    print(path.read_text(encoding="ascii"), end="")


async def _converse(config: Config, name: str, *, forced: bool, limit_s: float) -> bool:
    """Let standard input talk to a modem; a script's commands wait for their answers, `limit_s` seconds each."""
    modem = _modem(config, name)
    _refuse_if_running(place_of(config.store.path))
    try:
        async with _talking(modem) as talk, _typed() as lines:
            if sys.stdin.isatty():
                print(f"{name}. Ctrl-D ends.", file=sys.stderr)
                await _Person(talk, lines).run()
                return True
            return await _Script(talk, lines, forced, limit_s).run()
    except PortError as error:
        raise ConsoleError(error.strerror) from error


def _modem(config: Config, name: str) -> ModemConfig:
    lines = [line for modem in config.modems for line in modem.lines()]
    for line in lines:
        if line.name == name:
            return line
    known = ", ".join(line.name for line in lines) or "none"
    raise ConsoleError(f"there is no modem {name!r} in the configuration; there are: {known}")


def _refuse_if_running(database: Path) -> None:
    if is_held(database):
        raise ConsoleError(
            "the gateway is running, and the modems are its own: stop it first (sudo systemctl stop smsgw); "
            "what it has recorded of a modem is shown with --recording"
        )


# ── both ends ──


class _Talk:
    """The modem's end: prints what it says, by whole lines, and knows whether it is answering."""

    def __init__(self, port: Port, show: Callable[[str], None]) -> None:
        self.is_prompting = False
        self._port = port
        self._show = show
        self._tail = ""
        self._command: str | None = None
        self._final: Final | None = None
        self._lost: PortError | None = None
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._last_byte = self._loop.time()
        port.listen(self._hear, self._lose)

    def command(self, line: str) -> None:
        """Send a command line."""
        self._command, self._final, self.is_prompting = line.strip(), None, False
        self._port.write(line.encode("utf-8", "replace") + b"\r")

    def body(self, text: str) -> None:
        """Send what the modem has prompted for; an empty one leaves the prompt."""
        self.is_prompting = False
        self._port.write(text.encode("utf-8", "replace") + CTRL_Z if text else ESC)

    async def settled(self) -> Final | None:
        """Wait for the final result, or a prompt, which is None; raises `PortError`."""
        while self._final is None and not self.is_prompting:
            await self._wait()
        return self._final

    async def lost(self) -> None:
        """Wait until the port is gone, and raise the `PortError` that says so."""
        while True:
            await self._wait()

    async def calm_down(self) -> None:
        """Leave a prompt, perhaps one that somebody else has left open, and wait for silence."""
        self._port.write(ESC)
        self.is_prompting = False
        began = self._last_byte = self._loop.time()
        while (left := self._last_byte + QUIET_S - self._loop.time()) > 0:
            if self._loop.time() - began > QUIET_LIMIT_S:
                return
            await asyncio.sleep(left)

    async def _wait(self) -> None:
        if self._lost is not None:
            raise self._lost
        self._news.clear()
        await self._news.wait()

    def _hear(self, data: bytes) -> None:
        self._last_byte = self._loop.time()
        *lines, self._tail = re.split(r"[\r\n]", self._tail + data.decode("utf-8", "replace"))
        self._tail = self._tail[-_LONGEST_LINE:]
        for line in lines:
            self._take(line.strip(" \0"))
        if self._command is not None and self._tail.strip() == ">":
            self._tail, self.is_prompting = "", True
            self._show("> (the modem asks for a body: a line sends it, an empty one leaves)")
        self._news.set()

    def _take(self, line: str) -> None:
        if not line or line == self._command:
            return  # an echo
        self._show(_ODD.sub("�", line))
        if self._command is not None and (final := self._read_final(line)) is not None:
            self._command, self._final = None, final

    def _read_final(self, line: str) -> Final | None:
        return read_final(line, dials=(self._command or "").upper().startswith("ATD"))

    def _lose(self, error: PortError) -> None:
        self._lost = error
        self._news.set()


async def _port_of(modem: ModemConfig) -> str:
    try:
        return await Finder(Pace()).find(modem.imei, modem.baud)
    except ModemMissing as error:
        raise ConsoleError(str(error)) from error


@asynccontextmanager
async def _talking(modem: ModemConfig) -> AsyncIterator[_Talk]:
    port = await open_port(modem.port or await _port_of(modem), modem.baud)
    try:
        talk = _Talk(port, lambda line: print(line, flush=True))
        await talk.calm_down()
        try:
            yield talk
        finally:
            with suppress(PortError):
                await talk.calm_down()
    finally:
        await port.close()


@asynccontextmanager
async def _typed() -> AsyncIterator["asyncio.Queue[str | None]"]:
    """The lines of standard input, and None at its end. What a terminal does to a line being typed is its business."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    descriptor = sys.stdin.fileno()
    loop = asyncio.get_running_loop()
    begun = b""

    def read() -> None:
        nonlocal begun
        data = os.read(descriptor, _READ)
        *ended, begun = (begun + data).split(b"\n")
        for line in [*ended, begun] if begun and not data else ended:
            lines.put_nowait(line.decode("utf-8", "replace"))
        if not data:
            loop.remove_reader(descriptor)
            lines.put_nowait(None)

    try:
        loop.add_reader(descriptor, read)
    except PermissionError:  # a file is always readable, and nobody tells of it
        for line in sys.stdin.read().splitlines():
            lines.put_nowait(line)
        lines.put_nowait(None)
    try:
        yield lines
    finally:
        loop.remove_reader(descriptor)


class _Person:
    """Somebody at a terminal, who may type at any time and sees everything as it comes."""

    def __init__(self, talk: _Talk, lines: "asyncio.Queue[str | None]") -> None:
        self._talk = talk
        self._lines = lines
        self._asked: str | None = None  # a command that waits for a yes

    async def run(self) -> None:
        """Go on until the end of the input; raises `PortError` once the port is gone."""
        lost = asyncio.create_task(self._talk.lost())
        typing = asyncio.create_task(self._type())
        try:
            await asyncio.wait({lost, typing}, return_when=asyncio.FIRST_COMPLETED)
            await (typing if typing.done() else lost)
        finally:
            lost.cancel()
            typing.cancel()

    async def _type(self) -> None:
        while (line := await self._lines.get()) is not None:
            asked, self._asked = self._asked, None
            if asked is not None:
                if line.strip().lower() == _YES:
                    self._talk.command(asked)
            elif self._talk.is_prompting:
                self._talk.body(line)
            elif (risk := risk_of(line)) is not None:
                self._asked = line
                print(f"This {risk}. Type {_YES} to send it all the same.", file=sys.stderr)
            else:
                self._talk.command(line)


class _Script:
    """Lines from a file or a pipe, one after the other."""

    def __init__(self, talk: _Talk, lines: "asyncio.Queue[str | None]", forced: bool, limit_s: float) -> None:
        self._talk = talk
        self._lines = lines
        self._forced = forced
        self._limit_s = limit_s

    async def run(self) -> bool:
        """Tell whether all went well; nothing is sent after a command that was not answered."""
        is_well = True
        while (line := await self._lines.get()) is not None:
            if self._talk.is_prompting:
                self._talk.body(line)
            elif not line.strip():
                continue
            elif (risk := risk_of(line)) is not None and not self._forced:
                print(f"smsgw: {line.partition('=')[0]} {risk}; it is sent only with --force", file=sys.stderr)
                is_well = False
                continue
            else:
                self._talk.command(line)
            try:
                async with asyncio.timeout(self._limit_s):
                    final = await self._talk.settled()
            except TimeoutError:
                print(f"smsgw: no answer within {self._limit_s:g} s", file=sys.stderr)
                return False
            is_well = is_well and (final is None or final.ok)
        return is_well and not self._talk.is_prompting
