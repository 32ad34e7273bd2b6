"""The statements that run all day find their rows through an index, however many there are."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from smsgw.store import attempts, messages, parts, queue, reports, sims
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
    assert not [plan for plan in plans if re.search(r"SCAN (attempts|messages|parts|timeline)( |$)(?!.*INDEX)", plan)]
    assert not [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan and index not in SORTED], plans
