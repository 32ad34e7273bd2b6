"""Use-cases of the clients: reading, listing and deleting messages."""

from functools import partial

from smsgw.config import Config
from smsgw.errors import MessageBusy, MessageNotFound
from smsgw.gateway import events
from smsgw.model import STATUS_TEXTS, Message, MessageDetail, MessagePage, Status
from smsgw.store import messages, parts, search
from smsgw.store.blocks import Tallies
from smsgw.store.db import Database, Tx


class Messages:
    """The messages of the gateway, as clients see them."""

    def __init__(self, db: Database, config: Config) -> None:
        self._db = db
        self._config = config
        self._tallies = Tallies(search.MESSAGES)

    async def get(self, id: str) -> Message:
        """Return a message; raises `MessageNotFound`."""
        rows = await self._db.read(messages.BY_ID, (id,))
        if not rows:
            raise MessageNotFound(id=id)
        return messages.from_row(rows[0])

    async def detail(self, id: str) -> MessageDetail:
        """Return a message with its parts, attempts and history; raises `MessageNotFound`."""
        async with self._db.snapshot() as connection:
            row = await messages.find(connection, id)
            if row is None:
                raise MessageNotFound(id=id)
            return MessageDetail(
                message=messages.from_row(row),
                encoding=row["encoding"],
                priority=row["priority"],
                flash=bool(row["flash"]),
                on_uncertain=row["on_uncertain"],
                expires_at=row["expires_at"],
                not_before=row["not_before"],
                attempts=row["attempts"],
                device=row["device"],
                sim=row["sim"],
                parts=await parts.of_message(connection, row["seq"]),
                timeline=await messages.timeline(connection, row["seq"]),
            )

    async def page(self, limit: int, number: int, wanted: str) -> MessagePage:
        """Return page `number` (from 1) of the messages that `wanted` is found in, newest first; '' finds all."""
        folded = search.fold(wanted)
        skip = (number - 1) * limit
        statuses = self._statuses_reading(folded)
        async with self._db.snapshot() as connection:
            # Every status reads so when nothing is looked for, and with a letter that all their texts have.
            if len(statuses) == len(Status):
                total, found = await messages.page(connection, limit, skip)
            else:
                total, found = await messages.search_page(connection, self._tallies, folded, statuses, limit, skip)
        return MessagePage(total=total, messages=tuple(found))

    async def delete(self, id: str) -> None:
        """Remove a message, cancelling it if it waits; raises `MessageNotFound` and `MessageBusy`."""
        await self._db.write(partial(_delete, id=id))

    def _statuses_reading(self, folded: str) -> tuple[Status, ...]:
        texts = STATUS_TEXTS[self._config.server.language]
        return tuple(status for status, text in texts.items() if folded in search.fold(text))


def _delete(tx: Tx, id: str) -> None:
    row = messages.by_id(tx, id)
    if row is None:
        raise MessageNotFound(id=id)
    if row["holder"] is not None:
        raise MessageBusy(id=id)
    messages.delete(tx, row)
    events.forget(tx, id)
