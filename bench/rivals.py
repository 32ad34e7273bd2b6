"""The same work through smsgw, gammu-smsd and smstools, on the same virtual modem in the same run.

Each has one modem to itself, whose network takes no time and whose line has no speed, and is measured alone, one after
the other. Every message wants a report; the modem puts that where the one at work can read it. A first message shows
that it is ready. Then all are given to it at once while it runs, as its clients would: files that are renamed into its
folder, or POST /sms/send/batch. Its own time for a message is taken where the modem stands: from the +CMGS: of the one
before to AT+CMGS, with all other commands between them, and from the prompt to Ctrl-Z. The rate is that of all of them,
from the first that is given to the last OK. Processor time is that of all its processes, from the first message to the
last report that it has read, the taking in included; memory is taken afterwards. Idle latency is from the moment when a
single message is given (before the renaming, before the request) to AT+CMGS, at random moments. At last it is left
alone, and its processor time is taken again.

gammu-smsd and smstools are Debian's, with the settings shown below: the fastest that their manuals allow and that
measuring has confirmed. There are two of each, since speed has its price there: one as a server can live with it, and
the fastest whatever it takes. They do not do the same work. smsgw syncs each message to the disk before it answers, and
writes down each step before it is taken; the others rename files and sync nothing. All share the machine with the modem
and this program; what that costs counts most where times are short.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contenders import CONTENDERS, MESSAGES, Contender, Running
from simmodem import Stage, VirtualModems
from spools import demand
from suite.processes import processor_s, proportional_mib, resident_mib
from suite.section import Budget, Cell, Chart, Section, Table, figure, program, share
from suite.wire import Wire

AHEAD = 40
# Sleeps between its looks, and listens to what its modem hands over.
BEARABLE = ("gammu-smsd", "smstools")
WHY = (
    "gammu-smsd that never sleeps takes a whole core while it has nothing to do; smstools that does not listen before a"
    " command syncs nothing and sleeps in the kernel until there is a file."
)
HOW = (
    "smsgw waits 50 ms between the prompt and the PDU by default, for slow modems. gammu-smsd pauses for 700 ms around "
    "the prompt, which no setting changes; `loopsleep = 0` makes it look for work all the time, of which its manual "
    "warns. smstools listens for 100 ms before each command whether the modem hands a message over; *unchecked* it "
    "does not. It reads reports when nothing is left to send."
)
PATIENCE_S = 300.0
SETTLE_S = 1.0  # what a daemon still has to do when its last report is there
_POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one of them took; times in seconds."""

    messages: int
    own: Sequence[float]
    per_second: float
    answers: float  # what the modem took for the answers to all commands, for each message
    latency: Sequence[float]
    processor: float  # for 1,000 messages
    idle: float  # share of a core
    proportional: float
    resident: float

    @property
    def mean(self) -> float:
        """Return its own time for a message, on average."""
        return sum(self.own) / len(self.own)


class Answers:
    """How long a modem takes to answer commands."""

    def __init__(self, virtual: VirtualModems) -> None:
        self.seconds = 0.0
        terminal = virtual.modems[0].terminal
        self._answer = terminal.on_line
        terminal.on_line = self._take

    def _take(self, line: str) -> None:
        begun = time.monotonic()
        self._answer(line)
        self.seconds += time.monotonic() - begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One of them at work on its modem."""

    running: Running
    virtual: VirtualModems
    wire: Wire

    async def accepted(self, messages: int) -> None:
        """Wait until the network has so many messages, and their reports have been read."""
        async with asyncio.timeout(PATIENCE_S):
            while min(len(self.virtual.network.ledger), self.running.reports()) < messages:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)

    async def latencies(self, contender: Contender, samples: int) -> list[float]:
        """Give it single messages."""
        found = []
        for _ in range(samples):
            await asyncio.sleep(random.uniform(*contender.pause_s))
            number = len(self.virtual.network.ledger)
            begun = time.monotonic()
            await self.running.put([number])
            await self.accepted(number + 1)
            found.append(self.wire.times(Stage.SUBMISSION)[-1] - begun)
        return found

    async def idle(self, seconds: float) -> float:
        """Leave it alone, and return its share of a core."""
        await asyncio.sleep(SETTLE_S)
        before = processor_s(self.running.session)
        await asyncio.sleep(seconds)
        return (processor_s(self.running.session) - before) / seconds


async def try_out(contender: Contender, messages: int, samples: int, idle_s: float) -> Found:
    """Measure one of them."""
    wire, daemon = Wire(), contender.daemon
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            VirtualModems(folder / "modems", profile=daemon.profile, observer=wire) as virtual,
            daemon.run(folder, virtual.paths[0], wire) as running,
        ):
            trial = Trial(running=running, virtual=virtual, wire=wire)
            await running.put([0])
            await trial.accepted(1)
            await asyncio.sleep(SETTLE_S)
            answers, before = Answers(virtual), processor_s(running.session)
            begun = time.monotonic()
            await running.put(range(1, messages + 1))
            await trial.accepted(messages + 1)
            own, took_s = wire.own()[1:], wire.times(Stage.SENT)[-1] - begun  # before the first of them it was idle
            await asyncio.sleep(SETTLE_S)
            used_s, answered_s = processor_s(running.session) - before, answers.seconds
            return Found(
                messages=messages,
                own=own,
                per_second=messages / took_s,
                answers=answered_s / messages,
                processor=used_s / messages * 1_000,
                proportional=proportional_mib(running.session),
                resident=resident_mib(running.session),
                latency=await trial.latencies(contender, samples),
                idle=await trial.idle(idle_s),
            )


async def measure(options: argparse.Namespace) -> Section:
    """Measure each; quickly, all at the same time."""
    demand()
    found: dict[str, Found] = {}

    async def one(contender: Contender) -> None:
        messages = 3 if options.quick else min(options.messages, contender.most)
        samples = 1 if options.quick else contender.samples
        found[contender.name] = await try_out(contender, messages, samples, 1.0 if options.quick else options.idle)

    if options.quick:
        await asyncio.gather(*(one(each) for each in CONTENDERS))
    else:
        for each in CONTENDERS:
            print(f"{each.name} …", file=sys.stderr, flush=True)
            await one(each)
    return section({each.name: found[each.name] for each in CONTENDERS})


def section(found: dict[str, Found]) -> Section:
    """Lay out what was found, by name."""
    ours, others = found["smsgw"], {name: each for name, each in found.items() if not name.startswith("smsgw")}
    return Section(
        title="Beside gammu-smsd and smstools",
        tables=[
            Table(
                title="One modem, messages that want reports",
                columns=("", *found),
                rows=list(rows(found, ours)),
                note="The modem's answers count as own time where others than that to `AT+CMGS` are in it.",
            ),
            Table(
                title="How each is set",
                columns=("", "settings that differ from the defaults, reports and folders left out"),
                rows=[(each.name, ", ".join(each.daemon.settings) or "–") for each in CONTENDERS],
                note=HOW,
            ),
        ],
        charts=[
            bars("rivals-own", "Own time for a message, p50", {n: 1_000 * share(e.own, 50) for n, e in found.items()}),
            bars("rivals-idle", "Idle latency, p50", {n: 1_000 * share(e.latency, 50) for n, e in found.items()}),
        ],
        budgets=list(budgets(ours, others)),
    )


def bars(stem: str, title: str, values: dict[str, float]) -> Chart:
    """Draw milliseconds."""
    return Chart(stem=stem, title=title, x="", y="ms", bars=values, is_logarithmic=True)


def rows(found: dict[str, Found], ours: Found) -> Iterator[Sequence[Cell]]:
    """Give the rows of the table."""

    def row(what: str, of: Callable[[Found], Cell]) -> Sequence[Cell]:
        return (what, *(of(each) for each in found.values()))

    yield row("messages at once", lambda each: f"{each.messages:,}")
    yield row("own time for a message, p50, ms", lambda each: 1_000 * share(each.own, 50))
    yield row("p95, ms", lambda each: 1_000 * share(each.own, 95))
    yield row("mean, ms", lambda each: 1_000 * each.mean)
    yield row("p50, times that of smsgw", lambda each: share(each.own, 50) / share(ours.own, 50))
    yield row("the modem's answers to all commands, for a message, ms", lambda each: 1_000 * each.answers)
    yield row("messages per second", lambda each: each.per_second)
    yield row("single messages, for the idle latency", lambda each: f"{len(each.latency)}")
    yield row("idle latency, p50, ms", lambda each: 1_000 * share(each.latency, 50))
    yield row("p95, ms", lambda each: 1_000 * share(each.latency, 95))
    yield row("p50, times that of smsgw", lambda each: share(each.latency, 50) / share(ours.latency, 50))
    yield row("processor time for 1,000 messages, s", lambda each: each.processor)
    yield row("processor time when idle, % of a core", lambda each: 100 * each.idle)
    yield row("memory, proportional, MiB", lambda each: each.proportional)
    yield row("memory, resident, MiB", lambda each: each.resident)


def budgets(ours: Found, others: dict[str, Found]) -> Iterator[Budget]:
    """Hold what was found against the limits."""
    bearable = {name: each for name, each in others.items() if name in BEARABLE}
    for whose, those in (("each peer as a server can live with it", bearable), ("each peer whatever it takes", others)):
        yield ahead(f"own time for a message, ahead of {whose}", those, lambda each: each.mean / ours.mean)
        yield ahead(
            f"idle latency, ahead of {whose}", those, lambda each: share(each.latency, 50) / share(ours.latency, 50)
        )
    yield Budget(
        what="processor time for 1,000 messages",
        limit="no more than that of any peer",
        found=f"{ours.processor:.1f} s; "
        + ", ".join(f"{name} {each.processor:.1f} s" for name, each in others.items()),
        holds=all(ours.processor <= each.processor for each in others.values()),
        why="They are written in C, and rename files; smsgw is written in Python, and keeps rows of every step.",
    )


def ahead(what: str, others: dict[str, Found], times: Callable[[Found], float]) -> Budget:
    """Tell how far we are ahead of each."""
    near = [name for name, each in others.items() if times(each) < AHEAD]
    return Budget(
        what=what,
        limit=f"≥ {AHEAD} ×",
        found=", ".join(f"{name} {figure(times(each))} ×" for name, each in others.items()),
        holds=not near,
        why=f"Not of {' and of '.join(near)}. {WHY}",
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--idle", type=float, default=10.0, metavar="S", help="seconds to leave each alone")


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
