"""When a SIM may send: windows that roll, months of the calendar, quiet hours through changes of the clock, pauses."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, strategies as st

from smsgw.config import SimConfig
from smsgw.model import Wait
from smsgw.policy import limits

MOSCOW, BERLIN, KATHMANDU = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
ZONES = st.sampled_from((UTC, MOSCOW, BERLIN, KATHMANDU, ZoneInfo("America/St_Johns"), timezone(timedelta(hours=14))))
MOMENTS = st.integers(1_600_000_000_000, 2_000_000_000_000)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def at(text: str, zone: tzinfo = UTC) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


def opens_at(limit: SimConfig, submitted: Sequence[int], now: int, parts: int = 1) -> int | None:
    """Tell when there is room for so many parts, in the only window that is limited; None if there is now."""
    (window,) = limits.windows(limit, now, UTC)
    counted = sorted((moment for moment in submitted if window.since < moment <= now), reverse=True)
    place = window.crowd(parts)
    return window.opens_at(counted[place - 1]) if len(counted) >= place else None


# ── windows ──


def test_without_limits_nothing_is_looked_at() -> None:
    assert limits.windows(SimConfig(), at("2026-03-01T12:00"), UTC) == []
    assert not SimConfig(name="north", pin="1234").has_limits


@pytest.mark.parametrize(
    ("limit", "span"), [(SimConfig(per_minute=3), MINUTE), (SimConfig(per_hour=3), HOUR), (SimConfig(per_day=3), DAY)]
)
def test_there_is_room_again_when_the_oldest_that_counts_has_left_the_window(limit: SimConfig, span: int) -> None:
    now = at("2026-03-01T12:00")
    latest = [now - 10, now - 20, now - span + 5]
    assert opens_at(limit, latest[:2], now) is None
    assert opens_at(limit, latest, now) == now + 5
    assert opens_at(limit, [*latest, now - span - 1], now) == now + 5
    assert opens_at(limit, latest, now + 5) is None


@pytest.mark.parametrize(
    ("limit", "span"), [(SimConfig(per_minute=4), MINUTE), (SimConfig(per_hour=4), HOUR), (SimConfig(per_day=4), DAY)]
)
def test_all_of_a_long_message_fits_when_as_many_have_left_the_window(limit: SimConfig, span: int) -> None:
    now = at("2026-03-01T12:00")
    latest = [now - 10, now - 20]
    assert opens_at(limit, latest, now, parts=2) is None
    assert opens_at(limit, latest, now, parts=3) == now - 20 + span
    assert opens_at(limit, latest, now, parts=4) == now - 10 + span
    assert opens_at(limit, latest, now, parts=9) == now - 10 + span


@given(
    st.integers(1, 5),
    st.lists(st.integers(0, 3 * MINUTE), max_size=30).map(sorted),
)
def test_no_stretch_of_a_minute_ever_holds_more_than_the_limit(limit: int, wishes: list[int]) -> None:
    sent: list[int] = []
    now = 0
    for wish in wishes:
        now = max(now, wish)
        while (until := opens_at(SimConfig(per_minute=limit), sent, now)) is not None:
            assert until > now
            now = until
        sent.append(now)
    for begin in sent:
        assert len([moment for moment in sent if begin <= moment < begin + MINUTE]) <= limit


@pytest.mark.parametrize(
    ("zone", "begins", "ends"),
    [
        (UTC, "2026-02-01T00:00", "2026-03-01T00:00"),
        (MOSCOW, "2026-03-01T00:00", "2026-04-01T00:00"),
        (KATHMANDU, "2026-03-01T00:00", "2026-04-01T00:00"),
    ],
)
def test_a_month_is_that_of_the_calendar_where_the_sim_is(zone: tzinfo, begins: str, ends: str) -> None:
    now = at("2026-02-28T21:30")
    assert limits.month(now, zone) == (at(begins, zone), at(ends, zone))
    (window,) = limits.windows(SimConfig(per_month=2), now, zone)
    assert (window.since, window.opens_at(now)) == (at(begins, zone) - 1, at(ends, zone))


@given(MOMENTS, ZONES)
def test_every_moment_lies_in_its_month(now: int, zone: tzinfo) -> None:
    begun, renewed = limits.month(now, zone)
    assert begun <= now < renewed
    assert limits.month(renewed, zone)[0] == renewed
    assert 27 * DAY < renewed - begun < 32 * DAY


# ── quiet hours ──

NIGHT = SimConfig(quiet_hours="22:00-07:00")
NOON = SimConfig(quiet_hours="12:00-13:30")


@pytest.mark.parametrize(
    ("limit", "now", "ends"),
    [
        (NIGHT, "2026-03-01T21:59:59", None),
        (NIGHT, "2026-03-01T22:00", "2026-03-02T07:00"),
        (NIGHT, "2026-03-02T00:30", "2026-03-02T07:00"),
        (NIGHT, "2026-03-02T06:59:59", "2026-03-02T07:00"),
        (NIGHT, "2026-03-02T07:00", None),
        (NOON, "2026-03-01T12:00", "2026-03-01T13:30"),
        (NOON, "2026-03-01T13:30", None),
        (NOON, "2026-03-01T11:59", None),
    ],
)
@pytest.mark.parametrize("zone", [UTC, MOSCOW, KATHMANDU])
def test_quiet_hours_begin_and_end_by_the_clock_on_the_wall(
    limit: SimConfig, now: str, ends: str | None, zone: tzinfo
) -> None:
    assert limits.quiet_until(limit, at(now, zone), zone) == (at(ends, zone) if ends else None)


def test_the_night_of_a_change_of_the_clock_is_an_hour_shorter_or_longer() -> None:
    spring = limits.quiet_until(NIGHT, at("2026-03-28T22:00", BERLIN), BERLIN)
    autumn = limits.quiet_until(NIGHT, at("2026-10-24T22:00", BERLIN), BERLIN)
    assert spring == at("2026-03-28T22:00", BERLIN) + 8 * HOUR
    assert autumn == at("2026-10-24T22:00", BERLIN) + 10 * HOUR


@given(MOMENTS, ZONES, st.times(), st.times())
def test_quiet_hours_always_end(now: int, zone: tzinfo, begin: object, end: object) -> None:
    limit = SimConfig(quiet_hours=f"{begin:%H:%M}-{end:%H:%M}")
    ends = limits.quiet_until(limit, now, zone)
    if ends is not None:
        assert now < ends <= now + 26 * HOUR
        assert limits.quiet_until(limit, ends, zone) is None or f"{begin:%H:%M}" == f"{end:%H:%M}"


# ── pauses, and how long a message takes ──


def test_a_pause_is_as_long_as_configured_or_up_to_half_as_long_again_and_does_not_change() -> None:
    waits = [limits.gap_until(SimConfig(gap_s=10), row, 1_000) - 1_000 for row in range(1, 500)]
    assert all(10_000 <= wait < 15_000 for wait in waits)
    assert min(waits) < 10_500
    assert max(waits) > 14_500
    assert len(set(waits)) > 400
    assert limits.gap_until(SimConfig(gap_s=10), 7, 1_000) == limits.gap_until(SimConfig(gap_s=10), 7, 1_000)


@pytest.mark.parametrize(
    ("limit", "parts", "least_ms", "expected"),
    [
        (SimConfig(), 1, 4_000, 0),
        (SimConfig(), 3, 4_000, 8_000),
        (SimConfig(gap_s=4), 3, 4_000, 20_000),
        (SimConfig(per_minute=2), 5, 100, 2 * MINUTE),
        (SimConfig(per_minute=2), 4, 100, MINUTE),
        (SimConfig(per_hour=3), 7, 100, 2 * HOUR),
        (SimConfig(per_day=1), 2, 100, DAY),
        (SimConfig(per_month=1), 2, 100, 31 * DAY),
    ],
)
def test_the_last_part_of_a_message_begins_so_long_after_the_first(
    limit: SimConfig, parts: int, least_ms: int, expected: int
) -> None:
    assert limits.lasts_ms(limit, parts, least_ms) == expected


@pytest.mark.parametrize(
    ("limit", "begins", "lasts", "ends"),
    [
        (SimConfig(), "2026-03-01T21:00", 2 * HOUR, "2026-03-01T23:00"),
        (NIGHT, "2026-03-01T20:00", 2 * HOUR, "2026-03-01T22:00"),
        (NIGHT, "2026-03-01T21:00", 2 * HOUR, "2026-03-02T08:00"),
        (NIGHT, "2026-03-01T23:00", 2 * HOUR, "2026-03-02T09:00"),
        (NIGHT, "2026-03-01T21:00", 17 * HOUR, "2026-03-03T08:00"),
        (NIGHT, "2026-03-01T21:00", 0, "2026-03-01T21:00"),
        (NOON, "2026-03-01T11:30", HOUR, "2026-03-01T14:00"),
    ],
)
@pytest.mark.parametrize("zone", [UTC, MOSCOW, KATHMANDU])
def test_what_does_not_end_before_the_quiet_hours_goes_on_after_them(
    limit: SimConfig, begins: str, lasts: int, ends: str, zone: tzinfo
) -> None:
    assert limits.awake_until(limit, at(begins, zone), lasts, zone) == at(ends, zone)


@given(MOMENTS, ZONES, st.times(), st.times(), st.integers(0, 3 * DAY))
def test_something_always_ends_and_never_sooner_than_it_lasts(
    now: int, zone: tzinfo, begin: object, end: object, lasts: int
) -> None:
    assume(f"{begin:%H:%M}" != f"{end:%H:%M}")
    limit = SimConfig(quiet_hours=f"{begin:%H:%M}-{end:%H:%M}")
    ends = limits.awake_until(limit, now, lasts, zone)
    assert ends >= now + lasts
    assert limits.quiet_until(limit, ends - 1, zone) is None or lasts == 0


def test_each_window_is_named() -> None:
    all_of_them = SimConfig(per_minute=1, per_hour=2, per_day=3, per_month=4)
    found = limits.windows(all_of_them, at("2026-03-01T12:00"), UTC)
    assert {window.why: window.limit for window in found} == {
        Wait.PER_MINUTE: 1,
        Wait.PER_HOUR: 2,
        Wait.PER_DAY: 3,
        Wait.PER_MONTH: 4,
    }
