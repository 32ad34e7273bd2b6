"""A modem with two SIM slots, one in use at a time: who gets sent from where, and what waits meanwhile."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simmodem import Profile, Rule, VirtualModems
from simmodem.command import Command
from simmodem.device import Answer, Device
from simmodem.equipment import CmsError
from simmodem.modem import COMMANDS
from smsgw.config import ModemConfig, SimConfig
from smsgw.scheduler.pace import Pace
from world import BRISK, World, configure, running, until

DUAL = Profile(
    manufacturer="Quectel",
    model="EP06",
    slot_commands=("+QUIMSLOT=1", "+QUIMSLOT=2"),
    slot_query=("+QUIMSLOT?", ("+QUIMSLOT: 1", "+QUIMSLOT: 2")),
)
SIMS = (SimConfig(slot=1, name="A"), SimConfig(slot=2, name="B"))
PACE = replace(BRISK, slots_s=0.05, slot_refused_s=600.0)


@asynccontextmanager
async def dual(
    folder: Path,
    *,
    profile: Profile = DUAL,
    rules: tuple[Rule, ...] = (),
    sims: tuple[SimConfig, ...] = SIMS,
    sending: dict[str, Any] | None = None,
    pace: Pace = PACE,
    **of_modem: Any,
) -> AsyncIterator[World]:
    """Open a world with one modem and two SIMs; it turns at once where the test says nothing else."""
    async with VirtualModems(folder, profile=profile, rules=rules) as virtual:
        config = configure(folder, virtual.paths, **(sending or {}))
        settings = {"slot_stay_s": 0, "slot_wait_s": 0, "sims": sims, **of_modem}
        modem = ModemConfig(name="dual", port=str(virtual.paths[0]), **settings)
        async with running(replace(config, modems=(modem,)), virtual, pace) as w:
            await w.all_ready()
            yield w


def sent_from(w: World) -> Counter[tuple[int, str]]:
    """Count what the network has by slot and text."""
    slots = {sim.identity.iccid: number for number, sim in enumerate(w.virtual.modems[0].state.sims, 1)}
    return Counter((slots[message.iccid], message.text) for message in w.virtual.network.messages)


async def slot_is(w: World, slot: int) -> None:
    async def there() -> bool:
        (device,) = await w.devices()
        return bool(device["slot"] == slot)

    await until(there, f"slot {slot} in use")


async def told(w: World, what: str) -> None:
    """Wait until the device is ready and says so."""

    async def there() -> bool:
        (device,) = await w.devices()
        return device["state"] == "ready" and what in (device["error"] or "")

    await until(there, what)


async def test_a_message_goes_out_through_the_slot_that_it_asks_for(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        first, second, third = [await w.send(f"to {slot}", to_sim=slot) for slot in (1, 2, 1)]
        for id in (first, second, third):
            await w.reaches(id, 4)
        assert sent_from(w) == {(1, "to 1"): 2, (2, "to 2"): 1}
        assert [(await w.detail(id))["sim"] for id in (first, second)] == [
            sim.identity.iccid for sim in w.virtual.modems[0].state.sims
        ]


async def test_what_waits_for_the_present_sim_is_sent_before_the_modem_turns(tmp_path: Path) -> None:
    async with dual(tmp_path, rules=(Rule(recipient="79990000009", network_time=1.0),), slot_wait_s=600) as w:
        await w.send("slow", "79990000009", to_sim=1)
        other = await w.send("other", to_sim=2)
        here = [await w.send(f"{number}", to_sim=1) for number in range(20)]
        for id in (*here, other):
            await w.reaches(id, 4)
        assert w.virtual.network.messages[-1].text == "other"


async def test_a_modem_with_nothing_to_do_comes_back_to_its_first_slot(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        await w.reaches(await w.send("elsewhere", to_sim=2), 4)
        await slot_is(w, 1)


async def test_a_report_for_the_other_sim_counts_when_that_is_in_use_again(tmp_path: Path) -> None:
    async with dual(tmp_path, rules=(Rule(recipient="79990000002", report_delay=0.3),)) as w:
        late = await w.send("late report", "79990000002", to_sim=2)
        await w.reaches(late, 2)
        await slot_is(w, 1)
        assert (await w.message(late))["status"] == 2
        await w.send("again", to_sim=2)
        await w.reaches(late, 4)


async def test_a_sim_at_its_limit_lets_the_other_one_send_what_may_go_through_any(tmp_path: Path) -> None:
    sims = (SimConfig(slot=1, per_day=3), SimConfig(slot=2))
    async with dual(tmp_path, sims=sims) as w:
        for id in [await w.send(f"{number}") for number in range(5)]:
            await w.reaches(id, 4)
        assert Counter(slot for slot, _ in sent_from(w).elements()) == {1: 3, 2: 2}


async def test_what_one_sim_may_not_send_the_other_one_sends(tmp_path: Path) -> None:
    barred = "79990000010"
    rules = (Rule(recipient=barred, nth=1, error="+CMS ERROR: 8"),)
    async with dual(tmp_path, rules=rules) as w:
        await w.send("so that both are known", to_sim=2)
        await slot_is(w, 2)
        await slot_is(w, 1)
        await w.reaches(await w.send("barred once", barred), 4)
        assert sent_from(w)[2, "barred once"] == 1


async def test_a_gateway_that_starts_again_goes_on_with_the_sim_that_was_in_use(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=DUAL) as virtual:
        modem = ModemConfig(name="dual", port=str(virtual.paths[0]), slot_stay_s=600, sims=SIMS[::-1])
        config = replace(configure(tmp_path, virtual.paths), modems=(modem,))
        async with running(config, virtual, PACE) as w:
            await w.reaches(await w.send("from the home slot", to_sim=2), 4)
        modem = replace(modem, sims=SIMS)
        async with running(replace(config, modems=(modem,)), virtual, PACE) as w:
            await slot_is(w, 2)
            await w.reaches(await w.send("the same again"), 4)
            assert sent_from(w) == {(2, "from the home slot"): 1, (2, "the same again"): 1}


async def test_a_sim_that_may_not_roam_leaves_it_to_the_one_that_may(tmp_path: Path) -> None:
    sims = (SimConfig(slot=1, roaming=False), SimConfig(slot=2))
    async with dual(tmp_path, sims=sims) as w:
        w.virtual.fault(0, "deregister", stat=5)
        assert "may not send" in (await w.device_in_state("registering"))["error"]
        stays = await w.send("at home only", to_sim=1)
        await w.reaches(await w.send("abroad"), 4)
        assert (await w.message(stays))["status"] == 0
        w.virtual.fault(0, "register")
        await w.reaches(stays, 4)
        assert sent_from(w) == {(2, "abroad"): 1, (1, "at home only"): 1}


async def test_each_sim_has_its_own_pin(tmp_path: Path) -> None:
    profile = replace(DUAL, slot_pins=("1111", "2222"))
    sims = (SimConfig(slot=1, pin="1111"), SimConfig(slot=2, pin="2222"))
    async with dual(tmp_path, profile=profile, sims=sims) as w:
        for slot in (1, 2, 1):
            await w.reaches(await w.send(f"to {slot}", to_sim=slot), 4)
        assert [sim.pin_tries for sim in w.virtual.modems[0].state.sims] == [3, 3]


async def test_a_slot_without_a_sim_keeps_nobody_from_the_other_one(tmp_path: Path) -> None:
    async with dual(tmp_path, profile=replace(DUAL, empty_slots=(2,))) as w:
        waiting = await w.send("nobody is there", to_sim=2)
        for number in range(5):
            await w.reaches(await w.send(f"{number}", to_sim=1), 4)
        assert (await w.message(waiting))["status"] == 0


async def test_a_locked_sim_keeps_nobody_from_the_other_one_and_is_told_of(tmp_path: Path) -> None:
    profile = replace(DUAL, slot_pins=(None, "2222"))
    async with dual(tmp_path, profile=profile) as w:
        waiting = await w.send("locked", to_sim=2)

        await told(w, "SIM slot 2: the SIM wants its PIN")
        await w.reaches(await w.send("here"), 4)
        assert (await w.message(waiting))["status"] == 0


async def test_a_modem_that_says_afterwards_that_it_has_not_turned_sends_nothing(tmp_path: Path) -> None:
    async with dual(tmp_path, profile=replace(DUAL, ignores_slots=True)) as w:
        waiting = await w.send("from the other", to_sim=2)
        await told(w, "goes on with slot 1")
        await w.reaches(await w.send("from the first"), 4)
        assert (await w.message(waiting))["status"] == 0
        assert sent_from(w) == {(1, "from the first"): 1}


async def test_no_pin_of_one_sim_is_entered_into_another(tmp_path: Path) -> None:
    """The modem says that it has turned, and has only started the same SIM again."""
    profile = replace(DUAL, slot_query=("+QUIMSLOT?", ("+QUIMSLOT: 1", "+QUIMSLOT: 1")), slot_pins=("1111", "2222"))
    profile = replace(profile, slot_commands=("^SIMSLOT=0", "^SIMSLOT=1"))
    sims = (SimConfig(slot=1, pin="1111"), SimConfig(slot=2, pin="2222"))
    async with dual(tmp_path, profile=profile, sims=sims, slot_command="AT^SIMSLOT={slot0}") as w:
        await w.reaches(await w.send("here", to_sim=1), 4)
        state = w.virtual.modems[0].state
        state.use_slot = lambda slot: state.change(state.sim.power_cycle)  # type: ignore[method-assign]
        await w.send("for the other", to_sim=2)
        await told(w, "the SIM that answers was in slot 1")
        assert [sim.pin_tries for sim in state.sims] == [3, 3]


async def test_sims_that_were_moved_are_taken_once_somebody_says_so(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        for slot in (1, 2):
            await w.reaches(await w.send(f"to {slot}", to_sim=slot), 4)
        await slot_is(w, 1)
        w.virtual.modems[0].state.sims.reverse()
        w.virtual.fault(0, "reboot")

        async def refused() -> bool:
            (device,) = await w.devices()
            return "if it was moved, switch the device off and on" in (device["error"] or "")

        await until(refused, "the SIMs in the wrong slots are told of")
        (id,) = await w.device_ids()
        for active, state in ((False, "disabled"), (True, "ready")):
            async with w.client.post(f"{w.url}/devices/edit", json={"device_id": id, "is_active": active}) as answer:
                assert answer.status == 204
            await w.device_in_state(state)
        await w.reaches(await w.send("moved", to_sim=2), 4)
        assert sent_from(w)[2, "moved"] == 1


async def test_a_locked_sim_waits_for_one_that_was_only_absent(tmp_path: Path) -> None:
    profile = replace(DUAL, empty_slots=(1,), slot_pins=(None, "2222"))
    async with VirtualModems(tmp_path, profile=profile) as virtual:
        modem = ModemConfig(name="dual", port=str(virtual.paths[0]), sims=SIMS, slot_stay_s=0, slot_wait_s=0)
        config = replace(configure(tmp_path, virtual.paths), modems=(modem,))
        async with running(config, virtual, replace(PACE, slot_refused_s=0.5)) as w:

            async def both_told() -> bool:
                (device,) = await w.devices()
                return "SIM slot 1: no SIM" in (device["error"] or "") and "slot 2: the SIM wants" in device["error"]

            await until(both_told, "both slots are told of")
            virtual.modems[0].state.sims[0].is_inserted = True
            await w.reaches(await w.send("inserted", to_sim=1), 4)


async def test_a_sim_that_comes_late_into_the_only_slot_leaves_no_fault_behind(tmp_path: Path) -> None:
    async with (
        VirtualModems(tmp_path, profile=Profile(empty_slots=(1,))) as virtual,
        running(configure(tmp_path, virtual.paths), virtual, PACE) as w,
    ):

        async def absent() -> bool:
            return "no SIM" in ((await w.devices())[0]["error"] or "")

        await until(absent, "the absent SIM is told of")
        virtual.modems[0].state.sims[0].is_inserted = True
        assert (await w.device_in_state("ready"))["error"] is None


STORED_REPORTS = replace(DUAL, cnmi_refused=frozenset({(3, 1)}))


async def test_no_report_for_one_sim_is_taken_for_one_for_the_other(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000007", reports=()),)
    async with dual(tmp_path, profile=STORED_REPORTS, rules=rules) as w:
        never = await w.send("never reported on", "79990000007", to_sim=1)
        await w.reaches(never, 2)
        await w.reaches(await w.send("other", "79990000009", to_sim=2), 4)
        await slot_is(w, 1)
        assert (await w.message(never))["status"] == 2


async def test_a_report_that_came_during_the_last_message_before_a_turn_counts(tmp_path: Path) -> None:
    rules = (
        Rule(recipient="79990000007", report_delay=0.3),
        Rule(recipient="79990000009", network_time=1.0),
    )
    async with dual(tmp_path, profile=STORED_REPORTS, rules=rules, slot_wait_s=600) as w:
        first = await w.send("first", "79990000007", to_sim=1)
        last = await w.send("last", "79990000009", to_sim=1)
        other = await w.send("other", to_sim=2)
        for id in (other, first, last):
            await w.reaches(id, 4)


async def test_a_long_queue_for_one_sim_does_not_keep_the_modem_from_turning(tmp_path: Path) -> None:
    # Nothing else comes between two messages: neither reports, nor a look at the network or the stores.
    rules, pace = (Rule(network_time=0.02, report_delay=600.0),), replace(PACE, watch_s=600.0, list_s=600.0)
    async with dual(tmp_path, rules=rules, pace=pace, slot_wait_s=600) as w:
        bulk = [await w.send(f"bulk {number}", to_sim=1) for number in range(150)]
        await w.reaches(await w.send("urgent", to_sim=2, priority=9), 2)
        assert (await w.message(bulk[-1]))["status"] == 0


async def test_a_command_from_the_configuration_turns_a_modem_of_no_known_family(tmp_path: Path) -> None:
    profile = Profile(slot_commands=("^SIMSLOT=0", "^SIMSLOT=1"))
    async with dual(tmp_path, profile=profile, slot_command="AT^SIMSLOT={slot0}") as w:
        for slot in (2, 1):
            await w.reaches(await w.send(f"to {slot}", to_sim=slot), 4)
        assert sent_from(w) == {(1, "to 1"): 1, (2, "to 2"): 1}


@pytest.mark.parametrize("error", [CmsError(302), CmsError(314), CmsError(500)], ids=lambda error: str(error.code))
async def test_a_modem_that_lists_nothing_without_its_radio_turns_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: CmsError
) -> None:
    entry = COMMANDS["+CMGL"]

    def listing(device: Device, command: Command) -> Answer:
        if device.state.settings.cfun == 4:
            raise error
        return entry.handler(device, command)

    monkeypatch.setitem(COMMANDS, "+CMGL", replace(entry, handler=listing))
    async with dual(tmp_path) as w:
        await w.reaches(await w.send("from the other", to_sim=2), 4)


async def test_a_gateway_that_stops_in_the_middle_of_a_turn_leaves_the_radio_on(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        await w.send("from the other", to_sim=2)
        settings = w.virtual.modems[0].state.settings

        async def is_off() -> bool:
            return settings.cfun != 1

        await until(is_off, "the radio off for the turn")
    assert settings.cfun == 1


async def test_a_slot_without_a_sim_leaves_no_recordings(tmp_path: Path) -> None:
    async with dual(tmp_path, profile=replace(DUAL, empty_slots=(2,))) as w:
        await w.send("nobody is there", to_sim=2)
        await told(w, "SIM slot 2: no SIM")
        await w.reaches(await w.send("here"), 4)
    assert list((tmp_path / "recordings").glob("*")) == []
