"""A broker that is away, silent or no broker keeps the gateway from nothing, least of all from stopping."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from smsgw.config import Config, MqttConfig
from smsgw.gateway import Gateway
from smsgw.model import LiveModem
from smsgw.mqtt.bridge import MqttBridge, identifier
from smsgw.mqtt.pace import Pace
from support import Clock
from world import until

HURRIED = Pace(first_backoff_s=0.02, last_backoff_s=0.05, answer_s=0.3, connect_s=0.5)
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class NoModems:
    def live(self, device_id: str) -> LiveModem:
        return LiveModem()


@asynccontextmanager
async def bridge(
    gateway: Gateway, config: Config, clock: Clock, pace: Pace = HURRIED, **mqtt: Any
) -> AsyncIterator[None]:
    """Run the bridge; at the end it must stop within a second."""
    there = MqttBridge(gateway, replace(config, mqtt=MqttConfig(**mqtt)), NoModems(), clock, pace)
    task = asyncio.create_task(there.run())
    try:
        yield
    finally:
        begun = time.monotonic()
        there.stop()
        await task
        assert time.monotonic() - begun < 1.0


@asynccontextmanager
async def peer(behave: Behaviour, **options: Any) -> AsyncIterator[tuple[int, list[None]]]:
    """Listen on a port, behave so to everybody, and put down each that comes."""
    came: list[None] = []

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(None)
        try:
            await behave(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(attend, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()
        await server.wait_closed()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1_000):
        pass


async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await silent(reader, writer)


async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return None


@pytest.mark.parametrize("behave", [silent, rude, gone], ids=["silent", "rude", "gone"])
async def test_what_is_no_broker_is_tried_again_and_told_of_once(
    gateway: Gateway, config: Config, clock: Clock, behave: Behaviour
) -> None:
    with capture_logs() as logs:
        async with peer(behave) as (port, came), bridge(gateway, config, clock, host="127.0.0.1", port=port):
            await until(lambda: _are(came, 8), "it tried again")
    away = [one for one in logs if one["event"] == "broker is away"]
    assert [one["log_level"] for one in away] == ["warning"]


async def _are(came: list[None], count: int) -> bool:
    return len(came) >= count


async def test_one_that_does_not_shake_hands_keeps_nobody_from_stopping(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    patient = replace(HURRIED, connect_s=60.0)
    async with (
        peer(silent) as (port, came),
        bridge(gateway, config, clock, patient, host="127.0.0.1", port=port, tls=True),
    ):
        await until(lambda: _are(came, 1), "a connection")


async def test_a_silent_one_keeps_nobody_from_stopping(gateway: Gateway, config: Config, clock: Clock) -> None:
    patient = replace(HURRIED, connect_s=60.0, answer_s=60.0)
    async with peer(silent) as (port, came), bridge(gateway, config, clock, patient, host="127.0.0.1", port=port):
        await until(lambda: _are(came, 2), "two connections")


async def test_a_port_where_nobody_listens_leaves_no_task_behind(
    gateway: Gateway, config: Config, clock: Clock
) -> None:
    async with peer(gone) as (port, _):
        pass
    before = asyncio.all_tasks()
    with capture_logs() as logs:
        async with bridge(gateway, config, clock, host="127.0.0.1", port=port):
            await until(lambda: _is_told(logs), "it told")
    assert asyncio.all_tasks() == before


async def _is_told(logs: list[Any]) -> bool:
    return any(one["event"] == "broker is away" for one in logs)


async def test_a_missing_file_of_certificates_is_told(gateway: Gateway, config: Config, clock: Clock) -> None:
    with capture_logs() as logs:
        async with bridge(gateway, config, clock, host="127.0.0.1", tls=True, ca_file="/nowhere"):
            await until(lambda: _is_told(logs), "it told")
    assert "ca_file" in logs[0]["error"]


def test_the_name_is_the_same_at_every_start_and_another_for_another_database() -> None:
    assert identifier("/a") == identifier("/a") != identifier("/b")
    assert len(identifier("/a")) == 18


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.8, 1.2), (2, 1.6, 2.4), (7, 48, 72), (10_000, 48, 72)])
def test_pauses_grow_to_a_limit_with_some_chance(failures: int, least: float, most: float) -> None:
    pace = Pace()
    assert pace.backoff_s(failures, 0.0, refused=False) == pytest.approx(least)
    assert pace.backoff_s(failures, 1.0, refused=False) == pytest.approx(most)


def test_one_who_is_refused_tries_slowly_at_once() -> None:
    assert Pace().backoff_s(1, 0.5, refused=True) == 120.0
