"""A gateway that has a modem keep its radio link: what that saves, and that it costs no message."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from simmodem import GENERIC, Profile, VirtualModems
from world import BRISK, SkippingClock, World, configure, running, sent, until

LINK_S = 0.01


@asynccontextmanager
async def keeping(folder: Path, clock: SkippingClock, profile: Profile = GENERIC) -> AsyncIterator[World]:
    """Open a world whose modem is asked to keep its link."""
    async with VirtualModems(folder, link_time=(LINK_S, LINK_S), link_kept_s=60.0, profile=profile) as virtual:
        config = configure(folder, virtual.paths)
        config = replace(config, modems=tuple(replace(modem, keep_link=True) for modem in config.modems))
        async with running(config, virtual, BRISK, clock) as opened:
            await opened.all_ready()
            yield opened


async def test_every_part_but_the_first_finds_the_link_there(tmp_path: Path) -> None:
    async with keeping(tmp_path, SkippingClock()) as w:
        ids = [await w.send(text) for text in ("one", "Два " * 40, "three")]
        for id in ids:
            await w.reaches(id, 4)
        assert [airtime.link_s for airtime in w.virtual.network.airtimes] == [LINK_S, 0, 0, 0, 0]
        assert len(w.virtual.network.messages) == 3


async def test_a_modem_that_refuses_to_keep_it_sends_as_ever(tmp_path: Path) -> None:
    async with keeping(tmp_path, SkippingClock(), replace(GENERIC, unknown=frozenset({"+CMMS"}))) as w:
        for text in ("one", "two"):
            await w.reaches(await w.send(text), 4)
        assert sent(w) == Counter(["one", "two"])


@pytest.mark.parametrize("code", [98, 528])
async def test_a_message_refused_on_account_of_the_link_is_sent_once_without_it(tmp_path: Path, code: int) -> None:
    clock = SkippingClock()
    async with keeping(tmp_path, clock) as w:
        await w.reaches(await w.send("one"), 4)
        w.virtual.fault(0, "cms_error", code=code)
        refused = await w.send("two")

        async def waits() -> bool:
            return "retry" in [entry["reason"] for entry in (await w.detail(refused))["timeline"]]

        await until(waits, "a message that is to be tried again")
        clock.skip(60)
        await w.reaches(refused, 4)
        await w.reaches(await w.send("three"), 4)
        assert sent(w) == Counter(["one", "two", "three"])
        assert w.virtual.modems[0].state.radio_link.mode == 0
