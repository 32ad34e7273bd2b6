"""Programs that do to the first virtual modem what they are for: to take its power, to reset its USB device."""

import json
import os
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from simmodem import VirtualModems
from simmodem.control import serving


@asynccontextmanager
async def power_switch(folder: Path, monkeypatch: pytest.MonkeyPatch, virtual: VirtualModems) -> AsyncIterator[None]:
    """Put a `uhubctl` first on the path that notes in `folder/told` what it is told."""
    socket = folder / "control"
    script = f'echo "$@" >> {folder}/told\nexec {_asking(socket, kind="replug")}'
    _put_first(folder / "bin" / "uhubctl", script, monkeypatch)
    async with serving(virtual, socket):
        yield


@asynccontextmanager
async def bus_reset(
    folder: Path, monkeypatch: pytest.MonkeyPatch, virtual: VirtualModems, **fault: Any
) -> AsyncIterator[None]:
    """Put a `usbreset` first on the path that notes in `folder/resets` what it is told; `fault` is how it strikes."""
    socket = folder / "control-of-bus"
    reset = _asking(socket, kind="usb_reset", **fault)
    script = f'echo "$@" >> {folder}/resets\nprintf "Resetting EC25 ... "\n{reset} >&2 && echo ok'
    _put_first(folder / "bin" / "usbreset", script, monkeypatch)
    async with serving(virtual, socket):
        yield


def _asking(socket: Path, **fault: Any) -> str:
    """Give the command that lets a fault strike the first modem."""
    request = json.dumps({"do": "fault", "modem": 0} | fault)
    return shlex.join([sys.executable, "-m", "simmodem", "control", str(socket), request])


def _put_first(program: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
