"""Whose session it is, and what its parts tell each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Whose session it is: the device, the SIM in it and the slot of that."""

    device: str
    sim: str
    slot: int
    imei: str | None
    may_roam: bool


class SetUpAgain(Exception):
    """The modem must be initialised again; the text says why."""


class Store(Protocol):
    """Stores something however long the storage is unavailable."""

    async def __call__(self, action: Callable[[], Awaitable[T]]) -> T:
        """Do it and return what it returns."""
