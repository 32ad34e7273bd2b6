"""gammu, written by others for real modems, talks to the virtual one."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simmodem import VirtualModems

pytestmark = pytest.mark.interop

RECIPIENT = "+12025550123"
DEADLINE_S = 60


class Gammu:
    """Runs gammu against the first modem of a simulation."""

    def __init__(self, vm: VirtualModems, directory: Path) -> None:
        self.vm = vm
        self._config = directory / "gammurc"
        self._config.write_text(f"[gammu]\ndevice = {vm.paths[0]}\nconnection = at115200\n", encoding="utf-8")

    async def run(self, *arguments: str) -> str:
        """Run one command to its success and give what it printed."""
        process = await asyncio.create_subprocess_exec(
            "gammu",
            *("-c", str(self._config), *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        printed = output.decode("utf-8", "replace")
        assert process.returncode == 0, printed
        return printed


@pytest.fixture
async def gammu(tmp_path: Path) -> AsyncIterator[Gammu]:
    async with VirtualModems(tmp_path / "modems") as vm:
        yield Gammu(vm, tmp_path)


async def test_gammu_identifies_the_modem(gammu: Gammu) -> None:
    modem = gammu.vm.modems[0]
    printed = await gammu.run("identify")
    for fact in (modem.profile.manufacturer, modem.profile.model, modem.imei, modem.state.identity.imsi):
        assert fact in printed


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Hello from gammu: {braces}, 100 % @ noon", []),
        ("Привет, мир! Ёлка — 5 €", ["-unicode"]),
        (" ".join(f"word {number}" for number in range(60)), ["-len", "600"]),
        ("Длинное сообщение из многих слов. " * 8, ["-unicode", "-len", "600"]),
    ],
    ids=["ascii", "cyrillic", "long ascii", "long cyrillic"],
)
async def test_what_gammu_sends_arrives_letter_for_letter(gammu: Gammu, text: str, options: list[str]) -> None:
    await gammu.run("sendsms", "TEXT", RECIPIENT, *options, "-text", text)
    assert [(message.recipient, message.text) for message in gammu.vm.network.messages] == [(RECIPIENT, text)]


async def test_gammu_reads_what_the_network_delivered(gammu: Gammu) -> None:
    gammu.vm.incoming(0, "+12025550199", "Good morning")
    gammu.vm.incoming(0, "Bank", "Код 4711")
    printed = await gammu.run("getallsms")
    for fact in ('"+12025550199"', "Good morning", '"Bank"', "Код 4711", "2 SMS parts in 2 SMS sequences"):
        assert fact in printed


async def test_gammu_joins_a_long_message_and_deletes_it(gammu: Gammu) -> None:
    text = "Очень длинное сообщение, которое не помещается в одну часть. " * 3
    gammu.vm.incoming(0, RECIPIENT, text)
    assert text.strip() in await gammu.run("geteachsms")
    await gammu.run("deleteallsms", "1")
    assert "0 SMS parts" in await gammu.run("getallsms")
