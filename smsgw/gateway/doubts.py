"""Doubts: parts that were on the wire and were not answered, and what settles them; over an open transaction."""

from collections.abc import Collection

from smsgw.config import SendingConfig
from smsgw.gateway import moves
from smsgw.gateway.reports import prove_accepted
from smsgw.gateway.rollup import roll_up
from smsgw.model import PartState, Reason, Status
from smsgw.store import attempts, messages, parts, queue, sims
from smsgw.store.attempts import Outcome
from smsgw.store.db import Tx

# TP-MR is an octet (TS 23.040 §9.2.3.6).
_REFERENCES = 256
# A SIM that does not come back into use for so long is not waited for, nor a gateway that never runs long enough.
_OUT_OF_USE_MS = 86_400_000
_OFTEN_AWAY_MS = 7 * 86_400_000
_UNCOUNTED = "the SIM has not counted it: nothing was sent"


def unknown(tx: Tx, part: int, detail: str) -> None:
    """A part was on the wire and nobody knows what became of it."""
    attempts.end(tx, part, Outcome.UNKNOWN, detail=detail)
    parts.move(tx, part, PartState.UNCERTAIN)
    message = parts.message_of(tx, part)
    queue.release(tx, message)
    messages.note(tx, message, Status.PROCESSING, Reason.OUTCOME_UNKNOWN, detail)


def answered_late(tx: Tx, sim: str, reference: int) -> bool:
    """A TP-MR came after the submission was given up; tells whether that was in doubt."""
    doubt = attempts.last_in_doubt(tx, sim)
    if doubt is None:
        return False
    prove_accepted(tx, doubt[0], reference, "proved by a late answer")
    return True


def sim_remembers(tx: Tx, sim: str, imei: str | None, boot_mark: int | None, reference: int) -> bool:
    """A SIM was asked for the TP-MR it used last; tells whether that proves that its last submission never left."""
    doubt = attempts.last_in_doubt(tx, sim)
    if doubt is None:
        return False
    part, before = doubt
    if before is not None and reference == (before + 1) % _REFERENCES:
        _has_left(tx, part, reference)
    if reference != before or imei is None or not sims.has_run_since(tx, sim, boot_mark):
        return False
    if not sims.record_is_kept(tx, sim, imei):
        attempts.mark_uncounted(tx, part, imei)
        return False
    moves.not_sent(tx, part, _UNCOUNTED)
    return True


def record_learned(tx: Tx, sim: str, imei: str | None) -> None:
    """It has turned out which modem, if any, keeps up what a SIM remembers."""
    sims.learn_record(tx, sim, imei)
    for part in attempts.uncounted(tx, sim, imei):
        moves.not_sent(tx, part, _UNCOUNTED)
    attempts.forget_uncounted(tx, sim)


def _has_left(tx: Tx, part: int, reference: int) -> None:
    """The rest of its message is not kept back: without it, what has left would reach the recipient as a fragment."""
    attempts.mark_left(tx, part, reference)
    parts.move(tx, part, PartState.LEFT)
    message = parts.message_of(tx, part)
    messages.note(tx, message, Status.PROCESSING, Reason.OUTCOME_UNKNOWN, "the SIM has counted it: it has left")
    roll_up(tx, message, Reason.OUTCOME_UNKNOWN, "the rest follows")


def over(tx: Tx, after_ms: int, up_ms: float, all_in_use: Collection[str]) -> list[int]:
    """List the parts for which no proof is waited any more, after so many milliseconds in doubt.

    Proofs are heard only while the gateway runs, which it has for `up_ms`, and none arrives for a SIM while its modem
    uses another one; both give a part more time, though not for ever. The devices `all_in_use` use all SIMs at once.
    """
    before = tx.now - after_ms
    found = parts.in_doubt_since(tx, before if up_ms >= after_ms else min(before, tx.now - _OFTEN_AWAY_MS))
    return [
        each.part
        for each in found
        if each.since < tx.now - _OUT_OF_USE_MS
        or sims.device_of(tx, each.sim) in all_in_use
        or not sims.was_out_of_use(tx, each.sim, each.since, before)
    ]


def settle_by_policy(tx: Tx, part: int, config: SendingConfig) -> None:
    """No proof has come in time: what is configured, or was asked for with the message, decides."""
    message = parts.message_of(tx, part)
    row = messages.by_row(tx, message)
    wanted = row["on_uncertain"] or config.uncertain
    is_open = row["status"] == Status.PROCESSING  # the rest of it may have expired or been refused meanwhile
    if is_open and wanted == "resend" and queue.count_attempt(tx, message) < config.attempts:
        attempts.forget_proofs(tx, part)
        moves.wait_again(tx, message, part, Reason.OUTCOME_RESEND)
    else:
        moves.fail(tx, message, part, Reason.OUTCOME_UNKNOWN)
