"""USSD: clients hand in at a desk what is to be dialled, and the modem's worker talks to the network when it may.

It may between two parts of messages, never while one is on the wire, and sends nothing while a session with the
network lasts, since most modems cannot do both. A session ends with the last word of the network, with the client's
wish, when a client is gone or says nothing for too long, and with the session of the modem; whatever happens, the
network is told, at the latest when the modem is up again.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

from smsgw import log
from smsgw.errors import CallerError, DeviceNotReady, Text, UssdBusy, UssdRefused, UssdSessionOver, UssdUnanswered
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import UssdAnswer, UssdCall, UssdState
from smsgw.modem.driver import Modem
from smsgw.modem.link import Refused
from smsgw.modem.ussd import Said, UssdKind
from smsgw.scheduler.board import Board
from smsgw.scheduler.hearing import Hearing
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat
from smsgw.waiting import happens_within

logger = log.get("smsgw.modem")

_RETRY_S = 30
_ENDS = 2
_LOST = Text("связь с модемом прервалась", "the connection to the modem was lost")
_STATES = {
    UssdKind.FINAL: UssdState.FINAL,
    UssdKind.NEEDS_REPLY: UssdState.NEEDS_REPLY,
    UssdKind.TERMINATED: UssdState.TERMINATED,
    UssdKind.OTHER_CLIENT: UssdState.TERMINATED,
}


class Call:
    """One call of a client, and its outcome."""

    def __init__(self, wanted: UssdCall) -> None:
        self.wanted = wanted
        self.begun = asyncio.Event()
        self.outcome: asyncio.Future[UssdAnswer | CallerError] = asyncio.get_running_loop().create_future()

    @property
    def is_wanted(self) -> bool:
        """Tell whether the client still waits for the outcome."""
        return not self.outcome.done()

    def settle(self, outcome: UssdAnswer | CallerError) -> None:
        """Tell the client, if it still waits."""
        self.begun.set()
        if self.is_wanted:
            self.outcome.set_result(outcome)


class Desk:
    """Where clients call; belongs to a worker and outlives its sessions. `bell` wakes the worker.

    `session` names the USSD session that waits for a reply. `ends_owed` says how often it may still be tried to end
    what the network may think is a session: a modem that hangs whenever it is tried has other things to do, too.
    """

    def __init__(self, bell: asyncio.Event, turn_s: float) -> None:
        self.session: str | None = None
        self.ends_owed = 0
        self._bell = bell
        self._turn_s = turn_s
        self._call: Call | None = None

    async def ask(self, wanted: UssdCall) -> UssdAnswer:
        """Wait for the turn and then for the outcome; raises why there is none. A client that is gone cancels this."""
        if wanted.session is not None and wanted.session != self.session:
            raise UssdSessionOver()
        if self._call is not None or (wanted.session is None and self.session is not None):
            raise UssdBusy(retry_after_s=_RETRY_S)
        call = self._call = Call(wanted)
        self._bell.set()
        try:
            if not await happens_within(call.begun, self._turn_s):
                raise UssdBusy(retry_after_s=_RETRY_S)
            outcome = await call.outcome
        finally:
            call.outcome.cancel()
            self._call = None
            self._bell.set()
        if isinstance(outcome, CallerError):
            raise outcome
        return outcome

    def next_call(self) -> Call | None:
        """Return the call whose turn it is."""
        call = self._call
        return call if call is not None and not call.begun.is_set() else None

    def end_session(self) -> None:
        """No session waits for a reply any more; one that has just come is too late."""
        self.session = None
        if self._call is not None and self._call.wanted.session is not None:
            self._call.settle(UssdSessionOver())

    def close(self) -> None:
        """Whoever still waits for an outcome hears that the modem is gone."""
        self.session = None
        if self._call is not None:
            self._call.settle(DeviceNotReady(retry_after_s=_RETRY_S, reason=_LOST))


class Talk:
    """The worker's side of the desk, for the length of a modem's session; `hear` takes in what the modem announces."""

    def __init__(
        self,
        desk: Desk,
        modem: Modem,
        seat: Seat,
        gateway: Gateway,
        board: Board,
        pace: Pace,
        hearing: Hearing,
        hear: Callable[[], Awaitable[None]],
        bell: asyncio.Event,
        stopping: asyncio.Event,
    ) -> None:
        self._desk = desk
        self._modem = modem
        self._seat = seat
        self._gateway = gateway
        self._board = board
        self._pace = pace
        self._hearing = hearing
        self._hear = hear
        self._bell = bell
        self._stopping = stopping

    @property
    def is_wanted(self) -> bool:
        """Tell whether `serve` has something to do."""
        return bool(self._desk.ends_owed) or self._desk.next_call() is not None

    async def serve(self) -> None:
        """Do what a client has called for, if one has, until its session with the network is over.

        Raises what the link raises, `SetUpAgain` and `DeviceSwitchedOff`.
        """
        if self._desk.ends_owed:
            await self._end()
        call = self._desk.next_call()
        if call is None:
            return
        ends_at = time.monotonic() + self._pace.ussd_conversation_s
        try:
            while call is not None and await self._answer(call):
                call = await self._next_call(ends_at)
        except DeviceSwitchedOff:
            await self._end()
            raise
        self._desk.end_session()
        if self._desk.ends_owed:
            await self._end()

    async def look_up(self, code: str) -> Said | None:
        """Dial a code for ourselves and return what the network says; None if it says nothing in time.

        Raises `Refused`, and what `serve` raises.
        """
        said = await self._exchange(code, lambda: True)
        if self._desk.ends_owed:
            await self._end()
        return said

    async def _answer(self, call: Call) -> bool:
        """Do what one call wants and tell its client; True if the network waits for a reply now."""
        call.begun.set()
        if call.wanted.code is None:
            await self._end()
            call.settle(UssdAnswer(text="", state=UssdState.CANCELLED))
            return False
        try:
            said = await self._exchange(call.wanted.code, lambda: call.is_wanted)
        except Refused as refusal:
            outcome: UssdAnswer | CallerError = UssdRefused(reason=f"{refusal.text}: {refusal.verdict.meaning}")
        else:
            outcome = self._outcome(said)
        is_open = isinstance(outcome, UssdAnswer) and outcome.state is UssdState.NEEDS_REPLY and call.is_wanted
        told = outcome.state.value if isinstance(outcome, UssdAnswer) else f"error {outcome.code}"
        logger.info("ussd", modem=self._board.name, outcome=told)
        call.settle(outcome)
        return is_open

    def _outcome(self, said: Said | None) -> UssdAnswer | CallerError:
        self._desk.session = None
        if said is None or said.kind is UssdKind.TIMED_OUT:
            return UssdUnanswered(retry_after_s=_RETRY_S)
        if said.kind is UssdKind.NOT_SUPPORTED:
            return UssdRefused(reason="+CUSD: 4")
        if said.kind is UssdKind.NEEDS_REPLY:
            self._desk.session = secrets.token_hex(6)
        return UssdAnswer(text=said.text, state=_STATES[said.kind], session=self._desk.session)

    async def _exchange(self, text: str, is_wanted: Callable[[], bool]) -> Said | None:
        """Say something to the network and wait for its answer, as long as somebody wants it."""
        await self._modem.ussd.prepare()
        await self._hear()
        self._hearing.said = None  # what came before is no answer
        self._desk.ends_owed = _ENDS
        gives_up_at = time.monotonic() + self._pace.ussd_s
        try:
            said = await self._modem.ussd.ask(text)
        except Refused:
            self._owe(self._desk.session is not None)
            raise
        while said is None and is_wanted() and not self._stopping.is_set():
            self._bell.clear()
            await self._hear()
            said = self._hearing.said
            left = gives_up_at - time.monotonic()
            if said is None and (left <= 0 or not await happens_within(self._bell, left)):
                break
        self._owe(said is None or said.kind is UssdKind.NEEDS_REPLY)
        return said

    async def _next_call(self, ends_at: float) -> Call | None:
        """Wait for the reply to what the network has said; None if it is too late for one."""
        self._hearing.said = None
        gives_up_at = min(ends_at, time.monotonic() + self._pace.ussd_open_s)
        while (left := gives_up_at - time.monotonic()) > 0 and not self._stopping.is_set():
            self._bell.clear()
            if (call := self._desk.next_call()) is not None:
                return call
            await self._hear()
            if self._hearing.said is not None:
                self._owe(self._hearing.said.kind is UssdKind.NEEDS_REPLY)
                return None
            await self._gateway.devices.ensure_active(self._seat.device)
            await happens_within(self._bell, left)
        return None

    def _owe(self, is_open: bool) -> None:
        self._desk.ends_owed = _ENDS if is_open else 0

    async def _end(self) -> None:
        self._desk.ends_owed -= 1
        await self._modem.ussd.end()
        self._desk.ends_owed = 0
