"""Whose session it is, and what its parts tell each other."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from smsgw.policy.ladder import Rung

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Whose session it is: the device, the SIM in it and the slot of that; `holder` names the worker in the store."""

    device: str
    holder: str
    sim: str
    slot: int
    imei: str | None
    may_roam: bool


class Pulse:
    """When a session last got on, by the monotonic clock: one that has not for long is stuck."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def beat(self) -> None:
        """Say that it gets on."""
        self.last = time.monotonic()


class SetUpAgain(Exception):
    """The modem must be initialised again, after the step of the ladder that is named; the text says why."""

    def __init__(self, why: str, rung: Rung = Rung.REOPEN) -> None:
        self.rung = rung
        super().__init__(why)


class Store(Protocol):
    """Stores something however long the storage is unavailable."""

    async def __call__(self, action: Callable[[], Awaitable[T]]) -> T:
        """Do it and return what it returns."""
