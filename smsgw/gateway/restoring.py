"""Use-case of a restored backup: what was unfinished in it may have been sent since, and must not be sent again."""

from functools import partial

from smsgw.gateway.rollup import move
from smsgw.model import PartState, Reason, Status
from smsgw.store import attempts, canaries, messages, parts, queue, sims, unfinished
from smsgw.store.attempts import Outcome
from smsgw.store.db import Database, Tx

_STEP = 500


async def end_unfinished(db: Database, *, keep_waiting: bool) -> int:
    """End what waited or was in doubt when the backup was made, and return how many messages it were.

    `keep_waiting` spares those of which nothing had been sent: they will be sent, once more if they were sent since.
    Works in steps; the database must not be in use before it has returned.
    """
    await db.write(sims.forget_boots)
    # What has become of those that were on their way, nobody has written down here.
    await db.write(partial(canaries.end_waiting, why=Reason.RESTORED))
    ended, after = 0, 0
    while step := await db.write(partial(unfinished.unfinished, after=after, limit=_STEP)):
        ended += await db.write(partial(_end_all, rows=step, keep_waiting=keep_waiting))
        after = step[-1]
    return ended


def _end_all(tx: Tx, rows: list[int], keep_waiting: bool) -> int:
    ending = [row for row in rows if not (keep_waiting and _is_untouched(tx, row))]
    for row in ending:
        _end(tx, row)
    return len(ending)


def _is_untouched(tx: Tx, row: int) -> bool:
    waits = messages.by_row(tx, row)["status"] == Status.WAITING
    return waits and set(parts.states(tx, row)) == {PartState.PENDING}


def _end(tx: Tx, row: int) -> None:
    for part in parts.in_state(tx, row, PartState.SUBMITTING):
        attempts.end(tx, part, Outcome.UNKNOWN, detail="the backup was made while the message was on the wire")
        parts.move(tx, part, PartState.FAILED)
    for part in (*parts.in_state(tx, row, PartState.UNCERTAIN), *parts.in_state(tx, row, PartState.LEFT)):
        parts.move(tx, part, PartState.FAILED)
    for part in parts.in_state(tx, row, PartState.PENDING):
        parts.move(tx, part, PartState.CANCELLED)
    queue.release(tx, row)
    move(tx, row, Status.SEND_ERROR, Reason.RESTORED)
