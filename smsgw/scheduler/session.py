"""One session with a modem that is set up: hear what it says, send what waits, until a fault or the end.

The result of a send is stored before anything the modem said meanwhile is looked at, so that a report cannot overtake
its own message inside the program. Faults of the line end the session; the supervisor starts the next one.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from smsgw import log
from smsgw.at.errors import Action
from smsgw.config import SimConfig
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.gateway.sending import MakeWay
from smsgw.model import ClaimedMessage, DeviceState, PartToSend, Reason, Standstill, Wait
from smsgw.modem.driver import Modem
from smsgw.modem.link import LinkError, NotSent, Refused
from smsgw.policy import Next
from smsgw.policy.ladder import Proof
from smsgw.scheduler.balance import BalanceWatch
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.hearing import Hearing
from smsgw.scheduler.network import NetworkWatch
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat, SetUpAgain
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
        self._held_until = 0.0
        self._claimed_at = 0.0
        self._climber = climber
        self._clock = clock
        self._slots = slots
        self._next_slot_look = 0.0
        self._hearing = Hearing(modem, seat, gateway, board, pace, left_over, self._store)
        self._talk = Talk(desk, modem, seat, gateway, board, pace, self._hearing, self._hear, bell, stopping)
        self._balance = BalanceWatch(seat, of_sim, self._talk, gateway, board, self._store, clock)
        self._record = SimRecord(modem, seat.sim, seat.imei, gateway, self._store)
        self._network = NetworkWatch(modem, seat, gateway, board, pace, climber, slots, self._store)
        self.last_step = time.monotonic()

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
            self.last_step = time.monotonic()
            self._bell.clear()
            self._climber.share.stays()
            await self._hear()
            await self._hearing.look_for_stored()
            await self._network.look()
            await self._record.refresh()
            if self._network.may_send:
                await self._talk.serve()
                await self._balance.check(is_idle=False)
            claimed = await self._claim()
            if claimed is None and self._network.may_send and await self._balance.check(is_idle=True):
                continue
            if claimed is not None:
                await self._send(claimed)
                await self._record.learn()
            # Only now: whoever has turned to a SIM sends something from it before the next turn.
            await self._look_at_other_slots()
            if claimed is None:
                await happens_within(self._bell, self._idle_s())

    async def _hear(self) -> None:
        self.last_step = time.monotonic()
        if await self._hearing.hear():
            self._network.look_soon()

    # ── sending ──

    async def _claim(self) -> ClaimedMessage | None:
        seat = self._seat
        self._claimed_at = time.monotonic()
        try:
            if not self._network.may_send or self._claimed_at < self._held_until:
                await self._gateway.devices.ensure_active(seat.device)
                return None
            found = await self._gateway.sending.claim(seat.device, seat.sim, seat.slot)
        except StorageUnavailable as error:
            self._hold(self._pace.storage_retry_s, str(error))
            return None
        if isinstance(found, Standstill):
            self._stand_still(found)
            return None
        self._board.note(standstill=None)
        return found

    async def _send(self, claimed: ClaimedMessage) -> None:
        self._board.become(DeviceState.SENDING)
        for part in claimed.parts:
            if not await self._may_go_on(claimed, is_begun=part is not claimed.parts[0]):
                break
            async with self._climber.share.at_risk:
                await self._stay_with(claimed)
                if not await self._send_part(part):
                    break
        else:
            logger.info("sent", modem=self._board.name, id=claimed.id, parts=claimed.part_count)
        self._board.become(DeviceState.READY, self._board.live.error)

    async def _may_go_on(self, claimed: ClaimedMessage, *, is_begun: bool) -> bool:
        """Wait between two parts as long as the limits of the SIM want; what must not go on is given back."""
        seat = self._seat
        try:
            while not self._stopping.is_set():
                if not is_begun:
                    return True
                await self._talk.serve()
                found = await self._store(
                    lambda: self._gateway.sending.between_parts(claimed.row, seat.device, seat.sim, seat.slot)
                )
                if found is None:
                    return True
                if isinstance(found, MakeWay) or self._seconds_until(found) > _LONGEST_GAP_S:
                    await self._give_back(claimed, Reason.SIM_WAITS)
                    return False
                self.last_step = time.monotonic()
                self._bell.clear()
                await self._hear()
                await happens_within(self._bell, self._pause_s(found))
        except Exception:
            await self._give_back(claimed)
            raise
        await self._give_back(claimed)
        return False

    async def _stay_with(self, claimed: ClaimedMessage) -> None:
        """Send nothing through a module that was treated for another of its SIMs meanwhile."""
        try:
            self._climber.share.stays()
        except SetUpAgain:
            await self._give_back(claimed)
            raise

    async def _give_back(self, claimed: ClaimedMessage, reason: Reason = Reason.INTERRUPTED) -> None:
        await self._store(lambda: self._gateway.sending.give_back(claimed.row, reason))

    def _stand_still(self, standstill: Standstill) -> None:
        self._held_until = time.monotonic() + self._pause_s(standstill)
        if standstill == self._board.live.standstill:
            return
        self._board.note(standstill=standstill)
        level = logging.WARNING if standstill.why in (Wait.REST, Wait.BALANCE) else logging.DEBUG
        until = datetime.fromtimestamp(standstill.until / 1_000, UTC).isoformat(timespec="seconds")
        logger.log(level, "the SIM waits", modem=self._board.name, until=until, why=standstill.detail)

    def _pause_s(self, standstill: Standstill) -> float:
        """Ask again from time to time: the clock may be set, or somebody end a rest."""
        return min(self._seconds_until(standstill), self._pace.hold_s)

    def _seconds_until(self, standstill: Standstill) -> float:
        return max(0, standstill.until - self._clock()) / 1_000

    def _idle_s(self) -> float:
        due = [self._network.next_look, self._hearing.next_listing]
        if self._slots.are_several:
            due.append(time.monotonic() + self._pace.slots_s)
        # It may be over by now; the queue has not been looked at since.
        if self._held_until > self._claimed_at:
            due.append(self._held_until)
        return max(0.0, min(due) - time.monotonic())

    async def _send_part(self, part: PartToSend) -> bool:
        """Submit one part and store what became of it; tells whether the network took it."""
        self.last_step = time.monotonic()
        sending, seat = self._gateway.sending, self._seat
        before = self._record.reference
        await self._store(lambda: sending.submitting(part.row, seat.device, seat.sim, before))
        try:
            reference = await self._modem.send_pdu(part.pdu, part.length)
        except Refused as refusal:
            return await self._refused(part, refusal)
        except NotSent as error:
            why = str(error)
            await self._store(lambda: sending.not_sent(part.row, why))
            self._climber.unanswered(why)
            raise
        except (LinkError, OSError) as error:
            why = str(error)
            await self._store(lambda: sending.unknown(part.row, why))
            self._climber.unanswered(why)
            raise
        await self._store(lambda: sending.accepted(part.row, seat.sim, reference))
        self._record.accepted(reference)
        self._climber.proved(Proof.ACCEPTS)
        self._board.note(error=None)
        return True

    async def _refused(self, part: PartToSend, refusal: Refused) -> bool:
        self._record.refused()
        decision = await self._store(lambda: self._gateway.sending.refused(part.row, refusal.verdict, str(refusal)))
        logger.warning("refused", modem=self._board.name, error=str(refusal), next=decision.next.value)
        self._climber.refused(refusal.verdict, str(refusal))
        if refusal.verdict.advises(Action.CLEAN_STORE):
            self._hearing.next_listing = 0.0
        if decision.next is Next.HOLD:
            self._hold(self._pace.hold_s, str(refusal))
            self._network.next_look = 0.0
        return decision.next is Next.ACCEPTED

    def _hold(self, seconds: float, why: str) -> None:
        self._held_until = time.monotonic() + seconds
        self._board.note(error=why)

    async def _store(self, action: Callable[[], Awaitable[T]]) -> T:
        """Store a result however long the storage is unavailable: only the row says what became of a message."""
        while True:
            try:
                return await action()
            except StorageUnavailable as error:
                self._board.note(error=str(error))
                logger.error("a result waits for the storage", modem=self._board.name, reason=str(error))
            self.last_step = time.monotonic()
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
