"""The line engine: bytes from the modem in, events out; commands in, bytes for the modem out. Sans-IO.

Knows framing (V.250 §5.7), prompts (27.005 §3.5.1) and whose line is whose; knows neither time nor what answers mean.
One command is in flight at most. A line is routed in this order: the final result; the prefixes this command declared;
the table of unsolicited lines; lines without prefix if this command takes them; the PDU of something received, whose
header went to a program that was killed before this one, unless hex digits may be the echo of a body; everything else
is noise.

The string of a `+CUSD` may run over several lines (27.007 §7.15); they are one line here, with line feeds in it. Where
its end does not come within MAX_STRING characters, or before the owner has lost patience (`end_string`), what was held
back is routed as any other lines.

Resynchronisation: NULs are dropped, any run of CR and LF ends a line. A line of more than MAX_LINE bytes is dropped up
to its end, an answer of more than MAX_LINES lines is cut there. A command that is given up (`abandon`) leaves the
engine adrift: whatever comes is noise or unsolicited, until the owner has seen silence and calls `resume`.
"""

import re
from collections.abc import Callable
from enum import Enum

from smsgw.at.commands import Command
from smsgw.at.events import Done, Event, Final, Noise, Prompt, Settled, Urc, read_final
from smsgw.at.urcs import announces_pdu, is_registration_urc, is_urc
from smsgw.at.ussd import is_whole

MAX_LINE = 4096  # a whole +COPS=? listing; a PDU line is 350
MAX_NOISE = 2  # unknown lines between the header of an indication and its PDU
MAX_STRING = 1024  # in UCS2 the longest is 640 hex digits (TS 24.080 §3.6.1)
MAX_LINES = 1024  # a full store of 255 entries is 510
ESC = b"\x1b"
CTRL_Z = b"\x1a"

_LINE_ENDS = re.compile(rb"[\r\n]")
_BLANK = bytes(range(33)) + b"\x7f"
_PDU = re.compile(r"[0-9A-Fa-f]{24,}")  # longer than any ICCID, shorter than any report
_ADRIFT_HINT = "resume() first: late answers would be taken for those of the next command"


class EngineMisuse(RuntimeError):
    """The engine was asked for something out of turn: a defect of this program."""


class Phase(Enum):
    """Where the dialogue stands."""

    IDLE = "idle"  # no command in flight
    AWAITING_PROMPT = "awaiting prompt"  # the command wants a body, the modem has not asked for it
    PROMPTED = "prompted"  # the modem waits for the body
    AWAITING_RESULT = "awaiting result"  # everything is written
    ADRIFT = "adrift"  # a command was given up, its answer may still come


class Engine:
    """One AT dialogue. `is_received` tells the whole PDU of something received from other hex digits."""

    def __init__(self, is_received: Callable[[str], bool] = lambda digits: False) -> None:
        self._is_received = is_received
        self._phase = Phase.IDLE
        self._command: Command | None = None
        self._tail = b""
        self._skipping = False
        self._lines: list[str] = []
        self._string: list[str] = []
        self._urc_header: str | None = None
        self._noise_in_header = 0
        self._answer_wants_pdu = False
        self._settled = False
        self._aborted = False

    @property
    def phase(self) -> Phase:
        """Where the dialogue stands."""
        return self._phase

    def send(self, command: Command) -> bytes:
        """Start `command` and return the bytes to write; raises `EngineMisuse` unless the engine is idle."""
        self._require(Phase.IDLE)
        self._command, self._lines = command, []
        self._settled = self._aborted = self._answer_wants_pdu = False
        self._phase = Phase.AWAITING_RESULT if command.body is None else Phase.AWAITING_PROMPT
        return command.wire

    def send_body(self) -> bytes:
        """Return the body and the Ctrl-Z that ends it; raises `EngineMisuse` unless the modem has prompted."""
        self._require(Phase.PROMPTED)
        assert self._command is not None
        assert self._command.body is not None
        self._phase = Phase.AWAITING_RESULT
        return self._command.body + CTRL_Z

    def abort(self) -> bytes:
        """Return the ESC that leaves a prompt; from here on a bare `OK` ends the command and means: nothing sent."""
        self._require(Phase.AWAITING_PROMPT, Phase.PROMPTED)
        self._phase, self._aborted = Phase.AWAITING_RESULT, True
        return ESC

    def abandon(self) -> None:
        """Give up the command in flight, if any; the engine is adrift until `resume`."""
        self._phase, self._command = Phase.ADRIFT, None

    def resume(self) -> None:
        """Trust the line again: the owner has seen it silent. An unfinished line is forgotten."""
        self._require(Phase.ADRIFT)
        self._phase, self._tail, self._skipping, self._urc_header = Phase.IDLE, b"", False, None
        self._string = []

    def receive(self, data: bytes) -> list[Event]:
        """Take what the modem wrote, in pieces of any size, and return what it amounts to, in order. Never raises."""
        events: list[Event] = []
        *ended, tail = _LINE_ENDS.split(self._tail + data.replace(b"\0", b""))
        for raw in ended:
            self._take_raw(raw, events)
        self._tail = tail if self._skipping else self._strip_prompt(tail, events)
        if len(self._tail) > MAX_LINE:
            self._tail, self._skipping = b"", True
        return events

    @property
    def is_mid_string(self) -> bool:
        """Tell whether the end of a string has not come yet."""
        return bool(self._string)

    def end_string(self) -> list[Event]:
        """Wait no longer for the end of a string, and return what the lines so far amount to."""
        lines, self._string = self._string, []
        return [event for line in lines for event in self._route(line)]

    def _require(self, *phases: Phase) -> None:
        if self._phase not in phases:
            hint = _ADRIFT_HINT if self._phase is Phase.ADRIFT else f"expected {' or '.join(p.value for p in phases)}"
            raise EngineMisuse(f"the dialogue is {self._phase.value}: {hint}")

    def _take_raw(self, raw: bytes, events: list[Event]) -> None:
        if self._skipping or len(raw) > MAX_LINE:
            self._skipping = False
            events.append(Noise(line=f"a line of more than {MAX_LINE} bytes"))
            return
        line = self._strip_prompt(raw, events).strip(_BLANK).decode("utf-8", "replace")
        if line:
            events.extend(self._route_whole(line))

    def _route_whole(self, line: str) -> list[Event]:
        """Route a line, unless more of it is to come."""
        if self._string and line.startswith("+") and is_urc(line):
            return [*self.end_string(), *self._route_whole(line)]  # no text has such a line: the end of it got lost
        if not self._string and is_whole(line):
            return self._route(line)
        self._string.append(line)
        whole = "\n".join(self._string)
        if len(whole) > MAX_STRING:
            return self.end_string()
        if not is_whole(whole):
            return []
        self._string = []
        return self._route(whole)

    def _strip_prompt(self, raw: bytes, events: list[Event]) -> bytes:
        """A prompt has no line end, so an error behind it shares its line."""
        if self._phase is Phase.AWAITING_PROMPT and raw.strip(_BLANK).startswith(b">"):
            self._phase = Phase.PROMPTED
            events.append(Prompt())
            return raw.lstrip(_BLANK)[1:]
        return raw

    def _route(self, line: str) -> list[Event]:
        command = self._command
        if command is not None:
            if line == command.line:
                return []
            if final := read_final(line, dials=command.dials):
                return self._end(command, final)
        if _PDU.fullmatch(line) and (owned := self._take_pdu(line)) is not None:
            return owned
        if command is not None and self._is_answer(command, line):
            return self._keep(command, line)
        if is_urc(line):
            return self._take_urc(line)
        if command is not None and self._is_bare_answer(command, line):
            return self._keep(command, line)
        if self._is_orphan(line):
            return [Urc(line="", pdu=line)]
        return [*self._lose_patience(), Noise(line=line)]

    def _end(self, command: Command, final: Final) -> list[Event]:
        if final.ok and not self._is_proved(command):
            return [Noise(line=final.line)]  # the late OK of something else
        self._phase, self._command = Phase.IDLE, None
        return [Done(final=final, lines=tuple(self._lines))]

    def _is_proved(self, command: Command) -> bool:
        """An `OK` ends a submission only after its reference, or after our own ESC: then it means that nothing left."""
        if command.body is None or self._aborted:
            return True
        return self._phase is Phase.AWAITING_RESULT and (command.required is None or self._settled)

    def _take_pdu(self, line: str) -> list[Event] | None:
        """Whoever announced a PDU last gets it: a report may stand between the header and the PDU of a listing."""
        if self._urc_header is not None:
            header, self._urc_header = self._urc_header, None
            return [Urc(line=header, pdu=line)]
        if self._answer_wants_pdu:
            self._answer_wants_pdu = False
            self._lines.append(line)
            return []
        return None

    def _is_answer(self, command: Command, line: str) -> bool:
        if self._phase is not Phase.AWAITING_RESULT and command.body is not None:
            return False  # nothing was submitted yet: this belongs to an earlier command
        return line.startswith(command.prefixes) and not is_registration_urc(line)

    def _is_bare_answer(self, command: Command, line: str) -> bool:
        # Without flow control an echo may come back with holes.
        # A line with somebody's prefix is not an answer without one.
        return (
            command.bare
            and line[0] not in "+^#!*$%"
            and not (line.startswith("AT") and line[2:3] in "+^#*!EV")
            and line not in command.line
        )

    def _keep(self, command: Command, line: str) -> list[Event]:
        if len(self._lines) >= MAX_LINES:
            return [Noise(line=line)]
        # The next PDU is for this line; a report still waiting for its own has lost it.
        events = self._close_header() if command.pdus else []
        self._lines.append(line)
        self._answer_wants_pdu = command.pdus
        if command.sufficient is not None and line.startswith(command.sufficient):
            self._settled = True
            events.append(Settled(lines=tuple(self._lines)))
        return events

    def _is_orphan(self, line: str) -> bool:
        """While a body is on its way its echo may come back with holes, and look like anything."""
        is_echo = self._command is not None and self._command.body is not None
        return not is_echo and _PDU.fullmatch(line) is not None and self._is_received(line)

    def _lose_patience(self) -> list[Event]:
        """A line of nobody's may stand between a header and its PDU, but not any number of them."""
        self._noise_in_header += 1
        return self._close_header() if self._noise_in_header > MAX_NOISE else []

    def _take_urc(self, line: str) -> list[Event]:
        if not announces_pdu(line):
            return [Urc(line=line, pdu=None)]
        events = self._close_header()
        self._urc_header, self._noise_in_header = line, 0
        return events

    def _close_header(self) -> list[Event]:
        """A header whose PDU never came is still news: something has arrived that must be looked for in the store."""
        header, self._urc_header = self._urc_header, None
        return [] if header is None else [Urc(line=header, pdu=None)]
