"""Modems that do not answer at their port: at another one of theirs, and where they were met last."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from hub import power_switch
from usb_world import configured, entry, error_of, plugged_in, root, sent_by

from simmodem import EC25, FAMILIES, VirtualModems
from smsgw.config import Config
from smsgw.modem.link import Link
from support import Clock, open_gateway
from world import IMPATIENT, World, running, until

TWO_PORTS = replace(EC25, spare=3)
BY_PATH = "dev/serial/by-path/platform-3f980000.usb-usb-0:1.1:1.2-port0"
RADIO = ["AT+CFUN=0", "AT+CFUN=1"]
RESET = ["AT+CFUN=1,1"]
PATIENT = replace(IMPATIENT, radio_off_s=0.01)
MUTE = "a modem is plugged in at 1-1.1, where it was last met, but does not answer"


async def is_well(w: World) -> None:
    async def well() -> bool:
        device = (await w.devices())[0]
        return device["state"] == "ready" and device["error"] is None

    await until(well, "a modem that is well")


async def is_asked_again(bring_ups: list[Link], times: int = 4) -> None:
    """Wait until somebody has been called to order a few times more."""
    so_far = len(bring_ups)

    async def asked() -> bool:
        return len(bring_ups) >= so_far + times

    await until(asked, "a port opened again")


async def met_before(config: Config, virtual: VirtualModems, folder: Path) -> None:
    """Let a gateway meet all of its modems, and end."""
    async with running(config, virtual, PATIENT, root=root(folder)) as w:
        await w.all_ready()


# ── another port ──


@pytest.mark.parametrize("by", ["port", "imei", "both"])
async def test_a_modem_that_is_silent_at_its_port_sends_through_the_other_one_and_is_not_restarted(
    tmp_path: Path, orders: list[str], by: str
) -> None:
    async with plugged_in(tmp_path, 1, stick=TWO_PORTS) as virtual:
        settings: dict[str, Any] = {} if by == "imei" else {"port": str(root(tmp_path) / BY_PATH)}
        if by == "port":
            settings["imei"] = ""
        config = configured(tmp_path, entry(virtual, 0, **settings))
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await w.reaches(await w.send("before"), 4)
            virtual.fault(0, "deafen")
            await w.reaches(await w.send("during"), 4)
            await is_well(w)
            virtual.fault(0, "reboot")
            await w.reaches(await w.send("there still"), 4)
            virtual.fault(0, "replug")
            await w.reaches(await w.send("where it was"), 4)
        assert virtual.is_spoken_to_at_spare(0) is False
        assert orders == []
        assert sent_by(virtual) == {0: ["before", "during", "there still", "where it was"]}


async def test_its_other_port_is_made_to_tell_the_news(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 1, stick=TWO_PORTS, profile=FAMILIES["ec25"]) as virtual:
        config = configured(tmp_path, entry(virtual, 0))
        with structlog.testing.capture_logs() as log:
            async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
                await w.all_ready()
                virtual.fault(0, "deafen")
                await w.reaches(await w.send("during"), 4)
        told = [line["line"] for line in log if "QURCCFG" in str(line.get("line"))]
        first, second = 'AT+QURCCFG="urcport","usbat"', 'AT+QURCCFG="urcport","usbmodem"'
        assert told == [first, first, second]


async def test_a_modem_that_is_silent_at_both_of_its_ports_is_taken_up_the_ladder(
    tmp_path: Path, orders: list[str]
) -> None:
    async with plugged_in(tmp_path, 1, stick=TWO_PORTS) as virtual:
        config = configured(tmp_path, entry(virtual, 0))
        with structlog.testing.capture_logs() as log:
            async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
                await w.all_ready()
                virtual.fault(0, "mute", until="reset")
                await w.reaches(await w.send("during"), 4)
                await is_well(w)
        steps = [line["step"] for line in log if line["event"] == "recovery"]
        assert steps == ["another port of its own", "its radio off and on", "a restart"]
        assert orders == RADIO + RESET


async def test_a_port_that_is_given_to_another_modem_is_not_taken(tmp_path: Path, orders: list[str]) -> None:
    async with plugged_in(tmp_path, 1, stick=TWO_PORTS) as virtual:
        first = entry(virtual, 0, port=str(root(tmp_path) / BY_PATH))
        other = replace(first, name="other", port=str(root(tmp_path) / "dev/ttyUSB3"), imei="")
        config = configured(tmp_path, first, other)
        async with open_gateway(config, Clock()) as gateway:
            await gateway.devices.switch((await gateway.devices.listed())[1].id, is_active=False)
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await w.device_in_state("ready")
            virtual.fault(0, "deafen")

            async def is_restarted() -> bool:
                return RESET[0] in orders

            await until(is_restarted, "a restart")
            assert virtual.is_spoken_to_at_spare(0) is False


# ── mute from the start ──


async def test_a_modem_that_is_mute_from_the_start_is_known_by_where_it_was_met_last(
    tmp_path: Path, orders: list[str]
) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        config = configured(tmp_path, entry(virtual, 0))
        await met_before(config, virtual, tmp_path)
        virtual.fault(0, "mute", until="reset")
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await error_of(w, 0, MUTE)
            await w.reaches(await w.send("at last"), 4)
            await is_well(w)
        assert orders == RADIO + RESET


async def test_its_power_is_taken_where_it_is_in_the_socket_that_the_hub_switches(
    tmp_path: Path, orders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with plugged_in(tmp_path, 1) as virtual, power_switch(tmp_path, monkeypatch, virtual):
        config = configured(tmp_path, entry(virtual, 0, power_hub="1-1", power_port=1))
        await met_before(config, virtual, tmp_path)
        virtual.fault(0, "mute", until="power")
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await w.reaches(await w.send("at last"), 4)
        assert orders == RADIO + RESET
        assert (tmp_path / "told").read_text() == "-l 1-1 -p 1 -a cycle -d 0.05\n"


async def test_the_power_of_another_socket_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with plugged_in(tmp_path, 1) as virtual, power_switch(tmp_path, monkeypatch, virtual):
        config = configured(tmp_path, entry(virtual, 0, power_hub="1-1", power_port=2))
        await met_before(config, virtual, tmp_path)
        virtual.fault(0, "mute", until="power")
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            device = await error_of(w, 0, "its USB power off and on could not be tried")
            assert "it is at 1-1.1, and port 2 of hub 1-1 is that of 1-1.2" in device["error"]
        assert not (tmp_path / "told").exists()


async def test_another_modem_in_its_socket_is_left_alone_also_when_that_falls_mute(
    tmp_path: Path, orders: list[str], bring_ups: list[Link]
) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        config = configured(tmp_path, entry(virtual, 0))
        await met_before(config, virtual, tmp_path)
        for index in range(2):
            virtual.fault(index, "unplug")
        virtual.fault(1, "replug", socket="1-1.1")
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await error_of(w, 0, f"seen: {virtual.modems[1].imei} at")
            with_nobody = (await w.gateway.devices.listed())[0]
            assert with_nobody.place is None
        virtual.fault(1, "mute", until="power")
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await error_of(w, 0, "seen: none")
            await is_asked_again(bring_ups)
            assert MUTE not in (await w.devices())[0]["error"]
        assert orders == []


async def test_a_mute_modem_that_was_never_met_is_only_looked_for(
    tmp_path: Path, orders: list[str], bring_ups: list[Link]
) -> None:
    async with plugged_in(tmp_path, 1) as virtual:
        virtual.fault(0, "mute", until="radio")
        config = configured(tmp_path, entry(virtual, 0))
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await error_of(w, 0, "seen: none")
            await is_asked_again(bring_ups)
            virtual.fault(0, "unmute")
            await w.device_in_state("ready")
        assert orders == []


async def test_where_a_modem_was_met_is_written_down_once(tmp_path: Path) -> None:
    async with plugged_in(tmp_path, 2) as virtual:
        config = configured(tmp_path, entry(virtual, 0), entry(virtual, 1))
        async with running(config, virtual, PATIENT, root=root(tmp_path)) as w:
            await w.all_ready()
            places = [device.place for device in await w.gateway.devices.listed()]
        assert [(place.socket, place.make, place.interface) for place in places if place] == [
            ("1-1.1", "2c7c:0125:", 2),
            ("1-1.2", "2c7c:0125:", 2),
        ]
