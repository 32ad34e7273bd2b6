"""USSD on the wire: the commands, and the line `+CUSD`, whose string may run over several lines (27.007 §7.15).

Knows the quotes around a string; how its characters are coded is decided elsewhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from smsgw.at.commands import SIM_S, Command, plain
from smsgw.at.replies import ReplyError, tail

PREFIX = "+CUSD:"
REQUEST_S = 60.0  # some modems say OK only behind the answer of the network

_END = re.compile(r'"\s*(,\s*[0-9]{0,3}\s*)?')
_BEGIN = re.compile(r"\+CUSD:\s*([0-5])\s*(?:,|$)")


class UssdKind(IntEnum):
    """What the network wants, as numbered in 27.007 §7.15."""

    FINAL = 0  # nothing more
    NEEDS_REPLY = 1  # a reply
    TERMINATED = 2  # it has ended the session
    OTHER_CLIENT = 3  # another program has answered
    NOT_SUPPORTED = 4  # the network does not know such a thing
    TIMED_OUT = 5  # nobody has answered in time


@dataclass(frozen=True, slots=True, kw_only=True)
class UssdLine:
    """One `+CUSD`: its string as it came, which may be missing, and its data coding scheme."""

    kind: UssdKind
    string: str
    data_coding: int | None


def request(string: str, data_coding: int) -> Command:
    """Send a string to the network, which may answer before the final result or after it.

    The line is secret: there are codes that are worth money. `ValueError` for a string that would end the quotes.
    """
    if not string.isascii() or not string.isprintable() or '"' in string:
        raise ValueError("a string is printable ASCII without quotes: anything else goes as hex digits")
    line = f'AT+CUSD=1,"{string}",{data_coding}'
    return Command(line=line, prefixes=(PREFIX,), timeout_s=REQUEST_S, sufficient=PREFIX, secret=True)


def end_session() -> Command:
    """End the session with the network, if there is one."""
    return plain("AT+CUSD=2", timeout_s=SIM_S)


def ask_character_set() -> Command:
    """Ask in which character set strings are written (27.007 §5.5)."""
    return Command(line="AT+CSCS?", prefixes=("+CSCS:",))


def character_set(lines: Sequence[str]) -> str:
    """Read the name of the character set, such as `GSM` or `UCS2`; raises `ReplyError`."""
    return tail("+CSCS:", lines, "the character set").strip('"').upper()


def is_whole(line: str) -> bool:
    """Tell whether no more of a line is to come: it is no `+CUSD`, has no string, or the quote that closes it.

    A quote at the end of a line may belong to the text, unless the coding is behind it; then those before it tell.
    """
    opening, quote, string = line.partition('"')
    if not quote or not opening.startswith(PREFIX):
        return True
    start = string.rfind('"')
    if start < 0 or (end := _END.fullmatch(string[start:])) is None:
        return False
    return end[1] is not None or string.count('"') % 2 == 1


def read(line: str) -> UssdLine:
    """Read a `+CUSD`; raises `ReplyError`, which does not repeat what the network has said."""
    found = _BEGIN.match(line)
    if found is None:
        raise ReplyError("what the network says", [PREFIX])
    string, coding = _parted(line[found.end() :].strip())
    return UssdLine(kind=UssdKind(int(found[1])), string=string, data_coding=int(coding) if coding else None)


def _parted(text: str) -> tuple[str, str]:
    """Part the string from the digits of its coding; the quotes may be missing, the last one with what follows it."""
    string, comma, coding = text.rpartition(",")
    coding = coding.strip()
    if not comma or not re.fullmatch("[0-9]{0,3}", coding):
        string, coding = text, ""
    return string.strip().removeprefix('"').removesuffix('"'), coding
