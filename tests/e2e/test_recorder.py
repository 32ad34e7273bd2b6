"""The flight recorder: a fault is written down without secrets, and when that is played it is the same fault again."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simmodem import Page, Profile, Rule, VirtualModems, recording
from smsgw.config import Config, SimConfig
from smsgw.scheduler.pace import Pace
from world import BRISK, DEADLINE_S, IMPATIENT, World, configure, running, until, world

PIN, NUMBER, SENDER = "47110815", "79991234567", "+447700900555"
TEXT, INCOMING, OTHER_TEXT = "Совершенно секретно", "the code is wonderland", "Несовершенно гласно"
SECRETS = (PIN, "4711", NUMBER, "9799214365F7", "447700900555", "447700905055", "секрет", "04410435043A", "wonder")


def configured(folder: Path, port: Path) -> Config:
    config = configure(folder, [port], uncertain_after_s=1)
    (modem,) = config.modems
    return replace(config, modems=(replace(modem, sims=(SimConfig(pin=PIN),)),))


def recordings(folder: Path) -> list[Path]:
    return sorted((folder / "recordings").glob("*.txt"))


async def recorded(folder: Path) -> Path:
    async def there() -> Path | None:
        found = recordings(folder)
        # The head is in the file before the rest.
        return found[0] if found and found[0].read_text().endswith("\n") else None

    path: Path = await until(there, "a recording")
    return path


async def stored(folder: Path) -> int:
    """Count the incoming messages that the gateway has stored."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM inbound_parts").fetchone()[0])


def reason_in(path: Path) -> str:
    return path.read_text().splitlines()[2].removeprefix("# ")


async def error_on_board(w: World) -> str:
    async def told() -> Any:
        return (await w.devices())[0]["error"]

    return str(await until(told, "the fault on the board"))


@asynccontextmanager
async def replayed(path: Path, folder: Path) -> AsyncIterator[tuple[Path, list[str]]]:
    """Play a recording with `simmodem --replay`; gives the port and, at the end, what the program told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simmodem", "--dir", str(folder), "--replay", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    told: list[str] = []
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE_S):
            while await process.stdout.readline() != b"ready\n":
                assert process.returncode is None
        yield folder / "modem0", told
    finally:
        process.terminate()
        rest, _ = await process.communicate()
        told += rest.decode().splitlines()


FAULTS: dict[str, tuple[dict[str, Any], Pace, str]] = {
    "mute_after_ctrl_z": ({}, IMPATIENT, "no result of AT+CMGS"),
    "reboot_mid_send": ({}, IMPATIENT, "restarted in the middle"),
    "mute": ({}, IMPATIENT, "no prompt came"),
    "cms_error": ({"code": 300}, BRISK, "was refused with"),
    "unplug": ({}, BRISK, "is the modem plugged in?"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_recorded_without_secrets_and_is_the_same_when_it_is_played(
    tmp_path: Path, fault: str
) -> None:
    parameters, pace, wanted = FAULTS[fault]
    field, desk = tmp_path / "field", tmp_path / "desk"
    for folder in (field, desk):
        await asyncio.to_thread(folder.mkdir)
    profile = Profile(sim_pin=PIN, echo=True)
    async with (
        VirtualModems(
            tmp_path / "modems", 1, profile=profile, rules=(Rule(reports=()),), network_time=(0, 0)
        ) as virtual,
        running(configured(field, virtual.paths[0]), virtual, pace) as w,
    ):
        await w.all_ready()
        virtual.incoming(0, SENDER, INCOMING)
        await until(lambda: stored(field), "the incoming message")
        await w.reaches(await w.send(TEXT, NUMBER), 2)
        virtual.fault(0, fault, **parameters)
        if fault != "unplug":  # which strikes at once, and would cut now this and now that
            await w.send(TEXT, NUMBER)
        path = await recorded(field)
    assert wanted in reason_in(path)
    dialogue = b"".join(entry.data for entry in recording.read(path)).decode()
    assert "+CMT" in dialogue
    assert 'AT+CPIN="********"' in dialogue
    for secret in SECRETS:
        assert secret.lower() not in dialogue.lower(), f"{secret} is in the recording"

    async with replayed(path, desk / "port") as (port, told), running(configured(desk, port), virtual, pace) as w:
        await w.all_ready()
        await w.reaches(await w.send(OTHER_TEXT, NUMBER), 2)
        if fault != "unplug":
            await w.send(OTHER_TEXT, NUMBER)
        again = await recorded(desk)
    assert reason_in(again).replace(str(port), "") == reason_in(path).replace(str(virtual.paths[0]), "")
    assert [sentence for sentence in told if "the recording is over" in sentence]
    assert [sentence for sentence in told if "nowhere in the recording" in sentence] == []


async def test_a_replayed_fault_is_on_the_board_as_it_was(tmp_path: Path) -> None:
    field, desk = tmp_path / "field", tmp_path / "desk"
    for folder in (field, desk):
        await asyncio.to_thread(folder.mkdir)
    errors = []
    async with (
        VirtualModems(tmp_path / "modems", 1, profile=Profile(sim_pin=PIN), network_time=(0, 0)) as virtual,
        running(configured(field, virtual.paths[0]), virtual, IMPATIENT) as w,
    ):
        await w.all_ready()
        virtual.fault(0, "mute")
        await w.send(TEXT)
        errors.append(await error_on_board(w))
        path = await recorded(field)
    async with replayed(path, desk / "port") as (port, _), running(configured(desk, port), virtual, IMPATIENT) as w:
        await w.all_ready()
        await w.send(OTHER_TEXT)
        errors.append(await error_on_board(w))
    assert errors[0] == errors[1]


async def test_a_defect_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError

    async with (
        VirtualModems(tmp_path, 1, network_time=(0, 0), report_delay=(0, 0)) as virtual,
        running(configure(tmp_path, virtual.paths), virtual) as w,
    ):
        await w.all_ready()
        monkeypatch.setattr("smsgw.scheduler.hearing._report", broken)
        await w.send("once")
        path = await recorded(tmp_path)
    assert reason_in(path) == "internal error (ZeroDivisionError), see the log"


async def test_a_sim_that_needs_a_person_is_recorded_once(tmp_path: Path) -> None:
    async with (
        VirtualModems(tmp_path, 1, profile=Profile(sim_pin="12345678")) as virtual,
        running(configured(tmp_path, virtual.paths[0]), virtual) as w,
    ):
        await w.device_in_state("locked")
        path = await recorded(tmp_path)
    assert "calls the configured PIN wrong" in reason_in(path)
    assert PIN not in path.read_text()
    assert len(recordings(tmp_path)) == 1


async def test_a_modem_that_is_not_there_is_not_recorded_and_a_gateway_without_faults_makes_no_folder(
    tmp_path: Path,
) -> None:
    async with VirtualModems(tmp_path, 1, network_time=(0, 0)) as virtual:
        config = configure(tmp_path, [*virtual.paths, tmp_path / "nowhere"])
        async with running(config, virtual) as w:
            await w.device_in_state("ready")
            await w.reaches(await w.send("once"), 4)

            async def tried() -> bool:
                return "no such device" in str((await w.devices())[1]["error"])

            await until(tried, "the missing port on the board")
    assert not (tmp_path / "recordings").exists()


async def test_a_folder_that_cannot_be_written_disturbs_no_modem(tmp_path: Path) -> None:
    (tmp_path / "recordings").touch()
    async with (
        VirtualModems(tmp_path, 1, network_time=(0, 0), report_delay=(0, 0)) as virtual,
        running(configure(tmp_path, virtual.paths, uncertain_after_s=1), virtual, IMPATIENT) as w,
    ):
        await w.all_ready()
        virtual.fault(0, "reboot_mid_send")
        await w.reaches(await w.send("in doubt"), 3)
        await w.reaches(await w.send("after"), 4)
    assert (tmp_path / "recordings").read_bytes() == b""


async def test_what_the_network_said_in_a_ussd_session_is_in_no_recording(tmp_path: Path) -> None:
    async with world(tmp_path, pace=IMPATIENT) as w:
        w.virtual.network.menu["*777#"] = Page(
            text="Dear Ivan\r\nyour password is swordfish", choices={"1": Page(text="x")}
        )
        (id,) = await w.device_ids()
        assert (await w.post("/devices/ussd", {"device_id": id, "code": "*777#"}))["state"] == "needs_reply"
        w.virtual.fault(0, "unplug")

        async def recorded() -> list[Path]:
            return list((tmp_path / "recordings").glob("*.txt"))

        (path,) = await until(recorded, "the recording")
    text = path.read_text()
    assert "+CUSD" in text
    assert "Ivan" not in text
    assert "swordfish" not in text
