"""What received TPDUs have to do with each other: which repeats which, which make one message, and what that says.

A message of several parts is known by its sender, its reference and how many parts it has. References come round again,
and some senders have only one: of two messages with the same, a part belongs to the one it was sent nearest to.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from smsgw.gsm import text
from smsgw.gsm.pdu import Content, Deliver, PduError, decode, identity
from smsgw.gsm.text import Encoding
from smsgw.model import Arrival, InboundKind, Indication

_HOUR_MS = 3_600_000
# How long a message waits for its parts, from the first that came.
PATIENCE_MS = 24 * _HOUR_MS
# Without a time of its own, what is the same may be sent again one day.
_REPEATS_FOR_MS = 48 * _HOUR_MS
# What was sent further apart is not one message, whatever its reference.
_ONE_MESSAGE_MS = 24 * _HOUR_MS

_FINGERPRINT_OCTETS = 16
# TP-PID, §9.2.3.9: takes the place of an earlier message of the same sender with the same number.
_REPLACE_TYPES = range(0x41, 0x48)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A TPDU as it came, and what it says; time in Unix milliseconds."""

    pdu: bytes
    at: int
    deliver: Deliver | None  # None where it makes no sense

    @property
    def is_for_people(self) -> bool:
        """Whether somebody is meant to see it; what makes no sense may be."""
        return self.deliver is None or self.deliver.is_for_people

    @property
    def sent_at(self) -> int | None:
        """When the service centre took it."""
        moment = self.deliver.service_centre_time if self.deliver else None
        return None if moment is None else int(moment.timestamp() * 1_000)

    @cached_property
    def series(self) -> str | None:
        """What the parts of one message have in common; None for a message of one part."""
        if self.deliver is None or self.deliver.content.concatenation is None:
            return None
        place = self.deliver.content.concatenation
        return f"{place.width}/{place.reference}/{place.total}/{self.deliver.sender}"

    @property
    def number(self) -> int:
        """Its place in its message, from 1."""
        place = self.deliver.content.concatenation if self.deliver else None
        return place.number if place else 1

    @cached_property
    def fingerprint(self) -> bytes:
        """What it is known by when it comes again: sender, time and all that it says."""
        known_by = self.pdu if self.deliver is None else identity(self.pdu)
        return hashlib.sha256(known_by).digest()[:_FINGERPRINT_OCTETS]

    @property
    def repeats_since(self) -> int:
        """From when on the same is a repeat of it, rather than sent again."""
        is_timed = self.deliver is None or self.sent_at is not None
        return 0 if is_timed else self.at - _REPEATS_FOR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """A message of several parts that are coming in, by their numbers."""

    row: int
    parts: Mapping[int, Received]

    def is_whole_with(self, part: Received) -> bool:
        """Tell whether no other part is missing."""
        return not _missing({**self.parts, part.number: part})


def read_tpdu(pdu: bytes, at: int) -> Received:
    """Read what a modem has received, whatever it is."""
    try:
        decoded = decode(pdu)
    except PduError:
        decoded = None
    return Received(pdu=pdu, at=at, deliver=decoded if isinstance(decoded, Deliver) else None)


def unread_tpdu(pdu: bytes, at: int) -> Received:
    """Take what a modem has received as something that makes no sense."""
    return Received(pdu=pdu, at=at, deliver=None)


def place_for(part: Received, gatherings: Sequence[Gathering]) -> Gathering | None:
    """Choose the message that a part belongs to, of those with its series; None where no one lacks it."""
    lacking = [one for one in _near(part, gatherings) if part.number not in one.parts]
    return min(lacking, key=lambda one: _apart_ms(part, one), default=None)


def is_spare(part: Received, gatherings: Sequence[Gathering]) -> bool:
    """Tell whether a part says what another has said in its place."""
    others = (one.parts.get(part.number) for one in _near(part, gatherings))
    return any(other is not None and _says(other) == _says(part) for other in others)


def compose(parts: Mapping[int, Received]) -> Arrival:
    """Make a message of its parts; each that is missing leaves a mark in its place."""
    delivered = {number: part.deliver for number, part in sorted(parts.items()) if part.deliver is not None}
    if not delivered:
        (only,) = parts.values()
        return Arrival(kind=InboundKind.UNREADABLE, text="", data=only.pdu, sender="", sent_at=None)
    first = next(iter(delivered.values()))
    contents = {number: one.content for number, one in delivered.items()}
    is_text = all(content.encoding is not Encoding.DATA for content in contents.values())
    times = (parts[number].sent_at for number in contents)
    ports = (content.ports.destination for content in contents.values() if content.ports)
    return Arrival(
        kind=InboundKind.TEXT if is_text else InboundKind.BINARY,
        text=_text(contents) if is_text else "",
        data=None if is_text else b"".join(content.octets for content in contents.values()),
        sender=first.sender,
        sent_at=next((time for time in times if time is not None), None),
        is_flash=any(content.flash for content in contents.values()),
        missing=_missing(parts),
        indications=_indications(first.content),
        port=next(ports, None),
        replaces=first.protocol_id if first.protocol_id in _REPLACE_TYPES else None,
    )


def _near(part: Received, gatherings: Sequence[Gathering]) -> list[Gathering]:
    return [one for one in gatherings if _apart_ms(part, one) <= _ONE_MESSAGE_MS]


def _apart_ms(part: Received, gathering: Gathering) -> int:
    return min(abs(_stamp(part) - _stamp(other)) for other in gathering.parts.values())


def _stamp(part: Received) -> int:
    return part.at if part.sent_at is None else part.sent_at


def _says(part: Received) -> tuple[object, ...]:
    content = part.deliver.content if part.deliver else None
    return (content.data_coding, content.text, content.octets) if content else (part.pdu,)


def _total(content: Content) -> int:
    return content.concatenation.total if content.concatenation else 1


def _missing(parts: Mapping[int, Received]) -> tuple[int, ...]:
    deliver = next(iter(parts.values())).deliver
    total = _total(deliver.content) if deliver else 1
    return tuple(number for number in range(1, total + 1) if number not in parts)


def _text(contents: Mapping[int, Content]) -> str:
    total = _total(next(iter(contents.values())))
    # Parts side by side are decoded together: some senders cut a character in two.
    runs = groupby(range(1, total + 1), key=contents.__contains__)
    return "".join(
        text.join(contents[number] for number in run)
        if are_there
        else "".join(f"[{number}/{total} missing]" for number in run)
        for are_there, run in runs
    )


def _indications(content: Content) -> tuple[Indication, ...]:
    return tuple(Indication(what=one.kind.value, is_active=one.active, count=one.count) for one in content.waiting)
