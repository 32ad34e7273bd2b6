"""Messages that came in, and what became of the TPDUs they came in."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of a received TPDU."""

    WHOLE = "whole"  # a message is in the inbox with it
    CANARY = "canary"  # the gateway has sent it itself: nobody is to read it
    WAITING = "waiting"  # other parts of its message have not come yet
    PUT_BACK = "put_back"  # kept as it came until older ones have been looked at
    REPEATED = "repeated"  # it was received before
    DROPPED = "dropped"  # not meant for people


class InboundKind(StrEnum):
    """What a received message is."""

    TEXT = "text"  # something to read
    BINARY = "binary"  # octets for a program
    UNREADABLE = "unreadable"  # a TPDU that makes no sense, as it came


@dataclass(frozen=True, slots=True, kw_only=True)
class Indication:
    """What waits for the subscriber elsewhere: voice mail and the like (3GPP TS 23.040 §9.2.3.24.2)."""

    what: str
    is_active: bool  # it waits; otherwise it no longer does
    count: int | None  # how many, where told


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A received message as its parts make it; time in Unix milliseconds."""

    kind: InboundKind
    text: str
    data: bytes | None  # what is no text
    sender: str  # digits without “+”, or a name; empty where none is told
    sent_at: int | None  # by the service centre's clock; None where it tells no time
    is_flash: bool = False
    missing: tuple[int, ...] = ()  # numbers of the parts that have not come
    indications: tuple[Indication, ...] = ()
    port: int | None = None  # of the program that it is for
    replaces: int | None = None  # TP-PID, where it takes the place of an earlier one with the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message in the inbox; time in Unix milliseconds."""

    id: str
    device_id: str
    sim: str
    created_at: int
    content: Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundPage:
    """One page of the inbox, newest first, and how many there are in all."""

    total: int
    messages: tuple[Inbound, ...]
