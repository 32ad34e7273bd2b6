"""What clients are told without asking: events, the webhooks that are told of them, and how far that has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class EventKind(StrEnum):
    """What can happen that clients are told of."""

    SMS_STATUS = "sms.status"  # an outgoing message changed its status
    SMS_RECEIVED = "sms.received"  # an incoming message is in the inbox
    DEVICE_STATUS = "device.status"  # a device can be used again, or no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; time in Unix milliseconds."""

    seq: int  # order in which it happened
    kind: EventKind
    subject: str  # id of the message or the device
    at: int
    data: str  # JSON: the object of the contract as it was then

    @property
    def id(self) -> str:
        """Return 24 hex digits, which also tell a database from a copy of it that has gone on by itself."""
        return event_id(self.at, self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far somebody has come in what has happened: right after an event."""

    seq: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookWish:
    """A webhook as somebody wants it."""

    name: str
    url: str
    events: frozenset[EventKind]
    headers: Mapping[str, str] = field(default_factory=dict)  # what each request carries besides
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """What is to become different about a webhook; None: nothing."""

    name: str | None = None
    url: str | None = None
    events: frozenset[EventKind] | None = None
    headers: Mapping[str, str] | None = None  # all of them
    is_active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Whom to tell, and of what; time in Unix milliseconds."""

    row: int
    id: str
    name: str
    url: str
    events: frozenset[EventKind]
    headers: Mapping[str, str]
    is_active: bool
    error: str | None  # why the gateway itself has switched it off
    created_at: int
    asked_at: int  # when somebody last wanted it to be told at once; 0: never
    secrets: tuple[str, ...] = field(repr=False)  # what its requests are signed with, the present one first
    old_secret_until: int | None  # None: there is one secret only


class DeliveryState(StrEnum):
    """How far the telling of one event to one webhook has come."""

    WAITING = "waiting"  # to be tried, or tried again
    DELIVERED = "delivered"  # the other side has confirmed it
    PARKED = "parked"  # given up; only a person starts it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one attempt."""

    took_ms: int
    status: int | None = None  # of HTTP; None: there was no answer
    error: str | None = None  # why it counts as failed; None: it is delivered
    text: str = ""  # first bytes of what was answered
    retry_after_s: float | None = None  # asked for by the other side
    is_gone: bool = False  # the other side wants no more


class WebhookTester(Protocol):
    """Whoever can tell a webhook something at once."""

    async def test(self, id: str) -> Answer:
        """Tell a webhook that this is a test and return what came of it; raises `WebhookNotFound`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event to be told to one webhook; times in Unix milliseconds."""

    row: int
    event: Event
    state: DeliveryState
    due_at: int | None  # None: after others about the same, or it is over
    attempts: int
    attempted_at: int | None  # the last time
    answer: Answer | None  # to the last attempt

    @property
    def id(self) -> str:
        """Return 24 hex digits."""
        return delivery_id(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """One page of a webhook's deliveries, newest first, and how many there are in all."""

    total: int
    deliveries: tuple[Delivery, ...]


def delivery_id(row: int) -> str:
    """Return the public id of a delivery."""
    return f"{row:024x}"


def delivery_row(id: str) -> int:
    """Return the row number that a public id stands for; no row has more than 63 bits."""
    return min(int(id, 16), 2**63 - 1)


def event_id(at: int, seq: int) -> str:
    """Return the public id of an event that happened at a time in Unix milliseconds."""
    return f"{at // 1_000 & 0xFFFFFFFF:08x}{seq:016x}"


def event_seq(id: str) -> int:
    """Return the number that an event's public id stands for, as `delivery_row`."""
    return min(int(id[8:], 16), 2**63 - 1)
