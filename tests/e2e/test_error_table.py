"""Every row of the error tables, told by the network and the modem in turn: each message ends as its row says.

Whatever has to wait is skipped, so that hours of retries pass in a moment.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from simmodem import Rule, VirtualModems
from smsgw.at.error_table import CME, CME_VENDOR, CMS, CMS_VENDOR
from smsgw.at.errors import Action, Verdict
from smsgw.modem.profiles import PROFILE_NAMES, named
from world import BRISK, SkippingClock, World, configure, running, until

ATTEMPTS = 3
WELL = "79990000000"
LONG_S = 10_000_000
STEP_S = 4_000  # longer than the longest backoff
UNKNOWN_AFTER_S = 1
FINAL_AT_ONCE = {Action.FIX, Action.PERMANENT, Action.UNSUPPORTED}
TAKEN_TO_HEART = {Action.SIM_FAULT, Action.STOP_SIM, Action.SLOW_DOWN}
WAITING = {Action.WAIT, Action.PIN_FLOW}


# Nothing but sending: some makes of modem want a pause between commands.
BUSY = replace(BRISK, watch_s=60.0, list_s=60.0)

End = tuple[int, str, int]  # status, reason, attempts charged


@dataclass(frozen=True)
class Row:
    """One error as a modem prints it, and the recipient for whom it does."""

    line: str
    verdict: Verdict
    recipient: str

    @property
    def needs_solitude(self) -> bool:
        """Tell whether the modem is left alone because of it, or the SIM rests after several of its kind."""
        return self.must_wait or not TAKEN_TO_HEART.isdisjoint(self.verdict.actions)

    @property
    def must_wait(self) -> bool:
        """Tell whether the message waits until the modem is ready."""
        return next(iter(advice(self.verdict)), None) in WAITING


def rows(kind: str, table: Mapping[int, Verdict]) -> Iterator[Row]:
    for place, (code, verdict) in enumerate(table.items(), start=1):
        yield Row(line=f"+{kind} ERROR: {code}", verdict=verdict, recipient=f"7999{place:07}")


TABLES = [
    pytest.param("generic", list(rows("CMS", CMS)), id="CMS"),
    pytest.param("generic", list(rows("CME", CME)), id="CME"),
    *(
        pytest.param(vendor.value, list(rows(kind, table)), id=f"{kind}-{vendor}")
        for kind, tables in (("CMS", CMS_VENDOR), ("CME", CME_VENDOR))
        for vendor, table in tables.items()
    ),
]


def advice(verdict: Verdict) -> list[Action]:
    """List what a message with one SIM can follow: that the store is cleaned is no concern of its own."""
    return [action for action in verdict.actions if action not in (Action.OTHER_SIM, Action.CLEAN_STORE)]


def expected(verdict: Verdict) -> End:
    """Say how a message ends that meets this refusal at every attempt: status, reason, attempts charged."""
    match next(iter(advice(verdict)), None):
        case Action.DUPLICATE_ACCEPTED:
            return 2, "accepted", 0
        case Action.UNKNOWN_OUTCOME:
            return 3, "outcome_unknown", 0
        case first if first in FINAL_AT_ONCE:
            return 3, "refused", 1
        case first if first in WAITING:
            return 3, "expired", 0
    return 3, "out_of_attempts", ATTEMPTS


def profile_of(vendor: str) -> str:
    """Name a profile of the configuration that reads errors as this vendor means them."""
    if vendor == "generic":
        return vendor
    return next(name for name in PROFILE_NAMES if named(name).vendor == vendor)


@dataclass(frozen=True)
class Refusing:
    """A world whose network refuses by rules and sends no reports, and whose time can be skipped."""

    w: World
    clock: SkippingClock

    async def end_of(self, id: str) -> End:
        """Skip what a message has to wait for, once it was tried, until it comes to its end."""

        async def ended() -> dict[str, Any] | None:
            detail = await self.w.detail(id)
            if detail["status"] > 1:
                return detail
            if detail["parts"][0]["attempts"]:
                self.clock.skip(STEP_S)
            return None

        detail = await until(ended, f"the end of {id}")
        assert detail["parts"][0]["attempts"], f"it was never tried: {detail}"
        return detail["status"], detail["timeline"][-1]["reason"], detail["attempts"]

    async def send_well(self, **fields: Any) -> None:
        """Send a message that nobody refuses, after all rests."""
        id = await self.w.send("well", WELL, ttl=LONG_S, **fields)

        async def accepted() -> bool:
            self.clock.skip(STEP_S)
            return bool((await self.w.message(id))["status"] == 2)

        await until(accepted, "a good message accepted")


@asynccontextmanager
async def refusing(
    folder: Path, rules: Sequence[Rule], *, profile: str = "generic", modems: int = 1
) -> AsyncIterator[Refusing]:
    async with VirtualModems(folder, modems, network_time=(0.0, 0.0), rules=[*rules, Rule(reports=())]) as virtual:
        config = configure(folder, virtual.paths, attempts=ATTEMPTS, uncertain_after_s=UNKNOWN_AFTER_S)
        config = replace(config, modems=tuple(replace(modem, profile=profile) for modem in config.modems))
        clock = SkippingClock()
        async with running(config, virtual, BUSY, clock) as opened:
            await opened.all_ready()
            yield Refusing(opened, clock)


@pytest.mark.parametrize(("vendor", "table"), TABLES)
async def test_every_row_ends_as_it_says(tmp_path: Path, vendor: str, table: list[Row]) -> None:
    rules = [Rule(recipient=row.recipient, error=row.line) for row in table]
    async with refusing(tmp_path, rules, profile=profile_of(vendor)) as r:
        ids = {row.line: await r.w.send("x", row.recipient, ttl=LONG_S) for row in table if not row.needs_solitude}
        ends = {line: await r.end_of(id) for line, id in ids.items()}
        for row in table:
            if row.needs_solitude:
                await r.send_well()
                ttl = 4 * STEP_S if row.must_wait else LONG_S
                ends[row.line] = await r.end_of(await r.w.send("x", row.recipient, ttl=ttl))
        assert ends == {row.line: expected(row.verdict) for row in table}
        accepted = {entry.recipient.removeprefix("+") for entry in r.w.virtual.network.ledger}
        assert accepted <= {WELL}, "a refused message was accepted all the same"


OTHER = [row for row in rows("CMS", CMS) if row.verdict.advises(Action.OTHER_SIM)]


async def test_what_another_sim_may_manage_goes_through_it(tmp_path: Path) -> None:
    rules = [
        Rule(recipient=row.recipient, nth=nth, error=row.line)
        for row in OTHER
        for nth in range(1, 4 if row.verdict.actions[0] is Action.RETRY else 2)
    ]
    assert len(OTHER) > 10
    async with refusing(tmp_path, rules, modems=2) as r:
        devices = await r.w.device_ids()
        # Those that are tried here first come last: the time that they skip makes every modem look long gone.
        for row in sorted(OTHER, key=lambda row: row.verdict.actions[0] is Action.RETRY):
            # So that neither SIM is blamed three times in a row.
            for device in devices:
                await r.w.reaches(await r.w.send("well", WELL, device_id=device), 2)
            id = await r.w.send("x", row.recipient)
            if row.verdict.actions[0] is Action.RETRY:
                assert await r.end_of(id) == (3, "out_of_attempts", ATTEMPTS), row.line
                continue
            await r.w.reaches(id, 2)
            attempts = (await r.w.detail(id))["parts"][0]["attempts"]
            assert [attempt["outcome"] for attempt in attempts] == ["refused", "accepted"], row.line
            assert len({attempt["sim"] for attempt in attempts}) == 2, row.line
