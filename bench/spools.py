"""Daemons that others wrote for the work that smsgw does, from Debian: how they are set, run and given messages.

`make interop` unpacks them; nothing of them is installed. They take messages as files in a folder, each put there whole
by a renaming. smsd has a child for each modem, which would outlive it: a shell beside each daemon ends its whole
session when this program is gone, however that went, within seconds.
"""

import asyncio
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from simmodem import Profile

DEBIAN = Path(sys.prefix) / "debian"
NUMBER = "12025550123"

# Runs a daemon in a session of its own, tells its number, and ends it when nobody holds our input any more: it is asked
# first, since gammu-smsd has shared memory to give back.
_GUARD = """
setsid "$@" >"$0" 2>&1 & echo $!
read -r _
exec 2>/dev/null
kill $!
for _ in $(seq 50); do kill -0 $! || break; sleep 0.1; done
kill -s KILL -- -$!
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival(ABC):
    """A daemon with its settings: those of its own, and those of its modem."""

    profile: ClassVar[Profile]  # what the modem must be like for it to read its reports
    program: ClassVar[Path]
    version: ClassVar[str]  # the option that tells it
    command: ClassVar[Sequence[str]]  # its options; the name of its configuration follows
    folders: ClassVar[Sequence[str]]  # the first takes messages, the last one gets reports
    beyond_gsm: ClassVar[Sequence[str]] = ()  # settings without which it garbles what GSM 7-bit cannot write

    settings: Sequence[str]
    of_modem: Sequence[str] = ()

    @abstractmethod
    def configuration(self, folder: Path, port: Path) -> str:
        """Write its configuration."""

    @abstractmethod
    def draft(self, message: int, text: str) -> tuple[str, bytes]:
        """Write a message that wants a report: the name of its file, and what is in it."""


class GammuSmsd(Rival):
    """gammu's SMS daemon. Of a report that the modem stores it notes only that there is one: it is handed over."""

    __slots__ = ()
    profile = Profile(cnmi_advertised=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1), (0, 1)))
    program = DEBIAN / "usr/bin/gammu-smsd"
    version = "--version"
    command = ("-c",)
    folders = ("outbox", "sent", "error", "inbox")
    beyond_gsm = ("transmitformat = unicode",)

    def configuration(self, folder: Path, port: Path) -> str:
        """Write its configuration."""
        return _lines(
            "[gammu]",
            f"device = {port}",
            "connection = at115200",
            *self.of_modem,
            "[smsd]",
            "service = files",
            *(f"{each}path = {folder / each}/" for each in ("outbox", "inbox")),
            *(f"{each}smspath = {folder / each}/" for each in ("sent", "error")),
            "inboxformat = detail",
            *self.settings,
        )

    def draft(self, message: int, text: str) -> tuple[str, bytes]:
        """Write a message that wants a report: the name of its file, and what is in it."""
        coded = text.encode("ascii" if text.isascii() else "utf-16")
        return f"OUTC20260101_000000_{message:06}_+{NUMBER}_bench.txtd", coded


class Smstools(Rival):
    """smstools' SMS daemon. It looks for reports where messages are."""

    __slots__ = ()
    profile = Profile(report_memory="SM")
    program = DEBIAN / "usr/sbin/smsd"
    version = "-V"
    command = ("-t", "-c")
    folders = ("outgoing", "checked", "sent", "failed", "incoming", "report")

    def configuration(self, folder: Path, port: Path) -> str:
        """Write its configuration."""
        return _lines(
            "devices = modem",
            *(f"{each} = {folder / each}" for each in self.folders),
            *(f"{each} = {folder / each}" for each in ("logfile", "infofile", "pidfile")),
            "executable_check = no",
            *self.settings,
            "[modem]",
            f"device = {port}",
            "rtscts = no",
            "report = yes",
            "incoming = yes",
            "init = AT+CNMI=2,1,0,2,0",
            *self.of_modem,
        )

    def draft(self, message: int, text: str) -> tuple[str, bytes]:
        """Write a message that wants a report: the name of its file, and what is in it."""
        alphabet = "" if text.isascii() else "Alphabet: UTF-8\n"
        return f"{message:06}", f"To: {NUMBER}\n{alphabet}\n{text}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """A daemon that runs: its session, and its folders."""

    session: int
    rival: Rival
    folder: Path

    def put(self, texts: Mapping[int, str]) -> None:
        """Give it the texts of messages, by their numbers."""
        draft, outbox = self.folder / "draft", self.folder / self.rival.folders[0]
        for message, text in texts.items():
            name, written = self.rival.draft(message, text)
            draft.write_bytes(written)
            draft.rename(outbox / name)

    def reports(self) -> int:
        """Count the reports that it has read."""
        return sum(1 for _ in (self.folder / self.rival.folders[-1]).iterdir())


@asynccontextmanager
async def spool(rival: Rival, folder: Path, port: Path) -> AsyncIterator[Spool]:
    """Run a daemon in an empty folder until the end of the block."""
    for each in rival.folders:
        (folder / each).mkdir()
    config = folder / "configuration"
    config.write_text(rival.configuration(folder, port), encoding="utf-8")
    guard = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", _GUARD, str(folder / "output"), str(rival.program), *rival.command, str(config)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    assert guard.stdin is not None
    assert guard.stdout is not None
    try:
        session = int(await guard.stdout.readline())
        yield Spool(session=session, rival=rival, folder=folder)
    finally:
        guard.stdin.close()
        await guard.wait()


def demand() -> None:
    """End the program, with a sentence, where a daemon is not unpacked or lacks a library."""
    if absent := [each.program.name for each in (GammuSmsd, Smstools) if not _runs(each)]:
        print(f"{' and '.join(absent)} cannot be run: `make interop` unpacks them into {DEBIAN}.", file=sys.stderr)
        sys.exit(2)


def _runs(rival: type[Rival]) -> bool:
    try:
        return subprocess.run([rival.program, rival.version], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
