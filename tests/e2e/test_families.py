"""Every make of modem that the simulator knows: set up, sending with reports, and receiving, with nothing lost."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simmodem import FAMILIES, Profile, VirtualModems
from simmodem.deliver import build_deliver
from simmodem.network import SERVICE_CENTRE
from simmodem.storage import Status
from smsgw.config import SimConfig
from smsgw.modem.driver import Identity, Modem
from smsgw.modem.pace import Pace as ModemPace
from world import BRISK, World, configure, running, until

# How smsgw calls them.
NAMES = {
    "generic": "generic",
    "huawei": "huawei",
    "huawei-e1": "huawei-e1",
    "zte": "zte",
    "sim800": "simcom-800",
    "sim7600": "simcom-7600",
    "a7670": "simcom-a76xx",
    "m95": "quectel-m",
    "ec25": "quectel",
    "telit": "telit",
    "u-blox": "u-blox",
    "cinterion": "cinterion",
    "wavecom": "wavecom",
    "sierra": "sierra",
    "qualcomm": "qualcomm",
    "nasty": "generic",
}
# What they are told to announce messages and reports with.
INDICATIONS = {
    "generic": (2, 1, 0, 1, 0),
    "huawei": (2, 1, 0, 2, 0),
    "huawei-e1": (1, 1, 0, 2, 0),
    "zte": (1, 1, 0, 1, 0),
    "sim800": (2, 1, 0, 1, 0),
    "sim7600": (2, 1, 0, 1, 0),
    "a7670": (1, 1, 0, 1, 0),
    "m95": (2, 1, 0, 1, 0),
    "ec25": (2, 1, 0, 1, 0),
    "telit": (2, 1, 0, 1, 0),
    "u-blox": (1, 1, 0, 1, 0),
    "cinterion": (2, 1, 0, 1, 1),
    "wavecom": (2, 1, 0, 1, 0),
    "sierra": (2, 1, 0, 2, 0),
    "qualcomm": (1, 1, 0, 1, 0),
    "nasty": (1, 1, 0, 2, 0),
}
# The pauses that slow modems need, and the limits of commands, are a fifth of those in the field.
HASTE = 0.2
_FIELD = ModemPace()
PACE = replace(
    BRISK,
    modem=replace(
        BRISK.modem,
        limit_factor=HASTE,
        stranger_gap_s=HASTE * _FIELD.stranger_gap_s,
        settle_s=HASTE * _FIELD.settle_s,
    ),
    slots_s=0.05,
)
PIN = "1234"
LONG = "Съешь ещё этих мягких французских булок, да выпей чаю. " * 4


@pytest.fixture
def identities(monkeypatch: pytest.MonkeyPatch) -> list[Identity]:
    """Notes what is found out about each modem that is set up."""
    seen: list[Identity] = []
    initialise = Modem.initialise

    async def noting(modem: Modem, *arguments: Any) -> Identity:
        seen.append(await initialise(modem, *arguments))
        return seen[-1]

    monkeypatch.setattr(Modem, "initialise", noting)
    return seen


def incoming() -> list[str]:
    """Make the PDUs of twenty messages, one of them long."""
    texts = [*(f"Входящее {n}" for n in range(19)), LONG]
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return [
        pdu
        for n, text in enumerate(texts)
        for pdu in build_deliver(f"+7999100{n:04}", text, smsc=SERVICE_CENTRE, moment=moment, reference=n)
    ]


def kept(folder: Path) -> Counter[str]:
    """Read the incoming TPDUs that the gateway has stored."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return Counter(row[0].hex().upper() for row in connection.execute("SELECT pdu FROM inbound_parts"))


@asynccontextmanager
async def one_modem(folder: Path, profile: Profile, pin: str | None = PIN, slots: int = 1) -> AsyncIterator[World]:
    """Open a world with one modem of this make, whose SIMs want their PIN if they have one; it turns soon."""
    made = replace(profile, sim_pin=pin, command_gap_s=HASTE * profile.command_gap_s)
    async with VirtualModems(folder, profile=[made], network_time=(0.0, 0.0), report_delay=(0.0, 0.02)) as virtual:
        config = configure(folder, virtual.paths)
        (modem,) = config.modems
        sims = tuple(SimConfig(slot=slot, pin=PIN) for slot in range(1, slots + 1))
        config = replace(config, modems=(replace(modem, sims=sims, slot_stay_s=1, slot_wait_s=0),))
        async with running(config, virtual, PACE) as opened:
            await opened.all_ready()
            yield opened


async def restarted(w: World, identities: list[Identity]) -> None:
    """Let the modem restart while nobody talks to it, and wait until it sends with a report again."""
    before = len(identities)
    w.virtual.fault(0, "reboot", down_s=0.0)

    async def again() -> bool:
        return len(identities) > before

    await until(again, "the modem set up again")
    await w.reaches(await w.send("after the restart"), 4)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_modem_of_any_make_sends_and_receives(
    tmp_path: Path, family: str, identities: list[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsgw.policy.refusals.HOLD_S", 1)
    monkeypatch.setattr("smsgw.policy.refusals.RETRY_NOW_S", 0)
    async with one_modem(tmp_path, FAMILIES[family]) as w:
        (virtual,) = w.virtual.modems
        assert identities[-1].profile == NAMES[family]
        assert identities[-1].indications == INDICATIONS[family]
        assert identities[-1].iccid == virtual.iccid
        # In the make's own numbers: what it does not understand waits longer than this test.
        w.virtual.fault(0, "cms_error", code=virtual.profile.busy_errors[1])
        texts = [*(f"Сообщение {n}" for n in range(49)), LONG]
        ids = await asyncio.gather(*(w.send(text, f"7999200{n:04}") for n, text in enumerate(texts)))
        pdus = incoming()
        for pdu in pdus:
            w.virtual.incoming_pdu(0, pdu)
        for id in ids:
            await w.reaches(id, 4)
        assert Counter(message.text for message in w.virtual.network.messages) == Counter(texts)
        assert len(w.virtual.network.ledger) == len(texts) + 3

        async def taken_over() -> bool:
            memories = virtual.state.storage.memories.values()
            return not any(memory.listed(Status.ALL) for memory in memories) and not w.virtual.network.waiting(0)

        await until(taken_over, "the memories of the modem empty")
        assert kept(tmp_path) == Counter(pdus)
        assert len(identities) == 1
        await restarted(w, identities)
        assert virtual.state.sim.pin_tries == virtual.profile.pin_tries


@pytest.mark.parametrize("family", ["huawei", "telit", "wavecom"])
async def test_a_modem_that_restarts_without_a_word_that_anybody_knows_is_set_up_again(
    tmp_path: Path, family: str, identities: list[Identity]
) -> None:
    async with one_modem(tmp_path, FAMILIES[family], pin=None) as w:
        await restarted(w, identities)


@pytest.mark.parametrize("family", [name for name, profile in FAMILIES.items() if profile.slot_commands])
async def test_a_modem_of_a_make_with_several_slots_sends_from_each(tmp_path: Path, family: str) -> None:
    async with one_modem(tmp_path, FAMILIES[family], slots=2) as w:
        sims = w.virtual.modems[0].state.sims
        for slot in (2, 1):
            await w.reaches(await w.send(f"from slot {slot}", to_sim=slot), 4)
        sent = [(message.iccid, message.text) for message in w.virtual.network.messages]
        assert sent == [(sims[slot - 1].identity.iccid, f"from slot {slot}") for slot in (2, 1)]
        assert [sim.pin_tries for sim in sims] == [FAMILIES[family].pin_tries] * 2
