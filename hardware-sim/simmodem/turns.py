"""A recording as turns: something the gateway wrote, the modem's answer to it, and what the modem said after that.

Knows how commands compare and where an answer ends (V.250 §5.7, TS 27.005 §3.5.1); knows neither time nor ports.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from simmodem.recording import Entry, Who

CR, CTRL_Z, ESC = b"\r", b"\x1a", b"\x1b"
LOST = b"lost"  # an event: the port is gone

_FINAL = re.compile(rb"(?:^|[\r\n])(?:OK|ERROR|\+CM[ES] ERROR[^\r\n]*|COMMAND NOT SUPPORT|[04])\r\n?")
_PROMPT = re.compile(rb"(?:^|[\r\n])> ?")
_COMMAND = re.compile(r"AT([^A-Z0-9]?[A-Z0-9]*)(=\?|\?|=|)(.*)")
# What these are given differs from one dialogue to the next: lengths, places, a PIN, a mark that is drawn by lot.
_FREE = {"+CMGS", "+CMGW", "+CMSS", "+CMGR", "+CMGD", "+CPIN", "+CUSD", "+CSIM", "S10"}
_SUBMISSIONS = {("+CMGS", "="), ("+CMGW", "="), ("+CMSS", "=")}


class Kind(Enum):
    START = auto()  # the port was opened
    COMMAND = auto()
    BODY = auto()  # what follows a prompt, with its Ctrl-Z
    ESCAPE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the modem said `after_s` seconds after the last that anybody said; None is the loss of the port."""

    after_s: float
    data: bytes | None


@dataclass(slots=True, kw_only=True)
class Turn:
    """One turn; `number` is the line in the recording where it begins."""

    number: int
    kind: Kind
    text: str = ""
    answer: list[Said] = field(default_factory=list)
    news: list[Said] = field(default_factory=list)
    _heard: bytes = b""
    is_answered: bool = False

    @property
    def prompts(self) -> bool:
        """Tell whether the modem asked for a body."""
        return self.kind is Kind.COMMAND and _PROMPT.search(self._heard) is not None

    @property
    def may_be_skipped(self) -> bool:
        """Tell whether nothing is lost when a gateway leaves it out: it is no part of a message on its way out."""
        return self.kind is not Kind.BODY and not is_submission(self.text)

    def answers_to(self, kind: Kind, text: str) -> bool:
        """Tell whether this is what was recorded for what a gateway writes now; bodies are not compared."""
        return self.kind is kind and (kind is not Kind.COMMAND or _essence(self.text) == _essence(text))

    def hear(self, data: bytes, after_s: float) -> None:
        """Take what the modem said next; what comes after the end of the answer is news."""
        if self.is_answered or self.kind is Kind.START:
            self.news.append(Said(after_s=after_s, data=data))
            return
        before = len(self._heard)
        self._heard += data
        end = self._end()
        self.is_answered = end is not None
        cut = len(data) if end is None else end - before
        self.answer.append(Said(after_s=after_s, data=data[:cut]))
        if data[cut:]:
            self.news.append(Said(after_s=0.0, data=data[cut:]))

    def _end(self) -> int | None:
        found = _FINAL.search(self._heard)
        if found is None and self.kind is Kind.COMMAND:
            found = _PROMPT.search(self._heard)
        return None if found is None else found.end()


def is_submission(line: str) -> bool:
    """Tell whether a command sends a message, or begins to."""
    return _essence(line)[:2] in _SUBMISSIONS


def _essence(line: str) -> tuple[str, str, str]:
    """Name, form and parameters, as far as they matter."""
    plain = re.sub(r'[\s"]', "", line.upper())
    match = _COMMAND.fullmatch(plain)
    if match is None:
        return plain, "", ""
    name, form, parameters = match.groups()
    return name, form, "" if name in _FREE else parameters


def turns_of(entries: Sequence[Entry]) -> list[Turn]:
    """Put a recording into turns; the first one is the opening of the port."""
    turns = [Turn(number=entries[0].number if entries else 1, kind=Kind.START)]
    last = entries[0].at if entries else 0.0
    for entry in entries:
        after_s, last = max(0.0, entry.at - last), entry.at
        if entry.who is Who.MODEM:
            turns[-1].hear(entry.data, after_s)
        elif entry.who is Who.GATEWAY:
            turns += [Turn(number=entry.number, kind=kind, text=text) for kind, text in written(entry.data)]
        elif entry.data.startswith(LOST):
            turns[-1].news.append(Said(after_s=after_s, data=None))
    return turns


def written(data: bytes) -> list[tuple[Kind, str]]:
    """Tell what a gateway has written in one go; a CR alone is nothing."""
    text = data.decode("latin-1")
    if data == ESC:
        return [(Kind.ESCAPE, "")]
    if data.endswith(CTRL_Z):
        return [(Kind.BODY, text[:-1])]
    return [(Kind.COMMAND, text.strip())] if text.strip() else []
