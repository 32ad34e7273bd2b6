"""The balance of a SIM, asked of its operator from time to time, and whether it is still enough.

Asked while nothing waits to be sent; where that never comes, an hour late, between two messages. A SIM that had too
little is asked in time, before anything is sent from it. A check that fails leaves what was known before, and is made
again after the same time as any other: operators count them, too.
"""

from collections.abc import Callable
from dataclasses import replace

from smsgw import log
from smsgw.config import SimConfig
from smsgw.gateway import Gateway
from smsgw.model import Balance
from smsgw.modem.link import LinkError, Refused
from smsgw.modem.ussd import UssdKind
from smsgw.policy import read_balance
from smsgw.scheduler.board import Board
from smsgw.scheduler.seat import Seat, Store
from smsgw.scheduler.ussd import Talk

logger = log.get("smsgw.modem")

_HOUR_MS = 3_600_000
_NO_ANSWER = "the network did not answer"
_NO_NUMBER = "balance_pattern finds no number in the answer: dial the code by POST /devices/ussd to see it"


class BalanceWatch:
    """Watches one SIM for the length of a session; `clock` gives Unix milliseconds."""

    def __init__(
        self,
        seat: Seat,
        config: SimConfig,
        talk: Talk,
        gateway: Gateway,
        board: Board,
        store: Store,
        clock: Callable[[], int],
    ) -> None:
        self._sim = seat.sim
        self._slot = seat.slot
        self._config = config
        self._talk = talk
        self._gateway = gateway
        self._board = board
        self._store = store
        self._clock = clock
        self._known = Balance()

    @property
    def is_watched(self) -> bool:
        """Tell whether there is anything to ask the operator."""
        return bool(self._config.balance_code)

    async def recall(self) -> None:
        """Look up what is known of the SIM: somebody may have wanted it to be asked again."""
        known = await self._store(lambda: self._gateway.balances.of(self._sim))
        shown = self._board.live.balances.get(self._slot)
        self._note(replace(known, error=shown.error if shown else None))

    async def check(self, *, is_idle: bool) -> bool:
        """Ask the operator if it is time to; tells whether it was. Raises what the link raises."""
        if not self.is_watched:
            return False
        await self.recall()
        if not self._is_due(0 if is_idle or self._is_poor() else _HOUR_MS):
            return False
        await self._store(lambda: self._gateway.balances.asking(self._sim))
        try:
            said = await self._talk.look_up(self._config.balance_code)
        except Refused as refusal:
            self._failed(f"{refusal.text}: {refusal.verdict.meaning}")
            return True
        except (LinkError, OSError) as error:
            self._failed(str(error))
            raise
        if said is None or said.kind in (UssdKind.NOT_SUPPORTED, UssdKind.TIMED_OUT):
            self._failed(_NO_ANSWER)
        elif (value := read_balance(said.text, self._config.balance_pattern)) is None:
            self._failed(_NO_NUMBER)
        else:
            await self._store(lambda: self._gateway.balances.told(self._sim, value))
            self._note(replace(self._known, error=None))
            await self.recall()
            logger.info("balance", modem=self._board.name, balance=value)
        return True

    def _is_due(self, late_ms: int) -> bool:
        """Tell whether it is time; a check that was made in the future was made before the clock was set right."""
        last, now = self._known.tried_at, self._clock()
        return last is None or last > now or now >= last + self._config.balance_every_h * _HOUR_MS + late_ms

    def _is_poor(self) -> bool:
        return self._known.value is not None and self._known.value < self._config.balance_least

    def _failed(self, why: str) -> None:
        self._note(replace(self._known, error=why))
        logger.warning("the balance is not known", modem=self._board.name, error=why)

    def _note(self, known: Balance) -> None:
        self._known = known
        self._board.note(balances={**self._board.live.balances, self._slot: known})
