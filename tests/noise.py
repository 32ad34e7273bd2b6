"""A serial line that lies: a pty between a virtual modem and the gateway, and bytes that no modem would say there."""

import asyncio
import contextlib
import os
import random
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

READ_SIZE = 4096
KEPT = 4096  # of what was said lately, to be said again in another place

REPORT = "079144770009909906400C91447700091032623010214365806230102153208000"
MESSAGE = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"

HEADERS = (
    "+CDS: 25",
    "+CDS: ,25",
    "+CDS:",
    "+CMT: ,29",
    '+CMT: "x",29',
    "+CMT:",
    "+CBM: 88",
    "+CMGL: 1,1,,29",
    "+CMGR: 0,,29",
)
# None of them tells that a message was sent or refused.
LINES = (
    *HEADERS, '+CMTI: "SM",1', '+CMTI: "ME",999', '+CMTI: "', "+CMTI: 5", '+CDSI: "SR",3', '+CDSI: "SM",-1', "+CDSI:",
    "+CREG: 2", '+CREG: 5,"00C3', "+CREG: ,", "+CEREG: 9,9,9", "+CGREG:",
    "+CMG", "+CMGS", "CMGS: 5", "+CMGS 5", "+CMGL: x,y,,z", "+CMGL:", "+CMGR:", "+CSQ: 99,", "+CSQ:", "+COPS: 0,0,\"",
    '+CRSM: 144,0,"', "+CRSM: 999", "+CNMI: 9", "+CPMS: ,,,", '+CPMS: "SM",1', "+CBC: ,", "^RSSI:5", "^BOOT:1,0,0,0,7",
    "^SMMEMFULL", '+CIEV: "smsfull",1', "+SMS FULL", "+CFUN: 1", "SMS Ready", "RING", "COMMAND",
    "NO CARRIER", "AT", "ATE0", "AT+CMGS=23", ">", "> >", "0", "1", "OK OK", "OKAY", "+CUSD: 0,\"", "%", "\x1b", "\x1a",
)  # fmt: skip
UPSETS = ("RDY", "POWERED DOWN", "+CPIN: NOT READY", "+CPIN: NOT INSERTED", "OK", "\r\nOK\r\n\r\nOK")
REFERENCES = ("+CMGS: 5", '+CMGS: 255,"', "+CMGS: 64\r\n\r\nOK", "+CMGS:", "+CMGS: 999")


class Noise:
    """Bytes by chance, the same for the same seed. `references` allows lines that say that a message was sent."""

    def __init__(self, seed: int, *, references: bool) -> None:
        self.chance = random.Random(seed)
        self._kinds: list[Callable[[bytes], bytes]] = [
            self._anything, self._endless, self._hex, self._again, self._text, self._nuls, self._prompt, self._line,
            self._handed_over,
        ]  # fmt: skip
        self._kinds = [*self._kinds * 4, self._upset]
        if references:
            self._kinds += [self._reference] * 4

    def morsel(self, heard: bytes) -> bytes:
        """Make a little of one kind; `heard` is what was said on the line lately."""
        return self.chance.choice(self._kinds)(heard)

    def burst(self, heard: bytes) -> bytes:
        """Make much of several kinds."""
        return b"".join(self.morsel(heard) for _ in range(self.chance.randint(1, 20)))

    def interrupt(self, data: bytes, heard: bytes) -> bytes:
        """Put a little into the middle of something."""
        place = self.chance.randrange(len(data) + 1)
        return data[:place] + self.morsel(heard) + data[place:]

    def spoil(self, data: bytes) -> bytes:
        """Change a few bytes, lose some or say them twice."""
        spoilt = bytearray(data)
        for _ in range(self.chance.randint(1, 4)):
            place = self.chance.randrange(len(spoilt) + 1)
            match self.chance.randrange(4):
                case 0:
                    spoilt[place : place + 1] = self.chance.randbytes(1)
                case 1:
                    del spoilt[place : place + self.chance.randint(1, 9)]
                case 2:
                    spoilt[place:place] = spoilt[place : place + self.chance.randint(1, 99)]
                case 3:
                    spoilt[place:place] = b"\r\n"
        return bytes(spoilt)

    def _anything(self, heard: bytes) -> bytes:
        return self.chance.randbytes(self.chance.randint(1, 3_000))

    def _endless(self, heard: bytes) -> bytes:
        return self.chance.choice((b"A", b"+CDS: ", b"0791", b"\xff", b"> ")) * self.chance.randint(1, 6_000)

    def _hex(self, heard: bytes) -> bytes:
        return self._framed(self.chance.randbytes(self.chance.randint(1, 600)).hex().upper())

    def _again(self, heard: bytes) -> bytes:
        begin = self.chance.randrange(len(heard) + 1)
        # Nobody can tell a false refusal from a true one, nor what the SIM remembered from what it remembers.
        said = heard[begin : begin + self.chance.randint(1, 400)].replace(b"ERROR", b"ERR0R").replace(b"CRSM", b"CR5M")
        return self.spoil(said)

    def _text(self, heard: bytes) -> bytes:
        written = "Привет 😀 \u2028".encode() * self.chance.randint(1, 9)
        return written[self.chance.randrange(5) : -self.chance.randint(1, 3)]

    def _nuls(self, heard: bytes) -> bytes:
        return b"\0" * self.chance.randint(1, 600)

    def _prompt(self, heard: bytes) -> bytes:
        return self.chance.choice((b"\r\n> ", b">", b"\r\n>", b"> \r\n", b"\n\r> >"))

    def _upset(self, heard: bytes) -> bytes:
        return self._framed(self.chance.choice(UPSETS))

    def _line(self, heard: bytes) -> bytes:
        return self._framed(self.chance.choice(LINES))

    def _reference(self, heard: bytes) -> bytes:
        return self._framed(self.chance.choice(REFERENCES))

    def _handed_over(self, heard: bytes) -> bytes:
        pdu = self.spoil(self.chance.choice((REPORT, MESSAGE)).encode()).decode("latin-1")
        return self._framed(self.chance.choice(HEADERS)) + self._framed(pdu)

    def _framed(self, line: str) -> bytes:
        end = self.chance.choice(("\r\n", "\r\n", "\r", "\n", "\r\r\n"))
        return f"{end}{line}{end}".encode("latin-1")


class HostileLine:
    """Carries bytes both ways between `modem` and `address`; `put` and `change` are for what the gateway hears."""

    def __init__(self, modem: Path) -> None:
        self.noise_said = 0
        self.heard = b""
        self._change: Callable[[bytes], bytes] = bytes
        self._outbox = bytearray()
        self._answered = asyncio.Event()
        self._calm = asyncio.Event()
        self._calm.set()
        self._modem = os.open(modem, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._modem, self._from_modem)
        self._loop.add_reader(self._master, self._from_gateway)

    def close(self) -> None:
        for descriptor in (self._modem, self._master):
            self._loop.remove_reader(descriptor)
        self._loop.remove_writer(self._master)
        for descriptor in (self._modem, self._master, self._slave):
            os.close(descriptor)

    def put(self, noise: bytes) -> None:
        """Say something unasked."""
        self.noise_said += len(noise)
        self._write(noise)

    def change(self, how: Callable[[bytes], bytes]) -> None:
        """Say something else instead of what the modem says next."""
        self._change = how

    async def is_calm(self) -> None:
        """Wait until the gateway has all that was to be said."""
        await self._calm.wait()

    async def has_answered(self, times: int, patience_s: float) -> None:
        """Wait until the modem has said something so many times, unless it says nothing for so long."""
        with contextlib.suppress(TimeoutError):
            for _ in range(times):
                self._answered.clear()
                async with asyncio.timeout(patience_s):
                    await self._answered.wait()

    def _from_modem(self) -> None:
        data = os.read(self._modem, READ_SIZE)
        self._answered.set()
        self.heard = (self.heard + data)[-KEPT:]
        changed, self._change = self._change(data), bytes
        self.noise_said += max(0, len(changed) - len(data))
        self._write(changed)

    def _from_gateway(self) -> None:
        data = os.read(self._master, READ_SIZE)
        self.heard = (self.heard + data)[-KEPT:]
        os.write(self._modem, data)

    def _write(self, data: bytes) -> None:
        self._outbox += data
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._outbox:
                del self._outbox[: os.write(self._master, self._outbox)]
        if self._outbox:
            self._calm.clear()
            self._loop.add_writer(self._master, self._flush)
        else:
            self._loop.remove_writer(self._master)
            self._calm.set()


@contextmanager
def hostile_line(modem: Path) -> Iterator[HostileLine]:
    line = HostileLine(modem)
    try:
        yield line
    finally:
        line.close()
