"""The facts of the gateway and the moves they may make: messages, parts, devices, SIMs, reports, tokens.

Knows neither storage nor modems nor time. Times are aware UTC datetimes at the edges and Unix milliseconds inside rows.
"""

from smsgw.model.canaries import CanaryReport, CanaryState, Flight, Hindrance
from smsgw.model.devices import Device, LiveModem, LiveModems, UsbPlace
from smsgw.model.inbound import Arrival, Fate, Inbound, InboundKind, InboundPage, Indication
from smsgw.model.messages import (
    Attempt,
    ClaimedMessage,
    Head,
    Message,
    MessageDetail,
    MessagePage,
    Part,
    PartToSend,
    TimelineEntry,
)
from smsgw.model.reports import Candidate, ReceivedReport, ReportPage, UnmatchedReport
from smsgw.model.requests import DEFAULT_PRIORITY, Preview, Refusal, Repeatable, SendRequest
from smsgw.model.sims import Balance, Route, Standstill, Wait
from smsgw.model.states import (
    ABLE_TO_SEND,
    DEVICE_TRANSITIONS,
    PART_TRANSITIONS,
    STATUS_TEXTS,
    TRANSITIONS,
    DeviceState,
    IllegalMove,
    PartState,
    Reason,
    Status,
    advance,
    sources,
)
from smsgw.model.tokens import Right, Token
from smsgw.model.ussd import UssdAnswer, UssdCall, UssdModems, UssdState

__all__ = [
    "ABLE_TO_SEND",
    "DEFAULT_PRIORITY",
    "DEVICE_TRANSITIONS",
    "PART_TRANSITIONS",
    "STATUS_TEXTS",
    "TRANSITIONS",
    "Arrival",
    "Attempt",
    "Balance",
    "CanaryReport",
    "CanaryState",
    "Candidate",
    "ClaimedMessage",
    "Device",
    "DeviceState",
    "Fate",
    "Flight",
    "Head",
    "Hindrance",
    "IllegalMove",
    "Inbound",
    "InboundKind",
    "InboundPage",
    "Indication",
    "LiveModem",
    "LiveModems",
    "Message",
    "MessageDetail",
    "MessagePage",
    "Part",
    "PartState",
    "PartToSend",
    "Preview",
    "Reason",
    "ReceivedReport",
    "Refusal",
    "Repeatable",
    "ReportPage",
    "Right",
    "Route",
    "SendRequest",
    "Standstill",
    "Status",
    "TimelineEntry",
    "Token",
    "UnmatchedReport",
    "UsbPlace",
    "UssdAnswer",
    "UssdCall",
    "UssdModems",
    "UssdState",
    "Wait",
    "advance",
    "sources",
]
