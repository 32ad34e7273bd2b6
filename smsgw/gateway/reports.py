"""Use-cases around what modems receive: status reports finding their part, and what nobody has looked at yet."""

from collections.abc import Callable
from functools import partial

from smsgw import policy
from smsgw.gateway.rollup import roll_up
from smsgw.gsm.pdu import DeliveryOutcome, delivery_outcome, status_meaning
from smsgw.model import PartState, Reason, ReceivedReport, ReportPage, Status
from smsgw.store import attempts, messages, parts, reports, sims
from smsgw.store.attempts import Outcome
from smsgw.store.db import Database, Tx


class Reports:
    """What modems receive. Every method is one transaction."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self._db = db
        self._changed = changed

    async def report_received(self, sim: str, report: ReceivedReport) -> str | None:
        """Apply a status report to the part it is about and return the message's id; an unmatched one is kept.

        Receiving the same report again changes nothing.
        """
        matched = await self._db.write(partial(_received, sim=sim, report=report))
        self._changed()
        return matched

    async def unmatched(self, limit: int, number: int) -> ReportPage:
        """Return page `number` (from 1) of the reports that matched no message, newest first."""
        async with self._db.snapshot() as connection:
            total, found = await reports.page(connection, limit, (number - 1) * limit)
        return ReportPage(total=total, reports=tuple(found))

    def handed_over(self, holder: str, pdu: str) -> None:
        """Keep, as soon as it can be done, what a modem hands over while its worker `holder` is busy; returns at once.

        It lies nowhere else: without this, whatever a kill finds in memory would be lost.
        """
        self._db.write_soon(partial(reports.hand_over, holder=holder, pdu=pdu))

    async def left_over(self, holder: str) -> list[str]:
        """List what a modem has handed over and its worker has not looked at, because its session or process ended."""
        return await self._db.write(partial(reports.handed_over, holder=holder))

    def put_away(self, holder: str, pdu: str) -> None:
        """Forget what was handed over once it was looked at; looking at it twice with the same SIM changes nothing."""
        self._db.write_soon(partial(reports.put_away, holder=holder, pdu=pdu))


def _received(tx: Tx, sim: str, report: ReceivedReport) -> str | None:
    stamped_at = report.service_centre_time or tx.now
    since = tx.now - policy.REPORT_WINDOW_MS
    referenced = attempts.with_reference(tx, sim, report.reference, since)
    matched = policy.match_report(referenced, report.recipient, stamped_at)
    if matched is None:
        unanswered = attempts.unanswered(tx, sim, since)
        matched = policy.match_unanswered(unanswered, report.recipient, stamped_at)
    if matched is None:
        if not _is_of_deleted(tx, sim, report, since):
            reports.keep_unmatched(tx, sim, report)
        return None
    apply_report(tx, matched.part, report)
    return str(messages.by_row(tx, parts.message_of(tx, matched.part))["id"])


def _is_of_deleted(tx: Tx, sim: str, report: ReceivedReport, since: int) -> bool:
    deleted = attempts.recipients_of_deleted(tx, sim, report.reference, since)
    return any(policy.same_number(report.recipient, recipient) for recipient in deleted)


def earlier_reports(tx: Tx, part: int, sim: str, reference: int) -> list[tuple[int, ReceivedReport]]:
    """List the kept reports that were faster than the answer to this part, each with its row number."""
    recipient = messages.by_row(tx, parts.message_of(tx, part))["phone_number"]
    kept = reports.unmatched(tx, sim, reference, tx.now - policy.EARLY_REPORT_MS)
    return [(row, report) for row, report in kept if policy.same_number(report.recipient, recipient)]


def apply_report(tx: Tx, part: int, report: ReceivedReport) -> None:
    """Move a part, and with it its message, as a report about it says; what is final stays, but "delivered" wins."""
    outcome = delivery_outcome(report.status)
    state = parts.state_of(tx, part)
    if state in (PartState.UNCERTAIN, PartState.LEFT):
        prove_accepted(tx, part, report.reference, "proved by a status report")
        state = PartState.ACCEPTED
    if state is PartState.DELIVERED or (state is PartState.FAILED and outcome is not DeliveryOutcome.DELIVERED):
        return
    parts.mark_reported(tx, part, report.status)
    message = parts.message_of(tx, part)
    detail = f"TP-ST {report.status:02X}: {status_meaning(report.status)}"
    if outcome is DeliveryOutcome.DELIVERED:
        parts.move(tx, part, PartState.DELIVERED)
        roll_up(tx, message, Reason.REPORT_DELIVERED, detail)
    elif outcome is not DeliveryOutcome.PENDING and state is PartState.ACCEPTED:
        parts.move(tx, part, PartState.UNDELIVERED)
        roll_up(tx, message, Reason.REPORT_FAILED, detail)


def prove_accepted(tx: Tx, part: int, reference: int, proof: str) -> None:
    """Settle an uncertain part by a proof that the network took it under this TP-MR."""
    sims.acquit(tx, attempts.sim_of_last(tx, part))
    attempts.end(tx, part, Outcome.ACCEPTED, reference, proof)
    parts.move(tx, part, PartState.ACCEPTED)
    parts.mark_accepted(tx, part)
    message = parts.message_of(tx, part)
    messages.note(tx, message, Status(messages.by_row(tx, message)["status"]), Reason.OUTCOME_KNOWN, proof)
    roll_up(tx, message, Reason.ACCEPTED)
