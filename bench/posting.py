"""How many messages POST /sms/send takes in a second, each on the disk before it is answered.

A real gateway, as it is configured by default but without a limit of requests, whose only modem is not plugged in: it
takes messages and sends none. Clients on so many connections (keep-alive) post one message after the other, each as
soon as the last is answered. The same is done, in turn, with a bare server: the same aiohttp with one handler that
reads the JSON and answers an id, without a token, without checks, and stores nothing. Each has a process of its own,
and so has the load, which reads of an answer the status and the length only; it is the same for both, and shares the
machine with them. Each gateway begins with an empty database. At the end the messages in it are counted: it must have
one for each 200.

A second time with a disk whose every sync takes longer by a fixed time: a SQLite that waits after each sync, in the
place of an SD card that does. Whoever posts at the same moment shares a sync, so that many connections lose less by it
than one does. With one connection, that of the sync is nearly all of the time.
"""

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bare import bare
from load import Load, load, post
from suite.gateway import PROGRAM, gateway
from suite.processes import processor_s
from suite.section import Budget, Chart, Section, Table, program, share

CONNECTIONS = (1, 4, 16, 64, 256)
JUDGED = 64  # connections
SYNCS_MS = (0, 5, 20, 50)
SLOW_DISK = str(Path(__file__).with_name("slow_disk.py"))
SECONDS = 6.0
QUICK_S = 0.5
QUICK_CONNECTIONS = (1, JUDGED)
QUICK_SYNCS_MS = (0, 20)
BODIES = 1_000  # different ones
PATH = "/sms/send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A load, the processor time that its server used for each answer, and how many messages that stored."""

    load: Load
    processor_ms: float
    stored: int | None = None

    @property
    def is_kept(self) -> bool:
        """Whether each 200 is in the database, and nothing else, and nothing was refused."""
        return self.load.bad == 0 and self.load.good == self.stored

    def figures(self) -> tuple[float, ...]:
        """Return the rate, the times to an answer and the processor time, in ms."""
        times = (1_000 * share(self.load.latencies_s, percent) for percent in (50, 99))
        return (self.load.rate, *times, self.processor_ms)


def requests(token: str = "") -> list[str]:
    """Write requests as a program makes them that sends codes to people."""
    return [
        post(
            PATH,
            {"message": f"Код подтверждения {each:06}. Никому его не сообщайте.", "phone_number": f"7999{each:07}"},
            token,
        )
        for each in range(0, BODIES * 997, 997)
    ]


async def run_bare(connections: int, seconds: float) -> Run:
    """Load the bare server."""
    async with bare() as running:
        before = processor_s(running.pid)
        found = await load(running.url, requests(), connections=connections, seconds=seconds)
        return Run(load=found, processor_ms=1_000 * (processor_s(running.pid) - before) / found.good)


async def run_gateway(connections: int, seconds: float, sync_ms: float = 0) -> Run:
    """Load a gateway on an empty database."""
    slow_disk = (sys.executable, SLOW_DISK, str(sync_ms / 1_000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        away = folder / "away"
        async with gateway(folder, [away], program=slow_disk if sync_ms else PROGRAM) as running:
            before = processor_s(running.pid)
            found = await load(running.url, requests(running.token), connections=connections, seconds=seconds)
            used_s = processor_s(running.pid) - before
        return Run(load=found, processor_ms=1_000 * used_s / found.good, stored=stored(running.database))


def stored(database: Path) -> int:
    """Count the messages of a gateway."""
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


async def measure(options: argparse.Namespace) -> Section:
    """Load both with more and more connections, then gateways on slower and slower disks."""
    seconds = QUICK_S if options.quick else options.seconds
    counts = QUICK_CONNECTIONS if options.quick else CONNECTIONS
    syncs_ms = QUICK_SYNCS_MS if options.quick else SYNCS_MS
    pairs = {count: (await run_bare(count, seconds), await run_gateway(count, seconds)) for count in counts}
    slow = {
        sync_ms: {count: await run_gateway(count, seconds, sync_ms) for count in (1, JUDGED)}
        for sync_ms in syncs_ms
        if sync_ms
    }
    slow = {0: {count: pairs[count][1] for count in (1, JUDGED)}, **slow}
    runs = [ours for _, ours in pairs.values()] + [run for both in slow.values() for run in both.values()]
    return Section(
        title="Taking messages in",
        tables=[of_connections(pairs), of_syncs(slow)],
        charts=[chart_of_connections(pairs), chart_of_syncs(slow)],
        budgets=[of_rate(*pairs[JUDGED]), of_keeping(runs)],
    )


Pairs = dict[int, tuple[Run, Run]]
Slow = dict[int, dict[int, Run]]


def of_connections(pairs: Pairs) -> Table:
    """Show both servers side by side."""
    kinds = ("answers/s", "p50, ms", "p99, ms", "processor, ms")
    return Table(
        title="Connections",
        columns=("connections", *(f"bare: {kind}" for kind in kinds), *(f"gateway: {kind}" for kind in kinds), "share"),
        rows=[
            (str(count), *nothing.figures(), *ours.figures(), f"{ours.load.rate / nothing.load.rate:.0%}")
            for count, (nothing, ours) in pairs.items()
        ],
        note="Times to an answer as the client sees them; processor time of the server for each answer.",
    )


def of_syncs(slow: Slow) -> Table:
    """Show what slower disks cost."""
    names = ("one connection", f"{JUDGED} connections")
    columns = [f"{name}: {kind}" for name in names for kind in ("answers/s", "p50, ms", "p99, ms")]
    return Table(
        title="Slow syncs",
        columns=("a sync takes longer by", *columns),
        rows=[
            (f"{sync_ms} ms", *(figure for run in both.values() for figure in run.figures()[:3]))
            for sync_ms, both in slow.items()
        ],
    )


def chart_of_connections(pairs: Pairs) -> Chart:
    """Draw the rates over the connections."""
    return Chart(
        stem="posting-connections",
        title="POST /sms/send",
        x="connections",
        y="answers in a second",
        series={
            "a handler that stores nothing": [(count, nothing.load.rate) for count, (nothing, _) in pairs.items()],
            "the gateway, each on the disk": [(count, ours.load.rate) for count, (_, ours) in pairs.items()],
        },
    )


def chart_of_syncs(slow: Slow) -> Chart:
    """Draw the rates over the time that a sync takes longer."""
    return Chart(
        stem="posting-syncs",
        title="POST /sms/send on slow disks",
        x="a sync takes longer by, ms",
        y="answers in a second",
        series={
            f"{count} connection{'s' if count > 1 else ''}": [
                (sync_ms, both[count].load.rate) for sync_ms, both in slow.items()
            ]
            for count in (1, JUDGED)
        },
        is_logarithmic=True,
    )


def of_rate(nothing: Run, ours: Run) -> Budget:
    """Judge the rate."""
    found = ours.load.rate / nothing.load.rate
    return Budget(
        what=f"durable `POST /sms/send` per second, {JUDGED} connections",
        limit="≥ half of what the same aiohttp answers with a handler that stores nothing",
        found=f"{ours.load.rate:,.0f} of {nothing.load.rate:,.0f}, {found:.0%}",
        holds=found >= 0.5,
        why=""
        if found >= 0.5
        else f"The processor time for each tells why: {ours.processor_ms:.2f} ms beside {nothing.processor_ms:.2f} ms."
        " A message is checked, coded as its modem will need it, and written with its part, its history and two search"
        " indexes, in one interpreter with the server.",
    )


def of_keeping(runs: Sequence[Run]) -> Budget:
    """Judge whether what was promised is there."""
    good, kept = sum(run.load.good for run in runs), sum(run.stored or 0 for run in runs)
    return Budget(
        what="messages in the database for each 200",
        limit="one, and nothing refused",
        found=f"{kept:,} for {good:,}",
        holds=all(run.is_kept for run in runs),
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each load (default {SECONDS:.0f})")


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
