"""One session with a modem that is set up: hear what it says, send what waits, until a fault or the end.

The result of a send is stored before anything the modem said meanwhile is looked at, so that a report cannot overtake
its own message inside the program. Faults of the line end the session; the supervisor starts the next one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from smsgw import log
from smsgw.at.errors import Action, Verdict
from smsgw.at.replies import RegistrationState
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.gsm.pdu import PduError, StatusReport, Submit, decode, status_meaning
from smsgw.model import ClaimedMessage, DeviceState, PartToSend, ReceivedReport
from smsgw.modem.driver import Modem
from smsgw.modem.heard import News
from smsgw.modem.link import LinkError, NotSent, Refused
from smsgw.policy import Next
from smsgw.scheduler.board import Board
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.sim_record import SimRecord
from smsgw.scheduler.waiting import happens_within

logger = log.get("smsgw.modem")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Whose session it is: the device, the SIM in it and the slot of that."""

    device: str
    sim: str
    slot: int
    imei: str | None


_SETTING_UP = {Action.REINIT, Action.RESET_MODEM}
_PATIENCE = 3  # refusals in a row, of whichever messages


class SetUpAgain(Exception):
    """The modem must be initialised again; the text says why."""


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
    ) -> None:
        self._modem = modem
        self._seat = seat
        self._gateway = gateway
        self._board = board
        self._pace = pace
        self._bell = bell
        self._stopping = stopping
        self._left_over = left_over  # what the modem handed over and no session has looked at
        self._next_look = 0.0
        self._next_listing = 0.0
        self._held_until = 0.0
        self._refused_in_row = 0
        self._may_send = False
        self._record = SimRecord(modem, seat.sim, seat.imei, gateway, self._store)
        self.last_step = time.monotonic()

    async def run(self) -> None:
        """Serve until the gateway stops; raises `LinkError`, `OSError`, `SetUpAgain` and `DeviceSwitchedOff`."""
        try:
            await self._serve()
        except Exception:
            await self._take_leftovers()
            raise
        await self._take_leftovers()

    async def _serve(self) -> None:
        for pdu in self._left_over:
            await self._take_over(pdu)
        await self._hear()
        await self._record.testify()
        while not self._stopping.is_set():
            self.last_step = time.monotonic()
            self._bell.clear()
            await self._hear()
            await self._look_around()
            await self._record.refresh()
            claimed = await self._claim()
            if claimed is None:
                await happens_within(self._bell, self._idle_s())
            else:
                await self._send(claimed)
                await self._record.learn()

    # ── sending ──

    async def _claim(self) -> ClaimedMessage | None:
        seat = self._seat
        try:
            if not self._may_send or time.monotonic() < self._held_until:
                await self._gateway.devices.ensure_active(seat.device)
                return None
            return await self._gateway.sending.claim(seat.device, seat.sim, seat.slot)
        except StorageUnavailable as error:
            self._hold(self._pace.storage_retry_s, str(error))
            return None

    async def _send(self, claimed: ClaimedMessage) -> None:
        self._board.become(DeviceState.SENDING)
        for part in claimed.parts:
            if self._stopping.is_set():
                await self._store(lambda: self._gateway.sending.give_back(claimed.row))
                break
            if not await self._send_part(part):
                break
        else:
            logger.info("sent", modem=self._board.name, id=claimed.id, parts=claimed.part_count)
        self._board.become(DeviceState.READY, self._board.live.error)

    def _idle_s(self) -> float:
        now = time.monotonic()
        due = [self._next_look, self._next_listing]
        if self._held_until > now:
            due.append(self._held_until)
        return max(0.0, min(due) - now)

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
            raise
        except (LinkError, OSError) as error:
            why = str(error)
            await self._store(lambda: sending.unknown(part.row, why))
            raise
        await self._store(lambda: sending.accepted(part.row, seat.sim, reference))
        self._record.accepted(reference)
        self._refused_in_row = 0
        self._board.note(error=None)
        return True

    async def _refused(self, part: PartToSend, refusal: Refused) -> bool:
        self._record.refused()
        decision = await self._store(lambda: self._gateway.sending.refused(part.row, refusal.verdict, str(refusal)))
        logger.warning("refused", modem=self._board.name, error=str(refusal), next=decision.next.value)
        self._refused_in_row += 1
        if _sets_up_again(refusal.verdict, self._refused_in_row):
            raise SetUpAgain(str(refusal))
        if decision.next is Next.HOLD:
            self._hold(decision.delay_s, str(refusal))
            self._next_look = 0.0
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

    # ── hearing ──

    async def _hear(self) -> None:
        """Take in what the modem announced, in order."""
        for heard in self._modem.heard():
            match heard.news:
                case News.HANDED_OVER if heard.pdu is not None:
                    await self._take_over(heard.pdu)
                    await self._modem.acknowledge()
                case News.STORED if heard.place is not None:
                    await self._fetch(heard.place.memory, heard.place.index)
                case News.LATE_REFERENCE if heard.reference is not None:
                    await self._settle(heard.reference)
                case News.MISSED | News.STORE_FULL:
                    self._next_listing = 0.0
                case News.REGISTRATION:
                    self._next_look = 0.0
                case News.SIM_CHANGED:
                    raise SetUpAgain(f"the SIM has changed ({heard.line})")

    async def _take_leftovers(self) -> None:
        """Store what the modem has handed over and nobody has looked at: putting it down as it came may have failed.

        Not when the session is cancelled: then time is up, and what was put down must do.
        """
        for heard in self._modem.left_over():
            if heard.news is News.HANDED_OVER and heard.pdu is not None:
                await self._take_over(heard.pdu)

    async def _settle(self, reference: int) -> None:
        """The answer to a send that an earlier session had given up."""
        settled = await self._store(lambda: self._gateway.sending.answered_late(self._seat.sim, reference))
        logger.info("late message reference", modem=self._board.name, reference=reference, settled=settled)

    async def _fetch(self, memory: str, index: int) -> None:
        """Store what lies at a place in the modem, and only then delete it there."""
        try:
            stored = await self._modem.read_stored(memory, index)
        except Refused:
            stored = None
        if stored is None:
            # Not there any more, not readable under that name, or cut on the way: the listing will tell.
            self._next_listing = 0.0
        elif await self._take(stored.pdu):
            await self._modem.delete_stored(memory, index)

    async def _look_around(self) -> None:
        """From time to time: what was stored without a word, and how the network is."""
        if time.monotonic() >= self._next_listing:
            for stored in await self._modem.list_stored():
                if await self._take(stored.pdu):
                    await self._modem.delete_stored(stored.memory, stored.index)
            self._next_listing = time.monotonic() + self._pace.list_s
        if time.monotonic() >= self._next_look:
            await self._look_at_network()
            pause_s = self._pace.watch_s if self._may_send else self._pace.registration_s
            self._next_look = time.monotonic() + pause_s

    async def _look_at_network(self) -> None:
        if not await self._modem.still_announces():
            raise SetUpAgain("the modem has stopped telling what it receives")
        registration = await self._modem.registration()
        self._may_send = registration.may_send
        self._board.note(registration=registration.state.name.lower(), signal_dbm=await self._modem.signal())
        if not self._may_send:
            self._board.become(DeviceState.REGISTERING, _ADVICE.get(registration.state, _LTE_WITHOUT_MESSAGES))
            return
        battery = await self._modem.battery()
        self._board.note(
            operator=await self._modem.operator(),
            battery_percent=battery.percent if battery else None,
            is_charging=battery.charging if battery else True,
        )
        self._board.become(DeviceState.READY)
        await self._store(lambda: self._gateway.devices.seen(self._seat.device, self._seat.imei))

    async def _take_over(self, pdu: str) -> None:
        """Store what the modem has handed over; from here on it need not be kept as such.

        One that brings out a defect is put away too: it would bring it out in every session.
        """
        try:
            await self._take(pdu)
        except Exception:
            octets, seat = _octets(pdu), self._seat
            await self._store(lambda: self._gateway.reports.inbound_received(seat.device, seat.sim, octets))
            self._gateway.reports.put_away(seat.device, pdu)
            raise
        self._gateway.reports.put_away(self._seat.device, pdu)

    async def _take(self, pdu: str) -> bool:
        """Store what was received: a report with its part, a message as it came; tells whether it may be deleted."""
        try:
            received = decode(pdu)
        except PduError as error:
            logger.warning("kept a TPDU that cannot be read", modem=self._board.name, error=str(error))
            received = None
        if isinstance(received, Submit):
            return False  # a draft that somebody keeps in the modem
        if isinstance(received, StatusReport):
            report = _report(received, bytes.fromhex(pdu))
            id = await self._store(lambda: self._gateway.reports.report_received(self._seat.sim, report))
            said = status_meaning(report.status)
            logger.info("status report", modem=self._board.name, id=id or "of no known message", said=said)
            return True
        kept = _octets(pdu)
        await self._store(lambda: self._gateway.reports.inbound_received(self._seat.device, self._seat.sim, kept))
        return True


# What a person can do while the network has not taken the SIM.
_ADVICE = {
    RegistrationState.IDLE: "the modem is not looking for a network: is its radio on, is an antenna connected?",
    RegistrationState.SEARCHING: "no network found yet: check antenna and coverage",
    RegistrationState.DENIED: "the network refuses the SIM: is it activated and paid for, may it use this network?",
    RegistrationState.UNKNOWN: "no network: check antenna and coverage",
    RegistrationState.EMERGENCY_ONLY: "the network allows emergency calls only: is the SIM activated and paid for?",
    RegistrationState.RESTRICTED: "the network allows this SIM no service: use another SIM or tariff",
}
_LTE_WITHOUT_MESSAGES = (
    "registered for LTE data, but the network offers no way for messages: allow 3G or 2G, or another SIM or tariff"
)


def _sets_up_again(verdict: Verdict, refused_in_row: int) -> bool:
    """Where it is not the first thing to do it waits until nothing else has helped: it costs the modem a minute."""
    if verdict.actions[0] in _SETTING_UP:
        return True
    return refused_in_row >= _PATIENCE and not _SETTING_UP.isdisjoint(verdict.actions)


def _octets(pdu: str) -> bytes:
    """Keep what is no pairs of hex digits as it came, too: somebody may be able to read it."""
    try:
        return bytes.fromhex(pdu)
    except ValueError:
        return pdu.encode()


def _report(received: StatusReport, pdu: bytes) -> ReceivedReport:
    return ReceivedReport(
        reference=received.reference,
        recipient=received.recipient,
        service_centre_time=_milliseconds(received.service_centre_time),
        status=received.status,
        pdu=pdu,
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1_000)
