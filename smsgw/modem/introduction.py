"""Asking a USB device who it is: its ports in order, until one answers. Never where another program is at work.

What is asked disturbs nobody but whoever is at the port, and he might be anybody: how often, the caller decides.
"""

import asyncio
import errno
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from smsgw.modem.asking import read_imei, read_maker, read_model
from smsgw.modem.families import Family, family_of
from smsgw.modem.faults import LinkError, NoAtPort, Silent
from smsgw.modem.holders import strangers
from smsgw.modem.link import Link
from smsgw.modem.pace import Pace
from smsgw.modem.trace import WireTrace
from smsgw.modem.usb import ROOT, Tty, UsbDevice

_PROBES = 2  # the first may wake a sleeping modem
_PAUSE = 0.25  # of what lies between two otherwise: a modem that still starts is asked again later
_TAKEN = (errno.EBUSY, errno.EAGAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What came of asking: the port that answered and what was said, or `trouble`, in words for people.

    `tty` without an answer is a port that another program uses. `no_at_ports` are those that speak something else,
    `silent_ports` those that were opened and did not answer.
    """

    tty: Tty | None = None
    imei: str | None = None
    maker: str = ""
    model: str = ""
    trouble: str = ""
    no_at_ports: frozenset[str] = frozenset()
    silent_ports: frozenset[str] = frozenset()

    @property
    def is_in_use(self) -> bool:
        """Tell whether another program has the port."""
        return self.tty is not None and bool(self.trouble)


async def introduce(
    device: UsbDevice,
    pace: Pace,
    *,
    baud: int = 115200,
    root: Path = ROOT,
    no_at_ports: Collection[str] = (),
    names: bool = False,
) -> Introduction:
    """Ask for the IMEI, and with `names` for maker and model; the ports in `no_at_ports` are passed over.

    A device whose best port is used by another program is left alone: its second best would reach the same modem.
    """
    family, noisy, silent, trouble = family_of(device), set(no_at_ports), set[str](), ""
    for tty in family.ports(device.ttys):
        if tty.path in noisy:
            continue
        try:
            if users := await asyncio.to_thread(strangers, tty.path, root):
                raise BlockingIOError(errno.EBUSY, f"{tty.path}: in use by {', '.join(users)}")
            return replace(await _ask(family, tty, pace, baud, names), no_at_ports=frozenset(noisy))
        except NoAtPort as error:
            noisy.add(tty.path)
            trouble = trouble or str(error)
        except LinkError as error:
            if isinstance(error, Silent):
                silent.add(tty.path)
            trouble = trouble or str(error)
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno in _TAKEN:
                return Introduction(tty=tty, trouble=why, no_at_ports=frozenset(noisy))
            trouble = trouble or why
    return Introduction(trouble=trouble or _deaf(device), no_at_ports=frozenset(noisy), silent_ports=frozenset(silent))


def _deaf(device: UsbDevice) -> str:
    return f"{device.ttys[0].path}: this device has no port for commands"


async def _ask(family: Family, tty: Tty, pace: Pace, baud: int, names: bool) -> Introduction:
    pace = replace(pace, probes=_PROBES, probe_pause_s=pace.probe_pause_s * _PAUSE)
    async with Link.open(tty.path, baud, pace=pace, trace=WireTrace(tty.path)) as link:
        await (link.synchronise() if family.takes_commands(tty) else _approach(link))
        return Introduction(
            tty=tty,
            imei=await read_imei(link),
            maker=await read_maker(link) if names else "",
            model=await read_model(link) if names else "",
        )


async def _approach(link: Link) -> None:
    """Listen first where anybody might be, and once more before it is called silence."""
    await link.overhear(link.pace.overhear_s)
    try:
        await link.synchronise()
    except LinkError:
        link.check_noise()
        raise
