"""Devices: as they are stored, and what their modems are doing right now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from smsgw.model.sims import Balance, Standstill
from smsgw.model.states import DeviceState


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbPlace:
    """Where on USB a modem was met: the socket, as the kernel calls it, and of what is in there the make and interface.

    `make` is vendor, product and, where there is one, serial number, as the device tells them: 2c7c:0125:.
    """

    socket: str
    make: str
    interface: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A modem as it is stored; its SIM slots come from the configuration."""

    id: str
    name: str
    is_active: bool
    imei: str | None
    last_online_at: int | None
    place: UsbPlace | None = None  # where it was met last; None if that is not known, or somebody else was met there


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveModem:
    """What a modem's worker knows about it at this moment."""

    state: DeviceState = DeviceState.OFFLINE
    since: int = 0  # Unix milliseconds, start of the present state
    online: bool = False
    slot: int | None = None  # of the SIM in use; None also where several are
    signal_dbm: int | None = None
    registration: str | None = None
    operator: str | None = None
    battery_percent: int | None = None
    is_charging: bool = True
    error: str | None = None  # what a person should know, with what to do about it
    remedy: str | None = None  # what was last done about an ailment that is not known to be over
    balances: Mapping[int, Balance] = field(default_factory=dict)  # by slot, of the SIMs seen there
    standstill: Standstill | None = None  # the last one; it may be over
    unable: Mapping[int, DeviceState] = field(default_factory=dict)  # by slot, SIMs that cannot send while others can

    @property
    def trouble(self) -> str | None:
        """What a person should know, and what was done about it."""
        return "; ".join(text for text in (self.error, self.remedy) if text) or None

    def standstill_at(self, now: int) -> Standstill | None:
        """Return the standstill that is not over at a time in Unix milliseconds."""
        return self.standstill if self.standstill and self.standstill.until > now else None


class LiveModems(Protocol):
    """Whoever can tell what each modem is doing right now."""

    def live(self, device_id: str) -> LiveModem:
        """Describe the modem of this device; an unknown one is offline."""
