"""What passes over the wire, on its two ways: line by line into the log, and byte by byte onto the tape.

The log shows no PIN and, unless wanted, no message text; the tape holds everything, and leaves the memory only masked
(`redaction`).
"""

import logging
import re

from smsgw import log
from smsgw.at.commands import Command
from smsgw.at.engine import MAX_STRING
from smsgw.at.ussd import PREFIX, is_whole
from smsgw.modem.tape import Direction, Tape

_HEX = re.compile(r"[0-9A-Fa-f]{20,}")
_TAIL_LIMIT = 4096


class WireTrace:
    """Writes to the logger `smsgw.wire` at DEBUG; `texts` shows PDUs, which contain message texts, as they are."""

    def __init__(self, modem: str, *, texts: bool = False) -> None:
        self.tape = Tape()
        self._switch = logging.getLogger(log.WIRE)
        self._log = log.get(log.WIRE).bind(modem=modem)
        self._texts = texts
        self._secret = False
        self._tail = ""
        self._said = ""  # of a USSD string that has not ended yet

    def opened(self, address: str) -> None:
        """Begin a session."""
        self.tape.clear()
        self.tape.add(Direction.EVENT, f"opened {address}".encode())

    def lost(self, reason: str) -> None:
        """Record that the port is gone."""
        self.tape.add(Direction.EVENT, f"lost {reason}".encode())

    def sent(self, command: Command) -> None:
        """Record a command line."""
        self.tape.add(Direction.WROTE, command.wire, command)
        self._secret = command.secret
        self._log.debug("→", line=command.shown)

    def wrote(self, data: bytes) -> None:
        """Record a body or a control character."""
        self.tape.add(Direction.WROTE, data)
        self._log.debug("→", line=self._shown(_readable(data)))

    def received(self, data: bytes) -> None:
        """Record what the modem wrote; in the log by whole lines: a PDU cut in two could not be recognised."""
        self.tape.add(Direction.HEARD, data)
        if not self._switch.isEnabledFor(logging.DEBUG):
            return
        *lines, tail = re.split(r"[\r\n]", self._tail + data.decode("latin-1").replace("\0", ""))
        if tail.strip() == ">":
            lines, tail = [*lines, tail], ""
        self._tail = tail[-_TAIL_LIMIT:]
        for line in lines:
            if line.strip():
                self._log.debug("←", line=self._shown(self._unsaid(_readable(line.strip().encode("latin-1")))))

    def _unsaid(self, line: str) -> str:
        """Leave out what the network says, which may run over several lines."""
        if self._texts or not (self._said or line.startswith(PREFIX)):
            return line
        shown = "[text]" if self._said else re.sub('".*', "[text]", line)
        said = f"{self._said}\n{line}" if self._said else line
        self._said = "" if is_whole(said) or len(said) > MAX_STRING else said
        return shown

    def _shown(self, line: str) -> str:
        if self._secret and "ERROR" not in line:
            return re.sub(r"[0-9]", "*", line)  # an echo of the PIN, perhaps with holes
        return line if self._texts else _HEX.sub(lambda found: f"[{len(found[0]) // 2} octets]", line)


def _readable(data: bytes) -> str:
    return data.replace(b"\x1a", b"^Z").replace(b"\x1b", b"^[").decode("utf-8", "backslashreplace")
