"""The gateway killed in the middle of commands, again and again: each is taken once, and none is lost."""

import asyncio
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from broker import ear, mosquitto

from smsgw.config import Config, ModemConfig, StoreConfig
from smsgw.model import Right
from support import Clock, open_gateway
from world import until

pytestmark = pytest.mark.interop

CONFIG = """\
[server]
port = 0
rate_limit = 0
[store]
path = "{database}"
[mqtt]
host = "127.0.0.1"
port = {port}
token = "house"
[modems.absent]
port = "{folder}/absent"
"""
COMMANDS, KILLS = 400, 8


@asynccontextmanager
async def gateway(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "smsgw", "run", "--config", str(config)),
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def stored(database: Path) -> Counter[str]:
    with closing(sqlite3.connect(database)) as connection:
        return Counter(text for (text,) in connection.execute("SELECT text FROM messages"))


async def test_a_command_is_taken_once_however_often_the_gateway_is_killed_over_it(tmp_path: Path) -> None:
    database = tmp_path / "smsgw.db"
    modems = (ModemConfig(name="absent", port=f"{tmp_path}/absent"),)
    async with open_gateway(Config(store=StoreConfig(path=str(database)), modems=modems), Clock()) as opened:
        await opened.tokens.create("house", [Right.SMS_SEND])
    async with mosquitto(tmp_path / "broker") as broker, ear(broker) as heard:
        config = tmp_path / "smsgw.toml"
        config.write_text(CONFIG.format(database=database, port=broker.port, folder=tmp_path))
        async with gateway(config) as process:
            await heard.hears(lambda heard: heard.at("smsgw/devices"), "the gateway online")
            process.send_signal(signal.SIGTERM)
            await process.wait()
        for number in range(COMMANDS):
            await heard.publish("smsgw/send", {"message": f"text {number}", "phone_number": "79991234567"})
        for kill in range(KILLS):
            before = len(stored(database))
            wanted = before + random.randint(1, COMMANDS // KILLS)

            async def has_taken(wanted: int = wanted) -> bool:
                return len(stored(database)) >= wanted

            async with gateway(config) as process:
                await until(has_taken, f"{wanted} commands taken before kill {kill}")
                process.kill()
                await process.wait()
        async with gateway(config):
            await until(lambda: _all_taken(database), "all taken")
            await heard.publish("smsgw/send", {"message": "last", "phone_number": "79991234567", "request_id": "l"})
            await heard.hears(
                lambda heard: [one for one in heard.contents("smsgw/send/result") if one["request_id"]], "the last"
            )
    assert stored(database) == Counter({f"text {number}": 1 for number in range(COMMANDS)} | {"last": 1})


async def _all_taken(database: Path) -> bool:
    return len(stored(database)) >= COMMANDS
