"""The calls about devices: parse, one call to the gateway, render."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from smsgw import rendering
from smsgw.api import wire
from smsgw.api.bodies import MISSING, Shape, read_object
from smsgw.errors import BadDeviceId
from smsgw.gateway.devices import Devices
from smsgw.model import Device, LiveModems


class DeviceCalls:
    """Reading, listing, switching and deleting devices. `clock` gives Unix milliseconds."""

    def __init__(self, devices: Devices, live: LiveModems, clock: Callable[[], int]) -> None:
        self._devices = devices
        self._live = live
        self._clock = clock
        self._id_shape = Shape("DeviceId")
        self._edit_shape = Shape("DeviceEdit")

    async def get(self, request: web.Request) -> web.Response:
        """POST /devices/get/info."""
        device = await self._devices.get(id_of(self._id_shape.check(await read_object(request))))
        return wire.respond(self._rendered(device))

    async def edit(self, request: web.Request) -> web.Response:
        """POST /devices/edit."""
        fields = self._edit_shape.check(await read_object(request))
        await self._devices.switch(id_of(fields), bool(fields["is_active"]))
        return wire.no_content()

    async def delete(self, request: web.Request) -> web.Response:
        """POST /devices/del."""
        await self._devices.delete(id_of(self._id_shape.check(await read_object(request))))
        return wire.no_content()

    async def all(self, request: web.Request) -> web.Response:
        """GET /devices."""
        devices = await self._devices.listed()
        return wire.respond({"devices": [self._rendered(device) for device in devices]})

    def _rendered(self, device: Device) -> dict[str, Any]:
        sims = self._devices.configured[device.id].sims
        return rendering.device(device, self._live.live(device.id), sims, self._clock())


def id_of(fields: dict[str, Any]) -> str:
    """Return the device that a body names; raises `BadDeviceId`."""
    id: str | None = fields["device_id"] or fields["id"]
    if id is None:
        raise BadDeviceId(reason=MISSING)
    return id.lower()
