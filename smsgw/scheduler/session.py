"""One session with a modem that is set up: hear what it says, send what waits, until a fault or the end.

The result of a send is stored before anything the modem said meanwhile is looked at, so that a report cannot overtake
its own message inside the program. Faults of the line end the session; the supervisor starts the next one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from smsgw import log
from smsgw.config import SimConfig
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.modem.driver import Modem
from smsgw.modem.link import Refused
from smsgw.scheduler.balance import BalanceWatch
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.hearing import Hearing
from smsgw.scheduler.network import NetworkWatch
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Pulse, Seat, SetUpAgain
from smsgw.scheduler.sender import Sender
from smsgw.scheduler.sim_record import SimRecord
from smsgw.scheduler.slots import Slots, TurnTo
from smsgw.scheduler.ussd import Desk, Talk
from smsgw.waiting import happens_within

logger = log.get("smsgw.modem")

T = TypeVar("T")

# Between two parts of a message its worker waits no longer than this; after that, others may be more urgent.
_LONGEST_GAP_S = 60.0


class Session:
    """The serving loop of one modem."""

    def __init__(
        self,
        modem: Modem,
        seat: Seat,
        gateway: Gateway,
        board: Board,
        pace: Pace,
        bell: asyncio.Event,
        stopping: asyncio.Event,
        left_over: Sequence[str],
        climber: Climber,
        clock: Callable[[], int],
        slots: Slots,
        desk: Desk,
        of_sim: SimConfig,
    ) -> None:
        self._modem = modem
        self._seat = seat
        self._gateway = gateway
        self._board = board
        self._pace = pace
        self._bell = bell
        self._stopping = stopping
        self._climber = climber
        self._clock = clock
        self._slots = slots
        self._next_slot_look = 0.0
        self._hearing = Hearing(modem, seat, gateway, board, pace, left_over, self._store)
        self._talk = Talk(desk, modem, seat, gateway, board, pace, self._hearing, self._hear, bell, stopping)
        self._balance = BalanceWatch(seat, of_sim, self._talk, gateway, board, self._store, clock)
        self._record = SimRecord(modem, seat.sim, seat.imei, gateway, self._store)
        self._network = NetworkWatch(modem, seat, gateway, board, pace, climber, slots, self._store)
        self.pulse = Pulse()
        self._sender = Sender(
            modem,
            seat,
            gateway,
            board,
            pace,
            climber,
            self._hearing,
            self._network,
            self._talk,
            self._record,
            bell,
            stopping,
            self.pulse,
            self._store,
            self._hear,
            self._is_free,
            clock,
        )

    async def run(self) -> None:
        """Serve until the gateway stops; raises `LinkError`, `OSError`, `SetUpAgain`, `TurnTo`, `DeviceSwitchedOff`."""
        try:
            await self._serve()
        except Exception:
            await self._hearing.take_unheard()
            raise
        await self._hearing.take_unheard()

    async def _serve(self) -> None:
        await self._hearing.take_left_over()
        await self._hear()
        await self._record.testify()
        self._climber.go_on()
        await self._balance.recall()
        while not self._stopping.is_set():
            self.pulse.beat()
            self._bell.clear()
            self._climber.share.stays()
            await self._hear()
            await self._hearing.look_for_stored()
            await self._network.look()
            await self._record.refresh()
            if self._network.may_send:
                await self._talk.serve()
                await self._balance.check(is_idle=False)
            has_sent = await self._sender.send_waiting()
            if has_sent:
                await self._record.learn()
            elif self._network.may_send and await self._balance.check(is_idle=True):
                continue
            # Only now: whoever has turned to a SIM sends something from it before the next turn.
            await self._look_at_other_slots()
            if not has_sent:
                await happens_within(self._bell, self._idle_s())

    def _is_free(self) -> bool:
        """Tell whether nothing is to be done between two messages; what is, the loop sees to."""
        return not (
            self._stopping.is_set()
            or self._climber.share.is_one_of_several
            or self._modem.has_news
            or self._record.is_to_be_read
            or self._talk.is_wanted
            or self._balance.is_watched
            or (self._slots.are_several and time.monotonic() >= self._next_slot_look)
            or self._idle_s() == 0
        )

    async def _hear(self) -> None:
        self.pulse.beat()
        if await self._hearing.hear():
            self._network.look_soon()

    def _idle_s(self) -> float:
        due = [self._network.next_look, self._hearing.next_listing]
        if self._slots.are_several:
            due.append(time.monotonic() + self._pace.slots_s)
        if self._sender.held_until is not None:
            due.append(self._sender.held_until)
        return max(0.0, min(due) - time.monotonic())

    async def _store(self, action: Callable[[], Awaitable[T]]) -> T:
        """Store a result however long the storage is unavailable: only the row says what became of a message."""
        while True:
            try:
                return await action()
            except StorageUnavailable as error:
                self._board.note(error=str(error))
                logger.error("a result waits for the storage", modem=self._board.name, reason=str(error))
            self.pulse.beat()
            # Also while the gateway stops, which waits for us as long as it may: memory alone knows this result.
            await asyncio.sleep(self._pace.storage_retry_s)

    # ── SIM slots ──

    async def _look_at_other_slots(self) -> None:
        """From time to time, turn to another SIM if that is due; there is nothing of a message in hand here."""
        slots, now = self._slots, time.monotonic()
        if not slots.are_several or now < self._next_slot_look or self._network.may_yet_serve:
            return
        self._next_slot_look = now + self._pace.slots_s
        seat, may_send = self._seat, self._network.may_send
        try:
            slot = await self._gateway.slots.choose(
                seat.device, seat.sim, seat.slot, slots.seated_s, slots.usable(), may_send=may_send
            )
        except StorageUnavailable:
            return
        if slot != seat.slot:
            await self._leave_sim()
            if not slots.has_served:
                slots.set_aside(self._board.live.error or "no network", self._pace.slot_refused_s)
            raise TurnTo(slot)

    async def _leave_sim(self) -> None:
        """Let nothing more come in, and take what has: the next session would take it for its own SIM's.

        A modem without its radio may say that its SIM is not ready, or refuse to list: what it had was taken before.
        """
        await self._list_all()
        self._slots.is_turning = True
        await self._modem.radio_off()
        with suppress(Refused, SetUpAgain):
            await self._hear()
            await self._list_all()
            await self._hear()

    async def _list_all(self) -> None:
        self._hearing.next_listing = 0.0
        await self._hearing.look_for_stored()
