"""Modems that ail, each in its own way, side by side with a healthy one: how long until each sends again by itself?

One real daemon with the times of the field, one virtual modem for each ailment; the fault strikes while it works. What
is measured is from there to the next message that the network accepts. Beside it stands what the healthy modem has sent
in a minute alone, and in the first minute of the others' trouble. Takes some ten minutes.
"""

import argparse
import asyncio
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from children import die_with_parent
from simmodem import VirtualModems
from simmodem.control import serving
from suite.gateway import free_port

PROGRAM = (sys.executable, "-m", "smsgw")
NUMBER = "79991234567"
NETWORK_TIME_S = (0.5, 1.0)
WARM_UP = 5  # messages that a modem sends before it falls ill
QUEUE, LONG_QUEUE = 40, 600
MINUTE_S = 60.0
STILL_ON_THE_WAY_S = 2.0  # what was on its way when the fault struck may be accepted so long after
POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One ailment: the fault of the virtual modem, and what ends it."""

    name: str
    fault: str
    cured_by: str = "itself"
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """Give what the fault is called with."""
        return self.parameters if self.cured_by == "itself" else self.parameters | {"until": self.cured_by}


ROWS = (
    Row(name="restarts", fault="reboot_mid_send", parameters={"down_s": 5.0, "reaches_network": True}),
    Row(name="hangs", fault="hang_mid_send", cured_by="radio", parameters={"reaches_network": True}),
    Row(name="hangs hard", fault="hang_mid_send", cured_by="reset", parameters={"reaches_network": True}),
    Row(name="hangs for good", fault="hang_mid_send", cured_by="power", parameters={"reaches_network": True}),
    Row(name="refuses everything", fault="fail", cured_by="radio", parameters={"code": 500}),
    Row(name="refuses all the harder", fault="fail", cured_by="reset", parameters={"code": 331}),
    Row(name="does not look for a network", fault="deregister", cured_by="reselect", parameters={"stat": 0}),
    Row(name="finds no network", fault="deregister", cured_by="radio", parameters={"stat": 2}),
    Row(name="is gone from the bus", fault="unplug"),
)


@dataclass(slots=True)
class Bench:
    """The virtual modems, the first of which is healthy, and the gateway that they are connected to."""

    virtual: VirtualModems
    rows: tuple[Row, ...]
    session: aiohttp.ClientSession
    devices: list[str] = field(default_factory=list)

    async def get_ready(self) -> None:
        """Wait until every modem may send."""
        await _until(self._are_ready, MINUTE_S)

    async def _are_ready(self) -> bool:
        try:
            async with self.session.get("/devices") as answer:
                listed = (await answer.json())["devices"]
        except aiohttp.ClientError:
            return False
        self.devices = [device["device_id"] for device in listed]
        return all(device["state"] in ("ready", "sending") for device in listed)

    async def post(self, modem: int, count: int) -> None:
        """Queue messages for one modem, each with a text of its own."""
        for start in range(0, count, 100):
            messages = [
                {
                    "message": f"{modem}-{start + number}",
                    "phone_number": NUMBER,
                    "device_id": self.devices[modem],
                }
                for number in range(min(100, count - start))
            ]
            async with self.session.post("/sms/send/batch", json={"messages": messages}) as answer:
                answer.raise_for_status()

    def accepted(self, modem: int) -> int:
        """Count what the network has accepted from a modem."""
        return sum(entry.modem == modem for entry in self.virtual.network.ledger)

    async def fall_ill(self, modem: int) -> None:
        """Let the fault strike after a few messages, and return when it has."""
        row = self.rows[modem - 1]

        async def is_warm() -> bool:
            return self.accepted(modem) >= WARM_UP

        async def is_struck() -> bool:
            return not self.virtual.modems[modem].send_faults

        await _until(is_warm, MINUTE_S)
        self.virtual.fault(modem, row.fault, **row.arguments)
        await _until(is_struck, MINUTE_S)

    async def comes_back(self, modem: int, patience_s: float) -> float | None:
        """Measure in seconds from the fault to the next message; None if there is none."""
        await self.fall_ill(modem)
        struck = time.monotonic()
        await asyncio.sleep(STILL_ON_THE_WAY_S)
        before = self.accepted(modem)

        async def sends_again() -> bool:
            return self.accepted(modem) > before

        try:
            await _until(sends_again, patience_s)
        except TimeoutError:
            return None
        return time.monotonic() - struck

    async def healthy_minute(self) -> int:
        """Count what the healthy modem sends in a minute."""
        before = self.accepted(0)
        await asyncio.sleep(MINUTE_S)
        return self.accepted(0) - before


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait for a condition; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(POLL_S)


@asynccontextmanager
async def opened(folder: Path, rows: tuple[Row, ...], log: Path) -> AsyncIterator[Bench]:
    """Start the modems, the hub they hang on and the gateway."""
    port, control = free_port(), folder / "control"
    async with (
        VirtualModems(folder, len(rows) + 1, network_time=NETWORK_TIME_S, report_delay=(0.5, 1.0)) as virtual,
        serving(virtual, control),
    ):
        config, environment = _configure(folder, virtual, port), _with_hub(folder, control)
        headers = {"Authorization": f"Bearer {_make_token(config)}"}
        with log.open("wb") as told:
            process = await asyncio.create_subprocess_exec(
                *PROGRAM, "run", "--config", str(config), stderr=told, env=environment, preexec_fn=die_with_parent
            )
            try:
                async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
                    yield Bench(virtual, rows, session)
            finally:
                process.kill()
                await process.wait()


def _configure(folder: Path, virtual: VirtualModems, port: int) -> Path:
    modems = "".join(
        f'[modems.modem{number}]\nport = "{path}"\npower_hub = "1-1"\npower_port = {number + 1}\n'
        for number, path in enumerate(virtual.paths)
    )
    config = folder / "config.toml"
    config.write_text(
        f'[server]\nport = {port}\nrate_limit = 0\n[store]\npath = "{folder / "smsgw.db"}"\n{modems}', encoding="utf-8"
    )
    return config


def _make_token(config: Path) -> str:
    command = (*PROGRAM, "token", "create", "bench", "--config", str(config))
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _with_hub(folder: Path, control: Path) -> dict[str, str]:
    """Put a `uhubctl` first on the path that takes the power of virtual modems: port 1 is that of modem 0."""
    program = folder / "bin" / "uhubctl"
    program.parent.mkdir()
    ask = shlex.join([sys.executable, "-m", "simmodem", "control", str(control)])
    request = r"{\"do\":\"fault\",\"kind\":\"replug\",\"modem\":$(($4 - 1))}"
    program.write_text(f'#!/bin/sh\nsleep 10\nexec {ask} "{request}"\n', encoding="utf-8")
    program.chmod(0o755)
    return os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


async def measure(rows: tuple[Row, ...], patience_s: float, log: Path | None) -> dict[str, Any]:
    """Run it; returns the seconds by ailment, the healthy modem's minutes, and how many messages were doubled."""
    with tempfile.TemporaryDirectory(prefix="smsgw-recovery-") as name:
        folder = Path(name)
        async with opened(folder, rows, log or folder / "log") as bench:
            await bench.get_ready()
            await bench.post(0, LONG_QUEUE)
            alone = await bench.healthy_minute()
            for modem in range(1, len(rows) + 1):
                await bench.post(modem, QUEUE)
            async with asyncio.TaskGroup() as tasks:
                beside = tasks.create_task(bench.healthy_minute())
                back = [tasks.create_task(bench.comes_back(n, patience_s)) for n in range(1, len(rows) + 1)]
            texts = Counter(message.text for message in bench.virtual.network.messages)
    return {
        "seconds": {row.name: task.result() for row, task in zip(rows, back, strict=True)},
        "healthy alone, a minute": alone,
        "healthy beside them, a minute": beside.result(),
        "sent twice": sum(count > 1 for count in texts.values()),
    }


def table(rows: Sequence[Row], figures: dict[str, Any]) -> str:
    """Lay the figures out as a Markdown table."""
    lines = ["| a modem that | is cured by | sends again after, seconds |", "|---|---|---:|"]
    for row in rows:
        seconds = figures["seconds"][row.name]
        cure = "power" if row.fault == "unplug" else row.cured_by
        lines.append(f"| {row.name} | {cure} | {'never' if seconds is None else round(seconds)} |")
    others = [f"{name}: {value}" for name, value in figures.items() if name != "seconds"]
    return "\n".join((*lines, "", *others))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen ailments; exit code 1 if a modem did not come back, or a message was sent twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=[row.name for row in ROWS], action="append")
    parser.add_argument("--patience", type=float, default=1_200.0, metavar="S", help="for each (default 1200)")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures there, too")
    parser.add_argument("--log", type=Path, metavar="F", help="keep the log of the gateway there")
    options = parser.parse_args(arguments)
    rows = tuple(row for row in ROWS if not options.only or row.name in options.only)
    figures = asyncio.run(measure(rows, options.patience, options.log))
    print(table(rows, figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    return 1 if None in figures["seconds"].values() or figures["sent twice"] else 0


if __name__ == "__main__":
    sys.exit(main())
