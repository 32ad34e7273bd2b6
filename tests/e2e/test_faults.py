"""What goes wrong in the field, end to end: nothing is lost, nothing doubled, and the gateway comes back by itself."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simmodem import Profile, Rule, Smss, VirtualModems
from simmodem.deliver import build_deliver
from simmodem.network import SERVICE_CENTRE
from simmodem.storage import Status
from smsgw.gateway.devices import Devices
from smsgw.modem.link import Link
from smsgw.waiting import happens_within
from world import BRISK, IMPATIENT, World, configure, running, sent, until, world

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENDING_ONE_S = (Rule(network_time=1.0),)


def kept(folder: Path) -> list[bytes]:
    """Read the incoming TPDUs that the gateway has stored."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return [row[0] for row in connection.execute("SELECT pdu FROM inbound_parts")]


async def test_a_modem_that_falls_silent_after_taking_a_message_never_makes_it_two(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(reports=()),), pace=IMPATIENT, uncertain_after_s=1) as w:
        w.virtual.fault(0, "mute_after_ctrl_z")
        id = await w.send("once")
        await w.reaches(id, 3)
        assert (await w.detail(id))["error"]["reason"] == "outcome_unknown"
        assert [part["state"] for part in (await w.detail(id))["parts"]] == ["failed"]
        assert sent(w) == {"once": 1}


async def test_a_report_that_came_during_a_send_that_failed_is_not_lost(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000001", report_delay=0.2),)
    async with world(tmp_path, rules=rules, pace=IMPATIENT, uncertain_after_s=60) as w:
        first = await w.send("first", "79990000001")
        await w.reaches(first, 2)
        w.virtual.fault(0, "lose_after_ctrl_z")
        await w.send("second", "79990000002")
        await w.reaches(first, 4)


async def test_a_report_that_came_while_the_gateway_stopped_is_not_lost(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000001", report_delay=0.5), Rule(recipient="79990000002", network_time=1.0))
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), report_delay=(0.0, 0.0), rules=rules) as virtual:
        config = configure(tmp_path, virtual.paths)
        async with running(config, virtual) as w:
            await w.all_ready()
            first = await w.send("first", "79990000001")
            await w.reaches(first, 2)
            await w.send("second", "79990000002")
            await w.device_in_state("sending")
        async with running(config, virtual) as w:
            await w.reaches(first, 4)


async def test_a_result_is_stored_even_if_the_storage_is_held_while_the_gateway_stops(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1, rules=SENDING_ONE_S, report_delay=(0.0, 0.0)) as virtual:
        config = configure(tmp_path, virtual.paths)
        async with running(config, virtual) as w:
            await w.all_ready()
            id = await w.send("once")
            await w.device_in_state("sending")
            holder = sqlite3.connect(tmp_path / "smsgw.db", isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            # Longer than SQLite waits by itself.
            asyncio.get_running_loop().call_later(7, holder.close)
        async with running(config, virtual) as w:
            await w.reaches(id, 4)
            assert (await w.detail(id))["parts"][0]["attempts"][0]["detail"] == ""
        assert Counter(message.text for message in virtual.network.messages) == {"once": 1}


@pytest.mark.parametrize("state", ["ready", "locked"])
async def test_a_device_may_be_switched_off_and_on_again_at_any_pace(tmp_path: Path, state: str) -> None:
    profile = Profile(sim_pin="1234" if state == "locked" else None)
    async with (
        VirtualModems(tmp_path, 2, network_time=(0.0, 0.0), profile=profile) as virtual,
        running(configure(tmp_path, virtual.paths), virtual) as w,
    ):
        await w.device_in_state(state)
        device = (await w.device_ids())[0]
        for _ in range(5):
            for on in (False, True):
                body = {"device_id": device, "is_active": on}
                async with w.client.post(f"{w.url}/devices/edit", json=body) as answer:
                    assert answer.status == 204
            await w.device_in_state(state)


async def test_a_line_that_is_no_pdu_is_kept_as_it_came_and_harms_nobody(tmp_path: Path) -> None:
    odd = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD0"
    async with world(tmp_path, rules=SENDING_ONE_S) as w:
        w.virtual.fault(0, "interject", lines=["+CMT: ,38", odd], after=0)
        await w.reaches(await w.send("meanwhile"), 4)
        assert odd.encode() in kept(tmp_path)


async def test_a_defect_costs_one_modem_its_session_and_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError("a defect nobody knows of")

    async with world(tmp_path, rules=(Rule(report_delay=1.0),)) as w:
        id = await w.send("once")
        await w.reaches(id, 2)
        monkeypatch.setattr("smsgw.scheduler.hearing._report", broken)

        async def told() -> bool:
            return "ZeroDivisionError" in str((await w.devices())[0]["error"])

        await until(told, "the defect on the board")
        await w.reaches(await w.send("after"), 4)
        assert sent(w) == {"once": 1, "after": 1}


@pytest.mark.parametrize("line", ['+CMTI: "MT",1', '+CMTI: "S",1', '+CDSI: "BM",3', '+CREG: 2,5,"00C3'])
async def test_odd_news_does_not_end_the_session(tmp_path: Path, bring_ups: list[Link], line: str) -> None:
    async with world(tmp_path, rules=(Rule(recipient="79990000002", network_time=0.5),)) as w:
        w.virtual.fault(0, "interject", lines=[line], after=0)
        await w.reaches(await w.send("meanwhile"), 4)
        w.virtual.incoming(0, "+79990000000", "after the odd news")

        async def stored() -> bool:
            return len(kept(tmp_path)) == 1

        await until(stored, "the incoming message stored")
        assert len(bring_ups) == 1


async def test_a_refusal_of_unknown_cause_does_not_take_the_modem_away_at_once(
    tmp_path: Path, bring_ups: list[Link]
) -> None:
    async with world(tmp_path, rules=(Rule(recipient="79990000002", error="+CMS ERROR: 500"),)) as w:
        refused = await w.send("refused", "79990000002")

        async def tried() -> bool:
            return bool((await w.detail(refused))["attempts"])

        await until(tried, "the first attempt")
        await w.reaches(await w.send("accepted"), 4)
        assert len(bring_ups) == 1


async def test_an_address_that_is_no_host_name_is_told_and_tried_again(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as virtual:
        config = configure(tmp_path, virtual.paths)
        wrong = replace(config.modems[0], name="wrong", port="socket://192.168..1:4000")
        async with running(replace(config, modems=(*config.modems, wrong)), virtual) as w:

            async def told() -> bool:
                return "no host name" in str((await w.devices())[1]["error"])

            await until(told, "the wrong address on the board")
            await w.device_in_state("ready")


async def test_a_report_settles_the_doubt_about_a_silent_modem(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000002", report_delay=3.0),)
    async with world(tmp_path, pace=IMPATIENT, rules=rules, uncertain_after_s=60) as w:
        w.virtual.fault(0, "mute_after_ctrl_z")
        id = await w.send("once", "79990000002")
        await w.device_in_state("offline")
        w.virtual.fault(0, "unmute")
        await w.reaches(id, 4)
        assert sent(w) == {"once": 1}


async def test_an_answer_that_comes_after_the_modem_was_given_up_settles_the_doubt(tmp_path: Path) -> None:
    rules = (Rule(recipient="79990000002", network_time=3.0, reports=()),)
    waiting_long = replace(IMPATIENT, modem=replace(IMPATIENT.modem, probes=200))
    async with world(tmp_path, pace=waiting_long, rules=rules, uncertain_after_s=60) as w:
        id = await w.send("slow", "79990000002")
        await w.reaches(id, 2)
        attempts = (await w.detail(id))["parts"][0]["attempts"]
        assert [(attempt["outcome"], attempt["detail"]) for attempt in attempts] == [
            ("accepted", "proved by a late answer")
        ]
        await w.reaches(await w.send("after"), 4)
        assert sent(w) == {"slow": 1, "after": 1}


async def test_the_first_message_that_a_modem_loses_is_proved_not_sent_by_what_the_second_teaches(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, pace=IMPATIENT, uncertain_after_s=60) as w:
        w.virtual.fault(0, "lose_after_ctrl_z")
        lost, after = await w.send("lost at first"), await w.send("after")
        await w.reaches(lost, 4)
        await w.reaches(after, 4)
        assert sent(w) == {"lost at first": 1, "after": 1}


async def test_what_a_modem_lost_on_the_way_is_in_doubt_and_the_next_message_goes_out(tmp_path: Path) -> None:
    async with world(tmp_path, pace=IMPATIENT, uncertain_after_s=1) as w:
        w.virtual.fault(0, "reboot_mid_send")
        lost, after = await w.send("lost"), await w.send("after")
        await w.reaches(lost, 3)
        assert (await w.detail(lost))["error"]["reason"] == "outcome_unknown"
        await w.reaches(after, 4)
        assert sent(w)["after"] == 1


async def test_a_sim_that_has_not_counted_a_message_proves_that_nothing_left(tmp_path: Path) -> None:
    async with world(tmp_path, pace=IMPATIENT, uncertain_after_s=60) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "lose_after_ctrl_z")
        lost = await w.send("lost at first")
        await w.reaches(lost, 4)
        assert sent(w) == {"before": 1, "lost at first": 1}
        detail = await w.detail(lost)
        assert [attempt["outcome"] for attempt in detail["parts"][0]["attempts"]] == ["not_sent", "accepted"]
        assert detail["attempts"] == 0


async def test_after_a_restart_of_the_modem_the_count_of_the_sim_proves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, pace=IMPATIENT, uncertain_after_s=2) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "reboot_mid_send")
        await w.reaches(await w.send("in doubt"), 3)
        assert sent(w) == {"before": 1}


async def test_a_sim_that_has_counted_a_message_proves_only_that_it_left(tmp_path: Path) -> None:
    async with world(tmp_path, pace=IMPATIENT, uncertain_after_s=2) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "lose_after_ctrl_z", reaches_network=True)
        lost, after = await w.send("lost on the air"), await w.send("after")
        await w.reaches(lost, 3)
        await w.reaches(after, 4)
        assert sent(w) == {"before": 1, "after": 1}


async def test_a_long_message_whose_first_part_is_known_to_have_left_arrives_whole(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(reports=()),), pace=IMPATIENT, uncertain_after_s=2) as w:
        await w.reaches(await w.send("before"), 2)
        w.virtual.fault(0, "reboot_mid_send", reaches_network=True)
        text = "long " * 60
        id = await w.send(text)
        await w.reaches(id, 3)
        assert (await w.detail(id))["error"]["reason"] == "outcome_unknown"
        assert sent(w) == {"before": 1, text: 1}


@pytest.mark.parametrize("smss", [Smss.STALE, Smss.MISSING])
async def test_a_sim_that_counts_nothing_proves_nothing(tmp_path: Path, smss: Smss) -> None:
    async with world(tmp_path, pace=IMPATIENT, profile=Profile(smss=smss), uncertain_after_s=2) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "lose_after_ctrl_z")
        await w.reaches(await w.send("in doubt"), 3)
        await w.reaches(await w.send("after"), 4)
        assert sent(w) == {"before": 1, "after": 1}


async def test_a_record_that_stands_still_is_not_taken_for_one_that_has_moved(tmp_path: Path) -> None:
    async with world(tmp_path, pace=IMPATIENT, profile=Profile(smss=Smss.STALE), uncertain_after_s=1) as w:
        w.virtual.modems[0].state.sim.last_mr = 253  # the next answer is one less than what the record shows for ever
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "lose_after_ctrl_z")
        id = await w.send("long " * 60)
        await w.reaches(id, 3)
        assert [part["state"] for part in (await w.detail(id))["parts"]] == ["failed", "cancelled"]
        assert len(w.virtual.network.ledger) == 1


async def test_an_ok_without_a_reference_is_not_taken_for_success(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(reports=()),), pace=IMPATIENT, uncertain_after_s=1) as w:
        w.virtual.fault(0, "ok_only")
        id = await w.send("maybe")
        assert (await w.reaches(id, 3))["status"] == 3
        assert (await w.detail(id))["error"]["reason"] == "outcome_unknown"
        assert sent(w) == {"maybe": 1}


async def test_a_modem_that_is_unplugged_is_used_again_once_it_is_back(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.reaches(await w.send("before"), 4)
        w.virtual.fault(0, "unplug")
        offline = await w.device_in_state("offline")
        assert offline["error"]
        waiting = await w.send("during")
        assert (await w.message(waiting))["status"] == 0
        w.virtual.fault(0, "replug")
        await w.reaches(waiting, 4)
        assert sent(w) == {"before": 1, "during": 1}


async def test_another_modem_takes_over_when_one_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path, modems=2) as w:
        w.virtual.fault(0, "unplug")
        await w.device_in_state("offline", 0)
        ids = [await w.send(f"{n}") for n in range(10)]
        for id in ids:
            await w.reaches(id, 4)
        assert {message.modem for message in w.virtual.network.messages} == {1}


async def test_a_restarted_modem_is_set_up_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.virtual.fault(0, "reboot", down_s=0.2)
        id = await w.send("after the restart")
        await w.reaches(id, 4)
        assert sent(w) == {"after the restart": 1}


async def test_without_a_network_messages_wait_and_cost_no_attempt(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.virtual.fault(0, "deregister", stat=3)
        device = await w.device_in_state("registering")
        assert "refuses the SIM" in device["error"]
        id = await w.send("patient")
        assert (await w.message(id))["status"] == 0
        w.virtual.fault(0, "register")
        await w.reaches(id, 4)
        assert (await w.detail(id))["attempts"] == 0


async def test_a_modem_that_speaks_of_the_network_in_every_answer_is_not_asked_without_end(tmp_path: Path) -> None:
    rules = (Rule(report_delay=1.0),)
    lazy = replace(BRISK, watch_s=60.0, list_s=60.0, registration_s=0.5)
    async with world(tmp_path, rules=rules, pace=lazy, profile=Profile(chatter=("+CREG: 1",))) as w:
        asked: list[str] = []
        terminal = w.virtual.modems[0].terminal
        answer = terminal.on_line

        def noting(line: str) -> None:
            asked.append(line)
            answer(line)

        terminal.on_line = noting
        await w.reaches(await w.send("meanwhile"), 4)
        assert asked.count("+CREG?") <= 4


async def test_a_message_that_a_full_store_kept_from_leaving_pays_no_attempt(tmp_path: Path) -> None:
    profile = Profile(memories=(("ME", 3), ("SM", 1)), full_blocks_sending=True)
    async with world(tmp_path, profile=profile, pace=replace(BRISK, list_s=60.0)) as w:
        memory = w.virtual.modems[0].state.storage.receiving
        await w.reaches(await w.send("before"), 4)
        for text in ("one", "two", "three"):
            (pdu,) = build_deliver("Bank", text, smsc=SERVICE_CENTRE, moment=MOMENT, reference=0)
            memory.store(Status.UNREAD, pdu)
        id = await w.send("after the store was emptied")
        await w.reaches(id, 4)
        assert (await w.detail(id))["attempts"] == 0
        assert len(kept(tmp_path)) == 3


async def test_a_temporary_refusal_is_tried_again(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(nth=1, error="+CMS ERROR: 41"),)) as w:
        id = await w.send("second try")
        await w.reaches(id, 4)
        attempts = (await w.detail(id))["parts"][0]["attempts"]
        assert [attempt["outcome"] for attempt in attempts] == ["refused", "accepted"]
        assert sent(w) == {"second try": 1}


async def test_a_part_of_a_long_message_is_tried_again_with_the_same_reference(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(nth=2, error="+CMS ERROR: 41"),)) as w:
        text = "Часть за частью. " * 12
        id = await w.send(text)
        await w.reaches(id, 4)
        assert sent(w) == {text: 1}
        assert [entry.seq for entry in w.virtual.network.ledger] == [1, 2, 3, 4]


async def test_a_waiting_message_can_be_deleted_and_one_on_the_wire_cannot(tmp_path: Path) -> None:
    async with world(tmp_path, rules=SENDING_ONE_S) as w:
        on_the_wire, waiting = await w.send("on the wire"), await w.send("waiting")
        await w.reaches(on_the_wire, 1)
        assert await w.delete("/sms/del", {"id": on_the_wire}) == (400, 1010)
        assert await w.delete("/sms/del", {"id": waiting}) == (204, None)
        await w.reaches(on_the_wire, 4)
        assert await w.delete("/sms/del", {"id": on_the_wire}) == (204, None)
        assert sent(w) == {"on the wire": 1}


async def test_a_device_that_is_switched_off_finishes_its_part_and_sends_no_more(tmp_path: Path) -> None:
    async with world(tmp_path, rules=SENDING_ONE_S) as w:
        (device,) = await w.device_ids()
        first, second = await w.send("first"), await w.send("second")
        await w.reaches(first, 1)
        assert await switch(w, device, False) == 204
        await w.device_in_state("disabled")
        assert (await w.message(first))["status"] >= 2
        assert (await w.message(second))["status"] == 0
        assert await switch(w, device, True) == 204
        await w.reaches(second, 4)


async def switch(w: World, device: str, is_active: bool) -> int:
    body = {"device_id": device, "is_active": is_active}
    async with w.client.post(f"{w.url}/devices/edit", json=body) as response:
        return response.status


async def test_a_stop_waits_for_the_part_on_the_wire_and_the_next_start_sends_the_rest(tmp_path: Path) -> None:
    text = "Длинный текст. " * 20
    async with VirtualModems(tmp_path, 1, network_time=(0.5, 0.5)) as virtual:
        config = configure(tmp_path, virtual.paths)
        async with running(config, virtual) as w:
            await w.all_ready()
            id = await w.send(text)
            await until(lambda: seen(virtual), "the first part accepted")
        accepted = len(virtual.network.ledger)
        assert not virtual.network.messages
        async with running(config, virtual) as w:
            detail = await w.detail(id)
            states = [part["state"] for part in detail["parts"]]
            assert states.count("uncertain") == 0
            assert states.count("pending") == len(states) - accepted
            await until(lambda: complete(virtual), "the message complete")
    assert [message.text for message in virtual.network.messages] == [text]


async def seen(virtual: VirtualModems) -> bool:
    return bool(virtual.network.ledger)


async def complete(virtual: VirtualModems) -> bool:
    return bool(virtual.network.messages)


async def test_incoming_messages_are_stored_and_leave_the_sim(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.virtual.incoming(0, "+79990000000", "Входящее. " * 20)
        w.virtual.incoming(0, "Bank", "code")

        async def taken_over() -> bool:
            memories = w.virtual.modems[0].state.storage.memories.values()
            return not any(memory.listed(Status.ALL) for memory in memories) and len(kept(tmp_path)) == 4

        await until(taken_over, "four parts stored and deleted from the modem")
        await w.reaches(await w.send("still sending"), 4)


@pytest.mark.parametrize(
    "profile",
    [
        Profile(report_before_cmgs=True),
        Profile(duplicate_reports=True),
        Profile(national_ra=("7", "8")),
        Profile(cnmi_refused=frozenset({(3, 1)})),
        Profile(cnmi_refused=frozenset({(0, 2)}), echo=False, extra_crs=2, split_prompt=True),
        Profile(csms_default=1),
        Profile(constant_mr=0),
        Profile(answers_csim=False, sim_pin="1234", sim_busy_after_pin=3),
    ],
    ids=["early", "twice", "national", "stored", "mode 1", "acknowledged", "constant reference", "pin"],
)
async def test_messages_are_delivered_whatever_the_habits_of_the_modem(tmp_path: Path, profile: Profile) -> None:
    async with VirtualModems(tmp_path, 1, profile=profile, network_time=(0.0, 0.0)) as virtual:
        config = configure(tmp_path, virtual.paths)
        (modem,) = config.modems
        config = replace(config, modems=(replace(modem, sims=(replace(modem.sim, pin=profile.sim_pin or ""),)),))
        async with running(config, virtual) as w:
            ids = [await w.send(f"text {n}", f"7999000000{n}") for n in range(5)]
            for id in ids:
                await w.reaches(id, 4)
            assert sent(w) == {f"text {n}": 1 for n in range(5)}


async def test_a_refused_pin_is_never_entered_again_not_even_after_a_restart(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1, profile=Profile(sim_pin="1234")) as virtual:
        config = configure(tmp_path, virtual.paths)
        (modem,) = config.modems
        config = replace(config, modems=(replace(modem, sims=(replace(modem.sim, pin="9999"),)),))
        for _ in range(3):
            async with running(config, virtual) as w:
                device = await w.device_in_state("locked")
                assert "PIN" in device["error"]
                assert "9999" not in device["error"]
        assert virtual.modems[0].state.sim.pin_tries == 2


async def test_another_modem_than_the_configured_one_is_not_used(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as virtual:
        config = configure(tmp_path, virtual.paths)
        config = replace(config, modems=(replace(config.modems[0], imei="490154203237518"),))
        async with running(config, virtual) as w:
            device = await until(lambda: device_with_error(w), "an error told")
            assert "490154203237518" in device["error"]
            assert device["state"] in ("recovering", "offline", "opening", "initialising")


async def device_with_error(w: World) -> dict[str, str] | None:
    (device,) = await w.devices()
    return device if device["error"] else None


async def test_results_wait_for_a_full_disk_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    async with world(tmp_path, rules=SENDING_ONE_S) as w:
        id = await w.send("while the disk fills up")
        await w.reaches(id, 1)
        database = w.gateway._db
        pages = (await database.read("PRAGMA page_count"))[0][0]
        await database.write(lambda tx: tx.rows(f"PRAGMA max_page_count = {pages}"))
        codes = [await refused_code(w, "x" * 1_500) for _ in range(30)]
        assert 4004 in codes
        await database.write(lambda tx: tx.rows("PRAGMA max_page_count = 1000000"))
        await w.reaches(id, 4)
        assert sent(w)["while the disk fills up"] == 1


async def refused_code(w: World, message: str) -> int | None:
    body = {"message": message, "phone_number": "79991234567", "to_sim": 1}
    async with w.client.post(f"{w.url}/sms/send", json=body) as response:
        if response.status == 200:
            return None
        assert response.status == 503
        assert response.headers["Retry-After"]
        code: int = (await response.json())["errors"]["code"]
        return code


async def test_an_idle_gateway_puts_a_message_on_the_wire_without_waiting_for_a_timer(tmp_path: Path) -> None:
    lazy = replace(BRISK, watch_s=3_600.0, list_s=3_600.0, sweep_s=3_600.0)
    async with world(tmp_path, pace=lazy) as w:
        for n in range(5):
            await asyncio.wait_for(w.reaches(await w.send(f"{n}"), 4), 10)


async def test_a_message_that_came_while_the_modem_was_left_alone_is_sent_the_moment_that_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = "79990000001"
    ensure_active = Devices.ensure_active

    async def outlasting_the_hold(devices: Devices, id: str) -> None:
        await happens_within(asyncio.Event(), 2 * BRISK.hold_s)
        await ensure_active(devices, id)

    pace = replace(BRISK, watch_s=60.0, list_s=60.0)
    async with world(tmp_path, rules=(Rule(recipient=refused, error="+CMS ERROR: 331"),), pace=pace) as w:
        monkeypatch.setattr(Devices, "ensure_active", outlasting_the_hold)
        for _ in range(5):
            await w.send("refused", refused)
            await w.reaches(await w.send("meanwhile"), 4, 3)
