"""Use-cases of those who tell events on: how far they have come, across restarts."""

from functools import partial

from smsgw.store import cursors, events
from smsgw.store.db import Database


class Cursors:
    """How far others have read the events, by the name that each gives itself."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, name: str) -> int:
        """Return the number of the last event that need not be told; who is new is told nothing of the past."""
        async with self._db.snapshot() as connection:
            known = await cursors.find(connection, name)
            place = await events.last(connection) if known is None else known
        if known is None:
            await self.move(name, place)
        return place

    async def move(self, name: str, seq: int) -> None:
        """Note that everything up to an event has been told."""
        await self._db.write(partial(cursors.move, name=name, seq=seq))
