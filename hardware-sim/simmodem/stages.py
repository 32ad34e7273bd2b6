"""The points of a dialogue that somebody can be told of, to do at that very moment what no clock could hit."""

from collections.abc import Callable
from enum import StrEnum


class Stage(StrEnum):
    """How far a modem has come; what is written is in the pty, and nothing behind it is."""

    # One part on its way out (TS 27.005 §3.5.1)
    SUBMISSION = "submission"  # AT+CMGS has come, nothing is answered
    PROMPT = "prompt"  # AT+CMGS is answered by the prompt, nothing of the PDU is taken
    HALF_PDU = "half_pdu"  # half of the PDU is taken
    CTRL_Z = "ctrl_z"  # the PDU is complete, the network has not got it
    TAKEN = "taken"  # the network has it, nothing is written
    REFERENCE = "reference"  # +CMGS is written, OK is not
    SENT = "sent"  # OK is written
    # What comes in (§3.4.1)
    REPORT_HEADER = "report_header"  # the first line of +CDS is written, its PDU is not
    REPORT = "report"  # +CDS and its PDU are written
    REPORT_STORED = "report_stored"  # +CDSI is written
    MESSAGE_HEADER = "message_header"  # the first line of +CMT is written, its PDU is not
    MESSAGE = "message"  # +CMT and its PDU are written
    MESSAGE_STORED = "message_stored"  # +CMTI is written
    READ = "read"  # AT+CMGR is answered
    DELETED = "deleted"  # AT+CMGD is answered


Observer = Callable[[int, Stage], None]

# By the name of an unsolicited result: what is reached with its first line, and with the PDU behind that.
UNSOLICITED = {
    "+CDS": (Stage.REPORT_HEADER, Stage.REPORT),
    "+CDSI": (Stage.REPORT_STORED,),
    "+CMT": (Stage.MESSAGE_HEADER, Stage.MESSAGE),
    "+CMTI": (Stage.MESSAGE_STORED,),
}
# By the command that is answered with OK.
ANSWERED = {"+CMGR": Stage.READ, "+CMGD": Stage.DELETED}
