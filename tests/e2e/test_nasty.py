"""Modems of any make with every nasty habit, by lot: the ledger of the network and the database agree all the same.

What was drawn is printed. NASTY_SEED repeats a run, NASTY_MESSAGES and NASTY_MODEMS make a longer one.
"""

import asyncio
import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simmodem import FAMILIES, NASTIES, Profile, VirtualModems, with_nasties
from simmodem.deliver import build_deliver
from simmodem.network import SERVICE_CENTRE
from smsgw.gsm.pdu import StatusReport, decode
from world import BRISK, World, configure, running, until

SEED = int(os.environ.get("NASTY_SEED", random.randrange(1_000_000)))
MESSAGES = int(os.environ.get("NASTY_MESSAGES", 1_000))
MODEMS = int(os.environ.get("NASTY_MODEMS", 4))
# Habits of which a modem has one or none; it has this share of all others.
ALTERNATIVES = (
    ("ds-refused", "cdsi-sm", "cdsi-sr"),
    ("echo", "no-echo"),
    ("text-errors", "no-error-numbers"),
    ("mr-wrap", "constant-mr"),
)
SHARE = 0.4
LONG_SHARE = 0.03
INCOMING_EVERY = 10  # messages sent
BATCH = 100
LIMIT_S = 60.0 + MESSAGES / 25
# Nothing waits long, and a modem that says nothing is given up after seconds.
PACE = replace(BRISK, modem=replace(BRISK.modem, limit_factor=0.03, probes=5))


def drawn(chance: random.Random) -> list[Profile]:
    """Draw the make of every modem, and habits for it."""
    makes = chance.choices(list(FAMILIES), k=MODEMS)
    habits = drawn_habits(chance)
    print(f"NASTY_SEED={SEED}", *zip(makes, habits, strict=True), sep="\n")
    # The slow ones are hurried, too.
    return [
        with_nasties(replace(FAMILIES[make], command_gap_s=0.0), there)
        for make, there in zip(makes, habits, strict=True)
    ]


def drawn_habits(chance: random.Random) -> list[list[str]]:
    """Draw the habits of every modem, so that each habit is there."""
    habits: list[list[str]] = [[] for _ in range(MODEMS)]
    for group in ALTERNATIVES:
        choices = chance.sample([[name] for name in group] + [[]], len(group) + 1)
        for modem, there in enumerate(habits):
            there += choices[modem % len(choices)]
    for name in sorted(NASTIES.keys() - {name for group in ALTERNATIVES for name in group}):
        for there in [there for there in habits if chance.random() < SHARE] or [chance.choice(habits)]:
            there.append(name)
    return habits


def texts(chance: random.Random) -> list[str]:
    return [f"{n} " + ("долгий текст " * 8 if chance.random() < LONG_SHARE else "text") for n in range(MESSAGES)]


def digits(number: str) -> str:
    """Give what a number has in every spelling."""
    return number[-10:]


class Facts:
    """What the database says after the run."""

    def __init__(self, folder: Path) -> None:
        with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
            self.statuses: dict[str, int] = dict(connection.execute("SELECT text, status FROM messages"))
            self.numbers: dict[str, str] = dict(connection.execute("SELECT text, phone_number FROM messages"))
            reasons = (
                "SELECT text, (SELECT reason FROM timeline WHERE message = m.seq ORDER BY id DESC LIMIT 1)"
                " FROM messages m WHERE status = 3"
            )
            self.failures: dict[str, str] = dict(connection.execute(reasons))
            self.kept = Counter(row[0].hex().upper() for row in connection.execute("SELECT pdu FROM inbound_parts"))

    def of_status(self, status: int) -> set[str]:
        return {text for text, present in self.statuses.items() if present == status}


async def post(w: World, wanted: list[str], incoming: list[tuple[int, str]]) -> None:
    """Give the messages to the gateway, batch by batch, while others come in."""
    for start in range(0, len(wanted), BATCH):
        bodies = [
            {"message": text, "phone_number": f"7999{start + place:07}"}
            for place, text in enumerate(wanted[start : start + BATCH])
        ]
        await w.post("/sms/send/batch", {"messages": bodies})
        for modem, pdu in incoming[start // INCOMING_EVERY : (start + BATCH) // INCOMING_EVERY]:
            w.virtual.incoming_pdu(modem, pdu)


def received(chance: random.Random) -> list[tuple[int, str]]:
    """Make what comes in: a modem and a PDU each."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    made = []
    for n in range(MESSAGES // INCOMING_EVERY):
        (pdu,) = build_deliver(f"+7999100{n:04}", f"in {n}", smsc=SERVICE_CENTRE, moment=moment, reference=0)
        made.append((chance.randrange(MODEMS), pdu))
    return made


def unwanted(virtual: VirtualModems) -> set[str]:
    """Name the recipients whose reports no modem was told to tell of: it had none, or had just restarted."""
    reports = [decode(pdu) for modem in virtual.modems for pdu in modem.reception.unwanted]
    return {digits(report.recipient) for report in reports if isinstance(report, StatusReport)}


def indistinct(virtual: VirtualModems) -> set[str]:
    """Name the messages to whose parts, sent within a second, a modem gave one reference: their reports are alike."""
    constant = {modem.index for modem in virtual.modems if modem.profile.constant_mr is not None}
    return {m.text for m in virtual.network.messages if m.modem in constant and len(m.references) > 1}


def waiting(folder: Path) -> int:
    """Count the messages that have not come to an end."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM messages WHERE status < 2").fetchone()[0])


def unexplained(facts: Facts, virtual: VirtualModems) -> set[str]:
    """Name the messages that were sent and have no report, though a modem must have told of it."""
    excused, alike = unwanted(virtual), indistinct(virtual)
    return {text for text in facts.of_status(2) - alike if digits(facts.numbers[text]) not in excused}


async def at_rest(folder: Path, virtual: VirtualModems, incoming: int) -> Facts:
    """Wait until every message has come to its end and everything has been received."""

    async def rests() -> Facts | None:
        if await asyncio.to_thread(waiting, folder):
            return None
        facts = await asyncio.to_thread(Facts, folder)
        return None if unexplained(facts, virtual) or facts.kept.total() < incoming else facts

    try:
        found: Facts = await until(rests, "every message at its end", LIMIT_S)
    except AssertionError as error:
        facts = Facts(folder)
        counts = [len(facts.of_status(status)) for status in range(6)]
        odd = sorted(unexplained(facts, virtual))
        raise AssertionError(
            f"{error}; {counts} in each status, received {facts.kept.total()}, no report: {odd}"
        ) from None
    return found


@pytest.mark.timeout(60 + LIMIT_S)
async def test_whatever_modems_do_the_ledger_and_the_database_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BACKOFF_S", (1,)), ("HOLD_S", 1), ("LONGEST_HOLD_S", 2), ("RETRY_NOW_S", 0)):
        monkeypatch.setattr(f"smsgw.policy.refusals.{name}", value)
    chance = random.Random(SEED)
    profiles = drawn(chance)
    wanted, incoming = texts(chance), received(chance)
    async with VirtualModems(
        tmp_path, MODEMS, profile=profiles, network_time=(0.0, 0.01), report_delay=(0.0, 0.1), seed=SEED
    ) as virtual:
        config = configure(tmp_path, virtual.paths, uncertain_after_s=3, attempts=20)
        modems = tuple(replace(modem, sims=(replace(modem.sim, pin="1234"),)) for modem in config.modems)
        async with running(replace(config, modems=modems), virtual, PACE) as w:
            await w.all_ready()
            await post(w, wanted, incoming)
            facts = await at_rest(tmp_path, virtual, len(incoming))
    accepted = {message.text for message in virtual.network.messages}
    told = {text for text, reason in facts.failures.items() if reason == "outcome_unknown"}
    print(f"{len(accepted)} accepted, {len(told)} told as unknown, {len(facts.of_status(2))} without report")
    assert set(facts.statuses) == set(wanted)
    assert set(facts.failures) == told
    times = Counter((entry.recipient, entry.seq) for entry in virtual.network.ledger)
    assert {part: count for part, count in times.items() if count > 1} == {}
    assert set(wanted) - accepted <= told
    assert facts.kept == Counter(pdu for _, pdu in incoming)
