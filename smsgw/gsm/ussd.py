"""USSD strings: what goes into `AT+CUSD` and what comes out of `+CUSD` (27.007 §7.15, TS 23.038 §5 and §6.1.2.3).

Knows hex digits, alphabets and the data coding scheme of USSD; which coding a modem wants, its caller knows.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from smsgw.gsm import alphabet
from smsgw.gsm.text import decode_utf16

MAX_SEPTETS = 182  # 160 octets (TS 24.080 §3.6.1)
MAX_UTF16_OCTETS = 160

_GSM_DCS = 15
_UCS2_DCS = 72
_GSM_WITH_LANGUAGE = 0x10
_UCS2_WITH_LANGUAGE = 0x11
_CR = 0x0D
# Shorter hex digits may as well be what somebody is to read.
_LEAST_PACKED = 8
_LEAST_READABLE = 0.8

# What means the same in the GSM alphabet and in IRA, and cannot end the quoted string or the command line.
_PLAIN = frozenset(
    character for code, character in enumerate(alphabet.DEFAULT) if ord(character) == code >= 0x20 and character != '"'
)


class Coding(StrEnum):
    """How a modem takes and gives strings in the GSM alphabet."""

    PLAIN = "plain"  # as text
    UCS2 = "ucs2"  # as hex digits of UTF-16, since that is the character set it was set to
    PACKED = "packed"  # as hex digits of packed septets, whatever the character set


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A string for `AT+CUSD`, and its data coding scheme."""

    string: str
    data_coding: int


def fits(text: str) -> bool:
    """Tell whether a text can be sent to the network as one USSD string."""
    if alphabet.is_encodable(text):
        return len(alphabet.encode(text)) <= MAX_SEPTETS
    return len(text.encode("utf-16-be", "replace")) <= MAX_UTF16_OCTETS


def encode(text: str, coding: Coding) -> Encoded:
    """Write a text as a modem wants it; what its own way cannot carry goes as UCS2, which all have in common."""
    if alphabet.is_encodable(text):
        if coding is Coding.PACKED:
            return Encoded(string=_packed(text), data_coding=_GSM_DCS)
        if coding is Coding.UCS2:
            return Encoded(string=_utf16(text), data_coding=_GSM_DCS)
        if _PLAIN.issuperset(text):
            return Encoded(string=text, data_coding=_GSM_DCS)
    return Encoded(string=_utf16(text), data_coding=_UCS2_DCS)


def decode(string: str, data_coding: int | None, coding: Coding) -> str:
    """Read what the network has said as this modem writes it; what can be read in no other way is text. Never raises.

    Firmware does not keep to what it says of its coding, so that the string itself has the last word.
    """
    octets = bytes.fromhex(string) if re.fullmatch("(?:[0-9A-Fa-f]{2})+", string) else b""
    if octets and len(octets) % 2 == 0 and (coding is Coding.UCS2 or _is_ucs2(data_coding)):
        # The language comes first, as two septets in the place of the first character (TS 23.038 §5).
        return _tidy(decode_utf16(octets[2:] if data_coding == _UCS2_WITH_LANGUAGE else octets))
    text = _unpacked(octets) if _may_be_packed(string, coding) else ""
    if not _is_readable(text):
        text = string
    # Here the language stands before the text, with a CR behind it.
    return _tidy(text[3:] if data_coding == _GSM_WITH_LANGUAGE and text[2:3] in ("\r", "\n") else text)


def _is_ucs2(data_coding: int | None) -> bool:
    return data_coding is not None and (data_coding & 0xCC == 0x48 or data_coding == _UCS2_WITH_LANGUAGE)


def _utf16(text: str) -> str:
    return text.encode("utf-16-be", "replace").hex().upper()


def _packed(text: str) -> str:
    septets = alphabet.encode(text)
    # Seven bits that are left over would be read as an @; a CR that ends at an octet would be taken for such a filler.
    if len(septets) % 8 == 7 or (len(septets) % 8 == 0 and septets.endswith(b"\r")):
        septets += bytes([_CR])
    return alphabet.pack(septets).hex().upper()


def _unpacked(octets: bytes) -> str:
    septets = alphabet.unpack(octets, 8 * len(octets) // 7)
    if len(octets) % 7 == 0 and septets[-1:] in (b"\r", b"\0"):
        septets = septets[:-1]  # the filler, also as those write it who do not know of it
    return alphabet.decode(septets)


def _may_be_packed(string: str, coding: Coding) -> bool:
    """Tell digits that somebody is to read, a balance perhaps, from packed septets; both happen to be hex."""
    if len(string) % 2 or not re.fullmatch("[0-9A-Fa-f]+", string):
        return False
    is_number = string.isdecimal()
    if coding is Coding.PACKED:
        return not is_number or len(string) >= _LEAST_PACKED
    return not is_number and len(string) >= _LEAST_PACKED


def _is_readable(text: str) -> bool:
    """Tell text from septets that were none: nearly every septet is a character, but few texts are odd ones."""
    usual = sum(character.isascii() and (character.isprintable() or character in "\r\n") for character in text)
    return bool(text) and usual >= _LEAST_READABLE * len(text)


def _tidy(text: str) -> str:
    return re.sub("\r\n?", "\n", text.replace("\0", "")).rstrip("\n")
