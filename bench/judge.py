"""Holds the ledger of the simulated network, the database and what the clients were told against each other."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from clients import Told, key_of
from scenario import Scenario
from simmodem import Network
from smsgw.gsm.pdu import Deliver, PduError, decode

REPORTS_S = 5.0  # longer than the network waits before it sends a report

# What a message says of itself that may have been lost or doubled.
_LABELLED = (
    "SELECT text FROM messages WHERE seq IN"
    " (SELECT message FROM timeline WHERE reason IN ('outcome_unknown', 'outcome_resend'))"
)
_ENDED_UNKNOWN = (
    "SELECT text FROM messages m WHERE status = 3 AND 'outcome_unknown' ="
    " (SELECT reason FROM timeline WHERE message = m.seq ORDER BY id DESC LIMIT 1)"
)
_UNANSWERED = (
    "SELECT text FROM messages WHERE seq IN (SELECT message FROM parts WHERE id IN"
    " (SELECT part FROM attempts WHERE outcome IN ('unknown', 'open')))"
)


class Database:
    """A database after the run, asked as long as it answers."""

    def __init__(self, path: Path) -> None:
        self._address = f"file:{path}?mode=ro"
        self.is_damaged = False

    def column(self, sql: str) -> list[Any]:
        """Ask for one column; empty where the database is too damaged to tell."""
        try:
            with closing(sqlite3.connect(self._address, uri=True)) as connection:
                return [row[0] for row in connection.execute(sql)]
        except sqlite3.Error:
            self.is_damaged = True
            return []

    def count(self, sql: str) -> int:
        """Ask for a number; 0 where the database is too damaged to tell."""
        return int(next(iter(self.column(sql)), 0))

    def keys(self, sql: str) -> set[str]:
        """Ask for texts, and give the idempotency keys in them."""
        return {key_of(text) for text in self.column(sql)}


async def drain(database: Path, told: Told, patience_s: float) -> float:
    """Wait until every message has reached the end of its way and all are received; returns the seconds it took.

    Gives up when nothing has moved for `patience_s`.
    """
    begun = time.monotonic()
    received = f"abs({len(told.incoming)} - (SELECT count(*) FROM inbound_parts))"
    waiting = "(SELECT count(*) FROM messages WHERE status IN (0, 1))"
    await _until_nothing(database, f"SELECT {waiting} + {received}", patience_s)
    await _until_nothing(database, "SELECT count(*) FROM messages WHERE status = 2", REPORTS_S)
    return time.monotonic() - begun


async def _until_nothing(database: Path, sql: str, seconds: float) -> None:
    """Wait until there is nothing left, or it has not become less for so long."""
    least, deadline = Database(database).count(sql), time.monotonic() + seconds
    while least and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        if (left := Database(database).count(sql)) < least:
            least, deadline = left, time.monotonic() + seconds


def judge(path: Path, scenario: Scenario, network: Network, told: Told) -> dict[str, int]:
    """Give the figures of a run that has come to its end; which of them must be 0 says the scenario."""
    database = Database(path)
    keys = {key_of(text) for text in told.promised}
    sent = {key_of(message.text) for message in network.messages if message.text in told.promised}
    times = Counter((key_of(entry.text), entry.seq) for entry in network.ledger)
    doubled = {key for (key, _), count in times.items() if count > 1}
    lost = keys - sent
    texts = database.column("SELECT text FROM messages ORDER BY seq")
    # Of a damaged table one column may be read further than the other.
    stored = dict(zip(database.column("SELECT id FROM messages ORDER BY seq"), texts, strict=False))
    labelled = database.keys(_LABELLED)
    ended_unknown = database.keys(_ENDED_UNKNOWN)
    doubtful = doubled | lost | ended_unknown | database.keys(_UNANSWERED)
    without_end = database.count("SELECT count(*) FROM messages WHERE status IN (0, 1)")
    reports_lost = database.count("SELECT count(*) FROM messages WHERE status = 2")
    received = [_text(pdu) for pdu in database.column("SELECT pdu FROM inbound_parts")]
    is_sound = database.column("PRAGMA integrity_check") == ["ok"] and not database.is_damaged
    return {
        "messages": len(keys),
        "repeated requests": told.repeats,
        "database damaged": int(not is_sound),
        "promised and not stored": len([id for text, id in told.promised.items() if stored.get(id) != text]),
        "stored twice": len(texts) - len(set(texts)),
        "without an end": without_end,
        "in doubt at some time": len(doubtful | labelled),  # a label outlives its doubt
        "in doubt, not labelled": len(doubtful - labelled),
        "sent twice": len(doubled),
        "lost": len(lost),
        "lost without a word": len(lost - ended_unknown),
        "sent, and told as unknown": len(ended_unknown & sent),
        "sent, its report lost": reports_lost if scenario.reports else 0,
        "incoming": len(told.incoming),
        "incoming lost": len(set(told.incoming) - set(received)),
        "incoming stored twice": len(received) - len(set(received)),
    }


def _text(pdu: bytes) -> str | None:
    try:
        received = decode(pdu)
    except PduError:
        return None
    return received.content.text if isinstance(received, Deliver) else None
