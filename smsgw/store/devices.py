"""Statements over devices, the SIMs seen in them and the PINs tried on those."""

import sqlite3

from smsgw.model import Device
from smsgw.store.db import Tx

LISTED = "SELECT * FROM devices WHERE deleted_at IS NULL ORDER BY created_at, name"


def from_row(row: sqlite3.Row) -> Device:
    """Read a device."""
    return Device(
        id=row["id"],
        name=row["name"],
        is_active=bool(row["is_active"]),
        imei=row["imei"],
        last_online_at=row["last_online_at"],
    )


def add(tx: Tx, id: str, name: str) -> None:
    """Register a device under its name in the configuration, unless it is known already."""
    tx.change(
        "INSERT INTO devices (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING", (id, name, tx.now)
    )


def by_name(tx: Tx, name: str) -> sqlite3.Row:
    """Fetch the row, deleted or not, of a device that was added."""
    row = tx.row("SELECT * FROM devices WHERE name = ?", (name,))
    assert row is not None, name
    return row


def listed(tx: Tx) -> list[Device]:
    """List the devices that are not deleted, in the order they were registered."""
    return [from_row(row) for row in tx.rows(LISTED)]


def is_active(tx: Tx, id: str) -> bool:
    """Tell whether a device exists and is switched on."""
    return tx.row("SELECT 1 FROM devices WHERE id = ? AND is_active AND deleted_at IS NULL", (id,)) is not None


def set_active(tx: Tx, id: str, is_active: bool) -> bool:
    """Switch a device on or off; returns False when there is no such device."""
    return bool(tx.change("UPDATE devices SET is_active = ? WHERE id = ? AND deleted_at IS NULL", (is_active, id)))


def delete(tx: Tx, id: str) -> bool:
    """Mark a device as deleted; returns False when there is no such device."""
    return bool(tx.change("UPDATE devices SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (tx.now, id)))


def seen(tx: Tx, id: str, imei: str | None) -> None:
    """Record that a device answered, and as whom."""
    tx.change("UPDATE devices SET last_online_at = ?, imei = coalesce(?, imei) WHERE id = ?", (tx.now, imei, id))


def sim_seen(tx: Tx, key: str, imsi: str | None, device: str, slot: int) -> None:
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


def mark_boot(tx: Tx, key: str, mark: int | None) -> None:
    """Record the mark by which the modem that a SIM is in will show that it has not started again.

    It tells nothing about what was submitted before it was set.
    """
    tx.change("UPDATE sims SET boot_mark = ? WHERE key = ?", (mark, key))
    tx.change("UPDATE attempts SET reference_before = NULL WHERE sim = ? AND outcome = 'unknown'", (key,))


def forget_boots(tx: Tx) -> None:
    """Take away what could prove, of any SIM, that a part in doubt was not sent."""
    tx.change("UPDATE sims SET boot_mark = NULL")
    tx.change("UPDATE attempts SET reference_before = NULL WHERE outcome = 'unknown'")


def record_is_kept(tx: Tx, key: str, imei: str, boot_mark: int) -> bool:
    """Tell whether this modem is known to keep up the TP-MR that a SIM remembers, and has been running since."""
    row = tx.row("SELECT 1 FROM sims WHERE key = ? AND record_kept_by = ? AND boot_mark = ?", (key, imei, boot_mark))
    return row is not None


def sim_in(tx: Tx, device: str, slot: int) -> str | None:
    """Tell which SIM was seen last in a slot of a device."""
    row = tx.row("SELECT key FROM sims WHERE device = ? AND slot = ? ORDER BY last_seen DESC LIMIT 1", (device, slot))
    return None if row is None else str(row[0])


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
