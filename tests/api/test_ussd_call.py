"""POST /devices/ussd: what it takes, and what it hands to the modem's worker."""

from dataclasses import replace

import pytest
from api_client import Api, ModemsByHand, opened, without

from smsgw.config import Config, ModemConfig, SimConfig
from smsgw.model import DeviceState, LiveModem, Right, UssdAnswer, UssdCall, UssdState
from support import Clock

SESSION = "0123456789ab"


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_what_the_network_says_is_shown(api: Api, modems: ModemsByHand, prefix: str) -> None:
    north = await api.device()
    modems.said = UssdAnswer(text="1 Да\n2 Нет", state=UssdState.NEEDS_REPLY, session=SESSION)
    answer = await api.call("POST", f"{prefix}/devices/ussd", {"device_id": north, "to_sim": 1, "code": "*111*+7#"})
    assert answer.status == 200
    assert list(answer.json.items()) == [
        ("text", "1 Да\n2 Нет"),
        ("state", "needs_reply"),
        ("session", SESSION),
        ("device_id", north),
        ("to_sim", 1),
    ]
    assert modems.calls == [(north, UssdCall(code="*111*+7#", session=None))]


@pytest.mark.parametrize(
    ("fields", "call"),
    [
        ({"code": "*100#", "to_sim": "", "session": "", "cancel": None}, UssdCall(code="*100#", session=None)),
        ({"code": "*100#", "session": None, "cancel": False}, UssdCall(code="*100#", session=None)),
        ({"code": 'Да, "1"', "session": SESSION}, UssdCall(code='Да, "1"', session=SESSION)),
        ({"session": SESSION, "cancel": True}, UssdCall(code=None, session=SESSION)),
        ({"code": "1", "session": SESSION, "cancel": True}, UssdCall(code=None, session=SESSION)),
    ],
)
async def test_what_is_asked_for_reaches_the_modem(
    api: Api, modems: ModemsByHand, fields: dict[str, object], call: UssdCall
) -> None:
    answer = await api.call("POST", "/devices/ussd", {"device_id": await api.device()} | fields)
    assert answer.status == 200, answer.raw
    assert [called for _, called in modems.calls] == [call]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 2018),
        ({"code": 100}, 2018),
        ({"code": "*100#\r"}, 2018),
        ({"code": "*１#"}, 2018),
        ({"code": "*" * 183}, 2018),
        ({"code": "ж" * 81, "session": SESSION}, 2018),
        ({"code": "€" * 92, "session": SESSION}, 2018),
        ({"session": SESSION}, 2018),
        ({"code": "1", "session": SESSION.upper()}, 2019),
        ({"code": "1", "session": 5}, 2019),
        ({"cancel": True}, 2019),
        ({"code": "1", "session": SESSION, "cancel": "yes"}, 2020),
        ({"code": "*100#", "to_sim": 2}, 2008),
        ({"code": "*100#", "to_sim": "1"}, 2008),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_dialled(
    api: Api, modems: ModemsByHand, fields: dict[str, object], code: int
) -> None:
    assert (await api.call("POST", "/devices/ussd", {"device_id": await api.device()} | fields)).code == code
    assert modems.calls == []


@pytest.mark.parametrize("state", [state for state in DeviceState if state.value not in ("ready", "sending")])
async def test_a_device_that_cannot_is_not_asked(api: Api, modems: ModemsByHand, state: DeviceState) -> None:
    north = await api.device()
    modems.states[north] = LiveModem(state=state)
    answer = await api.call("POST", "/devices/ussd", {"device_id": north, "code": "*100#"})
    assert (answer.status, answer.code) == (503, 4006)
    assert modems.calls == []
    modems.states[north] = replace(modems.states[north], state=DeviceState.SENDING)
    assert (await api.call("POST", "/devices/ussd", {"device_id": north, "code": "*100#"})).status == 200


async def test_only_the_sim_in_use_can_dial(config: Config, clock: Clock) -> None:
    modems = ModemsByHand()
    modem = ModemConfig(name="north", port="/dev/north", sims=(SimConfig(slot=1), SimConfig(slot=2)))
    async with opened(replace(config, modems=(modem,)), clock, modems) as api:
        north = await api.device()
        modems.states[north] = LiveModem(state=DeviceState.READY, slot=2)
        body = {"device_id": north, "code": "*100#"}
        assert (await api.call("POST", "/devices/ussd", body)).json["to_sim"] == 2
        assert (await api.call("POST", "/devices/ussd", body | {"to_sim": 2})).status == 200
        answer = await api.call("POST", "/devices/ussd", body | {"to_sim": 1})
        assert (answer.status, answer.code) == (503, 4006)
        assert (await api.call("POST", "/devices/ussd", body | {"to_sim": 3})).code == 2008


async def test_only_who_may_edit_devices_may_dial(api: Api, modems: ModemsByHand) -> None:
    body = {"device_id": await api.device(), "code": "*100#"}
    token = await api.token_for(*without({Right.DEVICES_EDIT}))
    assert (await api.call("POST", "/devices/ussd", body, token=token)).code == 1013
    assert modems.calls == []
    token = await api.token_for(Right.DEVICES_EDIT)
    assert (await api.call("POST", "/devices/ussd", body, token=token)).status == 200
