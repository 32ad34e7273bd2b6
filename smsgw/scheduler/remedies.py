"""What is done to a modem that refuses: set it up again, and where that was in vain, restart it.

Knows verdicts and what has been tried; outlives the sessions of one modem. Does nothing itself.
"""

import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from smsgw.at.errors import Action, Verdict

# What a new start of the dialogue does: it asks the SIM what it waits for, too.
_SETTING_UP = {Action.REINIT, Action.RESET_MODEM, Action.PIN_FLOW, Action.STOP_SIM}
_PATIENCE = 3  # refusals in a row, of whichever messages
_RESTARTS = 3  # in an hour
_HOUR_S = 3_600.0


class Remedy(Enum):
    """What to do to the modem after a refusal."""

    NONE = auto()
    SET_UP = auto()
    RESTART = auto()


class Remedies:
    """The remedies of one modem; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused_in_row = 0
        self._was_set_up_in_vain = False
        self._restarts: deque[float] = deque(maxlen=_RESTARTS)

    def accepted(self) -> None:
        """The modem works."""
        self._refused_in_row = 0
        self._was_set_up_in_vain = False

    def after(self, verdict: Verdict) -> Remedy:
        """Choose a remedy after a refusal.

        Setting up costs the modem a minute, so it waits until nothing else has helped where it is not the first advice.
        """
        self._refused_in_row += 1
        if verdict.actions[0] not in _SETTING_UP and (
            self._refused_in_row < _PATIENCE or _SETTING_UP.isdisjoint(verdict.actions)
        ):
            return Remedy.NONE
        self._refused_in_row = 0
        if self._was_set_up_in_vain and verdict.advises(Action.RESET_MODEM) and self._may_restart():
            self._restarts.append(self._clock())
            self._was_set_up_in_vain = False
            return Remedy.RESTART
        self._was_set_up_in_vain = True
        return Remedy.SET_UP

    def _may_restart(self) -> bool:
        return len(self._restarts) < _RESTARTS or self._clock() - self._restarts[0] > _HOUR_S
