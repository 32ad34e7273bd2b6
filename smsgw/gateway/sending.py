"""Use-cases of the workers: claiming a message, and storing what became of each of its parts."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from smsgw import policy
from smsgw.at.errors import Verdict
from smsgw.config import SendingConfig, SimConfig
from smsgw.gateway import doubts, limits, moves
from smsgw.gateway.devices import Devices, ensure_active
from smsgw.gateway.reports import apply_report, earlier_reports
from smsgw.gateway.rollup import move
from smsgw.model import ClaimedMessage, PartState, Reason, Standstill, Status
from smsgw.store import attempts, messages, parts, queue, reports, sims
from smsgw.store.attempts import Outcome
from smsgw.store.db import Database, Tx


@dataclass(frozen=True, slots=True)
class MakeWay:
    """Something more urgent waits for the SIM."""


class _GoOn:
    """A claim is to go on in the next transaction."""


class Sending:
    """What workers do with messages. Every method but `claim` is one transaction."""

    def __init__(
        self, db: Database, config: SendingConfig, configured: Devices, zone: tzinfo, changed: Callable[[], None]
    ) -> None:
        self._db = db
        self._config = config
        self._devices = configured
        self._zone = zone
        self._changed = changed
        self._served_last: dict[str, int] = {}  # client, by worker: forgetting it costs somebody one turn

    async def claim(
        self, device: str, sim: str, slot: int, reference_before: int | None = None, behind: int | None = None
    ) -> ClaimedMessage | Standstill | None:
        """Take the next due message that this device may send with this SIM; raises `DeviceSwitchedOff`.

        Higher priority goes first; among clients the worker goes round; each client's own messages keep their order.
        A standstill says that this SIM rests, or that something waits and it may not send it yet.

        The same transaction records that the first of its parts is about to go on the wire: it is uncertain from here
        until an outcome is stored. `reference_before` is the TP-MR that the SIM remembers until then, if that is known.
        Nothing is taken `behind` a part whose own outcome is not stored yet.
        """
        claim = partial(
            self._claim, device=device, sim=sim, slot=slot, reference_before=reference_before, behind=behind
        )
        while True:
            found = await self._db.write(claim)
            if not isinstance(found, _GoOn):
                return found

    async def between_parts(self, message: int, device: str, sim: str, slot: int) -> Standstill | MakeWay | None:
        """Tell what keeps a worker from going on with the message that it holds; raises `DeviceSwitchedOff`.

        It must make way for something more urgent where the SIM has to wait anyway.
        """
        return await self._db.write(partial(self._between_parts, message=message, device=device, sim=sim, slot=slot))

    async def submitting(self, part: int, device: str, sim: str, reference_before: int | None = None) -> None:
        """Record that a further part of a claimed message is about to go on the wire, as `claim` does of the first."""
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
        await self._db.write(partial(moves.not_sent, part=part, detail=detail))
        self._changed()

    async def unknown(self, part: int, detail: str) -> None:
        """Record that a part was on the wire and nobody knows what became of it; its message waits for a proof."""
        await self._db.write(partial(doubts.unknown, part=part, detail=detail))

    async def answered_late(self, sim: str, reference: int) -> bool:
        """Settle a SIM's last submission by the TP-MR that came after it was given up; False if it was not in doubt."""
        settled = await self._db.write(partial(doubts.answered_late, sim=sim, reference=reference))
        self._changed()
        return settled

    async def sim_remembers(self, sim: str, imei: str | None, boot_mark: int | None, reference: int) -> bool:
        """Settle a SIM's last submission by the TP-MR that the SIM remembers, if it proves that nothing left.

        It does only where the modem is known to keep that record up and has been running since: the record is written
        after the submission (TS 23.040 §9.2.3.6), so that a restart may have come between.

        False if there was no doubt, or it stays: a reference that has moved on tells that the part left, not that it
        was accepted. Then the rest of the message may follow.
        """
        settled = await self._db.write(
            partial(doubts.sim_remembers, sim=sim, imei=imei, boot_mark=boot_mark, reference=reference)
        )
        self._changed()
        return settled

    async def record_learned(self, sim: str, imei: str | None) -> None:
        """Record which modem is known to keep up the TP-MR that a SIM remembers; None if the present one does not.

        What that SIM has said before of a part in doubt counts from now on, or never.
        """
        await self._db.write(partial(doubts.record_learned, sim=sim, imei=imei))
        self._changed()

    async def give_back(self, message: int, reason: Reason = Reason.INTERRUPTED) -> None:
        """Return a claimed message whose next part has not been touched."""
        await self._db.write(partial(moves.give_back, message=message, reason=reason))
        self._changed()

    async def recover(self, holder: str | None = None) -> int:
        """After a start, or of one worker after a defect: what was being submitted is uncertain, what was only claimed
        waits again; returns how many messages it were.
        """
        recovered = await self._db.write(partial(_recover, holder=holder))
        self._changed()
        return recovered

    # ── within the transaction ──

    def _claim(
        self, tx: Tx, device: str, sim: str, slot: int, reference_before: int | None, behind: int | None
    ) -> ClaimedMessage | Standstill | _GoOn | None:
        ensure_active(tx, device)
        if behind is not None and parts.state_of(tx, behind) is PartState.SUBMITTING:
            return None
        of_sim, holder = self._limits(device, slot), self._devices.holder(device, slot)
        if rest := limits.rest(tx, sim, of_sim):
            return rest
        queue.make_due(tx)
        barred = limits.strangers_barred(tx, sim, of_sim, self._zone)
        known_since = policy.month(tx.now, self._zone)[0] if barred else None
        for _ in range(limits.PASSED_OVER):
            heads = queue.heads(tx, device, sim, slot, known_since)
            if not heads:
                return barred if barred and queue.heads(tx, device, sim, slot) else None
            head = policy.next_in_turn(heads, self._served_last.get(holder, 0))
            if standstill := limits.standstill(tx, sim, of_sim, self._zone):
                return standstill
            if limits.is_in_time(tx, head, sim, of_sim, self._zone):
                self._served_last[holder] = head.client
                move(tx, head.row, Status.PROCESSING, Reason.CLAIMED)
                claimed = queue.hold(tx, head.row, holder, device, sim)
                _submitting(tx, claimed.parts[0].row, device, sim, reference_before)
                return claimed
            sims.rule_out(tx, sim, head.row, tx.now + limits.LOOKED_AT_AGAIN_MS, refused=False)
        return _GoOn()

    def _between_parts(self, tx: Tx, message: int, device: str, sim: str, slot: int) -> Standstill | MakeWay | None:
        ensure_active(tx, device)
        standstill = limits.standstill(tx, sim, self._limits(device, slot), self._zone)
        if standstill is None:
            return None
        heads = queue.heads(tx, device, sim, slot)
        most_urgent = max((head.priority for head in heads), default=0)
        return MakeWay() if most_urgent > messages.by_row(tx, message)["priority"] else standstill

    def _limits(self, device: str, slot: int) -> SimConfig:
        return self._devices.configured[device].in_slot(slot)

    def _refused(self, tx: Tx, part: int, verdict: Verdict, detail: str) -> policy.Decision:
        message, sim = parts.message_of(tx, part), attempts.sim_of_last(tx, part)
        used = messages.by_row(tx, message)["attempts"] + 1
        decision = policy.after_refusal(
            verdict,
            used,
            self._config.attempts,
            random.random(),
            has_other_sim=self._has_other_sim(tx, message, sim),
        )
        if decision.next is policy.Next.DOUBT:
            doubts.unknown(tx, part, detail)
            return decision
        if decision.next is policy.Next.ACCEPTED:
            attempts.end(tx, part, Outcome.ACCEPTED, detail=detail)
            sims.acquit(tx, sim)
            moves.accepted(tx, part, message, detail)
            return decision
        attempts.end(tx, part, Outcome.REFUSED, detail=detail, blames_sim=policy.blames_sim(verdict))
        _let_rest(tx, sim, verdict, detail)
        if decision.next is policy.Next.HOLD:
            moves.stand_back(tx, message, part, Reason.NO_SERVICE, detail, attempts.tries(tx, part))
        else:
            queue.count_attempt(tx, message)
            self._go_on(tx, decision, message, part, sim, detail)
        return decision

    def _go_on(self, tx: Tx, decision: policy.Decision, message: int, part: int, sim: str, detail: str) -> None:
        match decision.next:
            case policy.Next.RETRY:
                until = tx.now + int(decision.delay_s * 1_000)
                moves.wait_again(tx, message, part, Reason.RETRY, detail, until=until)
            case policy.Next.OTHER_SIM:
                # The others may be gone by then; this one may try again, and if there is still no other, that is that.
                sims.rule_out(tx, sim, message, tx.now + policy.OTHER_SIM_FOR_S * 1_000, refused=True)
                moves.wait_again(tx, message, part, Reason.OTHER_SIM, detail)
            case policy.Next.GIVE_UP:
                moves.fail(tx, message, part, Reason.OUT_OF_ATTEMPTS, detail)
            case _:
                moves.fail(tx, message, part, Reason.REFUSED, detail)

    def _has_other_sim(self, tx: Tx, message: int, sim: str) -> bool:
        """Tell whether a message of which nothing has been sent could go through a SIM that has not refused it."""
        untouched = {PartState.PENDING, PartState.SUBMITTING}
        if not untouched.issuperset(parts.states(tx, message)):
            return False
        row = messages.by_row(tx, message)
        return any(
            device in self._devices.configured
            and row["asked_device"] in ("", device)
            and row["asked_slot"] in (None, slot)
            and self._is_free_soon(tx, other, self._limits(device, slot), row["phone_number"])
            for device, slot, other in sims.other_than(tx, sim, message)
        )

    def _is_free_soon(self, tx: Tx, sim: str, of_sim: SimConfig, recipient: str) -> bool:
        waits = [limits.standstill(tx, sim, of_sim, self._zone), limits.bars(tx, sim, of_sim, recipient, self._zone)]
        return all(wait is None or wait.until <= tx.now + policy.OTHER_SIM_FOR_S * 1_000 for wait in waits)


def _let_rest(tx: Tx, sim: str, verdict: Verdict, detail: str) -> None:
    rest = policy.rest_after(verdict, attempts.blamed_in_row(tx, sim), sims.rests_in_row(tx, sim))
    if rest is None:
        return
    because = (
        f"it rests, since the network refuses it ({detail}: {verdict.meaning}); see to the SIM, its tariff and its "
        "credit, and switch the device off and on to try at once"
        if rest.is_fault
        else f"it rests, since the network has too much to do ({detail})"
    )
    sims.rest(tx, sim, rest.seconds, because, is_fault=rest.is_fault)


def _submitting(tx: Tx, part: int, device: str, sim: str, reference_before: int | None) -> None:
    parts.move(tx, part, PartState.SUBMITTING)
    attempts.begin(tx, part, device, sim, reference_before)


def _accepted(tx: Tx, part: int, sim: str, reference: int | None) -> None:
    attempts.end(tx, part, Outcome.ACCEPTED, reference)
    sims.acquit(tx, sim)
    moves.accepted(tx, part, parts.message_of(tx, part))
    if reference is not None:
        for row, report in earlier_reports(tx, part, sim, reference):
            apply_report(tx, part, report)
            reports.forget_unmatched(tx, row)


def _recover(tx: Tx, holder: str | None) -> int:
    held = queue.held(tx, holder)
    for message in held:
        interrupted = parts.in_state(tx, message, PartState.SUBMITTING)
        for part in interrupted:
            doubts.unknown(tx, part, "the gateway stopped while the message was on the wire")
        if not interrupted:
            moves.give_back(tx, message)
    return len(held)
