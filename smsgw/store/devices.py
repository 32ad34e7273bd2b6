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
        " last_seen = excluded.last_seen, device = excluded.device,"
        # Whether the SIM's record is kept up is the modem's doing.
        " records_reference = CASE WHEN device = excluded.device THEN records_reference END",
        (key, imsi, device, slot, tx.now, tx.now),
    )


def learn_record(tx: Tx, key: str, follows: bool) -> None:
    """Record whether the TP-MR that a SIM remembers follows the answers of the modem it is in."""
    tx.change("UPDATE sims SET records_reference = ? WHERE key = ?", (follows, key))


def record_is_kept(tx: Tx, key: str) -> bool:
    """Tell whether the TP-MR that a SIM remembers is known to follow the answers of its modem."""
    return tx.row("SELECT 1 FROM sims WHERE key = ? AND records_reference", (key,)) is not None


def sim_in(tx: Tx, device: str, slot: int) -> str | None:
    """Tell which SIM was seen last in a slot of a device."""
    row = tx.row("SELECT key FROM sims WHERE device = ? AND slot = ? ORDER BY last_seen DESC LIMIT 1", (device, slot))
    return None if row is None else str(row[0])


def pin_was_tried(tx: Tx, sim: str, pin_hash: str) -> bool:
    """Tell whether this PIN was entered into this SIM and not accepted."""
    return tx.row("SELECT 1 FROM pin_attempts WHERE sim = ? AND pin_hash = ?", (sim, pin_hash)) is not None


def remember_pin(tx: Tx, sim: str, pin_hash: str) -> None:
    """Record that a PIN is about to be entered."""
    tx.change("INSERT INTO pin_attempts VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (sim, pin_hash, tx.now))


def forget_pin(tx: Tx, sim: str, pin_hash: str) -> None:
    """Record that a PIN was accepted."""
    tx.change("DELETE FROM pin_attempts WHERE sim = ? AND pin_hash = ?", (sim, pin_hash))
