"""SMS-STATUS-REPORT: what became of a message, and what its status means (3GPP TS 23.040 §9.2.2.3, §9.2.3.15).

Knows one TPDU; which message it speaks of is for the caller to find.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smsgw.gsm.address import TypeOfNumber, read_address
from smsgw.gsm.reader import Reader
from smsgw.gsm.timestamp import TIMESTAMP_OCTETS, decode_timestamp

_NO_MORE_MESSAGES = 0x04  # first octet, §9.2.3.2


class DeliveryOutcome(StrEnum):
    """What a status report lets one conclude."""

    DELIVERED = "delivered"  # it arrived, or the service centre is done with it otherwise
    PENDING = "pending"  # the service centre is still trying: not final
    FAILED = "failed"  # it cannot be delivered
    EXPIRED = "expired"  # its validity period ran out
    GAVE_UP = "gave_up"  # the cause may pass, but the service centre tries no more

    @property
    def is_final(self) -> bool:
        """Whether no further report is to be expected."""
        return self is not DeliveryOutcome.PENDING

    @property
    def is_failure(self) -> bool:
        """Whether it will not arrive unless it is sent again."""
        return self not in (DeliveryOutcome.DELIVERED, DeliveryOutcome.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A report on one TPDU that was submitted."""

    service_centre: str | None
    reference: int  # TP-MR of the submitted TPDU
    recipient: str  # digits without “+”, in whatever form the service centre chose
    recipient_type: TypeOfNumber
    service_centre_time: datetime | None  # aware; when the service centre took the message
    discharge_time: datetime | None  # aware; when it was delivered or last tried
    status: int  # TP-ST
    more_to_come: bool  # the service centre has more messages for this SIM

    @property
    def outcome(self) -> DeliveryOutcome:
        """What the status lets one conclude."""
        return delivery_outcome(self.status)


def read_status_report(service_centre: str | None, first: int, reader: Reader) -> StatusReport:
    """Read what follows the first octet; raises PduError (§9.2.2.3).

    The optional fields after the status tell nothing new, and some modems pad or cut them: they are not read.
    """
    reference = reader.octet("the message reference")
    recipient = read_address(reader, "the recipient")
    return StatusReport(
        service_centre=service_centre,
        reference=reference,
        recipient=recipient.value,
        recipient_type=recipient.type,
        service_centre_time=decode_timestamp(reader.octets(TIMESTAMP_OCTETS, "the service centre time stamp")),
        discharge_time=decode_timestamp(reader.octets(TIMESTAMP_OCTETS, "the discharge time")),
        status=reader.octet("the status"),
        more_to_come=not first & _NO_MORE_MESSAGES,
    )


# §9.2.3.15: last value of each group, what it comes to, and the text for values that have none of their own.
# 80–FF are to be treated as 63, service rejected.
_GROUPS: tuple[tuple[int, DeliveryOutcome, str], ...] = (
    (0x0F, DeliveryOutcome.DELIVERED, "completed (reserved value)"),
    (0x1F, DeliveryOutcome.DELIVERED, "completed (value of this service centre)"),
    (0x2F, DeliveryOutcome.PENDING, "still trying (reserved value)"),
    (0x3F, DeliveryOutcome.PENDING, "still trying (value of this service centre)"),
    (0x4F, DeliveryOutcome.FAILED, "permanent error (reserved value)"),
    (0x5F, DeliveryOutcome.FAILED, "permanent error (value of this service centre)"),
    (0x6F, DeliveryOutcome.GAVE_UP, "temporary error, tries no more (reserved value)"),
    (0x7F, DeliveryOutcome.GAVE_UP, "temporary error, tries no more (value of this service centre)"),
    (0xFF, DeliveryOutcome.GAVE_UP, "service rejected, tries no more (reserved value)"),
)
_VALIDITY_EXPIRED = 0x46

_TRANSIENT_CAUSES = (
    "network congestion",
    "the recipient's phone is busy",
    "no response from the recipient's phone",
    "service rejected",
    "quality of service not available",
    "error in the recipient's phone",
)

_MEANINGS: Mapping[int, str] = {
    0x00: "received by the recipient's phone",
    0x01: "forwarded, but the service centre cannot confirm delivery",
    0x02: "replaced by a newer message at the service centre",
    **{0x20 + code: f"still trying: {cause}" for code, cause in enumerate(_TRANSIENT_CAUSES)},
    0x40: "remote procedure error",
    0x41: "incompatible destination",
    0x42: "rejected by the recipient's phone",
    0x43: "recipient not obtainable",
    0x44: "quality of service not available",
    0x45: "no interworking with the recipient's network",
    _VALIDITY_EXPIRED: "validity period expired",
    0x47: "deleted by the sender",
    0x48: "deleted by the administration of the service centre",
    0x49: "the service centre does not know the message",
    **{0x60 + code: f"tries no more: {cause}" for code, cause in enumerate(_TRANSIENT_CAUSES)},
}


def delivery_outcome(status: int) -> DeliveryOutcome:
    """Return what TP-ST lets one conclude; raises ValueError outside 0–255 (§9.2.3.15)."""
    if status == _VALIDITY_EXPIRED:
        return DeliveryOutcome.EXPIRED
    return _group(status)[0]


def status_meaning(status: int) -> str:
    """Return in a few English words what TP-ST means; raises ValueError outside 0–255 (§9.2.3.15)."""
    return _MEANINGS.get(status) or _group(status)[1]


def _group(status: int) -> tuple[DeliveryOutcome, str]:
    if 0 <= status <= 0xFF:
        for last, outcome, meaning in _GROUPS:
            if status <= last:
                return outcome, meaning
    raise ValueError(f"status {status} is not one octet, 0 to 255")
