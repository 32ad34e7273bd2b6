"""Modems that move: whatever their ports are called today, each goes on with its own queue, through its own SIM."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from usb_world import configured, entry, error_of, plugged_in, root, sent_by

from commands import opened_elsewhere, smsgw
from simmodem import Profile, Stick, UsbBus, VirtualModems
from smsgw import detect as detecting
from smsgw.config import ModemConfig, SimConfig
from smsgw.modem import finder
from smsgw.modem.pace import Pace as ModemPace
from world import BRISK, IMPATIENT, running, until

GPS = Stick(vendor="1546", product="01a7", interfaces=(0,))
NOBODY = "490154203237518"
BY_PATH = "dev/serial/by-path/platform-3f980000.usb-usb-0:1.{}:1.2-port0"
BY_ID = "dev/serial/by-id/usb-Quectel_EC25-if02-port0"


async def test_a_modem_that_returns_as_another_tty_goes_on_with_its_queue(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        config = configured(tmp_path, entry(virtual, 0))
        async with running(config, virtual, root=root(tmp_path)) as w:
            await w.all_ready()
            await w.reaches(await w.send("before"), 4)
            virtual.fault(0, "unplug")
            await error_of(w, 0, f"no modem with the IMEI {virtual.modems[0].imei} is plugged in; seen: none")
            waiting = [await w.send(f"meanwhile {number}") for number in range(3)]
            virtual.fault(0, "replug", socket="1-1.4", number=8)
            for id in waiting:
                await w.reaches(id, 4)
            assert (await w.devices())[0]["error"] is None
        assert sent_by(virtual) == {0: ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2"]}


async def test_the_board_says_who_is_missing_and_who_is_there(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        config = configured(tmp_path, entry(virtual, 0), replace(entry(virtual, 0), name="nowhere", imei=NOBODY))
        async with running(config, virtual, root=root(tmp_path)) as w:
            await w.device_in_state("ready")
            seen = f"{virtual.modems[0].imei} at {tmp_path}/root/dev/ttyUSB2"
            await error_of(w, 1, f"no modem with the IMEI {NOBODY} is plugged in; seen: {seen}")


async def test_two_identical_sticks_swap_their_sockets_and_each_sends_what_is_bound_to_its_own_sim(
    tmp_path: Path,
) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        config = configured(tmp_path, entry(virtual, 0), entry(virtual, 1))
        async with running(config, virtual, root=root(tmp_path)) as w:
            await w.all_ready()
            for index in range(2):
                virtual.fault(index, "unplug")
            for index in range(2):
                await error_of(w, index, "is plugged in")
            ids = [await w.send(f"for {number % 2}", to_sim=number % 2 + 1) for number in range(6)]
            virtual.fault(1, "replug", socket="1-1.1")
            virtual.fault(0, "replug", socket="1-1.2")
            for id in ids:
                await w.reaches(id, 4)
        assert sent_by(virtual) == {0: ["for 0"] * 3, 1: ["for 1"] * 3}


@pytest.mark.parametrize("name", ["dev/ttyUSB{number}", BY_PATH], ids=["tty", "by-path"])
async def test_where_ports_have_changed_names_the_imei_decides_and_nobody_is_asked_again(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(finder, "introduce", lambda device, *_, **__: asked.append(device))
    async with plugged_in(tmp_path, 2) as virtual:
        crossed = [
            entry(virtual, index, port=str(root(tmp_path) / name.format(2 - index, number=6 - 4 * index)))
            for index in range(2)
        ]
        async with running(configured(tmp_path, *crossed), virtual, root=root(tmp_path)) as w:
            await w.all_ready()
            for index in range(2):
                await w.reaches(await w.send(f"for {index}", to_sim=index + 1), 4)
        assert sent_by(virtual) == {0: ["for 0"], 1: ["for 1"]}
        assert asked == []


async def test_a_pin_is_not_entered_into_the_sim_of_another_modem(tmp_path: Path) -> None:
    profiles = [Profile(sim_pin="1234"), Profile(sim_pin="5678")]
    async with plugged_in(tmp_path, 2, profile=profiles) as virtual:
        crossed = [
            entry(
                virtual,
                index,
                port=str(root(tmp_path) / f"dev/ttyUSB{6 - 4 * index}"),
                sims=(SimConfig(slot=index + 1, pin=profile.sim_pin or ""),),
            )
            for index, profile in enumerate(profiles)
        ]
        async with running(configured(tmp_path, *crossed), virtual, root=root(tmp_path)) as w:
            await w.all_ready()
        assert [modem.state.sim.pin_tries for modem in virtual.modems] == [3, 3]


async def test_a_port_that_is_empty_is_looked_past(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        away = entry(virtual, 0, port=str(root(tmp_path) / BY_PATH.format(7)))
        async with running(configured(tmp_path, away), virtual, root=root(tmp_path)) as w:
            await w.all_ready()
            virtual.fault(0, "unplug")
            device = await error_of(w, 0, "is plugged in; seen: none")
            assert "usb-0:1.7:1.2-port0: there is no such device" in device["error"]
            virtual.fault(0, "replug", socket="1-1.7")
            await w.all_ready()


async def test_a_modem_that_is_plugged_in_late_is_served_soon_however_long_it_was_away(tmp_path: Path) -> None:
    pace = replace(BRISK, first_backoff_s=3_600.0, last_backoff_s=3_600.0)
    async with plugged_in(tmp_path, 2) as virtual:
        by_port = ModemConfig(name="by port", port=str(root(tmp_path) / BY_PATH.format(1)))
        for index in range(2):
            virtual.fault(index, "unplug")
        config = configured(tmp_path, by_port, entry(virtual, 1))
        async with running(config, virtual, pace, root=root(tmp_path)) as w:
            await error_of(w, 0, "there is no such device")
            await error_of(w, 1, "seen: none")
            for index in range(2):
                virtual.fault(index, "replug")
            await w.all_ready()


async def test_who_has_only_a_port_keeps_it_from_those_who_search(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        bound = ModemConfig(name="bound", port=str(root(tmp_path) / BY_PATH.format(1)))
        lost = ModemConfig(name="lost", imei=virtual.modems[0].imei)
        async with running(configured(tmp_path, bound, lost), virtual, root=root(tmp_path)) as w:
            await w.device_in_state("ready")
            await error_of(w, 1, "another modem is there, bound")
            await w.reaches(await w.send("through the bound one"), 4)
        assert sent_by(virtual)[0] == ["through the bound one"]


async def test_many_modems_plugged_in_at_once_all_come_up(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 8) as virtual:
        for index in range(8):
            virtual.fault(index, "unplug")
        config = configured(tmp_path, *(entry(virtual, index) for index in range(8)))
        async with running(config, virtual, root=root(tmp_path)) as w:
            await error_of(w, 7, "is plugged in; seen: none")
            for index in reversed(range(8)):
                virtual.fault(index, "replug", socket=f"1-1.{index + 11}")
            await w.all_ready()
            counted = Counter(device["imei"] for device in await w.devices())
        assert counted == Counter(modem.imei for modem in virtual.modems)


async def test_a_shared_name_and_another_user_of_the_port_are_warned_of_once(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        config = configured(tmp_path, ModemConfig(name="north", port=str(root(tmp_path) / BY_ID)))
        with structlog.testing.capture_logs() as log, opened_elsewhere(virtual.device(1)) as process:
            async with running(config, virtual, root=root(tmp_path)) as w:
                await w.all_ready()
                virtual.fault(1, "reboot")
                await w.reaches(await w.send("after it"), 4)
        warnings = [line["reason"] for line in log if line["event"] == "port"]
        assert [f"({process})" in warnings[0], "the name of two devices" in warnings[1]] == [True, True]
        assert len(warnings) == 2


# ── smsgw detect ──


async def detected(folder: Path, *modems: ModemConfig) -> list[dict[str, Any]]:
    found = await detecting.detect(modems, root(folder), ModemPace.hurried(0.05))
    devices: list[dict[str, Any]] = json.loads(detecting.as_json(found))["devices"]
    return devices


async def test_each_modem_is_listed_with_its_port_and_imei_and_whether_it_is_configured(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 2, profile=Profile(manufacturer="Quectel", model="EC25")) as virtual:
        first, second = await detected(tmp_path, entry(virtual, 1))
        assert first == {
            "answer": "modem",
            "port": f"{tmp_path}/root/dev/ttyUSB2",
            "by_path": f"{tmp_path}/root/{BY_PATH.format(1)}",
            "by_id": None,
            "interface": 2,
            "usb": "2c7c:0125",
            "maker": "Quectel",
            "model": "EC25",
            "imei": virtual.modems[0].imei,
            "configured_as": None,
            "trouble": None,
        }
        assert (second["imei"], second["configured_as"]) == (virtual.modems[1].imei, "modem1")
        assert second["by_id"] is None  # there is such a link, but it is as much the other one's


async def test_a_name_by_id_is_told_where_it_leads_to_one_device_only(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        (only,) = await detected(tmp_path, ModemConfig(name="north", port=str(root(tmp_path) / BY_ID)))
        assert (only["by_id"], only["configured_as"]) == (f"{tmp_path}/root/{BY_ID}", "north")
        assert only["imei"] == virtual.modems[0].imei


async def test_a_port_that_is_in_use_is_listed_and_not_asked(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        virtual.modems[0].feed = pytest.fail  # type: ignore[method-assign]
        with opened_elsewhere(virtual.device(0)) as process:
            (only,) = await detected(tmp_path, entry(virtual, 0, port=f"{root(tmp_path)}/dev/ttyUSB2"))
    assert (only["answer"], only["imei"], only["configured_as"]) == ("in use", None, "modem0")
    assert (only["maker"], only["model"]) == ("Quectel", "EC25")
    assert f"({process})" in only["trouble"]


async def test_what_is_no_modem_is_said_to_give_no_answer(tmp_path: Path) -> None:
    bus = UsbBus(root(tmp_path))
    bus.plug("1-1.1", GPS, {})
    (only,) = await detected(tmp_path)
    assert (only["answer"], only["port"]) == ("no answer", f"{tmp_path}/root/dev/ttyUSB0")
    assert "no port for commands" in only["trouble"]


async def test_the_command_prints_a_table_for_people_and_an_object_for_programs(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    arguments = ("detect", "--config", str(config), "--root", str(root(tmp_path)))
    async with plugged_in(tmp_path, 1) as virtual:
        before = await asyncio.to_thread(smsgw, *arguments, "--json")
        imei = json.loads(before.stdout)["devices"][0]["imei"]
        config.write_text(f'[modems.roof]\nimei = "{imei}"\n')
        after = await asyncio.to_thread(smsgw, *arguments)
        assert imei == virtual.modems[0].imei
    headings, row = after.stdout.splitlines()
    assert headings.split() == ["PORT", "INTERFACE", "MAKER", "MODEL", "IMEI", "CONFIGURED", "AS"]
    assert row.split() == [f"{tmp_path}/root/{BY_PATH.format(1)}", "2", "Simmodem", "SM-1", imei, "roof"]
    assert (before.returncode, after.returncode) == (0, 0)


async def test_where_nothing_is_plugged_in_the_command_says_so(tmp_path: Path) -> None:
    arguments = ("detect", "--config", str(tmp_path / "none.toml"), "--root", str(tmp_path))
    assert "No device" in smsgw(*arguments).stderr
    assert json.loads(smsgw(*arguments, "--json").stdout) == {"devices": []}


async def test_a_modem_that_is_mute_from_the_start_is_brought_round_although_its_imei_is_configured(
    tmp_path: Path,
) -> None:
    pace = replace(IMPATIENT, radio_off_s=0.01)
    async with plugged_in(tmp_path, 1) as virtual:
        virtual.fault(0, "mute", until="radio")
        modem = entry(virtual, 0, port=str(root(tmp_path) / BY_PATH.format(1)))
        async with running(configured(tmp_path, modem), virtual, pace, root=root(tmp_path)) as w:
            await w.device_in_state("ready")


async def test_beside_modems_that_hang_restart_and_vanish_the_healthy_one_goes_on_and_they_come_back(
    tmp_path: Path,
) -> None:
    healthy, hung, restarted, gone = range(4)
    async with plugged_in(tmp_path, 4) as virtual:
        config = configured(tmp_path, *(entry(virtual, index) for index in range(4)))
        async with running(config, virtual, replace(IMPATIENT, radio_off_s=0.01), root=root(tmp_path)) as w:
            await w.all_ready()
            for _ in range(3):
                virtual.fault(hung, "hang_mid_send", after=9, until="radio", reaches_network=True)
                virtual.fault(restarted, "reboot_mid_send", after=9, reaches_network=True)
            virtual.fault(gone, "unplug")
            for number in range(30):
                for index in range(4):
                    await w.send(f"{number} for {index}", to_sim=index + 1)

            async def is_through() -> bool:
                return len(sent_by(virtual)[healthy]) == 30

            await until(is_through, "all that the healthy modem had to send")
            assert sent_by(virtual)[gone] == []
            assert len(sent_by(virtual)[hung]) < 30
            virtual.fault(gone, "replug", socket="1-1.7", number=40)

            async def all_are() -> bool:
                return [len(texts) for texts in sent_by(virtual).values()] == [30] * 4

            await until(all_are, "all that the others had to send")
        assert all(len(set(texts)) == 30 for texts in sent_by(virtual).values())


# ── a module that uses its SIMs at once ──


def box(virtual: VirtualModems) -> ModemConfig:
    sims = tuple(SimConfig(slot=modem.index + 1, imei=modem.imei) for modem in virtual.modems)
    return ModemConfig(name="box", sims=sims)


async def test_each_sim_of_a_module_is_found_by_its_own_imei_wherever_it_is(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        async with running(configured(tmp_path, box(virtual)), virtual, root=root(tmp_path)) as w:
            await w.all_ready()
            for index in (0, 1):
                virtual.fault(index, "unplug")
            await error_of(w, 0, f"no modem with the IMEI {virtual.modems[1].imei} is plugged in")
            virtual.fault(0, "replug", socket="1-1.2")
            virtual.fault(1, "replug", socket="1-1.1")
            for slot in (1, 2):
                await w.reaches(await w.send(f"to {slot}", to_sim=slot), 4)
        assert sent_by(virtual) == {0: ["to 1"], 1: ["to 2"]}


async def test_what_belongs_to_one_module_is_listed_under_its_name(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        listed = await detected(tmp_path, box(virtual))
        assert [one["configured_as"] for one in listed] == ["box", "box"]
