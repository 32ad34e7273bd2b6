"""What brings an ailing modem round over its own line, by its bus or its power. Whether it has helped shows afterwards.

The modem need not answer, so no answer is a failure; what it refuses is. The link is of no more use afterwards.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from smsgw.at import commands
from smsgw.modem.faults import LinkLost, Refused
from smsgw.modem.link import Link

_SAID = 200  # characters of what a program said that are repeated
_DYING_S = 1.0  # one that waits for the kernel does not end at once when it is killed


class PowerFailure(Exception):
    """The power could not be switched; the text says why, and what to do."""


class ResetFailure(Exception):
    """The USB device cannot be reset, or was not; the text says why, and what to do."""


async def find_network_anew(link: Link) -> None:
    """Leave the network, if there is one, and look for it again; raises `Refused` and `LinkLost`."""
    with suppress(Refused):
        await link.order(commands.leave_network())
    await link.order(commands.find_network())


async def switch_radio(link: Link, off_s: float) -> None:
    """Switch the radio and the SIM off, and on after `off_s` seconds; raises `Refused` and `LinkLost`."""
    with suppress(Refused):
        await link.order(commands.minimum_functionality())
    await asyncio.sleep(off_s)
    await link.order(commands.full_functionality())


async def restart(link: Link, lines: Sequence[str]) -> None:
    """Restart the modem by the first of these commands that it does not refuse; raises `Refused` if there is none."""
    for number, line in enumerate(lines, start=1):
        try:
            await link.order(commands.restart(line))
        except LinkLost:
            pass  # it is on its way
        except Refused:
            if number < len(lines):
                continue
            raise
        return


async def cycle_power(hub: str, port: int, off_s: float, limit_s: float) -> None:
    """Switch a port of a USB hub off and on with `uhubctl`, within `limit_s` seconds; raises `PowerFailure`.

    Not to be cancelled, or the modem may be left without power.
    """
    arguments = ("-l", hub, "-p", str(port), "-a", "cycle", "-d", f"{off_s:g}")
    try:
        code, said = await _run("uhubctl", arguments, limit_s)
    except FileNotFoundError:
        raise PowerFailure("uhubctl is not installed: install it, or take power_hub out of the configuration") from None
    except TimeoutError:
        raise PowerFailure(f"uhubctl did not end within {limit_s:g} s: is {hub} port {port} off now?") from None
    except OSError as error:
        raise PowerFailure(f"uhubctl cannot be run: {error.strerror or error}") from error
    if code:
        raise PowerFailure(f"uhubctl failed ({code}): {said or 'without a word'}")


def ensure_resettable(node: str) -> None:
    """Raise `ResetFailure` if a USB device cannot be reset, as far as that shows without trying.

    `node` is its path below /dev/bus/usb, which ends with the numbers of its bus and its own.
    """
    if not os.access(node, os.W_OK):
        raise ResetFailure(
            "its node below /dev/bus/usb cannot be written to: install the udev rules that come with smsgw, or give "
            "the group smsgw leave by a rule of your own, then unplug it and plug it in again"
        )
    if shutil.which("usbreset") is None:
        raise ResetFailure("usbreset is not installed: install the package usbutils")


async def reset_usb(node: str, limit_s: float) -> None:
    """Reset a USB device with `usbreset`, within `limit_s` seconds; raises `ResetFailure`.

    The kernel may take its time over that, and nothing can end it: so another process waits for it, not this one.
    """
    try:
        code, said = await _run("usbreset", ["/".join(Path(node).parts[-2:])], limit_s)
    except TimeoutError:
        raise ResetFailure(f"usbreset did not end within {limit_s:g} s") from None
    except OSError as error:
        raise ResetFailure(f"usbreset cannot be run: {error.strerror or error}") from error
    # What the kernel refuses, it tells, and ends as if nothing were amiss.
    if code or not said.endswith("ok"):
        raise ResetFailure(f"usbreset failed ({code}): {said or 'without a word'}")


async def _run(program: str, arguments: Sequence[str], limit_s: float) -> tuple[int | None, str]:
    """Run a program; returns its exit code and the end of what it said. Raises `TimeoutError` and `OSError`."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(limit_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            with suppress(TimeoutError):
                async with asyncio.timeout(_DYING_S):
                    await process.wait()
    return process.returncode, " ".join(output.decode("utf-8", "replace").split())[-_SAID:]
