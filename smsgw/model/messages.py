"""Messages with their parts and attempts: as clients see them, and as the queue hands them to workers."""

from dataclasses import dataclass

from smsgw.model.states import PartState, Reason, Status


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
