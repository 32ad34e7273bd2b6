"""Message memories of a modem: slots with an index, a status and a PDU (3GPP TS 27.005 §3.1); knows no AT."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Status(IntEnum):
    """<stat> of +CMGL and +CMGR in PDU mode."""

    UNREAD = 0  # received, never shown
    READ = 1  # received
    UNSENT = 2  # draft
    SENT = 3  # copy of a sent one
    ALL = 4  # only in AT+CMGL


@dataclass(slots=True)
class Stored:
    """One message in its slot; `pdu` is hex with the service centre address."""

    status: Status
    pdu: str


class MemoryFull(Exception):
    """Every slot is taken."""


class NoSuchIndex(Exception):
    """The index is outside the memory, or its slot is empty."""


@dataclass(slots=True)
class Memory:
    """One memory such as "SM"; indices begin at `base`."""

    name: str
    size: int
    base: int
    slots: dict[int, Stored] = field(default_factory=dict)

    @property
    def indices(self) -> range:
        return range(self.base, self.base + self.size)

    @property
    def is_full(self) -> bool:
        return len(self.slots) >= self.size

    def store(self, status: Status, pdu: str) -> int:
        """Put a message into the lowest free slot; raises MemoryFull."""
        for index in self.indices:
            if index not in self.slots:
                self.slots[index] = Stored(status, pdu)
                return index
        raise MemoryFull(self.name)

    def at(self, index: int) -> Stored | None:
        """Give what a slot holds, None for an empty one; raises NoSuchIndex outside the memory."""
        if index not in self.indices:
            raise NoSuchIndex(index)
        return self.slots.get(index)

    def delete(self, index: int) -> None:
        """Empty a slot; emptying an empty one is no error."""
        self.at(index)
        self.slots.pop(index, None)

    def listed(self, status: Status) -> list[tuple[int, Stored]]:
        return [
            (index, self.slots[index])
            for index in sorted(self.slots)
            if status in (Status.ALL, self.slots[index].status)
        ]

    def usage(self) -> str:
        return f"{len(self.slots)},{self.size}"


class Storage:
    """All memories, and which of them reads, writes and receives (mem1, mem2, mem3 of AT+CPMS)."""

    def __init__(self, memories: Sequence[tuple[str, int]], *, base: int, report_memory: str, cards: int = 1) -> None:
        self.memories = {name: Memory(name, size, base) for name, size in memories}
        self._cards = [Memory("SM", size, base) for name, size in memories if name == "SM" for _ in range(cards)]
        self.use_card(0)
        self.report_memory = report_memory
        self.choose_default()

    def use_card(self, slot: int) -> None:
        """Turn to what the SIM in a slot holds."""
        if self._cards:
            self.memories["SM"] = self._cards[slot]

    def choose_default(self) -> None:
        """Read, write and receive in the first memory, as after a reset."""
        self.chosen = [next(iter(self.memories))] * 3

    @property
    def reading(self) -> Memory:
        return self.memories[self.chosen[0]]

    @property
    def writing(self) -> Memory:
        return self.memories[self.chosen[1]]

    @property
    def receiving(self) -> Memory:
        return self.memories[self.chosen[2]]

    @property
    def reporting(self) -> Memory:
        return self.memories[self.report_memory]

    def names(self, position: int) -> list[str]:
        """List the memories that position 0, 1 or 2 of AT+CPMS allows: only mem1 may be the report memory."""
        return [name for name in self.memories if name != "SR" or position == 0]

    def choose(self, names: Sequence[str]) -> bool:
        """Take up to three memories; False leaves everything as it was."""
        if not all(name in self.names(position) for position, name in enumerate(names)):
            return False
        self.chosen[: len(names)] = names
        return True
