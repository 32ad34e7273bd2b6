"""When a SIM may send: its limits for stretches of time, the pause between two parts, quiet hours.

Times are Unix milliseconds. A minute, an hour and a day are the last 60 seconds, 60 minutes and 24 hours, so that no
calendar day, whoever's midnight it begins at, holds more than the limit; a month is that of the calendar, as tariffs
have it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from smsgw.config import SimConfig
from smsgw.model import Wait

_SECOND_MS = 1_000
_DAY_MS = 86_400 * _SECOND_MS
_SPANS = {Wait.PER_MINUTE: 60 * _SECOND_MS, Wait.PER_HOUR: 3_600 * _SECOND_MS, Wait.PER_DAY: _DAY_MS}
_MONTH_MS = 31 * _DAY_MS
# By so much of itself, at most, chance makes a pause between two parts longer: a steady beat looks like a machine.
_JITTER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time that ends now and began after `since`, in which a SIM may submit `limit` parts."""

    why: Wait
    limit: int
    since: int
    renewed_at: int | None  # when all that counts is forgotten at once; None: each part when it is old enough

    def crowd(self, parts: int) -> int:
        """Return the place, counted from the latest, of the submitted part that must have left before these go."""
        return self.limit - min(parts, self.limit) + 1

    def opens_at(self, crowding: int) -> int:
        """Tell when there is room, given when the part that must leave was submitted."""
        return crowding + _SPANS[self.why] if self.renewed_at is None else self.renewed_at


def windows(limits: SimConfig, now: int, zone: tzinfo) -> list[Window]:
    """List the limited stretches of time that end now."""
    rolling = {
        Wait.PER_MINUTE: limits.per_minute,
        Wait.PER_HOUR: limits.per_hour,
        Wait.PER_DAY: limits.per_day,
    }
    found = [
        Window(why=why, limit=limit, since=now - _SPANS[why], renewed_at=None)
        for why, limit in rolling.items()
        if limit
    ]
    if limits.per_month:
        begun, renewed = month(now, zone)
        found.append(Window(why=Wait.PER_MONTH, limit=limits.per_month, since=begun - 1, renewed_at=renewed))
    return found


def month(now: int, zone: tzinfo) -> tuple[int, int]:
    """Return when the present month began and when the next one begins."""
    first = _local(now, zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return _milliseconds(first), _milliseconds((first + timedelta(days=32)).replace(day=1))


def quiet_until(limits: SimConfig, now: int, zone: tzinfo) -> int | None:
    """Tell when the quiet hours end; None if there are none now."""
    if not limits.quiet_hours:
        return None
    begin, end = map(time.fromisoformat, limits.quiet_hours.split("-"))
    local = _local(now, zone)
    passed = local.time()
    is_quiet = begin <= passed < end if begin < end else passed >= begin or passed < end
    if not is_quiet:
        return None
    day = local.date() if passed < end else local.date() + timedelta(days=1)
    # Clocks that are set back may let the hour come twice; the first counts, unless it has passed.
    ends = (_milliseconds(datetime.combine(day, end.replace(fold=fold), zone)) for fold in (0, 1))
    return next((moment for moment in ends if moment > now), None)


def gap_until(limits: SimConfig, last_row: int, last_end: int) -> int:
    """Tell when the pause after a part is over; its row number stands in for chance: asking again changes nothing."""
    chance = last_row * 2_654_435_761 % 2**32 / 2**32
    return last_end + int(limits.gap_s * _SECOND_MS * (1 + _JITTER * chance))


def lasts_ms(limits: SimConfig, parts: int, least_ms: int) -> int:
    """Return how long after the first the last of so many parts begins, if each takes `least_ms` at least."""
    following = parts - 1
    pause_ms = int(limits.gap_s * _SECOND_MS * (1 + _JITTER))
    spans = [(limits.per_minute, _SPANS[Wait.PER_MINUTE]), (limits.per_hour, _SPANS[Wait.PER_HOUR])]
    spans += [(limits.per_day, _DAY_MS), (limits.per_month, _MONTH_MS)]
    waits = [following // limit * span for limit, span in spans if limit]
    return max([following * (least_ms + pause_ms), *waits])


def awake_until(limits: SimConfig, begins: int, lasts_ms: int, zone: tzinfo) -> int:
    """Tell when something that begins then and takes so long ends, if nothing is done in quiet hours."""
    now, left = begins, lasts_ms
    while (falls_asleep := _next_quiet(limits, now, zone)) is not None and now + left > falls_asleep:
        left -= max(0, falls_asleep - now)
        now = quiet_until(limits, max(now, falls_asleep), zone) or falls_asleep + 1
    return now + left


def _next_quiet(limits: SimConfig, now: int, zone: tzinfo) -> int | None:
    """Tell when the quiet hours begin next, or now if they have; None without any."""
    if not limits.quiet_hours:
        return None
    if quiet_until(limits, now, zone) is not None:
        return now
    begin = time.fromisoformat(limits.quiet_hours.partition("-")[0])
    today = _local(now, zone).date()
    days = (datetime.combine(today + timedelta(days=after), begin, zone) for after in (0, 1))
    return next(moment for moment in map(_milliseconds, days) if moment > now)


def _local(now: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(now / _SECOND_MS, UTC).astimezone(zone)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * _SECOND_MS)
