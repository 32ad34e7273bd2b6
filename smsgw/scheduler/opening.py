"""Opens a modem: finds its port, sets it up, enters its PIN, sees which SIM answers, and lets a session serve it.

Whatever keeps it from that, or ends the session, is raised; the supervisor decides what follows.
"""

import asyncio
import errno
from collections.abc import Callable
from contextlib import AsyncExitStack

from smsgw import log
from smsgw.config import AUTO, ModemConfig
from smsgw.gateway import Gateway
from smsgw.model import DeviceState
from smsgw.modem.driver import Identity, Modem, PinPolicy
from smsgw.modem.faults import SlotRefused, WrongModem
from smsgw.modem.finder import Finder, ModemMissing, is_same_port
from smsgw.modem.kept_link import KeptLink
from smsgw.modem.link import Link, Silent
from smsgw.modem.profiles import named
from smsgw.modem.recordings import Recordings
from smsgw.modem.slots import SlotChoice
from smsgw.modem.trace import WireTrace
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat
from smsgw.scheduler.session import Session
from smsgw.scheduler.slots import Slots
from smsgw.scheduler.ussd import Desk
from smsgw.scheduler.whereabouts import Whereabouts
from smsgw.waiting import happens_within

logger = log.get("smsgw.modem")


class Opener:
    """The way to a session with one modem; outlives the sessions.

    `session` is the one that is being served, `is_entering_pin` tells whether a PIN is without its answer.
    """

    def __init__(
        self,
        device: str,
        holder: str,
        config: ModemConfig,
        gateway: Gateway,
        finder: Finder,
        board: Board,
        whereabouts: Whereabouts,
        climber: Climber,
        slots: Slots,
        desk: Desk,
        bell: asyncio.Event,
        stopping: asyncio.Event,
        clock: Callable[[], int],
        pace: Pace,
        recordings: Recordings,
        trace: WireTrace,
        keep: Callable[[str], None],
    ) -> None:
        self.session: Session | None = None
        self.is_entering_pin = False
        self._device = device
        self._holder = holder
        self._config = config
        self._gateway = gateway
        self._finder = finder
        self._board = board
        self._whereabouts = whereabouts
        self._climber = climber
        self._slots = slots
        self._desk = desk
        self._bell = bell
        self._stopping = stopping
        self._clock = clock
        self._pace = pace
        self._recordings = recordings
        self._trace = trace
        self._keep = keep
        self._is_seated = False
        self._found_at = ""
        self._warned: set[str] = set()
        self._pin_key = ""
        self._pin_at_risk = AsyncExitStack()
        self._kept_link = KeptLink(config.name, is_wanted=config.keep_link)
        self._known_sims: dict[str, int] = {}  # slots by ICCID

    async def serve(self) -> None:
        """Serve the modem where it is configured to be, or else wherever on USB it is; raises why that has ended."""
        try:
            await self._open_somewhere()
        finally:
            self.is_entering_pin = False
            await self._pin_at_risk.aclose()
            self._climber.share.meets(None)
            self._board.note(online=False, slot=None)

    async def _open_somewhere(self) -> None:
        self._board.become(DeviceState.OPENING, self._board.live.error)
        config, missed = self._config, None
        if config.port:
            self._is_seated = False
            try:
                return await self._open_at(config.port)
            except (OSError, Silent, WrongModem) as error:
                if self._is_seated or not config.may_be_elsewhere:
                    raise
                missed = error
        port = await self._find(missed)
        with self._whereabouts.telling():
            await self._open_at(port)

    async def _find(self, missed: Exception | None) -> str:
        """Look for the modem on USB; `missed` is what was wrong with the configured port."""
        config = self._config
        try:
            port = await self._finder.find(config.imei, config.baud)
        except ModemMissing as error:
            if missed is not None and not _is_absent(missed):
                # Something is there: what ails that is to be cured.
                raise missed from error
            if mute := await self._whereabouts.port_of_mute():
                return mute
            raise ModemMissing(f"{told(missed)}; {error}" if missed else str(error)) from error
        if missed and is_same_port(port, self._climber.port):
            raise missed
        if port != self._found_at:
            logger.info("found the modem", modem=config.name, port=port, imei=config.imei)
        self._found_at = port
        return port

    async def _open_at(self, port: str) -> None:
        config, pace = self._config, self._pace.modem
        if self._slots.are_several:
            await self._choose_slot()
        elif self._climber.share.is_one_of_several:
            self._known_sims = await self._gateway.devices.sims_in_slots(self._device)
        port = await self._finder.stand_in(port)
        self._climber.opens(port)
        left_over = await self._gateway.reports.left_over(self._holder)
        async with (
            self._finder.hold(port, config.name),
            Link.open(port, config.baud, pace=pace, trace=self._trace) as link,
        ):
            link.on_urc = self._bell.set
            link.on_pdu = self._keep
            self._board.become(DeviceState.INITIALISING)
            profile = None if config.profile == AUTO else named(config.profile)
            modem = Modem(link, profile, self._slot_choice(), config.overrides, self._kept_link)
            await self._warn_of(port)
            identity = await self._meet(modem, port)
            self._climber.profile = modem.profile
            seat = await self._take_seat(identity)
            self._board.become(DeviceState.REGISTERING)
            self._board.note(online=True, slot=seat.slot, standstill=None)
            self._recordings.recovered(self._board.name)
            self.session = Session(
                modem,
                seat,
                self._gateway,
                self._board,
                self._pace,
                self._bell,
                self._stopping,
                left_over,
                self._climber,
                self._clock,
                self._slots,
                self._desk,
                self._config.in_slot(seat.slot),
            )
            try:
                await self.session.run()
            finally:
                self.session = None
                self._desk.close()

    async def _choose_slot(self) -> None:
        self._known_sims = await self._gateway.devices.sims_in_slots(self._device)
        if not self._slots.is_resumed:
            self._slots.resume(await self._gateway.devices.slot_in_use(self._device))
        self._slots.leave_unusable()

    def _slot_choice(self) -> SlotChoice | None:
        wanted = self._slots.wanted
        if self._config.bind_command:
            return SlotChoice(slot=wanted, binds=self._config.bind_command)
        if not self._slots.are_several:
            return None
        sim = next((sim for sim, slot in self._known_sims.items() if slot == wanted), None)
        return SlotChoice(slot=wanted, ways=self._slots.ways, sim=sim if self._slots.holds_the_same else None)

    def _refuse_other_sim(self, sim: str | None) -> None:
        """A modem may say that it has turned to a slot and go on with the SIM of another one.

        A port that was not told which SIM it is for answers for the first one.
        """
        if self._climber.share.is_taken(sim):
            raise SlotRefused("the SIM of another slot answers: bind_command tells a port which SIM it is for")
        known = self._known_sims.get(sim) if sim else None
        are_several = self._slots.are_several or self._climber.share.is_one_of_several
        if are_several and not self._slots.may_hold(known):
            raise SlotRefused(
                f"the SIM that answers was in slot {known}: if it was moved, switch the device off and on"
            )

    async def _can_tell_apart(self, sim: str | None) -> bool:
        """Tell whether a SIM is known not to be the first one, after that has had its chance to answer at its own port.

        Any port that was not told which SIM it is for may be answering for that.
        """
        share = self._climber.share
        while not self._is_told_apart(sim) and share.first.is_on_its_way and not share.is_taken(sim):
            if await happens_within(self._stopping, self._pace.modem.pin_poll_s):
                break
        return self._is_told_apart(sim)

    def _is_told_apart(self, sim: str | None) -> bool:
        share = self._climber.share
        if share.first is share or share.first.met not in (None, sim) or self._config.bind_command:
            return True
        known = self._known_sims if self._slots.holds_the_same else {}
        return share.first.slot in known.values() or (sim is not None and known.get(sim) == self._slots.wanted)

    async def _warn_of(self, port: str) -> None:
        for warning in await self._finder.warnings(port, self._config.imei):
            if warning not in self._warned:
                self._warned.add(warning)
                logger.warning("port", modem=self._config.name, reason=warning)

    async def _meet(self, modem: Modem, port: str) -> Identity:
        """Set the modem up if it is the right one, and let the others know who is here."""
        try:
            policy = PinPolicy(
                pin=self._pin() or None,
                may_enter=self._may_enter_pin,
                answered=self._pin_answered,
                its_own_radio=not self._climber.share.is_one_of_several,
            )
            identity = await modem.initialise(policy, self._config.imei, await self._finder.news_commands(port))
        except WrongModem as wrong:
            await self._finder.met(port, wrong.imei)
            raise
        await self._whereabouts.met(port, identity.imei)
        return identity

    async def _take_seat(self, identity: Identity) -> Seat:
        """Write down who answered."""
        self._is_seated = True
        if identity.service_centre is None:
            logger.warning(
                "the SIM knows no service centre", modem=self._config.name, hint="set its number on the SIM in a phone"
            )
        slot = self._slots.wanted
        sim = identity.iccid or (f"imsi:{identity.imsi}" if identity.imsi else f"{self._device}:{slot}")
        await self._can_tell_apart(sim)
        self._refuse_other_sim(sim)
        self._climber.share.meets(sim)
        await self._gateway.devices.sim_seen(self._device, sim, identity.imsi, slot)
        await self._gateway.devices.seen(self._device, identity.imei, slot)
        self._slots.seated()
        may_roam = self._config.in_slot(slot).roaming
        return Seat(device=self._device, holder=self._holder, sim=sim, slot=slot, imei=identity.imei, may_roam=may_roam)

    async def _may_enter_pin(self, iccid: str | None, untouched: bool) -> bool:
        can_tell = await self._can_tell_apart(iccid)
        self._refuse_other_sim(iccid)
        if not can_tell:
            first = self._climber.share.first.slot
            raise SlotRefused(f"its PIN waits until the SIM in slot {first} answers, lest it be that one's")
        # Whoever meets the same SIM from here on has the wrong one, and a PIN that is not for it.
        self._climber.share.meets(iccid)
        self._pin_key = iccid or f"{self._device}:{self._slots.wanted}"
        await self._pin_at_risk.enter_async_context(self._climber.share.at_risk)
        self._climber.share.stays()
        self.is_entering_pin = await self._gateway.devices.may_enter_pin(self._pin_key, self._pin(), untouched)
        return self.is_entering_pin

    async def _pin_answered(self, accepted: bool) -> None:
        await self._gateway.devices.pin_answered(self._pin_key, self._pin(), accepted)
        self.is_entering_pin = False
        await self._pin_at_risk.aclose()

    def _pin(self) -> str:
        return self._config.in_slot(self._slots.wanted).pin


def _is_absent(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)


def told(error: Exception) -> str:
    """Say what a fault was, in its own words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
