"""Statements over devices; plain functions over an open transaction."""

import sqlite3

from smsgw.model import Device, UsbPlace
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
        place=_place(row),
    )


def _place(row: sqlite3.Row) -> UsbPlace | None:
    if row["usb_socket"] is None:
        return None
    return UsbPlace(socket=row["usb_socket"], make=row["usb_make"], interface=row["usb_interface"])


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


def find(tx: Tx, id: str) -> Device | None:
    """Find a device that is not deleted."""
    row = tx.row("SELECT * FROM devices WHERE id = ? AND deleted_at IS NULL", (id,))
    return from_row(row) if row else None


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


def placed(tx: Tx, id: str, place: UsbPlace) -> None:
    """Record where on USB a device was met, if that is new; whoever was met in that socket before is there no more."""
    tx.change(
        "UPDATE devices SET usb_socket = NULL, usb_make = NULL, usb_interface = NULL WHERE id != ? AND usb_socket = ?",
        (id, place.socket),
    )
    where = (place.socket, place.make, place.interface)
    tx.change(
        "UPDATE devices SET usb_socket = ?, usb_make = ?, usb_interface = ?"
        " WHERE id = ? AND (usb_socket, usb_make, usb_interface) IS NOT (?, ?, ?)",
        (*where, id, *where),
    )


def displaced(tx: Tx, id: str) -> None:
    """Forget where on USB a device was met."""
    tx.change("UPDATE devices SET usb_socket = NULL, usb_make = NULL, usb_interface = NULL WHERE id = ?", (id,))
