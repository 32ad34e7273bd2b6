"""Whether a SIM may send now, counted from the rows of what it has submitted: a restart resets nothing.

Functions over an open transaction; the decisions are those of `policy.limits`.
"""

from datetime import tzinfo

from smsgw.config import SimConfig
from smsgw.model import Head, PartState, Standstill, Wait
from smsgw.policy import limits as rules
from smsgw.store import attempts, messages, parts, sims
from smsgw.store.db import Tx

_HOUR_MS = 3_600_000
# So many messages are passed over in one transaction before others get their turn at the storage.
PASSED_OVER = 100
# A message that could not be done with in time is looked at again after this: the network may have become quicker.
LOOKED_AT_AGAIN_MS = 60_000
_USED_UP = {
    Wait.PER_MINUTE: "its limit of {} in a minute is used up",
    Wait.PER_HOUR: "its limit of {} in an hour is used up",
    Wait.PER_DAY: "its limit of {} in 24 hours is used up",
    Wait.PER_MONTH: "its limit of {} in this month is used up",
}


def standstill(tx: Tx, sim: str, limits: SimConfig, zone: tzinfo) -> Standstill | None:
    """Tell what keeps a SIM longest from submitting the next part; None if nothing does."""
    found = _limited(tx, sim, limits, zone) if limits.has_limits else []
    if (resting := rest(tx, sim, limits)) is not None:
        found.append(resting)
    return max(found, key=lambda one: one.until, default=None)


def rest(tx: Tx, sim: str, limits: SimConfig) -> Standstill | None:
    """Tell until when a SIM rests, whatever it is to send; None if it does not."""
    resting = sims.resting(tx, sim)
    if resting is not None:
        return Standstill(until=resting[0], why=Wait.REST, detail=resting[1])
    return _poor(tx, sim, limits) if limits.balance_code and limits.balance_least else None


def _poor(tx: Tx, sim: str, limits: SimConfig) -> Standstill | None:
    """Tell until when a SIM rests that has too little money on it: until it is time to ask its operator again.

    Whoever would use it then asks first, so that nothing is sent before the answer.
    """
    known = sims.balance(tx, sim)
    if known.value is None or known.value >= limits.balance_least:
        return None
    until = (known.tried_at or 0) + limits.balance_every_h * _HOUR_MS
    if until <= tx.now:
        return None
    detail = (
        f"it rests, since {known.value:.2f} is left on it, less than {limits.balance_least}; top it up, and switch the "
        "device off and on to have that noticed at once"
    )
    return Standstill(until=until, why=Wait.BALANCE, detail=detail)


def strangers_barred(tx: Tx, sim: str, limits: SimConfig, zone: tzinfo) -> Standstill | None:
    """Tell until when a SIM may write only to those that it has written to this month; None if to anybody."""
    if not limits.recipients_per_month:
        return None
    begun, renewed = rules.month(tx.now, zone)
    if sims.count_recipients(tx, sim, begun) < limits.recipients_per_month:
        return None
    detail = f"its limit of {limits.recipients_per_month} recipients in this month is used up"
    return Standstill(until=renewed, why=Wait.RECIPIENTS, detail=detail)


def bars(tx: Tx, sim: str, limits: SimConfig, recipient: str, zone: tzinfo) -> Standstill | None:
    """Tell what keeps a SIM from writing to this recipient, whom it may not know; None if nothing does."""
    barred = strangers_barred(tx, sim, limits, zone)
    known = barred and sims.has_written_to(tx, sim, recipient, rules.month(tx.now, zone)[0])
    return None if known else barred


def last_part_at(
    tx: Tx, sim: str, limits: SimConfig, parts: int, begins: int, zone: tzinfo, *, least_ms: int = 0
) -> int:
    """Tell when the last part of a message can go if the first goes at `begins` and each takes `least_ms` at least.

    Times in Unix milliseconds. What a SIM has submitted leaves the windows no sooner.
    """
    room = [opens_at for _, opens_at in _crowded(tx, sim, limits, parts, zone)]
    lasts_ms = rules.lasts_ms(limits, parts, least_ms)
    return max(rules.awake_until(limits, begins, lasts_ms, zone), *room, begins)


def is_in_time(tx: Tx, head: Head, sim: str, limits: SimConfig, zone: tzinfo) -> bool:
    """Tell whether a message may be begun: its last part must be able to go before it expires."""
    waiting = len(parts.in_state(tx, head.row, PartState.PENDING))
    if waiting < 2 or head.is_begun:
        return True
    last_at = last_part_at(tx, sim, limits, waiting, tx.now, zone, least_ms=attempts.least_ms(tx, sim))
    return last_at <= int(messages.by_row(tx, head.row)["expires_at"])


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
