"""A gateway under steady load, with modems that keep failing: do its memory and its descriptors stay what they are?

A real gateway with four virtual modems first sends 1,000 messages of two parts as fast as it can, and all pages of them
are read twice: what the caches of a gateway in use hold, these hold then. From then on the network takes up to 0.3 s
for a message and reports its delivery within a second. Three clients post, some five messages a second together; every
tenth is long and Cyrillic, the others are short. Another client reads, once a second: a page of messages, one of a
search, one of what came in, devices, health. One listens to the stream of events and begins anew every half a minute. A
webhook is told everything, and for five of every thirty seconds its endpoint fails three times in ten. People write to
the SIMs, some three messages a second. And every ten seconds one of the modems has a mishap: it restarts, also in the
middle of a message, is mute for a while, is unplugged and returns, loses the network, has a busy SIM, refuses a
message, loses one, or never answers for it.

Four hundred times the resident memory, the open descriptors and the threads of the gateway's process are taken from
/proc. The end is held against the time right after the first tenth: the median of the last tenth against that of the
second, so that neither a moment's need nor what the first faults have begun counts as growth. At the end the clients
and the mishaps stop, and when no message is waiting any more, what the network has got is held against the database and
what the clients were told. So that doubts and silence pass within a short run, an answer is waited for 15 s, and a
message whose answer was lost stays in doubt for 15 s (120 s and 600 s as delivered).
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from clients import LONG, NUMBER, Told, post_on, write_on
from gap import BATCH
from hook import Hook, listening
from judge import Database, drain, judge
from scenario import Scenario
from simmodem import VirtualModems
from suite.gateway import Gateway, gateway, until_ready
from suite.processes import descriptors, resident_mib, threads
from suite.section import Budget, Chart, Section, Table, program

MINUTES = 5.0
QUICK_S = 4.0
MODEMS, CLIENTS = 4, 3
NETWORK_S = (0.0, 0.3)
PAST, QUICK_PAST = 1_000, 100
PAGE = 100
SAMPLES = 400
MOST_OFTEN_S = 0.1
PATIENCE_S = 240.0  # for every message to come to its end
SCENARIO = Scenario(name="soak", reports=True, record=True)
OVERRIDES = "prompt_delay_ms = 0\nsubmit_timeout_s = 15"
SETTINGS = f"[sending]\nuncertain_after_s = {SCENARIO.uncertain_after_s}\n"
READ = ("/sms?limit=20", "/sms?search=%D0%B4%D0%BB%D0%B8&limit=20", "/inbox?limit=20", "/devices", "/health")
READ_EVERY_S, LISTENED_S = 1.0, 30.0
HOOK_FAILS_S, HOOK_WORKS_S = 5.0, 25.0
UNTIL_MISHAP_S = (5.0, 15.0)
SPARE_DESCRIPTORS = 8  # as many requests to a webhook are under way at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """What happens to a modem, and what ends it after some seconds."""

    fault: str
    parameters: dict[str, Any] = field(default_factory=dict)
    end: str | None = None
    after_s: float = 3.0


MISHAPS = (
    Mishap(fault="reboot", parameters={"down_s": 1.0}),
    Mishap(fault="reboot_mid_send", parameters={"down_s": 1.0, "reaches_network": True}),
    Mishap(fault="mute", end="unmute"),
    Mishap(fault="unplug", end="replug"),
    Mishap(fault="deregister", end="register"),
    Mishap(fault="sim_busy", parameters={"seconds": 2.0}),
    Mishap(fault="cms_error", parameters={"code": 500}),  # unknown: it is tried again
    Mishap(fault="mute_after_ctrl_z"),
    Mishap(fault="lose_after_ctrl_z"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the gateway's process holds at a moment."""

    at_s: float
    resident_mib: float
    descriptors: int
    threads: int


Measured = Callable[[Sample], float]


@dataclass(slots=True)
class Soak:
    """A gateway in use, and what is counted of that."""

    running: Gateway
    virtual: VirtualModems
    hook: Hook
    told: Told = field(default_factory=Told)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    samples: list[Sample] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    async def use(self, seconds: float) -> None:
        """Use the gateway for so long; return when every message has come to its end."""
        port = int(self.running.url.rpartition(":")[2])
        async with asyncio.TaskGroup() as tasks:
            for number in range(CLIENTS):
                tasks.create_task(post_on(number, port, self.running.token, self.told, self.stop))
            tasks.create_task(write_on(self.virtual, self.told, self.stop))
            for each in (self._read(), self._strike(), self._fail_hook()):
                tasks.create_task(each)
            listener = tasks.create_task(self._listen())
            await self._sample(seconds)
            self.stop.set()
            listener.cancel()
        self.counts["seconds to settle"] = round(await drain(self.running.database, self.told, PATIENCE_S))

    async def _sample(self, seconds: float) -> None:
        begun = time.monotonic()
        while (at_s := time.monotonic() - begun) < seconds:
            pid = self.running.pid
            self.samples.append(
                Sample(at_s=at_s, resident_mib=resident_mib(pid), descriptors=descriptors(pid), threads=threads(pid))
            )
            await asyncio.sleep(max(MOST_OFTEN_S, seconds / SAMPLES))

    async def _read(self) -> None:
        async with self.running.client() as client:
            while not self.stop.is_set():
                for path in READ:
                    async with client.get(path) as answer:
                        await answer.read()
                        self.counts["answers read"] += answer.status == 200
                await asyncio.sleep(READ_EVERY_S)

    async def _listen(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with (
                    asyncio.timeout(LISTENED_S),
                    self.running.client() as client,
                    client.get("/events", timeout=aiohttp.ClientTimeout(total=None)) as answer,
                ):
                    answer.raise_for_status()
                    async for line in answer.content:
                        self.counts["events on the stream"] += line.startswith(b"event: ")

    async def _strike(self) -> None:
        while not self.stop.is_set():
            await asyncio.sleep(random.uniform(*UNTIL_MISHAP_S))
            modem, mishap = random.randrange(MODEMS), random.choice(MISHAPS)
            self.virtual.fault(modem, mishap.fault, **mishap.parameters)
            self.counts["mishaps"] += 1
            if mishap.end is not None:
                await asyncio.sleep(mishap.after_s)
                self.virtual.fault(modem, mishap.end)

    async def _fail_hook(self) -> None:
        while not self.stop.is_set():
            self.hook.is_failing = not self.hook.is_failing
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), HOOK_FAILS_S if self.hook.is_failing else HOOK_WORKS_S)
        self.hook.is_failing = False

    def outcome(self) -> dict[str, int]:
        """Count what became of everything."""
        database = Database(self.running.database)
        told = Counter(id for id, _ in self.hook.told)
        ended = f"SELECT count(*) FROM messages WHERE text NOT LIKE '{CLIENTS}-%' AND status ="
        return {
            **judge(self.running.database, SCENARIO, self.virtual.network, self.told),
            **self.counts,
            "delivered": database.count(f"{ended} 4"),
            "failed": database.count(f"{ended} 3"),
            "events told to the webhook": len(told),
            "of them more than once": sum(count > 1 for count in told.values()),
            "MiB of database": round(self.running.database.stat().st_size / 1_048_576),
        }


async def measure(options: argparse.Namespace) -> Section:
    """Use a gateway for some time and look at what it holds."""
    seconds = QUICK_S if options.quick else 60 * options.minutes
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            VirtualModems(folder, MODEMS, report_delay=(0.0, 1.0), seed=options.seed) as virtual,
            listening() as hook,
            gateway(folder, virtual.paths, settings=SETTINGS, overrides=OVERRIDES) as running,
        ):
            await until_ready(running, MODEMS)
            hook.is_failing = False
            await make_webhook(running, hook)
            await have_past(running, virtual, QUICK_PAST if options.quick else PAST)
            soak = Soak(running=running, virtual=virtual, hook=hook)
            await soak.use(seconds)
            return section(soak.samples, soak.outcome(), seconds / 60)


async def make_webhook(running: Gateway, hook: Hook) -> None:
    """Let a webhook be told everything."""
    kinds = ["sms.status", "sms.received", "device.status"]
    async with (
        running.client() as client,
        client.post("/webhooks", json={"name": "soak", "url": hook.url, "events": kinds}) as answer,
    ):
        assert answer.status < 300, await answer.text()


async def have_past(running: Gateway, virtual: VirtualModems, messages: int) -> None:
    """Send messages as fast as it goes, read them all, and let the network be slow from then on."""
    async with running.client() as client:
        for start in range(0, messages, BATCH):
            texts = [f"{CLIENTS}-{start + each} {LONG}{CLIENTS}-{start + each}" for each in range(BATCH)]
            wanted = [{"message": text, "phone_number": NUMBER} for text in texts]
            async with client.post("/sms/send/batch", json={"messages": wanted}) as answer:
                answer.raise_for_status()
        while len(virtual.network.messages) < messages:  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0.1)
        for page in (*range(messages // PAGE), *range(messages // PAGE)):
            async with client.get("/sms", params={"limit": PAGE, "offset": page + 1}) as answer:
                await answer.read()
    virtual.network.network_time = NETWORK_S


def section(samples: Sequence[Sample], outcome: dict[str, int], minutes: float) -> Section:
    """Say what was found."""
    measured: dict[str, Measured] = {
        "resident memory, MiB": lambda each: each.resident_mib,
        "open descriptors": lambda each: each.descriptors,
        "threads": lambda each: each.threads,
    }
    return Section(
        title=f"{minutes:,.0f} minutes of load and faults",
        tables=[
            Table(
                title="What the gateway's process holds",
                columns=("", "first tenth, mean", "second, median", "last, median", "last, mean", "most"),
                rows=[row(samples, what, of) for what, of in measured.items()],
            ),
            Table(
                title="What happened meanwhile, and what became of it",
                columns=("", "count"),
                rows=[(what, f"{count:,}") for what, count in outcome.items() if what != "database damaged"],
            ),
        ],
        charts=[
            Chart(
                stem="soak-memory",
                title="Resident memory",
                x="minutes",
                y="MiB",
                series={"gateway": [(each.at_s / 60, each.resident_mib) for each in samples]},
            ),
            Chart(
                stem="soak-descriptors",
                title="Open descriptors, and threads",
                x="minutes",
                y="",
                series={
                    "descriptors": [(each.at_s / 60, each.descriptors) for each in samples],
                    "threads": [(each.at_s / 60, each.threads) for each in samples],
                },
            ),
        ],
        budgets=budgets(samples, outcome),
    )


def tenth(samples: Sequence[Sample], place: int, of: Measured) -> list[float]:
    """Return what was measured in one tenth of the time, from 0 to 9."""
    return [of(each) for each in samples[len(samples) * place // 10 : len(samples) * (place + 1) // 10]]


def row(samples: Sequence[Sample], what: str, of: Measured) -> tuple[str | float, ...]:
    """Lay out one measure over the time."""
    first, second, last = (tenth(samples, place, of) for place in (0, 1, 9))
    means = statistics.mean(first), statistics.mean(last)
    return (what, means[0], statistics.median(second), statistics.median(last), means[1], max(map(of, samples)))


def budgets(samples: Sequence[Sample], outcome: dict[str, int]) -> list[Budget]:
    """Hold the end against what was there after the first tenth, and what was sent against what was promised."""
    memory = [statistics.median(tenth(samples, place, lambda each: each.resident_mib)) for place in (1, 9)]
    files = [statistics.median(tenth(samples, place, lambda each: each.descriptors)) for place in (1, 9)]
    broken = {name: outcome[name] for name in NEVER if outcome[name]}
    return [
        Budget(
            what="memory at the end, against that after the first tenth",
            limit="≤ 1.05 ×",
            found=f"{memory[1] / memory[0]:.3f} × ({memory[0]:.1f} MiB, {memory[1]:.1f} MiB)",
            holds=memory[1] <= 1.05 * memory[0],
        ),
        Budget(
            what="open descriptors at the end, against those after the first tenth",
            limit=f"± {SPARE_DESCRIPTORS}",
            found=f"{files[1] - files[0]:+.0f} ({files[0]:.0f}, {files[1]:.0f})",
            holds=abs(files[1] - files[0]) <= SPARE_DESCRIPTORS,
        ),
        Budget(
            what="messages without an end, sent twice, or promised and not stored; incoming ones lost, or stored twice",
            limit="0",
            found=", ".join(f"{count} {name}" for name, count in broken.items()) or f"0 of {outcome['messages']:,}",
            holds=not broken,
        ),
    ]


NEVER = (
    *("without an end", "sent twice", "promised and not stored", "stored twice", "lost without a word"),
    *("incoming lost", "incoming stored twice", "database damaged"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of load (120 for a long soak)")
    parser.add_argument("--seed", type=int, default=0, help="of all that happens by chance")


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
