"""Statements over the attempts to submit parts; plain functions over an open transaction.

An attempt outlives its message: what a SIM has submitted counts against its limits, and a late report is known by it.
"""

import sqlite3
from enum import StrEnum

from aiosqlite import Connection

from smsgw.model import Candidate, PartState
from smsgw.store.db import Tx
from smsgw.store.parts import state_of


class Outcome(StrEnum):
    """How an attempt to submit a part ended."""

    OPEN = "open"  # it is going on, or the gateway stopped in the middle of it
    ACCEPTED = "accepted"  # a message reference came
    REFUSED = "refused"  # an error came
    NOT_SENT = "not_sent"  # certainly nothing left the modem
    UNKNOWN = "unknown"  # the message was on the wire and no answer came


def begin(tx: Tx, part: int, device: str, sim: str, reference_before: int | None) -> None:
    """Record that a part is about to be submitted, and which TP-MR the SIM remembers until then."""
    tx.insert(
        "INSERT INTO attempts (part, recipient, device, sim, submitted_at, reference_before)"
        " SELECT p.id, m.phone_number, ?, ?, ?, ? FROM parts p JOIN messages m ON m.seq = p.message WHERE p.id = ?",
        (device, sim, tx.now, reference_before, part),
    )


def end(
    tx: Tx,
    part: int,
    outcome: Outcome,
    reference: int | None = None,
    detail: str = "",
    *,
    blames_sim: bool = False,
) -> None:
    """Record how a part's last attempt ended, and whether the network blamed the SIM."""
    tx.change(
        "UPDATE attempts SET ended_at = ?, outcome = ?, reference = ?, detail = ?, blames_sim = ?"
        " WHERE id = (SELECT max(id) FROM attempts WHERE part = ?)",
        (tx.now, outcome, reference, detail, blames_sim, part),
    )
    if outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
        tx.change(
            "INSERT INTO sim_recipients SELECT sim, recipient, submitted_at FROM attempts WHERE part = ?"
            " ORDER BY id DESC LIMIT 1 ON CONFLICT DO UPDATE SET last_at = excluded.last_at",
            (part,),
        )


def mark_left(tx: Tx, part: int, reference: int) -> None:
    """Record under which TP-MR a part has left that was not answered; nothing can prove any more that it did not."""
    tx.change(
        "UPDATE attempts SET reference = ?, reference_before = NULL"
        " WHERE id = (SELECT max(id) FROM attempts WHERE part = ?)",
        (reference, part),
    )


def mark_uncounted(tx: Tx, part: int, imei: str) -> None:
    """Record that a SIM has not counted a part, as far as the modem with this IMEI may be believed."""
    tx.change(
        "UPDATE attempts SET uncounted_by = ? WHERE id = (SELECT max(id) FROM attempts WHERE part = ?)", (imei, part)
    )


def uncounted(tx: Tx, sim: str, imei: str | None) -> list[int]:
    """List the parts in doubt that a SIM has not counted, as the modem with this IMEI has said."""
    rows = tx.rows(
        "SELECT a.part FROM attempts a JOIN parts p ON p.id = a.part AND p.state = 'uncertain'"
        " WHERE a.outcome = 'unknown' AND a.sim = ? AND a.uncounted_by = ?"
        " AND a.id = (SELECT max(id) FROM attempts WHERE part = a.part)",
        (sim, imei),
    )
    return [row[0] for row in rows]


def forget_uncounted(tx: Tx, sim: str) -> None:
    """Forget what a SIM is said not to have counted."""
    tx.change(
        "UPDATE attempts SET uncounted_by = NULL WHERE outcome = 'unknown' AND sim = ? AND uncounted_by IS NOT NULL",
        (sim,),
    )


def forget_proofs(tx: Tx, part: int) -> None:
    """Forget what might still prove how earlier attempts at a part ended: it is sent again whatever became of them."""
    tx.change(
        "UPDATE attempts SET reference = NULL, reference_before = NULL, uncounted_by = NULL"
        " WHERE part = ? AND outcome = 'unknown'",
        (part,),
    )


def sim_of_last(tx: Tx, part: int) -> str:
    """Tell which SIM has made a part's last attempt."""
    row = tx.row("SELECT sim FROM attempts WHERE part = ? ORDER BY id DESC LIMIT 1", (part,))
    assert row is not None, part
    return str(row[0])


def tries(tx: Tx, part: int) -> int:
    """Count the attempts that were made to submit a part, whatever became of them."""
    row = tx.row("SELECT count(*) FROM attempts WHERE part = ?", (part,))
    assert row is not None
    return int(row[0])


def with_reference(tx: Tx, sim: str, reference: int, since: int) -> list[Candidate]:
    """List the attempts that a SIM made under this TP-MR, newest first."""
    rows = tx.rows(
        "SELECT a.part, a.submitted_at, a.ended_at, p.state, m.phone_number FROM attempts a"
        " INDEXED BY attempts_reference JOIN parts p ON p.id = a.part JOIN messages m ON m.seq = p.message"
        " WHERE a.sim = ? AND a.reference = ? AND a.submitted_at >= ? ORDER BY a.id DESC",
        (sim, reference, since),
    )
    return list(map(_candidate, rows))


def unanswered(tx: Tx, sim: str, since: int) -> list[Candidate]:
    """List a SIM's attempts whose outcome is still unknown, newest first."""
    rows = tx.rows(
        "SELECT a.part, a.submitted_at, a.ended_at, p.state, m.phone_number FROM attempts a"
        " JOIN parts p ON p.id = a.part AND p.state IN ('uncertain', 'left', 'failed')"
        " JOIN messages m ON m.seq = p.message"
        " WHERE a.outcome = 'unknown' AND a.sim = ? AND a.submitted_at >= ? ORDER BY a.submitted_at DESC, a.id DESC",
        (sim, since),
    )
    return list(map(_candidate, rows))


def last_in_doubt(tx: Tx, sim: str) -> tuple[int, int | None] | None:
    """Return the part that a SIM submitted last, if it is in doubt, and which TP-MR the SIM remembered before."""
    row = tx.row(
        # The order is that of the rows, whatever the clock has said.
        "SELECT id, part, reference_before FROM attempts INDEXED BY attempts_of_sim WHERE sim = ?"
        " ORDER BY id DESC LIMIT 1",
        (sim,),
    )
    if row is None or row["part"] is None or state_of(tx, row["part"]) not in (PartState.UNCERTAIN, PartState.LEFT):
        return None
    # What this SIM has not sent, or was refused, another one may have tried since: the doubt is about that one then.
    if tx.row("SELECT 1 FROM attempts WHERE part = ? AND id > ?", (row["part"], row["id"])):
        return None
    return row["part"], row["reference_before"]


def recipients_of_deleted(tx: Tx, sim: str, reference: int, since: int) -> list[str]:
    """List to whom a SIM has submitted under this TP-MR what has been deleted since."""
    rows = tx.rows(
        "SELECT recipient FROM attempts INDEXED BY attempts_reference"
        " WHERE sim = ? AND reference = ? AND submitted_at >= ? AND part IS NULL",
        (sim, reference, since),
    )
    return [row[0] for row in rows]


def forget_deleted(tx: Tx, before: int, limit: int) -> int:
    """Forget attempts of deleted messages that are older; returns how many."""
    return tx.change(
        "DELETE FROM attempts WHERE id IN"
        " (SELECT id FROM attempts WHERE part IS NULL AND submitted_at < ? ORDER BY submitted_at LIMIT ?)",
        (before, limit),
    )


# ── what a SIM has done lately ──

# What the network has, or may have.
_COUNTED = f"outcome IN ('{Outcome.OPEN}', '{Outcome.ACCEPTED}', '{Outcome.UNKNOWN}')"
_LATELY_MS = 3_600_000


def latest_end(tx: Tx, sim: str) -> tuple[int, int] | None:
    """Return the row number of a SIM's last attempt and when it ended, or began if it has not ended."""
    row = tx.row(
        "SELECT id, min(coalesce(ended_at, submitted_at), ?) AS ended FROM attempts WHERE sim = ? AND submitted_at <= ?"
        " ORDER BY submitted_at DESC, id DESC LIMIT 1",
        (tx.now, sim, tx.now),
    )
    return None if row is None else (row["id"], row["ended"])


def nth_latest(tx: Tx, sim: str, n: int, since: int) -> int | None:
    """Return when a SIM submitted the `n`-th latest part (from 1) of those that count; None if not since then."""
    row = tx.row(
        # What is dated later than now was sent before the clock was set right.
        f"SELECT submitted_at FROM attempts WHERE sim = ? AND submitted_at > ? AND submitted_at <= ? AND {_COUNTED}"
        " ORDER BY submitted_at DESC LIMIT 1 OFFSET ?",
        (sim, since, tx.now, n - 1),
    )
    return None if row is None else int(row[0])


def blamed_in_row(tx: Tx, sim: str) -> int:
    """Count the recipients for whom the network has blamed a SIM since it accepted a part from it last."""
    row = tx.row(
        "WITH last (id, at) AS (SELECT id, submitted_at FROM attempts WHERE sim = ? AND outcome = 'accepted'"
        " AND submitted_at <= ? ORDER BY submitted_at DESC, id DESC LIMIT 1)"
        " SELECT count(DISTINCT recipient) FROM attempts WHERE sim = ? AND blames_sim"
        " AND submitted_at >= coalesce((SELECT at FROM last), 0) AND id > coalesce((SELECT id FROM last), 0)",
        (sim, tx.now, sim),
    )
    assert row is not None
    return int(row[0])


def least_ms(tx: Tx, sim: str) -> int:
    """Return how long the network has taken at least for a part from this SIM lately, in milliseconds.

    0 if that is unknown; an answer that was only proved later says nothing about it.
    """
    row = tx.row(
        "SELECT min(ended_at - submitted_at) FROM attempts"
        " WHERE sim = ? AND submitted_at > ? AND submitted_at <= ? AND outcome = 'accepted' AND detail = ''",
        (sim, tx.now - _LATELY_MS, tx.now),
    )
    return 0 if row is None or row[0] is None else max(0, int(row[0]))


def _candidate(row: sqlite3.Row) -> Candidate:
    return Candidate(
        part=row["part"],
        submitted_at=row["submitted_at"],
        ended_at=row["ended_at"],
        state=PartState(row["state"]),
        recipient=row["phone_number"],
    )


async def last_accepted(connection: Connection, device: str) -> int | None:
    """Tell when the network last took a part from one of the SIMs that were seen last in a device."""
    rows = list(
        await connection.execute_fetchall(
            "SELECT max((SELECT ended_at FROM attempts WHERE sim = key AND outcome = 'accepted'"
            " ORDER BY submitted_at DESC LIMIT 1)) FROM sims WHERE device = ?",
            (device,),
        )
    )
    last = rows[0][0]
    return None if last is None else int(last)
