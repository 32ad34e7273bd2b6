"""How long a page of the list of messages takes, with and without a search, from a thousand to a million messages.

A real gateway without modems, on databases that were filled beforehand: Cyrillic texts from short codes to several
parts, a vocabulary in which a few words are frequent and most are rare, statuses mixed, and for each message the parts,
attempts, history and events that it would have. A tenth of it again is in the inbox. Measured is the whole of
`GET /sms?limit=100` over HTTP as a client sees it, 60 requests of a kind, one after the other. The deep page is
page 5,000, or the last one where there are not so many. A search is asked for once before it is measured, and that is
told beside the rest ("first"): the gateway remembers how many messages it has counted for a search, and counts only
where something has changed. In the last rows a message is submitted before each request, and the clock does not run
meanwhile. Each answer is held against what is known of the database: how many messages it finds. The client shares the
machine with the gateway, and reads the JSON after the clock has stopped. The files are in the cache of the system,
where a machine with less memory than the database would have only a part of them.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from suite.filled import CODE, FREQUENT, RARE, RARE_MESSAGES, filled
from suite.gateway import Gateway, gateway
from suite.section import Budget, Chart, Point, Section, Table, program, share

SIZES = (1_000, 10_000, 100_000, 1_000_000)
REQUESTS = 60
LIMIT = 100
DEEP_PAGE = 5_000
NUMBER = "79991234567"
LISTED, DEEP = "no search, page 1", "no search, deep page"
RARE_WORD = "rare word, 10 letters"
SHORT_MS, LONG_MS = 50, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something to ask for; `is_live`: a message is submitted before each request."""

    name: str
    search: str = ""
    is_deep: bool = False
    path: str = "/sms"
    is_live: bool = False

    @property
    def budget_ms(self) -> int:
        """Tell how long it may take."""
        return SHORT_MS if 1 <= len(self.search) <= 2 else LONG_MS


KINDS = (
    Kind(name=LISTED),
    Kind(name=DEEP, is_deep=True),
    Kind(name=RARE_WORD, search=RARE),
    Kind(name="frequent word, page 1", search=FREQUENT),
    Kind(name="frequent word, deep page", search=FREQUENT, is_deep=True),
    Kind(name="two words of a code", search=CODE),
    Kind(name="part of a number, 5 digits", search="91234"),
    Kind(name="text of a status, deep page", search="доставлено", is_deep=True),
    Kind(name="nothing to be found", search="ничего такого"),
    Kind(name="two letters, frequent", search="ва"),
    Kind(name="two letters, frequent, deep page", search="ва", is_deep=True),
    Kind(name="two letters, also of a status", search="но"),
    Kind(name="two letters, rare", search="юй"),
    Kind(name="two digits", search="47"),
    Kind(name="one letter, frequent", search="у"),
    Kind(name="one letter, also of some statuses", search="с"),
    Kind(name="one letter, nowhere", search="q"),
    Kind(name="one digit, everywhere", search="7", is_deep=True),
    Kind(name="inbox, frequent word", search=FREQUENT, path="/inbox"),
    Kind(name="inbox, one letter, deep page", search="у", path="/inbox", is_deep=True),
    Kind(name="no search, while messages come in", is_live=True),
    Kind(name="frequent word, while messages come in", search=FREQUENT, is_live=True),
    Kind(name="one letter, while messages come in", search="с", is_live=True),
)
CHARTED = (LISTED, DEEP, RARE_WORD, "frequent word, page 1", "frequent word, deep page", "one letter, frequent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How long a kind of request took at one size: the first, and those after it, in milliseconds."""

    kind: Kind
    total: int
    first_ms: float
    took_ms: Sequence[float]


async def measure(options: argparse.Namespace) -> Section:
    """Read from databases of all sizes."""
    sizes = SIZES[:2] if options.quick else [size for size in SIZES if size <= options.messages]
    found = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            await asyncio.to_thread(filled, folder, size, options.keep)
            async with gateway(folder, settings=SETTINGS) as running, running.client(1) as client:
                requests = 10 if options.quick else REQUESTS
                found[size] = [await ask(running, client, kind, requests, size) for kind in KINDS]
    return Section(
        title="Reading",
        tables=[table(size, found[size]) for size in (sizes[0], sizes[-1])],
        charts=[chart(found)],
        budgets=budgets(found),
    )


SETTINGS = '[modems.none]\nport = "/dev/null"\n[sending]\nttl_s = 86400'


async def ask(running: Gateway, client: aiohttp.ClientSession, kind: Kind, requests: int, size: int) -> Found:
    """Ask for a page again and again."""
    first_ms, answer = await get(client, kind, 1)
    total = answer["pagination"]["total_records"]
    check(kind, total, size)
    page = max(1, min(DEEP_PAGE, -(-total // LIMIT))) if kind.is_deep else 1
    took_ms = []
    for _ in range(requests):
        if kind.is_live:
            await submit(client)
        elapsed_ms, answer = await get(client, kind, page)
        took_ms.append(elapsed_ms)
    expected = min(LIMIT, answer["pagination"]["total_records"] - (page - 1) * LIMIT)
    assert len(answer[f"{kind.path[1:]}_list"]) == expected, (kind, answer["pagination"])
    return Found(kind=kind, total=total, first_ms=first_ms, took_ms=took_ms)


async def get(client: aiohttp.ClientSession, kind: Kind, page: int) -> tuple[float, Any]:
    """Read one page and tell how long it took, in milliseconds."""
    query = {"limit": str(LIMIT), "offset": str(page), "search": kind.search}
    begun = time.perf_counter()
    async with client.get(kind.path, params=query) as answer:
        await answer.read()
        elapsed_ms = 1_000 * (time.perf_counter() - begun)
        answer.raise_for_status()
        return elapsed_ms, await answer.json()


async def submit(client: aiohttp.ClientSession) -> None:
    """Let a message come in."""
    async with client.post("/sms/send", json={"message": "Ваш код 4711", "phone_number": NUMBER}) as answer:
        answer.raise_for_status()


def check(kind: Kind, total: int, size: int) -> None:
    """Hold what is known of the database against a total."""
    known = {"": size, RARE: RARE_MESSAGES, FREQUENT: -(-size // 3), "7": size, "q": 0, "ничего такого": 0}
    if kind.path == "/sms" and not kind.is_live and kind.search in known:
        assert total == known[kind.search], (kind, total)


def table(size: int, found: Sequence[Found]) -> Table:
    """Show what one size took."""
    return Table(
        title=f"{size:,} messages, ms",
        columns=("", "finds", "first", "p50", "p95"),
        rows=[
            (each.kind.name, f"{each.total:,}", each.first_ms, share(each.took_ms, 50), share(each.took_ms, 95))
            for each in found
        ],
    )


def chart(found: dict[int, list[Found]]) -> Chart:
    """Draw how what takes longest grows with the messages."""
    series: dict[str, list[Point]] = {name: [] for name in CHARTED}
    for size, kinds in found.items():
        for each in kinds:
            if each.kind.name in series:
                series[each.kind.name].append((size, share(each.took_ms, 95)))
    return Chart(
        stem="reading",
        title="A page of 100 messages, p95",
        x="messages",
        y="ms",
        series={name: points for name, points in series.items()},
        is_logarithmic=True,
    )


def budgets(found: dict[int, list[Found]]) -> list[Budget]:
    """Hold the largest size against its limits."""
    size = max(found)
    p95 = {each.kind: share(each.took_ms, 95) for each in found[size]}
    long, short = (
        {kind: ms for kind, ms in p95.items() if kind.budget_ms == budget_ms} for budget_ms in (LONG_MS, SHORT_MS)
    )
    slowest, slowest_short = max(long, key=long.__getitem__), max(short, key=short.__getitem__)
    return [
        Budget(
            what=f"a page of the list at {size:,} messages, without a search or with one of three letters and more",
            limit=f"p95 ≤ {LONG_MS} ms",
            found=f"p95 {long[slowest]:.1f} ms ({slowest.name})",
            holds=long[slowest] <= LONG_MS,
        ),
        Budget(
            what=f"the same with one or two letters, at {size:,} messages",
            limit=f"p95 ≤ {SHORT_MS} ms",
            found=f"p95 {short[slowest_short]:.1f} ms ({slowest_short.name})",
            holds=short[slowest_short] <= SHORT_MS,
        ),
        first_asking(found[size], size),
        *(growth(found, name) for name in (DEEP, RARE_WORD)),
    ]


def first_asking(found: Sequence[Found], size: int) -> Budget:
    """Hold what is looked for the first time in the gateway's life against the same limit."""
    slowest = max((each for each in found if each.kind.search), key=lambda each: each.first_ms)
    return Budget(
        what=f"any search, the first time since the gateway has started, at {size:,} messages",
        limit=f"≤ {SHORT_MS} ms",
        found=f"{slowest.first_ms:.0f} ms ({slowest.kind.name})",
        holds=slowest.first_ms <= SHORT_MS,
        why="An answer says how many messages there are in all, and what is found everywhere is counted once: the index"
        " lists every one of them. From then on only what changes is counted, for the last 16 searches.",
    )


def growth(found: dict[int, list[Found]], name: str) -> Budget:
    """Compare what takes long with the smallest size."""
    small, large = (
        next(share(each.took_ms, 50) for each in found[size] if each.kind.name == name)
        for size in (min(found), max(found))
    )
    return Budget(
        what=f"{name}: {max(found):,} messages against {min(found):,}",
        limit="p50 ≤ 2 times",
        found=f"{large / small:.2f} times",
        holds=large <= 2 * small,
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--messages", type=int, default=SIZES[-1], help="leave out databases that are larger")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the filled databases there, and take them thence"
    )


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
