"""Modems that ail, end to end: each comes back by the gentlest step that helps, loses nothing, and harms no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hub import power_switch

from simmodem import GENERIC, Profile, Rule, VirtualModems
from smsgw.config import Config
from smsgw.modem.link import Link
from smsgw.scheduler.pace import Pace
from world import IMPATIENT, SkippingClock, World, configure, running, sent, until, world

RADIO = ["AT+CFUN=0", "AT+CFUN=1"]
RESELECT = ["AT+COPS=2", "AT+COPS=0"]
RESET = ["AT+CFUN=1,1"]
# Out of patience with a modem after fractions of a second, and with a network, too.
RESTLESS = replace(
    IMPATIENT,
    modem=replace(IMPATIENT.modem, limit_factor=0.02),
    idle_s=0.2,
    searching_s=0.5,
    denied_s=0.3,
    bearer_s=0.2,
    gone_s=0.3,
    ladder_rest_s=0.2,
)
PATIENT = replace(RESTLESS, idle_s=60.0, searching_s=60.0, denied_s=60.0, ladder_rest_s=60.0)


async def has_error(w: World, words: str, number: int = 0) -> None:
    async def told() -> bool:
        return words in str((await w.devices())[number]["error"])

    await until(told, f"{words!r} on the board")


async def several_looks(w: World) -> None:
    """Wait until the gateway has asked for the signal a few times more."""
    state = w.virtual.modems[0].state
    for strength in range(5, 8):
        state.signal = strength

        async def seen(dbm: int = -113 + 2 * strength) -> bool:
            return bool((await w.devices())[0]["signal_dbm"] == dbm)

        await until(seen, f"the signal of {strength}")


async def is_well(w: World, number: int = 0) -> None:
    """Wait until a device is ready, and nothing is told of what was done about it."""

    async def well() -> bool:
        device = (await w.devices())[number]
        return device["state"] == "ready" and device["error"] is None

    await until(well, "a modem that is well")


@asynccontextmanager
async def hub(folder: Path, monkeypatch: pytest.MonkeyPatch, *, modems: int = 1, pace: Pace) -> AsyncIterator[World]:
    """Open a world whose first modem hangs on a hub: `uhubctl` really takes its power."""
    async with (
        VirtualModems(folder, modems, network_time=(0.0, 0.0), report_delay=(0.0, 0.0)) as virtual,
        power_switch(folder, monkeypatch, virtual),
        running(with_hub(folder, virtual), virtual, pace) as w,
    ):
        await w.all_ready()
        yield w


def with_hub(folder: Path, virtual: VirtualModems) -> Config:
    config = configure(folder, virtual.paths)
    first, *others = config.modems
    return replace(config, modems=(replace(first, power_hub="1-1.4", power_port=2), *others))


# ── a modem that does not answer ──


@pytest.mark.parametrize(("cure", "steps"), [("radio", RADIO), ("reset", RADIO + RESET)])
async def test_a_mute_modem_is_brought_round_by_the_gentlest_step_that_helps(
    tmp_path: Path, orders: list[str], cure: str, steps: list[str]
) -> None:
    async with world(tmp_path, pace=PATIENT) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "mute", until=cure)
        during = await w.send("during")
        await has_error(w, "its radio off and on")
        await w.reaches(during, 4)
        assert orders == steps
        await is_well(w)
        assert sent(w) == {"before": 1, "during": 1}


async def test_a_modem_is_restarted_in_its_own_way(tmp_path: Path, orders: list[str]) -> None:
    own = Profile(manufacturer="SIMCOM INCORPORATED", model="SIMCOM_SIM7600E", reset_commands=("+CRESET",))
    async with world(tmp_path, pace=PATIENT, profile=own) as w:
        w.virtual.fault(0, "mute", until="reset")
        await w.reaches(await w.send("during"), 4)
        assert orders == [*RADIO, "AT+CRESET"]


async def test_what_is_configured_restarts_a_modem_whatever_its_make(tmp_path: Path, orders: list[str]) -> None:
    own = replace(GENERIC, reset_commands=("+START=ANEW",))
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), profile=own) as virtual:
        config = configure(tmp_path, virtual.paths)
        config = replace(config, modems=(replace(config.modems[0], reset_command="AT+START=ANEW"),))
        async with running(config, virtual, PATIENT) as w:
            await w.all_ready()
            w.virtual.fault(0, "mute", until="reset")
            await w.reaches(await w.send("during"), 4)
            assert orders == [*RADIO, "AT+START=ANEW"]


async def test_a_modem_that_nothing_else_helps_loses_its_power_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: list[str]
) -> None:
    async with hub(tmp_path, monkeypatch, pace=PATIENT) as w:
        w.virtual.fault(0, "mute", until="power")
        await w.reaches(await w.send("during"), 4)
        assert orders == RADIO + RESET
        assert (tmp_path / "told").read_text() == "-l 1-1.4 -p 2 -a cycle -d 0.05\n"
        assert sent(w) == {"during": 1}


async def test_a_modem_whose_port_stays_away_loses_its_power_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: list[str]
) -> None:
    async with hub(tmp_path, monkeypatch, pace=PATIENT) as w:
        w.virtual.fault(0, "unplug")
        await w.reaches(await w.send("during"), 4)
        assert orders == []
        assert (tmp_path / "told").read_text().count("cycle") == 1


async def test_without_the_program_for_it_the_board_says_so_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub(tmp_path, monkeypatch, modems=2, pace=PATIENT) as w:
        (tmp_path / "bin" / "uhubctl").unlink()
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        w.virtual.fault(0, "mute", until="power")
        await has_error(w, "uhubctl is not installed")
        await w.reaches(await w.send("through the other one"), 4)
        assert {message.modem for message in w.virtual.network.messages} == {1}


async def test_a_modem_that_nothing_helps_is_restarted_three_times_an_hour_at_most(
    tmp_path: Path, orders: list[str], bring_ups: list[Link]
) -> None:
    async with world(tmp_path, pace=RESTLESS) as w:
        w.virtual.fault(0, "mute", until="power")

        async def tried_often() -> bool:
            return orders.count("AT+CFUN=0") == 4

        await until(tried_often, "four times the radio off", 60)
        so_far = len(bring_ups)

        async def goes_on() -> bool:
            return len(bring_ups) > so_far + 3

        await until(goes_on, "the port opened again")
        assert orders.count("AT+CFUN=1,1") == 3
        w.virtual.fault(0, "replug")
        await w.reaches(await w.send("after"), 4)


async def test_a_report_that_comes_while_the_radio_is_switched_on_is_not_lost(tmp_path: Path) -> None:
    async with world(tmp_path, pace=PATIENT, uncertain_after_s=600) as w:
        w.virtual.fault(0, "hang_mid_send", until="radio", reaches_network=True)
        await w.reaches(await w.send("once"), 4)
        assert sent(w) == {"once": 1}


async def test_after_its_radio_was_off_the_count_of_a_sim_proves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, pace=PATIENT, uncertain_after_s=3) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "hang_mid_send", until="radio")
        lost = await w.send("in doubt")
        await w.reaches(await w.send("after"), 4)
        await w.reaches(lost, 3)
        assert (await w.detail(lost))["error"]["reason"] == "outcome_unknown"
        assert sent(w) == {"before": 1, "after": 1}


async def test_a_stop_does_not_leave_a_modem_without_its_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub(tmp_path, monkeypatch, pace=PATIENT) as w:
        program = tmp_path / "bin" / "uhubctl"
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/off\nsleep 1\ntouch {tmp_path}/on\n")
        w.virtual.fault(0, "mute", until="power")

        async def is_off() -> bool:
            return (tmp_path / "off").exists()

        await until(is_off, "the power off")
        assert not (tmp_path / "on").exists()
    assert (tmp_path / "on").exists()


# ── a modem that answers and fails ──


@pytest.mark.parametrize(
    ("code", "cure", "steps"),
    [(500, "radio", RADIO), (38, "reset", RADIO + RESET), (331, "radio", RADIO), (0, "radio", RADIO)],
    ids=["unknown error", "network out of order", "no service", "no answer"],
)
async def test_a_modem_that_fails_every_message_is_brought_round_and_sends_them_once(
    tmp_path: Path, orders: list[str], code: int, cure: str, steps: list[str]
) -> None:
    clock = SkippingClock()
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), report_delay=(0.0, 0.0)) as virtual:
        config = configure(tmp_path, virtual.paths, attempts=9, uncertain_after_s=600_000)
        async with running(config, virtual, PATIENT, clock) as w:
            await w.reaches(await w.send("before"), 4)
            w.virtual.fault(0, "fail", code=code, until=cure)
            ids = [await w.send(f"{number}") for number in range(7)]

            async def cured() -> bool:
                clock.skip(60)
                return w.virtual.modems[0].fails_with is None

            await until(cured, "a modem that fails no more")
            clock.skip(3_600)
            for id in ids:
                await w.reaches(id, 4)
            assert orders == steps
            assert sent(w) == {"before": 1} | {f"{number}": 1 for number in range(7)}
            await is_well(w)


async def test_nothing_is_begun_while_the_gateway_stops(tmp_path: Path, orders: list[str]) -> None:
    rules = (Rule(error="+CMS ERROR: 500", network_time=0.5),)
    async with world(tmp_path, rules=rules, pace=PATIENT) as w:
        ids = [await w.send(f"{number}") for number in range(3)]

        async def refused_twice() -> bool:
            details = [await w.detail(id) for id in ids]
            return sum(detail["attempts"] for detail in details) == 2 and details[2]["status"] == 1

        await until(refused_twice, "the third message on the wire")
    assert orders == []


async def test_one_number_that_the_network_refuses_does_not_make_a_zombie(tmp_path: Path, orders: list[str]) -> None:
    clock = SkippingClock()
    rules = (Rule(recipient="79990000002", error="+CMS ERROR: 38"),)
    async with (
        VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), rules=rules) as virtual,
        running(configure(tmp_path, virtual.paths, attempts=5), virtual, PATIENT, clock) as w,
    ):
        refused = await w.send("refused", "79990000002")
        for number in range(1, 6):

            async def tried(number: int = number) -> bool:
                return bool((await w.detail(refused))["attempts"] == number)

            await until(tried, f"attempt {number}")
            await w.reaches(await w.send(f"accepted {number}"), 4)
            clock.skip(4_000)
        assert orders == []


# ── a network that does not take the SIM ──


@pytest.mark.parametrize(
    ("stat", "cure", "steps"),
    [
        (0, "reselect", RESELECT),
        (0, "radio", RESELECT + RADIO),
        (2, "radio", RADIO),
        (2, "reset", RADIO + RESET),
        (3, "radio", RADIO),
    ],
    ids=["idle", "idle and stubborn", "searching", "searching in vain", "denied"],
)
async def test_a_modem_without_a_network_is_made_to_look_for_one_and_no_message_pays_for_it(
    tmp_path: Path, orders: list[str], stat: int, cure: str, steps: list[str]
) -> None:
    async with world(tmp_path, pace=replace(RESTLESS, ladder_rest_s=60.0)) as w:
        w.virtual.fault(0, "deregister", stat=stat, until=cure)
        id = await w.send("patient")
        await w.reaches(id, 4)
        assert orders == steps
        assert (await w.detail(id))["attempts"] == 0
        await is_well(w)


@pytest.mark.parametrize("stat", [3, 8, 11])
async def test_a_network_that_refuses_the_sim_is_not_pressed(tmp_path: Path, orders: list[str], stat: int) -> None:
    async with world(tmp_path, pace=replace(PATIENT, idle_s=0.0, searching_s=0.0)) as w:
        w.virtual.fault(0, "deregister", stat=stat)
        device = await w.device_in_state("registering")
        assert "SIM" in device["error"]
        id = await w.send("patient")
        await several_looks(w)
        w.virtual.fault(0, "register")
        await w.reaches(id, 4)
        assert orders == []


@pytest.mark.parametrize(("present", "needed"), [(3, 2), (1, 3), (1, 2)])
async def test_where_lte_has_data_only_another_way_for_messages_is_chosen(
    tmp_path: Path, orders: list[str], present: int, needed: int
) -> None:
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0)) as virtual:
        virtual.modems[0].state.settings.cgsms = present
        virtual.fault(0, "data_only", bearer=needed)
        async with running(configure(tmp_path, virtual.paths), virtual, RESTLESS) as w:
            await w.reaches(await w.send("patient"), 4)
            assert orders == []
            assert virtual.modems[0].state.settings.cgsms == needed
            await is_well(w)


async def test_a_way_for_messages_that_does_not_help_is_left_again_and_the_board_says_what_would(
    tmp_path: Path,
) -> None:
    async with VirtualModems(tmp_path, 1) as virtual:
        settings = virtual.modems[0].state.settings
        settings.cgsms = 1
        virtual.fault(0, "data_only", bearer=0)
        async with running(configure(tmp_path, virtual.paths), virtual, PATIENT) as w:
            await has_error(w, "allow 3G or 2G")
            await has_error(w, "tried messages over the circuit domain first")
            await has_error(w, "tried messages over the packet domain first")
            await has_error(w, "tried messages over the way it had before")
            assert settings.cgsms == 1


# ── side by side ──

HUNG, RESTARTED, HEALTHY = range(3)


async def fill(w: World, count: int) -> list[list[str]]:
    """Queue so many messages for each device; returns their ids by device."""
    return [
        [await w.send(f"{device} {number}", device_id=device) for number in range(count)]
        for device in await w.device_ids()
    ]


def accepted(w: World, modem: int) -> int:
    return sum(entry.modem == modem for entry in w.virtual.network.ledger)


async def test_a_healthy_modem_has_done_its_work_while_the_others_are_down(tmp_path: Path) -> None:
    async with world(tmp_path, modems=3, pace=PATIENT) as w:
        w.virtual.fault(HUNG, "hang_mid_send", after=9, until="power")
        w.virtual.fault(RESTARTED, "reboot_mid_send", after=9, down_s=600.0)
        ids = await fill(w, 40)
        for id in ids[HEALTHY]:
            await w.reaches(id, 4)
        assert [accepted(w, modem) for modem in range(3)] == [9, 9, 40]


async def test_modems_that_fail_again_and_again_come_back_by_themselves_and_double_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, modems=3, pace=PATIENT, uncertain_after_s=600) as w:
        for _ in range(3):
            w.virtual.fault(HUNG, "hang_mid_send", after=9, until="radio", reaches_network=True)
            w.virtual.fault(RESTARTED, "reboot_mid_send", after=9, reaches_network=True)
        ids = await fill(w, 35)

        async def all_have_left() -> bool:
            return [accepted(w, modem) for modem in range(3)] == [35, 35, 35]

        await until(all_have_left, "every message accepted by the network", 60)
        # What is reported while a modem starts anew is nobody's; one that only hangs keeps it.
        for id in ids[HUNG] + ids[HEALTHY]:
            await w.reaches(id, 4)
        assert len(sent(w)) == 3 * 35
        assert set(sent(w).values()) == {1}
