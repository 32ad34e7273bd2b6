"""What a message says: header and text inside TP-UD, as TP-DCS has them coded (3GPP TS 23.040 §9.2.3.24).

Knows the field TP-UD and its length; knows nothing of the TPDU around it.
"""

from dataclasses import dataclass

from smsgw.gsm import alphabet
from smsgw.gsm.data_coding import MessageClass, decode_data_coding
from smsgw.gsm.header import Concatenation, Header, MessageWaiting, Ports, decode_header, encode_header
from smsgw.gsm.text import Encoding, Segment, decode_utf16

MAX_OCTETS = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The user data of a message as received, and what its coding says about it."""

    data_coding: int  # TP-DCS
    encoding: Encoding
    message_class: MessageClass | None
    text: str | None  # None where the octets are no text
    octets: bytes  # the user data without its header, as on the wire
    concatenation: Concatenation | None
    ports: Ports | None
    waiting: tuple[MessageWaiting, ...]

    @property
    def flash(self) -> bool:
        """Whether it is to be shown at once and stored nowhere."""
        return self.message_class is MessageClass.FLASH


def encode_user_data(segment: Segment, concatenation: Concatenation | None) -> bytes:
    """Return TP-UDL and TP-UD; the length counts septets or octets, header included (§9.2.3.16).

    Raises ValueError if the segment does not fit, or has characters its encoding cannot carry.
    """
    header = encode_header(concatenation) if concatenation else b""
    if segment.encoding is Encoding.GSM7:
        septets = alphabet.encode(segment.text)
        body = alphabet.pack(septets, _fill_bits(len(header)))
        length = _header_septets(len(header)) + len(septets)
    else:
        body = segment.text.encode("utf-16-be")
        length = len(header) + len(body)
    if len(header) + len(body) > MAX_OCTETS:
        raise ValueError(
            f"a segment of {len(segment.text)} characters needs {len(header) + len(body)} octets of user data;"
            f" {MAX_OCTETS} fit, split the text first"
        )
    return bytes([length]) + header + body


def decode_content(data_coding: int, *, has_header: bool, length: int, octets: bytes) -> Content:
    """Read TP-UD from `octets`, which may be cut short or padded; `length` is TP-UDL. Never raises."""
    coding = decode_data_coding(data_coding)
    is_packed = coding.encoding is Encoding.GSM7
    user_data = octets[: (7 * length + 7) // 8 if is_packed else length]
    # A header that leaves no room for itself is none.
    header_size = user_data[0] + 1 if has_header and user_data and user_data[0] < len(user_data) else 0
    header = decode_header(user_data[1:header_size])
    body = user_data[header_size:]
    septets = max(0, length - _header_septets(header_size))
    waiting = (coding.waiting,) if coding.waiting else ()
    return Content(
        data_coding=data_coding,
        encoding=coding.encoding,
        message_class=coding.message_class,
        text=_decode_text(coding.encoding, body, septets, _fill_bits(header_size), header),
        octets=body,
        concatenation=header.concatenation,
        ports=header.ports,
        waiting=waiting + header.waiting,
    )


def _decode_text(encoding: Encoding, body: bytes, septets: int, fill_bits: int, header: Header) -> str | None:
    match encoding:
        case Encoding.GSM7:
            return alphabet.decode(
                alphabet.unpack(body, septets, fill_bits),
                locking_shift=header.locking_shift,
                single_shift=header.single_shift,
            )
        case Encoding.UCS2:
            return decode_utf16(body)
        case Encoding.DATA:
            return None


def _header_septets(header_octets: int) -> int:
    return (8 * header_octets + 6) // 7


def _fill_bits(header_octets: int) -> int:
    """Bits from the end of the header to the next septet boundary (§9.2.3.24)."""
    return -8 * header_octets % 7
