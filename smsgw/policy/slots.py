"""Which SIM slot a modem should use, when only one of them is in use at a time.

A turn costs the registration, up to a minute or two, and reports for the other SIM wait meanwhile: so what waits for
the present SIM is sent first, within a bound, and a SIM that was turned to stays for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What waits for the SIM in a slot, and could be sent from it at once; `since` in Unix milliseconds."""

    slot: int
    priority: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """How often a modem may turn to another SIM, in milliseconds, and which one it uses when nothing waits."""

    home: int
    stay_ms: int  # a SIM that was turned to is used for so long at least
    wait_ms: int  # and what waits for another one has to wait no longer than this for what waits for the present one


def next_slot(present: int, seated_at: int, demands: Sequence[Demand], turns: Turns, now: int) -> int:
    """Choose the slot to use from now on; `demands` names no slot twice, times are Unix milliseconds."""
    if now - seated_at < turns.stay_ms:
        return present
    mine = next((demand for demand in demands if demand.slot == present), None)
    others = [demand for demand in demands if demand is not mine and _is_due(demand, mine, seated_at, turns, now)]
    if others:
        return min(others, key=lambda demand: (-demand.priority, demand.since, demand.slot)).slot
    return present if mine else turns.home


def _is_due(demand: Demand, mine: Demand | None, seated_at: int, turns: Turns, now: int) -> bool:
    if mine is None or demand.priority > mine.priority:
        return True
    # What is older than our stay here has had its turn, or was deferred until now.
    return now - max(demand.since, seated_at) >= turns.wait_ms
