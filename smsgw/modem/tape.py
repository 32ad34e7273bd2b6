"""The last of what passed over the wire, kept in memory: one session with one modem, its beginning and its end.

Knows bytes, times and which command they belong to. The beginning is kept apart, because nothing after it can be played
again without it; of the rest, the oldest goes first.
"""

import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from smsgw.at.commands import Command

_OPENING_BYTES, _OPENING_CHUNKS = 16_384, 512  # setting a modem up takes about 4 KiB
_LATEST_BYTES, _LATEST_CHUNKS = 49_152, 1_536
_LONGEST = 4_096  # of one chunk; a read from a port is no longer


class Direction(StrEnum):
    """Who said it, as a recording writes it."""

    WROTE = ">"  # the gateway
    HEARD = "<"  # the modem
    EVENT = "!"  # nobody: something happened to the line


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What was written or read in one go; `at` is monotonic, `wall` Unix time, both in seconds.

    `command` is the command whose line it is.
    """

    at: float
    wall: float
    direction: Direction
    data: bytes
    command: Command | None = None


GAP = b"gap"  # an event: what was said here is not kept

# The fields of a chunk in their order, which are put together only when somebody wants them: every line passes here.
_Fields: TypeAlias = tuple[float, float, Direction, bytes, Command | None]


class Tape:
    """The chunks of one session, oldest first, within 64 KiB."""

    def __init__(self) -> None:
        self._opening: list[_Fields] = []
        self._opening_bytes = 0
        self._latest: deque[_Fields] = deque()
        self._latest_bytes = 0
        self._has_gap = False

    def clear(self) -> None:
        """Forget everything: a session begins."""
        self._opening.clear()
        self._latest.clear()
        self._opening_bytes = self._latest_bytes = 0
        self._has_gap = False

    def add(self, direction: Direction, data: bytes, command: Command | None = None) -> None:
        """Keep what was said just now."""
        for start in range(0, len(data), _LONGEST):
            self._keep(direction, data[start : start + _LONGEST], command)

    def _keep(self, direction: Direction, data: bytes, command: Command | None) -> None:
        said = (time.monotonic(), time.time(), direction, data, command)
        if not self._latest and self._has_room(len(data)):
            self._opening.append(said)
            self._opening_bytes += len(data)
            return
        self._latest.append(said)
        self._latest_bytes += len(data)
        while self._latest_bytes > _LATEST_BYTES or len(self._latest) > _LATEST_CHUNKS:
            self._latest_bytes -= len(self._latest.popleft()[3])
            self._has_gap = True

    def _has_room(self, octets: int) -> bool:
        return self._opening_bytes + octets <= _OPENING_BYTES and len(self._opening) < _OPENING_CHUNKS

    def take(self) -> list[Chunk]:
        """Take everything off the tape; where something is missing, a chunk says so."""
        said = self._opening.copy()
        if self._has_gap:
            at, wall, *_ = self._latest[0]
            said.append((at, wall, Direction.EVENT, GAP, None))
        said += self._latest
        self.clear()
        return [
            Chunk(at=at, wall=wall, direction=direction, data=data, command=command)
            for at, wall, direction, data, command in said
        ]
