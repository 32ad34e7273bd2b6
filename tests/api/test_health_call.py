"""GET /health: well, well enough, or not."""

import asyncio
import threading
from dataclasses import replace

import pytest
from aiohttp import web
from api_client import READY, Api, ModemsByHand, opened, with_server

from smsgw import __version__
from smsgw.api.app import LANGUAGE
from smsgw.api.health import HealthCall
from smsgw.api.server import serve
from smsgw.config import Config
from smsgw.errors import Language
from smsgw.model import DeviceState, LiveModem, Standstill, Wait
from support import Clock


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
async def test_all_is_well_when_every_device_can_send(api: Api, path: str) -> None:
    answer = await api.call("GET", path, token="")
    assert answer.status == 200
    assert list(answer.json.items()) == [("status", "ok"), ("reasons", []), ("version", __version__)]


@pytest.mark.parametrize("state", DeviceState)
async def test_one_device_that_can_send_is_enough(api: Api, modems: ModemsByHand, state: DeviceState) -> None:
    modems.states[await api.device("south")] = replace(READY, state=state)
    answer = await api.call("GET", "/health")
    assert answer.status == 200
    if state in (DeviceState.READY, DeviceState.SENDING):
        assert answer.json["status"] == "ok"
    else:
        assert answer.json["status"] == "degraded"
        assert len(answer.json["reasons"]) == 1
        assert "south" in answer.json["reasons"][0]


@pytest.mark.parametrize("why", Wait)
async def test_a_sim_that_waits_for_long_is_told_and_a_pause_as_wanted_is_not(
    api: Api, modems: ModemsByHand, clock: Clock, why: Wait
) -> None:
    standstill = Standstill(until=clock.now + 60_000, why=why, detail="not for everybody")
    modems.states[await api.device("south")] = replace(READY, standstill=standstill)
    answer = await api.call("GET", "/health", token="")
    expected = why in (Wait.REST, Wait.BALANCE, Wait.PER_DAY, Wait.PER_MONTH)
    told = "SIM-карта устройства south ждёт до 2026-03-01T12:01:00.000Z."
    assert (answer.status, answer.json["reasons"]) == (200, [told] if expected else [])
    modems.states[await api.device("north")] = modems.states[await api.device("south")]
    assert (await api.call("GET", "/health", token="")).status == (503 if expected else 200)
    clock.advance(60)
    assert (await api.call("GET", "/health", token="")).json["status"] == "ok"


async def test_no_device_that_can_send_is_trouble(api: Api, modems: ModemsByHand) -> None:
    for name in ("north", "south"):
        modems.states[await api.device(name)] = LiveModem(error="Подключите модем.")
    answer = await api.call("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "degraded")
    assert answer.json["reasons"] == [
        "Устройство north не на связи.",
        "Устройство south не на связи.",
    ]


async def test_devices_that_were_switched_off_are_not_missed_while_another_works(api: Api) -> None:
    await api.gateway.devices.switch(await api.device("south"), False)
    assert (await api.call("GET", "/health")).json["status"] == "ok"
    await api.gateway.devices.switch(await api.device("north"), False)
    answer = await api.call("GET", "/health")
    assert (answer.status, answer.json["reasons"]) == (503, ["Все устройства выключены."])


async def test_a_gateway_without_devices_is_trouble_in_the_configured_language(config: Config, clock: Clock) -> None:
    config = with_server(replace(config, modems=()), language=Language.EN)
    async with opened(config, clock) as api:
        answer = await api.call("GET", "/health")
        assert (answer.status, answer.json["reasons"]) == (503, ["No device is registered."])


async def test_a_storage_that_does_not_answer_is_trouble(
    api: Api, config: Config, modems: ModemsByHand, clock: Clock
) -> None:
    app = web.Application()
    app[LANGUAGE] = config.server.language
    app.router.add_get("/health", HealthCall(api.gateway, config, modems, clock, patience_s=0.05).get)
    disk = threading.Event()
    stuck = asyncio.ensure_future(api.database.write(lambda tx: disk.wait(10)))
    try:
        async with serve(app, "127.0.0.1", 0) as port:
            answer = await api.call("GET", f"http://127.0.0.1:{port}/health")
        assert (answer.status, answer.json["reasons"]) == (503, ["Хранилище не отвечает."])
    finally:
        disk.set()
        await stuck
    assert (await api.call("GET", "/health")).status == 200


async def test_maintenance_is_told(config: Config, clock: Clock) -> None:
    async with opened(with_server(config, maintenance=True), clock) as api:
        answer = await api.call("GET", "/health")
        assert (answer.status, answer.json["status"]) == (200, "degraded")


async def test_a_sim_that_cannot_send_while_others_of_its_device_can_is_named(api: Api, modems: ModemsByHand) -> None:
    modems.states[await api.device("south")] = replace(READY, unable={2: DeviceState.LOCKED})
    answer = await api.call("GET", "/health")
    told = "SIM-карта 2 устройства south: ждёт человека: SIM-карта заблокирована."
    assert (answer.status, answer.json["status"], answer.json["reasons"]) == (200, "degraded", [told])
    modems.states[await api.device("north")] = LiveModem()
    assert (await api.call("GET", "/health")).status == 200
