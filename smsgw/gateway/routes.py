"""By which ways a message may go: the devices and slots that fit what it asks for, and when their SIMs are free."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from smsgw.config import SimConfig
from smsgw.errors import (
    BadSim,
    BadTtl,
    NoDeviceHasSlot,
    NoDeviceMaySend,
    NoDevices,
    NotInTime,
    SendDeviceNotFound,
    Text,
)
from smsgw.gateway import limits
from smsgw.gateway.devices import Devices
from smsgw.model import Route, SendRequest
from smsgw.store import devices, sims
from smsgw.store.db import Tx


class Routes:
    """The ways through the configured devices; `zone` is where quiet hours and months are meant."""

    def __init__(self, configured: Devices, zone: tzinfo) -> None:
        self._devices = configured
        self._zone = zone

    def open_to(self, tx: Tx, request: SendRequest, parts: int, begins: int) -> Iterator[Route]:
        """Give the ways that a message of so many parts may go from `begins` on (Unix milliseconds), at least one.

        Raises why there is none. Each costs some looking up, so nobody should take more of them than are needed.
        """
        return (
            self._route(tx, device, slot, request, parts, begins)
            for device in self._able(tx, request)
            for slot in self._slots_of(device)
            if request.to_sim in (None, slot)
        )

    def _slots_of(self, device: str) -> list[int]:
        return [sim.slot for sim in self._devices.configured[device].sims]

    def _route(self, tx: Tx, device: str, slot: int, request: SendRequest, parts: int, begins: int) -> Route:
        sim, of_sim = sims.seen_in(tx, device, slot), self._devices.configured[device].in_slot(slot)
        if sim is None:
            return Route(device=device, slot=slot, sim=None, ready_at=begins, last_part_at=begins)
        waits = (
            limits.standstill(tx, sim, of_sim, self._zone),
            limits.bars(tx, sim, of_sim, request.phone_number, self._zone),
        )
        ready_at = max([begins, *(wait.until for wait in waits if wait)])
        last_at = limits.last_part_at(tx, sim, of_sim, parts, ready_at, self._zone)
        return Route(device=device, slot=slot, sim=sim, ready_at=ready_at, last_part_at=last_at)

    def _able(self, tx: Tx, request: SendRequest) -> list[str]:
        """List the devices that are switched on and have what the message asks for."""
        configured = self._devices.configured
        candidates = {device.id: device for device in devices.listed(tx) if device.id in configured}
        if not candidates:
            raise NoDevices()
        if request.device_id and request.device_id not in candidates:
            raise SendDeviceNotFound(id=request.device_id)
        if request.device_id:
            candidates = {request.device_id: candidates[request.device_id]}
        if request.to_sim is not None:
            candidates = {
                id: device for id, device in candidates.items() if request.to_sim in _slots(configured[id].sims)
            }
            if not candidates:
                raise _no_slot(request)
        active = [id for id, device in candidates.items() if device.is_active]
        if not active:
            raise NoDeviceMaySend()
        return active


def refuse_if_too_late(routes: Iterable[Route], now: int, begins: int, expires_at: int) -> None:
    """Refuse what cannot be sent before it expires even if it is the very next: the client should know at once."""
    tried: list[Route] = []
    for route in routes:
        if route.last_part_at <= expires_at:
            return
        tried.append(route)
    first = min(tried, key=lambda route: route.last_part_at)
    if first.ready_at <= begins:
        needed_s = -(-(first.last_part_at - begins) // 1_000)
        raise BadTtl(reason=Text(f"все части займут {needed_s} с", f"all its parts take {needed_s} s"))
    # The part of a second counts whole: who comes back too early is refused again.
    retry_after_s = -(-(first.ready_at - now) // 1_000)
    raise NotInTime(retry_after_s=retry_after_s, ready=_when(first.ready_at))


def _slots(configured: tuple[SimConfig, ...]) -> set[int]:
    return {sim.slot for sim in configured}


def _no_slot(request: SendRequest) -> NoDeviceHasSlot | BadSim:
    if not request.device_id:
        return NoDeviceHasSlot(slot=request.to_sim)
    slot = request.to_sim
    return BadSim(reason=Text(f"у устройства нет слота SIM {slot}", f"the device has no SIM slot {slot}"))


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment // 1_000, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
