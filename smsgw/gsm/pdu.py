"""Short messages as modems take and give them in PDU mode: the public face of the TPDU modules.

Knows which TPDU is which (3GPP TS 23.040 §9.2.3.1) and the service centre's address in front of it (TS 27.005 §3.1).
"""

from smsgw.gsm.address import TypeOfNumber, read_service_centre, type_of_number
from smsgw.gsm.data_coding import MessageClass
from smsgw.gsm.deliver import Deliver, read_deliver
from smsgw.gsm.header import Concatenation, MessageWaiting, Ports, WaitingKind
from smsgw.gsm.reader import PduError, Reader
from smsgw.gsm.report import DeliveryOutcome, StatusReport, delivery_outcome, read_status_report, status_meaning
from smsgw.gsm.submit import Submit, SubmitPdu, encode_message, encode_submit, read_submit
from smsgw.gsm.userdata import Content

__all__ = [
    "Concatenation",
    "Content",
    "Deliver",
    "DeliveryOutcome",
    "MessageClass",
    "MessageWaiting",
    "PduError",
    "Ports",
    "StatusReport",
    "Submit",
    "SubmitPdu",
    "TypeOfNumber",
    "WaitingKind",
    "decode",
    "delivery_outcome",
    "encode_message",
    "encode_submit",
    "identity",
    "status_meaning",
    "type_of_number",
]

_HAS_HEADER = 0x40  # first octet, §9.2.3.23

# By TP-MTI; the reserved fourth is read like a DELIVER (§9.2.3.1).
_READERS = (read_deliver, read_submit, read_status_report, read_deliver)


def decode(pdu: bytes | str) -> Deliver | StatusReport | Submit:
    """Read a PDU from a modem, as octets or hex digits, the service centre's address in front.

    Raises PduError, and nothing else, whatever comes; impossible times are None.
    """
    reader = Reader(_octets(pdu))
    service_centre = read_service_centre(reader)
    first = reader.octet("the first octet of the TPDU")
    return _READERS[first & 3](service_centre, first, reader)


def identity(pdu: bytes) -> bytes:
    """Return what a received message has in common with its repeats; raises PduError.

    That is all but the service centre's address and what the first octet says about the delivery: whether there is a
    header is the only flag in it that is about the message (TS 23.040 §9.2.2.1).
    """
    reader = Reader(pdu)
    read_service_centre(reader)
    return bytes([reader.octet("the first octet of the TPDU") & _HAS_HEADER]) + reader.rest()


def _octets(pdu: bytes | str) -> bytes:
    if isinstance(pdu, bytes):
        return pdu
    try:
        return bytes.fromhex(pdu)
    except ValueError:
        raise PduError(f"{len(pdu)} characters that are not pairs of hex digits") from None
