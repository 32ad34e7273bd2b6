"""Incoming messages: stored with the part that makes them whole, handed over when time is up, forgotten when old."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from deliveries import octets, plain, texts, ucs2
from smsgw.config import Config, StoreConfig
from smsgw.errors import InboundNotFound
from smsgw.gateway import Gateway
from smsgw.model import Fate, Inbound, InboundKind
from smsgw.store import inbound, inbound_parts
from smsgw.store.db import Database, Tx
from smsgw.store.inbound_parts import Tpdu
from support import LONG_S, NOON, Clock, open_gateway

SIM, OTHER_SIM = "8944000000000000001", "8944000000000000002"
HOUR, DAY = 3_600, 86_400
LONG = "Съешь ещё этих мягких французских булок 🫖 " * 10


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, store=StoreConfig(path=config.store.path, keep_days=30))


@pytest.fixture
async def gateway(config: Config, clock: Clock) -> AsyncIterator[Gateway]:
    async with open_gateway(config, clock) as opened:
        yield opened


async def receive(gateway: Gateway, *pdus: bytes, sim: str = SIM) -> list[Fate]:
    north = next(device.id for device in await gateway.devices.listed() if device.name == "north")
    return [await gateway.inbox.received(north, sim, pdu) for pdu in pdus]


async def listed(gateway: Gateway, wanted: str = "") -> list[Inbound]:
    page = await gateway.inbox.page(100, 1, wanted)
    assert page.total == len(page.messages)
    return list(page.messages)


async def texts_of(gateway: Gateway, wanted: str = "") -> list[str]:
    return [message.content.text for message in await listed(gateway, wanted)]


def column(config: Config, sql: str) -> list[Any]:
    with closing(sqlite3.connect(config.store.path)) as connection:
        return [row[0] for row in connection.execute(sql)]


# ── as they come ──


async def test_a_short_message_is_there_at_once_with_all_that_is_known_of_it(gateway: Gateway, clock: Clock) -> None:
    assert await receive(gateway, plain("Привет", at=NOON - 5_000)) == [Fate.WHOLE]
    (message,) = await listed(gateway)
    assert (message.content.text, message.content.sender, message.sim) == ("Привет", "79990000001", SIM)
    assert (message.created_at, message.content.sent_at) == (NOON, NOON - 5_000)
    assert message.id.startswith(f"{NOON // 1_000:08x}")
    assert await gateway.inbox.get(message.id) == message


async def test_a_long_message_is_there_when_its_last_part_is(gateway: Gateway, clock: Clock) -> None:
    pdus = texts(LONG)
    assert await receive(gateway, *reversed(pdus[1:])) == [Fate.WAITING] * (len(pdus) - 1)
    assert await listed(gateway) == []
    clock.advance(60)
    assert await receive(gateway, pdus[0]) == [Fate.WHOLE]
    (message,) = await listed(gateway)
    assert (message.content.text, message.created_at) == (LONG, NOON + 60_000)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(5)), st.sets(st.integers(1, 4)))
async def test_restarts_between_parts_change_nothing(
    config: Config, clock: Clock, order: Sequence[int], restarts: set[int]
) -> None:
    clock.advance(1)
    pdus = [ucs2(f"{number}.", number, 5, at=clock.now) for number in range(1, 6)]
    bounds = [0, *sorted(restarts), 5]
    for begin, end in pairwise(bounds):
        async with open_gateway(config, clock) as gateway:
            await receive(gateway, *(pdus[place] for place in order[begin:end]))
            await gateway.housekeeping.sweep(LONG_S)
    async with open_gateway(config, clock) as gateway:
        assert (await texts_of(gateway))[0] == "1.2.3.4.5."
    assert column(config, "SELECT count(*) FROM inbound_incomplete") == [0]


async def test_a_part_and_the_message_that_it_makes_whole_are_stored_together_or_not_at_all(
    config: Config, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ucs2("a", 1, 2), ucs2("b", 2, 2)
    await receive(gateway, first)

    def fail(*_: object, **__: object) -> int:
        raise sqlite3.IntegrityError("not now")

    with monkeypatch.context() as broken:
        broken.setattr(inbound, "insert", fail)
        with pytest.raises(sqlite3.IntegrityError):
            await receive(gateway, second)
    assert column(config, "SELECT pdu FROM inbound_parts") == [first]
    assert await receive(gateway, second) == [Fate.WHOLE]
    assert await texts_of(gateway) == ["ab"]


async def test_what_is_received_again_is_stored_once(config: Config, gateway: Gateway, clock: Clock) -> None:
    again = plain("x", first=0x20)
    assert await receive(gateway, plain("x"), plain("x"), again) == [Fate.WHOLE, Fate.REPEATED, Fate.REPEATED]
    clock.advance(20 * DAY)
    assert await receive(gateway, plain("x")) == [Fate.REPEATED]
    assert await receive(gateway, plain("x"), sim=OTHER_SIM) == [Fate.WHOLE]
    assert await receive(gateway, plain("x", at=NOON + 1_000)) == [Fate.WHOLE]
    assert await texts_of(gateway) == ["x"] * 3
    assert column(config, "SELECT count(*) FROM inbound_parts") == [3]


async def test_what_tells_no_time_may_be_said_again_after_two_days(gateway: Gateway, clock: Clock) -> None:
    assert await receive(gateway, plain("x", at=None)) == [Fate.WHOLE]
    clock.advance(48 * HOUR)
    assert await receive(gateway, plain("x", at=None)) == [Fate.REPEATED]
    clock.advance(1)
    assert await receive(gateway, plain("x", at=None)) == [Fate.WHOLE]
    assert [message.content.sent_at for message in await listed(gateway)] == [None, None]


async def test_a_part_that_its_sender_sends_again_changes_nothing(config: Config, gateway: Gateway) -> None:
    one, again, two = ucs2("a", 1, 2), ucs2("a", 1, 2, at=NOON + 1_000), ucs2("b", 2, 2)
    assert await receive(gateway, one, again, again, two, again) == [
        Fate.WAITING, Fate.REPEATED, Fate.REPEATED, Fate.WHOLE, Fate.REPEATED
    ]  # fmt: skip
    assert await texts_of(gateway) == ["ab"]
    assert column(config, "SELECT pdu FROM inbound_parts ORDER BY id") == [one, b"", two]


async def test_two_messages_under_one_reference_are_kept_apart(gateway: Gateway) -> None:
    later = NOON + 30_000
    fates = await receive(
        gateway, ucs2("a", 1, 2), ucs2("c", 1, 2, at=later), ucs2("d", 2, 2, at=later), ucs2("b", 2, 2)
    )
    assert fates == [Fate.WAITING, Fate.WAITING, Fate.WHOLE, Fate.WHOLE]
    assert await texts_of(gateway) == ["ab", "cd"]


async def test_the_same_text_under_the_same_reference_arrives_each_time(gateway: Gateway) -> None:
    for times in (1, 2, 3):
        await receive(gateway, *texts(LONG, at=NOON + times * 60_000))
        assert await texts_of(gateway) == [LONG] * times


async def test_parts_of_two_sims_are_not_one_message(gateway: Gateway) -> None:
    await receive(gateway, ucs2("a", 1, 2))
    assert await receive(gateway, ucs2("b", 2, 2), sim=OTHER_SIM) == [Fate.WAITING]


async def test_a_sender_of_nothing_but_first_parts_makes_no_new_part_be_held_against_all_of_them(db: Database) -> None:
    def flood(tx: Tx) -> dict[int, list[Tpdu]]:
        for number in range(300):
            tpdu = inbound_parts.keep(tx, "d", SIM, ucs2(f"{number}", 1, 2), b"")
            inbound_parts.add(tx, tpdu.row, inbound_parts.begin(tx, SIM, "series", tx.now))
        return inbound_parts.of_series(tx, SIM, "series")

    assert list(await db.write(flood)) == list(range(293, 301))


# ── what is special ──


async def test_what_only_the_phone_or_the_sim_is_to_see_is_dropped(config: Config, gateway: Gateway) -> None:
    assert await receive(gateway, plain("", protocol=0x40), plain("", protocol=0x7F)) == [Fate.DROPPED] * 2
    assert await listed(gateway) == []
    assert column(config, "SELECT count(*) FROM inbound_parts") == [0]


async def test_what_replaces_takes_the_place_of_its_senders_earlier_one_of_the_kind(gateway: Gateway) -> None:
    def balance(text: str, protocol: int = 0x41, seconds: int = 0, **fields: object) -> bytes:
        return plain(text, protocol=protocol, at=NOON + seconds * 1_000, **fields)

    await receive(gateway, balance("5 €"), balance("kept", 0x42), balance("also", sender="+79990000002"), plain("too"))
    await receive(gateway, balance("4 €", seconds=60))
    assert await texts_of(gateway) == ["4 €", "too", "also", "kept"]
    assert await texts_of(gateway, "5 €") == []
    assert await receive(gateway, balance("5 €")) == [Fate.REPEATED]


async def test_data_and_what_makes_no_sense_are_in_the_inbox(gateway: Gateway) -> None:
    await receive(gateway, octets(b"\xde\xad"), b"garbage", b"garbage")
    assert [(m.content.kind, m.content.data) for m in await listed(gateway)] == [
        (InboundKind.UNREADABLE, b"garbage"),
        (InboundKind.BINARY, b"\xde\xad"),
    ]


async def test_what_must_not_be_looked_at_is_kept_as_it_came(gateway: Gateway) -> None:
    north = (await gateway.devices.listed())[0].id
    await gateway.inbox.received_unread(north, SIM, plain("x"))
    await gateway.inbox.received_unread(north, SIM, plain("x"))
    assert [(m.content.kind, m.content.data) for m in await listed(gateway)] == [(InboundKind.UNREADABLE, plain("x"))]


# ── parts that do not come ──


async def test_after_a_day_a_message_is_handed_over_with_a_mark_for_each_part_that_is_missing(
    gateway: Gateway, clock: Clock
) -> None:
    await receive(gateway, ucs2("two", 2, 3))
    clock.advance(HOUR)
    await receive(gateway, ucs2("three", 3, 3))
    clock.advance(23 * HOUR - 1)
    assert await gateway.housekeeping.sweep(LONG_S) == 0
    clock.advance(1)
    assert await gateway.housekeeping.sweep(LONG_S) == 1
    (message,) = await listed(gateway)
    assert message.content.text == "[1/3 missing]twothree"
    assert message.content.missing == (1,)
    assert message.created_at == NOON + DAY * 1_000
    assert await gateway.housekeeping.sweep(LONG_S) == 0


async def test_a_part_that_comes_after_that_becomes_a_message_of_its_own(gateway: Gateway, clock: Clock) -> None:
    await receive(gateway, ucs2("one", 1, 2))
    clock.advance(DAY)
    await gateway.housekeeping.sweep(LONG_S)
    assert await receive(gateway, ucs2("two", 2, 2)) == [Fate.WAITING]
    assert await receive(gateway, ucs2("one", 1, 2)) == [Fate.REPEATED]
    clock.advance(DAY)
    await gateway.housekeeping.sweep(LONG_S)
    assert await texts_of(gateway) == ["[1/2 missing]two", "one[2/2 missing]"]


async def test_after_a_start_it_is_listened_first(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        await receive(gateway, ucs2("one", 1, 2))
    clock.advance(3 * DAY)
    async with open_gateway(config, clock) as gateway:
        assert await gateway.housekeeping.sweep(5) == 0
        assert await receive(gateway, ucs2("two", 2, 2)) == [Fate.WHOLE]
        await receive(gateway, ucs2("lone", 1, 2, reference=9))
        clock.advance(DAY)
        assert await gateway.housekeeping.sweep(6) == 1
        assert await texts_of(gateway) == ["lone[2/2 missing]", "onetwo"]


async def test_many_are_handed_over_in_small_steps(gateway: Gateway, clock: Clock) -> None:
    await receive(gateway, *(ucs2(f"{n}", 1, 2, reference=n) for n in range(120)))
    clock.advance(DAY)
    assert [await gateway.housekeeping.sweep(LONG_S) for _ in range(4)] == [50, 50, 20, 0]
    assert (await gateway.inbox.page(1, 1, "")).total == 120


# ── leaving ──


async def test_a_deleted_message_is_gone_and_does_not_come_back(config: Config, gateway: Gateway) -> None:
    pdus = texts(LONG)
    await receive(gateway, *pdus)
    (message,) = await listed(gateway)
    await gateway.inbox.delete(message.id)
    with pytest.raises(InboundNotFound):
        await gateway.inbox.get(message.id)
    with pytest.raises(InboundNotFound):
        await gateway.inbox.delete(message.id)
    assert await receive(gateway, *pdus) == [Fate.REPEATED] * len(pdus)
    assert (await listed(gateway), await listed(gateway, "булок")) == ([], [])
    assert set(column(config, "SELECT pdu FROM inbound_parts")) == {b""}


async def test_what_is_old_is_forgotten_with_its_parts_in_small_steps(
    config: Config, gateway: Gateway, clock: Clock
) -> None:
    await receive(gateway, *(plain(f"{n}") for n in range(119)))
    await receive(gateway, ucs2("a", 1, 2), ucs2("a", 1, 2, at=NOON + 1_000), ucs2("b", 2, 2))
    (deleted,) = await listed(gateway, "118")
    await gateway.inbox.delete(deleted.id)
    clock.advance(20 * DAY)
    await receive(gateway, plain("young"), ucs2("waits", 1, 2, reference=8))
    clock.advance(10 * DAY)
    assert await gateway.housekeeping.forget() == 0
    clock.advance(1)
    steps = []
    while step := await gateway.housekeeping.forget():
        steps.append(step)
    assert max(steps) <= 52
    assert await texts_of(gateway) == ["young"]
    assert await texts_of(gateway, "11") == []
    assert column(config, "SELECT count(*) FROM inbound_parts") == [2]


async def test_a_part_that_waits_is_not_forgotten(config: Config, gateway: Gateway, clock: Clock) -> None:
    await receive(gateway, ucs2("one", 1, 2))
    clock.advance(31 * DAY)
    assert await gateway.housekeeping.forget() == 0
    await gateway.housekeeping.sweep(LONG_S)
    assert await texts_of(gateway) == ["one[2/2 missing]"]


async def test_what_is_looked_for_is_found_in_texts_and_senders_whatever_the_case(gateway: Gateway) -> None:
    await receive(gateway, *texts("ПРИВЕТ, Мир", sender="Bank"), *texts("50% скидка_", at=NOON + 1_000))
    for wanted in ("привет", "мИ", "bANK", "ba", "ир"):
        assert await texts_of(gateway, wanted) == ["ПРИВЕТ, Мир"], wanted
    for wanted in ("%", "КА_", "0000001"):
        assert await texts_of(gateway, wanted) == ["50% скидка_"], wanted
    assert await texts_of(gateway, "нет такого") == []


async def test_the_count_is_kept_through_everything(config: Config, gateway: Gateway) -> None:
    await receive(gateway, *(plain(f"{n}", protocol=0x41 if n % 2 else 0) for n in range(7)))
    (one, *_) = await listed(gateway)
    await gateway.inbox.delete(one.id)
    counted = column(config, "SELECT count(*) FROM inbound")
    assert column(config, "SELECT sum(messages) FROM inbound_blocks") == counted == [4]
