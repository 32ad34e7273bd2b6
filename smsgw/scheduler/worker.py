"""The supervisor of one modem: opens it, sets it up, runs a session, and after any fault does so again.

Expected faults (the port, the line, the SIM) end here. Anything else is a defect: it is logged with its traceback,
shown on the board, and costs this modem its session, never the others theirs.
"""

import asyncio
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
from smsgw.modem.faults import NoSim, SimLocked, SlotRefused
from smsgw.modem.link import Link, LinkError
from smsgw.modem.profiles import named
from smsgw.modem.slots import SlotChoice
from smsgw.modem.trace import WireTrace
from smsgw.scheduler.board import Board
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.remedies import Remedies
from smsgw.scheduler.seat import Seat, SetUpAgain
from smsgw.scheduler.session import Session
from smsgw.scheduler.slots import Slots, TurnTo
from smsgw.scheduler.waiting import happens_within

logger = log.get("smsgw.modem")


class WrongModem(Exception):
    """Another modem than the configured one answers on the port."""


class ModemWorker:
    """Everything that happens with one modem, one thing at a time."""

    def __init__(
        self,
        device: str,
        config: ModemConfig,
        gateway: Gateway,
        clock: Callable[[], int],
        pace: Pace,
        stopping: asyncio.Event,
        *,
        trace_texts: bool = False,
    ) -> None:
        self.bell = asyncio.Event()
        self.board = Board(config.name, clock)
        self._device = device
        self._config = config
        self._gateway = gateway
        self._clock = clock
        self._pace = pace
        self._stopping = stopping
        self._trace = WireTrace(config.name, texts=trace_texts)
        self._remedies = Remedies()
        self._session: Session | None = None
        self._is_entering_pin = False
        self._pin_key = ""
        self._slots = Slots(config)
        self._known_sims: dict[str, int] = {}  # slots by ICCID

    def is_stuck(self) -> bool:
        """Tell whether a session has not taken a step for longer than any command may last."""
        return self._session is not None and time.monotonic() - self._session.last_step > self._pace.stuck_after_s

    @property
    def is_interruptible(self) -> bool:
        """Tell whether the worker may be cancelled without leaving a message or a PIN attempt without its result."""
        return self._session is None and not self._is_entering_pin

    async def run(self) -> None:
        """Serve the modem until the gateway stops or the device is deleted."""
        backoff_s = self._pace.first_backoff_s
        while not self._stopping.is_set():
            began = time.monotonic()
            pause_s = await self._serve_apart()
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
            self._give_up(str(error))
            return 0.0 if self._slots.set_aside(str(error), self._pace.slot_refused_s) else self._pace.no_sim_s
        except SlotRefused as error:
            if self._slots.set_aside(str(error), self._pace.slot_refused_s):
                self._give_up(str(error))
                return 0.0
            self._give_up(self._slots.faults())
            return self._slots.pause_s()
        except SimLocked as error:
            if self._slots.set_aside(str(error)):
                self._give_up(str(error))
                return 0.0
            if (pause_s := self._slots.pause_s()) is not None:
                self._give_up(self._slots.faults())
                return pause_s
            # Whatever the SIM wants, trying again alone would make it worse: only a person lets the worker go on.
            self.board.become(DeviceState.LOCKED, self._slots.faults() if self._slots.are_several else str(error))
            await self._wait_while(True)
            self._slots.forgive()
            self.board.become(DeviceState.OFFLINE)
            return 0.0
        except OSError as error:
            self._give_up(error.strerror or str(error))
            return None
        except (LinkError, SetUpAgain, WrongModem, StorageUnavailable) as error:
            self._give_up(str(error))
            return None
        finally:
            self._is_entering_pin = False
            self.board.note(online=False, slot=None)
        self.board.become(DeviceState.OFFLINE)
        return 0.0

    def _give_up(self, error: str | None) -> None:
        if DeviceState.RECOVERING in DEVICE_TRANSITIONS[self.board.live.state]:
            self.board.become(DeviceState.RECOVERING, error)
        self.board.become(DeviceState.OFFLINE, error)

    async def _open(self) -> None:
        self.board.become(DeviceState.OPENING, self.board.live.error)
        config, pace = self._config, self._pace.modem
        if self._slots.are_several:
            await self._choose_slot()
        left_over = await self._gateway.reports.left_over(self._device)
        async with Link.open(config.port, config.baud, pace=pace, trace=self._trace) as link:
            link.on_urc = self.bell.set
            link.on_pdu = partial(self._gateway.reports.handed_over, self._device)
            self.board.become(DeviceState.INITIALISING)
            profile = None if config.profile == AUTO else named(config.profile)
            modem = Modem(link, profile, self._slot_choice(), config.overrides)
            identity = await modem.initialise(
                PinPolicy(pin=self._pin() or None, may_enter=self._may_enter_pin, answered=self._pin_answered)
            )
            seat = await self._take_seat(identity)
            self.board.become(DeviceState.REGISTERING)
            self.board.note(online=True, slot=seat.slot, standstill=None)
            self._session = Session(
                modem,
                seat,
                self._gateway,
                self.board,
                self._pace,
                self.bell,
                self._stopping,
                left_over,
                self._remedies,
                self._clock,
                self._slots,
            )
            try:
                await self._session.run()
            finally:
                self._session = None

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

    async def _take_seat(self, identity: Identity) -> Seat:
        """Check who answered, and write down that it did."""
        if self._config.imei and identity.imei != self._config.imei:
            raise WrongModem(
                f"the modem at {self._config.port} has the IMEI {identity.imei}, the configuration says "
                f"{self._config.imei}: correct port or imei of [modems.{self._config.name}]"
            )
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
