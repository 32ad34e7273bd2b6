"""The watch that one session keeps over the network: whether the SIM may send, and what a person is told meanwhile.

Asks the modem from time to time, more often while the network has not taken the SIM. What is done about a network that
does not is the outage's business.
"""

import time

from smsgw.at.replies import RegistrationState
from smsgw.gateway import Gateway
from smsgw.model import DeviceState
from smsgw.modem.driver import Modem, Registration
from smsgw.policy.ladder import Proof
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.outage import Outage
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat, SetUpAgain, Store
from smsgw.scheduler.slots import Slots

# What a person can do while the network has not taken the SIM.
_ADVICE = {
    RegistrationState.IDLE: "the modem is not looking for a network: is its radio on, is an antenna connected?",
    RegistrationState.SEARCHING: "no network found yet: check antenna and coverage",
    RegistrationState.DENIED: "the network refuses the SIM: is it activated and paid for, may it use this network? "
    "It is tried again every 15 to 30 minutes only",
    RegistrationState.UNKNOWN: "no network: check antenna and coverage",
    RegistrationState.EMERGENCY_ONLY: "the network allows emergency calls only: is the SIM activated and paid for?",
    RegistrationState.RESTRICTED: "the network allows this SIM no service: use another SIM or tariff",
}
_ROAMING = "in a network that is not its own, where the SIM may not send: allow it by roaming = true, or wait"
_LTE_WITHOUT_MESSAGES = (
    "registered for LTE data, but the network offers no way for messages: allow 3G or 2G, or another SIM or tariff"
)


class NetworkWatch:
    """What is known of the network, and when to look again; `next_look` is a time of the monotonic clock."""

    def __init__(
        self,
        modem: Modem,
        seat: Seat,
        gateway: Gateway,
        board: Board,
        pace: Pace,
        climber: Climber,
        slots: Slots,
        store: Store,
    ) -> None:
        self.may_send = False
        self.is_barred = False  # registered in a network where the SIM may not send
        self.next_look = 0.0
        self._looked_at = 0.0
        self._modem = modem
        self._seat = seat
        self._gateway = gateway
        self._board = board
        self._pace = pace
        self._climber = climber
        self._slots = slots
        self._store = store
        self._outage = Outage(modem, board, climber, pace)

    @property
    def may_yet_serve(self) -> bool:
        """Tell whether a network that has not taken the SIM so far may still do so without anything being done."""
        served = self.may_send or self.is_barred or self._slots.has_served
        return not served and self._slots.seated_s < self._pace.network_s

    def look_soon(self) -> None:
        """Look again as soon as is sensible: some modems speak of the network whenever they are asked about it."""
        self.next_look = min(self.next_look, self._looked_at + self._pace.registration_s)

    async def look(self) -> None:
        """From time to time, see how the network is; raises `SetUpAgain` and what the link raises."""
        if time.monotonic() < self.next_look:
            return
        self._looked_at = time.monotonic()
        await self._see()
        pause_s = self._pace.watch_s if self.may_send else self._pace.registration_s
        self.next_look = time.monotonic() + pause_s

    async def _see(self) -> None:
        if not await self._modem.still_announces():
            raise SetUpAgain("the modem has stopped telling what it receives")
        registration = await self._modem.registration()
        may_send = registration.may_send and (self._seat.may_roam or not registration.is_roaming)
        self.may_send, self.is_barred = may_send, registration.may_send and not may_send
        if may_send:
            self._slots.serves()
        self._board.note(registration=registration.state.name.lower(), signal_dbm=await self._modem.signal())
        self._climber.proved(Proof.REGISTERED if registration.may_send else Proof.ANSWERS)
        if may_send:
            await self._serves()
        elif self.is_barred:
            self._board.become(DeviceState.REGISTERING, _ROAMING)
        else:
            await self._does_not_serve(registration)

    async def _does_not_serve(self, registration: Registration) -> None:
        advice = _LTE_WITHOUT_MESSAGES if registration.is_data_only else _ADVICE[registration.state]
        self._board.become(DeviceState.REGISTERING, advice)
        # A SIM that was only turned to is left again, which costs less than any remedy.
        if self._slots.has_served or not self._slots.are_several:
            await self._outage.goes_on(registration, advice)

    async def _serves(self) -> None:
        self._outage.is_over()
        battery = await self._modem.battery()
        self._board.note(
            operator=await self._modem.operator(),
            battery_percent=battery.percent if battery else None,
            is_charging=battery.charging if battery else True,
        )
        self._board.become(DeviceState.READY, self._slots.faults())
        await self._store(lambda: self._gateway.devices.seen(self._seat.device, self._seat.imei))
