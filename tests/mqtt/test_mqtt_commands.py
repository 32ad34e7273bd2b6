"""What comes by MQTT is taken in like what comes by HTTP, on behalf of a token, and once."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from structlog.testing import capture_logs

from smsgw.config import Config, MqttConfig
from smsgw.gateway import Gateway
from smsgw.model import DeviceState, LiveModem, Right
from smsgw.mqtt.commands import Commands
from smsgw.mqtt.connection import Heard
from smsgw.mqtt.topics import Topics
from support import NOON, Clock, open_gateway

TOPICS = Topics(prefix="smsgw", discovery="")
NUMBER = "79991234567"


class ReadyModems:
    """Modems that are all ready."""

    def live(self, device_id: str) -> LiveModem:
        return LiveModem(state=DeviceState.READY, online=True)


def heard(content: object, *, topic: str = TOPICS.send, mid: int = 1, **facts: Any) -> Heard:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Heard(
        **({"topic": topic, "payload": payload, "qos": 1, "mid": mid, "is_retained": False, "is_again": False} | facts)
    )


def wish(text: str = "Привет", **fields: object) -> dict[str, object]:
    return {"message": text, "phone_number": NUMBER, **fields}


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, mqtt=MqttConfig(host="broker", token="house", notify_number="+79990000001"))


@pytest.fixture
async def gateway(config: Config, clock: Clock) -> AsyncIterator[Gateway]:
    async with open_gateway(config, clock) as opened:
        await opened.tokens.create("house", [Right.SMS_SEND])
        yield opened


@pytest.fixture
def commands(gateway: Gateway, config: Config, clock: Clock) -> Commands:
    return Commands(gateway, config, ReadyModems(), clock, TOPICS)


async def answered(commands: Commands, heard: Heard) -> dict[str, Any]:
    answer = await commands.obey(heard)
    assert answer is not None
    return answer


async def count(gateway: Gateway) -> int:
    return (await gateway.messages.page(10, 1, "")).total


async def test_a_command_is_answered_with_the_id_of_a_stored_message(commands: Commands, gateway: Gateway) -> None:
    answer = await answered(commands, heard(wish(request_id="r", priority=9, ttl=60)))
    assert set(answer) == {"request_id", "id"}
    assert answer["request_id"] == "r"
    stored = await gateway.messages.get(answer["id"])
    assert (stored.text, stored.phone_number) == ("Привет", NUMBER)


async def test_a_mistake_is_answered_as_over_http_and_names_the_command(commands: Commands) -> None:
    answer = await answered(commands, heard({"message": "x", "phone_number": "12", "request_id": "r"}))
    assert answer["request_id"] == "r"
    assert set(answer["errors"]) == {"code", "message", "hash"}
    assert answer["errors"]["code"] == 2001


async def test_a_request_id_is_sent_once_within_a_day(commands: Commands, gateway: Gateway, clock: Clock) -> None:
    first = await answered(commands, heard(wish(request_id="r"), mid=1))
    clock.advance(86_399)
    again = await answered(commands, heard(wish(request_id="r"), mid=2))
    assert again == first
    assert await count(gateway) == 1
    other = await answered(commands, heard(wish("other", request_id="r"), mid=3))
    assert other["errors"]["code"] == 4005


async def test_what_the_broker_delivers_again_is_sent_once(commands: Commands, gateway: Gateway) -> None:
    first = await answered(commands, heard(wish(), mid=7))
    again = await answered(commands, heard(wish(), mid=7, is_again=True))
    assert again == first
    assert await count(gateway) == 1


async def test_what_is_delivered_again_but_was_never_taken_is_sent(commands: Commands, gateway: Gateway) -> None:
    answer = await answered(commands, heard(wish(), mid=7, is_again=True))
    assert "id" in answer
    assert await count(gateway) == 1


async def test_alike_commands_that_are_no_repeats_are_all_sent(commands: Commands, gateway: Gateway) -> None:
    for facts in ({"mid": 1}, {"mid": 1}, {"mid": 2}, {"mid": 0, "qos": 0}, {"mid": 0, "qos": 0}):
        await answered(commands, heard(wish(), **facts))
    last = await answered(commands, heard(wish(), mid=1))
    assert await count(gateway) == 6
    # A repeat is one of the latest.
    assert await answered(commands, heard(wish(), mid=1, is_again=True)) == last


@pytest.mark.parametrize("request_id", [5, "", "é", "x" * 256, ["a"], {"a": 1}, True])
async def test_a_request_id_that_cannot_be_one_is_refused(
    commands: Commands, gateway: Gateway, request_id: object
) -> None:
    answer = await answered(commands, heard(wish(request_id=request_id)))
    assert answer["request_id"] is None
    assert answer["errors"]["code"] == 2015
    assert await count(gateway) == 0


async def test_a_dry_run_stores_nothing(commands: Commands, gateway: Gateway) -> None:
    answer = await answered(commands, heard(wish(dry_run=True, request_id="d")))
    assert (answer["request_id"], answer["parts"]) == ("d", 1)
    assert await count(gateway) == 0


async def test_a_notification_goes_to_the_configured_number(commands: Commands, gateway: Gateway) -> None:
    answer = await answered(commands, heard("Дверь {открыта}".encode(), topic=TOPICS.notify))
    stored = await gateway.messages.get(answer["id"])
    assert (stored.text, stored.phone_number) == ("Дверь {открыта}", "79990000001")


async def test_a_retained_command_is_ignored_with_a_warning(commands: Commands, gateway: Gateway) -> None:
    with capture_logs() as logs:
        assert await commands.obey(heard(wish(), is_retained=True)) is None
    assert [(one["log_level"], one["topic"]) for one in logs] == [("warning", TOPICS.send)]
    assert await count(gateway) == 0


async def test_what_waited_longer_than_it_was_worth_is_refused(commands: Commands, clock: Clock) -> None:
    sent_at = NOON // 1_000 - 60
    late = await answered(commands, heard(wish(send_at=sent_at, ttl=60)))
    assert late["errors"]["code"] == 2011
    assert "id" in await answered(commands, heard(wish(send_at=sent_at, ttl=61)))
    assert "id" in await answered(commands, heard(wish(send_at=sent_at)))


async def test_without_a_token_nothing_is_sent_and_the_log_says_why(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    for name in ("", "nobody"):
        unnamed = replace(config, mqtt=replace(config.mqtt, token=name))
        with capture_logs() as logs:
            answer = await answered(Commands(gateway, unnamed, ReadyModems(), clock, TOPICS), heard(wish()))
        assert answer["errors"]["code"] == 1003
        assert "smsgw token create" in answer["errors"]["message"]
        assert "[mqtt] token" in logs[0]["hint"]
    assert await count(gateway) == 0


async def test_the_token_is_asked_anew_for_every_command(commands: Commands, gateway: Gateway) -> None:
    await gateway.tokens.switch("house", False)
    assert (await answered(commands, heard(wish(), mid=1)))["errors"]["code"] == 1002
    await gateway.tokens.switch("house", True)
    assert "id" in await answered(commands, heard(wish(), mid=2))


@pytest.mark.parametrize(
    ("right", "limits", "code"),
    [
        (Right.SMS_READ, {}, 1005),
        (Right.SMS_SEND, {"networks": ["192.168.0.0/16"]}, 1003),
        (Right.SMS_SEND, {"per_day": 0}, 1006),
    ],
)
async def test_a_command_has_the_rights_and_quotas_of_its_token(
    gateway: Gateway, commands: Commands, right: Right, limits: dict[str, Any], code: int
) -> None:
    await gateway.tokens.revoke("house")
    await gateway.tokens.create("house", [right], **limits)
    assert (await answered(commands, heard(wish())))["errors"]["code"] == code


async def test_more_than_the_rate_allows_waits_instead_of_being_refused(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    slow = replace(config, server=replace(config.server, rate_limit=20))
    commands = Commands(gateway, slow, ReadyModems(), clock, TOPICS)
    for mid in range(30):
        assert "id" in await answered(commands, heard(wish(), mid=mid))
    assert await count(gateway) == 30


async def test_texts_and_numbers_of_what_is_refused_are_not_logged(commands: Commands) -> None:
    with capture_logs() as logs:
        await answered(commands, heard({"message": "geheim", "phone_number": "4711 geheim"}))
    assert logs
    assert "geheim" not in str(logs)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    payload=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=50).map(str.encode),
        st.dictionaries(
            st.sampled_from(["message", "phone_number", "request_id", "ttl", "send_at", "dry_run", "to_sim", "x"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
                max_leaves=4,
            ),
        ).map(lambda content: json.dumps(content).encode()),
    ),
    topic=st.sampled_from([TOPICS.send, TOPICS.notify]),
)
async def test_whatever_comes_is_answered(commands: Commands, payload: bytes, topic: str) -> None:
    answer = await answered(commands, heard(payload, topic=topic))
    assert ("errors" in answer) or ("id" in answer) or ("parts" in answer)
    assert answer.get("errors", {}).get("code") != 1000
