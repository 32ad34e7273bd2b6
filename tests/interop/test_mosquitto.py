"""The bridge against Debian's Mosquitto: events, commands and Home Assistant's discovery, whatever the broker does."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from broker import Ear, Mosquitto, ear, mosquitto
from peers import run
from structlog.testing import capture_logs

from simmodem import VirtualModems
from smsgw.config import Config, MqttConfig
from smsgw.model import Right
from world import World, configure, running, sent, until

pytestmark = pytest.mark.interop

NUMBER = "79991234567"
SELF_SIGNED = (
    *("openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2"),
    *("-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"),
)
# As mosquitto_passwd writes it (PBKDF2 with SHA-512).
USERS = (
    "gateway:$7$101$dHdlbHZlIGJ5dGVz$"
    "HCSwmaXKVVObqy5EjYRd8EQspoxYCrOn69zJc3cULmExsH2gSP+oj6oX6j/FAkzGUB+NMkAZBjlZpdIBic9gxw==\n"
)


@asynccontextmanager
async def modems(folder: Path) -> AsyncIterator[VirtualModems]:
    async with VirtualModems(folder / "modems", 1, network_time=(0.0, 0.0), report_delay=(0.0, 0.0)) as virtual:
        yield virtual


def bridged(folder: Path, virtual: VirtualModems, broker: Mosquitto, **mqtt: Any) -> Config:
    settings = {"host": "127.0.0.1", "port": broker.port, "token": "house"} | mqtt
    return replace(configure(folder, virtual.paths), mqtt=MqttConfig(**settings))


@asynccontextmanager
async def house(folder: Path, **mqtt: Any) -> AsyncIterator[tuple[World, Mosquitto, Ear]]:
    """A gateway that is connected to a broker, with somebody who listens there."""
    async with (
        mosquitto(folder / "broker") as broker,
        modems(folder) as virtual,
        ear(broker) as heard,
        running(bridged(folder, virtual, broker, **mqtt), virtual) as w,
    ):
        await w.gateway.tokens.create("house", [Right.SMS_SEND])
        await w.all_ready()
        await is_online(heard)
        yield w, broker, heard


async def is_online(heard: Ear, times: int = 1) -> None:
    """Wait until the gateway has told its devices, by which time it listens."""

    def told(heard: Ear) -> bool:
        online = [one for one in heard.at("smsgw/status") if one.payload == b"online" and not one.is_retained]
        return len(online) >= times and bool(heard.at("smsgw/devices"))

    await heard.hears(told, "the gateway online")


def statuses(heard: Ear, id: str) -> list[int]:
    """The statuses of a message that were told, repeats left out."""
    found: list[int] = []
    for event in heard.contents("smsgw/events/sms/status"):
        if event["data"]["id"] == id and event["data"]["status"] not in found:
            found.append(event["data"]["status"])
    return found


async def answer(heard: Ear, request_id: str | None) -> dict[str, Any]:
    def found(heard: Ear) -> dict[str, Any] | None:
        answers = [one for one in heard.contents("smsgw/send/result") if one["request_id"] == request_id]
        return answers[0] if answers else None

    told: dict[str, Any] = await heard.hears(found, f"an answer to {request_id}")
    return told


async def test_a_command_is_sent_and_its_statuses_come_back_as_events(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, _, heard):
        await heard.publish("smsgw/send", {"message": "Привет", "phone_number": f"+{NUMBER}", "request_id": "r 1"})
        told = await answer(heard, "r 1")
        await heard.hears(lambda heard: 4 in statuses(heard, told["id"]), "delivered")
        assert statuses(heard, told["id"]) == [1, 2, 4]
        first = heard.contents("smsgw/events/sms/status")[0]
        assert set(first) == {"type", "timestamp", "data"}
        assert first["data"]["message"] == "Привет"
        assert not any(one.is_retained for one in heard.at("smsgw/events"))
        assert sent(w) == {"Привет": 1}


async def test_what_comes_in_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, _, heard):
        w.virtual.incoming(0, "+12025550123", "hello")
        (event,) = await heard.hears(lambda heard: heard.contents("smsgw/events/sms/received"), "the incoming message")
        assert (event["type"], event["data"]["message"]) == ("sms.received", "hello")


async def test_one_request_id_sends_once_however_often_it_comes(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, _, heard):
        for _ in range(3):
            await heard.publish("smsgw/send", {"message": "once", "phone_number": NUMBER, "request_id": "same"})
        await heard.publish("smsgw/send", {"message": "other", "phone_number": NUMBER, "request_id": "same"})
        results = await heard.hears(
            lambda heard: len(found := heard.contents("smsgw/send/result")) == 4 and found, "four answers"
        )
        assert len({one["id"] for one in results[:3]}) == 1
        assert results[3]["errors"]["code"] == 4005
        await w.reaches(results[0]["id"], 4)
        assert sent(w) == {"once": 1}


async def test_commands_without_request_id_are_all_sent_even_if_they_are_alike(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, _, heard):
        for qos in (0, 1, 1, 2):
            await heard.publish("smsgw/send", {"message": "alarm", "phone_number": NUMBER}, qos=qos)
        await heard.hears(lambda heard: len(heard.at("smsgw/send/result")) == 4, "four answers")
        await until(lambda: _has_sent(w, {"alarm": 4}), "all sent")


async def _has_sent(w: World, wanted: dict[str, int]) -> bool:
    return sent(w) == wanted


async def test_a_retained_command_is_not_sent_at_every_start(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker, modems(tmp_path) as virtual, ear(broker) as heard:
        await heard.publish("smsgw/send", {"message": "stale", "phone_number": NUMBER}, retain=True)
        async with running(bridged(tmp_path, virtual, broker), virtual) as w:
            await w.gateway.tokens.create("house", [Right.SMS_SEND])
            await is_online(heard)
            await heard.publish("smsgw/send", {"message": "fresh", "phone_number": NUMBER, "request_id": "f"})
            await w.reaches((await answer(heard, "f"))["id"], 4)
            assert len(heard.at("smsgw/send/result")) == 1
            assert sent(w) == {"fresh": 1}


async def test_what_home_assistant_notifies_goes_to_the_configured_number(tmp_path: Path) -> None:
    async with house(tmp_path, notify_number="+79990000001") as (w, _, heard):
        entity = heard.contents("homeassistant/notify/" + _gateway(heard) + "/sms/config")[-1]
        await heard.publish(entity["command_topic"], "Door open", qos=entity["qos"], retain=entity["retain"])
        message = await w.reaches((await answer(heard, None))["id"], 4)
        assert (message["message"], message["phone_number"]) == ("Door open", "79990000001")


def _gateway(heard: Ear) -> str:
    (topic,) = {one.topic for one in heard.at("homeassistant/binary_sensor")}
    return topic.split("/")[2]


async def test_home_assistant_is_told_again_when_it_starts(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, _, heard):
        (device,) = await w.device_ids()
        topics = [f"homeassistant/sensor/{device}/{key}/config" for key in ("state", "last_success")]
        await heard.hears(lambda heard: all(map(heard.at, topics)), "discovery")
        heard.told.clear()
        await heard.publish("homeassistant/status", "online")
        await heard.hears(lambda heard: all(map(heard.at, [*topics, "homeassistant/binary_sensor"])), "it once more")
        await heard.hears(lambda heard: heard.at(f"smsgw/devices/{device}/state"), "the state once more")


async def test_the_state_of_a_device_is_kept_by_the_broker_and_follows_what_happens(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, broker, heard):
        (device,) = await w.device_ids()
        topic = f"smsgw/devices/{device}/state"
        await heard.hears(lambda heard: heard.contents(topic)[-1]["state"] == "ready", "ready")
        before = heard.contents(topic)[-1]
        assert set(before) == {
            *("state", "signal_dbm", "operator", "registration", "error", "waits_until", "last_success")
        }
        assert before["last_success"] is None
        await w.reaches(await w.send("x"), 4)
        await heard.hears(lambda heard: heard.contents(topic)[-1]["last_success"], "a success")
        async with ear(broker) as later:
            kept = await later.hears(lambda later: later.at(topic), "the kept state")
            assert kept[0].is_retained


async def test_a_deleted_device_disappears_from_home_assistant(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, broker, heard):
        (device,) = await w.device_ids()
        await heard.hears(lambda heard: heard.at(f"homeassistant/sensor/{device}/last_success"), "discovery")
        assert (await w.client.post(f"{w.url}/devices/del", json={"device_id": device})).status < 300
        await heard.hears(
            lambda heard: [one for one in heard.at(f"smsgw/devices/{device}") if one.payload == b""], "it removed"
        )
        async with ear(broker) as later:
            await later.hears(lambda later: later.at("smsgw/status"), "what is kept")
            assert not later.at(f"homeassistant/sensor/{device}")
            assert not later.at(f"smsgw/devices/{device}")


async def test_what_was_kept_of_a_device_that_went_while_nobody_was_connected_is_removed(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker, modems(tmp_path) as virtual, ear(broker) as heard:
        gone = "0123456789abcdef01234567"
        await heard.publish(f"smsgw/devices/{gone}/state", {"state": "ready"}, retain=True)
        await heard.publish(f"homeassistant/sensor/{gone}/state/config", {}, retain=True)
        async with running(bridged(tmp_path, virtual, broker), virtual):
            await heard.hears(
                lambda heard: [one for one in heard.at(f"smsgw/devices/{gone}") if not one.payload], "gone"
            )
        async with ear(broker) as later:
            await later.hears(lambda later: later.at("smsgw/status"), "what is kept")
            assert not later.at(f"homeassistant/sensor/{gone}")


async def test_commands_that_came_while_the_gateway_was_down_are_sent_once_when_it_is_back(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker, modems(tmp_path) as virtual, ear(broker) as heard:
        config = bridged(tmp_path, virtual, broker)
        async with running(config, virtual) as w:
            await w.gateway.tokens.create("house", [Right.SMS_SEND])
            await is_online(heard)
        assert heard.at("smsgw/status")[-1].payload == b"offline"
        for number in range(30):
            await heard.publish("smsgw/send", {"message": f"late {number}", "phone_number": NUMBER})
        old = {"message": "old", "phone_number": NUMBER, "send_at": 1_700_000_000, "ttl": 60, "request_id": "old"}
        await heard.publish("smsgw/send", old)
        await broker.stop()
        await broker.start()
        async with ear(broker) as again, running(config, virtual) as w:
            assert (await answer(again, "old"))["errors"]["code"] == 2011
            await until(lambda: _has_sent(w, {f"late {number}": 1 for number in range(30)}), "all sent once")


async def test_nothing_is_missed_while_the_broker_is_killed_and_started_again(tmp_path: Path) -> None:
    async with house(tmp_path) as (w, broker, heard):
        await _delivered(heard, await w.send("before"))
        for round in range(2):
            await broker.stop(kill=True)
            ids = [await w.send(f"meanwhile {round} {number}") for number in range(3)]
            for id in ids:
                await w.reaches(id, 4)
            await broker.start()
            async with ear(broker) as again:
                for id in ids:
                    await _delivered(again, id)
                    assert statuses(again, id) == [1, 2, 4]


async def _delivered(heard: Ear, id: str) -> None:
    await heard.hears(lambda heard: 4 in statuses(heard, id), f"{id} delivered")


async def test_a_first_start_tells_nothing_of_the_past_and_a_later_one_all_that_happened_since(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker") as broker, modems(tmp_path) as virtual, ear(broker) as heard:
        config = bridged(tmp_path, virtual, broker)
        without = replace(config, mqtt=MqttConfig())
        async with running(without, virtual) as w:
            history = await w.send("history")
            await w.reaches(history, 4)
        async with running(config, virtual) as w:
            await is_online(heard)
        async with running(without, virtual) as w:
            missed = [await w.send(f"missed {number}") for number in range(50)]
            for id in missed:
                await w.reaches(id, 4)
        async with running(config, virtual):
            for id in missed:
                await _delivered(heard, id)
        assert statuses(heard, history) == []
        told = [event["data"]["id"] for event in heard.contents("smsgw/events/sms/status")]
        # Stopped in good order, so nothing is told twice either.
        assert len(told) == 3 * 50


async def test_a_broker_that_refuses_us_is_told_of_once_and_keeps_nobody_from_anything(tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker", "allow_anonymous false") as broker, modems(tmp_path) as virtual:
        config = bridged(tmp_path, virtual, broker, username="gateway", password="s3cr3t")
        with capture_logs() as logs:
            async with running(config, virtual) as w:
                await until(lambda: _tells(logs, "refuses username"), "it told")
                await w.all_ready()
                await w.reaches(await w.send("anyway"), 4)
                begun = monotonic()
            assert monotonic() - begun < 1.0
    (told,) = [one for one in logs if one["event"] == "broker is away"]
    assert told["log_level"] == "error"
    assert "s3cr3t" not in str(logs)


async def _tells(logs: list[Any], text: str) -> bool:
    return text in str(logs)


async def test_one_with_name_and_password_is_let_in(tmp_path: Path) -> None:
    (tmp_path / "users").write_text(USERS)
    access = f"allow_anonymous false\npassword_file {tmp_path}/users"
    async with (
        mosquitto(tmp_path / "broker", access) as broker,
        modems(tmp_path) as virtual,
        ear(broker, username="gateway", password="s3cr3t") as heard,
        running(bridged(tmp_path, virtual, broker, username="gateway", password="s3cr3t"), virtual),
    ):
        await is_online(heard)


async def test_a_broker_with_tls_is_believed_by_its_certificate_only(tmp_path: Path) -> None:
    certificate, key = tmp_path / "broker.pem", tmp_path / "broker.key"
    await run(*SELF_SIGNED, "-keyout", key, "-out", certificate)
    access = f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}"
    async with mosquitto(tmp_path / "broker", access) as broker, modems(tmp_path) as virtual:
        with capture_logs() as logs:
            async with running(bridged(tmp_path, virtual, broker, tls=True), virtual):
                await until(lambda: _tells(logs, "name your own authority in [mqtt] ca_file"), "it told")
        trust = ssl.create_default_context(cafile=certificate)
        config = bridged(tmp_path, virtual, broker, tls=True, ca_file=str(certificate))
        async with ear(broker, tls_context=trust) as heard, running(config, virtual):
            await is_online(heard)


async def test_garbage_is_answered_and_the_next_command_is_sent(tmp_path: Path) -> None:
    payloads = (b"", b"\x00\xff\xfe", b"[]", b"{", b'{"message": 5}', b"x" * 70_000, b"\xf0" * 300, b"[" * 60_000)
    async with house(tmp_path) as (w, _, heard):
        for payload in payloads:
            await heard.publish("smsgw/send", payload)
            await heard.publish("smsgw/notify", payload)
        wanted = 2 * len(payloads)
        errors = await heard.hears(
            lambda heard: len(found := heard.contents("smsgw/send/result")) == wanted and found, "as many answers"
        )
        assert {one["errors"]["code"] for one in errors} <= {1001, 2001, 2002, 4002}
        await heard.publish("smsgw/send", {"message": "next", "phone_number": NUMBER, "request_id": "n"})
        await w.reaches((await answer(heard, "n"))["id"], 4)
        assert sent(w) == {"next": 1}
