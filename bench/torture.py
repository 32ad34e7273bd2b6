"""Ends at random instants, hundreds of times, while clients post and people write: what is lost, what is doubled?

A real daemon process on virtual modems is killed with -9, or its computer loses its power, and is started again.
Clients repeat a request under its idempotency key until it is answered with 200. At the end the ledger of the simulated
network is held against the database and against what the clients were told. Run it with `make torture`;
`bench/torture.py --help` tells the settings.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from clients import Told, post_on, write_on
from hook import Hook, hurry, listening, tally
from judge import drain, judge
from machine import Machine
from scenario import MODEMS, SCENARIOS, Scenario
from simmodem import Profile, Rule, Smss, VirtualModems

CLIENTS = 3
GUARANTEES = Path(__file__).parent.parent / "docs" / "guarantees.md"
MARKS = ("<!-- measured -->\n", "<!-- end -->")

Figures = dict[str, int]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How often the gateway ends in a scenario, after how many seconds each time, and the seed of all chance."""

    kills: int
    life_s: Range
    seed: int
    patience_s: float = 240.0  # for every message to come to its end; a modem is listed after 180 s


def torture(settings: Settings, scenario: Scenario) -> Figures:
    """Run one scenario and return its figures."""
    random.seed(settings.seed)
    with tempfile.TemporaryDirectory(prefix="smsgw-torture-") as folder:
        return asyncio.run(_torture(settings, scenario, Path(folder)))


async def _torture(settings: Settings, scenario: Scenario, folder: Path) -> Figures:
    told = Told()
    with (folder / "log").open("wb") as log:
        async with (
            _modems(folder, scenario, settings.seed) as virtual,
            Machine(folder, virtual, scenario, log) as machine,
            listening() as hook,
        ):
            token = machine.make_token()
            machine.make_webhook(hook.url)
            process = await _use_and_end(settings, machine, virtual, token, told)
            seconds = await drain(machine.database, told, settings.patience_s)
            await _hear_the_rest(hook, machine, token, settings.patience_s)
            await machine.stop(process)
    return {
        **machine.figures(),
        **judge(machine.database, scenario, virtual.network, told),
        **tally(machine.database, hook),
        "seconds to settle": round(seconds),
    }


def _modems(folder: Path, scenario: Scenario, seed: int) -> VirtualModems:
    return VirtualModems(
        folder,
        MODEMS,
        network_time=(0.0, 0.3),
        report_delay=(0.0, 1.0),
        rules=() if scenario.reports else (Rule(reports=()),),
        profile=Profile(smss=Smss.FOLLOWS if scenario.record else Smss.MISSING),
        seed=seed,
    )


async def _use_and_end(settings: Settings, machine: Machine, virtual: VirtualModems, token: str, told: Told) -> Process:
    """Let clients and people use the gateway while it ends again and again; the last one runs on."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        clients = [tasks.create_task(post_on(number, machine.port, token, told, stop)) for number in range(CLIENTS)]
        tasks.create_task(write_on(virtual, told, stop))
        for _ in range(settings.kills):
            await machine.live(random.uniform(*settings.life_s))
        process = await machine.start()
        stop.set()
        await asyncio.wait(clients, timeout=settings.patience_s)
        for client in clients:
            client.cancel()
    return process


async def _hear_the_rest(hook: Hook, machine: Machine, token: str, patience_s: float) -> None:
    """Wait until all that the webhook is to be told was told; pauses after failures are cut short."""
    hook.is_failing = False
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(patience_s):
            while await hurry(machine.port, token):  # noqa: ASYNC110  # it is in another process
                await asyncio.sleep(0.5)


def table(figures: dict[str, Figures]) -> str:
    """Lay the figures out as a Markdown table."""
    names = list(figures)
    rows = list(next(iter(figures.values()), ()))
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    lines += [f"| {row} | {' | '.join(str(figures[name][row]) for name in names)} |" for row in rows]
    return "\n".join(lines)


def publish(document: Path, figures: str, command: str) -> None:
    """Put the table between its marks in a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    day = time.strftime("%Y-%m-%d")
    document.write_text(
        f"{before}{MARKS[0]}\n{figures}\n\nMeasured on {day} by `{command}`.\n{MARKS[1]}{after}", encoding="utf-8"
    )


def gather(runs: Mapping[str, Future[Figures]]) -> tuple[dict[str, Figures], list[str]]:
    """Wait for the scenarios; gives the figures of those that came to their end, and says what befell the others."""
    errors = {name: run.exception() for name, run in runs.items()}
    figures = {name: run.result() for name, run in runs.items() if errors[name] is None}
    return figures, [f"{name}: no figures, {error!r}" for name, error in errors.items() if error is not None]


def broken_promises(figures: dict[str, Figures]) -> list[str]:
    """Name the scenarios and the figures that break a promise, or prove none."""
    tried = [scenario for scenario in SCENARIOS if scenario.name in figures]
    return [
        f"{each.name}: {broken}"
        for each in tried
        for broken in (*each.broken(figures[each.name]), *each.missing(figures[each.name]))
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen scenarios; exit code 1 if something was lost or doubled that may not be, or nothing proved."""
    options = _parser().parse_args(arguments)
    print(f"seed {options.seed}", file=sys.stderr)
    settings = Settings(kills=options.kills, life_s=options.life, seed=options.seed)
    chosen = [
        replace(scenario, uncertain_after_s=options.uncertain_after)
        for scenario in SCENARIOS
        if not options.only or scenario.name in options.only
    ]
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        runs = {scenario.name: pool.submit(torture, settings, scenario) for scenario in chosen}
        figures, failed = gather(runs)
    print(table(figures))
    if options.write and not failed:
        given = sys.argv[1:] if arguments is None else arguments
        seed = () if "--seed" in given else ("--seed", str(options.seed))
        publish(GUARANTEES, table(figures), f'make torture ARGS="{" ".join((*given, *seed))}"')
    if options.json:
        options.json.write_text(json.dumps({"seed": options.seed, **figures}, indent=1))
    broken = failed + broken_promises(figures)
    for promise in broken:
        print(f"broken: {promise}", file=sys.stderr)
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=25, help="or power cuts, per scenario (default 25)")
    parser.add_argument(
        "--life", type=_range, default=(0.2, 3.0), metavar="LOW-HIGH", help="seconds to the next (default 0.2-3.0)"
    )
    parser.add_argument(
        "--uncertain-after", type=int, default=15, metavar="S", help="seconds to wait for a proof (default 15)"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="scenarios at the same time (default 1)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="default: another one each time")
    parser.add_argument("--only", choices=[scenario.name for scenario in SCENARIOS], action="append")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures there, too")
    parser.add_argument("--write", action="store_true", help=f"put the table into {GUARANTEES.name}")
    return parser


def _range(text: str) -> Range:
    try:
        low, high = (float(number) for number in text.split("-"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers with - between them") from error
    return low, high


if __name__ == "__main__":
    sys.exit(main())
