"""From a text to parts that each fit one short message, and back (3GPP TS 23.040 §9.2.3.24.1).

Knows how much room a part has; knows nothing of how a TPDU is laid out. A part never ends inside an escape pair or a
surrogate pair, and where it costs only a few characters not inside what a reader sees as one character either.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Protocol

from smsgw.gsm import alphabet

MAX_PARTS = 255

# Longer than any emoji sequence in use; a longer pile of combining marks is cut like any other text.
_LOOK_BACK = 32
_ZERO_WIDTH_JOINER = "\u200d"
_VIRAMA = 9  # combining class of the signs that tie two Indic consonants together


class Encoding(StrEnum):
    """How the user data of a message is coded."""

    GSM7 = "gsm7"  # GSM 7-bit default alphabet with its extension
    UCS2 = "ucs2"  # big-endian UTF-16, as handsets read what the standard calls UCS2
    DATA = "data"  # octets that are no text: binary, or compressed


# Units of room in a message that travels alone, and in a part with an 8-bit concatenation header: septets, code units.
_ROOM_ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_ROOM_IN_PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}


class LoneSurrogate(ValueError):
    """The text has half a surrogate pair, which no encoding can carry."""

    def __init__(self, text: str, position: int) -> None:
        self.position = position
        super().__init__(
            f"character {position + 1} is U+{ord(text[position]):04X}, half of a surrogate pair; send whole characters"
        )


class TextTooLong(ValueError):
    """The text needs more parts than a message can have."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        super().__init__(f"the text needs {parts} parts and a message has at most {MAX_PARTS}; shorten it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of text that fits one part, and its coding: GSM7 or UCS2."""

    encoding: Encoding
    text: str


class ReceivedPart(Protocol):
    """What `join` needs to know of a part."""

    @property
    def encoding(self) -> Encoding: ...
    @property
    def text(self) -> str | None: ...
    @property
    def octets(self) -> bytes: ...


def choose_encoding(text: str) -> Encoding:
    """Return GSM7 if the whole text fits that alphabet, otherwise UCS2; raises LoneSurrogate."""
    if alphabet.is_encodable(text):
        return Encoding.GSM7
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise LoneSurrogate(text, error.start) from None
    return Encoding.UCS2


def split(text: str) -> tuple[Segment, ...]:
    """Cut a text into 1 to 255 segments of one coding: 160 septets or 70 code units alone, 153 or 67 in parts.

    An empty text is one empty segment. Raises TextTooLong, LoneSurrogate. TS 23.040 §9.2.3.24.1.
    """
    encoding = choose_encoding(text)
    length = _LENGTH[encoding]
    if _fitting(text, 0, length, _ROOM_ALONE[encoding]) == len(text):
        return (Segment(encoding=encoding, text=text),)
    pieces = tuple(_cut(text, length, _ROOM_IN_PART[encoding]))
    if len(pieces) > MAX_PARTS:
        raise TextTooLong(len(pieces))
    return tuple(Segment(encoding=encoding, text=piece) for piece in pieces)


def join(parts: Iterable[ReceivedPart]) -> str:
    """Return the text of received parts, given in order; data parts have none.

    Some senders cut UTF-16 anywhere, so neighbouring UCS2 parts are put together before they are decoded.
    """
    return "".join(
        _join_utf16([part.octets for part in run])
        if encoding is Encoding.UCS2
        else "".join(part.text or "" for part in run)
        for encoding, run in groupby(parts, key=lambda part: part.encoding)
    )


def decode_utf16(octets: bytes) -> str:
    """Decode big-endian UTF-16; what is broken in it becomes U+FFFD."""
    return octets.decode("utf-16-be", "replace")


def _join_utf16(pieces: list[bytes]) -> str:
    whole = b"".join(pieces)
    # An odd sum means a stray octet somewhere: it must not shift every character after it.
    return "".join(map(decode_utf16, pieces)) if len(whole) % 2 else decode_utf16(whole)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-be")) // 2


_LENGTH: dict[Encoding, Callable[[str], int]] = {Encoding.GSM7: alphabet.length, Encoding.UCS2: _utf16_units}


def _cut(text: str, length: Callable[[str], int], room: int) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = _boundary(text, start, _fitting(text, start, length, room))
        yield text[start:end]
        start = end


def _fitting(text: str, start: int, length: Callable[[str], int], room: int) -> int:
    """Return the position after the last character that fits `room` units from `start` on."""
    end = min(start + room, len(text))
    while (excess := length(text[start:end]) - room) > 0:
        end -= (excess + 1) // 2  # no character takes more than two
    return end


def _boundary(text: str, start: int, end: int) -> int:
    """Move a cut at `end` back to the nearest place between two visible characters, if one is near."""
    if end == len(text):
        return end
    for cut in range(end, max(start, end - _LOOK_BACK), -1):
        if not _clings(text, start, cut):
            return cut
    return end


def _clings(text: str, start: int, position: int) -> bool:
    """Tell whether the character at `position` is shown as one with those before it (the main rules of UAX #29)."""
    character = text[position]
    return (
        unicodedata.category(character).startswith("M")
        or character == _ZERO_WIDTH_JOINER
        or text[position - 1] == _ZERO_WIDTH_JOINER
        or unicodedata.combining(text[position - 1]) == _VIRAMA
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags, as in the flag of Scotland
        or (_is_regional(character) and _regional_before(text, start, position) % 2 == 1)
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regional_before(text: str, start: int, position: int) -> int:
    """Count the regional indicators right before `position`: two of them make a flag."""
    first = position
    while first > start and _is_regional(text[first - 1]):
        first -= 1
    return position - first
