"""What brings an ailing modem round over its own line, or by its power. Whether it has helped shows afterwards.

The modem need not answer, so no answer is a failure; what it refuses is. The link is of no more use afterwards.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from smsgw.at import commands
from smsgw.modem.faults import LinkLost, Refused
from smsgw.modem.link import Link

_SAID = 200  # characters of what the program said that are repeated


class PowerFailure(Exception):
    """The power could not be switched; the text says why, and what to do."""


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
        process = await asyncio.create_subprocess_exec(
            "uhubctl",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise PowerFailure("uhubctl is not installed: install it, or take power_hub out of the configuration") from None
    except OSError as error:
        raise PowerFailure(f"uhubctl cannot be run: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(limit_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise PowerFailure(f"uhubctl did not end within {limit_s:g} s: is {hub} port {port} off now?") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = " ".join(output.decode("utf-8", "replace").split())[-_SAID:]
        raise PowerFailure(f"uhubctl failed ({process.returncode}): {said or 'without a word'}")
