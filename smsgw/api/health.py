"""GET /health: whether the gateway can do its work, for load balancers and watchful people. Needs no token."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from smsgw import __version__, rendering
from smsgw.api import wire
from smsgw.config import Config
from smsgw.errors import StorageUnavailable, Text
from smsgw.gateway import Gateway
from smsgw.model import ABLE_TO_SEND, CanaryReport, CanaryState, Device, DeviceState, LiveModem, LiveModems, Wait
from smsgw.policy.canary import is_fault

_PATIENCE_S = 5.0

_NO_DEVICES = Text("Не зарегистрировано ни одного устройства.", "No device is registered.")
_ALL_OFF = Text("Все устройства выключены.", "Every device is switched off.")
_MAINTENANCE = Text(
    "Шлюз на обслуживании и не принимает новые сообщения.", "The gateway is in maintenance mode: no new messages."
)
_SILENT_STORAGE = Text("Хранилище не отвечает.", "The storage does not answer.")

STATES: Mapping[DeviceState, Text] = {
    DeviceState.OFFLINE: Text("не на связи", "is offline"),
    DeviceState.OPENING: Text("открывает порт", "is opening its port"),
    DeviceState.INITIALISING: Text("настраивается", "is being set up"),
    DeviceState.REGISTERING: Text("ищет сеть", "is looking for its network"),
    DeviceState.RECOVERING: Text("восстанавливается после сбоя", "is recovering from a fault"),
    DeviceState.LOCKED: Text("ждёт человека: SIM-карта заблокирована", "needs a person: its SIM is locked"),
    DeviceState.DISABLED: Text("выключено", "is switched off"),
}


# Pauses of minutes and quiet hours are as somebody wanted them.
_WORTH_TELLING = {Wait.REST, Wait.BALANCE, Wait.PER_DAY, Wait.PER_MONTH}


class HealthCall:
    """Answers how the gateway is; storage that takes longer than `patience_s` seconds counts as silent.

    `clock` gives Unix milliseconds.
    """

    def __init__(
        self,
        gateway: Gateway,
        config: Config,
        live: LiveModems,
        clock: Callable[[], int],
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._gateway = gateway
        self._config = config
        self._live = live
        self._clock = clock
        self._patience_s = patience_s

    async def get(self, request: web.Request) -> web.Response:
        """GET /health."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._gateway.probe()
                devices = await self._gateway.devices.listed()
                shortage = await self._gateway.submission.shortage()
                canaries = await self._gateway.canaries.reports()
        except StorageUnavailable as error:
            return self._report([error.text(self._config.server.language)], 503)
        except TimeoutError:
            return self._report([self._said(_SILENT_STORAGE)], 503)
        return self._report_on(devices, shortage, canaries)

    def _report_on(self, devices: list[Device], shortage: Text | None, canaries: list[CanaryReport]) -> web.Response:
        active = {device.name: self._live.live(device.id) for device in devices if device.is_active}
        ailments = [self._ailment(name, live) for name, live in active.items()]
        reasons = [ailment for ailment in ailments if ailment is not None]
        able = len(active) > len(reasons)
        reasons += [
            self._said(_unable(name, slot, STATES[state]))
            for name, live in active.items()
            for slot, state in live.unable.items()
        ]
        if not active:
            reasons.append(self._said(_ALL_OFF if devices else _NO_DEVICES))
        if self._config.server.maintenance:
            reasons.append(self._said(_MAINTENANCE))
        if shortage:
            reasons.append(self._said(_closed_by(shortage)))
        reasons += [self._said(_missed(canary)) for canary in canaries if is_fault(canary.state, canary.why)]
        return self._report(reasons, 200 if able else 503, canaries)

    def _report(self, reasons: list[str], status: int, canaries: Sequence[CanaryReport] = ()) -> web.Response:
        content = {
            "status": "degraded" if reasons else "ok",
            "reasons": reasons,
            "version": __version__,
            "canaries": [wire.canary(canary) for canary in canaries],
        }
        return wire.respond(content, status)

    def _ailment(self, name: str, live: LiveModem) -> str | None:
        """Who asks has shown no token: what exactly is wrong is told by GET /devices."""
        standstill = live.standstill_at(self._clock())
        if live.state not in ABLE_TO_SEND:
            state = STATES[live.state]
            return self._said(Text(f"Устройство {name} {state.ru}.", f"Device {name} {state.en}."))
        if standstill and standstill.why in _WORTH_TELLING:
            until = rendering.timestamp(standstill.until)
            return self._said(
                Text(f"SIM-карта устройства {name} ждёт до {until}.", f"The SIM of device {name} waits until {until}.")
            )
        return None

    def _said(self, text: Text) -> str:
        return text.in_language(self._config.server.language)


def _unable(name: str, slot: int, state: Text) -> Text:
    return Text(f"SIM-карта {slot} устройства {name}: {state.ru}.", f"SIM {slot} of device {name} {state.en}.")


def _closed_by(shortage: Text) -> Text:
    return Text(f"Новые сообщения не принимаются: {shortage.ru}.", f"No new messages are taken: {shortage.en}.")


def _missed(canary: CanaryReport) -> Text:
    """Say what is wrong with a canary: it has been lost, was late or could not be sent."""
    name = canary.name
    if canary.state is CanaryState.LOST:
        return Text(f"Канарейка {name} не дошла.", f"Canary {name} has not arrived.")
    if canary.state is CanaryState.LATE:
        return Text(f"Канарейка {name} дошла с опозданием.", f"Canary {name} arrived late.")
    return Text(f"Канарейку {name} не удалось отправить.", f"Canary {name} could not be sent.")
