"""The live state of one modem, as the API shows it; the modem itself is the truth, so it is kept in memory only."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from smsgw import log
from smsgw.model import DEVICE_TRANSITIONS, DeviceState, LiveModem, advance

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
