"""From one modem to 64, all busy in one gateway: is each as busy as one alone, and what does a message cost then?

A real gateway with virtual modems on a new database is asked for three things with each size of the fleet.

All busy: the network takes 0.5 to 1.5 s for a message and reports its delivery as long after; so that the modems are
the limit and not this machine. So many messages wait that no modem is ever without one. For some seconds (more of them
where modems are few) it is measured how many messages the network gets, which share of the time each modem's network is
in use (from Ctrl-Z until the network has the message), and the gap from a `+CMGS:` to the next `AT+CMGS` at each modem.

At full speed: the network takes no time, there are no reports, and the gateway does not wait between prompt and PDU. It
is measured how many messages one gateway sends on this machine while messages wait for all modems.

One at a time: as at full speed, but each message is posted when the one before it is with the network, so that all
modems but one have nothing to do. What is asked is what a message costs that all modems might send and one does.

Processor time is that of the gateway's process; the submission of the messages that wait is over when measuring begins.
The modems are simulated, all in the process of this program, which shares the machine with the gateway; what they use
of a core stands in the tables, and where that comes near 1 the simulation is the limit and not the gateway.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gap import BATCH, NUMBER, TEXT, post
from simmodem import Rule, Stage, VirtualModems
from suite.gateway import Gateway, gateway, until_ready
from suite.processes import precisely_s
from suite.section import Budget, Cell, Chart, Section, Table, program, share
from suite.wire import Wire

SIZES = (1, 2, 4, 8, 16, 32, 64)
BUDGETED = 32
NETWORK_S = (0.5, 1.5)
WINDOW_S = 10.0
LEAST_SENT = 25  # by a small fleet in its window
POSTED = 3_000
FULL_SPEED_S = 6.0
SINGLE = 100
_POLL_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a fleet did in its window; shares are of the time, processor times of a core."""

    modems: int
    seconds: float
    messages: int
    gateway_s: float
    simulator_s: float
    busy: Sequence[float]
    gaps_ms: Sequence[float]

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_s(self) -> float:
        """Processor seconds of the gateway for 1,000 messages."""
        return 1_000 * self.gateway_s / self.messages

    @property
    def cores(self) -> tuple[float, float]:
        """What the gateway and the simulation used of a core."""
        return self.gateway_s / self.seconds, self.simulator_s / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A gateway, its modems, and the wire between them."""

    running: Gateway
    virtual: VirtualModems
    wire: Wire

    @property
    def size(self) -> int:
        """How many modems there are."""
        return len(self.virtual.paths)

    @property
    def sent(self) -> int:
        """How many messages the network has."""
        return len(self.virtual.network.ledger)

    async def busy(self) -> None:
        """Wait until every modem has sent something."""
        while not all(self.wire.times(Stage.CTRL_Z, modem) for modem in range(self.size)):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)

    async def window(self, seconds: float, until: int) -> Found:
        """Look at the fleet for some seconds, or until so many messages are sent."""
        self.wire.forget()
        begun, sent = time.monotonic(), self.sent
        gateway_s, simulator_s = precisely_s(self.running.pid), time.process_time()
        while self.sent < until and time.monotonic() < begun + seconds:  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(_POLL_S)
        return self._found(begun, sent, gateway_s, simulator_s)

    async def singly(self, messages: int) -> Found:
        """Post messages, each when the one before it is sent."""
        begun, sent = time.monotonic(), self.sent
        gateway_s, simulator_s = precisely_s(self.running.pid), time.process_time()
        async with self.running.client() as client:
            for number in range(messages):
                await self._send_one(client, number)
        return self._found(begun, sent, gateway_s, simulator_s)

    async def _send_one(self, client: aiohttp.ClientSession, number: int) -> None:
        before = self.sent
        wanted = {"message": f"{TEXT} {number}", "phone_number": NUMBER}
        async with client.post("/sms/send", json=wanted) as answer:
            answer.raise_for_status()
        while self.sent == before:  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0)

    def _found(self, begun: float, sent: int, gateway_s: float, simulator_s: float) -> Found:
        ended, modems = time.monotonic(), range(self.size)
        return Found(
            modems=self.size,
            seconds=ended - begun,
            messages=max(1, self.sent - sent),
            gateway_s=precisely_s(self.running.pid) - gateway_s,
            simulator_s=time.process_time() - simulator_s,
            busy=[in_network_s(self.wire.reached[modem], begun, ended) / (ended - begun) for modem in modems],
            gaps_ms=[1_000 * gap for modem in modems for gap in self.wire.gaps(modem)],
        )


def in_network_s(reached: Sequence[tuple[Stage, float]], begun: float, ended: float) -> float:
    """Return for how long a modem's network was in use; the first message may be older, the last one not done."""
    since: float | None = begun
    total = 0.0
    for stage, at in reached:
        if stage is Stage.CTRL_Z:
            since = at
        elif stage is Stage.TAKEN and since is not None:
            total += at - since
            since = None
    return total if since is None else total + ended - since


@asynccontextmanager
async def fleet(modems: int, *, slow: bool) -> AsyncIterator[Fleet]:
    """Run a gateway with so many modems, on a network that takes its time or none."""
    network_s = NETWORK_S if slow else (0.0, 0.0)
    rules = () if slow else (Rule(reports=()),)
    wire = Wire()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            VirtualModems(
                folder, modems, network_time=network_s, report_delay=network_s, rules=rules, observer=wire
            ) as virtual,
            gateway(folder, virtual.paths, overrides="" if slow else "prompt_delay_ms = 0") as running,
        ):
            await until_ready(running, modems)
            yield Fleet(running=running, virtual=virtual, wire=wire)


async def all_busy(modems: int, seconds: float) -> Found:
    """Let all modems be busy, with the network as the limit."""
    async with fleet(modems, slow=True) as each:
        # A message takes a second or more; some are sent before the window begins.
        await post(each.running, modems * round(1.5 * seconds + 5))
        await each.busy()
        return await each.window(seconds, until=1_000_000)


async def full_speed(modems: int, singles: int, messages: int) -> tuple[Found, Found]:
    """Send single messages through a fleet that is idle otherwise; then let all send as fast as the gateway can."""
    async with fleet(modems, slow=False) as each:
        single = await each.singly(singles)
        await post(each.running, messages)
        await each.busy()
        # As long as there is something for every modem.
        return single, await each.window(FULL_SPEED_S, until=singles + messages - 2 * modems)


async def measure(options: argparse.Namespace) -> Section:
    """Measure every size of a fleet."""
    sizes = (1, 2) if options.quick else SIZES
    busy, fast, single = [], [], []
    for modems in sizes:
        seconds = 1.0 if options.quick else max(WINDOW_S, LEAST_SENT / modems)
        busy.append(await all_busy(modems, seconds))
        alone, all_at_once = await full_speed(modems, *((10, BATCH) if options.quick else (SINGLE, POSTED)))
        single.append(alone)
        fast.append(all_at_once)
    return Section(
        title="Many modems",
        tables=[busy_table(busy), fast_table(fast), single_table(single)],
        charts=charts(busy, fast, single),
        budgets=budgets(busy, fast),
    )


def busy_table(found: Sequence[Found]) -> Table:
    """Lay out what fleets did whose network was the limit."""
    alone = found[0]
    return Table(
        title="All busy, the network takes 0.5–1.5 s for a message",
        columns=(
            *("modems", "messages/s", "per modem, of one alone", "network in use", "of one alone", "of the least busy"),
            *("gap p50, ms", "p99, ms", "CPU s per 1,000", "gateway, cores", "simulator, cores"),
        ),
        rows=[
            (
                *(str(each.modems), each.rate, percent(each.rate / each.modems / alone.rate)),
                *(percent(mean(each.busy)), percent(mean(each.busy) / mean(alone.busy))),
                *(percent(min(each.busy) / mean(alone.busy)), *gaps(each), each.cpu_s, *each.cores),
            )
            for each in found
        ],
        note="The network draws its time for every message, so the messages a second of a small fleet scatter by some"
        " percent; the share of the time that it is in use hardly does. CPU includes the reports, and what the gateway"
        " does for so many modems without any message.",
    )


def fast_table(found: Sequence[Found]) -> Table:
    """Lay out what fleets did without any time in the network."""
    return Table(
        title="At full speed, no time in the network",
        columns=(
            *("modems", "messages/s", "gap p50, ms", "p99, ms"),
            *("CPU s per 1,000", "gateway, cores", "simulator, cores"),
        ),
        rows=[(str(each.modems), each.rate, *gaps(each), each.cpu_s, *each.cores) for each in found],
        note="What waits at the same moment is stored with one sync: that is why a message costs less among many.",
    )


def single_table(found: Sequence[Found]) -> Table:
    """Lay out what single messages cost."""
    return Table(
        title="One message at a time, all other modems idle",
        columns=("modems", "ms per message", "CPU s per 1,000"),
        rows=[(str(each.modems), 1_000 / each.rate, each.cpu_s) for each in found],
        note="Submission included. Every modem that is idle looks whether the message is for it.",
    )


def charts(busy: Sequence[Found], fast: Sequence[Found], single: Sequence[Found]) -> list[Chart]:
    """Draw what a message costs, and how busy the modems are."""
    alone = mean(busy[0].busy)
    return [
        Chart(
            stem="fleet-cpu",
            title="Processor time of the gateway for 1,000 messages",
            x="modems",
            y="s",
            series={
                "all busy": [(each.modems, each.cpu_s) for each in busy],
                "at full speed": [(each.modems, each.cpu_s) for each in fast],
                "one at a time": [(each.modems, each.cpu_s) for each in single],
            },
        ),
        Chart(
            stem="fleet-busy",
            title="How busy a modem is, of one alone",
            x="modems",
            y="%",
            series={
                "mean": [(each.modems, 100 * mean(each.busy) / alone) for each in busy],
                "least busy": [(each.modems, 100 * min(each.busy) / alone) for each in busy],
            },
        ),
    ]


def budgets(busy: Sequence[Found], fast: Sequence[Found]) -> list[Budget]:
    """Hold the fleet that has a budget against one modem; the largest one where it is not measured."""
    place = next((number for number, each in enumerate(busy) if each.modems == BUDGETED), -1)
    modems, alone = busy[place].modems, mean(busy[0].busy)
    least, as_busy = min(busy[place].busy) / alone, mean(busy[place].busy) / alone
    dearest = [max(each.cpu_s for each in found[1 : place + 1 or None]) / found[0].cpu_s for found in (busy, fast)]
    return [
        Budget(
            what=f"{modems} modems busy at once: every modem as busy as alone",
            limit="≥ 95 %",
            found=f"{percent(least)} the least busy, {percent(as_busy)} on average",
            holds=least >= 0.95,
        ),
        Budget(
            what=f"processor time for 1,000 messages, from 1 to {modems} busy modems",
            limit="≤ 1.25 × that of one",
            found=f"at most {dearest[0]:.2f} × with the network as the limit, {dearest[1]:.2f} × at full speed",
            holds=max(dearest) <= 1.25,
        ),
    ]


def mean(values: Sequence[float]) -> float:
    """Return the mean of some values."""
    return sum(values) / len(values)


def percent(part: float) -> str:
    """Show a share."""
    return f"{100 * part:.1f} %"


def gaps(found: Found) -> tuple[Cell, Cell]:
    """Show the gaps of all modems of a fleet, where there were some."""
    return (share(found.gaps_ms, 50), share(found.gaps_ms, 99)) if found.gaps_ms else ("", "")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen: nothing more."""


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
