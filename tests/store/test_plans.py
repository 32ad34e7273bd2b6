"""The statements that run all day find their rows through an index, however many there are."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from aiosqlite import Connection

from smsgw.model import DeliveryState, EventKind, Status
from smsgw.store import (
    attempts,
    deliveries,
    events,
    inbound,
    inbound_parts,
    messages,
    parts,
    queue,
    reports,
    search,
    sims,
)
from smsgw.store.blocks import Tallies
from smsgw.store.db import Database, Tx

SIM = "8944000000000000001"


class Explaining(Tx):
    """A transaction that asks how its statements would be carried out instead."""

    __slots__ = ("plans",)

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        self.plans = [row["detail"] for row in super().rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        return [(0, 0)]

    def change(self, sql: str, parameters: tuple[Any, ...] = ()) -> int:
        return len(self.rows(sql, parameters))


# Of what these find there is little, and its order is not that of the index.
SORTED = ("attempts_unanswered", "unfit_sims_of")
STATEMENTS: list[tuple[str, Callable[[Tx], object]]] = [
    ("attempts_reference", lambda tx: attempts.with_reference(tx, SIM, 1, 0)),
    ("attempts_reference", lambda tx: attempts.recipients_of_deleted(tx, SIM, 1, 0)),
    ("unfit_sims_of", lambda tx: queue.sent_away(tx, "d", SIM, "")),
    ("attempts_unanswered", lambda tx: attempts.unanswered(tx, SIM, 0)),
    ("attempts_unanswered", lambda tx: attempts.uncounted(tx, SIM, "490154203237518")),
    ("attempts_unanswered", lambda tx: attempts.forget_uncounted(tx, SIM)),
    ("attempts_of_sim", lambda tx: attempts.last_in_doubt(tx, SIM)),
    ("attempts_counted", lambda tx: attempts.nth_latest(tx, SIM, 5, 0)),
    ("attempts_sim", lambda tx: attempts.latest_end(tx, SIM)),
    ("attempts_sim|attempts_counted", lambda tx: attempts.least_ms(tx, SIM)),
    ("attempts_sim|attempts_counted", lambda tx: attempts.blamed_in_row(tx, SIM)),
    ("attempts_orphaned", lambda tx: attempts.forget_deleted(tx, 0, 10)),
    ("sim_recipients_last", lambda tx: sims.count_recipients(tx, SIM, 0)),
    ("messages_expiry", lambda tx: queue.expired(tx, 10)),
    ("messages_deferred", queue.make_due),
    ("messages_due", lambda tx: queue.heads(tx, "d", SIM, 1)),
    ("messages_asked", lambda tx: queue.waiting_for_deleted(tx, 10)),
    ("parts_doubtful", lambda tx: parts.in_doubt_since(tx, 0)),
    ("sqlite_autoindex_messages", lambda tx: messages.ended_before(tx, 1, 10)),
    ("PRIMARY KEY", lambda tx: reports.forget_received(tx, 1, 10)),
    ("PRIMARY KEY", lambda tx: inbound_parts.forget_received(tx, 1, 10)),
    ("inbound_parts_fingerprint", lambda tx: inbound_parts.is_known(tx, SIM, b"", 0)),
    ("inbound_parts_unread", lambda tx: inbound_parts.unread(tx, 10)),
    ("inbound_parts_incomplete", lambda tx: inbound_parts.of_incomplete(tx, 1)),
    ("inbound_parts_message", lambda tx: inbound_parts.empty_of_message(tx, 1)),
    ("inbound_parts_message", lambda tx: inbound_parts.forget_of_message(tx, 1)),
    ("inbound_parts_incomplete.*inbound_incomplete_series", lambda tx: inbound_parts.of_series(tx, SIM, "")),
    ("inbound_incomplete_age", lambda tx: inbound_parts.begun_before(tx, 0, 10)),
    ("inbound_replaced", lambda tx: inbound.replaced(tx, SIM, "", 0x41)),
    ("sqlite_autoindex_inbound", lambda tx: inbound.older_than(tx, 1, 10)),
    ("events_subject.*deliveries_event", lambda tx: events.forget(tx, "x")),
    ("events_of_devices", lambda tx: events.forget_of_devices(tx, 1, 10)),
    ("deliveries_in_turn", lambda tx: deliveries.make_next_due(tx, 1, "x")),
    ("deliveries_due", lambda tx: deliveries.make_some_due(tx, 1, 10)),
    ("deliveries_overdue", lambda tx: deliveries.set_clock_back(tx, 1, 10)),
    ("deliveries_in_turn", lambda tx: deliveries.defer(tx, 1, 1)),
    ("deliveries_overdue", lambda tx: deliveries.overdue(tx, 10)),
    ("deliveries_in_turn", lambda tx: deliveries.begin_parked_again(tx, 1, 1, 10)),
    ("deliveries_of_webhook", lambda tx: deliveries.forget_of_webhook(tx, 1, 10)),
]


@pytest.mark.parametrize(("index", "statement"), STATEMENTS, ids=[f"{n}" for n, _ in enumerate(STATEMENTS)])
async def test_a_statement_uses_its_index(db: Database, index: str, statement: Callable[[Tx], object]) -> None:
    def explain(tx: Tx) -> list[str]:
        explaining = Explaining(tx._connection, tx.now)
        # What the statement makes of its rows is not asked here.
        with suppress(TypeError, IndexError, AttributeError, KeyError):
            statement(explaining)
        return explaining.plans

    plans = await db.write(explain)
    assert re.search(index, " ".join(plans)), plans
    assert not [
        plan
        for plan in plans
        if re.search(
            r"SCAN (attempts|deliveries|events|inbound(_incomplete)?|messages|parts|timeline)( |$)(?!.*INDEX)", plan
        )
    ]
    assert not [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan and index not in SORTED], plans


class ExplainingReader:
    """A reader that asks before each query how it would be carried out."""

    def __init__(self, reader: Connection) -> None:
        self.plans: list[str] = []
        self._reader = reader

    async def execute_fetchall(self, sql: str, parameters: Any = ()) -> list[Any]:
        rows = await self._reader.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", parameters)
        self.plans += [row["detail"] for row in rows]
        return list(await self._reader.execute_fetchall(sql, parameters))


async def plans_of(db: Database, read: Callable[[Any], Awaitable[object]]) -> list[str]:
    """Tell how the queries of a reading would be carried out."""
    async with db.snapshot() as reader:
        explaining = ExplainingReader(reader)
        await read(explaining)
    return explaining.plans


TRIGRAMS, SHORT_RUNS = (r"{}_trigrams VIRTUAL TABLE INDEX \d+:M\d><", r"{}_short_runs VIRTUAL TABLE INDEX \d+:M\d><")
SENT, RECEIVED = search.MESSAGES, search.INBOUND
BY_STATUS = (Status.SENT, Status.DELIVERED)
READS: list[tuple[str, Callable[[Any], Awaitable[object]]]] = [
    ("messages USING COVERING INDEX messages_order", lambda reader: messages.page(reader, 10, 1_000)),
    (TRIGRAMS.format(SENT), lambda reader: messages.search_page(reader, Tallies(SENT), "abc", (), 10, 1_000)),
    (SHORT_RUNS.format(SENT), lambda reader: messages.search_page(reader, Tallies(SENT), "a", (), 10, 1_000)),
    (TRIGRAMS.format(SENT), lambda reader: messages.search_page(reader, Tallies(SENT), "abc", BY_STATUS, 10, 1_000)),
    (
        "messages USING COVERING INDEX messages_status",
        lambda r: messages.search_page(r, Tallies(SENT), "a", BY_STATUS, 10, 1_000),
    ),
    ("inbound USING COVERING INDEX inbound_order", lambda reader: inbound.page(reader, 10, 1_000)),
    (TRIGRAMS.format(RECEIVED), lambda reader: inbound.search_page(reader, Tallies(RECEIVED), "abc", 10, 1_000)),
    (SHORT_RUNS.format(RECEIVED), lambda reader: inbound.search_page(reader, Tallies(RECEIVED), "a", 10, 1_000)),
]


@pytest.mark.parametrize(("index", "read"), READS, ids=[f"{n}" for n, _ in enumerate(READS)])
async def test_a_page_is_found_through_its_index(
    db: Database, index: str, read: Callable[[Any], Awaitable[object]]
) -> None:
    for table in ("message_blocks", "inbound_blocks"):
        await db.write(partial(Tx.change, sql=f"INSERT INTO {table} VALUES (7, 1, 1)"))
    plans = await plans_of(db, read)
    assert re.search(index, " ".join(plans)), plans
    assert re.search(r"SEARCH (messages|inbound) USING INTEGER PRIMARY KEY \(rowid=\?\)", " ".join(plans))
    assert not [plan for plan in plans if re.search(r"SCAN ((inbound|messages)( |$)|\w+ VIRTUAL.*:M\d$)", plan)], plans


OUTBOX: list[tuple[str, Callable[[Any], Awaitable[object]]]] = [
    ("deliveries_due", lambda reader: deliveries.due(reader, 1, 1, 8)),
    ("deliveries_due", lambda reader: deliveries.next_due(reader, 1, 1)),
    ("deliveries_of_webhook", lambda reader: deliveries.page(reader, 1, None, 10, 1_000)),
    ("deliveries_parked", lambda reader: deliveries.page(reader, 1, DeliveryState.PARKED, 10, 1_000)),
    ("deliveries_in_turn", lambda reader: deliveries.waiting(reader, 1)),
    ("INTEGER PRIMARY KEY", lambda reader: events.after(reader, 1, list(EventKind), 10)),
]


@pytest.mark.parametrize(
    ("index", "read"),
    OUTBOX,
    ids=["what is due", "when the next is", "page", "page of what is parked", "how many wait", "what happened since"],
)
async def test_what_is_to_be_told_is_found_through_its_index(
    db: Database, index: str, read: Callable[[Any], Awaitable[object]]
) -> None:
    plans = await plans_of(db, read)
    assert re.search(index, " ".join(plans)), plans
    assert not [plan for plan in plans if re.search(r"SCAN (d|e|deliveries|events)( |$)", plan)]
