"""A program at the other end of a virtual modem's pty: raw descriptors and deadlines, nothing of the gateway."""

import asyncio
import os
import re
import termios
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

DEADLINE_S = 5.0
POLL_S = 0.002
FINAL = rb"\r\n(OK|ERROR|\+CM[ES] ERROR:[^\r\n]*)\r\n"
PROMPT = b"\r\n> "
INIT = ("ATE0", "ATV1", "AT+CMEE=1", "AT+CMGF=0", 'AT+CPMS="ME","ME","ME"', "AT+CNMI=2,1,0,1,0")

# One text to +447700900123 that asks for a report, 23 octets of TPDU, and one that asks for none.
HELLO = "0031000C914477000910320000A70AE8329BFD4697D9EC37"
UNREPORTED = "0011000C914477000910320000A70AE8329BFD4697D9EC37"


class Client:
    """Whatever was read and not yet asked for stays in `unread`."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.unread = b""
        self.is_hung_up = False
        self._news = asyncio.Event()
        self.listen()

    def listen(self) -> None:
        asyncio.get_running_loop().add_reader(self.descriptor, self.take_in)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self.descriptor)
        os.close(self.descriptor)

    def take_in(self) -> None:
        """Read what is on the line at this moment."""
        try:
            data = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.is_hung_up = True
            asyncio.get_running_loop().remove_reader(self.descriptor)
        self.unread += data
        self._news.set()

    async def _take(self, length: Callable[[bytes], int]) -> bytes:
        try:
            async with asyncio.timeout(DEADLINE_S):
                while (taken := length(self.unread)) == 0:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain; what came is {self.unread!r}") from None
        data, self.unread = self.unread[:taken], self.unread[taken:]
        return data

    async def until(self, enough: Callable[[bytes], bool]) -> bytes:
        """Wait for bytes that are enough and take all there are."""
        return await self._take(lambda data: len(data) if enough(data) else 0)

    async def through(self, pattern: bytes) -> bytes:
        """Take everything up to the end of a regular expression's first match."""
        return await self._take(lambda data: found.end() if (found := re.search(pattern, data)) else 0)

    async def until_hung_up(self) -> None:
        await eventually(lambda: self.is_hung_up)

    def write(self, data: bytes) -> None:
        assert os.write(self.descriptor, data) == len(data)

    async def ask(self, command: str) -> bytes:
        """Send one command and give everything up to its final result."""
        self.write(command.encode() + b"\r")
        return await self.through(FINAL)

    async def begin(self, *commands: str) -> None:
        """Initialise the modem as a gateway does."""
        for command in commands or INIT:
            assert (await self.ask(command)).endswith(b"\r\nOK\r\n"), command

    async def open_prompt(self, octets: int) -> bytes:
        self.write(f"AT+CMGS={octets}\r".encode())
        return await self.through(PROMPT)

    async def send(self, pdu: str = HELLO) -> bytes:
        """Send a PDU and give everything up to the final result."""
        await self.open_prompt(len(pdu) // 2 - 1)
        self.write(pdu.encode() + b"\x1a")
        return await self.through(FINAL)

    def discard_input(self) -> None:
        termios.tcflush(self.descriptor, termios.TCIFLUSH)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most as long as the deadline."""
    for _ in range(int(DEADLINE_S / POLL_S)):
        if condition():
            return
        await asyncio.sleep(POLL_S)
    raise AssertionError("waited in vain for a condition")


def submit(text: str, *, header: str = "", first_octet: int = 0x31) -> str:
    """Write a UCS2 SMS-SUBMIT to +447700900123, with a user data header given as hex."""
    body = bytes.fromhex(header) + text.encode("utf-16-be")
    first_octet |= 0x40 if header else 0
    return f"00{first_octet:02X}000C914477000910320008A7{len(body):02X}{body.hex().upper()}"
