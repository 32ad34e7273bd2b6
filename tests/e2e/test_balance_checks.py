"""The money on a SIM: asked of its operator, shown, and too little of it lets the SIM rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from simmodem import Page, Profile, Rule, VirtualModems
from smsgw.config import SimConfig
from world import BRISK, SkippingClock, World, configure, running, until

HOUR = 3_600
CODE = "*100#"
PACE = replace(BRISK, ussd_s=0.3)


@asynccontextmanager
async def checked(
    folder: Path,
    clock: SkippingClock,
    *pages: Page | None,
    rules: tuple[Rule, ...] = (),
    **settings: Any,
) -> AsyncIterator[World]:
    """Open a world in which the SIM of the first modem is asked for its balance every two hours."""
    count = max(1, len(pages))
    async with VirtualModems(folder, count, network_time=(0.0, 0.0), rules=rules) as virtual:
        for page in pages[:1]:
            if page is not None:
                virtual.network.menu[CODE] = page
        config = configure(folder, virtual.paths)
        first, *others = config.modems
        wanted = {"balance_code": CODE, "balance_every_h": 2, "balance_least": 50} | settings
        first = replace(first, sims=(replace(first.sim, **wanted),))
        async with running(replace(config, modems=(first, *others)), virtual, PACE, clock) as opened:
            await opened.all_ready()
            yield opened


def checks(w: World) -> int:
    return w.virtual.network.dialled.count((0, CODE))


async def have_been_made(w: World, count: int) -> None:
    async def made() -> bool:
        return checks(w) >= count

    await until(made, f"{count} checks")
    assert checks(w) == count


async def shown(w: World, balance: float | None, error: str | None = None) -> dict[str, Any]:
    """Wait until the first device shows this balance and this error, and return the device."""

    async def there() -> dict[str, Any] | None:
        device = (await w.devices())[0]
        (one,) = device["balances"]
        return device if (one["balance"], one["error"]) == (balance, error) else None

    found: dict[str, Any] = await until(there, f"a balance of {balance}, error {error}")
    return found


async def rests(w: World) -> dict[str, Any]:
    async def told() -> dict[str, Any] | None:
        device = (await w.devices())[0]
        return device if device["waits_until"] else None

    found: dict[str, Any] = await until(told, "a SIM that rests")
    return found


async def switch(w: World, is_active: bool, number: int = 0) -> None:
    body = {"device_id": (await w.device_ids())[number], "is_active": is_active}
    async with w.client.post(f"{w.url}/devices/edit", json=body) as answer:
        assert answer.status == 204


async def test_a_balance_is_shown_and_asked_for_again_only_when_it_is_time(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with checked(tmp_path, clock) as w:
        device = await shown(w, 123.45)
        assert device["balances"][0]["told_at"] is not None
        assert device["waits_until"] is None
        await w.reaches(await w.send("well"), 4)
        clock.skip(2 * HOUR - 60)
        await w.reaches(await w.send("well"), 4)
        assert checks(w) == 1
        w.virtual.network.menu[CODE] = Page(text="Баланс: 99,90 руб.")
        clock.skip(60)
        await shown(w, 99.9)
        assert checks(w) == 2


async def test_a_sim_with_too_little_rests_says_so_and_goes_on_when_it_was_topped_up(tmp_path: Path) -> None:
    clock = SkippingClock()
    with structlog.testing.capture_logs() as lines:
        async with checked(tmp_path, clock, Page(text="Balance: 49.99 RUB")) as w:
            device = await rests(w)
            assert "49.99 is left on it, less than 50" in device["error"]
            async with w.client.get(f"{w.url}/health") as answer:
                assert answer.status == 503
                told = (await answer.json())["reasons"]
                assert told == [f"SIM-карта устройства modem0 ждёт до {device['waits_until']}."]
            id = await w.send("waits", ttl=10 * HOUR)
            w.virtual.network.menu[CODE] = Page(text="Balance: 50 RUB")
            clock.skip(2 * HOUR - 60)
            await rests(w)
            assert (await w.message(id))["status"] == 0
            clock.skip(60)
            await w.reaches(id, 4)
            assert (await w.devices())[0]["error"] is None
            assert (await w.get_json("/health"))["status"] == "ok"
            assert checks(w) == 2
    warned = [line for line in lines if line["event"] == "the SIM waits" and line["log_level"] == "warning"]
    assert "49.99" in warned[0]["why"]
    assert not [line for line in lines if "RUB" in str(line)]


async def test_nothing_is_sent_from_a_sim_before_it_is_known_to_have_enough_again(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with checked(tmp_path, clock, Page(text="Balance: 3")) as w:
        await rests(w)
        id = await w.send("waits", ttl=100 * HOUR)
        for number, page in enumerate((Page(text="Balance: 2"), Page(delay_s=None), Page(text="no number")), start=2):
            w.virtual.network.menu[CODE] = page
            clock.skip(2 * HOUR)
            await have_been_made(w, number)
            await rests(w)
        assert w.virtual.network.ledger == []
        w.virtual.network.menu[CODE] = Page(text="Balance: 200")
        clock.skip(2 * HOUR)
        await w.reaches(id, 4)


async def test_whoever_has_topped_it_up_switches_it_off_and_on(tmp_path: Path) -> None:
    async with checked(tmp_path, SkippingClock(), Page(text="Balance: 3")) as w:
        await rests(w)
        w.virtual.network.menu[CODE] = Page(text="Balance: 300")
        await switch(w, False)
        await w.device_in_state("disabled")
        await switch(w, True)
        await shown(w, 300.0)
        await w.reaches(await w.send("well"), 4)
        w.virtual.network.menu[CODE] = Page(text="Balance: 299")
        await switch(w, True)
        await shown(w, 299.0)
        assert checks(w) == 3


async def test_what_is_known_outlives_a_restart_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0)) as virtual:
        virtual.network.menu[CODE] = Page(text="Balance: 3")
        config = configure(tmp_path, virtual.paths)
        sim = replace(config.modems[0].sim, balance_code=CODE, balance_least=50)
        config = replace(config, modems=(replace(config.modems[0], sims=(sim,)),))
        for _ in range(2):
            async with running(config, virtual, PACE, clock) as w:
                await w.all_ready()
                await rests(w)
                await shown(w, 3.0)
        assert checks(w) == 1


async def test_another_sim_does_the_work_of_one_without_money(tmp_path: Path) -> None:
    async with checked(tmp_path, SkippingClock(), Page(text="Balance: 3"), None) as w:
        await rests(w)
        ids = [await w.send("x") for _ in range(3)]
        for id in ids:
            await w.reaches(id, 4)
        assert {entry.modem for entry in w.virtual.network.ledger} == {1}


async def test_a_check_that_fails_says_why_and_is_made_again_when_it_is_time(tmp_path: Path) -> None:
    clock = SkippingClock()
    pages = {
        "the network did not answer": Page(delay_s=None),
        "+CME ERROR: 30: no network service": Page(error=30),
        "balance_pattern finds no number in the answer: dial the code by POST /devices/ussd to see it": Page(text="no"),
    }
    async with checked(tmp_path, clock) as w:
        await shown(w, 123.45)
        for number, (error, page) in enumerate(pages.items(), start=2):
            w.virtual.network.menu[CODE] = page
            clock.skip(2 * HOUR)
            await shown(w, 123.45, error)
            await have_been_made(w, number)
            await w.reaches(await w.send("well"), 4)
        w.virtual.network.menu[CODE] = Page(text="Balance: 60")
        clock.skip(2 * HOUR)
        await shown(w, 60.0)


async def test_a_modem_that_vanishes_in_the_middle_of_a_check_is_not_asked_again_at_once(tmp_path: Path) -> None:
    async with checked(tmp_path, SkippingClock()) as w:
        await shown(w, 123.45)
        w.virtual.network.menu[CODE] = Page(delay_s=None)
        await switch(w, True)
        await have_been_made(w, 2)
        w.virtual.fault(0, "unplug")
        await w.device_in_state("offline")
        device = (await w.devices())[0]
        w.virtual.fault(0, "replug")
        await w.all_ready()
        await w.reaches(await w.send("well"), 4)
        assert checks(w) == 2
        (known,) = device["balances"]
        assert known["balance"] == 123.45
        assert known["error"]


async def test_a_check_does_not_leave_a_menu_open(tmp_path: Path) -> None:
    async with checked(tmp_path, SkippingClock(), Page(text="Balance: 70, more?", choices={"1": Page()})) as w:
        await shown(w, 70.0)
        await w.reaches(await w.send("well"), 4)
        assert w.virtual.network.dialled == [(0, CODE), (0, None)]


async def test_a_busy_sim_is_asked_an_hour_late_between_two_messages(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with checked(tmp_path, clock, rules=(Rule(network_time=0.2),)) as w:
        await have_been_made(w, 1)
        w.virtual.network.menu[CODE] = Page(text="Balance: 70, more?", choices={"1": Page()})
        ids = [await w.send(f"x{number}") for number in range(20)]
        await w.device_in_state("sending")
        clock.skip(2 * HOUR)
        await w.reaches(ids[3], 4)
        assert checks(w) == 1
        clock.skip(HOUR)
        await have_been_made(w, 2)
        assert (await w.message(ids[-1]))["status"] == 0
        await w.reaches(ids[-1], 4)
        attempts = [(await w.detail(id))["parts"][0]["attempts"] for id in ids]
        assert [[one["outcome"] for one in of_message] for of_message in attempts] == [["accepted"]] * 20


async def test_of_two_sims_in_one_modem_the_poor_one_is_asked_again_when_something_waits_for_it(tmp_path: Path) -> None:
    clock = SkippingClock()
    dual = Profile(
        manufacturer="Quectel",
        model="EP06",
        slot_commands=("+QUIMSLOT=1", "+QUIMSLOT=2"),
        slot_query=("+QUIMSLOT?", ("+QUIMSLOT: 1", "+QUIMSLOT: 2")),
    )
    watched = SimConfig(slot=2, balance_code=CODE, balance_every_h=2, balance_least=50)
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), profile=dual) as virtual:
        virtual.network.menu[CODE] = Page(text="Balance: 3")
        config = configure(tmp_path, virtual.paths)
        modem = replace(config.modems[0], sims=(SimConfig(slot=1), watched), slot_stay_s=0, slot_wait_s=0)
        pace = replace(PACE, slots_s=0.05)
        async with running(replace(config, modems=(modem,)), virtual, pace, clock) as w:
            await w.all_ready()
            first = await w.send("asks first", to_sim=2, ttl=100 * HOUR)
            await shown(w, 3.0)
            await w.reaches(await w.send("through the other", to_sim=1), 4)
            assert (await w.message(first))["status"] == 0
            virtual.network.menu[CODE] = Page(text="Balance: 300")
            clock.skip(2 * HOUR)
            await w.reaches(first, 4)
            await shown(w, 300.0)
            assert checks(w) == 2
