"""Finds modems on USB by their IMEI, and keeps those who look for them apart.

What a port has said is remembered for as long as it is there. A device is asked once after each time it is plugged in,
one that does not answer a few times more. A port that is held for a modem, that the configuration gives to one, or that
another program uses is not asked.

Of one that has fallen silent it knows the other ports, and whether somebody else answers where it was.
"""

import asyncio
import errno
import math
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from smsgw import log
from smsgw.model import UsbPlace
from smsgw.modem.asking import is_same_modem
from smsgw.modem.families import UNKNOWN, behind, family_of, ports_to_ask, separately
from smsgw.modem.holders import strangers
from smsgw.modem.introduction import Introduction, introduce
from smsgw.modem.pace import Pace
from smsgw.modem.port import SOCKET_SCHEME, PortError
from smsgw.modem.revival import ResetFailure
from smsgw.modem.usb import ROOT, Tty, UsbDevice, plugged_in

_PATIENCE = 5  # times that a device nobody knows is asked
_BY_ID = "/serial/by-id/"

logger = log.get("smsgw.ports")


class ModemMissing(Exception):
    """No modem with this IMEI can be seen; the text says which are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sighting:
    """What is known of a device since it was plugged in, and the time of the event loop at which to ask it again."""

    port: str = ""
    imei: str | None = None
    trouble: str = ""
    tries: int = 0
    again_at: float = math.inf
    no_at_ports: frozenset[str] = frozenset()
    silent_ports: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """Who stands at a place on USB: the port there, and what is known of him. `is_silent` if he was asked in vain."""

    port: str
    imei: str | None
    is_silent: bool


class Finder:
    """Knows which modem is where.

    `given` are the ports that the configuration gives to modems it tells no IMEI of, `owners` the names of the modems
    by every port in the configuration.
    """

    def __init__(
        self, pace: Pace, given: Iterable[str] = (), root: Path = ROOT, owners: Mapping[str, str] | None = None
    ) -> None:
        self._pace = pace
        self._given = tuple(given)
        self._owners = dict(owners or {})
        self._root = root
        self._sightings: dict[str, _Sighting] = {}
        self._stand_ins: dict[str, str] = {}  # by appearance, the ports that are used instead of one that is silent
        self._held: dict[str, str] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._searching = asyncio.Lock()

    async def find(self, imei: str, baud: int = 115200) -> str:
        """Return the port of a modem; raises `ModemMissing`."""
        devices = await self._look()
        if self._port_of(imei, devices) is None:
            async with self._searching:
                # Somebody who looked for another one may have met it meanwhile.
                if self._port_of(imei, devices) is None:
                    await self._ask_around(devices, baud)
        if port := self._port_of(imei, devices):
            return port
        raise ModemMissing(f"no modem with the IMEI {imei} is plugged in; {self._seen(devices)}")

    @asynccontextmanager
    async def hold(self, address: str, modem: str) -> AsyncIterator[None]:
        """Keep a port for a modem for as long as the block lasts; raises `PortError` if another modem has it."""
        real = _real(address)
        if real in self._held:
            raise PortError(errno.EBUSY, f"{address}: another modem is there, {self._held[real]}")
        self._held[real] = modem
        try:
            async with self._locks[real]:
                yield
        finally:
            del self._held[real]

    async def met(self, address: str, imei: str | None) -> UsbPlace | None:
        """Remember which modem answered at a port; returns where on USB that is, if only one modem can be there."""
        found = _at(address, await self._look())
        if found is None or not imei:
            return None
        device, tty = found
        self._sightings[device.appearance] = _Sighting(port=tty.path, imei=imei)
        return None if family_of(device).is_converter else _place(device, tty)

    async def warnings(self, address: str, imei: str = "") -> list[str]:
        """Say what may go wrong with a port although it can be opened; with an IMEI, its name does not matter."""
        if address.startswith(SOCKET_SCHEME):
            return []
        users = await asyncio.to_thread(strangers, address, self._root)
        found = [f"{address} is also used by {user}: stop that program, or let it ignore this device" for user in users]
        return found if imei else found + _shared_name(address, await asyncio.to_thread(plugged_in, self._root))

    # ── a modem that has fallen silent ──

    async def spare_ports(self, address: str, modem: str, *, is_sought: bool) -> frozenset[str]:
        """List the other ports of the USB device at a port that may take commands, and that no other modem has.

        Nobody knows where those of an unknown device lead: they count only for a modem that is sought everywhere.
        """
        found = _at(address, await self._look())
        if found is None or (family_of(found[0]) is UNKNOWN and not is_sought):
            return frozenset()
        ports = (tty.path for tty in ports_to_ask(found[0]) if not is_same_port(tty.path, address))
        return frozenset(port for port in ports if self._is_free(port, modem))

    async def turn_aside(self, ports: Collection[str], modem: str, imei: str | None, baud: int = 115200) -> bool:
        """Ask a device at its spare ports who it is; one that answers, with this IMEI, is used from now on.

        Raises `PortError` if another modem takes one of them meanwhile.
        """
        found = _at(next(iter(ports)), await self._look())
        if found is None:
            return False
        device, _ = found
        self._stand_ins.pop(device.appearance, None)
        async with AsyncExitStack() as stack:
            for port in sorted(ports):
                await stack.enter_async_context(self.hold(port, modem))
            others = {tty.path for tty in device.ttys} - set(ports)
            said = await introduce(device, self._pace, baud=baud, root=self._root, no_at_ports=others)
        if said.tty is None or said.is_in_use or (imei and not (said.imei and is_same_modem(said.imei, imei))):
            return False
        self._stand_ins[device.appearance] = said.tty.path
        self._sightings[device.appearance] = _Sighting(port=said.tty.path, imei=said.imei)
        return True

    async def stand_in(self, address: str) -> str:
        """Return the port that is to be used instead of one: itself, unless `turn_aside` has found a better one."""
        found = _at(address, await self._look()) if self._stand_ins else None
        return self._stand_ins.get(found[0].appearance, address) if found else address

    async def news_commands(self, address: str) -> tuple[str, ...]:
        """List the commands without which a port would not tell the news, as the second one of some modems."""
        found = _at(address, await self._look())
        return family_of(found[0]).news_commands(found[1]) if found else ()

    async def who_is_at(self, place: UsbPlace, modem: str) -> Occupant | None:
        """Tell who stands at a place; `None` if nobody of that make does, or another modem may have it."""
        for device in await self._look():
            for tty in device.ttys:
                if _place(device, tty) == place and all(self._is_free(each.path, modem) for each in device.ttys):
                    known = self._sightings.get(device.appearance, _Sighting())
                    is_silent = not known.port and tty.path in known.silent_ports
                    return Occupant(port=tty.path, imei=known.imei, is_silent=is_silent)
        return None

    async def socket_of(self, address: str) -> str:
        """Tell in which USB socket the device with a port is; empty if it is in none."""
        found = _at(address, await self._look())
        return found[0].socket if found else ""

    async def is_one_device(self, one: str, other: str) -> bool:
        """Tell whether two ports are the same, or ports of one USB device."""
        if is_same_port(one, other):
            return True
        found = _at(one, await self._look())
        return found is not None and _at(other, [found[0]]) is not None

    async def device_of(self, address: str, modem: str) -> UsbDevice:
        """Return the USB device that a port is of, where nobody else is at another of its ports.

        Raises `ResetFailure`, since what is done to the whole of any other would cut somebody off.
        """
        found = _at(address, await asyncio.to_thread(plugged_in, self._root))
        if found is None:
            raise ResetFailure("its port is not on USB")
        device, own = found
        for tty in device.ttys:
            if tty != own and (other := await self._other_at(device, tty, modem)):
                raise ResetFailure(f"{other} is at the same USB device")
        return device

    async def _other_at(self, device: UsbDevice, tty: Tty, modem: str) -> str:
        """Name who is at a port that is not of this modem, nor of another SIM of its module."""
        users = {name for address, name in self._owners.items() if is_same_port(address, tty.path)}
        users |= {self._held[_real(tty.path)]} if _real(tty.path) in self._held else set()
        if others := sorted(name for name in users if _module(name) != _module(modem)):
            return others[0]
        sighting = self._sightings.get(behind(device, tty), _Sighting())
        if family_of(device).is_converter and sighting.port and not users:
            return f"the modem {sighting.imei or ''}".rstrip()
        return ", ".join(await asyncio.to_thread(strangers, tty.path, self._root))

    def forget(self, device: UsbDevice) -> None:
        """Forget what the ports of a device have said: they may have other names now, and it the same appearance."""
        for appearance in (device.appearance, *(behind(device, tty) for tty in device.ttys)):
            self._sightings.pop(appearance, None)
            self._stand_ins.pop(appearance, None)

    def _is_free(self, port: str, modem: str) -> bool:
        owners = {owner for address, owner in self._owners.items() if is_same_port(address, port)}
        return _real(port) not in self._held and owners <= {modem}

    # ── looking ──

    async def _look(self) -> list[UsbDevice]:
        """List what is plugged in, and forget what was said by what is not there any more."""
        devices = separately(await asyncio.to_thread(plugged_in, self._root))
        present = {device.appearance for device in devices}
        self._sightings = {key: sighting for key, sighting in self._sightings.items() if key in present}
        self._stand_ins = {key: port for key, port in self._stand_ins.items() if key in present}
        return devices

    def _port_of(self, imei: str, devices: list[UsbDevice]) -> str | None:
        for device in devices:
            sighting = self._sightings.get(device.appearance)
            if sighting is not None and sighting.imei and is_same_modem(sighting.imei, imei):
                return sighting.port
        return None

    async def _ask_around(self, devices: list[UsbDevice], baud: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            for device in devices:
                tasks.create_task(self._ask(device, baud))

    def _is_due(self, device: UsbDevice) -> bool:
        ports = {_real(tty.path) for tty in device.ttys}
        if ports & self._held.keys() or ports & {_real(port) for port in self._given}:
            return False
        sighting = self._sightings.get(device.appearance)
        return sighting is None or asyncio.get_running_loop().time() >= sighting.again_at

    async def _ask(self, device: UsbDevice, baud: int) -> None:
        # Whoever holds a port keeps its lock for as long as its session lasts: that must not be waited for.
        if not self._is_due(device):
            return
        before = self._sightings.get(device.appearance, _Sighting())
        async with AsyncExitStack() as stack:
            for port in sorted({_real(tty.path) for tty in device.ttys}):
                await stack.enter_async_context(self._locks[port])
            found = await introduce(device, self._pace, baud=baud, root=self._root, no_at_ports=before.no_at_ports)
        if found.is_in_use and found.trouble != before.trouble:
            logger.warning("a port is left alone", reason=found.trouble)
        self._sightings[device.appearance] = self._sighting(device, found, before.tries + 1)

    def _sighting(self, device: UsbDevice, found: Introduction, tries: int) -> _Sighting:
        if found.tty is not None and not found.is_in_use:
            return _Sighting(port=found.tty.path, imei=found.imei)
        family = family_of(device)
        is_hopeless = all(tty.path in found.no_at_ports for tty in family.ports(device.ttys))
        if is_hopeless or (family is UNKNOWN and tries >= _PATIENCE and not found.is_in_use):
            return _Sighting(trouble=found.trouble, tries=tries, silent_ports=found.silent_ports)
        pause_s = min(self._pace.ask_again_s * 2 ** min(tries - 1, 10), self._pace.ask_again_last_s)
        return _Sighting(
            trouble=found.trouble,
            tries=tries,
            again_at=asyncio.get_running_loop().time() + pause_s,
            no_at_ports=found.no_at_ports,
            silent_ports=found.silent_ports,
        )

    def _seen(self, devices: list[UsbDevice]) -> str:
        known = [sighting for device in devices if (sighting := self._sightings.get(device.appearance))]
        seen = [f"{one.imei or 'one that does not tell its IMEI'} at {one.port}" for one in known if one.port]
        troubles = [one.trouble for one in known if one.trouble]
        return "; ".join([f"seen: {', '.join(seen) or 'none'}", *troubles])


def is_same_port(one: str, other: str) -> bool:
    """Tell whether two names lead to one port."""
    return _real(one) == _real(other)


def _at(address: str, devices: Iterable[UsbDevice]) -> tuple[UsbDevice, Tty] | None:
    return next(((each, tty) for each in devices for tty in each.ttys if is_same_port(tty.path, address)), None)


def _place(device: UsbDevice, tty: Tty) -> UsbPlace:
    return UsbPlace(socket=device.socket, make=":".join(device.make), interface=tty.interface)


def _module(line: str) -> str:
    """Name the modem of a line; those that use all their SIMs at once have several, named NAME/SLOT."""
    return line.partition("/")[0]


def _real(address: str) -> str:
    return address if address.startswith(SOCKET_SCHEME) else os.path.realpath(address)


def _shared_name(address: str, devices: list[UsbDevice]) -> list[str]:
    """Names under by-id are made of vendor, product and serial number; sticks of one make often have the same one."""
    mine = [device for device in devices if any(is_same_port(tty.path, address) for tty in device.ttys)]
    if _BY_ID not in address or not mine:
        return []
    if sum(device.make == mine[0].make for device in devices) < 2:
        return []
    names = [tty.best_name for tty in mine[0].ttys if is_same_port(tty.path, address)]
    return [f"{address} is the name of two devices that are alike, now of {names[0]}: give the IMEI, or that name"]
