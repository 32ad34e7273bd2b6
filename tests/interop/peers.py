"""Programs that others wrote for real modems: how they are run, and what they are given to send and to receive."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import TypeVar

from simmodem import VirtualModems

T = TypeVar("T")

# Where `make interop` unpacks daemons that are better not installed.
DEBIAN = Path(sys.prefix) / "debian"

RECIPIENT, SENDER = "+12025550123", "+12025550199"
DEADLINE_S = 60

OUTGOING = (
    "Hello from a peer",
    "Braces {}, 100 % @ noon, 5 €",
    "Привет, мир! Ёлка — 5 €",
    "Second to last",
    "Длинное сообщение из многих слов. " * 7 + "Конец",
)
PARTS = len(OUTGOING) - 1 + 4
INCOMING = (
    (SENDER, "Good morning"),
    ("Bank", "Код 4711"),
    (SENDER, "Prices [10 €] and more"),
    (SENDER, "Ещё одно"),
    (SENDER, "Очень длинное сообщение, которое не помещается в одну часть. " * 3 + "Конец"),
)


async def run(*command: str | Path) -> str:
    """Run a program to its success and give what it printed."""
    process = await _start(*command, output=subprocess.PIPE)
    try:
        async with asyncio.timeout(DEADLINE_S):
            output, _ = await process.communicate()
    finally:
        await _end(process)
    printed = output.decode("utf-8", "replace")
    assert process.returncode == 0, printed
    return printed


@asynccontextmanager
async def daemon(*command: str | Path) -> AsyncIterator[None]:
    """Run a daemon as long as the block lasts; it must still be there at its end, and stop when it is told to."""
    process = await _start(*command, output=subprocess.DEVNULL)
    try:
        yield
        assert process.returncode is None, f"{command[0]} has ended by itself: {process.returncode}"
        process.terminate()
        async with asyncio.timeout(DEADLINE_S):
            assert await process.wait() == 0
    finally:
        await _end(process)


async def _start(*command: str | Path, output: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program that is still there, with all that it has started."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def comes_to(seen: Callable[[], T], wanted: T) -> None:
    """Wait until what is seen is what is wanted; fail with the difference."""
    deadline = monotonic() + DEADLINE_S
    while (last := seen()) != wanted and monotonic() < deadline:  # noqa: ASYNC110 (folders ring no bell)
        await asyncio.sleep(0.1)
    assert last == wanted, f"{last!r} instead of {wanted!r}"


def is_cyrillic(text: str) -> bool:
    return any("\u0400" <= char <= "\u04ff" for char in text)


def accepted(vm: VirtualModems) -> Counter[str]:
    """Count the whole messages that the network has taken, each with a wish for reports in all of its parts."""
    assert all(part.wants_report for part in vm.network.ledger)
    assert {part.recipient for part in vm.network.ledger} <= {RECIPIENT}
    return Counter(message.text for message in vm.network.messages)
