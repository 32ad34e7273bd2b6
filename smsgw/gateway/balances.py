"""Use-cases around the money on SIMs: when an operator was asked last, and what it said."""

from collections.abc import Callable
from functools import partial

from smsgw.model import Balance
from smsgw.store import sims
from smsgw.store.db import Database


class Balances:
    """What workers ask and learn about the money on their SIMs."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._db = db
        self._changed = changed

    async def of(self, sim: str) -> Balance:
        """Return what is known of a SIM."""
        rows = await self._db.read(sims.BALANCE, (sim,))
        return sims.balance_from(rows[0] if rows else None)

    async def asking(self, sim: str) -> None:
        """Record that the operator is about to be asked, so that no crash makes it be asked more often."""
        await self._db.write(partial(sims.try_balance, key=sim))

    async def told(self, sim: str, value: float) -> None:
        """Record what the operator said."""
        await self._db.write(partial(sims.learn_balance, key=sim, value=value))
        self._changed()
