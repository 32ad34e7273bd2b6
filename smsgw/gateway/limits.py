"""Whether a SIM may send now, counted from the rows of what it has submitted: a restart resets nothing.

Functions over an open transaction; the decisions are those of `policy.limits`.
"""

from datetime import tzinfo

from smsgw.config import SimConfig
from smsgw.model import Standstill, Wait
from smsgw.policy import limits as rules
from smsgw.store import attempts, sims
from smsgw.store.db import Tx

_USED_UP = {
    Wait.PER_MINUTE: "its limit of {} in a minute is used up",
    Wait.PER_HOUR: "its limit of {} in an hour is used up",
    Wait.PER_DAY: "its limit of {} in 24 hours is used up",
    Wait.PER_MONTH: "its limit of {} in this month is used up",
}


def standstill(tx: Tx, sim: str, limits: SimConfig, zone: tzinfo) -> Standstill | None:
    """Tell what keeps a SIM longest from submitting the next part; None if nothing does."""
    found = _limited(tx, sim, limits, zone) if limits.has_limits else []
    if (resting := rest(tx, sim)) is not None:
        found.append(resting)
    return max(found, key=lambda one: one.until, default=None)


def rest(tx: Tx, sim: str) -> Standstill | None:
    """Tell until when a SIM rests, whatever it is to send; None if it does not."""
    found = sims.resting(tx, sim)
    return None if found is None else Standstill(until=found[0], why=Wait.REST, detail=found[1])


def ruled_out_until(
    tx: Tx, sim: str, limits: SimConfig, recipient: str, parts: int, expires_at: int, zone: tzinfo
) -> int | None:
    """Tell until when a SIM must leave a message alone whatever else it may send; None if it need not."""
    if parts > 1 and last_part_at(tx, sim, limits, parts, tx.now, zone) > expires_at:
        return expires_at
    if limits.recipients_per_month:
        begun, renewed = rules.month(tx.now, zone)
        known = attempts.recipients(tx, sim, begun - 1)
        if len(known) >= limits.recipients_per_month and recipient not in known:
            return renewed
    return None


def last_part_at(tx: Tx, sim: str, limits: SimConfig, parts: int, begins: int, zone: tzinfo) -> int:
    """Tell when the last part of a message can go at the earliest if the first goes at `begins` (Unix milliseconds).

    It will never be earlier than that: what a SIM has submitted leaves the windows no sooner.
    """
    usual_ms = attempts.usual_ms(tx, sim) if parts > 1 else 0
    room = [opens_at for _, opens_at in _crowded(tx, sim, limits, parts, zone)]
    return max(begins + rules.lasts_ms(limits, parts, usual_ms), *room, begins)


def _limited(tx: Tx, sim: str, limits: SimConfig, zone: tzinfo) -> list[Standstill]:
    found = []
    if (ends := rules.quiet_until(limits, tx.now, zone)) is not None:
        found.append(Standstill(until=ends, why=Wait.QUIET_HOURS, detail=f"its quiet hours are {limits.quiet_hours}"))
    if limits.gap_s and (last := attempts.latest_end(tx, sim)):
        detail = f"it pauses for {limits.gap_s} seconds and more between two parts"
        found.append(Standstill(until=rules.gap_until(limits, *last), why=Wait.GAP, detail=detail))
    for window, opens_at in _crowded(tx, sim, limits, 1, zone):
        detail = _USED_UP[window.why].format(window.limit)
        found.append(Standstill(until=opens_at, why=window.why, detail=detail))
    return [one for one in found if one.until > tx.now]


def _crowded(tx: Tx, sim: str, limits: SimConfig, parts: int, zone: tzinfo) -> list[tuple[rules.Window, int]]:
    """List the windows that have no room for so many parts, and when each will have it."""
    found = []
    for window in rules.windows(limits, tx.now, zone):
        crowding = attempts.nth_latest(tx, sim, window.crowd(parts), window.since)
        if crowding is not None:
            found.append((window, window.opens_at(crowding)))
    return found
