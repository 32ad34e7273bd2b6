"""What is plugged in on USB: which modems, at which ports, and which of them the configuration names.

A port that is in use is not asked: what the bus tells of it must do.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from smsgw.config import ModemConfig
from smsgw.modem.asking import is_same_modem
from smsgw.modem.families import ports_to_ask, separately
from smsgw.modem.finder import is_same_port
from smsgw.modem.introduction import Introduction, introduce
from smsgw.modem.pace import Pace
from smsgw.modem.usb import ROOT, Tty, UsbDevice, plugged_in

_HEADINGS = ("PORT", "INTERFACE", "MAKER", "MODEL", "IMEI", "CONFIGURED AS")


class Answer(StrEnum):
    """What came of asking a device."""

    MODEM = "modem"  # it answered
    IN_USE = "in use"  # not asked: another program has the port
    NONE = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device with serial ports, what it said, and the name of the modem that the configuration takes it for."""

    device: UsbDevice
    said: Introduction
    configured: str | None
    has_double: bool

    @property
    def answer(self) -> Answer:
        """What came of asking it."""
        if self.said.is_in_use:
            return Answer.IN_USE
        return Answer.MODEM if self.said.tty else Answer.NONE

    @property
    def port(self) -> Tty:
        """The port that answered, or else the one that should."""
        return self.said.tty or next(iter(ports_to_ask(self.device)), self.device.ttys[0])


async def detect(modems: Iterable[ModemConfig], root: Path = ROOT, pace: Pace | None = None) -> list[Found]:
    """Ask every device on USB that is not in use who it is; changes nothing on it."""
    listed = await asyncio.to_thread(plugged_in, root)
    makes = Counter(device.make for device in listed)
    devices = separately(listed)
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(introduce(device, pace or Pace(), root=root, names=True)) for device in devices]
    return [
        Found(
            device=device,
            said=task.result(),
            configured=_configured(modems, device, task.result()),
            has_double=makes[device.make] > 1,
        )
        for device, task in zip(devices, asking, strict=True)
    ]


def _configured(modems: Iterable[ModemConfig], device: UsbDevice, said: Introduction) -> str | None:
    """Of an entry with an IMEI, that decides where it is known: it goes wherever its modem is."""
    for modem in modems:
        if any(_is_meant(line, device, said) for line in modem.lines()):
            return modem.name
    return None


def _is_meant(line: ModemConfig, device: UsbDevice, said: Introduction) -> bool:
    if line.imei and said.imei:
        return is_same_modem(line.imei, said.imei)
    return bool(line.port) and any(is_same_port(line.port, tty.path) for tty in device.ttys)


def as_json(found: Sequence[Found]) -> str:
    """Render for programs: `{"devices": […]}`."""
    return json.dumps({"devices": [_object(one) for one in found]}, ensure_ascii=False, indent=2)


def _object(found: Found) -> dict[str, Any]:
    device, port, said = found.device, found.port, found.said
    return {
        "answer": found.answer.value,
        "port": port.path,
        "by_path": port.by_path,
        # A name that two devices share leads to either.
        "by_id": None if found.has_double else port.by_id,
        "interface": port.interface,
        "usb": f"{device.vendor}:{device.product}",
        "maker": said.maker or device.maker,
        "model": said.model or device.model,
        "imei": said.imei,
        "configured_as": found.configured,
        "trouble": said.trouble or None,
    }


def as_table(found: Sequence[Found]) -> str:
    """Render for people: the modems, and below them why the others are none."""
    rows = [_HEADINGS, *(_row(one) for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *(one.said.trouble for one in found if one.said.trouble)])


def _row(found: Found) -> tuple[str, ...]:
    told = _object(found)
    # Who is in use as what, only the IMEI tells.
    is_open = found.answer is Answer.IN_USE
    imei = found.said.imei or ("not told" if found.answer is Answer.MODEM else found.answer.value)
    return (
        found.port.best_name,
        str(found.port.interface),
        told["maker"] or "-",
        told["model"] or "-",
        imei,
        found.configured or ("?" if is_open else "-"),
    )
