"""The calls about devices."""

from dataclasses import replace

import pytest
from api_client import NOBODY, Api, ModemsByHand, opened

from smsgw.config import Config, ModemConfig, SimConfig
from smsgw.model import Balance, DeviceState, LiveModem, Standstill, Wait
from support import Clock

KEYS = [
    "device_id",
    "device_battery_state",
    "device_name",
    "is_active",
    "is_charging",
    "last_online_date",
    "device_name_type",
    "low_battery_alert",
    "to_sim",
    "sim_list",
    "state",
    "signal_dbm",
    "operator",
    "registration",
    "imei",
    "error",
    "waits_until",
    "slot",
    "balances",
]


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("key", ["device_id", "id"])
async def test_a_device_shows_what_its_modem_is_doing(api: Api, modems: ModemsByHand, prefix: str, key: str) -> None:
    north = await api.device()
    await api.gateway.devices.seen(north, "490154203237518")
    modems.states[north] = LiveModem(
        state=DeviceState.SENDING, online=True, signal_dbm=-71, registration="home", operator="Оператор А", slot=2
    )
    answer = await api.call("POST", f"{prefix}/devices/get/info", {key: north})
    assert answer.status == 200
    assert list(answer.json.items()) == [
        ("device_id", north),
        ("device_battery_state", 100),
        ("device_name", "north"),
        ("is_active", True),
        ("is_charging", True),
        ("last_online_date", "2026-03-01T12:00:00.000Z"),
        ("device_name_type", "GSM modem"),
        ("low_battery_alert", False),
        ("to_sim", 1),
        ("sim_list", [{"slot_index": 1, "display_name": "SIM 1"}]),
        ("state", "sending"),
        ("signal_dbm", -71),
        ("operator", "Оператор А"),
        ("registration", "home"),
        ("imei", "490154203237518"),
        ("error", None),
        ("waits_until", None),
        ("slot", 2),
        ("balances", []),
    ]


async def test_a_modem_with_a_battery_and_a_trouble_shows_both(api: Api, modems: ModemsByHand) -> None:
    north = await api.device()
    modems.states[north] = LiveModem(
        state=DeviceState.LOCKED, battery_percent=12, is_charging=False, error="Введите PIN"
    )
    device = (await api.call("POST", "/devices/get/info", {"device_id": north})).json
    shown = (device["device_battery_state"], device["is_charging"], device["state"], device["error"])
    assert shown == (12, False, "locked", "Введите PIN")


async def test_a_device_whose_sim_waits_says_until_when_and_why(api: Api, modems: ModemsByHand, clock: Clock) -> None:
    north = await api.device()
    standstill = Standstill(until=clock.now + 60_000, why=Wait.PER_DAY, detail="its limit of 5 in 24 hours is used up")
    modems.states[north] = LiveModem(state=DeviceState.READY, standstill=standstill)

    async def shown() -> tuple[object, object]:
        device = (await api.call("POST", "/devices/get/info", {"device_id": north})).json
        return device["waits_until"], device["error"]

    assert await shown() == ("2026-03-01T12:01:00.000Z", "its limit of 5 in 24 hours is used up")
    clock.advance(60)
    assert await shown() == (None, None)


async def test_the_money_on_a_sim_is_shown_where_its_operator_is_asked(config: Config, clock: Clock) -> None:
    sim = SimConfig(slot=2, balance_code="*100#")
    modems = ModemsByHand()
    asked = replace(config, modems=(ModemConfig(name="north", port="/dev/north", sims=(sim,)),))
    async with opened(asked, clock, modems) as api:
        north = await api.device()

        async def shown() -> object:
            return (await api.call("POST", "/devices/get/info", {"device_id": north})).json["balances"]

        assert await shown() == [{"slot_index": 2, "balance": None, "told_at": None, "error": None}]
        balance = Balance(value=57.3, at=clock.now, tried_at=clock.now, error="the network did not answer")
        modems.states[north] = LiveModem(balances={2: balance})
        assert await shown() == [
            {
                "slot_index": 2,
                "balance": 57.3,
                "told_at": "2026-03-01T12:00:00.000Z",
                "error": "the network did not answer",
            }
        ]


async def test_when_a_device_was_last_online_is_kept(api: Api, modems: ModemsByHand, clock: Clock) -> None:
    north = await api.device()
    modems.states[north] = LiveModem()

    async def last_online() -> object:
        return (await api.call("POST", "/devices/get/info", {"device_id": north})).json["last_online_date"]

    assert await last_online() is None
    clock.now += 1_007
    await api.gateway.devices.seen(north, None)
    clock.advance(100)
    assert await last_online() == "2026-03-01T12:00:01.007Z"


async def test_devices_are_listed_with_the_names_of_their_sims(config: Config, clock: Clock) -> None:
    east = ModemConfig(name="east", port="/dev/east", sims=(SimConfig(slot=3, name="Оператор «А»"),))
    async with opened(replace(config, modems=(*config.modems, east)), clock) as api:
        answer = await api.call("GET", "/devices")
        assert list(answer.json) == ["devices"]
        devices = {device["device_name"]: device for device in answer.json["devices"]}
        assert set(devices) == {"north", "south", "east"}
        assert all(list(device) == KEYS for device in devices.values())
        assert devices["east"]["to_sim"] == 3
        assert devices["east"]["sim_list"] == [{"slot_index": 3, "display_name": "Оператор «А»"}]


async def test_a_device_is_switched_off_and_on(api: Api) -> None:
    north = await api.device()

    async def is_active() -> object:
        return (await api.call("POST", "/devices/get/info", {"device_id": north})).json["is_active"]

    for body, expected in (({"is_active": False}, False), ({"is_active": True}, True), ({}, False)):
        answer = await api.call("POST", "/devices/edit", {"device_id": north} | body)
        assert (answer.status, answer.raw) == (204, b"")
        assert await is_active() is expected


@pytest.mark.parametrize("value", [None, 0, 1, "", "true", 1.0, [], {}])
async def test_is_active_is_a_boolean_and_nothing_else(api: Api, value: object) -> None:
    north = await api.device()
    assert (await api.call("POST", "/devices/edit", {"device_id": north, "is_active": value})).code == 2009
    assert (await api.call("POST", "/devices/get/info", {"device_id": north})).json["is_active"] is True


async def test_a_deleted_device_is_gone(api: Api) -> None:
    north = await api.device()
    answer = await api.call("POST", "/devices/del", {"device_id": north})
    assert (answer.status, answer.raw) == (204, b"")
    assert [device["device_name"] for device in (await api.call("GET", "/devices")).json["devices"]] == ["south"]
    for path in ("/devices/get/info", "/devices/edit", "/devices/del"):
        assert (await api.call("POST", path, {"device_id": north})).code == 1012
    assert (await api.send(device_id=north)).code == 1016


async def test_device_id_wins_over_its_older_name_and_may_be_left_empty(api: Api) -> None:
    north, south = await api.device("north"), await api.device("south")
    for body, name in (
        ({"device_id": north, "id": south}, "north"),
        ({"device_id": "", "id": south}, "south"),
        ({"device_id": None, "id": south.upper()}, "south"),
    ):
        assert (await api.call("POST", "/devices/get/info", body)).json["device_name"] == name


@pytest.mark.parametrize(
    "body", [{}, {"device_id": ""}, {"id": None}, {"device_id": 5}, {"id": "x"}, {"id": NOBODY[1:]}]
)
@pytest.mark.parametrize("path", ["/devices/get/info", "/devices/edit", "/devices/del"])
async def test_a_device_id_is_24_hex_digits(api: Api, path: str, body: object) -> None:
    assert (await api.call("POST", path, body)).code == 2005
