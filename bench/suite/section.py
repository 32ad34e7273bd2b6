"""What a benchmark has found: tables, pictures and what they say of the budgets; its readable form and its JSON.

Knows no benchmark and measures nothing.
"""

import argparse
import asyncio
import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Cell = str | float
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit that was set beforehand, and what was found; `why` is what to say where it does not hold."""

    what: str
    limit: str
    found: str
    holds: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the first column names the rows, numbers are shown with three digits that count."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture of lines through points, or of bars; `stem` is the name of its file."""

    stem: str
    title: str
    x: str
    y: str
    series: dict[str, Sequence[Point]] = field(default_factory=dict)
    bars: dict[str, float] = field(default_factory=dict)
    is_logarithmic: bool = False  # upwards; what lies along is spread evenly


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All that one benchmark has found."""

    title: str
    tables: Sequence[Table]
    charts: Sequence[Chart] = ()
    budgets: Sequence[Budget] = ()


def share(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def figure(cell: Cell) -> str:
    """Show a number with three digits that count; text as it is."""
    if isinstance(cell, str):
        return cell
    if cell == 0 or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.1f}"


def markdown(table: Table) -> str:
    """Lay a table out as Markdown."""
    lines = [f"| {' | '.join(table.columns)} |", "|---|" + "---:|" * (len(table.columns) - 1)]
    lines += [f"| {' | '.join(map(figure, row))} |" for row in table.rows]
    return "\n".join(lines) + (f"\n\n{table.note}" if table.note else "")


def plain(section: Section) -> str:
    """Lay a section out for a terminal."""
    lines = [section.title, "=" * len(section.title)]
    for table in section.tables:
        cells = [list(table.columns), *([figure(cell) for cell in row] for row in table.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", table.title]
        for row in cells:
            first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join((row[0].ljust(len(first)), *rest)))
        lines += [table.note] if table.note else []
    lines += [""] if section.budgets else []
    for budget in section.budgets:
        mark = "holds" if budget.holds else "DOES NOT HOLD"
        why = "" if budget.holds else budget.why
        lines.append(f"{mark}: {budget.what}: {budget.limit}; found {budget.found}. {why}".rstrip())
    return "\n".join(lines)


def section_from(document: dict[str, Any]) -> Section:
    """Read back what `asdict` has made of a section."""
    return Section(
        title=document["title"],
        tables=[Table(**each) for each in document["tables"]],
        charts=[Chart(**each) for each in document["charts"]],
        budgets=[Budget(**each) for each in document["budgets"]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A section with what a reader needs to get it again: how it was measured, when, and by which command."""

    section: Section
    method: str
    command: str
    measured_on: str
    took_s: float


def read_run(path: Path) -> Run:
    """Read a run back from its JSON."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Run(**document | {"section": section_from(document["section"])})


Measure = Callable[[argparse.Namespace], Coroutine[Any, Any, Section]]


def program(description: str, measure: Measure, add_options: Callable[[argparse.ArgumentParser], None]) -> None:
    """Be a benchmark: read the options, measure, print what was found; `--json` writes it to a file as well."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there, too")
    parser.add_argument("--quick", action="store_true", help="measure little: whether it runs, not how fast")
    add_options(parser)
    options = parser.parse_args()
    begun = time.monotonic()
    section = asyncio.run(measure(options))
    print(plain(section))
    if options.json is not None:
        run = Run(
            section=section,
            method=description.strip(),
            command=command_line(sys.argv),
            measured_on=time.strftime("%Y-%m-%d"),
            took_s=round(time.monotonic() - begun),
        )
        options.json.write_text(json.dumps(asdict(run), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if options.quick or all(budget.holds for budget in section.budgets) else 1)


def command_line(arguments: Sequence[str]) -> str:
    """Return what a person would type: without where the results go, and where large databases are kept."""
    name, *options = arguments
    for place_of in ("--json", "--keep"):
        if place_of in options:
            place = options.index(place_of)
            del options[place : place + 2]
    return shlex.join((".venv/bin/python", f"bench/{Path(name).name}", *options))
