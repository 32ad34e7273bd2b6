"""What a modem says unasked, sorted by what there is to do about it. Pure: lines in, facts out."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from smsgw.at import replies, sms_replies, ussd
from smsgw.at.events import Urc
from smsgw.at.replies import RegistrationState, ReplyError
from smsgw.at.urcs import TWO_LINE
from smsgw.at.ussd import UssdLine


class News(StrEnum):
    """Kinds of news."""

    HANDED_OVER = "handed_over"  # a message or a report, with its PDU; stored nowhere else
    ORPHANED = "orphaned"  # the same without the line that announces it: it was for a program that was killed
    STORED = "stored"  # a message or a report waits at `place`
    MISSED = "missed"  # something has arrived and its PDU or place got lost: list the store
    STORE_FULL = "store_full"  # nothing more can be received until messages are deleted
    REGISTRATION = "registration"  # the network has taken or lost the SIM
    SIM_CHANGED = "sim_changed"  # the SIM was taken out or has failed
    LATE_REFERENCE = "late_reference"  # the answer to a send that had been given up
    USSD = "ussd"  # what the network says in a USSD session, or unasked: in `ussd`
    OTHER = "other"  # nothing to do about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One piece of news; the fields that its kind does not have are `None`."""

    news: News
    line: str
    pdu: str | None = None
    place: sms_replies.Place | None = None
    registration: RegistrationState | None = None
    reference: int | None = None
    ussd: UssdLine | None = None


_STORE_FULL = ("^SMMEMFULL", "+SMS FULL")
_STORE_INDICATORS = ('+CIEV: "SMSFULL",1', "+CIEV: SMSFULL,1", "+CIEV: 8,1")
_SIM_GONE = ("+CPIN: NOT", "+CPIN: SIM REMOVED", "+SIMCARD: NOT", "^SIMST:0", "^SIMST:255", "+QSIMSTAT: 1,0")


def sort(urcs: Iterable[Urc]) -> list[Heard]:
    """Sort unsolicited lines, keeping their order."""
    return [_sort(urc) for urc in urcs]


def _sort(urc: Urc) -> Heard:
    line = urc.line
    if urc.pdu is not None:
        return Heard(news=News.HANDED_OVER if line else News.ORPHANED, line=line, pdu=urc.pdu)
    if line.startswith(TWO_LINE):
        return Heard(news=News.MISSED, line=line)
    try:
        if line.startswith(("+CMTI:", "+CDSI:")):
            return Heard(news=News.STORED, line=line, place=sms_replies.stored_at(line))
        if line.startswith(("+CREG:", "+CEREG:", "+CGREG:")):
            return Heard(news=News.REGISTRATION, line=line, registration=replies.registration([line]))
        if line.startswith(ussd.PREFIX):
            return Heard(news=News.USSD, line=line, ussd=ussd.read(line))
    except ReplyError:
        return Heard(news=News.MISSED if line.startswith(("+CMTI:", "+CDSI:")) else News.OTHER, line=line)
    if line.startswith("+CMGS:"):
        return Heard(news=News.LATE_REFERENCE, line=line, reference=sms_replies.message_reference([line]))
    if line.startswith(_STORE_FULL) or line.upper() in _STORE_INDICATORS:
        return Heard(news=News.STORE_FULL, line=line)
    return Heard(news=News.SIM_CHANGED if line.startswith(_SIM_GONE) else News.OTHER, line=line)
