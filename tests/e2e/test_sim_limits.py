"""Limits and rests of SIMs as clients and the network see them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from simmodem import Rule, VirtualModems
from world import BRISK, SkippingClock, World, configure, running, until

BARRED = "7999000000"  # and one more digit
DAY = 86_400


@asynccontextmanager
async def limited(
    folder: Path, clock: SkippingClock, *, modems: int = 1, rules: tuple[Rule, ...] = (), **limits: Any
) -> AsyncIterator[World]:
    """Open a world in which the SIM of the first modem has these limits."""
    async with VirtualModems(folder, modems, network_time=(0.0, 0.0), report_delay=(0.0, 0.0), rules=rules) as virtual:
        config = configure(folder, virtual.paths)
        first, *others = config.modems
        first = replace(first, sims=(replace(first.sim, **limits),))
        async with running(replace(config, modems=(first, *others)), virtual, BRISK, clock) as opened:
            await opened.all_ready()
            yield opened


async def waiting(w: World) -> dict[str, Any]:
    """Wait until the first device says that its SIM waits."""

    async def told() -> dict[str, Any] | None:
        device = (await w.devices())[0]
        return device if device["waits_until"] else None

    found: dict[str, Any] = await until(told, "a SIM that waits")
    return found


async def test_between_the_parts_of_a_message_and_between_messages_there_is_a_pause(tmp_path: Path) -> None:
    text = "длинное сообщение " * 8
    async with limited(tmp_path, SkippingClock(), gap_s=1) as w:
        ids = [await w.send(text), await w.send("short")]
        for id in ids:
            await w.reaches(id, 4)
        entries = w.virtual.network.ledger
        assert [message.text for message in w.virtual.network.messages] == [text, "short"]
        assert len(entries) == 4
        pauses = [(after.time - before.time).total_seconds() for before, after in pairwise(entries)]
        assert all(0.99 <= pause < 2.5 for pause in pauses), pauses


async def test_a_long_message_goes_on_in_the_next_minute_on_the_same_sim(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with limited(tmp_path, clock, modems=2, per_minute=2) as w:
        first = (await w.device_ids())[0]
        id = await w.send("длинное сообщение " * 8, device_id=first)

        async def two_parts_accepted() -> bool:
            return [part["state"] for part in (await w.detail(id))["parts"]] == ["delivered", "delivered", "pending"]

        await until(two_parts_accepted, "two parts on their way")
        assert len(w.virtual.network.ledger) == 2
        clock.skip(61)
        await w.reaches(id, 4)
        assert len({entry.iccid for entry in w.virtual.network.ledger}) == 1
        assert len({entry.reference for entry in w.virtual.network.ledger}) == 1


async def test_a_sim_at_its_limit_says_until_when_and_goes_on_then(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with limited(tmp_path, clock, per_day=1) as w:
        await w.reaches(await w.send("first"), 4)
        second = await w.send("second", ttl=2 * DAY)
        device = await waiting(w)
        assert device["error"] == "its limit of 1 in 24 hours is used up"
        async with w.client.get(f"{w.url}/health") as answer:
            assert answer.status == 503
            assert (await answer.json())["reasons"] == [f"SIM-карта устройства modem0 ждёт до {device['waits_until']}."]
        async with w.client.post(
            f"{w.url}/sms/send", json={"message": "x", "phone_number": "79990000001", "ttl": 60}
        ) as answer:
            assert (answer.status, (await answer.json())["errors"]["code"]) == (503, 4004)
            assert DAY - 60 < int(answer.headers["Retry-After"]) <= DAY
        assert (await w.message(second))["status"] == 0
        clock.skip(DAY)
        await w.reaches(second, 2)
        assert (await w.devices())[0]["error"] is None


async def test_a_queue_that_has_become_empty_leaves_no_trouble_behind(tmp_path: Path) -> None:
    async with limited(tmp_path, SkippingClock(), per_day=1) as w:
        await w.reaches(await w.send("first"), 4)
        second = await w.send("second", ttl=2 * DAY)
        await waiting(w)
        assert await w.delete("/sms/del", {"id": second}) == (204, None)

        async def well() -> bool:
            return (await w.devices())[0]["waits_until"] is None

        await until(well, "the SIM waiting for nothing")
        assert (await w.get_json("/health"))["status"] == "ok"


async def test_something_urgent_does_not_wait_for_all_parts_of_a_long_message(tmp_path: Path) -> None:
    async with limited(tmp_path, SkippingClock(), gap_s=1) as w:
        long = await w.send("длинное сообщение " * 20)
        await until(lambda: _has_begun(w), "the first part on its way")
        urgent = await w.send("urgent", priority=9)
        await w.reaches(urgent, 4)
        await w.reaches(long, 4)
        parts = [entry.seq for entry in w.virtual.network.ledger if entry.total > 1]
        assert parts == sorted(parts)
        assert [entry.text for entry in w.virtual.network.ledger].index("urgent") in (1, 2)
        assert "sim_waits" in [entry["reason"] for entry in (await w.detail(long))["timeline"]]


async def _has_begun(w: World) -> bool:
    return bool(w.virtual.network.ledger)


async def test_a_device_that_is_switched_off_stops_between_two_parts(tmp_path: Path) -> None:
    async with limited(tmp_path, SkippingClock(), gap_s=1) as w:
        long = await w.send("длинное сообщение " * 20)
        await until(lambda: _has_begun(w), "the first part on its way")
        body = {"device_id": (await w.device_ids())[0], "is_active": False}
        async with w.client.post(f"{w.url}/devices/edit", json=body) as answer:
            assert answer.status == 204
        await w.device_in_state("disabled")
        assert (await w.message(long))["status"] == 0
        assert len(w.virtual.network.ledger) <= 2


async def test_an_old_message_is_forgotten_by_itself(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with limited(tmp_path, clock) as w:
        await w.reaches(await w.send("old"), 4)
        clock.skip(366 * DAY)

        async def forgotten() -> bool:
            return (await w.get_json("/sms?limit=1"))["pagination"]["total_records"] == 0

        await until(forgotten, "the old message gone")


async def test_a_sim_that_the_network_refuses_rests_and_another_one_does_its_work(tmp_path: Path) -> None:
    rules = tuple(Rule(recipient=f"{BARRED}{n}", nth=1, error="+CMS ERROR: 8") for n in range(3))
    clock = SkippingClock()
    async with limited(tmp_path, clock, modems=2, rules=rules) as w:
        first, second = await w.device_ids()
        async with w.client.post(f"{w.url}/devices/edit", json={"device_id": second, "is_active": False}) as answer:
            assert answer.status == 204
        ids = [await w.send("once", f"{BARRED}{n}") for n in range(3)]
        device = await waiting(w)
        assert "the network refuses it" in device["error"]
        assert "switch the device off and on" in device["error"]
        async with w.client.post(f"{w.url}/devices/edit", json={"device_id": second, "is_active": True}) as answer:
            assert answer.status == 204
        clock.skip(600)
        for id in ids:
            await w.reaches(id, 4)
        assert len(w.virtual.network.messages) == 3
        assert (await w.devices())[0]["device_id"] == first
