"""Incoming messages from the air to the API: whole, in order, once each, and none lost however many come."""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deliveries import octets, texts, ucs2
from simmodem import Line, Profile, Rule, VirtualModems
from smsgw.daemon import wall_clock
from smsgw.store.migrate import migrate, shipped_scripts
from world import BRISK, BYTES, WHOLE, WITH_URCS, SkippingClock, World, configure, running, until, world

SENDER, NAME = "+79990000001", "Bank"
LONG = "Съешь ещё этих мягких французских булок, да выпей чаю 🫖👨‍👩‍👧🇷🇺! " * 8
HOUR_S = 3_600

# Hands messages over instead of storing them, and takes none more before AT+CNMA.
HANDS_OVER = Profile(
    csms_default=1,
    answers={"+CSMS=0": ()},
    cnmi_advertised=((0, 1), (0, 2), (0,), (0,), (0, 1)),
)


async def inbox(w: World) -> list[dict[str, Any]]:
    """List the inbox, oldest first."""
    found: list[dict[str, Any]] = []
    while len(page := (await w.get_json(f"/inbox?limit=100&offset={len(found) // 100 + 1}"))["inbox_list"]) == 100:
        found += page
    return [*found, *page][::-1]


async def has_texts(w: World, *wanted: str) -> list[dict[str, Any]]:
    """Wait until the inbox holds exactly these texts, in any order, and return it."""

    async def there() -> list[dict[str, Any]]:
        found = await inbox(w)
        return found if Counter(one["message"] for one in found) == Counter(wanted) else []

    try:
        arrived: list[dict[str, Any]] = await until(there, f"{len(wanted)} in the inbox")
    except AssertionError as error:
        raise AssertionError(f"{error}; there are {[one['message'] for one in await inbox(w)]}") from None
    return arrived


async def all_taken(virtual: VirtualModems) -> None:
    """Wait until neither the network nor the modem holds anything for us."""

    async def is_empty() -> bool:
        memories = virtual.modems[0].state.storage.memories.values()
        return not virtual.network.waiting(0) and not any(memory.slots for memory in memories)

    await until(is_empty, "everything taken from the modem")


async def all_sent(w: World, wanted: list[str]) -> bool:
    """Tell whether the network has each of these texts, once."""
    return Counter(message.text for message in w.virtual.network.messages) == Counter(wanted)


@pytest.mark.parametrize("line", [WHOLE, BYTES, WITH_URCS], ids=["whole", "bytes", "urcs"])
@pytest.mark.parametrize("profile", [Profile(), HANDS_OVER], ids=["stored", "handed over"])
async def test_a_short_and_a_long_message_arrive_letter_for_letter(
    tmp_path: Path, line: Line, profile: Profile
) -> None:
    async with world(tmp_path, line=line, profile=profile) as w:
        w.virtual.incoming(0, NAME, "Код 4711")
        w.virtual.incoming(0, SENDER, LONG)
        short, long = await has_texts(w, "Код 4711", LONG)
        assert (short["phone_number"], long["phone_number"]) == (NAME, SENDER.removeprefix("+"))
        assert short["device_id"] == long["device_id"] == (await w.device_ids())[0]
        assert short["sim"] == w.virtual.modems[0].iccid
        assert abs(short["time_sent"] - wall_clock() // 1_000) < 60
        assert await w.post("/inbox/get", {"id": long["id"]}) == long
        await all_taken(w.virtual)


async def test_a_long_message_arrives_whole_in_any_order_across_a_restart(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as virtual:
        pdus = texts(LONG, at=wall_clock())
        random.Random(7).shuffle(pdus)
        assert len(pdus) > 4
        config = configure(tmp_path, virtual.paths)
        for begin in (0, 2):
            async with running(config, virtual) as w:
                for pdu in pdus[begin : begin + 2]:
                    virtual.incoming_pdu(0, pdu.hex())
                await all_taken(virtual)
                assert await inbox(w) == []
        # The rest comes while nobody listens, some of it twice.
        for pdu in (*pdus[4:], *pdus[3:5]):
            virtual.incoming_pdu(0, pdu.hex())
        async with running(config, virtual) as w:
            await has_texts(w, LONG)
            await all_taken(virtual)
            await has_texts(w, LONG)


async def test_what_stays_incomplete_is_handed_over_after_a_day_and_a_late_part_after_another(tmp_path: Path) -> None:
    clock = SkippingClock()
    async with (
        VirtualModems(tmp_path, 1) as virtual,
        running(configure(tmp_path, virtual.paths), virtual, clock=clock) as w,
    ):
        first, second, third = (ucs2(text, place, 3, at=clock()) for place, text in enumerate(("a", "b", "c"), start=1))
        virtual.incoming_pdu(0, first.hex())
        virtual.incoming_pdu(0, third.hex())
        virtual.incoming(0, SENDER, "short")
        await has_texts(w, "short")
        clock.skip(23 * HOUR_S)
        virtual.incoming(0, SENDER, "later")
        await has_texts(w, "short", "later")
        clock.skip(HOUR_S)
        (*_, holed) = await has_texts(w, "short", "later", "a[2/3 missing]c")
        assert holed["missing_parts"] == [2]
        virtual.incoming_pdu(0, second.hex())
        await all_taken(virtual)
        clock.skip(24 * HOUR_S)
        await has_texts(w, "short", "later", "a[2/3 missing]c", "[1/3 missing]b[3/3 missing]")


async def test_what_an_earlier_version_has_received_is_in_the_inbox_soon_after_the_start(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as virtual:
        pdus = [pdu for number in range(300) for pdu in texts(f"{number}", at=wall_clock() - number * 1_000)]
        with closing(sqlite3.connect(tmp_path / "smsgw.db", isolation_level=None)) as connection:
            migrate(connection, tmp_path / "smsgw.db", shipped_scripts()[:7])
            connection.executemany(
                "INSERT INTO inbound_parts (received_at, device, sim, pdu) VALUES (?, 'd', 's', ?)",
                [(wall_clock(), pdu) for pdu in pdus],
            )
        virtual.incoming(0, SENDER, "new")
        async with running(configure(tmp_path, virtual.paths), virtual, replace(BRISK, sweep_s=3.0)) as w:
            arrived = await has_texts(w, *(f"{number}" for number in range(300)), "new")
            assert [one["message"] for one in arrived] == [*(f"{number}" for number in range(300)), "new"]


async def test_special_messages_find_their_place_and_silent_ones_leave_no_trace(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.virtual.incoming(0, SENDER, "flash", message_class=0)
        w.virtual.incoming(0, SENDER, "on the SIM", message_class=2)
        w.virtual.incoming_pdu(0, octets(b"", protocol=0x40, coding=0).hex())
        w.virtual.incoming_pdu(0, octets(b"\xde\xad", at=wall_clock()).hex())
        w.virtual.incoming_pdu(0, "0791447700099099040C9144")
        found = await has_texts(w, "flash", "on the SIM", "", "")
        kinds = Counter((one["kind"], one["flash"], one["data"]) for one in found)
        assert kinds == {
            ("text", True, None): 1,
            ("text", False, None): 1,
            ("binary", False, "DEAD"): 1,
            ("unreadable", False, "0791447700099099040C9144"): 1,
        }
        await all_taken(w.virtual)


@pytest.mark.parametrize(
    "profile",
    [
        Profile(memories=(("SM", 5), ("SR", 5)), full_urc="+SMS FULL"),
        Profile(memories=(("SM", 5), ("SR", 5))),
        HANDS_OVER,
    ],
    ids=["a small SIM", "a small SIM that does not say that it is full", "handed over"],
)
async def test_nothing_is_lost_while_messages_come_as_fast_as_they_can_and_others_are_sent(
    tmp_path: Path, profile: Profile
) -> None:
    async with world(tmp_path, profile=profile, rules=(Rule(network_time=0.01),)) as w:
        outgoing = [f"исходящее {number}" for number in range(100)]
        for text in outgoing:
            await w.send(text)
        short = [f"входящее {number}" for number in range(100)]
        long = [f"{number} {LONG}" for number in range(8)]
        for text in random.Random(1).sample([*short, *long], len(short) + len(long)):
            w.virtual.incoming(0, SENDER, text)
            await asyncio.sleep(0)
        await has_texts(w, *short, *long)
        await until(lambda: all_sent(w, outgoing), "everything sent")
        await all_taken(w.virtual)
        await has_texts(w, *short, *long)
