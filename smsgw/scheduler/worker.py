"""The supervisor of one modem: opens it, sets it up, runs a session, and after any fault does so again.

Expected faults (the port, the line, the SIM) end here. Anything else is a defect: it is logged with its traceback,
shown on the board, and costs this modem its session, never the others theirs.
"""

import asyncio
import errno
import random
import time
from collections.abc import Callable
from functools import partial

from smsgw import log
from smsgw.config import AUTO, ModemConfig
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import DEVICE_TRANSITIONS, DeviceState
from smsgw.modem.driver import Identity, Modem, PinPolicy
from smsgw.modem.faults import NoSim, SimLocked, SlotRefused, WrongModem
from smsgw.modem.finder import Finder, ModemMissing, is_same_port
from smsgw.modem.link import Link, LinkError, Silent
from smsgw.modem.profiles import named
from smsgw.modem.recordings import Recordings
from smsgw.modem.slots import SlotChoice
from smsgw.modem.trace import WireTrace
from smsgw.policy.ladder import Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat, SetUpAgain
from smsgw.scheduler.session import Session
from smsgw.scheduler.slots import Slots, TurnTo
from smsgw.scheduler.ussd import Desk
from smsgw.scheduler.waiting import happens_within
from smsgw.scheduler.whereabouts import Whereabouts

logger = log.get("smsgw.modem")


class ModemWorker:
    """Everything that happens with one modem, one thing at a time."""

    def __init__(
        self,
        device: str,
        config: ModemConfig,
        gateway: Gateway,
        finder: Finder,
        clock: Callable[[], int],
        pace: Pace,
        stopping: asyncio.Event,
        recordings: Recordings,
        *,
        trace_texts: bool = False,
    ) -> None:
        self.bell = asyncio.Event()
        self.board = Board(config.name, clock)
        self._device = device
        self._config = config
        self._gateway = gateway
        self._finder = finder
        self._clock = clock
        self._pace = pace
        self._stopping = stopping
        self._recordings = recordings
        self._trace = WireTrace(config.name, texts=trace_texts)
        self._keep = partial(gateway.reports.handed_over, device)
        self._whereabouts = Whereabouts(device, config, gateway.devices, finder)
        self._climber = Climber(config, self.board, pace, self._trace, self._keep, self._whereabouts)
        self.desk = Desk(self.bell, pace.ussd_turn_s)
        self._session: Session | None = None
        self._is_seated = False
        self._found_at = ""
        self._warned: set[str] = set()
        self._is_entering_pin = False
        self._pin_key = ""
        self._slots = Slots(config)
        self._known_sims: dict[str, int] = {}  # slots by ICCID

    def is_stuck(self) -> bool:
        """Tell whether a session has not taken a step for longer than any command may last."""
        return self._session is not None and time.monotonic() - self._session.last_step > self._pace.stuck_after_s

    @property
    def is_interruptible(self) -> bool:
        """Tell whether the worker may be cancelled without leaving something half done.

        That is a message or a PIN without its result, or a modem without its power or its radio.
        """
        is_busy = self._is_entering_pin or self._climber.is_switching_power or self._slots.is_turning
        return self._session is None and not is_busy

    async def run(self) -> None:
        """Serve the modem until the gateway stops or the device is deleted."""
        backoff_s = self._pace.first_backoff_s
        while not self._stopping.is_set():
            began = time.monotonic()
            pause_s = await self._serve_apart()
            if self._stopping.is_set() and self._slots.is_turning:
                # Once more, or the modem would be left without its radio.
                await self._serve_apart()
                return
            if time.monotonic() - began > self._pace.last_backoff_s:
                backoff_s = self._pace.first_backoff_s
            if pause_s is None:
                pause_s, backoff_s = backoff_s * random.uniform(0.8, 1.2), min(2 * backoff_s, self._pace.last_backoff_s)
            await self._pause(pause_s)

    async def _serve_apart(self) -> float | None:
        """Do as `_serve_once`, and survive a defect: what it left half done is settled as after a start."""
        try:
            return await self._serve_once()
        except Exception as error:
            logger.exception("defect", modem=self.board.name)
            self._give_up(f"internal error ({type(error).__name__}), see the log")
        while not self._stopping.is_set():
            try:
                await self._gateway.sending.recover(self._device)
                return None
            except StorageUnavailable as error:
                self.board.note(error=str(error))
                await happens_within(self._stopping, self._pace.storage_retry_s)
            except Exception:
                logger.exception("defect", modem=self.board.name)
                await happens_within(self._stopping, self._pace.last_backoff_s)
        return None

    async def _serve_once(self) -> float | None:
        """Open, set up, serve; returns how long to wait before the next time, None for the usual growing pause."""
        if not await self._is_switched_on():
            await self._stay_disabled()
            return 0.0
        try:
            await self._open()
        except DeviceSwitchedOff:
            self._give_up(None)
            return 0.0
        except TurnTo as turn:
            logger.info("turning to another SIM", modem=self.board.name, slot=turn.slot)
            self._slots.choose(turn.slot)
            self.board.become(DeviceState.OFFLINE)
            return 0.0
        except NoSim as error:
            if self._slots.set_aside(str(error), self._pace.slot_refused_s):
                return self._go_elsewhere(error)
            self._give_up(str(error))
            return self._pace.no_sim_s
        except SlotRefused as error:
            if self._slots.set_aside(str(error), self._pace.slot_refused_s):
                return self._go_elsewhere(error)
            self._give_up(self._slots.faults())
            return self._slots.pause_s()
        except SimLocked as error:
            if self._slots.set_aside(str(error)):
                return self._go_elsewhere(error)
            if (pause_s := self._slots.pause_s()) is not None:
                self._give_up(self._slots.faults())
                return pause_s
            # Whatever the SIM wants, trying again alone would make it worse: only a person lets the worker go on.
            self.board.become(DeviceState.LOCKED, self._slots.faults() if self._slots.are_several else str(error))
            self._record(str(error))
            await self._wait_while(True)
            self._slots.forgive()
            self.board.become(DeviceState.OFFLINE)
            return 0.0
        except ModemMissing as error:
            return await self._recover(error, str(error), self._pace.search_s)
        except OSError as error:
            # Whether a name is there again costs nothing to see.
            pause_s = self._pace.search_s if error.errno == errno.ENOENT else None
            return await self._recover(error, _told(error), pause_s)
        except (LinkError, SetUpAgain, WrongModem, StorageUnavailable) as error:
            return await self._recover(error, str(error))
        self.board.become(DeviceState.OFFLINE)
        return 0.0

    async def _recover(self, error: Exception, why: str, pause_s: float | None = None) -> float | None:
        """Do what a fault calls for; returns how long to wait before the port is opened again, as `_serve_once`.

        `pause_s` is that time where nothing is done.
        """
        self._fall(why)
        self._record(why)
        rung = self._climber.after(error)
        try:
            if not self._stopping.is_set():
                rung = await self._climber.aside(rung, why)
            if rung is Rung.REOPEN or self._stopping.is_set():
                return pause_s
            await self._gateway.devices.may_have_started_again(self._device)
            await self._climber.climb(rung, why)
        except StorageUnavailable as unavailable:
            why = str(unavailable)
        finally:
            self.board.become(DeviceState.OFFLINE, why)
        return self._pace.first_backoff_s

    def _go_elsewhere(self, error: SimLocked) -> float:
        """Another slot can be used: that is no fault of the modem's."""
        self._fall(str(error))
        self.board.become(DeviceState.OFFLINE, str(error))
        return 0.0

    def _give_up(self, error: str | None) -> None:
        self._fall(error)
        self.board.become(DeviceState.OFFLINE, error)
        if error is not None:
            self._record(error)

    def _record(self, reason: str) -> None:
        self._recordings.keep(self.board.name, self._trace.tape, reason)

    def _fall(self, error: str | None) -> None:
        if DeviceState.RECOVERING in DEVICE_TRANSITIONS[self.board.live.state]:
            self.board.become(DeviceState.RECOVERING, error)

    async def _open(self) -> None:
        """Serve the modem where it is configured to be, or else wherever on USB it is."""
        try:
            await self._open_somewhere()
        finally:
            self._is_entering_pin = False
            self.board.note(online=False, slot=None)

    async def _open_somewhere(self) -> None:
        self.board.become(DeviceState.OPENING, self.board.live.error)
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
            raise ModemMissing(f"{_told(missed)}; {error}" if missed else str(error)) from error
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
        self._climber.port = port = await self._finder.stand_in(port)
        left_over = await self._gateway.reports.left_over(self._device)
        async with (
            self._finder.hold(port, config.name),
            Link.open(port, config.baud, pace=pace, trace=self._trace) as link,
        ):
            link.on_urc = self.bell.set
            link.on_pdu = self._keep
            self.board.become(DeviceState.INITIALISING)
            profile = None if config.profile == AUTO else named(config.profile)
            modem = Modem(link, profile, self._slot_choice(), config.overrides)
            await self._warn_of(port)
            identity = await self._meet(modem, port)
            self._climber.profile = modem.profile
            seat = await self._take_seat(identity)
            self.board.become(DeviceState.REGISTERING)
            self.board.note(online=True, slot=seat.slot, standstill=None)
            self._recordings.recovered(self.board.name)
            self._session = Session(
                modem,
                seat,
                self._gateway,
                self.board,
                self._pace,
                self.bell,
                self._stopping,
                left_over,
                self._climber,
                self._clock,
                self._slots,
                self.desk,
                self._config.in_slot(seat.slot),
            )
            try:
                await self._session.run()
            finally:
                self._session = None
                self.desk.close()

    async def _choose_slot(self) -> None:
        self._known_sims = await self._gateway.devices.sims_in_slots(self._device)
        if not self._slots.is_resumed:
            self._slots.resume(await self._gateway.devices.slot_in_use(self._device))
        self._slots.leave_unusable()

    def _slot_choice(self) -> SlotChoice | None:
        if not self._slots.are_several:
            return None
        wanted = self._slots.wanted
        sim = next((sim for sim, slot in self._known_sims.items() if slot == wanted), None)
        return SlotChoice(slot=wanted, ways=self._slots.ways, sim=sim if self._slots.holds_the_same else None)

    def _refuse_other_sim(self, sim: str | None) -> None:
        """A modem may say that it has turned to a slot and go on with the SIM of another one."""
        known = self._known_sims.get(sim) if sim else None
        if self._slots.are_several and not self._slots.may_hold(known):
            raise SlotRefused(
                f"the SIM that answers was in slot {known}: if it was moved, switch the device off and on"
            )

    async def _warn_of(self, port: str) -> None:
        for warning in await self._finder.warnings(port, self._config.imei):
            if warning not in self._warned:
                self._warned.add(warning)
                logger.warning("port", modem=self._config.name, reason=warning)

    async def _meet(self, modem: Modem, port: str) -> Identity:
        """Set the modem up if it is the right one, and let the others know who is here."""
        try:
            policy = PinPolicy(pin=self._pin() or None, may_enter=self._may_enter_pin, answered=self._pin_answered)
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
        self._refuse_other_sim(sim)
        await self._gateway.devices.sim_seen(self._device, sim, identity.imsi, slot)
        await self._gateway.devices.seen(self._device, identity.imei)
        self._slots.seated()
        may_roam = self._config.in_slot(slot).roaming
        return Seat(device=self._device, sim=sim, slot=slot, imei=identity.imei, may_roam=may_roam)

    async def _may_enter_pin(self, iccid: str | None, untouched: bool) -> bool:
        self._refuse_other_sim(iccid)
        self._pin_key = iccid or f"{self._device}:{self._slots.wanted}"
        self._is_entering_pin = await self._gateway.devices.may_enter_pin(self._pin_key, self._pin(), untouched)
        return self._is_entering_pin

    async def _pin_answered(self, accepted: bool) -> None:
        await self._gateway.devices.pin_answered(self._pin_key, self._pin(), accepted)
        self._is_entering_pin = False

    def _pin(self) -> str:
        return self._config.in_slot(self._slots.wanted).pin

    # ── switched on or off ──

    async def _is_switched_on(self) -> bool:
        try:
            await self._gateway.devices.ensure_active(self._device)
        except DeviceSwitchedOff:
            return False
        except StorageUnavailable as error:
            # Nothing can be claimed anyway; the modem is kept up so that it is ready when the storage is.
            self.board.note(error=str(error))
        return True

    async def _stay_disabled(self) -> None:
        self.board.become(DeviceState.DISABLED)
        await self._wait_while(False)
        self._slots.forgive()
        self.board.become(DeviceState.OFFLINE)

    async def _wait_while(self, switched_on: bool) -> None:
        """Wait for the operator to switch the device, or for the end."""
        while not self._stopping.is_set():
            self.bell.clear()
            if await self._is_switched_on() is not switched_on:
                return
            await self.bell.wait()

    async def _pause(self, seconds: float) -> None:
        """Wait before the port is opened again, unless the device is switched off meanwhile."""
        deadline = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := deadline - time.monotonic()) > 0:
            self.bell.clear()
            if not await self._is_switched_on():
                return
            await happens_within(self.bell, left)


def _is_absent(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)


def _told(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
