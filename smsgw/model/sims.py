"""When a SIM may send, and the ways that a message may go."""

from dataclasses import dataclass
from enum import StrEnum


class Wait(StrEnum):
    """Why a SIM sends nothing for a while."""

    REST = "rest"  # the network blames it, or has too much to do
    QUIET_HOURS = "quiet_hours"  # as configured
    GAP = "gap"  # between two parts, as configured
    PER_MINUTE = "per_minute"  # its limit for a minute is used up
    PER_HOUR = "per_hour"
    PER_DAY = "per_day"
    PER_MONTH = "per_month"
    BALANCE = "balance"  # too little money is left on it
    RECIPIENTS = "recipients"  # it has written to as many people as it may this month


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The money on a SIM as its operator said at `at`, and when it was asked last; `error` says why that was in vain.

    Times are Unix milliseconds.
    """

    value: float | None = None
    at: int | None = None
    tried_at: int | None = None
    error: str | None = None


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
