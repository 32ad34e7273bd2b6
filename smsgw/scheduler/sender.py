"""Sends for one session: claims what waits, submits it part by part, and stores what became of each part.

A result is stored before anything is looked at that the modem has said since. Where nothing else is to be done, the
next message is claimed in the same commit: between two messages there is one sync then.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from smsgw import log
from smsgw.at.errors import Action
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.gateway.sending import MakeWay
from smsgw.model import ClaimedMessage, DeviceState, PartToSend, Reason, Standstill, Wait
from smsgw.modem.driver import Modem
from smsgw.modem.link import LinkError, NotSent, Refused
from smsgw.policy import Next
from smsgw.policy.ladder import Proof
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.hearing import Hearing
from smsgw.scheduler.network import NetworkWatch
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Pulse, Seat, SetUpAgain, Store
from smsgw.scheduler.sim_record import SimRecord
from smsgw.scheduler.ussd import Talk
from smsgw.waiting import happens_within

logger = log.get("smsgw.modem")

# Between two parts of a message its worker waits no longer than this; after that, others may be more urgent.
_LONGEST_GAP_S = 60.0


class Sender:
    """What a session sends. `hear` takes in what the modem says; `is_free` tells whether nothing else is to be done."""

    def __init__(
        self,
        modem: Modem,
        seat: Seat,
        gateway: Gateway,
        board: Board,
        pace: Pace,
        climber: Climber,
        hearing: Hearing,
        network: NetworkWatch,
        talk: Talk,
        record: SimRecord,
        bell: asyncio.Event,
        stopping: asyncio.Event,
        pulse: Pulse,
        store: Store,
        hear: Callable[[], Awaitable[None]],
        is_free: Callable[[], bool],
        clock: Callable[[], int],
    ) -> None:
        self._modem = modem
        self._seat = seat
        self._gateway = gateway
        self._board = board
        self._pace = pace
        self._climber = climber
        self._hearing = hearing
        self._network = network
        self._talk = talk
        self._record = record
        self._bell = bell
        self._stopping = stopping
        self._pulse = pulse
        self._store = store
        self._hear = hear
        self._is_free = is_free
        self._clock = clock
        self._held_until = 0.0
        self._claimed_at = 0.0
        self._following: ClaimedMessage | None = None  # claimed together with the result of the one before

    @property
    def held_until(self) -> float | None:
        """When the queue is to be looked at again, by the monotonic clock; None if no standstill is known."""
        # It may be over by now; the queue has not been looked at since.
        return self._held_until if self._held_until > self._claimed_at else None

    async def send_waiting(self) -> bool:
        """Send a message, and those that are claimed together with the result of one; tells whether there was one."""
        async with self._climber.share.at_risk:
            self._climber.share.stays()
            claimed = await self._claim()
            if claimed is None:
                return False
            self._board.become(DeviceState.SENDING)
            is_taken = await self._send_part(claimed, 0)
        while claimed is not None:
            if is_taken and await self._send_rest(claimed):
                logger.info("sent", modem=self._board.name, id=claimed.id, parts=claimed.part_count)
            claimed, self._following = self._following, None
            if claimed is not None:
                async with self._climber.share.at_risk:
                    is_taken = await self._send_part(claimed, 0)
        self._board.become(DeviceState.READY, self._board.live.error)
        return True

    async def _claim(self, behind: int | None = None) -> ClaimedMessage | None:
        seat = self._seat
        self._claimed_at = time.monotonic()
        try:
            if not self._network.may_send or self._claimed_at < self._held_until:
                await self._gateway.devices.ensure_active(seat.device)
                return None
            before = self._record.reference
            found = await self._gateway.sending.claim(seat.device, seat.sim, seat.slot, before, behind)
        except StorageUnavailable as error:
            self._hold(self._pace.storage_retry_s, str(error))
            return None
        if isinstance(found, Standstill):
            self._stand_still(found)
            return None
        self._board.note(standstill=None)
        return found

    async def _send_rest(self, claimed: ClaimedMessage) -> bool:
        """Send the parts behind the first one; tells whether the network took them all."""
        for place in range(1, len(claimed.parts)):
            if not await self._may_go_on(claimed):
                return False
            async with self._climber.share.at_risk:
                await self._stay_with(claimed)
                await self._put_down(claimed.parts[place])
                if not await self._send_part(claimed, place):
                    return False
        return True

    async def _may_go_on(self, claimed: ClaimedMessage) -> bool:
        """Wait between two parts as long as the limits of the SIM want; what must not go on is given back."""
        seat = self._seat
        try:
            while not self._stopping.is_set():
                await self._talk.serve()
                found = await self._store(
                    lambda: self._gateway.sending.between_parts(claimed.row, seat.device, seat.sim, seat.slot)
                )
                if found is None:
                    return True
                if isinstance(found, MakeWay) or self._seconds_until(found) > _LONGEST_GAP_S:
                    await self._give_back(claimed, Reason.SIM_WAITS)
                    return False
                self._pulse.beat()
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

    async def _put_down(self, part: PartToSend) -> None:
        """Store that a part is about to go on the wire."""
        seat, before = self._seat, self._record.reference
        await self._store(lambda: self._gateway.sending.submitting(part.row, seat.device, seat.sim, before))

    async def _send_part(self, claimed: ClaimedMessage, place: int) -> bool:
        """Submit a part that is put down, and store what became of it; tells whether the network took it."""
        self._pulse.beat()
        sending, part = self._gateway.sending, claimed.parts[place]
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
        self._record.accepted(reference)
        self._board.note(error=None)
        await self._accepted(part, reference, is_last=place == len(claimed.parts) - 1)
        self._climber.proved(Proof.ACCEPTS)
        return True

    async def _accepted(self, part: PartToSend, reference: int | None, *, is_last: bool) -> None:
        """Store that the network took a part; behind the last of a message, claim the next one in the same commit."""
        stored = self._store(lambda: self._gateway.sending.accepted(part.row, self._seat.sim, reference))
        if not (is_last and self._is_free()):
            await stored
            return
        # Each is waited for, whatever becomes of the other.
        failure, following = await asyncio.gather(stored, self._claim(part.row), return_exceptions=True)
        if isinstance(failure, BaseException):
            raise failure
        if isinstance(following, BaseException):
            raise following
        self._following = following

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
