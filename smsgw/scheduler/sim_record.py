"""The SIM's own record of the last message reference (EF_SMSS), as a witness of what has left the modem.

A modem that keeps the record up writes it with every submission. Not every modem does, so it is believed only once it
was seen to follow an answer, and only while the modem has not started again, which may lose what was to be written: a
mark in a register that every start sets back tells. The last answer stands in for reading the record before every part.
"""

import random

from smsgw.gateway import Gateway
from smsgw.modem.driver import Modem
from smsgw.scheduler.seat import Store

# Far from what modems come with, 1 to 60 or the limit.
_MARKS = range(100, 240)


class SimRecord:
    """What one SIM remembers, for the length of a session. `reference` is None while that is not known."""

    def __init__(self, modem: Modem, sim: str, imei: str | None, gateway: Gateway, store: Store) -> None:
        self.reference: int | None = None
        self._modem = modem
        self._sim = sim
        self._imei = imei
        self._gateway = gateway
        self._store = store
        self._read_last: int | None = None
        self._answered: int | None = None
        self._has_learned = False
        self._is_telling = True

    @property
    def is_to_be_read(self) -> bool:
        """Tell whether the SIM is to be asked before the next part, or after the one that was answered."""
        return self._is_telling and (self.reference is None or not self._has_learned)

    async def testify(self) -> None:
        """Settle what an earlier session left in doubt, and mark this start of the modem."""
        mark = await self._modem.boot_mark()
        await self.refresh()
        reference = self.reference
        if reference is not None:
            await self._store(lambda: self._gateway.sending.sim_remembers(self._sim, self._imei, mark, reference))
        new = random.choice(_MARKS)
        kept = new if await self._modem.set_boot_mark(new) else None
        await self._store(lambda: self._gateway.devices.boot_marked(self._sim, kept))

    async def refresh(self) -> None:
        """Read the record where the last outcome left open what it holds."""
        if self._is_telling and self.reference is None:
            self.reference = self._read_last = await self._modem.last_reference()
            self._is_telling = self.reference is not None

    def accepted(self, reference: int | None) -> None:
        """A part was answered with this TP-MR."""
        self._answered = reference
        self.reference = reference if self._is_telling else None

    def refused(self) -> None:
        """A part was refused; whether it was counted, the SIM knows."""
        self.reference = self._answered = None

    async def learn(self) -> None:
        """Once in a session, see whether the record has followed an answer."""
        if self._has_learned or self._answered is None or not self._is_telling:
            return
        remembered = await self._modem.last_reference()
        follows = remembered == self._answered != self._read_last
        self._has_learned = True
        if not follows:
            # What the modem answers says nothing of such a record, nor that record of what the modem does.
            self._is_telling, self.reference = False, None
        keeper = self._imei if follows else None
        await self._store(lambda: self._gateway.sending.record_learned(self._sim, keeper))
