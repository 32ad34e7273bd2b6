"""The live state of one modem, as the API shows it; the modem itself is the truth, so it is kept in memory only."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from smsgw import log
from smsgw.model import ABLE_TO_SEND, DEVICE_TRANSITIONS, DeviceState, LiveModem, Standstill, advance

logger = log.get("smsgw.modem")


class Board:
    """Where a worker writes what its modem is doing, for everybody to read."""

    def __init__(self, name: str, clock: Callable[[], int]) -> None:
        self.name = name
        self._clock = clock
        self._told: str | None = None  # the fault that the log has told and that is not over
        self.live = LiveModem(since=clock())

    def become(self, state: DeviceState, error: str | None = None) -> None:
        """Enter a state; staying in the present one is no move. `error` is what a person should know of it."""
        if state is not self.live.state:
            advance(DEVICE_TRANSITIONS, self.live.state, state)
            self._announce(state, error)
            self.live = replace(self.live, state=state, since=self._clock())
        self.live = replace(self.live, error=error)

    def note(self, **facts: Any) -> None:
        """Write down facts such as `signal_dbm`."""
        self.live = replace(self.live, **facts)

    def _announce(self, state: DeviceState, error: str | None) -> None:
        """Log what is news: a modem that stays away for weeks is told of once, and so is its return."""
        if error is not None and error != self._told:
            logger.warning("modem state", modem=self.name, state=state.value, error=error)
            self._told = error
            return
        if state is DeviceState.READY and self._told is not None:
            self._told = None
            logger.info("modem is back", modem=self.name, state=state.value)
            return
        # Ready and sending alternate with every message, and the states of a repeated fault with every attempt.
        routine = self._told is not None or {state, self.live.state} == {DeviceState.READY, DeviceState.SENDING}
        logger.log(logging.DEBUG if routine else logging.INFO, "modem state", modem=self.name, state=state.value)


def combined(lives: Mapping[int, LiveModem], now: int) -> LiveModem:
    """Describe a module by its SIMs, which are in use at once; by slot, in the order of the configuration.

    What only one can tell is told of the first that can send, or else that answers. `now` in Unix milliseconds.
    """
    able = {slot: live for slot, live in lives.items() if live.state in ABLE_TO_SEND}
    online = {slot: live for slot, live in lives.items() if live.online}
    first = next(iter((able or online or lives).values()))
    is_sending = any(live.state is DeviceState.SENDING for live in able.values())
    waits = [live.standstill_at(now) for live in able.values()]
    faults = [f"SIM slot {slot}: {told}" for slot, live in lives.items() if (told := _told(live, now))]
    return replace(
        first,
        state=DeviceState.SENDING if is_sending else first.state,
        online=bool(online),
        slot=next(iter(online)) if len(online) == 1 else None,
        error="; ".join(faults) or None,
        remedy=None,
        balances={slot: balance for live in lives.values() for slot, balance in live.balances.items()},
        standstill=min(waits, key=_end, default=None) if all(waits) else None,
        unable={slot: live.state for slot, live in lives.items() if able and slot not in able},
    )


def _told(live: LiveModem, now: int) -> str | None:
    standstill = live.standstill_at(now)
    return live.trouble or (standstill.detail if standstill else None)


def _end(standstill: Standstill | None) -> int:
    return standstill.until if standstill else 0
