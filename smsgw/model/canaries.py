"""Canaries: messages that one SIM sends to another, or to itself, to see that sending and receiving work."""

from dataclasses import dataclass
from enum import StrEnum


class CanaryState(StrEnum):
    """What is known of a canary."""

    WAITING = "waiting"  # it is on its way, or none has been sent yet
    OK = "ok"  # it has arrived
    LATE = "late"  # it has arrived after it had counted as lost
    LOST = "lost"  # it has not arrived in time
    NOT_SENT = "not_sent"  # it did not come to be sent


class Hindrance(StrEnum):
    """Why a canary is not sent, beside what SIMs wait for (`Wait`) and what becomes of messages (`Reason`)."""

    SWITCHED_OFF = "switched_off"  # the device that is to send or to receive it
    CLOSED = "closed"  # the gateway takes no messages
    BUSY = "busy"  # the SIM sent others all the time
    DELETED = "deleted"  # a client has deleted its message


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """One canary and what became of it; times in Unix milliseconds."""

    row: int
    state: CanaryState
    why: str  # it was not sent
    begun_at: int
    sent_at: int | None
    arrived_at: int | None
    delivered_at: int | None

    @property
    def took_s(self) -> float | None:
        """How many seconds it took to arrive."""
        return _seconds(self.sent_at, self.arrived_at)

    @property
    def delivered_in_s(self) -> float | None:
        """How many seconds passed until a report said that it was delivered."""
        return _seconds(self.sent_at, self.delivered_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """How it stands with a canary of the configuration; times in Unix milliseconds.

    `seconds` and `delivered_seconds` are those of the last that was sent.
    """

    name: str
    state: CanaryState
    why: str
    last_sent: int | None
    last_arrived: int | None
    seconds: float | None
    delivered_seconds: float | None


def _seconds(begun: int | None, ended: int | None) -> float | None:
    return None if begun is None or ended is None else max(0, ended - begun) / 1_000
