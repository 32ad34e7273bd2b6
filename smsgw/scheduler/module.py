"""A module that several workers share, since it uses all of its SIMs at once; most have but one worker.

What is done to the whole of it for one of its SIMs befalls the others. So it waits until nothing of theirs is at stake,
they set their SIMs up anew afterwards, and all of them count it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from smsgw.model import ABLE_TO_SEND, DeviceState
from smsgw.policy.ladder import MOST_HARD, Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.seat import SetUpAgain


class Module:
    """What the workers of one device have in common."""

    def __init__(self) -> None:
        self.hard_steps: deque[float] = deque(maxlen=MOST_HARD)
        self.shares: list[Share] = []
        self.is_being_treated = asyncio.Lock()

    def share(self, board: Board, bell: asyncio.Event, slot: int = 1) -> "Share":
        """Let a worker join in, which serves the SIM in this slot; the first one's is what any port may answer for."""
        share = Share(self, board, bell, slot)
        self.shares.append(share)
        return share


class Share:
    """One worker's share in a module.

    `at_risk` is held while a message or a PIN is with the module and not answered. `undergone` is what has been done to
    the module for another worker since this one has begun to open its port. `sim` is the SIM that answers there now,
    `met` the last one that did.
    """

    def __init__(self, module: Module, board: Board, bell: asyncio.Event, slot: int) -> None:
        self.at_risk = asyncio.Lock()
        self.undergone: Rung | None = None
        self.sim: str | None = None
        self.met: str | None = None
        self.slot = slot
        self._module = module
        self._board = board
        self._bell = bell

    @property
    def hard_steps(self) -> deque[float]:
        """When the module was restarted, for whichever SIM."""
        return self._module.hard_steps

    @property
    def is_one_of_several(self) -> bool:
        """Tell whether the module has other workers."""
        return len(self._module.shares) > 1

    @property
    def first(self) -> "Share":
        """The share of the module's first worker, which may be this one."""
        return self._module.shares[0]

    @property
    def is_on_its_way(self) -> bool:
        """Tell whether the port is being opened, so that it may soon be known which SIM answers there."""
        return self._board.live.state in (DeviceState.OPENING, DeviceState.INITIALISING)

    @property
    def serves_another(self) -> bool:
        """Tell whether another SIM of the module is served, which shows that the module is well."""
        return any(other._board.live.state in ABLE_TO_SEND for other in self._others())

    def meets(self, sim: str | None) -> None:
        """Take in which SIM answers; None if none does any more."""
        self.sim, self.met = sim, sim or self.met

    def is_taken(self, sim: str | None) -> bool:
        """Tell whether another worker has met this SIM: a port is not bound to the SIM that it should be for."""
        return sim is not None and any(other.sim == sim for other in self._others())

    def stays(self) -> None:
        """Make sure that the module is as this worker has set it up; raises `SetUpAgain`."""
        if self.undergone is not None:
            raise SetUpAgain("another SIM of the module needed a remedy that reaches this one, too")

    @asynccontextmanager
    async def treated(self, rung: Rung) -> AsyncIterator[bool]:
        """Keep the others from risking anything while a step is taken; tells whether that is still called for.

        It is not once the module has been treated for another one: whether that has helped is to be seen first.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._module.is_being_treated)
            for other in self._others():
                await stack.enter_async_context(other.at_risk)
            is_called_for = self.undergone is None
            try:
                yield is_called_for
            finally:
                if is_called_for and rung > Rung.RESELECT:
                    self._tell_others(rung)

    def _tell_others(self, rung: Rung) -> None:
        for other in self._others():
            other.undergone = max(rung, other.undergone or rung)
            other._bell.set()

    def _others(self) -> "list[Share]":
        return [share for share in self._module.shares if share is not self]
