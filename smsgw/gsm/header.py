"""The user data header: information elements in front of the text (3GPP TS 23.040 §9.2.3.24).

Knows the elements this gateway acts on and steps over all others; knows nothing of the text behind them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class _Element(IntEnum):
    """Information element identifier (§9.2.3.24)."""

    CONCATENATION_8 = 0x00  # reference in one octet
    MESSAGE_WAITING = 0x01  # special SMS message indication
    PORTS_8 = 0x04  # application ports, one octet each
    PORTS_16 = 0x05  # application ports, two octets each
    CONCATENATION_16 = 0x08  # reference in two octets
    SINGLE_SHIFT = 0x24  # national language, extension table
    LOCKING_SHIFT = 0x25  # national language, base table


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenation:
    """Place of a part in its message (§9.2.3.24.1, .8); raises ValueError for a place that cannot be."""

    reference: int
    total: int
    number: int  # from 1
    width: int = 8  # bits of the reference: 8 or 16

    def __post_init__(self) -> None:
        if self.width not in (8, 16) or not 0 <= self.reference < 1 << self.width:
            raise ValueError(
                f"concatenation reference {self.reference} in {self.width} bits; 8 hold 0–255, 16 hold 0–65535"
            )
        if not 1 <= self.number <= self.total <= 255:
            raise ValueError(f"part {self.number} of {self.total}; parts are numbered from 1 to at most 255")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Application ports (§9.2.3.24.3–4): the message is for a program, not for a person."""

    destination: int
    source: int


class WaitingKind(StrEnum):
    """What waits for the subscriber elsewhere (§9.2.3.24.2)."""

    VOICE = "voice"  # voice mail
    FAX = "fax"  # fax
    EMAIL = "email"  # electronic mail
    OTHER = "other"  # anything else


WAITING_KINDS = tuple(WaitingKind)  # in the order of their codes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWaiting:
    """A lamp to switch on or off: something waits, or no longer does (§9.2.3.24.2, TS 23.038 §4)."""

    kind: WaitingKind
    active: bool
    count: int | None  # how many, where told
    stored: bool  # whether the message itself is to be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The elements of one header, in the order received; where one repeats, the last valid one counts (§9.2.3.24)."""

    elements: tuple[tuple[int, bytes], ...] = ()

    @property
    def concatenation(self) -> Concatenation | None:
        """Place in a message of several parts; None for one alone, or where the place cannot be."""
        for identifier, data in reversed(self.elements):
            size = _REFERENCE_OCTETS.get(identifier)
            if size is None or len(data) != size + 2:
                continue
            total, number = data[size:]
            if total > 1 and 1 <= number <= total:
                reference = int.from_bytes(data[:size], "big")
                return Concatenation(reference=reference, total=total, number=number, width=8 * size)
        return None

    @property
    def ports(self) -> Ports | None:
        """Application ports, if the message is for a program."""
        for identifier, data in reversed(self.elements):
            size = _PORT_OCTETS.get(identifier)
            if size is not None and len(data) == 2 * size:
                return Ports(destination=int.from_bytes(data[:size], "big"), source=int.from_bytes(data[size:], "big"))
        return None

    @property
    def waiting(self) -> tuple[MessageWaiting, ...]:
        """All indications of waiting messages; each kind may have its own."""
        return tuple(
            MessageWaiting(
                kind=WAITING_KINDS[data[0] & 3], active=data[1] > 0, count=data[1], stored=bool(data[0] & 0x80)
            )
            for identifier, data in self.elements
            if identifier == _Element.MESSAGE_WAITING and len(data) == 2
        )

    @property
    def single_shift(self) -> int:
        """Language identifier of the extension table, 0 = default."""
        return self._language(_Element.SINGLE_SHIFT)

    @property
    def locking_shift(self) -> int:
        """Language identifier of the base table, 0 = default."""
        return self._language(_Element.LOCKING_SHIFT)

    def _language(self, wanted: _Element) -> int:
        found = [data[0] for identifier, data in self.elements if identifier == wanted and len(data) == 1]
        return found[-1] if found else 0


_REFERENCE_OCTETS: dict[int, int] = {_Element.CONCATENATION_8: 1, _Element.CONCATENATION_16: 2}
_PORT_OCTETS: dict[int, int] = {_Element.PORTS_8: 1, _Element.PORTS_16: 2}


def encode_header(concatenation: Concatenation) -> bytes:
    """Return a whole header, its length first, that holds nothing but the place of a part."""
    size = concatenation.width // 8
    element = _Element.CONCATENATION_8 if size == 1 else _Element.CONCATENATION_16
    reference = concatenation.reference.to_bytes(size, "big")
    data = reference + bytes([concatenation.total, concatenation.number])
    return bytes([len(data) + 2, element, len(data)]) + data


def decode_header(octets: bytes) -> Header:
    """Read the elements of a header given without its length; stops where one claims more than there is."""
    return Header(elements=tuple(_elements(octets)))


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 2 <= len(octets):
        identifier, length = octets[position : position + 2]
        position += 2 + length
        if position <= len(octets):
            yield identifier, octets[position - length : position]
