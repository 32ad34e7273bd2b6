"""Addresses as TPDUs carry them: phone numbers, short codes, sender names (3GPP TS 23.040 §9.1.2.5).

Knows the coding of one address field; knows nothing of the fields around it.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from smsgw.gsm import alphabet
from smsgw.gsm.reader import PduError, Reader

MAX_DIGITS = 20
_MAX_SERVICE_CENTRE_OCTETS = 11

_NUMBERING_PLAN_ISDN = 0x81  # with the bit that is always set
_SHORT_CODE_DIGITS = 6
_DIGITS = "0123456789*#abc"  # §9.1.2.3; F fills the last octet
_FILL = 0xF


class TypeOfNumber(IntEnum):
    """Type of number, bits 6–4 of the type of address (§9.1.2.5)."""

    UNKNOWN = 0  # as dialled: short codes, national numbers
    INTERNATIONAL = 1  # begins with a country code
    NATIONAL = 2  # without country code and prefix
    NETWORK = 3  # a service of the network itself
    SUBSCRIBER = 4  # local number
    ALPHANUMERIC = 5  # a name in the 7-bit alphabet
    ABBREVIATED = 6  # abbreviated number
    RESERVED = 7  # not defined yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A number in digits (without “+”), or a name, with its type."""

    value: str
    type: TypeOfNumber


def type_of_number(digits: str) -> TypeOfNumber:
    """Guess the type of a number given without “+”: international, unless it cannot be.

    Unknown are short codes (up to 6 digits), numbers with a leading 0, and 11 digits that begin with 89: Russia's
    national form, and no country code begins so.
    """
    if len(digits) <= _SHORT_CODE_DIGITS or digits.startswith("0"):
        return TypeOfNumber.UNKNOWN
    if len(digits) == 11 and digits.startswith("89"):
        return TypeOfNumber.UNKNOWN
    return TypeOfNumber.INTERNATIONAL


def encode_number(digits: str) -> bytes:
    """Code a number of 1 to 20 digits: count of digits, type, swapped nibbles; raises ValueError (§9.1.2.5)."""
    if not re.fullmatch(f"[0-9]{{1,{MAX_DIGITS}}}", digits):
        raise ValueError(f"a number of {len(digits)} characters; 1 to {MAX_DIGITS} digits without “+” are needed")
    padded = digits + "f" * (len(digits) % 2)
    swapped = "".join(padded[index + 1] + padded[index] for index in range(0, len(padded), 2))
    return bytes([len(digits), _NUMBERING_PLAN_ISDN | type_of_number(digits) << 4]) + bytes.fromhex(swapped)


def read_address(reader: Reader, field: str) -> Address:
    """Read an address with its length in semi-octets; raises PduError (§9.1.2.5)."""
    length = reader.octet(f"the length of {field}")
    if length > MAX_DIGITS:
        raise PduError(f"{field} claims {length} digits; {MAX_DIGITS} is the most there can be")
    kind = reader.octet(f"the type of {field}")
    return _decode(kind, reader.octets((length + 1) // 2, field), length)


def read_service_centre(reader: Reader) -> str | None:
    """Read the number of the service centre, with its length in octets; None if left out (TS 27.005 §3.1).

    Raises PduError.
    """
    length = reader.octet("the length of the service centre")
    if length == 0:
        return None
    if length > _MAX_SERVICE_CENTRE_OCTETS:
        raise PduError(f"the service centre claims {length} octets; {_MAX_SERVICE_CENTRE_OCTETS} is the most")
    kind = reader.octet("the type of the service centre")
    return _decode(kind, reader.octets(length - 1, "the service centre"), 2 * (length - 1)).value or None


def _decode(kind: int, octets: bytes, semi_octets: int) -> Address:
    number_type = TypeOfNumber(kind >> 4 & 7)
    if number_type is TypeOfNumber.ALPHANUMERIC:
        return Address(value=_decode_name(octets, semi_octets), type=number_type)
    return Address(value=_decode_digits(octets)[:semi_octets], type=number_type)


def _decode_digits(octets: bytes) -> str:
    digits = ""
    for octet in octets:
        for nibble in (octet & 0xF, octet >> 4):
            if nibble == _FILL:
                return digits
            digits += _DIGITS[nibble]
    return digits


def _decode_name(octets: bytes, semi_octets: int) -> str:
    septets = semi_octets * 4 // 7
    name = alphabet.decode(alphabet.unpack(octets, septets))
    # Seven characters leave seven spare bits; some senders count those in, as an eighth character.
    return name.removesuffix("@") if septets % 8 == 0 else name
