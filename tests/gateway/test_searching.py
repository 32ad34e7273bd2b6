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
ROWS = (1, 2, 4_095, 4_096, 4_097, 8_191, 8_192, 12_288, 20_000, 30_000, 40_000, 50_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a message; None stands for the status of what was received."""

    text: str
    phone_number: str
    status: Status | None

    def has(self, wanted: str) -> bool:
        shown = "" if self.status is None else STATUS_TEXTS[Language.RU][self.status]
        return any(search.fold(wanted) in search.fold(field) for field in (self.text, self.phone_number, shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happens to one row, and what is asked for then."""

    row: int
    known: Known | None
    wanted: str
    limit: int
    number: int


STEPS = st.lists(
    st.builds(
        Step,
        row=st.sampled_from(ROWS),
        known=st.none()
        | st.builds(
            Known, text=st.sampled_from(TEXTS), phone_number=st.sampled_from(NUMBERS), status=st.sampled_from(Status)
        ),
        wanted=st.sampled_from(WANTED),
        limit=st.integers(1, 4),
        number=st.integers(1, 4),
    ),
    max_size=25,
)


def put_message(tx: Tx, row: int, known: Known | None) -> None:
    """Let a message have this row, or none; the one that has it may only change its status."""
    found = tx.row("SELECT * FROM messages WHERE seq = ?", (row,))
    if found and known and (found["text"], found["phone_number"]) == (known.text, known.phone_number):
        tx.change("UPDATE messages SET status = ? WHERE seq = ?", (known.status, row))
        return
    if found is not None:
        messages.delete(tx, found)
    if known is not None:
        tx.insert(
            "INSERT INTO messages (seq, id, text, phone_number, callback_id, asked_device, encoding, status,"
            " created_at, expires_at) VALUES (?, ?, ?, ?, '', '', 'ucs2', ?, ?, ?)",
            (row, f"{row:024x}", known.text, known.phone_number, known.status, NOON, NOON),
        )
        search.add(tx, row, known.text, known.phone_number)


def put_received(tx: Tx, row: int, known: Known | None) -> None:
    """Let a received message have this row, or none."""
    if tx.rows("SELECT 1 FROM inbound WHERE seq = ?", (row,)):
        inbound.delete(tx, row)
    if known is not None:
        tx.insert(
            "INSERT INTO inbound (seq, id, kind, text, sender, device, sim, created_at, is_flash, missing, indications)"
            " VALUES (?, ?, 'text', ?, ?, 'd', 's', ?, 0, '[]', '[]')",
            (row, f"{row:024x}", known.text, known.phone_number, NOON),
        )
        search.add(tx, row, known.text, known.phone_number, search.INBOUND)


def happened(rows: dict[int, Known], step: Step) -> None:
    """Do the same to what is known."""
    rows.pop(step.row, None)
    if step.known is not None:
        rows[step.row] = step.known


def page_of(rows: dict[int, Known], step: Step) -> tuple[int, list[str]]:
    """Find by looking at all."""
    found = [f"{row:024x}" for row in sorted(rows, reverse=True) if rows[row].has(step.wanted)]
    return len(found), found[(step.number - 1) * step.limit : step.number * step.limit]


@pytest.mark.parametrize("some", [0, 100])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_messages_are_found_whatever_has_happened(
    config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch, some: int, steps: Sequence[Step]
) -> None:
    monkeypatch.setattr(blocks, "_SOME", some)
    rows: dict[int, Known] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Database.open(Path(folder) / "a.db", clock) as db:
            listed = Messages(db, config)
            for step in steps:
                await db.write(partial(put_message, row=step.row, known=step.known))
                happened(rows, step)
                page = await listed.page(step.limit, step.number, step.wanted)
                assert (page.total, [message.id for message in page.messages]) == page_of(rows, step), step


@pytest.mark.parametrize("some", [0, 100])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_received_messages_are_found_whatever_has_happened(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, some: int, steps: Sequence[Step]
) -> None:
    monkeypatch.setattr(blocks, "_SOME", some)
    rows: dict[int, Known] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Database.open(Path(folder) / "a.db", clock) as db:
            inbox = Inbox(db, ObjectIds(b"tests", 0))
            for each in steps:
                step = replace(each, known=each.known and replace(each.known, status=None))
                await db.write(partial(put_received, row=step.row, known=step.known))
                happened(rows, step)
                page = await inbox.page(step.limit, step.number, step.wanted)
                assert (page.total, [message.id for message in page.messages]) == page_of(rows, step), step


async def test_what_was_searched_for_long_ago_is_counted_anew(config: Config, db: Database) -> None:
    listed = Messages(db, config)
    for known, total in ((Known(text="ваш код", phone_number=NUMBERS[0], status=Status.SENT), 1), (None, 0)):
        await db.write(partial(put_message, row=1, known=known))
        assert (await listed.page(10, 1, "ваш")).total == total
        for other in range(100):
            assert (await listed.page(10, 1, f"ничего {other}")).total == 0


async def test_a_page_shows_one_moment_although_messages_come_meanwhile(config: Config, db: Database) -> None:
    listed = Messages(db, config)
    known = Known(text="ваш код", phone_number=NUMBERS[0], status=Status.SENT)

    async def come() -> None:
        for row in range(1, 101):
            await db.write(partial(put_message, row=row * 500, known=known))

    async def look() -> list[int]:
        pages = [await listed.page(100, 1, wanted) for _ in range(100) for wanted in ("код", "а")]
        assert all(page.total == len(page.messages) for page in pages)
        return [page.total for page in pages]

    seen, also_seen, _ = await asyncio.gather(look(), look(), come())
    assert seen == sorted(seen)
    assert also_seen == sorted(also_seen)
    assert (await listed.page(100, 1, "код")).total == 100
