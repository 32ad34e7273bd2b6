"""SMS-SUBMIT: what goes to the service centre, written and read (3GPP TS 23.040 §9.2.2.2).

Knows one TPDU; which message, SIM and reference it belongs to is the caller's business.
"""

from dataclasses import dataclass

from smsgw.gsm.address import TypeOfNumber, encode_number, read_address
from smsgw.gsm.data_coding import encode_data_coding
from smsgw.gsm.header import Concatenation
from smsgw.gsm.reader import Reader
from smsgw.gsm.text import Segment, split
from smsgw.gsm.timestamp import TIMESTAMP_OCTETS, decode_validity, encode_validity
from smsgw.gsm.userdata import Content, decode_content, encode_user_data

# First octet, §9.2.2.2.
_SUBMIT = 0x01
_VALIDITY_FORMAT = 0x18
_VALIDITY_RELATIVE = 0x10
_STATUS_REPORT_REQUEST = 0x20
_HAS_HEADER = 0x40

_SERVICE_CENTRE_OF_THE_SIM = 0x00
_REFERENCE_BY_MODEM = 0x00
_PLAIN_PROTOCOL = 0x00


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitPdu:
    """An SMS-SUBMIT as AT+CMGS takes it: the address of the service centre (left to the SIM), then the TPDU."""

    pdu: bytes

    @property
    def length(self) -> int:
        """Octets of the TPDU alone, the n of AT+CMGS=n (TS 27.005 §4.3)."""
        return len(self.pdu) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A decoded SMS-SUBMIT, as memories hold drafts and sent messages."""

    service_centre: str | None
    reference: int  # TP-MR, 0 in a draft
    recipient: str
    recipient_type: TypeOfNumber
    protocol_id: int
    validity_s: int | None  # None: none asked for, or one that is not relative
    status_report: bool
    content: Content


def encode_message(
    text: str,
    recipient: str,
    *,
    reference: int,
    validity_s: int | None,
    status_report: bool = True,
    flash: bool = False,
) -> tuple[SubmitPdu, ...]:
    """Split a text and code every part; `reference` (0–255) ties the parts of a long message together.

    `recipient` is 1 to 20 digits without “+”, `validity_s` seconds. Raises TextTooLong, LoneSurrogate, ValueError.
    """
    segments = split(text)
    return tuple(
        encode_submit(
            segment,
            recipient,
            concatenation=(
                Concatenation(reference=reference, total=len(segments), number=number) if len(segments) > 1 else None
            ),
            validity_s=validity_s,
            status_report=status_report,
            flash=flash,
        )
        for number, segment in enumerate(segments, 1)
    )


def encode_submit(
    segment: Segment,
    recipient: str,
    *,
    concatenation: Concatenation | None,
    validity_s: int | None,
    status_report: bool,
    flash: bool = False,
) -> SubmitPdu:
    """Code one part; the validity period, in seconds, is rounded up (§9.2.2.2). Raises ValueError."""
    first = _SUBMIT
    if validity_s is not None:
        first |= _VALIDITY_RELATIVE
    if status_report:
        first |= _STATUS_REPORT_REQUEST
    if concatenation is not None:
        first |= _HAS_HEADER
    return SubmitPdu(
        pdu=bytes([_SERVICE_CENTRE_OF_THE_SIM, first, _REFERENCE_BY_MODEM])
        + encode_number(recipient)
        + bytes([_PLAIN_PROTOCOL, encode_data_coding(segment.encoding, flash=flash)])
        + (b"" if validity_s is None else bytes([encode_validity(validity_s)]))
        + encode_user_data(segment, concatenation)
    )


def read_submit(service_centre: str | None, first: int, reader: Reader) -> Submit:
    """Read what follows the first octet; raises PduError (§9.2.2.2)."""
    reference = reader.octet("the message reference")
    recipient = read_address(reader, "the recipient")
    protocol_id = reader.octet("the protocol identifier")
    data_coding = reader.octet("the data coding scheme")
    validity_s = _read_validity(first, reader)
    length = reader.octet("the user data length")
    return Submit(
        service_centre=service_centre,
        reference=reference,
        recipient=recipient.value,
        recipient_type=recipient.type,
        protocol_id=protocol_id,
        validity_s=validity_s,
        status_report=bool(first & _STATUS_REPORT_REQUEST),
        content=decode_content(data_coding, has_header=bool(first & _HAS_HEADER), length=length, octets=reader.rest()),
    )


def _read_validity(first: int, reader: Reader) -> int | None:
    form = first & _VALIDITY_FORMAT
    if form == _VALIDITY_RELATIVE:
        return decode_validity(reader.octet("the validity period"))
    if form:
        reader.octets(TIMESTAMP_OCTETS, "the validity period")
    return None
