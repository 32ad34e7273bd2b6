"""What the benchmarks find is shown as it is: shares, figures, pictures and the document."""

import ast
from xml.etree import ElementTree

import pytest

from benchmarks import BENCH, PROGRAMS
from simmodem import Stage
from suite.document import compose
from suite.drawing import draw
from suite.section import Budget, Chart, Run, Section, Table, command_line, figure, markdown, plain, share
from suite.wire import Wire

HOLDS = Budget(what="time", limit="≤ 2 ms", found="1.00 ms", holds=True)
BROKEN = Budget(what="memory", limit="≤ 60 MB", found="70 MB", holds=False, why="the index is kept in it")
TABLE = Table(title="Times, ms", columns=("", "p50", "p99"), rows=(("gap", 1.234, 123.4), ("own", 0.0, 12_345.6)))
LINES = Chart(
    stem="lines", title="Rate <per second>", x="connections", y="per s", series={"ours": [(1, 10), (64, 900)]}
)
BARS = Chart(stem="bars", title="Own time", x="", y="ms", bars={"ours": 1.0, "theirs": 100.0}, is_logarithmic=True)
SVG = "{http://www.w3.org/2000/svg}"


def run(*budgets: Budget) -> Run:
    section = Section(title="Between two messages", tables=(TABLE,), charts=(LINES,), budgets=budgets)
    return Run(section=section, method="How.", command="python bench/gap.py", measured_on="2026-01-02", took_s=90)


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (95, 95), (99, 99), (100, 100), (1, 1), (0.5, 1)])
def test_a_share_is_the_value_that_so_many_do_not_exceed(percent: float, expected: int) -> None:
    assert share(range(100, 0, -1), percent) == expected


def test_a_share_of_one_value_is_that_value() -> None:
    assert share([7.0], 99) == 7.0


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.1234, "0.12"), (9.87, "9.87"), (12.34, "12.3"), (123.4, "123"), (12_345.6, "12,346"), ("–", "–")],
)
def test_figures_show_what_counts(value: float | str, shown: str) -> None:
    assert figure(value) == shown


def test_a_table_is_laid_out_as_markdown() -> None:
    assert markdown(TABLE).splitlines() == [
        "|  | p50 | p99 |",
        "|---|---:|---:|",
        "| gap | 1.23 | 123 |",
        "| own | 0 | 12,346 |",
    ]


def test_a_terminal_shows_which_budgets_do_not_hold() -> None:
    shown = plain(run(HOLDS, BROKEN).section)
    assert "holds: time: ≤ 2 ms; found 1.00 ms." in shown
    assert "DOES NOT HOLD: memory: ≤ 60 MB; found 70 MB. the index is kept in it" in shown


def test_the_document_says_of_each_budget_whether_it_holds_and_why_not() -> None:
    document = compose([run(HOLDS), run(BROKEN)], "benchmarks")
    assert "| time | ≤ 2 ms | 1.00 ms | holds |" in document
    assert "| memory | ≤ 60 MB | 70 MB | **does not hold** |" in document
    assert "*memory*: the index is kept in it" in document
    assert "takes about 3 minutes" in document
    assert "![Rate <per second>](benchmarks/lines.svg)" in document
    assert "Measured on 2026-01-02 in 90 s by `python bench/gap.py`." in document


def test_the_command_of_a_run_leaves_out_where_its_results_went() -> None:
    arguments = ["/somewhere/bench/gap.py", "--messages", "5", "--json", "/tmp/x y.json"]
    assert command_line(arguments) == ".venv/bin/python bench/gap.py --messages 5"


def test_a_line_goes_up_with_its_values() -> None:
    (line,) = ElementTree.fromstring(draw(LINES)).iter(f"{SVG}polyline")
    (left, low), (right, high) = [map(float, point.split(",")) for point in line.attrib["points"].split()]
    assert left < right
    assert low > high, "downwards is more in SVG"


def test_bars_are_as_long_as_the_logarithms_of_their_values() -> None:
    background, *bars = ElementTree.fromstring(draw(BARS)).iter(f"{SVG}rect")
    least, most = (float(bar.attrib["width"]) for bar in bars)
    assert least < most < float(background.attrib["width"])
    halfway = Chart(
        **{field: getattr(BARS, field) for field in ("stem", "title", "x", "y", "is_logarithmic")},
        bars=BARS.bars | {"between": 10.0},
    )
    between = float(list(ElementTree.fromstring(draw(halfway)).iter(f"{SVG}rect"))[-1].attrib["width"])
    assert between == pytest.approx(most / 2)


@pytest.mark.parametrize("is_logarithmic", [False, True])
def test_nothing_of_a_picture_is_outside_of_it(is_logarithmic: bool) -> None:
    chart = Chart(
        stem="x", title="x", x="x", y="y", series={"a": [(n, n**3) for n in range(50)]}, is_logarithmic=is_logarithmic
    )
    drawn = ElementTree.fromstring(draw(chart))
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    points = [
        tuple(map(float, point.split(",")))
        for line in drawn.iter(f"{SVG}polyline")
        for point in line.attrib["points"].split()
    ]
    assert len(points) == 50
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_the_wire_tells_our_own_time_from_that_of_modem_and_network(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, times = Wire(), iter((0.0, 1.0, 1.25, 3.0, 3.5, 4.0, 4.75, 9.0))
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    for _ in range(2):
        for stage in (Stage.SUBMISSION, Stage.PROMPT, Stage.CTRL_Z, Stage.REFERENCE):
            wire(0, stage)
    assert wire.gaps() == [0.5]
    assert wire.own() == [0.5 + 0.75]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_benchmark_says_how_it_measures(name: str) -> None:
    assert ast.get_docstring(ast.parse((BENCH / f"{name}.py").read_text(encoding="utf-8")))
