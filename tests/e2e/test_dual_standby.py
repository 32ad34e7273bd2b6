"""A module that uses both of its SIMs at once, each at a tty of its own: one device, and neither harms the other."""

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simmodem import GENERIC, Profile, Rule, VirtualModems
from simmodem.command import Command
from simmodem.deliver import build_deliver
from simmodem.device import Answer, Device
from simmodem.equipment import CmeError
from simmodem.modem import COMMANDS
from simmodem.network import SERVICE_CENTRE
from smsgw.config import ModemConfig, SimConfig
from smsgw.modem.link import Link
from smsgw.policy.ladder import Rung
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.waiting import happens_within
from world import BRISK, IMPATIENT, World, configure, running, sent, until

SLOW, SENDER = "79990000009", "+79990000001"
TAKES_A_SECOND = (Rule(recipient=SLOW, network_time=1.0),)
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIMS = ({"name": "Operator A"}, {})


@asynccontextmanager
async def ttys(folder: Path, *, profile: Profile | list[Profile] = GENERIC, rules: tuple[Rule, ...] = ()) -> Any:
    async with VirtualModems(folder, 2, profile=profile, rules=rules) as virtual:
        yield virtual


def box(virtual: VirtualModems, sims: tuple[dict[str, Any], ...] = SIMS, **of_modem: Any) -> ModemConfig:
    places = zip(range(1, 3), virtual.paths, sims, strict=True)
    found = tuple(SimConfig(slot=slot, port=str(path), **settings) for slot, path, settings in places)
    return ModemConfig(name="box", sims=found, **of_modem)


@asynccontextmanager
async def served(
    folder: Path,
    virtual: VirtualModems,
    *,
    pace: Pace = BRISK,
    sims: tuple[dict[str, Any], ...] = SIMS,
    sending: dict[str, Any] | None = None,
    **of_modem: Any,
) -> AsyncIterator[World]:
    config = replace(configure(folder, virtual.paths, **(sending or {})), modems=(box(virtual, sims=sims, **of_modem),))
    async with running(config, virtual, pace) as w:
        yield w


@asynccontextmanager
async def dual(
    folder: Path,
    *,
    profile: Profile | list[Profile] = GENERIC,
    rules: tuple[Rule, ...] = TAKES_A_SECOND,
    **settings: Any,
) -> AsyncIterator[World]:
    """Open a world with one module whose SIMs are both in use."""
    async with ttys(folder, profile=profile, rules=rules) as virtual, served(folder, virtual, **settings) as w:
        await both_in_use(w)
        yield w


async def device(w: World) -> dict[str, Any]:
    (only,) = await w.devices()
    return only


async def shows(w: World, what: str, is_shown: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Wait until the device shows something and return it."""

    async def there() -> dict[str, Any] | None:
        shown = await device(w)
        return shown if is_shown(shown) else None

    try:
        found: dict[str, Any] = await until(there, what)
    except AssertionError as error:
        raise AssertionError(f"{error}; it shows {await device(w)}") from None
    return found


async def both_in_use(w: World) -> None:
    async def well() -> bool:
        async with w.client.get(f"{w.url}/health") as response:
            return bool((await response.json())["status"] == "ok")

    await until(well, "both SIMs able to send")


async def inbox_of(w: World, number: int) -> dict[str, str]:
    """Wait for so many messages in the inbox and return their SIMs by their texts."""

    async def there() -> dict[str, str] | None:
        found = {one["message"]: one["sim"] for one in (await w.get_json("/inbox?limit=9&offset=1"))["inbox_list"]}
        return found if len(found) == number else None

    arrived: dict[str, str] = await until(there, f"{number} in the inbox")
    return arrived


async def on_the_wire(w: World, id: str) -> None:
    async def there() -> bool:
        return bool((await w.detail(id))["parts"][0]["state"] == "submitting")

    await until(there, f"{id} on the wire")


def sent_from(w: World) -> Counter[tuple[int, str]]:
    slots = {modem.iccid: number for number, modem in enumerate(w.virtual.modems, 1)}
    return Counter((slots[message.iccid], message.text) for message in w.virtual.network.messages)


def rows(folder: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return [row[0] for row in connection.execute(sql)]


def listen(w: World) -> list[tuple[int, str]]:
    """Note from now on which whole lines reach which tty."""
    heard: list[tuple[int, str]] = []

    def listen_at(tty: int) -> None:
        modem = w.virtual.modems[tty]
        feed = modem.feed

        def noting(data: bytes) -> None:
            heard.extend((tty, line) for line in data.decode("latin-1").split("\r") if line)
            feed(data)

        modem.feed = noting  # type: ignore[method-assign]

    for tty in (0, 1):
        listen_at(tty)
    return heard


async def falls_silent(heard: list[tuple[int, str]], tty: int, after: str) -> bool:
    """Tell whether nothing more reaches a tty that has had this line."""
    so_far = [line for at, line in heard if at == tty]
    await happens_within(asyncio.Event(), 0.3)
    return after in so_far and len(so_far) == len([line for at, line in heard if at == tty])


async def switch(w: World, id: str, is_active: bool) -> None:
    async with w.client.post(f"{w.url}/devices/edit", json={"device_id": id, "is_active": is_active}) as response:
        assert response.status == 204


async def nobody_is_there(w: World) -> bool:
    """Tell whether only the simulation has its ttys open, once each."""
    names = open_files()
    return all(names.count(w.virtual.device(index)) == 1 for index in (0, 1))


def open_files() -> list[str]:
    return [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]


def keep_copy(folder: Path) -> None:
    """Copy the database as a kill would leave it."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as source, closing(sqlite3.connect(folder / "kept")) as target:
        source.backup(target)


def put_copy_back(folder: Path) -> None:
    for leftover in folder.glob("smsgw.db*"):
        leftover.unlink()
    (folder / "kept").rename(folder / "smsgw.db")


# ── one device ──


async def test_two_ttys_of_a_module_are_one_device_with_two_slots(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        shown = await device(w)
        assert shown["device_name"] == "box"
        assert shown["sim_list"] == [
            {"slot_index": 1, "display_name": "Operator A"},
            {"slot_index": 2, "display_name": "SIM 2"},
        ]
        assert (shown["state"], shown["to_sim"], shown["slot"], shown["error"]) == ("ready", 1, None, None)
        assert (shown["registration"], shown["signal_dbm"]) == ("home", -73)
        assert shown["last_online_date"]
        assert (await w.get_json("/health"))["reasons"] == []


async def test_the_imei_is_that_of_the_first_sim_whichever_answers_last(tmp_path: Path) -> None:
    async with ttys(tmp_path) as virtual:
        virtual.fault(0, "unplug")
        async with served(tmp_path, virtual) as w:
            assert (await shows(w, "one in use", lambda d: d["slot"] == 2))["imei"] is None
            virtual.fault(0, "replug")
            await both_in_use(w)
            assert (await device(w))["imei"] == virtual.modems[0].imei


async def test_messages_go_out_of_the_sim_they_ask_for_at_the_same_time(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        first, second = [await w.send(f"to {slot}", SLOW, to_sim=slot) for slot in (1, 2)]

        async def both() -> bool:
            parts = [(await w.detail(id))["parts"][0]["state"] for id in (first, second)]
            return parts == ["submitting", "submitting"]

        await until(both, "both on the wire")
        assert (await device(w))["state"] == "sending"
        for id, modem in zip((first, second), w.virtual.modems, strict=True):
            await w.reaches(id, 4)
            assert (await w.detail(id))["sim"] == modem.iccid
        assert sent_from(w) == {(1, "to 1"): 1, (2, "to 2"): 1}


async def test_what_any_sim_may_send_is_shared_by_both(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        for id in [await w.send(f"{number}", SLOW) for number in range(4)]:
            await w.reaches(id, 4)
        assert Counter(slot for slot, _ in sent_from(w)) == {1: 2, 2: 2}
        assert sent(w) == {f"{number}": 1 for number in range(4)}


async def test_a_sim_at_its_limit_leaves_the_rest_to_the_other(tmp_path: Path) -> None:
    async with dual(tmp_path, sims=({"per_day": 1}, {})) as w:
        await w.reaches(await w.send("the only one", to_sim=1), 4)
        for id in [await w.send(f"{number}") for number in range(3)]:
            await w.reaches(id, 4)
        assert Counter(slot for slot, _ in sent_from(w).elements()) == {1: 1, 2: 3}


async def test_what_comes_in_is_of_the_sim_that_it_was_sent_to(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        for index in (0, 1):
            w.virtual.incoming(index, SENDER, f"to {index + 1}")

        assert await inbox_of(w, 2) == {f"to {number}": modem.iccid for number, modem in enumerate(w.virtual.modems, 1)}


async def test_reports_with_the_same_reference_find_the_message_of_their_own_sim(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000001", reports=(0x46,)), Rule(recipient="79990000002", report_delay=0.3))
    async with dual(tmp_path, rules=rules) as w:
        first = await w.send("fails", "79990000001", to_sim=1)
        second = await w.send("arrives", "79990000002", to_sim=2)
        await w.reaches(first, 5)
        await w.reaches(second, 4)
        references = [(await w.detail(id))["parts"][0]["attempts"][0]["reference"] for id in (first, second)]
        assert references[0] == references[1]


async def test_a_code_is_dialled_by_the_sim_that_is_asked_for_or_else_by_the_first(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        id = (await device(w))["device_id"]
        told = [
            (await w.post("/devices/ussd", {"device_id": id, "code": "*100#", **asked}))["to_sim"]
            for asked in ({}, {"to_sim": 1}, {"to_sim": 2})
        ]
        assert told == [1, 1, 2]


async def test_a_reply_reaches_the_sim_whose_session_it_names(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        id = (await device(w))["device_id"]
        menu = await w.post("/devices/ussd", {"device_id": id, "code": "*111#", "to_sim": 2})
        assert (menu["state"], menu["to_sim"]) == ("needs_reply", 2)
        over = await w.post("/devices/ussd", {"device_id": id, "session": menu["session"], "cancel": True})
        assert (over["state"], over["to_sim"]) == ("cancelled", 2)


# ── one SIM in trouble ──


async def test_one_tty_vanishes_and_the_other_goes_on(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        w.virtual.fault(0, "unplug")
        shown = await shows(w, "the fault of one SIM", lambda d: "SIM slot 1: " in (d["error"] or ""))
        assert shown["state"] == "ready"
        assert "SIM slot 2" not in shown["error"]
        assert (await shows(w, "the other in use", lambda d: d["slot"] == 2))["operator"]
        health = await w.get_json("/health")
        assert health["status"] == "degraded"
        assert [reason.startswith("SIM-карта 1 устройства box: ") for reason in health["reasons"]] == [True]
        waiting = await w.send("waits for its SIM", to_sim=1)
        for id in [await w.send(f"{number}") for number in range(3)]:
            await w.reaches(id, 4)
        assert Counter(slot for slot, _ in sent_from(w)) == {2: 3}
        w.virtual.fault(0, "replug")
        await w.reaches(waiting, 4)
        await both_in_use(w)


async def test_with_no_sim_in_use_the_device_cannot_send_and_tells_why_of_each(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        for index in (0, 1):
            w.virtual.fault(index, "unplug")
        shown = await shows(w, "both faults", lambda d: all(f"SIM slot {n}: " in (d["error"] or "") for n in (1, 2)))
        assert shown["state"] not in ("ready", "sending")


async def test_a_defect_in_one_worker_leaves_what_the_other_has_on_the_wire_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError("a defect nobody knows of")

    async with dual(tmp_path) as w:
        busy = await w.send("on the wire", SLOW, to_sim=1)
        await on_the_wire(w, busy)
        monkeypatch.setattr("smsgw.scheduler.hearing._report", broken)
        struck = await w.send("meets the defect", to_sim=2)
        await shows(w, "the defect", lambda d: "SIM slot 2: internal error (ZeroDivisionError)" in (d["error"] or ""))
        assert [part["state"] for part in (await w.detail(busy))["parts"]] == ["submitting"]
        await w.reaches(struck, 2)
        for id in (busy, await w.send("after", to_sim=2)):
            await w.reaches(id, 4)
        assert (await w.detail(busy))["parts"][0]["attempts"][0]["outcome"] == "accepted"
        assert sent_from(w) == {(1, "on the wire"): 1, (2, "meets the defect"): 1, (2, "after"): 1}


async def test_a_pin_that_one_sim_refuses_keeps_the_other_from_nothing(tmp_path: Path) -> None:
    profiles = [replace(GENERIC, sim_pin="1111"), replace(GENERIC, sim_pin="2222")]
    sims = ({"pin": "1111"}, {"pin": "9999"})
    async with ttys(tmp_path, profile=profiles) as virtual, served(tmp_path, virtual, sims=sims) as w:
        shown = await shows(w, "the refused PIN", lambda d: d["state"] == "ready" and "SIM slot 2: " in str(d["error"]))
        assert "PIN" in shown["error"]
        await w.reaches(await w.send("goes on", to_sim=1), 4)
        assert [modem.state.sim.pin_tries for modem in virtual.modems] == [3, 2]


# ── stops, switches ──


async def test_parts_that_were_on_both_wires_at_a_kill_are_in_doubt_and_each_is_proved_by_its_own_sim(
    tmp_path: Path,
) -> None:
    # The reports come when the gateway that was killed is up again.
    async with ttys(tmp_path, rules=(Rule(network_time=0.7, report_delay=3.0),)) as virtual:
        async with served(tmp_path, virtual) as w:
            await both_in_use(w)
            ids = [await w.send(f"from {slot}", to_sim=slot) for slot in (1, 2)]
            for id in ids:
                await on_the_wire(w, id)
            holders = rows(tmp_path, "SELECT holder FROM messages ORDER BY seq")
            name = (await device(w))["device_id"]
            assert holders == [f"{name}/1", f"{name}/2"]
            keep_copy(tmp_path)
        put_copy_back(tmp_path)
        async with served(tmp_path, virtual) as w:
            for id, modem in zip(ids, virtual.modems, strict=True):
                await w.reaches(id, 4)
                detail = await w.detail(id)
                assert "outcome_unknown" in [entry["reason"] for entry in detail["timeline"]]
                assert detail["parts"][0]["attempts"][0]["sim"] == modem.iccid
            assert sent_from(w) == {(1, "from 1"): 1, (2, "from 2"): 1}


async def test_what_each_has_handed_over_before_a_kill_stays_with_its_sim(tmp_path: Path) -> None:
    async with ttys(tmp_path) as virtual:
        async with served(tmp_path, virtual) as w:
            await both_in_use(w)
            id = (await device(w))["device_id"]
        with closing(sqlite3.connect(tmp_path / "smsgw.db")) as connection, connection:
            for slot in (1, 2):
                (pdu,) = build_deliver(SENDER, f"handed over {slot}", smsc=SERVICE_CENTRE, moment=MOMENT, reference=0)
                connection.execute("INSERT INTO handed_over (device, pdu) VALUES (?, ?)", (f"{id}/{slot}", pdu))
        async with served(tmp_path, virtual) as w:
            assert await inbox_of(w, 2) == {f"handed over {n}": m.iccid for n, m in enumerate(virtual.modems, 1)}
        assert rows(tmp_path, "SELECT pdu FROM handed_over") == []


async def test_a_device_that_is_switched_off_rests_both_sims_until_it_is_switched_on(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        id = (await device(w))["device_id"]
        await switch(w, id, False)
        await shows(w, "switched off", lambda d: d["state"] == "disabled")
        await until(lambda: nobody_is_there(w), "both ports closed")
        await switch(w, id, True)
        await both_in_use(w)
        for slot in (1, 2):
            await w.reaches(await w.send("on again", to_sim=slot), 4)


async def test_deleting_the_device_stops_both_workers_and_frees_both_ports(tmp_path: Path) -> None:
    async with dual(tmp_path) as w:
        id = (await device(w))["device_id"]
        async with w.client.post(f"{w.url}/devices/del", json={"device_id": id}) as response:
            assert response.status == 204
        assert await w.devices() == []
        await until(lambda: nobody_is_there(w), "both ports closed")


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
    tmp_path: Path, bring_ups: list[Link], monkeypatch: pytest.MonkeyPatch
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
