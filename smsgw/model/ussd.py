"""What clients say to the network through USSD, and what it answers."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from smsgw.model.devices import LiveModem, LiveModems


class UssdState(StrEnum):
    """Where a USSD session stands after an answer."""

    FINAL = "final"  # the network has said all that there was to say
    NEEDS_REPLY = "needs_reply"  # it waits for a reply, for about a minute
    TERMINATED = "terminated"  # it has ended the session
    CANCELLED = "cancelled"  # the client has


@dataclass(frozen=True, slots=True, kw_only=True)
class UssdCall:
    """What a client wants: a code that begins a session or, in `session`, a reply or (without a code) its end."""

    code: str | None = field(repr=False)
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UssdAnswer:
    """What the network says; `session` names the session for a reply, None where none is wanted."""

    text: str = field(repr=False)
    state: UssdState
    session: str | None = None


class UssdModems(LiveModems, Protocol):
    """Whoever can also let a modem speak to the network."""

    def live_at(self, device_id: str, slot: int | None, session: str | None) -> LiveModem:
        """Describe what serves a slot, or else has this USSD session; without either, the first slot."""

    async def ussd(self, device_id: str, slot: int, call: UssdCall) -> UssdAnswer:
        """Do what a client wants; raises the `CallerError` that says why that is not possible."""
