"""Use-cases around devices: registering what the configuration names, switching, deleting, and what their SIMs tell."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from smsgw import rendering
from smsgw.config import ModemConfig, SimConfig
from smsgw.errors import DeviceNotFound
from smsgw.gateway import events
from smsgw.gateway.ids import ObjectIds
from smsgw.gateway.rollup import move
from smsgw.model import Device, LiveModem, PartState, Reason, Status, UsbPlace
from smsgw.store import attempts, devices, parts, queue, reports, sims
from smsgw.store.db import Database, Tx

_ENTRIES = 2  # of a PIN that was never answered: a third wrong one would block the SIM


class DeviceSwitchedOff(Exception):
    """The device is switched off or deleted: its worker has nothing to do until that changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The outcome of registering: the devices in use, and the names that were deleted over the API."""

    in_use: dict[str, ModemConfig]  # by device id
    deleted: tuple[str, ...]


class Devices:
    """The devices of the gateway. `configured` holds what the configuration says of each, by device id."""

    def __init__(self, db: Database, ids: ObjectIds, changed: Callable[[], None]) -> None:
        self._db = db
        self._ids = ids
        self._changed = changed
        self.configured: dict[str, ModemConfig] = {}

    async def register(self, modems: tuple[ModemConfig, ...]) -> Registered:
        """Give every configured modem its device id, made once and kept; a deleted one stays deleted."""
        registered = await self._db.write(partial(_register, ids=self._ids, modems=modems))
        self.configured = registered.in_use
        return registered

    async def listed(self) -> list[Device]:
        """List the devices that are in the configuration and not deleted."""
        rows = await self._db.read(devices.LISTED)
        return [devices.from_row(row) for row in rows if row["id"] in self.configured]

    async def get(self, id: str) -> Device:
        """Return a device; raises `DeviceNotFound`."""
        for device in await self.listed():
            if device.id == id:
                return device
        raise DeviceNotFound(id=id)

    async def switch(self, id: str, is_active: bool) -> None:
        """Switch a device on, which ends the rests of its SIMs, or off; raises `DeviceNotFound`."""
        if id not in self.configured or not await self._db.write(partial(_switch, id=id, is_active=is_active)):
            raise DeviceNotFound(id=id)
        self._changed()

    async def delete(self, id: str) -> None:
        """Delete a device and give up what only it might have sent; raises `DeviceNotFound`."""
        if id not in self.configured or not await self._db.write(partial(_delete, id=id)):
            raise DeviceNotFound(id=id)
        # Transactions may be walking over the old one in their own thread.
        self.configured = {other: config for other, config in self.configured.items() if other != id}
        self._changed()

    async def tell(self, id: str, live: LiveModem) -> None:
        """Let whoever wants to know hear how a device is now; raises `DeviceNotFound`."""
        config = self.configured.get(id)
        if config is None or not await self._db.write(partial(_tell, id=id, live=live, sims=config.sims)):
            raise DeviceNotFound(id=id)

    async def ensure_active(self, id: str) -> None:
        """Make sure that a device is switched on; raises `DeviceSwitchedOff`."""
        await self._db.write(partial(ensure_active, device=id))

    def holder(self, id: str, slot: int) -> str:
        """Name the worker that serves a slot of a device: its only one, or one for each of the SIMs in use at once."""
        modem = self.configured.get(id)
        return _holder(id, modem, slot) if modem else id

    def all_in_use(self) -> set[str]:
        """Name the devices that use all of their SIMs at once."""
        return {id for id in self.configured if self._uses_all_sims(id)}

    async def seen(self, id: str, imei: str | None, slot: int | None = None) -> None:
        """Record that a modem answered; where each SIM has an IMEI, that of the first is the device's."""
        is_other = self._uses_all_sims(id) and slot != self.configured[id].sim.slot
        await self._db.write(partial(devices.seen, id=id, imei=None if is_other else imei))

    async def placed(self, id: str, place: UsbPlace) -> None:
        """Record where on USB a modem was met."""
        await self._db.write(partial(devices.placed, id=id, place=place))

    async def displaced(self, id: str) -> None:
        """Record that somebody else is where a modem was met last."""
        await self._db.write(partial(devices.displaced, id=id))

    async def last_success(self, id: str) -> int | None:
        """Tell when the network last took a part from a SIM that is in a device, in Unix milliseconds."""
        async with self._db.snapshot() as connection:
            return await attempts.last_accepted(connection, id)

    async def sims_in_slots(self, id: str) -> dict[str, int]:
        """Tell in which slot of a device each of the SIMs is that were seen there last."""
        return await self._db.write(partial(sims.in_slots, device=id))

    async def slot_in_use(self, id: str) -> int | None:
        """Tell which slot a device has used last."""
        return await self._db.write(partial(sims.slot_in_use, device=id))

    async def sim_seen(self, id: str, sim: str, imsi: str | None, slot: int) -> None:
        """Record which SIM a modem holds."""
        await self._db.write(partial(sims.sighted, key=sim, imsi=imsi, device=id, slot=slot))

    async def boot_marked(self, sim: str, mark: int | None) -> None:
        """Record the mark by which the modem that a SIM is in will show that it has not started again."""
        await self._db.write(partial(sims.mark_boot, key=sim, mark=mark, apart=self.all_in_use()))

    async def may_have_started_again(self, id: str) -> None:
        """Record that from now on nothing proves that a modem, and the SIM in it, have not started again."""
        await self._db.write(partial(sims.forget_boot, device=id))

    async def may_enter_pin(self, sim: str, pin: str, untouched: bool) -> bool:
        """Tell whether a PIN may be entered into a SIM, and record at once that it is; a refused one never again.

        One that was never answered (the power went) may be entered once more if the SIM is `untouched`, which means
        that it has counted no refusal.
        """
        return await self._db.write(partial(_may_enter_pin, sim=sim, pin_hash=_pin_hash(sim, pin), untouched=untouched))

    async def pin_answered(self, sim: str, pin: str, accepted: bool) -> None:
        """Record that a SIM took its PIN, or called it wrong."""
        record = sims.forget_pin if accepted else sims.mark_pin_refused
        await self._db.write(partial(record, sim=sim, pin_hash=_pin_hash(sim, pin)))

    def _uses_all_sims(self, id: str) -> bool:
        modem = self.configured.get(id)
        return modem is not None and modem.uses_all_sims


def ensure_active(tx: Tx, device: str) -> None:
    """Raise `DeviceSwitchedOff` unless the device exists and is switched on."""
    if not devices.is_active(tx, device):
        raise DeviceSwitchedOff(device)


def give_up_orphans(tx: Tx, limit: int = 1_000) -> int:
    """Fail waiting messages that only a deleted device may send; returns how many."""
    orphans = queue.waiting_for_deleted(tx, limit)
    for message in orphans:
        for part in parts.in_state(tx, message, PartState.PENDING):
            parts.move(tx, part, PartState.CANCELLED)
        move(tx, message, Status.SEND_ERROR, Reason.DEVICE_GONE)
    return len(orphans)


def _register(tx: Tx, ids: ObjectIds, modems: tuple[ModemConfig, ...]) -> Registered:
    in_use: dict[str, ModemConfig] = {}
    deleted: list[str] = []
    for modem in modems:
        devices.add(tx, ids.new(tx.now), modem.name)
        row = devices.by_name(tx, modem.name)
        if row["deleted_at"] is None:
            in_use[row["id"]] = modem
            _hand_on(tx, row["id"], modem)
        else:
            deleted.append(modem.name)
    return Registered(in_use=in_use, deleted=tuple(deleted))


def _hand_on(tx: Tx, id: str, modem: ModemConfig) -> None:
    """Where a device has other workers than before, leave none of what the former ones were handed over to nobody.

    What the only one had is of the SIM that was in use last.
    """
    slots = [sim.slot for sim in modem.sims]
    last = sims.slot_in_use(tx, id)
    heir = _holder(id, modem, last if last in slots else slots[0])
    reports.hand_on(tx, id, {_holder(id, modem, slot) for slot in slots}, heir)


def _holder(id: str, modem: ModemConfig, slot: int) -> str:
    return f"{id}/{slot}" if modem.uses_all_sims else id


def _tell(tx: Tx, id: str, live: LiveModem, sims: tuple[SimConfig, ...]) -> bool:
    device = devices.find(tx, id)
    if device is None:
        return False
    events.device_changed(tx, id, rendering.device(device, live, sims, tx.now))
    return True


def _switch(tx: Tx, id: str, is_active: bool) -> bool:
    if is_active:
        sims.end_rests(tx, id)
    return devices.set_active(tx, id, is_active)


def _delete(tx: Tx, id: str) -> bool:
    if not devices.delete(tx, id):
        return False
    give_up_orphans(tx)
    return True


def _may_enter_pin(tx: Tx, sim: str, pin_hash: str, untouched: bool) -> bool:
    earlier = sims.pin_attempt(tx, sim, pin_hash)
    if earlier is not None and (earlier["is_refused"] or earlier["entries"] >= _ENTRIES or not untouched):
        return False
    sims.remember_pin(tx, sim, pin_hash)
    return True


def _pin_hash(sim: str, pin: str) -> str:
    return hashlib.sha256(f"{sim}:{pin}".encode()).hexdigest()
