"""gammu, written by others for real modems, talks to the virtual one."""

import pkgutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from peers import RECIPIENT, run

import simmodem
from simmodem import FAMILIES, Profile, VirtualModems

pytestmark = pytest.mark.interop

MAKES = [
    Profile(manufacturer="huawei", model="E3372", revision="22.200.09.01.161", unknown_command="COMMAND NOT SUPPORT"),
    Profile(manufacturer="SIMCOM_Ltd", model="SIMCOM_SIM800L", revision="Revision:1418B05SIM800L24", extra_crs=1),
    Profile(manufacturer="Quectel", model="EC25", revision="EC25EFAR06A01M4G", index_base=0, cmee_default=2),
]

# gammu gives a Huawei or a ZTE up that refuses one of these; and any modem that speaks unasked within its answers, or
# wants a pause between commands.
DEMANDED: dict[str, tuple[str, ...]] = {"^CURC=0": (), "^PORTSEL=1": (), "+ZCDRUN=8": (), "+ZOPRT=5": ()}


def known_profiles() -> Iterator[Profile]:
    """Find every profile that the simulator brings along, by itself or by name in a table."""
    for module in pkgutil.iter_modules(simmodem.__path__, "simmodem."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(import_module(module.name)).values():
            for each in value.values() if isinstance(value, Mapping) else [value]:
                if isinstance(each, Profile):
                    yield each


def distinct_makes() -> dict[str, Profile]:
    """Give one profile for each maker and model."""
    known = [profile for profile in known_profiles() if profile is not FAMILIES["nasty"]]
    return {f"{profile.manufacturer} {profile.model}": profile for profile in [*MAKES, *known]}


class Gammu:
    """Runs gammu against the first modem of a simulation."""

    def __init__(self, vm: VirtualModems, directory: Path) -> None:
        self.vm = vm
        self._config = directory / "gammurc"
        self._config.write_text(f"[gammu]\ndevice = {vm.paths[0]}\nconnection = at115200\n", encoding="utf-8")

    async def run(self, *arguments: str) -> str:
        """Run one command to its success and give what it printed."""
        return await run("gammu", "-c", self._config, *arguments)


@pytest.fixture
async def gammu(tmp_path: Path) -> AsyncIterator[Gammu]:
    async with VirtualModems(tmp_path / "modems") as vm:
        yield Gammu(vm, tmp_path)


@pytest.mark.parametrize("profile", distinct_makes().values(), ids=distinct_makes().keys())
async def test_gammu_identifies_every_make_of_modem(tmp_path: Path, profile: Profile) -> None:
    profile = replace(profile, answers={**DEMANDED, **profile.answers}, chatter=(), command_gap_s=0.0)
    async with VirtualModems(tmp_path / "modems", profile=profile) as vm:
        printed = await Gammu(vm, tmp_path).run("identify")
        # It leaves away what some makes write around their names.
        vendor, revision = profile.manufacturer.split()[0], profile.revision.rpartition(":")[2].strip()
        for fact in (vendor, profile.model, revision, vm.modems[0].imei):
            assert fact.casefold() in printed.casefold()
        assert vm.modems[0].state.identity.imsi in printed


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
