"""What the gateway needs of a machine while it has nothing to do, and how soon it is there; empty and with much in it.

A real gateway with four virtual modems, which run in this program and are not counted; once on an empty database, once
on a million messages that were filled in beforehand. Memory is that of the daemon's process: resident (all that it
holds) and proportional (what it shares with other processes is divided among them), a few seconds after the modems are
ready, and again after a burst of reading: pages of the list from first to last, and searches that were never asked for
before. The share of the processor is that of one core over a minute in which nothing comes and nothing goes. Starts are
measured from the start of the process to the first answer, and until all four modems can send; the median of five, the
database in the cache of the system. A database that was not closed is read through before anything else: that is
measured after a kill -9. The modules are compiled already. A second of each start is for the modems alone: the gateway
speaks slowly to one that it does not know yet.
"""

import argparse
import asyncio
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simmodem import VirtualModems
from suite.filled import CODE, FREQUENT, RARE, filled
from suite.gateway import Gateway, gateway, until_ready
from suite.processes import processor_s, proportional_mib, resident_mib
from suite.section import Budget, Section, Table, program

MESSAGES, FEW_MESSAGES = 1_000_000, 1_000
MODEMS = 4
STARTS = 5
SETTLED_S, IDLE_S = 5.0, 60.0
SEARCHES = (FREQUENT, CODE, RARE, "доставлено", "ва", "но", "с", "7", "4711", "91234")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How long it took until the gateway answered and until all modems could send, and of the processor; in seconds."""

    answers_s: float
    modems_s: float
    processor_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What was found on one database; memory in MiB, the share of the processor in percent of one core."""

    messages: int
    file_mib: float
    start: Start
    after_kill: Start
    resident: float
    proportional: float
    resident_after_reads: float
    proportional_after_reads: float
    processor: float


async def measure(options: argparse.Namespace) -> Section:
    """Look at a gateway on an empty database, and on a large one."""
    messages = FEW_MESSAGES if options.quick else options.messages
    with tempfile.TemporaryDirectory() as compiled:
        # As where it is installed: an environment that keeps no compiled modules would compile them at each start.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        found = [await look(options, 0), await look(options, messages)]
    return Section(title="Footprint", tables=[table(found)], budgets=budgets(found))


async def look(options: argparse.Namespace, messages: int) -> Footprint:
    """Start a gateway several times, let it stand idle, read from it, and kill it."""
    starts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if messages:
            await asyncio.to_thread(filled, folder, messages, options.keep)
        async with VirtualModems(folder, MODEMS) as virtual:
            for _ in range(0 if options.quick else STARTS - 1):
                async with started(folder, virtual) as (_, start):
                    starts.append(start)
            async with started(folder, virtual) as (running, start):
                starts.append(start)
                await asyncio.sleep(0.5 if options.quick else SETTLED_S)
                processor = await idle(running, 1 if options.quick else IDLE_S)
                resident, proportional = resident_mib(running.pid), proportional_mib(running.pid)
                await read(running)
                resident_after, proportional_after = resident_mib(running.pid), proportional_mib(running.pid)
                os.kill(running.pid, signal.SIGKILL)
            async with started(folder, virtual) as (running, after_kill):
                file_mib = running.database.stat().st_size / 1_048_576
    return Footprint(
        messages=messages,
        file_mib=file_mib,
        start=Start(
            answers_s=statistics.median(start.answers_s for start in starts),
            modems_s=statistics.median(start.modems_s for start in starts),
            processor_s=statistics.median(start.processor_s for start in starts),
        ),
        after_kill=after_kill,
        resident=resident,
        proportional=proportional,
        resident_after_reads=resident_after,
        proportional_after_reads=proportional_after,
        processor=processor,
    )


@asynccontextmanager
async def started(folder: Path, virtual: VirtualModems) -> AsyncIterator[tuple[Gateway, Start]]:
    """Run a gateway and tell how soon it was there."""
    async with gateway(folder, virtual.paths) as running:
        begun = time.monotonic()
        await until_ready(running, MODEMS)
        waited_s = time.monotonic() - begun
        used_s = processor_s(running.pid)
        yield running, Start(answers_s=running.ready_s, modems_s=running.ready_s + waited_s, processor_s=used_s)


async def idle(running: Gateway, seconds: float) -> float:
    """Let nothing happen and return the share of a core that was used, in percent."""
    begun, before = time.monotonic(), processor_s(running.pid)
    await asyncio.sleep(seconds)
    return 100 * (processor_s(running.pid) - before) / (time.monotonic() - begun)


async def read(running: Gateway) -> None:
    """Read many pages, several at a time."""
    async with running.client(8) as client:

        async def get(search: str, page: int) -> int:
            query = {"limit": "100", "offset": str(page), "search": search}
            async with client.get("/sms", params=query) as answer:
                answer.raise_for_status()
                total: int = (await answer.json())["pagination"]["total_records"]
                return total

        for search in ("", *SEARCHES):
            last = max(1, await get(search, 1) // 100)
            await asyncio.gather(*(get(search, 1 + last * each // 20) for each in range(21)))


def table(found: list[Footprint]) -> Table:
    """Show both side by side."""
    return Table(
        title=f"A gateway with {MODEMS} modems",
        columns=("", *(f"{each.messages:,} messages" if each.messages else "empty" for each in found)),
        rows=[
            ("database, MiB", *(each.file_mib for each in found)),
            ("start until it answers, s", *(each.start.answers_s for each in found)),
            (f"start until {MODEMS} modems are ready, s", *(each.start.modems_s for each in found)),
            ("processor time of a start, s", *(each.start.processor_s for each in found)),
            ("start after a kill: until it answers, s", *(each.after_kill.answers_s for each in found)),
            ("resident, MiB", *(each.resident for each in found)),
            ("proportional, MiB", *(each.proportional for each in found)),
            ("resident after reading, MiB", *(each.resident_after_reads for each in found)),
            ("proportional after reading, MiB", *(each.proportional_after_reads for each in found)),
            ("processor while idle, % of one core", *(each.processor for each in found)),
        ],
        note="After a kill the whole database is read before anything else; its size and the disk set that time.",
    )


def budgets(found: list[Footprint]) -> list[Budget]:
    """Hold the larger database against its limits, and against the empty one."""
    empty, full = found
    most, after_reads = (
        1.048576 * max(values)
        for values in ([each.resident for each in found], [each.resident_after_reads for each in found])
    )
    busiest = max(each.processor for each in found)
    slowest = max(each.start.modems_s for each in found)
    grown = full.resident - empty.resident
    return [
        Budget(
            what=f"an idle gateway with {MODEMS} modems: memory",
            limit="< 60 MB resident",
            found=f"{most:.1f} MB, and {after_reads:.1f} MB after lists of all kinds were read",
            holds=max(most, after_reads) < 60,
        ),
        Budget(
            what="its share of the processor", limit="< 1 % of one core", found=f"{busiest:.2f} %", holds=busiest < 1
        ),
        Budget(
            what=f"its start until {MODEMS} modems are ready",
            limit="< 2 s",
            found=f"{slowest:.2f} s",
            holds=slowest < 2,
        ),
        Budget(
            what=f"growth from an empty database to {full.messages:,} messages",
            limit="memory and start within a tenth, or 5 MiB and 0.1 s",
            found=f"{grown:+.1f} MiB, {full.start.modems_s - empty.start.modems_s:+.2f} s",
            holds=grown <= max(5, empty.resident / 10)
            and full.start.modems_s - empty.start.modems_s <= max(0.1, empty.start.modems_s / 10),
        ),
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--messages", type=int, default=MESSAGES, help="in the larger database")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the filled database there, and take it thence")


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
