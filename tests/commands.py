"""The command line as a person uses it, for tests: commands that run to their end, and ones that go on."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

SMSGW = [sys.executable, "-m", "smsgw"]
DEADLINE_S = 30.0


def smsgw(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SMSGW, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment or None
    )


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*SMSGW, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(stream: IO[str], wanted: str) -> list[str]:
    """Read lines up to the one that holds `wanted`; the test's own time limit ends a wait that is in vain."""
    lines = []
    for line in stream:
        lines.append(line)
        if wanted in line:
            return lines
    raise AssertionError(f"{wanted!r} did not come; there was {''.join(lines)!r}")


@contextmanager
def opened_elsewhere(path: str) -> Iterator[int]:
    """Let another process have a device open, and give its number."""
    code = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.kill()
