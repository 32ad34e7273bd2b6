"""The states of messages, parts and devices, and the moves they may make.

Every change of state goes through a table below; a move that is not in it is an error in the program and is loud.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import TypeVar

from smsgw.errors import Language


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
    LEFT = "left"  # it has left the modem, as the SIM has counted it; nobody knows whether the network took it
    EXPIRED = "expired"  # its time ran out before it was sent
    CANCELLED = "cancelled"  # not sent because the message it belongs to had already failed


PART_TRANSITIONS: Mapping[PartState, frozenset[PartState]] = {
    PartState.PENDING: frozenset({PartState.SUBMITTING, PartState.EXPIRED, PartState.CANCELLED}),
    PartState.SUBMITTING: frozenset({PartState.ACCEPTED, PartState.PENDING, PartState.FAILED, PartState.UNCERTAIN}),
    PartState.UNCERTAIN: frozenset({PartState.ACCEPTED, PartState.PENDING, PartState.FAILED, PartState.LEFT}),
    PartState.LEFT: frozenset({PartState.ACCEPTED, PartState.PENDING, PartState.FAILED}),
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
