"""Tells the whole PDU of something received from hex digits that merely look like one.

Stricter than the decoder, which reads what service centres and modems really send: here the digits alone say what they
are, and the end of a longer PDU, or of an echo, must not pass. Knows the two TPDUs that a modem hands over (3GPP
TS 23.040 §9.2.2.1 and §9.2.2.3) and the service centre's address in front of them (TS 27.005 §3.1).
"""

from smsgw.gsm.address import MAX_DIGITS, TypeOfNumber
from smsgw.gsm.data_coding import decode_data_coding
from smsgw.gsm.reader import PduError, Reader
from smsgw.gsm.text import Encoding
from smsgw.gsm.timestamp import TIMESTAMP_OCTETS, decode_timestamp
from smsgw.gsm.userdata import MAX_OCTETS

_UNUSED = 0x10  # of the first octet
_HAS_HEADER = 0x40

_SERVICE_CENTRE_OCTETS = range(4, 12)  # with the type; none has a number of fewer than five digits
_ALWAYS_SET = 0x80  # of a type of address, §9.1.2.5
_PLANS = (0, 1)  # unknown, telephone
_FILL = 0xF

# TP-PI, §9.2.3.27: which optional fields follow; the other bits mean nothing.
_HAS_PROTOCOL, _HAS_CODING, _HAS_USER_DATA = 0x01, 0x02, 0x04


def is_received(digits: str) -> bool:
    """Tell whether hex digits are one SMS-DELIVER or SMS-STATUS-REPORT, exactly, from the first to the last."""
    try:
        _read(Reader(bytes.fromhex(digits)))
    except ValueError:
        return False
    return True


def _read(reader: Reader) -> None:
    if length := reader.octet("the length of the service centre"):
        _demand(length in _SERVICE_CENTRE_OCTETS, "the length of the service centre")
        _type(reader)
        _digits(reader.octets(length - 1, "the service centre"))
    first = reader.octet("the first octet")
    _demand(first & 3 in _READERS and not first & _UNUSED, "the first octet")
    _READERS[first & 3](bool(first & _HAS_HEADER), reader)
    _demand(not reader.rest(), "the end")


def _demand(holds: bool, field: str) -> None:
    if not holds:
        raise PduError(f"{field} is not as in something received")


def _deliver(has_header: bool, reader: Reader) -> None:
    _address(reader)
    reader.octet("the protocol identifier")
    coding = reader.octet("the data coding scheme")
    _time(reader)
    _user_data(coding, has_header, reader)


def _status_report(has_header: bool, reader: Reader) -> None:
    reader.octet("the message reference")
    _address(reader)
    _time(reader)
    _time(reader)
    reader.octet("the status")
    if optional := reader.rest():
        _optional(has_header, Reader(optional))


def _optional(has_header: bool, reader: Reader) -> None:
    present = reader.octet("the parameter indicator")
    _demand(not present & ~(_HAS_PROTOCOL | _HAS_CODING | _HAS_USER_DATA), "the parameter indicator")
    if present & _HAS_PROTOCOL:
        reader.octet("the protocol identifier")
    coding = reader.octet("the data coding scheme") if present & _HAS_CODING else 0
    if present & _HAS_USER_DATA:
        _user_data(coding, has_header, reader)
    _demand(not reader.rest(), "the end")


def _address(reader: Reader) -> None:
    length = reader.octet("the length of the address")
    _demand(0 < length <= MAX_DIGITS, "the length of the address")
    kind = _type(reader)
    octets = reader.octets((length + 1) // 2, "the address")
    if kind is not TypeOfNumber.ALPHANUMERIC:
        _demand(_digits(octets) == length, "the address")


def _type(reader: Reader) -> TypeOfNumber:
    kind = reader.octet("the type of the address")
    _demand(bool(kind & _ALWAYS_SET) and kind & 0xF in _PLANS, "the type of the address")
    return TypeOfNumber(kind >> 4 & 7)


def _digits(octets: bytes) -> int:
    """Count swapped digits; only the last one may be missing (§9.1.2.3)."""
    nibbles = [nibble for octet in octets for nibble in (octet & 0xF, octet >> 4)]
    if nibbles[-1] == _FILL:
        nibbles.pop()
    _demand(_FILL not in nibbles, "a digit")
    return len(nibbles)


def _time(reader: Reader) -> None:
    _demand(decode_timestamp(reader.octets(TIMESTAMP_OCTETS, "a time stamp")) is not None, "a time stamp")


def _user_data(coding: int, has_header: bool, reader: Reader) -> None:
    length = reader.octet("the user data length")
    is_packed = decode_data_coding(coding).encoding is Encoding.GSM7
    user_data = reader.octets((7 * length + 7) // 8 if is_packed else length, "the user data")
    _demand(len(user_data) <= MAX_OCTETS, "the user data length")
    if has_header:
        _demand(bool(user_data) and user_data[0] < len(user_data), "the user data header")


_READERS = {0: _deliver, 2: _status_report}  # by TP-MTI, §9.2.3.1
