"""Databases of earlier versions: what they hold is still there, and is used, after they were brought up to date."""

import sqlite3
from pathlib import Path

from smsgw.config import Config
from smsgw.model import Status
from smsgw.store import search
from smsgw.store.db import Tx
from smsgw.store.migrate import migrate, shipped_scripts
from support import NOON, Clock, open_gateway

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
    search.add(Tx(connection, NOON), 1, "x", "79990000001")
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


def test_every_step_of_the_history_can_be_taken_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for version in range(1, len(shipped_scripts()) + 1):
        connection = database_of_schema(version, path)
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
