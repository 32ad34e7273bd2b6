"""The data coding scheme: which alphabet, which class, which lamp (3GPP TS 23.038 §4).

Knows one octet, TP-DCS.
"""

from dataclasses import dataclass
from enum import IntEnum

from smsgw.gsm.header import WAITING_KINDS, MessageWaiting
from smsgw.gsm.text import Encoding


class MessageClass(IntEnum):
    """Where a message is meant to end up (§4)."""

    FLASH = 0  # on the screen at once, stored nowhere
    MODEM = 1  # the memory of the modem or phone
    SIM = 2  # the SIM
    TERMINAL = 3  # what is attached to the modem


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCoding:
    """What TP-DCS says."""

    encoding: Encoding
    message_class: MessageClass | None = None
    waiting: MessageWaiting | None = None


_COMPRESSED = 0x20
_HAS_CLASS = 0x10
_FLASH = 0x10  # general group, class valid, class 0
_CODES = {Encoding.GSM7: 0x00, Encoding.UCS2: 0x08}

# Bits 3–2 of the general groups; the reserved fourth is read as the default alphabet, as §4 asks.
_ALPHABETS = (Encoding.GSM7, Encoding.DATA, Encoding.UCS2, Encoding.GSM7)


def encode_data_coding(encoding: Encoding, *, flash: bool) -> int:
    """Return TP-DCS for text of this encoding, with class 0 or without a class."""
    return _CODES[encoding] | (_FLASH if flash else 0)


def decode_data_coding(octet: int) -> DataCoding:
    """Read TP-DCS; reserved values mean the default alphabet, as §4 asks."""
    group = octet >> 4
    if group < 0x8:
        return _general(octet)
    if group < 0xC:
        return DataCoding(encoding=Encoding.GSM7)
    if group < 0xF:
        return _message_waiting(octet)
    return DataCoding(encoding=Encoding.DATA if octet & 0x04 else Encoding.GSM7, message_class=MessageClass(octet & 3))


def _general(octet: int) -> DataCoding:
    return DataCoding(
        # Nobody sends compressed text; it stays as it is.
        encoding=Encoding.DATA if octet & _COMPRESSED else _ALPHABETS[octet >> 2 & 3],
        message_class=MessageClass(octet & 3) if octet & _HAS_CLASS else None,
    )


def _message_waiting(octet: int) -> DataCoding:
    group = octet >> 4
    return DataCoding(
        encoding=Encoding.UCS2 if group == 0xE else Encoding.GSM7,
        waiting=MessageWaiting(
            kind=WAITING_KINDS[octet & 3], active=bool(octet & 0x08), count=None, stored=group != 0xC
        ),
    )
