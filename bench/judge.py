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
from smsgw.gsm.pdu import Deliver, decode

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


def query(database: Path, sql: str) -> list[Any]:
    """Ask the database; gives the first column."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [row[0] for row in connection.execute(sql)]


async def drain(database: Path, told: Told, patience_s: float) -> float:
    """Wait until every message has reached the end of its way and all are received; returns the seconds it took."""
    begun = time.monotonic()
    received = f"abs({len(told.incoming)} - (SELECT count(*) FROM inbound_parts))"
    waiting = "(SELECT count(*) FROM messages WHERE status IN (0, 1))"
    await _until_nothing(database, f"SELECT {waiting} + {received}", patience_s)
    await _until_nothing(database, "SELECT count(*) FROM messages WHERE status = 2", REPORTS_S)
    return time.monotonic() - begun


async def _until_nothing(database: Path, sql: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while query(database, sql)[0] and time.monotonic() < deadline:  # noqa: ASYNC110  # another process's rows
        await asyncio.sleep(0.5)


def judge(database: Path, scenario: Scenario, network: Network, told: Told) -> dict[str, int]:
    """Give the figures of a run that has come to its end; which of them must be 0 says the scenario."""
    keys = {key_of(text) for text in told.promised}
    sent = {key_of(message.text) for message in network.messages if message.text in told.promised}
    times = Counter((key_of(entry.text), entry.seq) for entry in network.ledger)
    doubled = {key for (key, _), count in times.items() if count > 1}
    lost = keys - sent
    texts = query(database, "SELECT text FROM messages ORDER BY seq")
    stored = dict(zip(query(database, "SELECT id FROM messages ORDER BY seq"), texts, strict=True))
    labelled = _keys(database, _LABELLED)
    ended_unknown = _keys(database, _ENDED_UNKNOWN)
    doubtful = doubled | lost | ended_unknown | _keys(database, _UNANSWERED)
    reports_lost = query(database, "SELECT count(*) FROM messages WHERE status = 2")[0]
    received = [_text(pdu) for pdu in query(database, "SELECT pdu FROM inbound_parts")]
    return {
        "messages": len(keys),
        "repeated requests": told.repeats,
        "database damaged": int(query(database, "PRAGMA integrity_check") != ["ok"]),
        "promised and not stored": len([id for text, id in told.promised.items() if stored.get(id) != text]),
        "stored twice": len(texts) - len(set(texts)),
        "without an end": query(database, "SELECT count(*) FROM messages WHERE status IN (0, 1)")[0],
        "in doubt at some time": len(doubtful),
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


def _keys(database: Path, sql: str) -> set[str]:
    return {key_of(text) for text in query(database, sql)}


def _text(pdu: bytes) -> str | None:
    received = decode(pdu)
    return received.content.text if isinstance(received, Deliver) else None
