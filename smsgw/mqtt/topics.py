"""The names of all topics; the one place where they are spelt."""

import re
from dataclasses import dataclass

from smsgw.model import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """Topics below a prefix, and those of Home Assistant below its own (empty: there is none)."""

    prefix: str
    discovery: str

    @property
    def status(self) -> str:
        """Where it stands whether the gateway is there."""
        return f"{self.prefix}/status"

    @property
    def send(self) -> str:
        """Where messages to be sent come in as JSON."""
        return f"{self.prefix}/send"

    @property
    def result(self) -> str:
        """Where it is told what came of a command."""
        return f"{self.prefix}/send/result"

    @property
    def notify(self) -> str:
        """Where mere texts to the configured number come in."""
        return f"{self.prefix}/notify"

    @property
    def all_states(self) -> str:
        """The filter of the states of all devices."""
        return self.state("+")

    @property
    def birth(self) -> str:
        """Where Home Assistant tells that it is there."""
        return f"{self.discovery}/status"

    def event(self, kind: EventKind) -> str:
        """Where events of a kind are told."""
        return f"{self.prefix}/events/{kind.value.replace('.', '/')}"

    def state(self, device: str) -> str:
        """Where the state of a device stands."""
        return f"{self.prefix}/devices/{device}/state"

    def device_of(self, topic: str) -> str | None:
        """Tell whose state stands at a topic; None if it is no such topic."""
        found = re.fullmatch(re.escape(f"{self.prefix}/devices/") + "([^/]+)/state", topic)
        return found and found.group(1)

    def config(self, component: str, node: str, object: str) -> str:
        """Where Home Assistant reads what an entity is."""
        return f"{self.discovery}/{component}/{node}/{object}/config"
