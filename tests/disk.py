"""A daemon as a process of its own, if wanted on a small disk of its own, which tests fill, break and mend.

The disk is a tmpfs in a mount namespace that only the daemon sees; tests reach into it through /proc. This takes user
namespaces; root needs them, too.
"""

import asyncio
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from world import DEADLINE_S

TESTS = Path(__file__).parent
IN_A_NAMESPACE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
NEEDED = (
    "these tests need user namespaces: `unshare -rm true` must work (sysctl kernel.unprivileged_userns_clone=1, "
    "user.max_user_namespaces>0, and where there is AppArmor kernel.apparmor_restrict_unprivileged_userns=0)"
)
NUMBER = "79991234567"
_PAGE = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered with."""

    status: int
    body: Any
    retry_after: str | None

    @property
    def is_refusal(self) -> bool:
        """Tell whether it says, as it should, that the storage is unavailable."""
        return self.status == 503 and self.body["errors"]["code"] == 4004 and bool(self.retry_after)

    @property
    def text(self) -> str:
        text: str = self.body["errors"]["message"]
        return text


@dataclass
class Lodger:
    """The running daemon and its disk."""

    process: asyncio.subprocess.Process
    client: aiohttp.ClientSession
    folder: Path  # of the database, as the daemon names it
    log: list[str] = field(default_factory=list)

    @property
    def disk(self) -> Path:
        """The folder of the database, as the test sees it."""
        return Path(f"/proc/{self.process.pid}/root{self.folder}")

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        async with self.client.request(method, path, json=body) as response:
            raw = await response.text()
            return Answer(
                status=response.status,
                body=json.loads(raw) if raw else None,
                retry_after=response.headers.get("Retry-After"),
            )

    async def send(self, text: str, number: str = NUMBER) -> Answer:
        return await self.call("POST", "/sms/send", {"message": text, "phone_number": number})

    async def status_of(self, id: str) -> int:
        answer = await self.call("POST", "/sms/get", {"id": id})
        assert answer.status == 200, answer
        return int(answer.body["status"])

    async def total(self) -> int:
        """Tell how many messages are stored."""
        return int((await self.call("GET", "/sms?limit=1")).body["pagination"]["total_records"])

    async def count(self, table: str) -> int:
        """Count rows where only the daemon's namespace sees the database: SQLite would follow /proc out of it."""
        looking = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())"
        process = await asyncio.create_subprocess_exec(
            *("nsenter", "--target", str(self.process.pid), "--user", "--mount", "--preserve-credentials"),
            *(sys.executable, "-c", looking, str(self.folder / "smsgw.db"), f"SELECT count(*) FROM {table}"),
            stdout=asyncio.subprocess.PIPE,
        )
        counted, _ = await process.communicate()
        return int(counted)

    # ── what is done to the disk ──

    def fill(self, leave: int = 0) -> None:
        """Fill the disk with ballast up to `leave` bytes, while the daemon may be writing, too."""
        with (self.disk / "ballast").open("ab", buffering=0) as ballast, suppress(OSError):
            while (room := self._room() - leave) > 0 or not leave:
                ballast.write(bytes(max(_PAGE, min(room, 1 << 20) // _PAGE * _PAGE)))

    def _room(self) -> int:
        status = os.statvfs(self.disk)
        return status.f_bavail * status.f_frsize

    def free(self) -> None:
        """Take the ballast away."""
        (self.disk / "ballast").unlink()

    def break_writing(self) -> None:
        """Let every write to a file fail, as on a file system that has turned read-only under its open files."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def mend_writing(self) -> None:
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@asynccontextmanager
async def lodging(
    folder: Path, ports: list[Path], *, disk_mb: int | None = None, keep_free_mb: int = 0
) -> AsyncIterator[Lodger]:
    """Run the daemon; with `disk_mb` on a disk of its own of that size."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    options = {"folder": str(folder), "ports": [str(port) for port in ports], "keep_free_mb": keep_free_mb}
    command = [sys.executable, str(TESTS / "e2e" / "lodger.py"), json.dumps(options)]
    if disk_mb is not None:
        mounting = 'mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$0" && shift && exec "$@"'
        command = [*IN_A_NAMESPACE, mounting, str(folder), str(disk_mb), *command]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    log: list[str] = []
    logging = asyncio.create_task(_collect(process, log))
    try:
        port, token = await _started(process, log)
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(DEADLINE_S),
            connector=aiohttp.TCPConnector(limit=0),
        ) as client:
            yield Lodger(process, client, folder, log)
    finally:
        await _stop(process)
        await logging
    assert not any("Traceback" in line or "defect" in line for line in log), "".join(log)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), DEADLINE_S)
    except TimeoutError:
        process.kill()
        raise


async def _collect(process: asyncio.subprocess.Process, log: list[str]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        log.append(line.decode())


async def _started(process: asyncio.subprocess.Process, log: list[str]) -> tuple[int, str]:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
    if not line:
        await process.wait()
        raise AssertionError(f"the daemon did not start; {NEEDED}. It said: {''.join(log)}")
    told = json.loads(line)
    return told["port"], told["token"]
