"""The facts of the gateway and the moves they may make: messages, parts, devices, SIMs, tokens.

Knows neither storage nor modems nor time. Every change of state goes through a table below; a move that is not in it is
an error in the program and is loud. Times are aware UTC datetimes at the edges and Unix milliseconds inside rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol, TypeVar

from smsgw.errors import CallerError, Language, Text


class IllegalMove(RuntimeError):
    """A state was to change in a way that no table allows: a defect of this program."""


class Status(IntEnum):
    """Status of a message, numbered as the HTTP contract does."""

    WAITING = 0  # stored, durable, no modem has it
    PROCESSING = 1  # a modem has claimed it, or the outcome of a part is not known yet
    SENT = 2  # the network accepted every part
    SEND_ERROR = 3  # refused, expired, out of attempts, or the outcome stayed unknown
    DELIVERED = 4  # every part is reported delivered; final
    DELIVERY_ERROR = 5  # some part is reported undeliverable


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.PROCESSING, Status.SEND_ERROR}),
    Status.PROCESSING: frozenset(
        {Status.WAITING, Status.SENT, Status.SEND_ERROR, Status.DELIVERED, Status.DELIVERY_ERROR}
    ),
    Status.SENT: frozenset({Status.DELIVERED, Status.DELIVERY_ERROR}),
    Status.SEND_ERROR: frozenset({Status.DELIVERED}),
    Status.DELIVERED: frozenset(),
    Status.DELIVERY_ERROR: frozenset({Status.DELIVERED}),
}

STATUS_TEXTS: Mapping[Language, Mapping[Status, str]] = {
    Language.RU: {
        Status.WAITING: "Ждет обработки",
        Status.PROCESSING: "Взято в обработку",
        Status.SENT: "Отправлено",
        Status.SEND_ERROR: "Ошибка отправки",
        Status.DELIVERED: "Доставлено",
        Status.DELIVERY_ERROR: "Ошибка доставки",
    },
    Language.EN: {
        Status.WAITING: "Waiting",
        Status.PROCESSING: "Processing",
        Status.SENT: "Sent",
        Status.SEND_ERROR: "Send error",
        Status.DELIVERED: "Delivered",
        Status.DELIVERY_ERROR: "Delivery error",
    },
}


class PartState(StrEnum):
    """State of one part (one TPDU) of a message."""

    PENDING = "pending"  # nothing of it has reached the network
    SUBMITTING = "submitting"  # it may be on the wire at this moment
    ACCEPTED = "accepted"  # the network gave it a message reference
    DELIVERED = "delivered"  # reported as received
    UNDELIVERED = "undelivered"  # reported as impossible to deliver
    FAILED = "failed"  # refused for good, out of attempts, or unknown for too long
    UNCERTAIN = "uncertain"  # it was on the wire and nobody knows what became of it
    EXPIRED = "expired"  # its time ran out before it was sent
    CANCELLED = "cancelled"  # not sent because the message it belongs to had already failed


PART_TRANSITIONS: Mapping[PartState, frozenset[PartState]] = {
    PartState.PENDING: frozenset({PartState.SUBMITTING, PartState.EXPIRED, PartState.CANCELLED}),
    PartState.SUBMITTING: frozenset({PartState.ACCEPTED, PartState.PENDING, PartState.FAILED, PartState.UNCERTAIN}),
    PartState.UNCERTAIN: frozenset({PartState.ACCEPTED, PartState.PENDING, PartState.FAILED}),
    PartState.ACCEPTED: frozenset({PartState.DELIVERED, PartState.UNDELIVERED}),
    PartState.UNDELIVERED: frozenset({PartState.DELIVERED}),
    PartState.FAILED: frozenset({PartState.DELIVERED}),
    PartState.DELIVERED: frozenset(),
    PartState.EXPIRED: frozenset(),
    PartState.CANCELLED: frozenset(),
}


class DeviceState(StrEnum):
    """What a modem is doing right now."""

    OFFLINE = "offline"  # the port is closed; it will be tried again
    OPENING = "opening"  # the port is being opened
    INITIALISING = "initialising"  # the modem is being asked who it is and set up
    REGISTERING = "registering"  # set up; the network has not taken the SIM yet
    READY = "ready"  # may send at once
    SENDING = "sending"  # a message is on the wire
    RECOVERING = "recovering"  # something failed; the session is being torn down
    LOCKED = "locked"  # the SIM needs a person: PIN missing or refused, PUK, no SIM
    DISABLED = "disabled"  # switched off by the operator


ABLE_TO_SEND = frozenset({DeviceState.READY, DeviceState.SENDING})

_ANY_FAULT = frozenset({DeviceState.RECOVERING, DeviceState.OFFLINE, DeviceState.DISABLED})

DEVICE_TRANSITIONS: Mapping[DeviceState, frozenset[DeviceState]] = {
    DeviceState.OFFLINE: frozenset({DeviceState.OPENING, DeviceState.DISABLED}),
    DeviceState.OPENING: frozenset({DeviceState.INITIALISING}) | _ANY_FAULT,
    DeviceState.INITIALISING: frozenset({DeviceState.REGISTERING, DeviceState.LOCKED}) | _ANY_FAULT,
    DeviceState.REGISTERING: frozenset({DeviceState.READY}) | _ANY_FAULT,
    DeviceState.READY: frozenset({DeviceState.SENDING, DeviceState.REGISTERING}) | _ANY_FAULT,
    DeviceState.SENDING: frozenset({DeviceState.READY, DeviceState.REGISTERING}) | _ANY_FAULT,
    DeviceState.RECOVERING: frozenset({DeviceState.OFFLINE, DeviceState.DISABLED}),
    DeviceState.LOCKED: frozenset({DeviceState.OFFLINE, DeviceState.DISABLED}),
    DeviceState.DISABLED: frozenset({DeviceState.OFFLINE}),
}

S = TypeVar("S", Status, PartState, DeviceState)


def advance(table: Mapping[S, frozenset[S]], current: S, target: S) -> S:
    """Return `target` if `table` allows the move from `current`; raise `IllegalMove` otherwise."""
    if target not in table[current]:
        raise IllegalMove(f"{type(current).__name__}: {current.name} may not become {target.name}")
    return target


def sources(table: Mapping[S, frozenset[S]], target: S) -> tuple[S, ...]:
    """List the states from which `target` may be reached, for the guards in SQL."""
    return tuple(state for state, targets in table.items() if target in targets)


class Reason(StrEnum):
    """Why a message changed its status, as the timeline tells it."""

    SUBMITTED = "submitted"  # taken over from the client
    CLAIMED = "claimed"  # a modem took it
    ACCEPTED = "accepted"  # the network took every part
    REFUSED = "refused"  # the network or the modem refused it for good
    RETRY = "retry"  # refused for now; it will be tried again
    OTHER_SIM = "other_sim"  # refused by this SIM; another one is to try
    NOT_SENT = "not_sent"  # certainly nothing left the modem; it will be tried again
    NO_SERVICE = "no_service"  # the modem lost the network; costs no attempt
    OUT_OF_ATTEMPTS = "out_of_attempts"  # refused for now once too often
    OUTCOME_UNKNOWN = "outcome_unknown"  # no answer after the message was on the wire
    OUTCOME_RESEND = "outcome_resend"  # the outcome stayed unknown and the policy says to send again
    OUTCOME_KNOWN = "outcome_known"  # a status report proved that the network had it
    INTERRUPTED = "interrupted"  # the gateway stopped before the message was finished
    SIM_WAITS = "sim_waits"  # the limits of the SIM let the rest of it wait, or something more urgent came
    EXPIRED = "expired"  # its time ran out before it was sent
    DEVICE_GONE = "device_gone"  # the device it was meant for was deleted
    RESTORED = "restored"  # it was unfinished when the backup was made and may have been sent since
    REPORT_DELIVERED = "report_delivered"  # a status report says delivered
    REPORT_FAILED = "report_failed"  # a status report says it cannot be delivered


class Right(StrEnum):
    """What a token may do."""

    SMS_SEND = "sms:send"
    SMS_READ = "sms:read"
    SMS_DELETE = "sms:delete"
    DEVICES_READ = "devices:read"
    DEVICES_EDIT = "devices:edit"
    DEVICES_DELETE = "devices:delete"


DEFAULT_PRIORITY = 5  # of 0 to 9


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A message as a client asks for it, its shape already checked; empty strings and None mean unset."""

    text: str
    phone_number: str  # digits only
    device_id: str = ""
    to_sim: int | None = None
    callback_id: str = ""
    priority: int = DEFAULT_PRIORITY
    ttl_s: int | None = None
    send_at: int | None = None  # Unix milliseconds
    flash: bool = False
    on_uncertain: str | None = None  # as `sending.uncertain` of the configuration


class Wait(StrEnum):
    """Why a SIM sends nothing for a while."""

    REST = "rest"  # the network blames it, or has too much to do
    QUIET_HOURS = "quiet_hours"  # as configured
    GAP = "gap"  # between two parts, as configured
    PER_MINUTE = "per_minute"  # its limit for a minute is used up
    PER_HOUR = "per_hour"
    PER_DAY = "per_day"
    PER_MONTH = "per_month"
    RECIPIENTS = "recipients"  # it has written to as many people as it may this month


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """A time in which a SIM sends nothing; `until` in Unix milliseconds, `detail` for people."""

    until: int
    why: Wait
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A device, and a slot of it, that may send a message; `sim` is the SIM seen there last (ICCID).

    Its limits, the message's own time and those of its parts let the first part go at `ready_at` and the last at
    `last_part_at` at the earliest, in Unix milliseconds.
    """

    device: str
    slot: int
    sim: str | None
    ready_at: int
    last_part_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would become of a message."""

    encoding: str
    parts: int
    routes: tuple[Route, ...]  # at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatable:
    """What makes a request known again: the client's idempotency key, and a digest of what was asked."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one message of several was not taken."""

    code: int
    text: Text

    @classmethod
    def of(cls, error: CallerError) -> "Refusal":
        """Put down what an error says."""
        return cls(code=error.code, text=Text(error.text(Language.RU), error.text(Language.EN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A stored message as clients see it; times in Unix milliseconds."""

    id: str
    text: str
    phone_number: str
    status: Status
    device_id: str
    to_sim: int | None
    callback_id: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to submit a part; times in Unix milliseconds."""

    device: str
    sim: str
    submitted_at: int
    ended_at: int | None
    outcome: str
    reference: int | None  # TP-MR
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a message with all tries to submit it; times in Unix milliseconds."""

    number: int
    state: PartState
    accepted_at: int | None
    reported_at: int | None
    report_status: int | None  # TP-ST
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One change of status; time in Unix milliseconds."""

    at: int
    status: Status
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDetail:
    """All that is known about a message."""

    message: Message
    encoding: str
    priority: int
    flash: bool
    on_uncertain: str | None  # None: as configured
    expires_at: int
    not_before: int | None
    attempts: int
    device: str | None  # id of the device that took it last
    sim: str | None  # ICCID (or what stands for it) of the SIM it is bound to
    parts: tuple[Part, ...]
    timeline: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """One page of a list of messages, newest first, and how many there are in all."""

    total: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first message that a client has in the queue; `client` is the row of its token, 0 without one.

    One that `is_begun` has parts on their way already.
    """

    row: int
    client: int
    priority: int
    is_begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartToSend:
    """A part that a worker is to submit."""

    row: int
    number: int
    pdu: bytes
    length: int  # TPDU octets, the n of AT+CMGS


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMessage:
    """A message that a worker holds, with its unsent parts in order."""

    row: int
    id: str
    part_count: int
    parts: tuple[PartToSend, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReport:
    """A status report as it matters for matching (3GPP TS 23.040 §9.2.2.3); time in Unix milliseconds."""

    reference: int
    recipient: str
    service_centre_time: int | None
    status: int
    pdu: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedReport:
    """A status report that no message was waiting for; time in Unix milliseconds."""

    received_at: int
    sim: str
    report: ReceivedReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """One page of a list of unmatched reports, newest first, and how many there are in all."""

    total: int
    reports: tuple[UnmatchedReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An attempt that a status report may be about; times in Unix milliseconds."""

    part: int
    submitted_at: int
    ended_at: int | None
    state: PartState
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A modem as it is stored; its SIM slots come from the configuration."""

    id: str
    name: str
    is_active: bool
    imei: str | None
    last_online_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveModem:
    """What a modem's worker knows about it at this moment."""

    state: DeviceState = DeviceState.OFFLINE
    since: int = 0  # Unix milliseconds, start of the present state
    online: bool = False
    signal_dbm: int | None = None
    registration: str | None = None
    operator: str | None = None
    battery_percent: int | None = None
    is_charging: bool = True
    error: str | None = None  # what a person should know, with what to do about it
    standstill: Standstill | None = None  # the last one; it may be over

    def standstill_at(self, now: int) -> Standstill | None:
        """Return the standstill that is not over at a time in Unix milliseconds."""
        return self.standstill if self.standstill and self.standstill.until > now else None


class LiveModems(Protocol):
    """Whoever can tell what each modem is doing right now."""

    def live(self, device_id: str) -> LiveModem:
        """Describe the modem of this device; an unknown one is offline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token without its secret."""

    row: int
    name: str
    is_enabled: bool
    rights: frozenset[Right]
    per_day: int | None  # messages, None = unlimited
    per_month: int | None
    networks: tuple[str, ...]  # CIDR it may be used from; empty = anywhere
    created_at: int
