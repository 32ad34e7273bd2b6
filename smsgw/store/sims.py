"""Statements over SIMs: where each was seen, what it proves, whether it rests, its money, which PINs were tried.

A SIM is known by its ICCID, or what stands for it; plain functions over an open transaction.
"""

import sqlite3
from collections.abc import Collection

from smsgw.model import Balance
from smsgw.store.db import Tx

# A device whose modem has not been registered for so long is not counted on.
_ONLINE_MS = 600_000
_LONGEST_REST_MS = 86_400_000


def sighted(tx: Tx, key: str, imsi: str | None, device: str, slot: int) -> None:
    """Record which SIM a device holds in a slot."""
    tx.change(
        "INSERT INTO sims (key, imsi, device, slot, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET imsi = coalesce(excluded.imsi, imsi), slot = excluded.slot,"
        " last_seen = excluded.last_seen, device = excluded.device",
        (key, imsi, device, slot, tx.now, tx.now),
    )


def learn_record(tx: Tx, key: str, imei: str | None) -> None:
    """Record which modem is known to keep up the TP-MR that a SIM remembers."""
    tx.change("UPDATE sims SET record_kept_by = ? WHERE key = ?", (imei, key))


def mark_boot(tx: Tx, key: str, mark: int | None, apart: Collection[str] = ()) -> None:
    """Record the mark by which the modem that a SIM is in will show that it has not started again.

    It tells nothing about what was submitted before it was set. `apart` are the devices whose SIMs are in use at once.
    """
    device = device_of(tx, key)
    if device in apart:
        # Each port may have its register, or all have one, in which this mark must not pass for that of another SIM.
        tx.change("UPDATE sims SET boot_mark = NULL WHERE device = ? AND boot_mark = ?", (device, mark))
    elif device is not None:
        forget_boot(tx, device)  # there is one such register in a modem, whatever SIM it uses
    tx.change("UPDATE sims SET boot_mark = ? WHERE key = ?", (mark, key))
    tx.change("UPDATE attempts SET reference_before = NULL WHERE sim = ? AND outcome = 'unknown'", (key,))


def forget_boots(tx: Tx) -> None:
    """Take away what could prove, of any SIM, that a part in doubt was not sent."""
    tx.change("UPDATE sims SET boot_mark = NULL")
    tx.change("UPDATE attempts SET reference_before = NULL WHERE outcome = 'unknown'")


def forget_boot(tx: Tx, device: str) -> None:
    """Take away what could prove that the modem of a device has not started again."""
    tx.change("UPDATE sims SET boot_mark = NULL WHERE device = ?", (device,))


def record_is_kept(tx: Tx, key: str, imei: str) -> bool:
    """Tell whether this modem is known to keep up the TP-MR that a SIM remembers."""
    return tx.row("SELECT 1 FROM sims WHERE key = ? AND record_kept_by = ?", (key, imei)) is not None


def has_run_since(tx: Tx, key: str, boot_mark: int | None) -> bool:
    """Tell whether the modem that a SIM is in has not started again since it was marked; not known without a mark."""
    return tx.row("SELECT 1 FROM sims WHERE key = ? AND boot_mark = ?", (key, boot_mark)) is not None


def device_of(tx: Tx, key: str) -> str | None:
    """Tell in which device a SIM was seen last."""
    row = tx.row("SELECT device FROM sims WHERE key = ?", (key,))
    return None if row is None else str(row[0])


def seen_in(tx: Tx, device: str, slot: int) -> str | None:
    """Tell which SIM was seen last in a slot of a device."""
    row = tx.row("SELECT key FROM sims WHERE device = ? AND slot = ? ORDER BY last_seen DESC LIMIT 1", (device, slot))
    return None if row is None else str(row[0])


def in_slots(tx: Tx, device: str) -> dict[str, int]:
    """List the SIMs that were seen last in the slots of a device, with their slots."""
    rows = tx.rows("SELECT key, slot FROM sims WHERE device = ? ORDER BY last_seen", (device,))
    return {sim: slot for slot, sim in {row["slot"]: row["key"] for row in rows}.items()}


def slot_in_use(tx: Tx, device: str) -> int | None:
    """Tell which slot a device has used last."""
    row = tx.row("SELECT slot FROM sims WHERE device = ? ORDER BY last_seen DESC LIMIT 1", (device,))
    return None if row is None else int(row[0])


def was_out_of_use(tx: Tx, key: str, since: int, until: int) -> bool:
    """Tell whether the modem that a SIM is in has used another since then, and not this one again before `until`."""
    row = tx.row(
        "SELECT 1 FROM sims s JOIN sims o ON o.device = s.device AND o.key != s.key"
        " WHERE s.key = ? AND o.slot != s.slot AND o.last_seen > ? AND (o.last_seen > s.last_seen OR s.last_seen > ?)",
        (key, since, until),
    )
    return row is not None


# ── rests ──


def rest(tx: Tx, key: str, seconds: int, because: str, *, is_fault: bool) -> None:
    """Let a SIM send nothing for so many seconds; a longer rest that it has already stays."""
    tx.change(
        "UPDATE sims SET rests_in_row = rests_in_row + ?, rests_because = ?, rests_until = ?"
        " WHERE key = ? AND coalesce(rests_until, 0) < ?",
        (is_fault, because, until := tx.now + seconds * 1_000, key, until),
    )


def resting(tx: Tx, key: str) -> tuple[int, str] | None:
    """Tell until when a SIM rests, and why; None if it does not."""
    row = tx.row(
        # One that would end later than any was to last dates from before the clock was set right.
        "SELECT rests_until, rests_because FROM sims WHERE key = ? AND rests_until > ? AND rests_until <= ?",
        (key, tx.now, tx.now + _LONGEST_REST_MS),
    )
    return None if row is None else (row["rests_until"], row["rests_because"])


def rests_in_row(tx: Tx, key: str) -> int:
    """Count how often a SIM has rested as faulty since it accepted a message last."""
    row = tx.row("SELECT rests_in_row FROM sims WHERE key = ?", (key,))
    return 0 if row is None else int(row[0])


def acquit(tx: Tx, key: str) -> None:
    """The network has accepted something from this SIM: it is not faulty."""
    tx.change("UPDATE sims SET rests_in_row = 0 WHERE key = ? AND rests_in_row > 0", (key,))


def end_rests(tx: Tx, device: str) -> None:
    """Somebody has looked after a device: its SIMs may be tried at once, and their operators asked."""
    tx.change(
        "UPDATE sims SET rests_until = NULL, rests_in_row = 0, balance_tried_at = NULL WHERE device = ?", (device,)
    )


# ── money ──


BALANCE = "SELECT balance, balance_at, balance_tried_at FROM sims WHERE key = ?"


def balance_from(row: sqlite3.Row | None) -> Balance:
    """Read what is known of the money on a SIM."""
    return Balance() if row is None else Balance(value=row[0], at=row[1], tried_at=row[2])


def balance(tx: Tx, key: str) -> Balance:
    """Return what is known of the money on a SIM."""
    return balance_from(tx.row(BALANCE, (key,)))


def try_balance(tx: Tx, key: str) -> None:
    """Record that the operator of a SIM is about to be asked."""
    tx.change("UPDATE sims SET balance_tried_at = ? WHERE key = ?", (tx.now, key))


def learn_balance(tx: Tx, key: str, value: float) -> None:
    """Record how much money is on a SIM."""
    tx.change("UPDATE sims SET balance = ?, balance_at = ? WHERE key = ?", (value, tx.now, key))


# ── which SIM for which message ──


def rule_out(tx: Tx, key: str, message: int, until: int, *, refused: bool) -> None:
    """Keep a message from a SIM until then, because the SIM has refused it or cannot be done with it in time."""
    tx.change(
        "INSERT INTO unfit_sims VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET until = excluded.until, refused = max(refused, excluded.refused)",
        (message, key, until, refused),
    )


def count_recipients(tx: Tx, key: str, since: int) -> int:
    """Count to how many a SIM has sent something, or may have, since then."""
    row = tx.row("SELECT count(*) FROM sim_recipients WHERE sim = ? AND last_at >= ?", (key, since))
    assert row is not None
    return int(row[0])


def has_written_to(tx: Tx, key: str, recipient: str, since: int) -> bool:
    """Tell whether a SIM has sent something, or may have, to somebody since then."""
    sql = "SELECT 1 FROM sim_recipients WHERE sim = ? AND recipient = ? AND last_at >= ?"
    return tx.row(sql, (key, recipient, since)) is not None


def forget_recipients(tx: Tx, before: int, limit: int) -> int:
    """Forget to whom SIMs have sent something before then for the last time; returns how many it were."""
    return tx.change(
        "DELETE FROM sim_recipients WHERE (sim, recipient) IN"
        " (SELECT sim, recipient FROM sim_recipients WHERE last_at < ? LIMIT ?)",
        (before, limit),
    )


def other_than(tx: Tx, key: str, message: int) -> list[tuple[str, int, str]]:
    """List device, slot and key of the other SIMs that were seen last in the slots of active devices.

    Those that rest, whose device has not been online for a while, that have refused this message or are ruled out for
    it are left out.
    """
    rows = tx.rows(
        "SELECT s.device, s.slot, s.key FROM sims s JOIN devices d ON d.id = s.device"
        " WHERE s.key != ? AND d.is_active AND d.deleted_at IS NULL AND d.last_online_at > ?"
        " AND coalesce(s.rests_until, 0) <= ? AND NOT EXISTS"
        " (SELECT 1 FROM unfit_sims u WHERE u.message = ? AND u.sim = s.key AND (u.refused OR u.until > ?))"
        " AND s.last_seen = (SELECT max(last_seen) FROM sims WHERE device = s.device AND slot = s.slot)",
        (key, tx.now - _ONLINE_MS, tx.now, message, tx.now),
    )
    return [(row["device"], row["slot"], row["key"]) for row in rows]


# ── PINs ──


def pin_attempt(tx: Tx, sim: str, pin_hash: str) -> sqlite3.Row | None:
    """Find the attempt to enter this PIN into this SIM, if it was not accepted."""
    return tx.row("SELECT * FROM pin_attempts WHERE sim = ? AND pin_hash = ?", (sim, pin_hash))


def remember_pin(tx: Tx, sim: str, pin_hash: str) -> None:
    """Record that a PIN is about to be entered."""
    tx.change(
        "INSERT INTO pin_attempts (sim, pin_hash, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET entries = entries + 1",
        (sim, pin_hash, tx.now),
    )


def mark_pin_refused(tx: Tx, sim: str, pin_hash: str) -> None:
    """Record that a SIM called a PIN wrong."""
    tx.change("UPDATE pin_attempts SET is_refused = 1 WHERE sim = ? AND pin_hash = ?", (sim, pin_hash))


def forget_pin(tx: Tx, sim: str, pin_hash: str) -> None:
    """Record that a PIN was accepted."""
    tx.change("DELETE FROM pin_attempts WHERE sim = ? AND pin_hash = ?", (sim, pin_hash))
