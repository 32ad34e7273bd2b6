"""Whatever comes, changes and goes, a page of a list shows what a walk over all of it would find."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from smsgw.config import Config
from smsgw.errors import Language
from smsgw.gateway.ids import ObjectIds
from smsgw.gateway.inbox import Inbox
from smsgw.gateway.messages import Messages
from smsgw.model import STATUS_TEXTS, Status
from smsgw.store import blocks, inbound, messages, search
from smsgw.store.db import Database, Tx
from support import NOON, Clock

NUMBERS = ("79991234567", "78880000000")
TEXTS = ("Ваш код 4711", "Уважаемый клиент", "ваш заказ доставлено", "ж", "ВАжно: 79", "x")
WANTED = ("", "а", "ва", "Код", "ж", "но", "о", "с", "доставлено", "Ваш", "999", "7", "zz", "zzz")
# On both sides of the borders between blocks, and in many blocks.
BLOCK = 16_384
ROWS = (
    1,
    2,
    3,
    *(BLOCK + n for n in (-1, 0, 1)),
    *(2 * BLOCK + n for n in (-1, 0)),
    *(n * BLOCK for n in (3, 4, 7, 9)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a message; None stands for the status of what was received."""

    text: str
    phone_number: str
    status: Status | None

    def has(self, wanted: str) -> bool:
        shown = "" if self.status is None else STATUS_TEXTS[Language.RU][self.status]
        return any(search.fold(wanted) in search.fold(field) for field in (self.text, self.phone_number, shown))


Rows = dict[int, Known]
AT_FIRST: Rows = {
    row: Known(text=TEXTS[place % 6], phone_number=NUMBERS[place % 2], status=Status(place % 5))
    for place, row in enumerate(ROWS)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a row becomes: another message, one of another status, or nothing; and which page is asked for then."""

    row: int
    becomes: Known | Status | None
    wanted: tuple[str, ...]
    limit: int
    number: int

    def done_to(self, rows: Rows) -> Rows:
        """Tell what there is afterwards."""
        rows = dict(rows)
        before = rows.pop(self.row, None)
        if isinstance(self.becomes, Known):
            rows[self.row] = self.becomes
        elif self.becomes is not None and before is not None:
            rows[self.row] = replace(before, status=self.becomes)
        return rows

    def page_of(self, rows: Rows, wanted: str) -> tuple[int, list[str]]:
        """Find by looking at all."""
        found = [f"{row:024x}" for row in sorted(rows, reverse=True) if rows[row].has(wanted)]
        return len(found), found[(self.number - 1) * self.limit : self.number * self.limit]


MESSAGES = st.builds(
    Known, text=st.sampled_from(TEXTS), phone_number=st.sampled_from(NUMBERS), status=st.sampled_from(Status)
)
STEPS = st.lists(
    st.builds(
        Step,
        row=st.sampled_from(ROWS),
        becomes=MESSAGES | st.sampled_from(Status) | st.none(),
        # Some that have an answer already, and some that may have none.
        wanted=st.tuples(st.just("доставлено"), st.just("с"), st.just("ва"), st.sampled_from(WANTED)),
        limit=st.integers(1, 3),
        number=st.integers(1, 4),
    ),
    min_size=5,
    max_size=15,
)


def change_messages(tx: Tx, row: int, before: Known | None, after: Known | None) -> None:
    """Make of a row what it becomes."""
    if before and after and replace(before, status=after.status) == after:
        tx.change("UPDATE messages SET status = ? WHERE seq = ?", (after.status, row))
        return
    for found in tx.rows("SELECT * FROM messages WHERE seq = ?", (row,)):
        messages.delete(tx, found)
    if after is not None:
        tx.insert(
            "INSERT INTO messages (seq, id, text, phone_number, callback_id, asked_device, encoding, status,"
            " created_at, expires_at) VALUES (?, ?, ?, ?, '', '', 'ucs2', ?, ?, ?)",
            (row, f"{row:024x}", after.text, after.phone_number, after.status, NOON, NOON),
        )
        search.add(tx, row, after.text, after.phone_number)


def change_inbox(tx: Tx, row: int, before: Known | None, after: Known | None) -> None:
    """Make of a row what it becomes."""
    if before is not None:
        inbound.delete(tx, row)
    if after is not None:
        tx.insert(
            "INSERT INTO inbound (seq, id, kind, text, sender, device, sim, created_at, is_flash, missing, indications)"
            " VALUES (?, ?, 'text', ?, ?, 'd', 's', ?, 0, '[]', '[]')",
            (row, f"{row:024x}", after.text, after.phone_number, NOON),
        )
        search.add(tx, row, after.text, after.phone_number, search.INBOUND)


# Few changed blocks are counted each by itself, many in one walk.
@pytest.mark.parametrize("some", [0, 100])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_messages_are_found_whatever_has_happened(
    config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch, some: int, steps: Sequence[Step]
) -> None:
    monkeypatch.setattr(blocks, "_SOME", some)
    rows = AT_FIRST
    with tempfile.TemporaryDirectory() as folder:
        async with Database.open(Path(folder) / "a.db", clock) as db:
            listed = Messages(db, config)
            for row, known in rows.items():
                await db.write(partial(change_messages, row=row, before=None, after=known))
            for step in steps:
                before, rows = rows.get(step.row), step.done_to(rows)
                await db.write(partial(change_messages, row=step.row, before=before, after=rows.get(step.row)))
                for wanted in step.wanted:
                    page = await listed.page(step.limit, step.number, wanted)
                    found = page.total, [message.id for message in page.messages]
                    assert found == step.page_of(rows, wanted), (step, wanted)


@pytest.mark.parametrize("some", [0, 100])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_received_messages_are_found_whatever_has_happened(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, some: int, steps: Sequence[Step]
) -> None:
    monkeypatch.setattr(blocks, "_SOME", some)
    rows = {row: replace(known, status=None) for row, known in AT_FIRST.items()}
    with tempfile.TemporaryDirectory() as folder:
        async with Database.open(Path(folder) / "a.db", clock) as db:
            inbox = Inbox(db, ObjectIds(b"tests", 0))
            for row, known in rows.items():
                await db.write(partial(change_inbox, row=row, before=None, after=known))
            for step in steps:
                before, rows = rows.get(step.row), step.done_to(rows)
                rows = {row: replace(known, status=None) for row, known in rows.items()}
                await db.write(partial(change_inbox, row=step.row, before=before, after=rows.get(step.row)))
                for wanted in step.wanted:
                    page = await inbox.page(step.limit, step.number, wanted)
                    found = page.total, [message.id for message in page.messages]
                    assert found == step.page_of(rows, wanted), (step, wanted)


async def test_what_was_searched_for_long_ago_is_counted_anew(config: Config, db: Database) -> None:
    listed = Messages(db, config)
    code = Known(text="ваш код", phone_number=NUMBERS[0], status=Status.SENT)
    for before, known, total in ((None, code, 1), (code, None, 0)):
        await db.write(partial(change_messages, row=1, before=before, after=known))
        assert (await listed.page(10, 1, "ваш")).total == total
        for other in range(100):
            assert (await listed.page(10, 1, f"ничего {other}")).total == 0


async def test_a_page_shows_one_moment_although_messages_come_meanwhile(config: Config, db: Database) -> None:
    listed = Messages(db, config)
    known = Known(text="ваш код", phone_number=NUMBERS[0], status=Status.SENT)

    async def come() -> None:
        for row in range(1, 101):
            await db.write(partial(change_messages, row=row * 2_000, before=None, after=known))

    async def look() -> list[int]:
        pages = [await listed.page(100, 1, wanted) for _ in range(100) for wanted in ("код", "а")]
        assert all(page.total == len(page.messages) for page in pages)
        return [page.total for page in pages]

    seen, also_seen, _ = await asyncio.gather(look(), look(), come())
    assert seen == sorted(seen)
    assert also_seen == sorted(also_seen)
    assert (await listed.page(100, 1, "код")).total == 100
