"""The serial line as the modem sees it: bytes in, command lines and PDU bodies out, results and URCs back (V.250 §5).

Sans-IO: knows no commands and no pty. One command at a time; what arrives while one runs waits in a bounded buffer.
"""

import itertools
from collections import deque
from collections.abc import Callable
from enum import Enum

from simmodem.profiles import Profile
from simmodem.stages import UNSOLICITED, Stage

CTRL_Z, ESC, CR, LF, BACKSPACE = 0x1A, 0x1B, 0x0D, 0x0A, 0x08
LINE_LIMIT = 1024
TYPE_AHEAD_LIMIT = 4096

# V.250 §5.7.1, table 1: what ATV0 prints instead of the words.
RESULT_DIGITS = {
    "OK": "0", "CONNECT": "1", "RING": "2", "NO CARRIER": "3", "ERROR": "4",
    "NO DIALTONE": "6", "BUSY": "7", "NO ANSWER": "8",
}  # fmt: skip

# Lines that modems print at any moment and that concern no SMS.
UNRELATED_URCS = ("^RSSI:17", "+CIEV: 2,4", "+CTZV: +12", '^HCSQ:"LTE",46,43,121,24', "RING")


class Mode(Enum):
    COMMAND = "command"  # collects a command line
    BODY = "body"  # the prompt is out; collects a PDU until Ctrl-Z
    BUSY = "busy"  # a command runs; input waits
    OFF = "off"  # no power, booting or hung: input is lost, nothing is written


class Terminal:
    """One line. `on_line` gets each command line, `on_body` what followed a prompt (None after ESC).

    `on_stage` is called at every stage that the dialogue reaches.
    """

    def __init__(self, profile: Profile, *, noise: bool = False) -> None:
        self.profile = profile
        self.on_line: Callable[[str], None] = lambda line: None
        self.on_body: Callable[[str | None], None] = lambda body: None
        self.on_stage: Callable[[Stage], None] = lambda stage: None
        self._noise = itertools.cycle(UNRELATED_URCS) if noise else None
        self._chatter = itertools.cycle(profile.chatter) if profile.chatter else None
        self.on_final: Callable[[], None] = lambda: None
        # Unsolicited lines to put before the coming lines of answers; None leaves one line alone.
        self.interjections: deque[tuple[str, ...] | None] = deque()
        self._input = bytearray()
        self._pumping = False
        self._output: list[bytes] = []
        self._half_body = 0
        self.power_on()

    def power_on(self) -> None:
        """Start as after a reset: echo and result format as the profile has them, nothing collected."""
        self.mode = Mode.COMMAND
        self.echo = self.profile.echo
        self.verbose = True
        self.quiet = False
        self.chatters = True
        self._collected = bytearray()
        self._input.clear()
        self._held: list[tuple[str, ...]] = []

    def power_off(self) -> None:
        """Fall silent at once; what was not yet taken from the output is still written."""
        self.mode = Mode.OFF
        self._input.clear()
        self._collected.clear()
        self._held.clear()

    # ── input ────────────────────────────────────────────────────────────────────────────────────────────────────

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        if self.mode is Mode.OFF:
            return
        self._input += data[: TYPE_AHEAD_LIMIT - len(self._input)] if self.mode is Mode.BUSY else data
        self._pump()

    def lose_input(self) -> None:
        """Lose what has come and was not looked at yet."""
        self._input.clear()

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._input and self.mode in (Mode.COMMAND, Mode.BODY):
                byte = self._input.pop(0)
                self._body_byte(byte) if self.mode is Mode.BODY else self._command_byte(byte)
        finally:
            self._pumping = False

    def _command_byte(self, byte: int) -> None:
        if byte == ESC:
            return
        if self.echo:
            self._write(bytes([byte]))
        if byte == CR:
            line = self._collected.decode("latin-1")
            self._collected.clear()
            self._run(line)
        elif byte == BACKSPACE:
            del self._collected[-1:]
        elif byte != LF and len(self._collected) < LINE_LIMIT:
            self._collected.append(byte)

    def _run(self, line: str) -> None:
        # V.250 §5.2.1: whatever stands before the AT is ignored.
        start = line.upper().find("AT")
        if start < 0:
            self._release()
            return
        self.mode = Mode.BUSY
        self.on_line(line[start + 2 :].strip())

    def _body_byte(self, byte: int) -> None:
        if byte == ESC:
            self._leave_body(None)
        elif byte == CTRL_Z:
            self._leave_body(self._collected.decode("latin-1"))
        else:
            if self.echo:
                self._write(bytes([byte]))
            if len(self._collected) < LINE_LIMIT:
                self._collected.append(byte)
                if len(self._collected) == self._half_body:
                    self.on_stage(Stage.HALF_PDU)

    def _leave_body(self, body: str | None) -> None:
        self._collected.clear()
        self.mode = Mode.BUSY
        self._release()
        self.on_body(body)

    # ── output ───────────────────────────────────────────────────────────────────────────────────────────────────

    def take_output(self) -> list[bytes]:
        """Take what is to be written; a pause belongs between two items."""
        output, self._output = self._output, []
        return output

    def prompt(self, octets: int) -> None:
        """Ask for a body of so many octets (TS 27.005 §4.3: CR LF > space)."""
        self._insert_noise()
        self._collected.clear()
        prompt = self.profile.prompt.encode()
        if self.profile.split_prompt:
            for piece in prompt.partition(b">"):
                self._write(piece, apart=True)
            self._output.append(b"")
        else:
            self._write(prompt)
        self.mode = Mode.BODY
        self._half_body = octets  # an octet is two characters
        self.on_stage(Stage.PROMPT)

    def info(self, line: str, *, continues: bool = False) -> None:
        """Write one line of an answer; only the first has an empty one before it (V.250 §5.7.1)."""
        self._insert_noise()
        self._write_line(line, continues)

    def final(self, result: str) -> None:
        """Write the final result and take the next command."""
        self._insert_noise()
        if self.quiet:
            pass
        elif self.verbose:
            self._write_line(result, False)
        else:
            self._write(f"{RESULT_DIGITS.get(result, result)}\r".encode())
        self.on_final()
        self.drop()

    def drop(self) -> None:
        """Take the next command without having written a final result."""
        self.mode = Mode.COMMAND
        self._release()
        self._pump()

    def urc(self, *lines: str) -> None:
        """Write an unsolicited result of one line, or of a header and a PDU, as soon as no line is being typed."""
        self._held.append(lines)
        self._release()

    def _release(self) -> None:
        if self.mode is Mode.OFF:
            self._held.clear()
        if self.mode is Mode.BODY or self._collected:
            return
        held, self._held = self._held, []
        for lines in held:
            self._write_urc(lines)

    def _insert_noise(self) -> None:
        if self._noise is not None:
            self._write_urc((next(self._noise),))
        if self._chatter is not None and self.chatters:
            self._write_urc((next(self._chatter),))
        if self.interjections and (lines := self.interjections.popleft()):
            self._write_urc(lines)

    def _write_urc(self, lines: tuple[str, ...]) -> None:
        stages = UNSOLICITED.get(lines[0].partition(":")[0], ())
        for place, line in enumerate(lines):
            self._write_line(line, place > 0)
            if place < len(stages):
                self.on_stage(stages[place])

    def _write_line(self, line: str, continues: bool) -> None:
        ending = b"\n" if self.profile.bare_lf else b"\r" * self.profile.extra_crs + b"\r\n"
        opening = ending if self.verbose and not continues else b""
        self._write(opening + line.encode("latin-1", "replace") + ending)

    def _write(self, data: bytes, *, apart: bool = False) -> None:
        if self.mode is Mode.OFF:
            return
        if self._output and not apart:
            self._output[-1] += data
        else:
            self._output.append(data)
