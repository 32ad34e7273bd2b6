"""A USB hub that takes the power of the first virtual modem when it is told to, by the program for it."""

import os
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simmodem import VirtualModems
from simmodem.control import serving


@asynccontextmanager
async def power_switch(folder: Path, monkeypatch: pytest.MonkeyPatch, virtual: VirtualModems) -> AsyncIterator[None]:
    """Put a `uhubctl` first on the path that notes in `folder/told` what it is told."""
    request = '{"do":"fault","modem":0,"kind":"replug"}'
    socket = folder / "control"
    command = shlex.join([sys.executable, "-m", "simmodem", "control", str(socket), request])
    program = folder / "bin" / "uhubctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/told\nexec {command}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    async with serving(virtual, socket):
        yield
