"""What about a device is worth telling: whether it can be used, and what a person should know of it."""

from dataclasses import dataclass
from enum import StrEnum

from smsgw.model import ABLE_TO_SEND, DeviceState, LiveModem, Wait

# Faults in words may change from one attempt to the next.
_WORDS_S = 60.0
_FAULTS = (Wait.REST, Wait.BALANCE)


class Use(StrEnum):
    """Whether a device can be used."""

    READY = "ready"
    FAULTY = "faulty"
    LOCKED = "locked"  # only a person can help
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a device is, as far as it is worth telling."""

    use: Use
    fault: str | None


def condition(live: LiveModem, now: int) -> Condition | None:
    """Tell how a device is at a time in Unix milliseconds; None while it is on its way and nothing is wrong."""
    standstill = live.standstill_at(now)
    fault = live.error or (standstill.detail if standstill and standstill.why in _FAULTS else None)
    if live.state is DeviceState.DISABLED:
        return Condition(use=Use.DISABLED, fault=None)
    if live.state is DeviceState.LOCKED:
        return Condition(use=Use.LOCKED, fault=fault)
    if live.state in ABLE_TO_SEND:
        return Condition(use=Use.READY, fault=fault)
    return Condition(use=Use.FAULTY, fault=fault) if fault else None


def is_news(told: Condition | None, present: Condition, since_s: float) -> bool:
    """Tell whether a condition is worth telling, `since_s` seconds after another was told."""
    if told is None or present.use is not told.use:
        return True
    return present.fault != told.fault and since_s >= _WORDS_S
