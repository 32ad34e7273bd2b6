"""Statements over what modems received: status reports that matched nothing yet, and what nobody has looked at."""

import sqlite3
from collections.abc import Collection

from aiosqlite import Connection

from smsgw.model import ReceivedReport, UnmatchedReport
from smsgw.store.db import Tx


def keep_unmatched(tx: Tx, sim: str, report: ReceivedReport) -> None:
    """Keep a report that no part was waiting for; a repeat of it changes nothing."""
    tx.change(
        "INSERT INTO unmatched_reports (received_at, sim, reference, recipient, service_centre_time, status, pdu)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (tx.now, sim, report.reference, report.recipient, report.service_centre_time, report.status, report.pdu),
    )


def unmatched(tx: Tx, sim: str, reference: int, since: int) -> list[tuple[int, ReceivedReport]]:
    """List the kept reports with this TP-MR that came since then, oldest first, each with its row number."""
    rows = tx.rows(
        "SELECT * FROM unmatched_reports WHERE sim = ? AND reference = ? AND received_at >= ? ORDER BY id",
        (sim, reference, since),
    )
    return [(row["id"], _report(row)) for row in rows]


async def page(connection: Connection, limit: int, skip: int) -> tuple[int, list[UnmatchedReport]]:
    """Read a page of the kept reports, newest first, and their number."""
    ((total,),) = await connection.execute_fetchall("SELECT count(*) FROM unmatched_reports")
    rows = await connection.execute_fetchall(
        "SELECT * FROM unmatched_reports ORDER BY id DESC LIMIT ? OFFSET ?", (limit, skip)
    )
    return int(total), [
        UnmatchedReport(received_at=row["received_at"], sim=row["sim"], report=_report(row)) for row in rows
    ]


def forget_unmatched(tx: Tx, row: int) -> None:
    """Remove a kept report that has found its part."""
    tx.change("DELETE FROM unmatched_reports WHERE id = ?", (row,))


def forget_received(tx: Tx, before: int, limit: int) -> int:
    """Forget reports that were kept before then, as far as they are the oldest; returns how many it were."""
    return tx.change(
        # The oldest rows come first: that none of them is old enough is seen without a walk over the table.
        "DELETE FROM unmatched_reports WHERE id IN (SELECT id FROM"
        " (SELECT id, received_at FROM unmatched_reports ORDER BY id LIMIT ?) WHERE received_at < ?)",
        (limit, before),
    )


def hand_over(tx: Tx, holder: str, pdu: str) -> None:
    """Keep what a modem has handed over until its worker, which is named by `holder`, has looked at it."""
    tx.change("INSERT INTO handed_over (device, pdu) VALUES (?, ?) ON CONFLICT DO NOTHING", (holder, pdu))


def handed_over(tx: Tx, holder: str) -> list[str]:
    """List what a modem has handed over and its worker has not looked at, in order."""
    return [row[0] for row in tx.rows("SELECT pdu FROM handed_over WHERE device = ? ORDER BY id", (holder,))]


def put_away(tx: Tx, holder: str, pdu: str) -> None:
    """A worker has looked at what was handed over."""
    tx.change("DELETE FROM handed_over WHERE device = ? AND pdu = ?", (holder, pdu))


def hand_on(tx: Tx, device: str, holders: Collection[str], heir: str) -> None:
    """Give what workers that a device has no more were handed over to one of its present `holders`."""
    strays = tx.rows(
        "SELECT DISTINCT device FROM handed_over WHERE device = ? OR substr(device, 1, ?) = ?",
        (device, len(device) + 1, f"{device}/"),
    )
    for (stray,) in strays:
        if stray not in holders:
            tx.change("UPDATE OR IGNORE handed_over SET device = ? WHERE device = ?", (heir, stray))
            tx.change("DELETE FROM handed_over WHERE device = ?", (stray,))


def _report(row: sqlite3.Row) -> ReceivedReport:
    return ReceivedReport(
        reference=row["reference"],
        recipient=row["recipient"],
        service_centre_time=row["service_centre_time"],
        status=row["status"],
        pdu=row["pdu"],
    )
