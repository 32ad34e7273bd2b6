"""Writes docs/benchmarks.md: what was measured on which machine, the budgets, and each benchmark with its method."""

import os
import platform
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from suite.section import Budget, Run, markdown, share

_SYNCS = 200
_BLOCK = bytes(4_096)

_HEAD = """# Benchmarks

What smsgw takes of time, processor and memory, measured with virtual modems (`hardware-sim/`). All of it is measured
again, and this page written anew, by

```sh
make bench
```

which takes about {minutes} minutes on a machine that does nothing else, and some ten more to fill databases of up to a
million messages (3 GB) where `ARGS="--keep DIR"` does not say that they are kept. `make bench ARGS="--only gap idle"`
measures some of it; each part has its own command below. `.venv/bin/python bench/soak.py --minutes 120` is a longer
soak.

A virtual modem answers at once and its network takes no time unless a part says so: what is left is what the gateway
adds. Client, modems and gateway share one machine.

*p50*, *p95* and *p99* are what half, 95 and 99 of a hundred did not exceed.
"""


def compose(runs: Sequence[Run], folder: str) -> str:
    """Return the document; pictures are in `folder`."""
    minutes = round(sum(run.took_s for run in runs) / 60)
    parts = [_HEAD.format(minutes=minutes), _machine(), _budgets(runs)]
    parts += ["\n".join(_part(run, folder)) for run in runs]
    return "\n".join(parts).rstrip() + "\n"


def _machine() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    syncs = _syncs_ms()
    rows = (
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", f"{memory_gib:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python, SQLite", f"{platform.python_version()}, {sqlite3.sqlite_version}"),
        ("one sync of 4 KiB (fsync)", f"p50 {share(syncs, 50):.2f} ms, p99 {share(syncs, 99):.2f} ms"),
    )
    return "## The machine\n\n| | |\n|---|---|\n" + "\n".join(f"| {what} | {is_} |" for what, is_ in rows) + "\n"


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _syncs_ms() -> list[float]:
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_SYNCS):
            os.pwrite(file.fileno(), _BLOCK, 0)
            begun = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1_000 * (time.perf_counter() - begun))
    return taken


def _budgets(runs: Sequence[Run]) -> str:
    budgets = [budget for run in runs for budget in run.section.budgets]
    lines = ["## Budgets", "", "| what | limit | found | |", "|---|---|---|---|"]
    lines += [f"| {b.what} | {b.limit} | {b.found} | {'holds' if b.holds else '**does not hold**'} |" for b in budgets]
    return "\n".join((*lines, *_reasons(budgets), ""))


def _reasons(budgets: Sequence[Budget]) -> Iterator[str]:
    for budget in budgets:
        if budget.why and not budget.holds:
            yield f"\n*{budget.what}*: {budget.why}"


def _part(run: Run, folder: str) -> Iterator[str]:
    yield f"## {run.section.title}\n"
    yield f"{run.method}\n"
    yield f"Measured on {run.measured_on} in {run.took_s:.0f} s by `{run.command}`.\n"
    for table in run.section.tables:
        yield f"**{table.title}**\n\n{markdown(table)}\n"
    for chart in run.section.charts:
        yield f"![{chart.title}]({folder}/{chart.stem}.svg)\n"
