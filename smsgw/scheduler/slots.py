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
        self._may_hold_another = set[int]()
        self._since = time.monotonic()
        self.wanted = self._home
        self.is_resumed = False
        self.has_served = False
        self.is_turning = False  # the radio is off, since another SIM is to be used
        self.ways = (SlotCommands(choose=(config.slot_command,)),) if config.slot_command else ()

    @property
    def are_several(self) -> bool:
        """Tell whether there is anything to choose."""
        return len(self._all) > 1

    @property
    def seated_s(self) -> float:
        """For how many seconds the wanted SIM has been able to send, or has been wanted while it never was."""
        return time.monotonic() - self._since

    def resume(self, slot: int | None) -> None:
        """Begin with the slot that was used last: what the modem handed over meanwhile is for the SIM there."""
        self.is_resumed = True
        if slot is not None and slot in self._all:
            self.choose(slot)

    def choose(self, slot: int) -> None:
        """Want a slot from now on."""
        if slot != self.wanted:
            self.wanted, self._since, self.has_served = slot, time.monotonic(), False

    def usable(self) -> list[int]:
        """List the slots that may be turned to."""
        now = time.monotonic()
        return [slot for slot in self._all if slot not in self._out or self._out[slot][0] <= now]

    def faults(self) -> str | None:
        """Say why slots cannot be used; None if all can."""
        usable = self.usable()
        told = [f"SIM slot {slot}: {why}" for slot, (_, why) in sorted(self._out.items()) if slot not in usable]
        return "; ".join(told) or None

    def seated(self) -> None:
        """The SIM in the wanted slot answers."""
        self.is_turning = False
        self._out.pop(self.wanted, None)
        self._may_hold_another.discard(self.wanted)

    def serves(self) -> None:
        """The SIM in use may send: what it takes to find a network is not time in which anything could be sent."""
        if not self.has_served:
            self.has_served, self._since = True, time.monotonic()

    def set_aside(self, why: str, seconds: float = _FOR_EVER) -> bool:
        """Do without the wanted slot for so long, or until somebody sees to it; False if no other one is usable."""
        if not self.are_several:
            return False
        self._out[self.wanted] = (time.monotonic() + seconds, why)
        return self.leave_unusable()

    def leave_unusable(self) -> bool:
        """Want a slot that may be used, if there is one; False if there is none."""
        usable = self.usable()
        if usable and self.wanted not in usable:
            self.choose(self._home if self._home in usable else usable[0])
        return bool(usable)

    def pause_s(self) -> float | None:
        """Tell after how many seconds a slot may be tried again; None where only somebody can change anything."""
        ends = min((until for until, _ in self._out.values()), default=_FOR_EVER)
        return None if ends == _FOR_EVER else max(0.0, ends - time.monotonic())

    @property
    def holds_the_same(self) -> bool:
        """Tell whether the wanted slot holds the SIM that was seen there last, as far as anybody has said."""
        return self.wanted not in self._may_hold_another

    def may_hold(self, slot_known: int | None) -> bool:
        """Tell whether the SIM that answers may be in the wanted slot, when it was in that one last."""
        return slot_known in (None, self.wanted) or not self.holds_the_same

    def forgive(self) -> None:
        """Somebody has seen to the modem: every slot may be tried again, and hold another SIM than before."""
        self._out.clear()
        self._may_hold_another.update(self._all)
