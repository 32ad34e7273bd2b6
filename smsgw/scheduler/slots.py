"""The SIM slots of one modem, of which it uses one at a time: which is wanted next, and which cannot be used."""

import time

from smsgw.config import ModemConfig
from smsgw.modem.slots import SlotCommands

_FOR_EVER = float("inf")


class TurnTo(Exception):
    """The modem is to use another SIM slot from now on."""

    def __init__(self, slot: int) -> None:
        super().__init__(f"SIM slot {slot}")
        self.slot = slot


class Slots:
    """The slots of a modem as the configuration names them; the first is the one it comes back to."""

    def __init__(self, config: ModemConfig) -> None:
        self._home = config.sim.slot
        self._all = tuple(sim.slot for sim in config.sims)
        self._out: dict[int, tuple[float, str]] = {}  # until when by the monotonic clock, and why
        self.wanted = self._home
        self.has_begun = False
        self.ways = (SlotCommands(choose=(config.slot_command,)),) if config.slot_command else ()

    @property
    def are_several(self) -> bool:
        """Tell whether there is anything to choose."""
        return len(self._all) > 1

    def resume(self, slot: int | None) -> None:
        """Begin with the slot that was used last: what the modem handed over meanwhile is for the SIM there."""
        self.has_begun = True
        if slot is not None and slot in self._all:
            self.wanted = slot

    def usable(self) -> list[int]:
        """List the slots that may be turned to."""
        now = time.monotonic()
        return [slot for slot in self._all if slot not in self._out or self._out[slot][0] <= now]

    def faults(self) -> str | None:
        """Say why slots cannot be used; None if all can."""
        usable = self.usable()
        told = [f"SIM slot {slot}: {why}" for slot, (_, why) in sorted(self._out.items()) if slot not in usable]
        return "; ".join(told) or None

    def set_aside(self, why: str, seconds: float = _FOR_EVER) -> bool:
        """Do without the wanted slot for so long, or until somebody sees to it; False if no other one is usable."""
        self._out[self.wanted] = (time.monotonic() + seconds, why)
        usable = self.usable()
        if usable:
            self.wanted = self._home if self._home in usable else usable[0]
        return bool(usable)

    def forgive(self) -> None:
        """Somebody has seen to the modem: every slot may be tried again."""
        self._out.clear()
