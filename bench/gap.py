"""The time between a +CMGS: and the next AT+CMGS on a busy modem, and all of our own time for a message.

A real gateway with one virtual modem, whose network takes no time, works through messages that wait already. What is
measured is what the modem sees: from the reference that it has written to the next command that it reads (the gap), and
with it the time from the prompt to Ctrl-Z (all of our own). The modem and this program share the machine with the
gateway.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from simmodem import Rule, VirtualModems
from suite.gateway import Gateway, gateway, until_ready
from suite.processes import processor_s
from suite.section import Budget, Section, Table, program, share
from suite.wire import Wire

MESSAGES = 1_000
NUMBER = "79991234567"
TEXT = "Ваш код 4711"
BATCH = 100
PERCENT = (50, 95, 99)


async def post(running: Gateway, messages: int) -> None:
    """Submit messages, many with each request."""
    async with running.client() as client:
        for start in range(0, messages, BATCH):
            wanted = [{"message": f"{TEXT} {start + each}", "phone_number": NUMBER} for each in range(BATCH)]
            async with client.post("/sms/send/batch", json={"messages": wanted}) as answer:
                answer.raise_for_status()


async def measure(options: argparse.Namespace) -> Section:
    """Send messages and look at the wire."""
    messages = BATCH if options.quick else options.messages
    rows, gaps, cpu_s = [], [], []
    for delay_ms in (0, 50):
        wire = Wire()
        used_s = await send(messages, wire, f"prompt_delay_ms = {delay_ms}")
        found = [1_000 * each for each in wire.gaps()]
        own = [1_000 * each for each in wire.own()]
        gaps, cpu_s = gaps or found, [*cpu_s, used_s]
        what = f"prompt_delay_ms = {delay_ms}"
        rows.append((f"gap, {what}", *(share(found, each) for each in PERCENT), max(found)))
        rows.append((f"all of our own, {what}", *(share(own, each) for each in PERCENT), max(own)))
    p50, p99 = share(gaps, 50), share(gaps, 99)
    return Section(
        title="Between two messages",
        tables=[
            Table(
                title=f"{messages:,} messages, ms",
                columns=("", *(f"p{each}" for each in PERCENT), "longest"),
                rows=rows,
                note="50 ms is how long the gateway waits by default between the prompt and the PDU, for slow modems.",
            ),
        ],
        budgets=[
            Budget(
                what="our own time between a `+CMGS:` and the next `AT+CMGS` on a busy modem",
                limit="p50 ≤ 2 ms, p99 ≤ 10 ms",
                found=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
                holds=p50 <= 2 and p99 <= 10,
            ),
            Budget(
                what="processor time for 1,000 messages",
                limit="≤ 5 s",
                found=f"{max(cpu_s) / messages * 1_000:.2f} s",
                holds=max(cpu_s) / messages * 1_000 <= 5,
            ),
        ],
    )


async def send(messages: int, wire: Wire, overrides: str) -> float:
    """Send messages through a modem, and return the processor time that it took, the submission included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            VirtualModems(folder, rules=[Rule(reports=())], observer=wire) as virtual,
            gateway(folder, virtual.paths, overrides=overrides) as running,
        ):
            await until_ready(running, 1)
            before = processor_s(running.pid)
            await post(running, messages)
            wire.forget()  # what was sent while messages were still taken in
            while len(virtual.network.ledger) < messages:  # noqa: ASYNC110  # it is in another process
                await asyncio.sleep(0.05)
            return processor_s(running.pid) - before


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--messages", type=int, default=MESSAGES)


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
