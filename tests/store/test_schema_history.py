"""Databases of earlier versions: what they hold is still there, and is used, after they were brought up to date."""

import sqlite3
from pathlib import Path

from deliveries import plain, texts, ucs2
from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.model import Fate, Status
from smsgw.store import search
from smsgw.store.db import Tx
from smsgw.store.migrate import migrate, shipped_scripts
from support import LONG_S, NOON, Clock, open_gateway

ID = "69a42a407465737473000009"
SIM = "8944000000000000001"


def database_of_schema(version: int, path: Path) -> sqlite3.Connection:
    """Make a database as the program with so many scripts left it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, path, shipped_scripts()[:version])
    return connection


async def test_what_sims_had_submitted_is_known_with_its_recipient(config: Config, clock: Clock) -> None:
    connection = database_of_schema(4, Path(config.store.path))
    connection.execute(
        "INSERT INTO messages (seq, id, text, phone_number, callback_id, asked_device, encoding, status, created_at,"
        " expires_at) VALUES (1, ?, 'x', '79990000001', '', '', 'gsm7', 2, ?, ?)",
        (ID, NOON, NOON + 1),
    )
    tx = Tx(connection, NOON)
    search.add(tx, 1, "x", "79990000001")
    tx.conclude()
    connection.execute("INSERT INTO parts VALUES (5, 1, 1, x'00', 1, 'accepted', NULL, NULL, NULL)")
    connection.executemany(
        "INSERT INTO attempts (id, part, device, sim, submitted_at, ended_at, outcome, reference, reference_before,"
        " detail) VALUES (?, 5, 'd', ?, ?, ?, ?, ?, ?, ?)",
        [
            (7, SIM, NOON - 9_000, NOON - 8_000, "refused", None, 3, "+CMS ERROR: 42"),
            (8, SIM, NOON - 5_000, NOON - 4_000, "accepted", 4, 3, ""),
        ],
    )
    connection.close()

    async with open_gateway(config, clock) as gateway:
        detail = await gateway.messages.detail(ID)
        assert detail.message.status is Status.SENT
        assert [(a.outcome, a.reference, a.detail, a.submitted_at) for a in detail.parts[0].attempts] == [
            ("refused", None, "+CMS ERROR: 42", NOON - 9_000),
            ("accepted", 4, "", NOON - 5_000),
        ]
        await gateway.messages.delete(ID)
    with sqlite3.connect(config.store.path) as connection:
        rows = connection.execute("SELECT id, part, recipient, reference_before, blames_sim FROM attempts").fetchall()
    connection.close()
    assert rows == [(7, None, "79990000001", 3, 0), (8, None, "79990000001", 3, 0)]


def with_received(path: Path, *pdus: bytes, at: int = NOON) -> None:
    """Make a database in which an earlier version has stored TPDUs as they came."""
    connection = database_of_schema(7, path)
    connection.executemany(
        "INSERT INTO inbound_parts (received_at, device, sim, pdu) VALUES (?, 'd', ?, ?)",
        [(at, SIM, pdu) for pdu in pdus],
    )
    connection.close()


async def texts_of(gateway: Gateway) -> list[str]:
    return [message.content.text for message in (await gateway.inbox.page(100, 1, "")).messages]


async def test_what_was_received_before_there_was_an_inbox_is_in_it(config: Config, clock: Clock) -> None:
    long, silent = "длинное " * 20, plain("", protocol=0x40)
    with_received(Path(config.store.path), *reversed(texts(long)), silent, b"garbage", plain("last"), at=NOON - 5_000)
    async with open_gateway(config, clock) as gateway:
        assert await gateway.housekeeping.take_up() == 6
        assert await texts_of(gateway) == ["last", "", long]
        assert {one.created_at for one in (await gateway.inbox.page(9, 1, "")).messages} == {NOON - 5_000}
        assert await gateway.inbox.received("d", SIM, plain("last")) is Fate.REPEATED
        assert await gateway.inbox.received("d", SIM, plain("new")) is Fate.WHOLE


async def test_much_that_was_received_before_is_put_there_in_steps_and_in_order(config: Config, clock: Clock) -> None:
    with_received(Path(config.store.path), *(plain(f"{n}") for n in range(120)), at=NOON - 5_000)
    async with open_gateway(config, clock) as gateway:
        assert await gateway.inbox.received("d", SIM, plain("new")) is Fate.PUT_BACK
        assert await gateway.inbox.received("d", SIM, plain("119")) is Fate.PUT_BACK
        assert [await gateway.housekeeping.take_up() for _ in range(4)] == [50, 50, 22, 0]
        assert (await texts_of(gateway))[:3] == ["new", "119", "118"]
        assert (await gateway.inbox.page(1, 1, "")).total == 121


async def test_of_what_was_received_long_before_only_what_was_sent_together_is_joined(
    config: Config, clock: Clock
) -> None:
    day = 86_400_000
    old, same = NOON - 90 * day, 3
    parts = [
        ucs2("a", 1, 2, reference=same, at=old),
        ucs2("c", 1, 2, reference=same, at=old + 30 * day),
        ucs2("d", 2, 2, reference=same, at=old + 30 * day),
        ucs2("lone", 2, 2, reference=same, at=old + 60 * day),
    ]
    with_received(Path(config.store.path), *parts, at=old + 60 * day)
    async with open_gateway(config, clock) as gateway:
        assert await gateway.housekeeping.sweep(LONG_S) == 0
        await gateway.housekeeping.take_up()
        assert await gateway.housekeeping.sweep(LONG_S) == 2
        assert sorted(await texts_of(gateway)) == ["[1/2 missing]lone", "a[2/2 missing]", "cd"]
        created_at = {one.created_at for one in (await gateway.inbox.page(9, 1, "")).messages}
        assert created_at == {old + 60 * day, old + 61 * day}


async def test_what_nobody_has_looked_at_is_not_forgotten_before(config: Config, clock: Clock) -> None:
    with_received(Path(config.store.path), plain("old"), at=NOON - 400 * 86_400_000)
    async with open_gateway(config, clock) as gateway:
        assert await gateway.housekeeping.forget() == 0
        await gateway.housekeeping.take_up()
        assert await texts_of(gateway) == ["old"]
        assert await gateway.housekeeping.forget() == 1


async def test_lists_that_were_there_before_blocks_were_counted_are_paged_and_searched(
    config: Config, clock: Clock
) -> None:
    connection = database_of_schema(13, Path(config.store.path))
    rows = (1, 16_383, 16_384, 40_000)
    tx = Tx(connection, NOON)
    for row in rows:
        connection.execute(
            "INSERT INTO messages (seq, id, text, phone_number, callback_id, asked_device, encoding, status,"
            " created_at, expires_at) VALUES (?, ?, 'sent', '79990000001', '', '', 'gsm7', 2, ?, ?)",
            (row, f"{row:024x}", NOON, NOON + 1),
        )
        search.add(tx, row, "sent", "79990000001")
        connection.execute(
            "INSERT INTO inbound (seq, id, kind, text, sender, device, sim, created_at, is_flash, missing, indications)"
            " VALUES (?, ?, 'text', 'received', 'Bank', 'd', ?, ?, 0, '[]', '[]')",
            (row, f"{row:024x}", SIM, NOON),
        )
        search.add(tx, row, "received", "bank", search.INBOUND)
    tx.conclude()
    connection.close()

    newest = [f"{row:024x}" for row in reversed(rows)]
    async with open_gateway(config, clock) as gateway:
        for wanted in ("", "e", "sent"):
            page = await gateway.messages.page(2, 2, wanted)
            assert (page.total, [message.id for message in page.messages]) == (4, newest[2:]), wanted
        for wanted in ("", "e", "receiv", "bank"):
            received = await gateway.inbox.page(2, 2, wanted)
            assert (received.total, [message.id for message in received.messages]) == (4, newest[2:]), wanted
        await gateway.messages.delete(newest[0])
        await gateway.inbox.delete(newest[3])
        assert (await gateway.messages.page(2, 1, "")).total == 3
        assert (await gateway.inbox.page(2, 1, "receiv")).total == 3


def test_every_step_of_the_history_can_be_taken_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for version in range(1, len(shipped_scripts()) + 1):
        connection = database_of_schema(version, path)
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
