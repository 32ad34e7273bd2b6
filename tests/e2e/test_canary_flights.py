"""A canary on its whole way: from one virtual modem through the simulated network to another one, and what is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from simmodem import Rule, VirtualModems
from smsgw.config import CanaryConfig, Config, SimConfig
from smsgw.scheduler.pace import Pace
from world import BRISK, SkippingClock, World, configure, running, until

NUMBERS = ["79160000000", "+79160000001"]
DAY = 86_400
CANARY = CanaryConfig(name="there", from_modem="modem0", to_modem="modem1", to_number="79160000001", within_s=600)
# As impatient as no configuration may be.
IMPATIENT = replace(CANARY, within_s=2)


@asynccontextmanager
async def network(folder: Path, *rules: Rule) -> AsyncIterator[VirtualModems]:
    """Two modems that can write to each other."""
    async with VirtualModems(folder, 2, network_time=(0.0, 0.0), rules=rules, numbers=NUMBERS) as virtual:
        yield virtual


def configured(virtual: VirtualModems, *, canary: CanaryConfig = CANARY, **limits: Any) -> Config:
    """The configuration of a gateway whose first SIM has these limits."""
    config = configure(virtual.directory, virtual.paths, timezone="UTC")
    first, second = config.modems
    return replace(config, modems=(replace(first, sims=(SimConfig(**limits),)), second), canaries=(canary,))


@asynccontextmanager
async def watched(
    folder: Path, clock: SkippingClock, *rules: Rule, pace: Pace = BRISK, canary: CanaryConfig = CANARY, **limits: Any
) -> AsyncIterator[World]:
    """Run a gateway over two modems that can write to each other, with a canary."""
    async with network(folder, *rules) as virtual:
        config = configured(virtual, canary=canary, **limits)
        async with running(config, virtual, pace, clock) as opened:
            yield opened


async def health(w: World) -> tuple[dict[str, Any], list[str]]:
    """Return what /health tells of the only canary, and its reasons."""
    async with w.client.get(f"{w.url}/health") as answer:
        told = await answer.json()
    (canary,) = told["canaries"]
    return canary, told["reasons"]


async def stands(w: World, state: str, also: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
    """Wait until a canary stands like this, and return what is told of it."""

    async def there() -> dict[str, Any] | None:
        canary, _ = await health(w)
        return canary if canary["state"] == state and also(canary) else None

    found: dict[str, Any] = await until(there, f"a canary that is {state}")
    return found


async def network_has(w: World, count: int) -> None:
    async def has() -> bool:
        return len(w.virtual.network.ledger) >= count

    await until(has, f"{count} messages in the network")
    assert len(w.virtual.network.ledger) == count


async def logged(lines: list[Any], count: int) -> list[Any]:
    """Wait for that many lines about canaries, and return all there are."""

    async def are_there() -> bool:
        return sum("canary" in line for line in lines) >= count

    await until(are_there, f"{count} lines about canaries")
    return [line for line in lines if "canary" in line]


async def inbox(w: World) -> list[str]:
    return [message["message"] for message in (await w.get_json("/inbox?limit=10"))["inbox_list"]]


async def test_one_that_arrives_is_told_with_its_time_and_leaves_the_inbox_clean(tmp_path: Path) -> None:
    clock = SkippingClock()
    with structlog.testing.capture_logs() as lines:
        async with watched(tmp_path, clock, Rule(network_time=0.1)) as w:
            canary = await stands(w, "ok", lambda told: told["delivered_seconds"] is not None)
            assert 0.1 <= canary["seconds"] < 10
            assert 0.1 <= canary["delivered_seconds"] < 10
            assert canary["last_sent"] < canary["last_arrived"]
            assert (await w.get_json("/health"))["status"] == "ok"
            w.virtual.incoming(1, "Bank", "smsgw canary 0123456789abcdef")
            await until(lambda: inbox(w), "an incoming message")
            assert await inbox(w) == ["smsgw canary 0123456789abcdef"]
            (message,) = (await w.get_json("/sms?limit=10"))["sms_list"]
            assert message["message"] == w.virtual.network.messages[0].text
            assert (message["status"], w.virtual.network.ledger[0].modem) == (4, 0)
            clock.skip(DAY)
            await network_has(w, 2)
            await stands(w, "ok", lambda told: told["last_arrived"] > canary["last_arrived"])
            assert len(await inbox(w)) == 1
            told = await logged(lines, 2)
    assert [(line["event"], line["canary"]) for line in told] == [("canary arrived", "there")] * 2
    assert told[0]["seconds"] == canary["seconds"]
    assert not [line for line in lines if w.virtual.network.messages[0].text in str(line)]


async def test_one_that_the_network_loses_is_told_until_another_one_has_arrived(tmp_path: Path) -> None:
    clock = SkippingClock()
    with structlog.testing.capture_logs() as lines:
        async with watched(tmp_path, clock, Rule(nth=1, arrival=None), canary=IMPATIENT) as w:
            canary = await stands(w, "lost")
            assert (canary["seconds"], canary["last_arrived"]) == (None, None)
            assert canary["delivered_seconds"] < 10
            assert (await health(w))[1] == ["Канарейка there не дошла."]
            clock.skip(DAY)
            await network_has(w, 2)
            await stands(w, "ok")
            assert (await health(w))[1] == []
            told = await logged(lines, 2)
    assert [(line["log_level"], line["event"]) for line in told] == [
        ("warning", "canary did not arrive"),
        ("info", "canary arrived"),
    ]


async def test_one_that_is_late_is_told_and_not_in_the_inbox(tmp_path: Path) -> None:
    async with watched(tmp_path, SkippingClock(), Rule(arrival=3.5), canary=IMPATIENT) as w:
        await stands(w, "lost")
        canary = await stands(w, "late")
        assert canary["seconds"] >= 3.5
        assert (await health(w))[1] == ["Канарейка there дошла с опозданием."]
        assert await inbox(w) == []


async def test_a_restart_in_the_middle_sends_nothing_again_and_loses_nothing(tmp_path: Path) -> None:
    async with network(tmp_path, Rule(arrival=0.5)) as virtual:
        config = configured(virtual)
        async with running(config, virtual) as w:
            await network_has(w, 1)
        async with running(config, virtual) as w:
            await stands(w, "ok")
            assert await inbox(w) == []
        async with running(config, virtual) as w:
            await w.all_ready()
            assert (await stands(w, "ok"))["seconds"] >= 0.5
            await w.reaches(await w.send("after it", device_id=(await w.device_ids())[0]), 4)
            assert len(virtual.network.ledger) == 2


async def test_a_modem_that_registers_and_gets_nothing_is_found_out(tmp_path: Path) -> None:
    clock = SkippingClock()
    back = replace(IMPATIENT, from_modem="modem1", to_modem="modem0", to_number=NUMBERS[0])
    async with watched(tmp_path, clock, canary=back) as w:
        await stands(w, "ok")
        w.virtual.network.numbers.clear()
        clock.skip(DAY)
        await stands(w, "lost")
        assert [device["state"] for device in await w.devices()] == ["ready", "ready"]


async def test_a_sim_may_probe_itself(tmp_path: Path) -> None:
    itself = replace(CANARY, to_modem="modem0", to_number=NUMBERS[0])
    async with watched(tmp_path, SkippingClock(), canary=itself) as w:
        await stands(w, "ok", lambda told: told["delivered_seconds"] is not None)
        assert await inbox(w) == []


async def test_in_quiet_hours_it_is_put_off_and_goes_afterwards(tmp_path: Path) -> None:
    clock = SkippingClock()
    now = datetime.now(UTC)
    quiet = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    async with watched(tmp_path, clock, quiet_hours=quiet) as w:
        await w.all_ready()
        canary = await stands(w, "not_sent")
        assert (canary["reason"], (await health(w))[1]) == ("quiet_hours", [])
        clock.skip(3 * 3_600)
        await stands(w, "ok")
        assert len(w.virtual.network.ledger) == 1


async def test_from_a_device_that_is_off_none_is_sent(tmp_path: Path) -> None:
    slow = replace(BRISK, canary_after_s=0.5)
    async with watched(tmp_path, SkippingClock(), pace=slow) as w:
        body = {"device_id": (await w.device_ids())[0], "is_active": False}
        async with w.client.post(f"{w.url}/devices/edit", json=body) as answer:
            assert answer.status == 204
        assert (await stands(w, "not_sent"))["reason"] == "switched_off"
        assert (await w.get_json("/health"))["status"] == "ok"
        assert (await w.get_json("/sms?limit=10"))["sms_list"] == []
        async with w.client.post(f"{w.url}/devices/edit", json=body | {"is_active": True}) as answer:
            assert answer.status == 204
        await stands(w, "ok")


async def test_a_limit_that_is_used_up_puts_it_off(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with watched(tmp_path, clock, per_hour=1) as w:
        await stands(w, "ok")
        clock.skip(DAY)
        await network_has(w, 2)
        clock.skip(DAY - 1_800)
        id = await w.send("uses it up", device_id=(await w.device_ids())[0])
        await w.reaches(id, 2)
        clock.skip(1_800)
        canary = await stands(w, "not_sent")
        assert (canary["reason"], (await health(w))[1]) == ("per_hour", [])
        clock.skip(1_800)
        await network_has(w, 4)
        await stands(w, "ok")
