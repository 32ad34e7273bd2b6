"""A computer that runs the gateway: it starts it as a service manager does, and loses it, or its power."""

import asyncio
import secrets
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import BinaryIO, Self

from children import die_with_parent
from hook import RIGHTS
from platter import Luck, Platter
from scenario import End, Power, Scenario
from simmodem import VirtualModems

# Below those that the system hands out to clients: a client's own end may not take it while the gateway is away.
PORTS = range(20_000, 32_000)
POWER = Path(__file__).with_name("power.py")
SLOW_SYNC_S = 0.02  # as on an SD card


class Machine:
    """A computer with the gateway on it and modems in its sockets, for one scenario."""

    def __init__(self, folder: Path, virtual: VirtualModems, scenario: Scenario, log: BinaryIO) -> None:
        self.port = _free_port()
        self.database = folder / "smsgw.db"
        self._virtual = virtual
        self._scenario = scenario
        self._log = log
        self._platter = Platter(folder / "platter") if scenario.power else None
        self._config = folder / "config.toml"
        modems = "".join(f'[modems.modem{number}]\nport = "{path}"\n' for number, path in enumerate(virtual.paths))
        self._config.write_text(
            f'[server]\nport = {self.port}\nrate_limit = 0\n[store]\npath = "{self.database}"\n[sending]\n'
            f'uncertain = "{scenario.uncertain}"\nuncertain_after_s = {scenario.uncertain_after_s}\n{modems}'
        )
        self._ends: Counter[End] = Counter()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def make_token(self) -> str:
        """Make a token for the clients."""
        command = self._command("token", "create", "torture", "--allow", RIGHTS)
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def make_webhook(self, url: str) -> None:
        """Make a webhook that wants everything."""
        subprocess.run(self._command("webhook", "create", "torture", url), capture_output=True, text=True, check=True)

    async def start(self) -> asyncio.subprocess.Process:
        """Start the gateway."""
        command = self._command("run", "--log-level", "warning")
        self._process = await asyncio.create_subprocess_exec(*command, stderr=self._log, preexec_fn=die_with_parent)
        return self._process

    async def live(self, seconds: float) -> None:
        """Start the gateway and let it, or the power, fail after this long."""
        process = await self.start()
        try:
            await asyncio.wait_for(process.wait(), seconds)
            self._ends[End.BY_ITSELF] += 1
        except TimeoutError:
            process.kill()
            await process.wait()
            self._ends[self._fail()] += 1

    async def stop(self, process: asyncio.subprocess.Process) -> None:
        """Let the gateway end in good order; where power fails, it does right afterwards."""
        if process.returncode is not None:
            self._ends[End.BY_ITSELF] += 1
            return
        process.terminate()
        await process.wait()
        if self._platter is not None:
            self._platter.cut(self.database)

    def figures(self) -> dict[str, int]:
        """Count how often the gateway ended how."""
        return {end.value: self._ends[end] for end in End}

    def _fail(self) -> End:
        if self._platter is None:
            return End.KILL
        if self._scenario.power is Power.MODEMS_TOO:
            for modem in range(len(self._virtual.modems)):
                self._virtual.fault(modem, "reboot")
        if self._ends[End.STRICT] > self._ends[End.LUCKY]:
            self._platter.cut(self.database, Luck.drawn())
            return End.LUCKY
        self._platter.cut(self.database)
        return End.STRICT

    def _command(self, *arguments: str) -> tuple[str, ...]:
        program: tuple[str, ...] = ("-m", "smsgw")
        if self._platter is not None:
            program = (str(POWER), "--slow", str(SLOW_SYNC_S), str(self._platter.folder))
        return (sys.executable, *program, *arguments, "--config", str(self._config))


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)  # not seeded: scenarios run side by side
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
