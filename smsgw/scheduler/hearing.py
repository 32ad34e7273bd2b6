"""What a modem says unasked, and what lies in its stores: taken in, stored, and only then acknowledged or deleted."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from smsgw import log
from smsgw.gateway import Gateway
from smsgw.gsm.pdu import PduError, StatusReport, Submit, decode, status_meaning
from smsgw.model import Fate, ReceivedReport
from smsgw.modem.driver import Modem
from smsgw.modem.heard import News
from smsgw.modem.link import Refused
from smsgw.modem.ussd import Said
from smsgw.scheduler.board import Board
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat, SetUpAgain, Store

logger = log.get("smsgw.modem")


class Hearing:
    """The ear of one session. `next_listing` says when the stores are looked through, by the monotonic clock.

    `said` is what the network has said last, by USSD.
    """

    def __init__(
        self,
        modem: Modem,
        seat: Seat,
        gateway: Gateway,
        board: Board,
        pace: Pace,
        left_over: Sequence[str],
        store: Store,
    ) -> None:
        self.next_listing = 0.0
        self.said: Said | None = None
        self._modem = modem
        self._seat = seat
        self._gateway = gateway
        self._board = board
        self._pace = pace
        self._left_over = left_over  # what the modem handed over and no session has looked at
        self._store = store

    async def hear(self) -> bool:
        """Take in what the modem announced, in order; tells whether the network was spoken of.

        Raises `SetUpAgain`, and what the link raises.
        """
        is_about_network = False
        for heard in self._modem.heard():
            match heard.news:
                case News.HANDED_OVER if heard.pdu is not None:
                    await self._take_over(heard.pdu)
                    await self._modem.acknowledge()
                case News.ORPHANED if heard.pdu is not None:
                    # Nobody knows what the modem is waiting for: a confirmation might be one for something else.
                    await self._take_over(heard.pdu)
                case News.STORED if heard.place is not None:
                    await self._fetch(heard.place.memory, heard.place.index)
                case News.LATE_REFERENCE if heard.reference is not None:
                    await self._settle(heard.reference)
                case News.MISSED | News.STORE_FULL:
                    self.next_listing = 0.0
                case News.REGISTRATION:
                    is_about_network = True
                case News.USSD if heard.ussd is not None:
                    self.said = self._modem.ussd.said(heard.ussd)
                case News.SIM_CHANGED:
                    raise SetUpAgain(f"the SIM has changed ({heard.line})")
        return is_about_network

    async def take_unheard(self) -> None:
        """Store what the modem has handed over and nobody has looked at: putting it down as it came may have failed.

        Not when the session is cancelled: then time is up, and what was put down must do.
        """
        for heard in self._modem.left_over():
            if heard.pdu is not None:
                await self._take_over(heard.pdu)

    async def take_left_over(self) -> None:
        """Store what the modem handed over to an earlier session that ended before it looked at it."""
        for pdu in self._left_over:
            await self._take_over(pdu)

    async def look_for_stored(self) -> None:
        """From time to time, take what was stored without a word."""
        if time.monotonic() < self.next_listing:
            return
        for stored in await self._modem.list_stored():
            if await self._take(stored.pdu):
                await self._modem.delete_stored(stored.memory, stored.index)
        self.next_listing = time.monotonic() + self._pace.list_s

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
            self.next_listing = 0.0
        elif await self._take(stored.pdu):
            await self._modem.delete_stored(memory, index)

    async def _take_over(self, pdu: str) -> None:
        """Store what the modem has handed over; from here on it need not be kept as such.

        One that brings out a defect is put away too: it would bring it out in every session.
        """
        try:
            await self._take(pdu)
        except Exception:
            octets, seat = _octets(pdu), self._seat
            await self._store(lambda: self._gateway.inbox.received_unread(seat.device, seat.sim, octets))
            self._gateway.reports.put_away(seat.holder, pdu)
            raise
        self._gateway.reports.put_away(self._seat.holder, pdu)

    async def _take(self, pdu: str) -> bool:
        """Store what was received: a report with its part, a message in the inbox; tells whether it may be deleted."""
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
        octets, seat = _octets(pdu), self._seat
        fate = await self._store(lambda: self._gateway.inbox.received(seat.device, seat.sim, octets))
        level = logging.DEBUG if fate in (Fate.DROPPED, Fate.REPEATED) else logging.INFO
        logger.log(level, "received", modem=self._board.name, fate=fate.value)
        return True


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
