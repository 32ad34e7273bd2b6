"""What the tests of modules that use all of their SIMs at once share: such a module, and ways to look at it."""

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmodem import GENERIC, Profile, Rule, VirtualModems
from smsgw.config import ModemConfig, SimConfig
from smsgw.scheduler.pace import Pace
from smsgw.waiting import happens_within
from world import BRISK, World, configure, running, until

SLOW, SENDER = "79990000009", "+79990000001"
TAKES_A_SECOND = (Rule(recipient=SLOW, network_time=1.0),)
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIMS = ({"name": "Operator A"}, {})


@asynccontextmanager
async def ttys(
    folder: Path, *, profile: Profile | list[Profile] = GENERIC, rules: tuple[Rule, ...] = ()
) -> AsyncIterator[VirtualModems]:
    async with VirtualModems(folder, 2, profile=profile, rules=rules) as virtual:
        yield virtual


def box(virtual: VirtualModems, sims: tuple[dict[str, Any], ...] = SIMS, **of_modem: Any) -> ModemConfig:
    places = zip(range(1, 3), virtual.paths, sims, strict=True)
    found = tuple(SimConfig(slot=slot, port=str(path), **settings) for slot, path, settings in places)
    return ModemConfig(name="box", sims=found, **of_modem)


@asynccontextmanager
async def served(
    folder: Path,
    virtual: VirtualModems,
    *,
    pace: Pace = BRISK,
    sims: tuple[dict[str, Any], ...] = SIMS,
    sending: dict[str, Any] | None = None,
    **of_modem: Any,
) -> AsyncIterator[World]:
    config = replace(configure(folder, virtual.paths, **(sending or {})), modems=(box(virtual, sims=sims, **of_modem),))
    async with running(config, virtual, pace) as w:
        yield w


@asynccontextmanager
async def dual(
    folder: Path,
    *,
    profile: Profile | list[Profile] = GENERIC,
    rules: tuple[Rule, ...] = TAKES_A_SECOND,
    **settings: Any,
) -> AsyncIterator[World]:
    """Open a world with one module whose SIMs are both in use."""
    async with ttys(folder, profile=profile, rules=rules) as virtual, served(folder, virtual, **settings) as w:
        await both_in_use(w)
        yield w


async def device(w: World) -> dict[str, Any]:
    (only,) = await w.devices()
    return only


async def shows(w: World, what: str, is_shown: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Wait until the device shows something and return it."""

    async def there() -> dict[str, Any] | None:
        shown = await device(w)
        return shown if is_shown(shown) else None

    try:
        found: dict[str, Any] = await until(there, what)
    except AssertionError as error:
        raise AssertionError(f"{error}; it shows {await device(w)}") from None
    return found


async def both_in_use(w: World) -> None:
    async def well() -> bool:
        async with w.client.get(f"{w.url}/health") as response:
            return bool((await response.json())["status"] == "ok")

    await until(well, "both SIMs able to send")


async def inbox_of(w: World, number: int) -> dict[str, str]:
    """Wait for so many messages in the inbox and return their SIMs by their texts."""

    async def there() -> dict[str, str] | None:
        found = {one["message"]: one["sim"] for one in (await w.get_json("/inbox?limit=9&offset=1"))["inbox_list"]}
        return found if len(found) == number else None

    arrived: dict[str, str] = await until(there, f"{number} in the inbox")
    return arrived


async def on_the_wire(w: World, id: str) -> None:
    async def there() -> bool:
        return bool((await w.detail(id))["parts"][0]["state"] == "submitting")

    await until(there, f"{id} on the wire")


def sent_from(w: World) -> Counter[tuple[int, str]]:
    slots = {modem.iccid: number for number, modem in enumerate(w.virtual.modems, 1)}
    return Counter((slots[message.iccid], message.text) for message in w.virtual.network.messages)


def rows(folder: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        return [row[0] for row in connection.execute(sql)]


def listen(w: World) -> list[tuple[int, str]]:
    """Note from now on which whole lines reach which tty."""
    heard: list[tuple[int, str]] = []

    def listen_at(tty: int) -> None:
        modem = w.virtual.modems[tty]
        feed = modem.feed

        def noting(data: bytes) -> None:
            heard.extend((tty, line) for line in data.decode("latin-1").split("\r") if line)
            feed(data)

        modem.feed = noting  # type: ignore[method-assign]

    for tty in (0, 1):
        listen_at(tty)
    return heard


async def falls_silent(heard: list[tuple[int, str]], tty: int, after: str) -> bool:
    """Tell whether nothing more reaches a tty that has had this line."""
    so_far = [line for at, line in heard if at == tty]
    await happens_within(asyncio.Event(), 0.3)
    return after in so_far and len(so_far) == len([line for at, line in heard if at == tty])


async def switch(w: World, id: str, is_active: bool) -> None:
    async with w.client.post(f"{w.url}/devices/edit", json={"device_id": id, "is_active": is_active}) as response:
        assert response.status == 204


async def nobody_is_there(w: World) -> bool:
    """Tell whether only the simulation has its ttys open, once each."""
    names = open_files()
    return all(names.count(w.virtual.device(index)) == 1 for index in (0, 1))


def open_files() -> list[str]:
    return [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]


def keep_copy(folder: Path) -> None:
    """Copy the database as a kill would leave it."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as source, closing(sqlite3.connect(folder / "kept")) as target:
        source.backup(target)


def put_copy_back(folder: Path) -> None:
    for leftover in folder.glob("smsgw.db*"):
        leftover.unlink()
    (folder / "kept").rename(folder / "smsgw.db")
