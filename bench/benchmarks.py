"""Runs the benchmarks one after the other and writes docs/benchmarks.md from what they have found.

What each found is kept as JSON beside the pictures, so that one that is run alone renews its own part of the document.
`--only NAME` runs some of them; `--quick` sees whether they run, and writes nothing.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from suite.document import compose
from suite.drawing import draw
from suite.section import Run, read_run

# In the order of the document: the budgets first, then what is shown for comparison.
PROGRAMS = (
    "gap",
    "idle",
    "posting",
    "reading",
    "fleet",
    "footprint",
    "rivals",
    "airtime",
    "codec",
    "soak",
)
ON_LARGE_DATABASES = ("reading", "footprint")
BENCH = Path(__file__).parent
DOCUMENT = BENCH.parent / "docs" / "benchmarks.md"
FOLDER = DOCUMENT.with_suffix("")
# What a program returns that has found what it looked for, whether the budgets hold or not.
FOUND = (0, 1)


def run(name: str, keep: Path, *, quick: bool) -> bool:
    """Run one benchmark; tells whether it came to its end. Large databases are made, or are already, in `keep`."""
    print(f"\n── {name} ──\n", flush=True)
    options = ["--quick"] if quick else ["--json", str(FOLDER / f"{name}.json")]
    if name in ON_LARGE_DATABASES:
        options += ["--keep", str(keep)]
    command = (sys.executable, str(BENCH / f"{name}.py"), *options)
    return subprocess.run(command, check=False).returncode in FOUND


def write() -> list[Run]:
    """Write the document and its pictures anew from all that is kept, and return it."""
    runs = [read_run(path) for name in PROGRAMS if (path := FOLDER / f"{name}.json").exists()]
    for picture in FOLDER.glob("*.svg"):
        picture.unlink()
    for each in runs:
        for chart in each.section.charts:
            (FOLDER / f"{chart.stem}.svg").write_text(draw(chart), encoding="utf-8")
    DOCUMENT.write_text(compose(runs, FOLDER.name), encoding="utf-8")
    return runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is wanted; 2 if a benchmark did not come to its end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only", nargs="+", choices=PROGRAMS, default=PROGRAMS, metavar="NAME", help=", ".join(PROGRAMS)
    )
    parser.add_argument("--quick", action="store_true", help="see whether they run; writes nothing")
    parser.add_argument("--write", action="store_true", help="run nothing, write the document anew")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep large databases there for the next time (3 GB)")
    options = parser.parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        keep = options.keep or Path(temporary)
        names = () if options.write else options.only
        failed = [name for name in names if not run(name, keep, quick=options.quick)]
    if failed:
        print(f"\nThese did not come to their end: {', '.join(failed)}", file=sys.stderr)
    if options.quick:
        return 2 if failed else 0
    runs = write()
    broken = sum(not budget.holds for each in runs for budget in each.section.budgets)
    print(f"\n{DOCUMENT} is written. Budgets that do not hold: {broken}")
    return 2 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
