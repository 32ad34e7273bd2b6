"""Reads the SMS-SUBMIT a gateway hands to its modem (3GPP TS 23.040 §9.2.2.2), strictly.

Whatever the standard does not allow is refused with the reason. Written apart from the gateway's codec, so that
a mistake in one cannot hide in the other. What the network writes is in deliver.py.
"""

from dataclasses import dataclass
from enum import StrEnum

from simmodem import alphabet

NUMERIC = "0123456789*#abc"
INTERNATIONAL, ALPHANUMERIC = 1, 5
INVALID_PDU_PARAMETER = 304
DCS_UNSUPPORTED = 144


class PduError(ValueError):
    """The PDU is not one the standard allows; `cms` is the +CMS ERROR a modem answers with."""

    def __init__(self, reason: str, cms: int = INVALID_PDU_PARAMETER) -> None:
        super().__init__(reason)
        self.cms = cms


class Alphabet(StrEnum):
    GSM7 = "gsm7"  # septets of TS 23.038 §6.2.1
    OCTETS = "8bit"  # data without letters
    UCS2 = "ucs2"  # UTF-16, big endian


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenation:
    """Which part of which message this is (TS 23.040 §9.2.3.24.1 and .8)."""

    reference: int
    total: int
    seq: int
    bits: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """One SMS-SUBMIT as the network reads it (TS 23.040 §9.2.2.2); `text` of 8-bit data is its hex.

    `user_data` is TP-UDL and TP-UD as they stand in it, with a header if `has_header`.
    """

    recipient: str
    text: str
    alphabet: Alphabet
    dcs: int
    pid: int
    wants_report: bool
    concatenation: Concatenation | None
    service_centre: str
    has_header: bool
    user_data: bytes
    pdu: str


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.position = 0

    def take(self, count: int, what: str) -> bytes:
        if self.position + count > len(self.octets):
            raise PduError(f"{what} needs {count} octets at {self.position}, the PDU ends at {len(self.octets)}")
        self.position += count
        return self.octets[self.position - count : self.position]

    def one(self, what: str) -> int:
        return self.take(1, what)[0]

    def rest(self) -> bytes:
        return self.take(len(self.octets) - self.position, "rest")


def octets_of(hexadecimal: str) -> bytes:
    """Read hex strictly: an even number of digits and nothing between them."""
    if len(hexadecimal) % 2 or not all(char in "0123456789abcdefABCDEF" for char in hexadecimal):
        raise PduError(f"{hexadecimal!r} is not pairs of hex digits")
    return bytes.fromhex(hexadecimal)


def service_centre_octets(pdu: bytes) -> int:
    """Count the octets of the service centre address before the TPDU, its length octet included."""
    return 1 + pdu[0] if pdu else 0


def check_length(pdu: str, declared_octets: int) -> None:
    """Compare a PDU with the length its command declared; raises PduError (TS 27.005 §3.1, <length>)."""
    octets = octets_of(pdu)
    tpdu = len(octets) - service_centre_octets(octets)
    if not octets or tpdu != declared_octets:
        raise PduError(f"TPDU of {tpdu} octets, {declared_octets} were declared")


def _digits(octets: bytes, count: int) -> str:
    nibbles = [nibble for octet in octets for nibble in (octet & 0x0F, octet >> 4)]
    if len(nibbles) > count and nibbles[count] != 0x0F:
        raise PduError(f"an odd number of digits must be padded with F, not {nibbles[count]:X}")
    if 0x0F in nibbles[:count]:
        raise PduError(f"a fill digit stands inside the {count} digits of an address")
    return "".join(NUMERIC[nibble] for nibble in nibbles[:count])


def _with_plus(toa: int, digits: str) -> str:
    if not toa & 0x80:
        raise PduError(f"type of address {toa:02X} lacks its top bit")
    return "+" + digits if (toa >> 4) & 7 == INTERNATIONAL else digits


def _read_service_centre(reader: _Reader) -> str:
    length = reader.one("length of the service centre address")
    if length == 0:
        return ""
    if not 2 <= length <= 11:
        raise PduError(f"service centre address of {length} octets; 2 to 11 are possible")
    toa = reader.one("type of the service centre address")
    octets = reader.take(length - 1, "service centre address")
    return _with_plus(toa, _digits(octets, 2 * len(octets) - (octets[-1] >> 4 == 0x0F)))


def _read_recipient(reader: _Reader) -> str:
    count = reader.one("TP-DA length")
    toa = reader.one("TP-DA type")
    if not 1 <= count <= 20:
        raise PduError(f"TP-DA of {count} digits; 1 to 20 are possible (TS 23.040 §9.1.2.5)")
    if (toa >> 4) & 7 == ALPHANUMERIC:
        raise PduError("a message cannot be sent to an alphanumeric address")
    return _with_plus(toa, _digits(reader.take((count + 1) // 2, "TP-DA"), count))


def alphabet_of(dcs: int) -> Alphabet:
    """Read the alphabet out of a data coding scheme (TS 23.038 §4); raises PduError where it is none of ours."""
    group = dcs >> 4
    if group < 0x8 and not dcs & 0x20 and dcs & 0x0C != 0x0C:
        return (Alphabet.GSM7, Alphabet.OCTETS, Alphabet.UCS2)[dcs >> 2 & 3]
    if group in (0xC, 0xD):
        return Alphabet.GSM7
    if group == 0xE:
        return Alphabet.UCS2
    if group == 0xF and not dcs & 0x08:
        return Alphabet.OCTETS if dcs & 0x04 else Alphabet.GSM7
    raise PduError(f"data coding scheme {dcs:02X} is reserved or compressed", DCS_UNSUPPORTED)


def message_class(dcs: int) -> int | None:
    """Read the message class out of a data coding scheme, None when it names none (TS 23.038 §4)."""
    has_class = (dcs < 0x80 and dcs & 0x10) or dcs >> 4 == 0xF
    return dcs & 3 if has_class else None


def _read_validity(reader: _Reader, first_octet: int) -> None:
    octets = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}[first_octet & 0x18]
    field = reader.take(octets, "TP-VP")
    if first_octet & 0x18 == 0x18 and any(octet & 0x0F > 9 or octet >> 4 > 9 for octet in field[:6]):
        raise PduError(f"absolute TP-VP {field.hex().upper()} is no date")


def _elements(header: bytes) -> dict[int, bytes]:
    reader = _Reader(header)
    elements: dict[int, bytes] = {}
    while reader.position < len(header):
        identifier = reader.one("information element")
        elements[identifier] = reader.take(reader.one("information element length"), f"element {identifier:02X}")
    return elements


def _concatenation(elements: dict[int, bytes]) -> Concatenation | None:
    for identifier, bits in ((0x00, 8), (0x08, 16)):
        if (element := elements.get(identifier)) is None:
            continue
        if len(element) != bits // 8 + 2:
            raise PduError(f"concatenation element of {len(element)} octets; {bits // 8 + 2} are due")
        total, seq = element[-2:]
        if not 1 <= seq <= total:
            raise PduError(f"part {seq} of {total} is impossible")
        return Concatenation(reference=int.from_bytes(element[:-2], "big"), total=total, seq=seq, bits=bits)
    return None


def _shift(elements: dict[int, bytes], identifier: int) -> int:
    element = elements.get(identifier, b"\x00")
    if len(element) != 1:
        raise PduError(f"national language element of {len(element)} octets; 1 is due")
    return element[0]


def _read_text(coding: Alphabet, length: int, octets: bytes, header_octets: int, elements: dict[int, bytes]) -> str:
    body = octets[header_octets:]
    if coding is Alphabet.OCTETS:
        return body.hex().upper()
    if coding is Alphabet.UCS2:
        if len(body) % 2:
            raise PduError(f"UCS2 text of {len(body)} octets is cut inside a character")
        return body.decode("utf-16-be", "replace")
    fill = alphabet.fill_bits(header_octets)
    count = length - (8 * header_octets + fill) // 7
    if count < 0 or alphabet.stray_bits(body, count, fill=fill):
        raise PduError("bits outside the septets of TP-UD are not zero")
    return alphabet.to_text(
        alphabet.unpack(body, count, fill=fill),
        single_shift=_shift(elements, 0x24),
        locking_shift=_shift(elements, 0x25),
    )


def _read_user_data(reader: _Reader, coding: Alphabet, has_header: bool) -> tuple[str, Concatenation | None]:
    length = reader.one("TP-UDL")
    octets = reader.rest()
    expected = (7 * length + 7) // 8 if coding is Alphabet.GSM7 else length
    if expected > 140 or len(octets) != expected:
        raise PduError(f"TP-UDL {length} means {expected} octets of at most 140; {len(octets)} follow")
    if not has_header:
        return _read_text(coding, length, octets, 0, {}), None
    if not octets or octets[0] + 1 > len(octets):
        raise PduError("the user data header is longer than the user data")
    header_octets = octets[0] + 1
    elements = _elements(octets[1:header_octets])
    return _read_text(coding, length, octets, header_octets, elements), _concatenation(elements)


def read_submit(pdu: str, declared_octets: int) -> Submit:
    """Read what followed AT+CMGS=<declared_octets>; raises PduError naming what is wrong (TS 23.040 §9.2.2.2)."""
    check_length(pdu, declared_octets)
    reader = _Reader(octets_of(pdu))
    service_centre = _read_service_centre(reader)
    first_octet = reader.one("first octet")
    if first_octet & 0x03 != 0x01:
        raise PduError(f"first octet {first_octet:02X} is no SMS-SUBMIT")
    reader.one("TP-MR")
    recipient = _read_recipient(reader)
    pid, dcs = reader.one("TP-PID"), reader.one("TP-DCS")
    coding = alphabet_of(dcs)
    _read_validity(reader, first_octet)
    user_data = reader.octets[reader.position :]
    text, concatenation = _read_user_data(reader, coding, bool(first_octet & 0x40))
    return Submit(
        recipient=recipient,
        text=text,
        alphabet=coding,
        dcs=dcs,
        pid=pid,
        wants_report=bool(first_octet & 0x20),
        concatenation=concatenation,
        service_centre=service_centre,
        has_header=bool(first_octet & 0x40),
        user_data=user_data,
        pdu=pdu.upper(),
    )
