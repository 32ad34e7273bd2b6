"""The call that lets a modem speak to the network: parse, one call to its worker, render.

It may cost money, so that it takes the right to edit devices. It is answered within two minutes; a client that goes
away before that ends the session with the network.
"""

import asyncio
import re
from typing import Any

from aiohttp import web

from smsgw.api import wire
from smsgw.api.bodies import MISSING, Shape, given, read_object
from smsgw.api.devices import id_of
from smsgw.api.health import STATES
from smsgw.errors import BadSim, BadUssdCode, BadUssdSession, DeviceNotReady, DeviceOff, Text
from smsgw.gateway.devices import Devices
from smsgw.gsm import ussd
from smsgw.model import ABLE_TO_SEND, Device, UssdAnswer, UssdCall, UssdModems

_CODE = re.compile(r"[0-9*#+]+", re.ASCII)
_TOO_LONG = Text("слишком длинно", "it is too long")
_RETRY_S = 30
_LOOK_S = 0.5  # between looks whether the client is still there


class UssdCalls:
    """Codes and replies."""

    def __init__(self, devices: Devices, modems: UssdModems) -> None:
        self._devices = devices
        self._modems = modems
        self._shape = Shape("UssdRequest")

    async def dial(self, request: web.Request) -> web.Response:
        """POST /devices/ussd."""
        fields = self._shape.check(await read_object(request))
        call = _call(fields)
        device = await self._devices.get(id_of(fields))
        asked = fields["to_sim"]
        if asked is not None and asked not in [sim.slot for sim in self._devices.configured[device.id].sims]:
            raise BadSim(reason=Text(f"у устройства нет слота SIM {asked}", f"the device has no SIM slot {asked}"))
        slot = self._slot_in_use(device, asked, call.session)
        if asked not in (None, slot):
            raise DeviceNotReady(retry_after_s=_RETRY_S, reason=_other_slot(slot))
        answer = await _while_connected(request, asyncio.ensure_future(self._modems.ussd(device.id, slot, call)))
        return wire.respond(wire.ussd(answer, device.id, slot))

    def _slot_in_use(self, device: Device, asked: int | None, session: str | None) -> int:
        """Return the slot of the SIM that would dial; raises why none can."""
        if not device.is_active:
            raise DeviceOff(id=device.id)
        live = self._modems.live_at(device.id, asked, session)
        if live.state not in ABLE_TO_SEND:
            told = STATES[live.state]
            raise DeviceNotReady(retry_after_s=_RETRY_S, reason=Text(f"оно {told.ru}", f"it {told.en}"))
        return self._devices.configured[device.id].sim.slot if live.slot is None else live.slot


def _other_slot(slot: int) -> Text:
    return Text(f"сейчас работает SIM-карта в слоте {slot}", f"it uses the SIM in slot {slot} right now")


def _call(fields: dict[str, Any]) -> UssdCall:
    code, session = fields["code"], fields["session"]
    if fields["cancel"]:
        if session is None:
            raise BadUssdSession(reason=MISSING)
        return UssdCall(code=None, session=session)
    if code is None:
        raise BadUssdCode(reason=MISSING)
    if session is None and not _CODE.fullmatch(code):
        raise BadUssdCode(reason=given(code))
    if not ussd.fits(code):
        raise BadUssdCode(reason=_TOO_LONG)
    return UssdCall(code=code, session=session)


async def _while_connected(request: web.Request, answering: "asyncio.Future[UssdAnswer]") -> UssdAnswer:
    """Wait for the answer, unless the client goes away: then nobody wants it any more."""
    try:
        while not (await asyncio.wait({answering}, timeout=_LOOK_S))[0]:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the client has gone away")
        return answering.result()
    finally:
        answering.cancel()
