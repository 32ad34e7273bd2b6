"""What is done to the whole of a module for one of its SIMs, and ports that answer for the wrong one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dual import (
    SLOW,
    both_in_use,
    dual,
    falls_silent,
    listen,
    on_the_wire,
    rows,
    sent_from,
    served,
    shows,
    ttys,
)
from simmodem import GENERIC, VirtualModems
from simmodem.command import Command
from simmodem.device import Answer, Device
from simmodem.equipment import CmeError
from simmodem.modem import COMMANDS
from smsgw.modem.driver import Identity
from smsgw.modem.link import Link
from smsgw.policy.ladder import Rung
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.module import Module
from smsgw.scheduler.opening import Opener
from smsgw.scheduler.seat import Seat
from world import BRISK, IMPATIENT, sent, until

# ── what is done to the whole module ──


async def test_a_remedy_for_one_sim_waits_for_the_message_of_the_other_and_makes_it_set_up_anew(tmp_path: Path) -> None:
    async with dual(tmp_path, pace=replace(IMPATIENT, ladder_rest_s=60.0), sending={"uncertain_after_s": 60}) as w:
        first, second = w.virtual.modems
        struck: list[bool] = []
        restart, restart_other = first.reboot, second.reboot

        def of_the_whole_module(down_s: float = 0.2) -> None:
            struck.append(bool(rows(tmp_path, "SELECT 1 FROM parts WHERE state = 'submitting'")))
            restart(down_s)
            restart_other(down_s)

        first.reboot = of_the_whole_module  # type: ignore[method-assign]
        ids = [await w.send(f"{number}", SLOW, to_sim=2) for number in range(6)]
        await on_the_wire(w, ids[0])
        heard = listen(w)
        w.virtual.fault(0, "mute", until="reset")
        await w.reaches(await w.send("after its restart", to_sim=1), 4)
        for id in ids:
            await w.reaches(id, 4)
            outcomes = [attempt["outcome"] for attempt in (await w.detail(id))["parts"][0]["attempts"]]
            assert outcomes == ["accepted"]
        assert struck == [False]
        for step in ((0, "AT+CFUN=1"), (0, "AT+CFUN=1,1")):
            afterwards = heard[heard.index(step) :]
            sending = next(place for place, (tty, line) in enumerate(afterwards) if tty == 1 and "+CMGS=" in line)
            assert (1, "ATE0") in afterwards[:sending]
        assert sent_from(w) == {(2, f"{number}"): 1 for number in range(6)} | {(1, "after its restart"): 1}
        await both_in_use(w)


async def test_of_a_module_that_is_mute_at_both_ports_only_the_restarts_that_were_made_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: list[Module] = []

    def noted() -> Module:
        modules.append(Module())
        return modules[-1]

    monkeypatch.setattr("smsgw.scheduler.Module", noted)
    async with dual(tmp_path, pace=replace(IMPATIENT, ladder_rest_s=60.0)) as w:
        made: list[float] = []
        restarts = [modem.reboot for modem in w.virtual.modems]

        def of_the_whole_module(down_s: float = 0.2) -> None:
            made.append(down_s)
            for restart in restarts:
                restart(down_s)

        for index, modem in enumerate(w.virtual.modems):
            modem.reboot = of_the_whole_module  # type: ignore[method-assign]
            w.virtual.fault(index, "mute", until="reset")
        for id in [await w.send("after the restart", to_sim=slot) for slot in (1, 2)]:
            await w.reaches(id, 4)
        assert len(modules[0].hard_steps) == len(made) > 0


async def test_a_sim_that_has_nothing_to_send_is_set_up_anew_after_a_remedy_for_the_other_too(tmp_path: Path) -> None:
    async with dual(tmp_path, pace=replace(IMPATIENT, ladder_rest_s=60.0)) as w:
        heard = listen(w)
        w.virtual.fault(0, "mute", until="radio")
        await w.reaches(await w.send("after its remedy", to_sim=1), 4)

        async def set_up_anew() -> bool:
            return (1, "ATE0") in heard[heard.index((0, "AT+CFUN=1")) :]

        await until(set_up_anew, "the other one set up anew")
        await both_in_use(w)


async def test_no_pin_is_entered_while_something_is_done_to_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    climb = Climber.climb

    async def at_leisure(climber: Climber, rung: Rung, why: str) -> None:
        begun.set()
        await may_end.wait()
        await climb(climber, rung, why)

    monkeypatch.setattr(Climber, "climb", at_leisure)
    profiles = [GENERIC, replace(GENERIC, sim_pin="2222")]
    async with ttys(tmp_path, profile=profiles) as virtual:
        virtual.fault(1, "unplug")
        async with served(tmp_path, virtual, pace=IMPATIENT, sims=({}, {"pin": "2222"})) as w:
            await shows(w, "one in use", lambda d: d["slot"] == 1)
            heard = listen(w)
            virtual.fault(0, "mute", until="radio")
            await w.send("meets the silence", to_sim=1)
            await begun.wait()
            virtual.fault(1, "replug")
            await until(lambda: falls_silent(heard, 1, "AT+CPIN?"), "the other one at its PIN")
            heard.append((0, "the end of it"))
            may_end.set()
            await both_in_use(w)
            assert heard.index((0, "the end of it")) < heard.index((1, 'AT+CPIN="2222"'))
            assert heard.count((1, 'AT+CPIN="2222"')) == 1


async def test_a_sim_without_a_network_costs_the_one_that_is_served_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[str] = []
    order = Link.order

    async def noting(link: Link, command: Any) -> bool:
        ordered.append(command.line)
        return await order(link, command)

    monkeypatch.setattr(Link, "order", noting)
    async with dual(tmp_path, pace=replace(BRISK, searching_s=0.3, ladder_rest_s=0.1)) as w:
        w.virtual.fault(0, "deregister", until="power")

        async def looked_again() -> bool:
            return ordered.count("AT+COPS=0") > 2

        await until(looked_again, "looks for a network")
        assert set(ordered) == {"AT+COPS=2", "AT+COPS=0"}
        await w.reaches(await w.send("served", to_sim=2), 4)


async def test_a_sim_that_fails_does_not_take_the_radio_from_the_one_that_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = COMMANDS["+CPIN"]

    def failing(device: Device, command: Command) -> Answer:
        if device.index == 1:
            raise CmeError(13)
        return entry.handler(device, command)

    monkeypatch.setitem(COMMANDS, "+CPIN", replace(entry, handler=failing))
    async with ttys(tmp_path) as virtual, served(tmp_path, virtual) as w:
        heard = listen(w)
        await shows(w, "the SIM that has failed", lambda d: "SIM slot 2: the SIM has failed" in str(d["error"]))
        await w.reaches(await w.send("served", to_sim=1), 4)
        assert (await w.get_json("/health"))["reasons"] == [
            "SIM-карта 2 устройства box: ждёт человека: SIM-карта заблокирована."
        ]
        assert not [line for _, line in heard if line.startswith("AT+CFUN=0")]


# ── a port that is not for its SIM by itself ──


@asynccontextmanager
async def bound_to_the_first(folder: Path) -> AsyncIterator[VirtualModems]:
    """Open a module both of whose ports answer for the first SIM until they are told."""
    tells = replace(GENERIC, slot_commands=("+BINDSIM=0", "+BINDSIM=1"))
    async with ttys(folder, profile=tells) as virtual:
        first, second = virtual.modems
        second.state.sims[0].identity = first.state.sims[0].identity
        yield virtual


async def test_a_port_is_told_which_sim_it_is_for(tmp_path: Path) -> None:
    async with (
        bound_to_the_first(tmp_path) as virtual,
        served(tmp_path, virtual, bind_command="AT+BINDSIM={slot0}") as w,
    ):
        await both_in_use(w)
        ids = [await w.send(f"to {slot}", to_sim=slot) for slot in (1, 2)]
        for id in ids:
            await w.reaches(id, 4)
        own = [virtual.modems[0].state.sims[0], virtual.modems[1].state.sims[1]]
        assert [(await w.detail(id))["sim"] for id in ids] == [sim.identity.iccid for sim in own]


async def test_a_port_that_answers_for_the_sim_of_another_is_not_served(tmp_path: Path) -> None:
    async with bound_to_the_first(tmp_path) as virtual:
        virtual.fault(1, "unplug")
        async with served(tmp_path, virtual) as w:
            await shows(w, "the first in use", lambda d: d["slot"] == 1)
            virtual.fault(1, "replug")
            shown = await shows(w, "the refusal", lambda d: "SIM slot 2: the SIM of another slot" in str(d["error"]))
            assert shown["state"] == "ready"
            waiting = await w.send("not from the wrong one", to_sim=2)
            await w.reaches(await w.send("from the first"), 4)
            assert (await w.message(waiting))["status"] == 0
            virtual.fault(0, "unplug")
            await shows(
                w, "still refused", lambda d: "SIM slot 2: the SIM that answers was in slot 1" in str(d["error"])
            )
            assert sent(w) == {"from the first": 1}


@pytest.mark.parametrize("is_late", [False, True])
async def test_no_pin_goes_into_the_first_sim_at_a_port_that_answers_for_it_while_nobody_has_met_that(
    tmp_path: Path, is_late: bool
) -> None:
    sims = ({"pin": "1111"}, {"pin": "2222"})
    async with ttys(tmp_path, profile=replace(GENERIC, sim_pin="1111")) as virtual:
        first, second = virtual.modems
        second.state.sims[0] = first.state.sims[0]
        if is_late:
            virtual.fault(0, "unplug")
        async with served(tmp_path, virtual, sims=sims) as w:
            heard = listen(w)
            if is_late:
                await shows(w, "the wait", lambda d: "SIM slot 2: its PIN waits until" in str(d["error"]))
                virtual.fault(0, "replug")
            await shows(w, "the refusal", lambda d: "SIM slot 2: the SIM of another slot" in str(d["error"]))
            await shows(w, "the first in use", lambda d: d["slot"] == 1)
            assert [line for line in heard if "AT+CPIN=" in line[1]] == [(0, 'AT+CPIN="1111"')]


async def test_the_pins_of_two_sims_are_both_entered_when_the_module_is_met_for_the_first_time(tmp_path: Path) -> None:
    profiles = [replace(GENERIC, sim_pin="1111"), replace(GENERIC, sim_pin="2222")]
    sims = ({"pin": "1111"}, {"pin": "2222"})
    async with ttys(tmp_path, profile=profiles) as virtual, served(tmp_path, virtual, sims=sims) as w:
        await both_in_use(w)
        assert [modem.state.sim.pin_tries for modem in virtual.modems] == [3, 3]


async def test_a_pin_that_the_first_sim_refuses_keeps_the_other_from_nothing(tmp_path: Path) -> None:
    profiles = [replace(GENERIC, sim_pin="1111"), replace(GENERIC, sim_pin="2222")]
    sims = ({"pin": "9999"}, {"pin": "2222"})
    async with ttys(tmp_path, profile=profiles) as virtual:
        virtual.fault(1, "unplug")
        async with served(tmp_path, virtual, sims=sims) as w:
            await shows(w, "the refused PIN", lambda d: "SIM slot 1: the SIM calls" in str(d["error"]))
            virtual.fault(1, "replug")
            await shows(w, "the other in use", lambda d: d["state"] == "ready" and d["slot"] == 2)


async def test_a_port_that_answers_for_the_first_sim_is_not_served_even_if_it_is_the_first_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_answered = asyncio.Event()
    take_seat = Opener._take_seat

    async def the_second_before_the_first(opener: Opener, identity: Identity) -> Seat:
        if opener._climber.share.slot == 2:
            has_answered.set()
        await has_answered.wait()
        return await take_seat(opener, identity)

    monkeypatch.setattr(Opener, "_take_seat", the_second_before_the_first)
    async with bound_to_the_first(tmp_path) as virtual, served(tmp_path, virtual) as w:
        shown = await shows(w, "the refusal", lambda d: "the SIM of another slot" in str(d["error"]))
        assert "SIM slot 2: the SIM of another slot" in shown["error"]
        assert (await shows(w, "the first in use", lambda d: d["slot"]))["slot"] == 1
