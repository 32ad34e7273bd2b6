"""A database as a gateway has it after a long life: messages in Cyrillic with all that hangs on them, and an inbox.

Schema, search indexes and their upkeep are the gateway's own; only the requests and the modems are left out. What is
found how often is known: `RARE` is in seven messages, `FREQUENT` in every third. The times end a minute ago.
"""

import json
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

from simmodem import VirtualModems
from smsgw.errors import Language
from smsgw.gateway.ids import ObjectIds
from smsgw.model import STATUS_TEXTS, Arrival, InboundKind, Reason, Status
from smsgw.store import inbound, messages, search
from smsgw.store.db import Tx
from smsgw.store.migrate import migrate, shipped_scripts

NAME = "smsgw.db"
RARE, RARE_MESSAGES = "гиппопотам", 7
FREQUENT = "уважаем"
CODE = "ваш код"

_DAYS = 300
_DAY_MS = 86_400_000
_WORDS = 20_000
_AT_ONCE = 5_000
# What came last came alone: the indexes have many small pieces that were not merged yet.
_ONE_BY_ONE = 2_000
_REMOVED_OF, _REMOVED_AT_ONCE = 100, 50
_RECEIVED_OF = 10
_MODEMS = 4
_PART_LETTERS = 67
_PDU = random.Random(1).randbytes(160)
_ENDS = (Status.DELIVERED, Status.SENT, Status.SEND_ERROR, Status.DELIVERY_ERROR)
_ENDS_WEIGHTS = (90, 5, 3, 2)
_REASONS = {
    Status.PROCESSING: Reason.CLAIMED,
    Status.SENT: Reason.ACCEPTED,
    Status.SEND_ERROR: Reason.REFUSED,
    Status.DELIVERED: Reason.REPORT_DELIVERED,
    Status.DELIVERY_ERROR: Reason.REPORT_FAILED,
}
_WAYS = {
    Status.SENT: (Status.PROCESSING, Status.SENT),
    Status.SEND_ERROR: (Status.PROCESSING, Status.SEND_ERROR),
    Status.DELIVERED: (Status.PROCESSING, Status.SENT, Status.DELIVERED),
    Status.DELIVERY_ERROR: (Status.PROCESSING, Status.SENT, Status.DELIVERY_ERROR),
}
_PART_STATES = {
    Status.SENT: "accepted",
    Status.SEND_ERROR: "failed",
    Status.DELIVERED: "delivered",
    Status.DELIVERY_ERROR: "undelivered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A message and what became of it."""

    row: int
    id: str
    text: str
    phone_number: str
    at: int
    status: Status
    sim: str


def filled(folder: Path, count: int, keep: Path | None = None) -> Path:
    """Put a database of so many messages into a folder and return its path.

    Where databases are kept it is taken from there if it was made before, and made there if not.
    """
    target = folder / NAME
    if keep is None:
        _make(target, count)
        return target
    made = keep / f"filled-{count}-schema{len(shipped_scripts())}.db"
    if not made.exists():
        keep.mkdir(parents=True, exist_ok=True)
        draft = made.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        _make(draft, count)
        draft.rename(made)
    shutil.copyfile(made, target)
    return target


def _make(path: Path, count: int) -> None:
    spare = count // _REMOVED_OF
    stories = _stories(count, spare)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        # Only while it is made: a crash would cost nothing but the time.
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000")
        migrate(connection, path)
        connection.execute("PRAGMA foreign_keys = ON")
        alone = min(_ONE_BY_ONE, count // 2)
        left = count + spare - alone
        while left:
            batch = list(islice(stories, min(_AT_ONCE, left)))
            _store(connection, batch)
            left -= len(batch)
        _remove(connection, spare)
        _receive(connection, count // _RECEIVED_OF)
        for story in stories:
            _store(connection, [story])
        connection.execute("PRAGMA journal_mode = WAL").fetchall()


# ── what it tells ──


def _stories(count: int, spare: int = 0) -> Iterator[Story]:
    """Tell of messages, oldest first; before them come some to spare."""
    chance = random.Random(count)
    now = int(time.time() * 1_000) - 60_000
    ids = ObjectIds(chance.randbytes(5), 0)
    sims = [modem.iccid for modem in VirtualModems("unused", _MODEMS).modems]
    numbers = [f"79{chance.randrange(10**9):09}" for _ in range(max(10, count // 5))]
    words = _words(chance)
    rare = {count * (2 * nth + 1) // (2 * RARE_MESSAGES) for nth in range(RARE_MESSAGES)}
    for place in range(-spare, count):
        at = now - (count - place) * _DAYS * _DAY_MS // count
        text = _text(chance, words, place)
        yield Story(
            row=place + spare + 1,
            id=ids.new(at),
            text=f"{text} {RARE}" if place in rare else text,
            phone_number=chance.choice(numbers),
            at=at,
            status=chance.choices(_ENDS, _ENDS_WEIGHTS)[0],
            sim=chance.choice(sims),
        )


def _words(chance: random.Random) -> Iterator[str]:
    """Draw words without end: a few are in most texts, and many in hardly any."""
    consonants, vowels = "бвгджзклмнпрстфхцчшщ", "аеёиоуыэюя"
    vocabulary = [
        "".join(chance.choice(consonants) + chance.choice(vowels) for _ in range(chance.randint(1, 4)))
        + chance.choice(("", "", "й", "м", "т", "сть"))
        for _ in range(_WORDS)
    ]
    weights = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))
    while True:
        yield from chance.choices(vocabulary, cum_weights=weights, k=10_000)


def _text(chance: random.Random, words: Iterator[str], place: int) -> str:
    number = chance.randrange(1_000, 10_000)
    if place % 3 == 0:
        said = " ".join(islice(words, chance.randint(4, 8)))
        return f"{FREQUENT.capitalize()}ый клиент, {said}. Сумма {number} руб."
    if place % 3 == 1:
        return f"{CODE.capitalize()} {number}" + chance.choice(("", ". Никому его не сообщайте.", " для входа"))
    return " ".join(islice(words, chance.choice((3, 6, 8, 10, 30)))).capitalize()


# ── what is stored ──


def _store(connection: sqlite3.Connection, stories: Sequence[Story]) -> None:
    """Store messages with all that a gateway would have written of them, in one transaction."""
    tx = Tx(connection, stories[-1].at)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO messages (seq, id, text, phone_number, callback_id, asked_device, encoding, status, created_at,"
        " expires_at, attempts, device, sim) VALUES (?, ?, ?, ?, '', '', 'ucs2', ?, ?, ?, 1, ?, ?)",
        [(s.row, s.id, s.text, s.phone_number, s.status, s.at, s.at + _DAY_MS, _device(s.sim), s.sim) for s in stories],
    )
    for story in stories:
        search.add(tx, story.row, story.text, story.phone_number)
    connection.executemany(
        "INSERT INTO timeline (message, at, status, reason) VALUES (?, ?, ?, ?)",
        [line for story in stories for line in _timeline(story)],
    )
    connection.executemany(
        "INSERT INTO events (kind, subject, at, data) VALUES ('sms.status', ?, ?, ?)",
        [event for story in stories for event in _events(story)],
    )
    for story in stories:
        _store_parts(tx, story)
    connection.executemany(
        "INSERT INTO sim_recipients VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last_at = excluded.last_at",
        [(s.sim, s.phone_number, s.at) for s in stories if s.at > time.time() * 1_000 - 62 * _DAY_MS],
    )
    tx.conclude()
    connection.execute("COMMIT")


def _device(sim: str) -> str:
    return f"{int(sim) % 16**24:024x}"


def _timeline(story: Story) -> Iterator[tuple[int, int, Status, Reason]]:
    yield story.row, story.at, Status.WAITING, Reason.SUBMITTED
    for passed, status in enumerate(_WAYS[story.status], start=1):
        yield story.row, story.at + passed * 3_000, status, _REASONS[status]


def _events(story: Story) -> Iterator[tuple[str, int, str]]:
    text = json.dumps(story.text, ensure_ascii=False)
    for passed, status in enumerate(_WAYS[story.status], start=1):
        yield (
            story.id,
            story.at + passed * 3_000,
            f'{{"id":"{story.id}","message":{text},"status":{int(status)},"callback_id":"","device_id":"",'
            f'"phone_number":"{story.phone_number}","message_status":"{STATUS_TEXTS[Language.RU][status]}",'
            f'"time_create":{story.at // 1_000},"to_sim":null}}',
        )


def _store_parts(tx: Tx, story: Story) -> None:
    letters = len(story.text)
    total = 1 if letters <= 70 else -(-letters // _PART_LETTERS)
    has_reference = story.status is not Status.SEND_ERROR
    for number in range(1, total + 1):
        length = 2 * min(letters, 70) if total == 1 else 2 * _PART_LETTERS + 6
        pdu = _PDU[: length + 14]
        reported = (story.at + 9_000, 0) if story.status is Status.DELIVERED else (None, None)
        part = tx.insert(
            "INSERT INTO parts (message, number, pdu, length, state, accepted_at, reported_at, report_status)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                story.row,
                number,
                pdu,
                len(pdu),
                _PART_STATES[story.status],
                story.at + 6_000 if has_reference else None,
                *reported,
            ),
        )
        tx.insert(
            "INSERT INTO attempts (part, recipient, device, sim, submitted_at, ended_at, outcome, reference)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                part,
                story.phone_number,
                _device(story.sim),
                story.sim,
                story.at + 3_000,
                story.at + 6_000,
                "accepted" if has_reference else "refused",
                part % 256 if has_reference else None,
            ),
        )


def _remove(connection: sqlite3.Connection, count: int) -> None:
    """Forget the oldest messages, as housekeeping does."""
    for first in range(1, count + 1, _REMOVED_AT_ONCE):
        connection.execute("BEGIN")
        tx = Tx(connection, 0)
        for row in tx.rows(
            "SELECT * FROM messages WHERE seq BETWEEN ? AND ?", (first, min(first + _REMOVED_AT_ONCE - 1, count))
        ):
            messages.delete(tx, row)
            tx.change("DELETE FROM events WHERE subject = ?", (row["id"],))
        tx.conclude()
        connection.execute("COMMIT")


def _receive(connection: sqlite3.Connection, count: int) -> None:
    """Fill the inbox; what its messages were received in is left out."""
    stories = _stories(count)
    while batch := list(islice(stories, _AT_ONCE)):
        connection.execute("BEGIN")
        tx = Tx(connection, batch[-1].at)
        for story in batch:
            inbound.insert(
                tx,
                id=story.id,
                device=_device(story.sim),
                sim=story.sim,
                created_at=story.at,
                content=Arrival(
                    kind=InboundKind.TEXT, text=story.text, data=None, sender=story.phone_number, sent_at=story.at
                ),
            )
        tx.conclude()
        connection.execute("COMMIT")
