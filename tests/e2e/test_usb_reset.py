"""Modems that only a reset of their USB device brings round, and those whose device is left alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from hub import bus_reset, power_switch
from usb_world import configured, entry, plugged_in, root, sent_by

from dual import both_in_use, box, listen
from simmodem import EC25, Stick, UsbBus, VirtualModems
from smsgw.config import ModemConfig
from world import IMPATIENT, World, configure, running, sent, until

PATIENT = replace(IMPATIENT, radio_off_s=0.01)
BY_PATH = "dev/serial/by-path/platform-3f980000.usb-usb-0:1.1:1.2-port0"
RADIO, RESET = ["AT+CFUN=0", "AT+CFUN=1"], ["AT+CFUN=1,1"]
OUTLET: dict[str, Any] = {"power_hub": "1-1", "power_port": 1}
STEPS = [
    "another port of its own",
    "its radio off and on",
    "a restart",
    "a reset of its USB device",
    "its USB power off and on",
]
BOX = replace(EC25, interfaces=(2, 3))
POOL = Stick(vendor="0403", product="6011", interfaces=(0, 1))


@asynccontextmanager
async def behind(folder: Path, stick: Stick) -> AsyncIterator[VirtualModems]:
    """Open two virtual modems at the ports of one USB device, which can be reset."""
    async with VirtualModems(folder / "modems", 2) as virtual:
        ports = {number: str(path) for number, path in zip(stick.interfaces, virtual.paths, strict=True)}
        UsbBus(root(folder), has_nodes=True).plug("1-1.1", stick, ports)
        yield virtual


def steps(log: list[Any]) -> list[str]:
    return [line["step"] for line in log if line["event"] == "recovery"]


def left_out(log: list[Any]) -> list[str]:
    return [line["reason"] for line in log if line["event"] == "recovery step left out"]


async def is_well(w: World) -> None:
    async def well() -> bool:
        device = (await w.devices())[0]
        return device["state"] == "ready" and device["error"] is None

    await until(well, "a modem that is well")


@pytest.mark.parametrize("by", ["port", "imei"])
@pytest.mark.parametrize("names", [{}, {"number": 8}], ids=["the same ttys", "other ttys"])
async def test_a_modem_that_only_a_reset_cures_comes_back_and_keeps_its_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: list[str], by: str, names: dict[str, int]
) -> None:
    async with (
        plugged_in(tmp_path, 1, has_nodes=True) as virtual,
        power_switch(tmp_path, monkeypatch, virtual),
        bus_reset(tmp_path, monkeypatch, virtual, **names),
    ):
        where = {"port": str(root(tmp_path) / BY_PATH), "imei": ""} if by == "port" else {}
        config = configured(tmp_path, entry(virtual, 0, **OUTLET, **where))
        with structlog.testing.capture_logs() as log:
            async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
                await w.reaches(await w.send("before"), 4)
                virtual.fault(0, "mute", until="usb")
                await w.reaches(await w.send("during"), 4)
                await is_well(w)
        assert steps(log) == STEPS[:4]
        assert orders == RADIO + RESET
        assert (tmp_path / "resets").read_text() == "001/001\n"
        assert not (tmp_path / "told").exists()
        assert sent_by(virtual) == {0: ["before", "during"]}
        assert [line["by"] for line in log if line["event"] == "recovered"] == ["a reset of its USB device"]


async def test_a_modem_that_fails_every_message_is_reset_before_its_power_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: list[str]
) -> None:
    async with plugged_in(tmp_path, 1, has_nodes=True) as virtual, bus_reset(tmp_path, monkeypatch, virtual):
        config = replace(configured(tmp_path, entry(virtual, 0)), sending=configure(tmp_path, [], attempts=1).sending)
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await w.all_ready()
            virtual.fault(0, "fail", code=500, until="usb")
            ids = [await w.send(f"{number}") for number in range(10)]
            for id in ids[:9]:
                await w.reaches(id, 3)
            await w.reaches(ids[9], 4)
            await is_well(w)
        assert orders == RADIO + RESET
        assert (tmp_path / "resets").read_text() == "001/001\n"


async def test_where_a_reset_is_not_allowed_its_power_is_taken_in_the_same_climb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: list[str]
) -> None:
    async with (
        plugged_in(tmp_path, 1) as virtual,
        power_switch(tmp_path, monkeypatch, virtual),
        bus_reset(tmp_path, monkeypatch, virtual),
    ):
        config = configured(tmp_path, entry(virtual, 0, **OUTLET))
        with structlog.testing.capture_logs() as log:
            async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
                await w.all_ready()
                virtual.fault(0, "mute", until="power")
                await w.reaches(await w.send("during"), 4)
                await is_well(w)
        assert steps(log) == [*STEPS[:3], STEPS[4]]
        assert orders == RADIO + RESET
        assert not (tmp_path / "resets").exists()
        (reason,) = left_out(log)
        assert "install the udev rules that come with smsgw" in reason


async def test_a_reset_that_does_not_help_is_followed_by_taking_its_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        plugged_in(tmp_path, 1, has_nodes=True) as virtual,
        power_switch(tmp_path, monkeypatch, virtual),
        bus_reset(tmp_path, monkeypatch, virtual),
    ):
        config = configured(tmp_path, entry(virtual, 0, **OUTLET))
        with structlog.testing.capture_logs() as log:
            async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
                await w.all_ready()
                virtual.fault(0, "mute", until="power")
                await w.reaches(await w.send("during"), 4)
        assert steps(log) == STEPS
        assert (tmp_path / "resets").read_text() == "001/001\n"


async def test_a_converter_that_serves_another_modem_too_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        behind(tmp_path, POOL) as virtual,
        power_switch(tmp_path, monkeypatch, virtual),
        bus_reset(tmp_path, monkeypatch, virtual),
    ):
        modems = [
            ModemConfig(name=f"modem{number}", port=str(root(tmp_path) / f"dev/ttyUSB{number}")) for number in (0, 1)
        ]
        config = configured(tmp_path, replace(modems[0], **OUTLET), modems[1])
        with structlog.testing.capture_logs() as log:
            async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
                await w.all_ready()
                virtual.fault(0, "mute", until="power")
                ids = await w.device_ids()
                await w.reaches(await w.send("during", device_id=ids[0]), 4)
                await w.reaches(await w.send("beside", device_id=ids[1]), 4)
        assert left_out(log) == ["modem1 is at the same USB device"]
        assert steps(log) == [*STEPS[1:3], STEPS[4]]
        assert not (tmp_path / "resets").exists()


async def test_a_module_is_reset_as_a_whole_and_its_other_sim_is_set_up_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind(tmp_path, BOX) as virtual, bus_reset(tmp_path, monkeypatch, virtual):
        config = configured(tmp_path, box(virtual))
        async with running(config, virtual, replace(PATIENT, ladder_rest_s=60.0), root=root(tmp_path)) as w:
            await both_in_use(w)
            heard = listen(w)
            reset = virtual.modems[0].reset_bus

            def noting() -> None:
                heard.append((0, "the reset"))
                reset()

            monkeypatch.setattr(virtual.modems[0], "reset_bus", noting)
            virtual.fault(1, "deregister")
            virtual.fault(0, "mute", until="usb")
            await w.reaches(await w.send("after its reset", to_sim=1), 4)

            async def set_up_anew() -> bool:
                return (1, "ATE0") in heard[heard.index((0, "the reset")) :]

            await until(set_up_anew, "the other one set up anew")
            virtual.fault(1, "register")
            await both_in_use(w)
            assert sent(w) == {"after its reset": 1}
        assert (tmp_path / "resets").read_text() == "001/001\n"
