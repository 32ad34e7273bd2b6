"""A PDU without its secrets: every number a row of zeros, every text a row of x, everything else as it was.

Keeps all lengths, so that it reads as before (3GPP TS 23.040 §9.2.2). What is kept of a PDU is only what it says of
itself when its fields fill it exactly: one that was cut or has a hole could show a text in the place of a field.
"""

from smsgw.gsm import alphabet
from smsgw.gsm.address import MAX_DIGITS, TypeOfNumber
from smsgw.gsm.data_coding import decode_data_coding
from smsgw.gsm.reader import PduError, Reader
from smsgw.gsm.text import Encoding
from smsgw.gsm.timestamp import TIMESTAMP_OCTETS, decode_timestamp
from smsgw.gsm.userdata import MAX_OCTETS

_HAS_HEADER = 0x40  # first octet, §9.2.3.23
_VALIDITY_FORMAT = 0x18
_VALIDITY_RELATIVE = 0x10
_HAS_PROTOCOL, _HAS_CODING, _HAS_USER_DATA = 0x01, 0x02, 0x04  # TP-PI, §9.2.3.27

_SERVICE_CENTRE_OCTETS = 11
_FILL = 0xF0  # in the last octet of an odd number of digits, §9.1.2.3
_LETTER = b"x"  # the same code in every table of 7-bit letters

# Elements that say how to read a message, and nothing of what it says (§9.2.3.24): its place among the parts, lamps,
# ports, languages. By identifier, the octets of their data.
_KEPT_ELEMENTS = {0x00: 3, 0x01: 2, 0x04: 2, 0x05: 4, 0x08: 4, 0x24: 1, 0x25: 1}


def mask_pdu(pdu: bytes) -> bytes:
    """Return the PDU, which begins with the service centre's address, with its numbers and text made alike.

    Raises PduError unless it is exactly one SMS-DELIVER, SMS-SUBMIT or SMS-STATUS-REPORT.
    """
    reader = Reader(pdu)
    centre = _service_centre(reader)
    first = reader.octet("the first octet of the TPDU")
    if first & 3 not in _MASKS:
        raise PduError("a TPDU of no known type")
    masked = centre + bytes([first]) + _MASKS[first & 3](first, reader)
    _demand(not reader.rest(), "the end")
    return masked


def _demand(holds: bool, field: str) -> None:
    if not holds:
        raise PduError(f"{field} is not where it should be")


def _deliver(first: int, reader: Reader) -> bytes:
    head = _address(reader) + reader.octets(1, "the protocol identifier")
    coding = reader.octet("the data coding scheme")
    return head + bytes([coding]) + _time(reader) + _user_data(first, coding, reader)


def _submit(first: int, reader: Reader) -> bytes:
    head = reader.octets(1, "the message reference") + _address(reader) + reader.octets(1, "the protocol identifier")
    coding = reader.octet("the data coding scheme")
    return head + bytes([coding]) + _validity(first, reader) + _user_data(first, coding, reader)


def _status_report(first: int, reader: Reader) -> bytes:
    head = reader.octets(1, "the message reference") + _address(reader) + _time(reader) + _time(reader)
    head += reader.octets(1, "the status")
    optional = reader.rest()
    if not optional:
        return head
    fields = Reader(optional)
    masked = _optional(first, fields)
    _demand(not fields.rest(), "the end")
    return head + masked


def _optional(first: int, reader: Reader) -> bytes:
    present = reader.octet("the parameter indicator")
    masked = bytes([present])
    if present & _HAS_PROTOCOL:
        masked += reader.octets(1, "the protocol identifier")
    coding = reader.octet("the data coding scheme") if present & _HAS_CODING else 0
    masked += bytes([coding]) if present & _HAS_CODING else b""
    return masked + (_user_data(first, coding, reader) if present & _HAS_USER_DATA else b"")


_MASKS = {0: _deliver, 1: _submit, 2: _status_report}  # by TP-MTI, §9.2.3.1


def _service_centre(reader: Reader) -> bytes:
    length = reader.octet("the length of the service centre")
    if length == 0:
        return b"\0"
    _demand(length <= _SERVICE_CENTRE_OCTETS, "the service centre")
    kind = reader.octet("the type of the service centre")
    digits = reader.octets(length - 1, "the service centre")
    is_odd = bool(digits) and digits[-1] & _FILL == _FILL
    return bytes([length, kind]) + _zeros(2 * len(digits) - is_odd)


def _address(reader: Reader) -> bytes:
    length = reader.octet("the length of the address")
    _demand(length <= MAX_DIGITS, "the address")
    kind = reader.octet("the type of the address")
    octets = reader.octets((length + 1) // 2, "the address")
    if TypeOfNumber(kind >> 4 & 7) is TypeOfNumber.ALPHANUMERIC:
        masked = alphabet.pack(_LETTER * (4 * length // 7)).ljust(len(octets), b"\0")
    else:
        masked = _zeros(length)
    return bytes([length, kind]) + masked


def _zeros(digits: int) -> bytes:
    return bytes(digits // 2) + bytes([_FILL] * (digits % 2))


def _time(reader: Reader) -> bytes:
    """Times are kept; what is none might be anything."""
    octets = reader.octets(TIMESTAMP_OCTETS, "a time stamp")
    return octets if decode_timestamp(octets) is not None else bytes(TIMESTAMP_OCTETS)


def _validity(first: int, reader: Reader) -> bytes:
    form = first & _VALIDITY_FORMAT
    if not form:
        return b""
    return reader.octets(1, "the validity period") if form == _VALIDITY_RELATIVE else _time(reader)


def _user_data(first: int, coding: int, reader: Reader) -> bytes:
    length = reader.octet("the user data length")
    encoding = decode_data_coding(coding).encoding
    octets = reader.octets((7 * length + 7) // 8 if encoding is Encoding.GSM7 else length, "the user data")
    _demand(len(octets) <= MAX_OCTETS, "the user data length")
    has_header = bool(first & _HAS_HEADER and octets) and octets[0] < len(octets)
    header = _header(octets[: octets[0] + 1]) if has_header else b""
    return bytes([length]) + header + _text(encoding, length, len(header), len(octets) - len(header))


def _header(octets: bytes) -> bytes:
    """Keep the elements that are known to be harmless; the data of others, and what is no element, become zeros."""
    masked = bytearray(len(octets))
    masked[0] = octets[0]
    position = 1
    while position + 2 <= len(octets):
        identifier, length = octets[position : position + 2]
        end = position + 2 + length
        if end > len(octets):
            break
        masked[position : position + 2] = octets[position : position + 2]
        if _KEPT_ELEMENTS.get(identifier) == length:
            masked[position:end] = octets[position:end]
        position = end
    return bytes(masked)


def _text(encoding: Encoding, length: int, header_octets: int, octets: int) -> bytes:
    match encoding:
        case Encoding.GSM7:
            header_septets = (8 * header_octets + 6) // 7
            septets = alphabet.pack(_LETTER * max(0, length - header_septets), -8 * header_octets % 7)
            return septets[:octets].ljust(octets, b"\0")
        case Encoding.UCS2:
            return ("x" * octets).encode("utf-16-be")[:octets]
        case Encoding.DATA:
            return _LETTER * octets
