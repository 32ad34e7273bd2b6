"""The torture judges itself: a run that proves nothing, or that lost more than it may, does not pass."""

import asyncio
import sqlite3
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import pytest

import torture
from clients import Told
from judge import drain, judge
from scenario import NEVER, SCENARIOS, End, Scenario
from simmodem import Network
from simmodem.agenda import Agenda

NAMED = {scenario.name: scenario for scenario in SCENARIOS}
REPORTS, POWER = NAMED["reports"], NAMED["power"]


def good_run(scenario: Scenario) -> dict[str, int]:
    """Give the figures of a run with ten ends in which all went well."""
    found = dict.fromkeys((*NEVER, "sent twice", "lost", "sent, its report lost"), 0)
    found |= {end.value: 0 for end in End}
    found |= {"messages": 100, "incoming": 20, "in doubt at some time": 5, "events": 300, "events told again": 30}
    ends = {End.STRICT: 5, End.LUCKY: 5} if scenario.power else {End.KILL: 10}
    return found | {end.value: count for end, count in ends.items()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_good_run_breaks_nothing(scenario: Scenario) -> None:
    assert scenario.broken(good_run(scenario)) + scenario.missing(good_run(scenario)) == []


@pytest.mark.parametrize(
    "row", ["messages", "incoming", "in doubt at some time", "events", "events told again", End.KILL.value]
)
def test_a_run_without_something_to_judge_does_not_pass(row: str) -> None:
    assert REPORTS.missing(good_run(REPORTS) | {row: 0}) == [f"{row}: 0, too few to prove anything"]


@pytest.mark.parametrize("end", [End.STRICT, End.LUCKY])
def test_a_run_without_power_cuts_does_not_pass_as_one_with(end: End) -> None:
    assert POWER.missing(good_run(POWER) | {end.value: 0}) == [f"{end.value}: 0, too few to prove anything"]


@pytest.mark.parametrize("name", ["reports", "record", "power"])
@pytest.mark.parametrize("row", [*NEVER, "sent twice", "lost"])
def test_what_may_never_happen_breaks_a_promise(name: str, row: str) -> None:
    assert NAMED[name].broken(good_run(NAMED[name]) | {row: 1}) == [f"{row}: 1, at most 0"]


@pytest.mark.parametrize("name", ["neither-fail", "neither-resend", "all-power-fail", "all-power-resend"])
def test_where_nothing_can_prove_an_outcome_the_policy_chooses_what_may_happen(name: str) -> None:
    scenario = NAMED[name]
    may, never = ("sent twice", "lost") if scenario.uncertain == "resend" else ("lost", "sent twice")
    assert scenario.broken(good_run(scenario) | {may: 1}) == []
    assert scenario.broken(good_run(scenario) | {never: 1}) == [f"{never}: 1, at most 0"]


def test_what_is_received_is_stored_once() -> None:
    assert "incoming stored twice" in NEVER


@pytest.mark.parametrize("scenario", [REPORTS, POWER, NAMED["all-power-fail"]], ids=lambda scenario: scenario.name)
def test_each_end_loses_no_more_reports_than_are_on_the_way(scenario: Scenario) -> None:
    most = scenario.reports_on_the_way(good_run(scenario))
    assert scenario.broken(good_run(scenario) | {"sent, its report lost": most}) == []
    broken = scenario.broken(good_run(scenario) | {"sent, its report lost": most + 1})
    assert broken == [f"sent, its report lost: {most + 1}, at most {most}"]


@pytest.fixture
def ruin(tmp_path: Path) -> Path:
    """Give a database with a schema and rows of which nothing but the first page is left as it was."""
    path = tmp_path / "smsgw.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE inbound_parts (pdu BLOB)")
        connection.executemany("INSERT INTO inbound_parts VALUES (?)", [(bytes(2_000),)] * 20)
    connection.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    return path


def test_a_damaged_database_is_a_figure_beside_the_others(ruin: Path) -> None:
    told = Told(promised={"0-1": "an id"}, incoming=["incoming 0"])
    figures = judge(ruin, REPORTS, Network(Agenda(), lambda: datetime.now(UTC)), told)
    assert (figures["database damaged"], figures["messages"], figures["incoming"]) == (1, 1, 1)
    assert (figures["promised and not stored"], figures["incoming lost"]) == (1, 1)


def test_nobody_waits_for_a_damaged_database(ruin: Path) -> None:
    assert asyncio.run(drain(ruin, Told(), 60.0)) < 10.0


def test_a_scenario_that_fails_leaves_the_figures_of_the_others() -> None:
    runs: dict[str, Future[torture.Figures]] = {"reports": Future(), "record": Future()}
    runs["reports"].set_exception(RuntimeError("no port"))
    runs["record"].set_result(good_run(NAMED["record"]))
    figures, failed = torture.gather(runs)
    assert figures == {"record": good_run(NAMED["record"])}
    assert failed == ["reports: no figures, RuntimeError('no port')"]
    assert "| messages | 100 |" in torture.table(figures)
