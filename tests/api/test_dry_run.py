"""Asking what would become of a message."""

from typing import Any

import pytest
from api_client import NUMBER, SIM, Answer, Api, ModemsByHand, opened, with_server

from smsgw.config import Config
from smsgw.model import DeviceState, LiveModem, Right
from support import Clock


async def ask(api: Api, message: str = "x", **fields: Any) -> Any:
    answer = await api.send(message, dry_run=True, **fields)
    assert answer.status == 200, answer.raw
    return answer.json


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [("x" * 160, "gsm7", 1), ("x" * 161, "gsm7", 2), ("ы" * 70, "ucs2", 1), ("ы" * 71, "ucs2", 2)],
)
async def test_it_tells_coding_and_parts(api: Api, text: str, encoding: str, parts: int) -> None:
    preview = await ask(api, text)
    assert (preview["encoding"], preview["parts"]) == (encoding, parts)


async def test_it_stores_nothing_and_costs_nothing(api: Api) -> None:
    token = await api.token_for(Right.SMS_SEND, per_day=1)
    body = {"message": "x", "phone_number": NUMBER}
    for _ in range(3):
        answer = await api.call("POST", "/sms/send", body | {"dry_run": True}, token=token)
        assert (answer.status, "id" in answer.json) == (200, False)
    assert (await api.listed())["pagination"]["total_records"] == 0
    assert (await api.call("POST", "/sms/send", body, token=token)).status == 200
    assert (await api.call("POST", "/sms/send", body | {"dry_run": True}, token=token)).code == 1006


async def test_it_names_the_device_that_is_ready_with_its_sim(api: Api, modems: ModemsByHand) -> None:
    north, south = await api.device("north"), await api.device("south")
    await api.gateway.devices.sim_seen(south, SIM, None, 1)
    modems.states[north] = LiveModem(state=DeviceState.RECOVERING)
    preview = await ask(api)
    assert (preview["device_id"], preview["to_sim"], preview["sim"]) == (south, 1, SIM)
    assert preview["send_at"] == "2026-03-01T12:00:00.000Z"
    assert (await ask(api, send_at="2026-03-01T13:00:00Z"))["send_at"] == "2026-03-01T13:00:00.000Z"


async def test_without_a_ready_device_nobody_knows_when(api: Api, modems: ModemsByHand) -> None:
    north = await api.device("north")
    modems.states[north] = LiveModem(state=DeviceState.OFFLINE)
    preview = await ask(api, device_id=north)
    assert (preview["device_id"], preview["sim"], preview["send_at"]) == (north, None, None)


async def test_what_could_not_be_sent_is_refused_as_if_it_were_sent(config: Config, clock: Clock) -> None:
    async def code(api: Api, message: str = "x", **fields: Any) -> int:
        answer: Answer = await api.send(message, dry_run=True, **fields)
        return answer.code

    async with opened(config, clock) as api:
        assert [await code(api, to_sim=2), await code(api, "ы" * 700), await code(api, phone_number="1")] == [
            1017,
            2002,
            2001,
        ]
    async with opened(with_server(config, maintenance=True), clock) as api:
        assert await code(api) == 3000
