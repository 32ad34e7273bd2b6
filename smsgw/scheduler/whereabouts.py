"""Where one modem is on USB, or was when it was met last: what is made of that when it does not answer.

A modem that is known by its IMEI alone and mute cannot be told from another one, but for its place. Nobody else is
taken for it: another modem in that socket answers, with an IMEI of its own.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress

from smsgw.config import ModemConfig
from smsgw.errors import DeviceNotFound
from smsgw.gateway.devices import Devices
from smsgw.model import Device
from smsgw.modem import revival
from smsgw.modem.asking import is_same_modem
from smsgw.modem.finder import Finder
from smsgw.modem.link import Silent


class Whereabouts:
    """The places of one modem; outlives its sessions.

    Only a modem that `is_alone` in its device is known by what is stored of that: other SIMs have ports of their own.
    """

    def __init__(
        self, device: str, config: ModemConfig, devices: Devices, finder: Finder, *, is_alone: bool = True
    ) -> None:
        self._is_alone = is_alone
        self._device = device
        self._config = config
        self._devices = devices
        self._finder = finder
        self._presumed = ""  # the socket where it must be, while nobody has answered there

    def hold(self, port: str) -> AbstractAsyncContextManager[None]:
        """Keep a port for this modem for as long as the block lasts; raises `PortError` if another one has it."""
        return self._finder.hold(port, self._config.name)

    async def met(self, port: str, imei: str | None) -> None:
        """Remember where the modem answered; raises `StorageUnavailable`."""
        self._presumed = ""
        place = await self._finder.met(port, imei)
        if place is not None and self._is_alone:
            await self._devices.placed(self._device, place)

    # ── mute from the start ──

    async def port_of_mute(self) -> str | None:
        """Return the port where it was met last, if a device like it is there and nobody answers; see `telling`.

        Raises `StorageUnavailable`.
        """
        known = await self._known()
        if known is None or known.place is None or not self._is_own(known.imei):
            return None
        occupant = await self._finder.who_is_at(known.place, self._config.name)
        if occupant is None:
            return None
        if occupant.imei and not self._is_own(occupant.imei):
            await self._devices.displaced(self._device)
        if not occupant.is_silent:
            return None
        self._presumed = known.place.socket
        return occupant.port

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Say of silence where only this modem can be that it is its own."""
        try:
            yield
        except Silent as error:
            if not self._presumed:
                raise
            raise Silent(
                f"a modem is plugged in at {self._presumed}, where it was last met, but does not answer: {error}"
            ) from error
        finally:
            self._presumed = ""

    # ── other ports ──

    async def spare_ports(self, port: str) -> frozenset[str]:
        """List the other ports of its own at which it may answer."""
        if not self._is_alone:
            return frozenset()
        return await self._finder.spare_ports(port, self._config.name, is_sought=bool(self._config.imei))

    async def turn_aside(self, ports: Collection[str]) -> bool:
        """Turn to one of these ports of its own where it answers; tells whether there is one.

        Raises `PortError` and `StorageUnavailable`.
        """
        known = await self._known()
        imei = self._config.imei or (known.imei if known else None)
        return await self._finder.turn_aside(ports, self._config.name, imei, self._config.baud)

    # ── its USB device, and its power ──

    async def ensure_resettable(self, port: str) -> None:
        """Raise `ResetFailure` if the USB device of the modem at a port cannot be reset, or is not its own."""
        revival.ensure_resettable((await self._finder.device_of(port, self._config.name)).node)

    async def reset_usb(self, port: str, limit_s: float) -> None:
        """Reset the USB device of the modem at a port; raises `ResetFailure`, and `PortError` if another one has it."""
        async with self.hold(port):
            device = await self._finder.device_of(port, self._config.name)
            self._finder.forget(device)
            await revival.reset_usb(device.node, limit_s)

    async def away_from_outlet(self, port: str) -> str:
        """Say why the power that the configuration names is not that of the modem at a port; empty if it is."""
        config = self._config
        if config.port:
            is_there = await self._finder.is_one_device(port, config.port)
            return "" if is_there else f"it is at {port} now, and {config.outlet} is that of {config.port}"
        socket = await self._finder.socket_of(port)
        if socket == config.outlet_socket:
            return ""
        return f"it is at {socket or port}, and {config.outlet} is that of {config.outlet_socket}"

    async def _known(self) -> Device | None:
        if not self._is_alone:
            return None
        with suppress(DeviceNotFound):
            return await self._devices.get(self._device)
        return None

    def _is_own(self, imei: str | None) -> bool:
        return bool(imei) and is_same_modem(str(imei), self._config.imei)
