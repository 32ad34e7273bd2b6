"""GET /health: well, well enough, or not."""

import asyncio
import threading
from dataclasses import replace

import pytest
from aiohttp import web
from api_client import NUMBER, READY, Api, ModemsByHand, opened, with_server

from deliveries import plain
from smsgw import __version__
from smsgw.api.app import LANGUAGE
from smsgw.api.health import HealthCall
from smsgw.api.server import serve
from smsgw.config import CanaryConfig, Config
from smsgw.errors import Language
from smsgw.model import DeviceState, LiveModem, Standstill, Wait
from support import LONG_S, Clock


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
async def test_all_is_well_when_every_device_can_send(api: Api, path: str) -> None:
    answer = await api.call("GET", path, token="")
    assert answer.status == 200
    assert list(answer.json.items()) == [("status", "ok"), ("reasons", []), ("version", __version__), ("canaries", [])]


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


# ── canaries ──


def with_canary(config: Config, **server: object) -> Config:
    canary = CanaryConfig(name="ns", from_modem="north", to_modem="south", to_number=NUMBER)
    return with_server(replace(config, canaries=(canary,)), **server)


async def look(api: Api) -> None:
    await api.gateway.housekeeping.sweep(LONG_S)
    await api.gateway.canaries.look(LONG_S)


async def receive_canary(api: Api, clock: Clock) -> None:
    (canary,) = (await api.listed())["sms_list"]
    south = await api.device("south")
    await api.gateway.devices.sim_seen(south, "8944000000000000002", None, 1)
    await api.gateway.inbox.received(south, "8944000000000000002", plain(canary["message"], at=clock.now))


async def test_how_it_stands_with_each_canary_is_told(config: Config, clock: Clock) -> None:
    async with opened(with_canary(config), clock) as api:
        unknown = {"reason": None, "last_sent": None, "last_arrived": None, "seconds": None, "delivered_seconds": None}
        assert (await api.call("GET", "/health")).json["canaries"] == [{"name": "ns", "state": "waiting"} | unknown]
        await look(api)
        await api.put_on_wire()
        clock.advance(4.5)
        await receive_canary(api, clock)
        answer = await api.call("GET", "/health", token="")
        told = {"last_sent": "2026-03-01T12:00:00.000Z", "last_arrived": "2026-03-01T12:00:04.500Z", "seconds": 4.5}
        assert answer.json["canaries"] == [{"name": "ns", "state": "ok"} | unknown | told]
        assert (answer.status, answer.json["status"]) == (200, "ok")


@pytest.mark.parametrize(
    ("language", "lost", "late", "unsent"),
    [
        (
            Language.RU,
            "Канарейка ns не дошла.",
            "Канарейка ns дошла с опозданием.",
            "Канарейку ns не удалось отправить.",
        ),
        (Language.EN, "Canary ns has not arrived.", "Canary ns arrived late.", "Canary ns could not be sent."),
    ],
)
async def test_what_is_wrong_with_a_canary_is_told_and_the_gateway_goes_on(
    config: Config, clock: Clock, language: Language, lost: str, late: str, unsent: str
) -> None:
    async with opened(with_canary(config, language=language), clock) as api:

        async def reasons() -> list[str]:
            await look(api)
            answer = await api.call("GET", "/health")
            assert (answer.status, answer.json["status"]) == (200, "degraded")
            told: list[str] = answer.json["reasons"]
            return told

        await look(api)
        await api.put_on_wire()
        clock.advance(600)
        assert await reasons() == [lost]
        await receive_canary(api, clock)
        assert await reasons() == [late]
        clock.advance(86_400)
        await look(api)
        clock.advance(600)
        assert await reasons() == [unsent]
        assert (await api.call("GET", "/health")).json["canaries"][0]["reason"] == "expired"


async def test_a_canary_that_is_not_sent_because_somebody_wants_it_so_is_no_reason(
    config: Config, clock: Clock
) -> None:
    async with opened(with_canary(config), clock) as api:
        await api.gateway.devices.switch(await api.device("south"), False)
        await look(api)
        answer = await api.call("GET", "/health")
        assert (answer.json["status"], answer.json["reasons"]) == ("ok", [])
        (canary,) = answer.json["canaries"]
        assert (canary["state"], canary["reason"]) == ("not_sent", "switched_off")


async def test_a_sim_that_cannot_send_while_others_of_its_device_can_is_named(api: Api, modems: ModemsByHand) -> None:
    modems.states[await api.device("south")] = replace(READY, unable={2: DeviceState.LOCKED})
    answer = await api.call("GET", "/health")
    told = "SIM-карта 2 устройства south: ждёт человека: SIM-карта заблокирована."
    assert (answer.status, answer.json["status"], answer.json["reasons"]) == (200, "degraded", [told])
    modems.states[await api.device("north")] = LiveModem()
    assert (await api.call("GET", "/health")).status == 200
