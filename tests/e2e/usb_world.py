"""Virtual modems in the USB sockets of a computer, and how a gateway there is configured and asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from simmodem import UsbBus, VirtualModems
from smsgw.config import Config, ModemConfig, SimConfig
from world import World, configure, until


@asynccontextmanager
async def plugged_in(
    folder: Path, modems: int, *, has_nodes: bool = False, **options: Any
) -> AsyncIterator[VirtualModems]:
    """Open virtual modems in the sockets 1-1.1, 1-1.2 and so on of a computer whose trees are below `folder`."""
    bus = UsbBus(folder / "root", has_nodes=has_nodes)
    async with VirtualModems(folder / "modems", modems, bus=bus, **options) as virtual:
        yield virtual


def root(folder: Path) -> Path:
    return folder / "root"


def entry(virtual: VirtualModems, index: int, **settings: Any) -> ModemConfig:
    """Configure a modem by its IMEI; the name tells which it is, the slot is the number of its SIM in requests."""
    settings = {"imei": virtual.modems[index].imei, "sims": (SimConfig(slot=index + 1),)} | settings
    return ModemConfig(name=f"modem{index}", **settings)


def configured(folder: Path, *modems: ModemConfig) -> Config:
    return replace(configure(folder, []), modems=modems)


def sent_by(virtual: VirtualModems) -> dict[int, list[str]]:
    """List the texts that each modem has sent, in order."""
    sent: dict[int, list[str]] = {modem.index: [] for modem in virtual.modems}
    for message in virtual.network.messages:
        sent[message.modem].append(message.text)
    return sent


async def error_of(w: World, number: int, wanted: str) -> dict[str, Any]:
    async def told() -> dict[str, Any] | None:
        device = (await w.devices())[number]
        return device if wanted in str(device["error"]) else None

    found: dict[str, Any] = await until(told, f"{wanted!r} on the board of modem {number}")
    return found
