"""SMS-DELIVER: what comes from the service centre (3GPP TS 23.040 §9.2.2.1).

Knows one TPDU; putting parts together is `text.join`, keeping them is the caller's business.
"""

from dataclasses import dataclass
from datetime import datetime

from smsgw.gsm.address import TypeOfNumber, read_address
from smsgw.gsm.reader import Reader
from smsgw.gsm.timestamp import TIMESTAMP_OCTETS, decode_timestamp
from smsgw.gsm.userdata import Content, decode_content

# First octet, §9.2.2.1; the first flag is 0 when more are waiting.
_NO_MORE_MESSAGES = 0x04
_HAS_HEADER = 0x40

# TP-PID, §9.2.3.9: type 0, which a phone acknowledges and forgets, and downloads to the phone or the SIM.
_NOT_FOR_PEOPLE = frozenset({0x40, 0x7D, 0x7E, 0x7F})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """A received message, or one part of it."""

    service_centre: str | None
    service_centre_time: datetime | None  # aware; None where the octets are no time
    sender: str  # digits without “+”, or a name
    sender_type: TypeOfNumber
    protocol_id: int
    more_to_come: bool  # the service centre has more messages for this SIM
    content: Content

    @property
    def is_for_people(self) -> bool:
        """Whether somebody is meant to see it, rather than the phone or the SIM alone."""
        return self.protocol_id not in _NOT_FOR_PEOPLE


def read_deliver(service_centre: str | None, first: int, reader: Reader) -> Deliver:
    """Read what follows the first octet; raises PduError (§9.2.2.1)."""
    sender = read_address(reader, "the sender")
    protocol_id = reader.octet("the protocol identifier")
    data_coding = reader.octet("the data coding scheme")
    time = decode_timestamp(reader.octets(TIMESTAMP_OCTETS, "the service centre time stamp"))
    length = reader.octet("the user data length")
    return Deliver(
        service_centre=service_centre,
        service_centre_time=time,
        sender=sender.value,
        sender_type=sender.type,
        protocol_id=protocol_id,
        more_to_come=not first & _NO_MORE_MESSAGES,
        content=decode_content(data_coding, has_header=bool(first & _HAS_HEADER), length=length, octets=reader.rest()),
    )
