"""What networks deliver, octet by octet: texts in parts, binary data, and whatever else a modem may hand over."""

from datetime import UTC, datetime

from simmodem import deliver
from support import NOON

SENDER = "+79990000001"
SERVICE_CENTRE = "+447700900999"
# 30 February: a service centre that tells no time.
NO_TIME = bytes.fromhex("62200321436580")


def moment(at: int) -> datetime:
    """The aware time of Unix milliseconds."""
    return datetime.fromtimestamp(at / 1_000, UTC)


def texts(text: str, *, sender: str = SENDER, reference: int = 7, at: int = NOON, **fields: int) -> list[bytes]:
    """The TPDUs of a text, as many as it needs, stamped at a time in Unix milliseconds."""
    pdus = deliver.build_deliver(sender, text, smsc=SERVICE_CENTRE, moment=moment(at), reference=reference, **fields)
    return [bytes.fromhex(pdu) for pdu in pdus]


def octets(
    body: bytes,
    *,
    header: bytes = b"",
    coding: int = 0x04,
    protocol: int = 0,
    sender: str = SENDER,
    at: int | None = NOON,
    first: int = 0x04,
    length: int | None = None,
) -> bytes:
    """One TPDU with this user data behind the elements of a header; `length` is TP-UDL where it is not in octets."""
    data = (bytes([len(header)]) + header if header else b"") + body
    stamp = NO_TIME if at is None else deliver.timestamp(moment(at))
    return (
        deliver.service_centre(SERVICE_CENTRE)
        + bytes([first | (0x40 if header else 0)])
        + deliver.address(sender)
        + bytes([protocol, coding])
        + stamp
        + bytes([len(data) if length is None else length])
        + data
    )


def ucs2(text: bytes | str, number: int, total: int, *, reference: int = 7, **fields: object) -> bytes:
    """A part in UCS2 with a reference of 16 bits; octets are taken as they are."""
    body = text.encode("utf-16-be") if isinstance(text, str) else text
    header = bytes([0x08, 4]) + reference.to_bytes(2, "big") + bytes([total, number])
    return octets(body, header=header, coding=0x08, **fields)  # type: ignore[arg-type]


def plain(text: str, **fields: object) -> bytes:
    """A short text in UCS2."""
    return octets(text.encode("utf-16-be"), coding=0x08, **fields)  # type: ignore[arg-type]
