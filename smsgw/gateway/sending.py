"""Use-cases of the workers: claiming a message, and storing what became of each of its parts."""

import random
from collections.abc import Callable
from functools import partial

from smsgw import policy
from smsgw.at.errors import Verdict
from smsgw.config import SendingConfig
from smsgw.gateway.devices import ensure_active, give_up_orphans
from smsgw.gateway.reports import apply_report, earlier_reports, prove_accepted
from smsgw.gateway.rollup import roll_up
from smsgw.gateway.submission import REPEATS_FOR_S
from smsgw.model import ClaimedMessage, PartState, Reason, Status
from smsgw.store import devices, idempotency, messages, parts, queue, reports
from smsgw.store.db import Database, Tx
from smsgw.store.parts import Outcome

# Housekeeping works in small steps, so that nobody waits for it.
_STEP = 500


class Sending:
    """What workers do with messages. Every method is one transaction."""

    def __init__(self, db: Database, config: SendingConfig, changed: Callable[[], None]) -> None:
        self._db = db
        self._config = config
        self._changed = changed
        self._served_last: dict[str, int] = {}  # client, by device: forgetting it costs somebody one turn

    async def claim(self, device: str, sim: str, slot: int) -> ClaimedMessage | None:
        """Take the next due message that this device may send with this SIM; raises `DeviceSwitchedOff`.

        Higher priority goes first; among clients the device goes round; each client's own messages keep their order.
        """
        return await self._db.write(partial(self._claim, device=device, sim=sim, slot=slot))

    async def submitting(self, part: int, device: str, sim: str, reference_before: int | None = None) -> None:
        """Record that a part is about to go on the wire; it is uncertain from here until an outcome is stored.

        `reference_before` is the TP-MR that the SIM remembers until then, if that is known.
        """
        await self._db.write(partial(_submitting, part=part, device=device, sim=sim, reference_before=reference_before))

    async def accepted(self, part: int, sim: str, reference: int | None) -> None:
        """Record that the network took a part under this TP-MR, and apply a report that was faster."""
        await self._db.write(partial(_accepted, part=part, sim=sim, reference=reference))

    async def refused(self, part: int, verdict: Verdict, detail: str) -> policy.Decision:
        """Record that a part was refused, decide what follows from the verdict on the error, and return that."""
        decision = await self._db.write(partial(self._refused, part=part, verdict=verdict, detail=detail))
        self._changed()
        return decision

    async def not_sent(self, part: int, detail: str) -> None:
        """Record that a part certainly did not leave the modem; this costs the message nothing."""
        await self._db.write(partial(_not_sent, part=part, detail=detail))
        self._changed()

    async def unknown(self, part: int, detail: str) -> None:
        """Record that a part was on the wire and nobody knows what became of it; its message waits for a proof."""
        await self._db.write(partial(_unknown, part=part, detail=detail))

    async def answered_late(self, sim: str, reference: int) -> bool:
        """Settle a SIM's last submission by the TP-MR that came after it was given up; False if it was not in doubt."""
        settled = await self._db.write(partial(_answered_late, sim=sim, reference=reference))
        self._changed()
        return settled

    async def sim_remembers(self, sim: str, imei: str, boot_mark: int, reference: int) -> bool:
        """Settle a SIM's last submission by the TP-MR that the SIM remembers, if it proves that nothing left.

        It does only where the modem is known to keep that record up and has been running since: the record is written
        after the submission (TS 23.040 §9.2.3.6), so that a restart may have come between.

        False if there was no doubt, or it stays: a reference that has moved on tells that the part left, not that it
        was accepted.
        """
        settled = await self._db.write(
            partial(_sim_remembers, sim=sim, imei=imei, boot_mark=boot_mark, reference=reference)
        )
        self._changed()
        return settled

    async def give_back(self, message: int) -> None:
        """Return a claimed message whose next part has not been touched."""
        await self._db.write(partial(_give_back, message=message))
        self._changed()

    async def recover(self, device: str | None = None) -> int:
        """After a start, or of one device after a defect: what was being submitted is uncertain, what was only claimed
        waits again; returns how many messages it were.
        """
        recovered = await self._db.write(partial(_recover, device=device))
        self._changed()
        return recovered

    async def sweep(self) -> int:
        """Settle what time has decided (expired, too long in doubt, device deleted) and return how many it were."""
        swept = await self._db.write(self._sweep)
        if swept:
            self._changed()
        return swept

    async def next_due(self) -> int | None:
        """Tell when the next deferred message falls due, in Unix milliseconds."""
        async with self._db.snapshot() as connection:
            return await queue.next_due(connection)

    # ── within the transaction ──

    def _claim(self, tx: Tx, device: str, sim: str, slot: int) -> ClaimedMessage | None:
        ensure_active(tx, device)
        queue.make_due(tx)
        heads = queue.heads(tx, device, sim, slot)
        if not heads:
            return None
        head = policy.next_in_turn(heads, self._served_last.get(device, 0))
        self._served_last[device] = head.client
        return queue.hold(tx, head.row, device, sim)

    def _refused(self, tx: Tx, part: int, verdict: Verdict, detail: str) -> policy.Decision:
        message = parts.message_of(tx, part)
        used = messages.by_row(tx, message)["attempts"] + 1
        decision = policy.after_refusal(verdict, used, self._config.attempts, random.random())
        if decision.next is policy.Next.DOUBT:
            _unknown(tx, part, detail)
            return decision
        parts.end_attempt(tx, part, Outcome.REFUSED, detail=detail)
        if decision.next is policy.Next.ACCEPTED:
            _mark_accepted(tx, part, message, detail)
        elif decision.next is policy.Next.HOLD:
            _stand_back(tx, message, part, Reason.NO_SERVICE, detail, parts.tries(tx, part))
        elif decision.next is policy.Next.RETRY:
            queue.count_attempt(tx, message)
            _wait_again(tx, message, part, Reason.RETRY, detail, until=tx.now + int(decision.delay_s * 1_000))
        else:
            queue.count_attempt(tx, message)
            given_up = decision.next is policy.Next.GIVE_UP
            _fail(tx, message, part, Reason.OUT_OF_ATTEMPTS if given_up else Reason.REFUSED, detail)
        return decision

    def _sweep(self, tx: Tx) -> int:
        expired = queue.expired(tx, _STEP)
        for message in expired:
            for part in parts.in_state(tx, message, PartState.PENDING):
                parts.move(tx, part, PartState.EXPIRED)
            messages.move(tx, message, Status.SEND_ERROR, Reason.EXPIRED)
        doubtful = parts.uncertain_since(tx, tx.now - self._config.uncertain_after_s * 1_000)
        for part in doubtful:
            self._settle_doubt(tx, part)
        idempotency.forget(tx, tx.now - REPEATS_FOR_S * 1_000, _STEP)
        return len(expired) + len(doubtful) + give_up_orphans(tx, _STEP)

    def _settle_doubt(self, tx: Tx, part: int) -> None:
        message = parts.message_of(tx, part)
        wanted = messages.by_row(tx, message)["on_uncertain"] or self._config.uncertain
        resend = wanted == "resend"
        if resend and queue.count_attempt(tx, message) < self._config.attempts:
            _wait_again(tx, message, part, Reason.OUTCOME_RESEND)
        else:
            _fail(tx, message, part, Reason.OUTCOME_UNKNOWN)


def _submitting(tx: Tx, part: int, device: str, sim: str, reference_before: int | None) -> None:
    parts.move(tx, part, PartState.SUBMITTING)
    parts.begin_attempt(tx, part, device, sim, reference_before)


def _accepted(tx: Tx, part: int, sim: str, reference: int | None) -> None:
    parts.end_attempt(tx, part, Outcome.ACCEPTED, reference)
    _mark_accepted(tx, part, parts.message_of(tx, part))
    if reference is not None:
        for row, report in earlier_reports(tx, part, sim, reference):
            apply_report(tx, part, report)
            reports.forget_unmatched(tx, row)


def _mark_accepted(tx: Tx, part: int, message: int, detail: str = "") -> None:
    parts.move(tx, part, PartState.ACCEPTED)
    parts.mark_accepted(tx, part)
    if not parts.in_state(tx, message, PartState.PENDING):
        queue.release(tx, message)
    roll_up(tx, message, Reason.ACCEPTED, detail)


def _not_sent(tx: Tx, part: int, detail: str) -> None:
    """The first time it was the modem's bad luck; a message to which that keeps happening makes way for others."""
    parts.end_attempt(tx, part, Outcome.NOT_SENT, detail=detail)
    _stand_back(tx, parts.message_of(tx, part), part, Reason.NOT_SENT, detail, parts.tries(tx, part) - 1)


def _unknown(tx: Tx, part: int, detail: str) -> None:
    parts.end_attempt(tx, part, Outcome.UNKNOWN, detail=detail)
    parts.move(tx, part, PartState.UNCERTAIN)
    message = parts.message_of(tx, part)
    queue.release(tx, message)
    messages.note(tx, message, Status.PROCESSING, Reason.OUTCOME_UNKNOWN, detail)


def _answered_late(tx: Tx, sim: str, reference: int) -> bool:
    doubt = parts.last_in_doubt(tx, sim)
    if doubt is None:
        return False
    prove_accepted(tx, doubt[0], reference, "proved by a late answer")
    return True


def _sim_remembers(tx: Tx, sim: str, imei: str, boot_mark: int, reference: int) -> bool:
    doubt = parts.last_in_doubt(tx, sim)
    if doubt is None or not devices.record_is_kept(tx, sim, imei, boot_mark):
        return False
    part, before = doubt
    if before != reference:
        return False
    _not_sent(tx, part, "the SIM has not counted it: nothing was sent")
    return True


def _give_back(tx: Tx, message: int) -> None:
    queue.release(tx, message)
    roll_up(tx, message, Reason.INTERRUPTED)


def _wait_again(tx: Tx, message: int, part: int, reason: Reason, detail: str = "", until: int | None = None) -> None:
    parts.move(tx, part, PartState.PENDING)
    queue.release(tx, message)
    queue.defer(tx, message, until)
    roll_up(tx, message, reason, detail)


def _stand_back(tx: Tx, message: int, part: int, reason: Reason, detail: str, tries: int) -> None:
    until = tx.now + policy.hold_s(tries) * 1_000 if tries else None
    _wait_again(tx, message, part, reason, detail, until)


def _fail(tx: Tx, message: int, part: int, reason: Reason, detail: str = "") -> None:
    parts.move(tx, part, PartState.FAILED)
    # Without this part the rest would reach the recipient as a fragment.
    for pending in parts.in_state(tx, message, PartState.PENDING):
        parts.move(tx, pending, PartState.CANCELLED)
    queue.release(tx, message)
    roll_up(tx, message, reason, detail)


def _recover(tx: Tx, device: str | None) -> int:
    held = queue.held(tx, device)
    for message in held:
        interrupted = parts.in_state(tx, message, PartState.SUBMITTING)
        for part in interrupted:
            _unknown(tx, part, "the gateway stopped while the message was on the wire")
        if not interrupted:
            _give_back(tx, message)
    return len(held)
