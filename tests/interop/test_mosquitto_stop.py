"""The bridge stops at once, at whatever moment of its life with a real broker."""

import asyncio
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from broker import Ear, ear, mosquitto

from smsgw.config import Config, MqttConfig
from smsgw.gateway import Gateway
from smsgw.model import LiveModem
from smsgw.mqtt.bridge import MqttBridge
from support import Clock

pytestmark = pytest.mark.interop

TIMES = 150


class NoModems:
    def live(self, device_id: str) -> LiveModem:
        return LiveModem()


async def test_it_stops_within_a_second_at_whatever_moment(
    gateway: Gateway, config: Config, clock: Clock, tmp_path: Path
) -> None:
    async with mosquitto(tmp_path / "broker") as broker, ear(broker) as heard:
        bridged = replace(config, mqtt=MqttConfig(host="127.0.0.1", port=broker.port))
        for number in range(TIMES):
            bridge = MqttBridge(gateway, bridged, NoModems(), clock)
            running = asyncio.create_task(bridge.run())
            seen = len(heard.told)
            # Its moments are those at which something is published.
            await heard.hears(partial(_has_told, count=seen + number % 13), "some words")
            begun = time.monotonic()
            bridge.stop()
            await asyncio.wait_for(running, 5.0)
            assert time.monotonic() - begun < 1.0


def _has_told(heard: Ear, count: int) -> bool:
    return len(heard.told) >= count
