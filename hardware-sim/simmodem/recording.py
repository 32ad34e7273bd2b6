"""Reads what a gateway has recorded of its dialogue with a modem: who said what, when, and in which line that stands.

A line is `seconds time > bytes`, with `<` for the modem and `!` for what happened to the line; bytes that are not
printable ASCII are escaped as `\\r`, `\\n`, `\\\\` and `\\x1a`. Lines that begin with `#` are for people.
"""

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

FIRST_LINE = "smsgw recording 1"

_ENTRY = re.compile(r"\s*([0-9]+\.[0-9]+) (\S+) ([<>!]) ([ -~]*)")
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.?)")
_NAMED = {"r": "\r", "n": "\n", "\\": "\\"}


class RecordingError(ValueError):
    """The file is no recording; the text says where and why."""


class Who(Enum):
    GATEWAY = ">"
    MODEM = "<"
    NOBODY = "!"  # something happened to the line


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was said in one go, at so many seconds; `number` is that of the line in the file."""

    number: int
    at: float
    who: Who
    data: bytes


def read(path: Path) -> list[Entry]:
    """Read a recording; raises RecordingError and OSError."""
    return parse(path.read_text(encoding="ascii", errors="replace"))


def parse(text: str) -> list[Entry]:
    """Read the text of a recording; raises RecordingError."""
    lines = text.split("\n")
    if lines[0].strip() != FIRST_LINE:
        raise RecordingError(f"this is no recording: it would begin with {FIRST_LINE!r}")
    return [
        _entry(number, line) for number, line in enumerate(lines[1:], 2) if line.strip() and not line.startswith("#")
    ]


def _entry(number: int, line: str) -> Entry:
    match = _ENTRY.fullmatch(line.removesuffix("\r"))
    if match is None:
        raise RecordingError(f"line {number} is none of a recording: seconds, time, one of < > !, bytes")
    try:
        return Entry(number=number, at=float(match[1]), who=Who(match[3]), data=_unescape(match[4]))
    except KeyError as error:
        raise RecordingError(f"line {number}: \\{error.args[0]} escapes nothing") from None


def _unescape(text: str) -> bytes:
    def plain(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if code[:1] == "x" and len(code) == 3 else _NAMED[code]

    return _ESCAPE.sub(plain, text).encode("latin-1")
