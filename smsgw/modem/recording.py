"""A recording as text: a head that says what it is of, then a line for every chunk. Pure, and readable by people.

A line has the seconds since the first one, the time of day, who said it, and what, with everything but printable ASCII
escaped: `\\r`, `\\n`, `\\\\`, and `\\x1a` for any other byte, a blank at the end included.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from smsgw.modem.tape import Chunk

FIRST_LINE = "smsgw recording 1"  # the number is that of the format
_HEAD = """\
{first}
# modem {modem}, written {written}
# {reason}
# seconds, time (UTC), > from the gateway, < from the modem, ! what happened to the line; then the bytes
# Numbers, texts and PINs are masked; lengths are true.
"""
_ESCAPES = {0x0D: r"\r", 0x0A: r"\n", 0x5C: r"\\"}


def compose(chunks: Sequence[Chunk], *, modem: str, reason: str, written: float) -> str:
    """Return the text of a recording; `written` is Unix time in seconds."""
    reason = " ".join(reason.split())
    head = _HEAD.format(first=FIRST_LINE, modem=modem, written=_time(written), reason=reason)
    start = chunks[0].at if chunks else 0.0
    return head + "".join(
        f"{chunk.at - start:11.6f} {_time(chunk.wall)} {chunk.direction} {escape(chunk.data)}\n" for chunk in chunks
    )


def escape(data: bytes) -> str:
    """Return bytes as one line of ASCII that says all of them."""
    text = "".join(_ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in data)
    return f"{text[:-1]}\\x20" if text.endswith(" ") else text


def _time(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
