"""A module that uses both of its SIMs at once, each at a tty of its own: one device, and neither harms the other."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dual import (
    MOMENT,
    SENDER,
    SLOW,
    both_in_use,
    device,
    dual,
    inbox_of,
    keep_copy,
    nobody_is_there,
    on_the_wire,
    put_copy_back,
    rows,
    sent_from,
    served,
    shows,
    switch,
    ttys,
)
from simmodem import GENERIC, Rule
from simmodem.deliver import build_deliver
from simmodem.network import SERVICE_CENTRE
from world import sent, until

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
