"""Use-cases of incoming messages: TPDUs become messages as they come, or when time is up; clients read and delete them.

A TPDU and what it makes whole are stored in one transaction: from then on it may be deleted in the modem.
"""

from collections.abc import Sequence
from functools import partial

from smsgw import policy
from smsgw.errors import InboundNotFound
from smsgw.gateway import canaries, events
from smsgw.gateway.ids import ObjectIds
from smsgw.model import Arrival, Fate, Inbound, InboundPage
from smsgw.policy import Gathering, Received
from smsgw.store import inbound, inbound_parts, search
from smsgw.store.blocks import Tallies
from smsgw.store.db import Database, Tx
from smsgw.store.inbound_parts import Tpdu


class Inbox:
    """The incoming messages of the gateway. Every method is one transaction."""

    def __init__(self, db: Database, ids: ObjectIds) -> None:
        self._db = db
        self._ids = ids
        self._tallies = Tallies(search.INBOUND)

    async def received(self, device: str, sim: str, pdu: bytes) -> Fate:
        """Store a received TPDU, and with it the message that it makes whole."""
        return await self._db.write(partial(take_in, ids=self._ids, device=device, sim=sim, pdu=pdu))

    async def received_unread(self, device: str, sim: str, pdu: bytes) -> None:
        """Store a received TPDU that must not be looked at, as a message that cannot be read."""
        await self._db.write(partial(_take_in_unread, ids=self._ids, device=device, sim=sim, pdu=pdu))

    async def get(self, id: str) -> Inbound:
        """Return a message; raises `InboundNotFound`."""
        rows = await self._db.read(inbound.BY_ID, (id,))
        if not rows:
            raise InboundNotFound(id=id)
        return inbound.from_row(rows[0])

    async def page(self, limit: int, number: int, wanted: str) -> InboundPage:
        """Return page `number` (from 1) of the messages that `wanted` is found in, newest first; '' finds all."""
        folded = search.fold(wanted)
        skip = (number - 1) * limit
        async with self._db.snapshot() as connection:
            if folded:
                total, found = await inbound.search_page(connection, self._tallies, folded, limit, skip)
            else:
                total, found = await inbound.page(connection, limit, skip)
        return InboundPage(total=total, messages=tuple(found))

    async def delete(self, id: str) -> None:
        """Remove a message with all that it was received in; raises `InboundNotFound`."""
        await self._db.write(partial(_delete, id=id))


# ── within the transaction ──


def take_in(tx: Tx, ids: ObjectIds, device: str, sim: str, pdu: bytes) -> Fate:
    """Store a received TPDU and tell what became of it."""
    if inbound_parts.unread(tx, 1):
        # Those of an older version come first, or the newest message would not be the first of the list.
        inbound_parts.keep(tx, device, sim, pdu, None)
        return Fate.PUT_BACK
    part = policy.read_tpdu(pdu, tx.now)
    return _turned_away(tx, sim, part) or _keep(tx, ids, device, sim, part)


def take_up(tx: Tx, ids: ObjectIds, limit: int) -> int:
    """Look at TPDUs that nobody has looked at, oldest first, and return how many it were."""
    unread = inbound_parts.unread(tx, limit)
    for tpdu in unread:
        part = _read(tpdu)
        if _turned_away(tx, tpdu.sim, part):
            inbound_parts.forget(tx, tpdu.row)
        else:
            inbound_parts.mark_read(tx, tpdu.row, part.fingerprint)
            _file(tx, ids, tpdu, part)
    return len(unread)


def hand_over_incomplete(tx: Tx, ids: ObjectIds, limit: int) -> int:
    """Put long messages that have waited long enough into the inbox as they are, and return how many it were."""
    overdue = inbound_parts.begun_before(tx, tx.now - policy.PATIENCE_MS, limit)
    for incomplete in overdue:
        # One that an older version received was due long ago.
        _finish(tx, ids, incomplete.row, min(tx.now, incomplete.begun_at + policy.PATIENCE_MS))
    return len(overdue)


def forget(tx: Tx, before: int, limit: int) -> int:
    """Remove some of the messages that are older than that, with what they were received in; returns how many."""
    old = inbound.older_than(tx, before, limit)
    for message in old:
        inbound_parts.forget_of_message(tx, message)
        _delete_row(tx, message)
    return len(old)


def _take_in_unread(tx: Tx, ids: ObjectIds, device: str, sim: str, pdu: bytes) -> Fate:
    part = policy.unread_tpdu(pdu, tx.now)
    return _turned_away(tx, sim, part) or _keep(tx, ids, device, sim, part)


def _turned_away(tx: Tx, sim: str, part: Received) -> Fate | None:
    if not part.is_for_people:
        return Fate.DROPPED
    return Fate.REPEATED if inbound_parts.is_known(tx, sim, part.fingerprint, part.repeats_since) else None


def _keep(tx: Tx, ids: ObjectIds, device: str, sim: str, part: Received) -> Fate:
    return _file(tx, ids, inbound_parts.keep(tx, device, sim, part.pdu, part.fingerprint), part)


def _file(tx: Tx, ids: ObjectIds, tpdu: Tpdu, part: Received) -> Fate:
    """Give a stored TPDU its place: it is a message, or a part of one."""
    if part.series is not None:
        return _gather(tx, ids, tpdu, part, part.series)
    content = policy.compose({1: part})
    if canaries.has_arrived(tx, tpdu.sim, content.text):
        inbound_parts.empty(tx, tpdu.row)
        return Fate.CANARY
    message = _insert(tx, ids, tpdu, content, part.at)
    inbound_parts.make_message(tx, tpdu.row, message)
    return Fate.WHOLE


def _gather(tx: Tx, ids: ObjectIds, tpdu: Tpdu, part: Received, series: str) -> Fate:
    gatherings = [
        Gathering(row=row, parts=_numbered(tpdus))
        for row, tpdus in inbound_parts.of_series(tx, tpdu.sim, series).items()
    ]
    place = policy.place_for(part, gatherings)
    if place is None and policy.is_spare(part, gatherings):
        inbound_parts.empty(tx, tpdu.row)
        return Fate.REPEATED
    incomplete = place.row if place else inbound_parts.begin(tx, tpdu.sim, series, part.at)
    inbound_parts.add(tx, tpdu.row, incomplete)
    if place is None or not place.is_whole_with(part):
        return Fate.WAITING
    _finish(tx, ids, incomplete, part.at)
    return Fate.WHOLE


def _finish(tx: Tx, ids: ObjectIds, incomplete: int, created_at: int) -> None:
    """Put a long message into the inbox, whole or not."""
    tpdus = inbound_parts.of_incomplete(tx, incomplete)
    inbound_parts.complete(tx, incomplete, _insert(tx, ids, tpdus[-1], policy.compose(_numbered(tpdus)), created_at))


def _insert(tx: Tx, ids: ObjectIds, last: Tpdu, content: Arrival, created_at: int) -> int:
    if content.replaces is not None:
        for replaced in inbound.replaced(tx, last.sim, content.sender, content.replaces):
            _remove(tx, replaced)
    id = ids.new(created_at)
    message = inbound.insert(tx, id=id, device=last.device, sim=last.sim, created_at=created_at, content=content)
    events.received(tx, message)
    return message


def _numbered(tpdus: Sequence[Tpdu]) -> dict[int, Received]:
    return {part.number: part for part in map(_read, tpdus)}


def _read(tpdu: Tpdu) -> Received:
    return policy.read_tpdu(tpdu.pdu, tpdu.received_at)


def _delete(tx: Tx, id: str) -> None:
    message = inbound.row_of(tx, id)
    if message is None:
        raise InboundNotFound(id=id)
    _remove(tx, message)


def _remove(tx: Tx, message: int) -> None:
    inbound_parts.empty_of_message(tx, message)
    _delete_row(tx, message)


def _delete_row(tx: Tx, message: int) -> None:
    id = inbound.by_row(tx, message)["id"]
    inbound.delete(tx, message)
    events.forget(tx, id)
