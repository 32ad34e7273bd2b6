"""A network that does not take the SIM: for how long, and what is done about it when that is too long."""

import random
import time
from collections.abc import Callable

from smsgw import log
from smsgw.at.replies import RegistrationState
from smsgw.modem.driver import Modem, Registration
from smsgw.policy.ladder import Ailment
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.pace import Pace

logger = log.get("smsgw.modem")

# What may let messages through where LTE is all there is (27.007 §10.1.21).
_BEARERS = {3: "the circuit domain first", 2: "the packet domain first"}
_AILMENTS = {
    RegistrationState.IDLE: Ailment.IDLE,
    RegistrationState.DENIED: Ailment.DENIED,
    RegistrationState.EMERGENCY_ONLY: Ailment.DENIED,
    RegistrationState.RESTRICTED: Ailment.DENIED,
}


class Outage:
    """The patience of one session with the network; each way for messages is tried once. `clock` gives seconds."""

    def __init__(
        self,
        modem: Modem,
        board: Board,
        climber: Climber,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._modem = modem
        self._board = board
        self._climber = climber
        self._since: dict[Ailment, float] = {}
        self._patience_s = {
            Ailment.IDLE: pace.idle_s,
            Ailment.SEARCHING: pace.searching_s,
            Ailment.DENIED: pace.denied_s * random.uniform(1, 2),
        }
        self._bearer_s = pace.bearer_s
        self._next_bearer = 0.0
        self._chosen: str | None = None  # the way for messages that has yet to show that it is one
        present = modem.identity.bearer
        self._bearers = {bearer: words for bearer, words in _BEARERS.items() if bearer != present}
        if present is not None:
            self._bearers[present] = "the way it had before"

    def is_over(self) -> None:
        """Begin to be patient anew."""
        self._since.clear()
        if self._chosen is not None:
            logger.info("recovered", modem=self._board.name, by=f"messages over {self._chosen}")
            self._chosen = None
            self._bearers.clear()

    async def goes_on(self, registration: Registration, why: str) -> None:
        """Do what can be done; raises `SetUpAgain` where that takes a new session, and what the link raises."""
        now = self._clock()
        if registration.is_data_only and await self._try_bearer(now, why):
            return
        ailment = Ailment.DENIED if registration.is_data_only else _ailment(registration.state)
        # A modem that looks from time to time has not found anything in between.
        going_on = {ailment, Ailment.SEARCHING} if ailment is Ailment.IDLE else {ailment}
        self._since = {each: self._since.get(each, now) for each in going_on}
        if now - self._since[ailment] >= self._patience_s[ailment]:
            self._climber.ails(ailment, why)

    async def _try_bearer(self, now: float, why: str) -> bool:
        """Try the next way for messages; tells whether to wait for what comes of one."""
        if now < self._next_bearer:
            return True
        for bearer, words in list(self._bearers.items()):
            del self._bearers[bearer]
            if await self._modem.choose_bearer(bearer):
                self._chosen = words
                logger.warning("recovery", modem=self._board.name, step=f"messages over {words}", reason=why)
                self._board.note(remedy=f"tried messages over {words}")
                self._next_bearer = now + self._bearer_s
                return True
        self._chosen = None
        return False


def _ailment(state: RegistrationState) -> Ailment:
    return _AILMENTS.get(state, Ailment.SEARCHING)
