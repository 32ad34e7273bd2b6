"""kill -9 at random instants, hundreds of times, while clients post and people write: what is lost, what is doubled?

A real daemon process on virtual modems is killed and started again. Clients repeat a request under its idempotency key
until it is answered with 200. At the end the ledger of the simulated network is held against the database and against
what the clients were told. Run it with `make torture`; `bench/torture.py --help` tells the settings.
"""

import argparse
import asyncio
import json
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from simmodem import Profile, Rule, Smss, VirtualModems

NUMBER = "79991234567"
SENDER = "+79990000000"
MODEMS = 2
CLIENTS = 3
LONG = "длинное сообщение " * 6  # two parts
GUARANTEES = Path(__file__).parent.parent / "docs" / "guarantees.md"
MARKS = ("<!-- measured -->\n", "<!-- end -->")
DRAIN_S = 240.0  # longer than the daemon waits before it lists a modem by itself
REPORTS_S = 5.0  # longer than the network waits before it sends a report


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What there is to prove an outcome with, and what is configured where there is nothing."""

    name: str
    reports: bool
    record: bool
    uncertain: str = "fail"
    uncertain_after_s: int = 15


SCENARIOS = (
    Scenario(name="reports", reports=True, record=True),
    Scenario(name="record", reports=False, record=True),
    Scenario(name="neither-fail", reports=False, record=False),
    Scenario(name="neither-resend", reports=False, record=False, uncertain="resend"),
)


@dataclass(slots=True)
class Told:
    """What the clients have posted, and what they were answered."""

    promised: dict[str, str] = field(default_factory=dict)  # id by text
    repeats: int = 0
    incoming: int = 0


def write_config(folder: Path, ports: Sequence[Path], port: int, scenario: Scenario) -> Path:
    """Write the configuration of the daemon."""
    modems = "".join(f'[modems.modem{number}]\nport = "{path}"\n' for number, path in enumerate(ports))
    path = folder / "config.toml"
    path.write_text(
        f'[server]\nport = {port}\nrate_limit = 0\n[store]\npath = "{folder}/smsgw.db"\n'
        f'[sending]\nuncertain = "{scenario.uncertain}"\nuncertain_after_s = {scenario.uncertain_after_s}\n{modems}'
    )
    return path


def free_port() -> int:
    """Find a port for the daemon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start(config: Path, log: Any) -> asyncio.subprocess.Process:
    """Start the daemon, as a service manager does."""
    command = (sys.executable, "-m", "smsgw", "run", "--config", str(config), "--log-level", "warning")
    return await asyncio.create_subprocess_exec(*command, stderr=log)


async def post_on(number: int, port: int, token: str, told: Told, stop: asyncio.Event) -> None:
    """Post one message after the other; what is not answered with 200 is repeated under the same key."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers, timeout=timeout) as session:
        serial = 0
        while not stop.is_set():
            serial += 1
            key = f"{number}-{serial}"
            text = f"{LONG}{key}" if serial % 10 == 0 else key
            body = {"message": text, "phone_number": NUMBER}
            while text not in told.promised:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.post("/sms/send", json=body, headers={"Idempotency-Key": key}) as answer:
                        if answer.status == 200:
                            told.promised[text] = (await answer.json())["id"]
                            break
                told.repeats += 1
                await asyncio.sleep(0.05)
            await asyncio.sleep(random.uniform(0.0, 0.3))


async def write_on(virtual: VirtualModems, told: Told, stop: asyncio.Event) -> None:
    """Send incoming messages, no more than the SIMs can hold."""
    while not stop.is_set():
        if all(virtual.network.waiting(modem) < 5 for modem in range(MODEMS)):
            virtual.incoming(told.incoming % MODEMS, SENDER, f"incoming {told.incoming}")
            told.incoming += 1
        await asyncio.sleep(random.uniform(0.1, 0.5))


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask the database."""
    with closing(sqlite3.connect(f"file:{folder}/smsgw.db?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


async def drain(folder: Path, told: Told) -> float:
    """Wait until every message has reached the end of its way and all are received; returns the seconds it took."""
    begun = time.monotonic()
    received = f"abs({told.incoming} - (SELECT count(*) FROM inbound_parts))"
    await until_nothing(folder, f"SELECT (SELECT count(*) FROM messages WHERE status IN (0, 1)) + {received}", DRAIN_S)
    await until_nothing(folder, "SELECT count(*) FROM messages WHERE status = 2", REPORTS_S)
    return time.monotonic() - begun


async def until_nothing(folder: Path, sql: str, seconds: float) -> None:
    """Wait until a query counts nothing any more, or the time is over."""
    deadline = time.monotonic() + seconds
    while query(folder, sql)[0][0] and time.monotonic() < deadline:  # noqa: ASYNC110  # another process's rows
        await asyncio.sleep(0.5)


def judge(folder: Path, scenario: Scenario, virtual: VirtualModems, told: Told) -> dict[str, int]:
    """Hold ledger, database and promises against each other."""
    sent = Counter(message.text for message in virtual.network.messages)
    stored = {row[0]: row[1] for row in query(folder, "SELECT text, status FROM messages")}
    doubtful = {
        row[0]
        for row in query(
            folder,
            "SELECT m.text FROM messages m WHERE m.status = 3 AND 'outcome_unknown' ="
            " (SELECT reason FROM timeline WHERE message = m.seq ORDER BY id DESC LIMIT 1)",
        )
    }
    ids = {row[0] for row in query(folder, "SELECT id FROM messages")}
    silent = [text for text in told.promised if not sent[text] and text not in doubtful]
    return {
        "messages": len(told.promised),
        "repeated requests": told.repeats,
        "promised and not stored": len([id for id in told.promised.values() if id not in ids]),
        "without an end": len([text for text, status in stored.items() if status in (0, 1)]),
        "lost without a word": len(silent),
        "not sent, and told so": len([text for text in doubtful if not sent[text]]),
        "sent, and told as unknown": len([text for text in doubtful if sent[text]]),
        "sent, its report lost": len([s for s in stored.values() if s == 2]) if scenario.reports else 0,
        "sent twice": len([text for text, times in sent.items() if times > 1]),
        "stored twice": len(query(folder, "SELECT text FROM messages GROUP BY text HAVING count(*) > 1")),
        "incoming": told.incoming,
        "incoming lost": told.incoming - query(folder, "SELECT count(*) FROM inbound_parts")[0][0],
    }


async def torture(scenario: Scenario, kills: int, seed: int) -> dict[str, int]:
    """Run one scenario and return its figures."""
    random.seed(seed)
    profile = Profile(smss=Smss.FOLLOWS if scenario.record else Smss.MISSING)
    rules = () if scenario.reports else (Rule(reports=()),)
    with tempfile.TemporaryDirectory(prefix="smsgw-torture-") as name:
        folder = Path(name)
        async with VirtualModems(
            folder,
            MODEMS,
            network_time=(0.0, 0.3),
            report_delay=(0.0, 1.0),
            rules=rules,
            profile=profile,
            seed=seed,
        ) as virtual:
            config = write_config(folder, virtual.paths, port := free_port(), scenario)
            made = subprocess.run(  # noqa: ASYNC221  # nothing else runs yet
                [sys.executable, "-m", "smsgw", "token", "create", "torture", "--config", str(config)],
                capture_output=True,
                text=True,
                check=True,
            )
            told, stop = Told(), asyncio.Event()
            with (folder / "log").open("wb") as log:
                async with asyncio.TaskGroup() as tasks:
                    for number in range(CLIENTS):
                        tasks.create_task(post_on(number, port, made.stdout.strip(), told, stop))
                    tasks.create_task(write_on(virtual, told, stop))
                    for _ in range(kills):
                        process = await start(config, log)
                        await asyncio.sleep(random.uniform(0.2, 3.0))
                        process.kill()
                        await process.wait()
                    process = await start(config, log)
                    stop.set()
                seconds = await drain(folder, told)
                process.terminate()
                await process.wait()
            return {"kills": kills, **judge(folder, scenario, virtual, told), "seconds to settle": round(seconds)}


def table(figures: dict[str, dict[str, int]]) -> str:
    """Lay the figures out as a Markdown table."""
    names = list(figures)
    rows = list(next(iter(figures.values())))
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    lines += [f"| {row} | {' | '.join(str(figures[name][row]) for name in names)} |" for row in rows]
    return "\n".join(lines)


def publish(document: Path, figures: str, command: str) -> None:
    """Put the table between its marks in a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    day = time.strftime("%Y-%m-%d")
    document.write_text(
        f"{before}{MARKS[0]}\n{figures}\n\nMeasured on {day} by `{command}`.\n{MARKS[1]}{after}", encoding="utf-8"
    )


def main() -> int:
    """Run the chosen scenarios; exit code 1 if something was lost or doubled that may not be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=25, help="per scenario (default 25)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="default: another one each time")
    parser.add_argument("--only", choices=[scenario.name for scenario in SCENARIOS], action="append")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures there, too")
    parser.add_argument("--write", action="store_true", help=f"put the table into {GUARANTEES.name}")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    chosen = [scenario for scenario in SCENARIOS if not options.only or scenario.name in options.only]
    figures = {scenario.name: asyncio.run(torture(scenario, options.kills, options.seed)) for scenario in chosen}
    print(table(figures))
    if options.write:
        command = f'make torture ARGS="--kills {options.kills} --seed {options.seed} --write"'
        publish(GUARANTEES, table(figures), command)
    if options.json:
        options.json.write_text(json.dumps({"seed": options.seed, **figures}, indent=1))
    never = ("promised and not stored", "without an end", "lost without a word", "stored twice", "incoming lost")
    broken = [f"{name}: {row}" for name, found in figures.items() for row in never if found[row]]
    broken += [f"{name}: sent twice" for name, found in figures.items() if found["sent twice"] and "resend" not in name]
    for promise in broken:
        print(f"broken: {promise}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
