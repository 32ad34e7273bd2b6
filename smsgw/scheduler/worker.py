"""The supervisor of one modem: has it opened and served, and after any fault does so again.

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
from smsgw.config import ModemConfig
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import DEVICE_TRANSITIONS, DeviceState
from smsgw.modem.faults import NoSim, SimLocked, SlotRefused, WrongModem
from smsgw.modem.finder import Finder, ModemMissing
from smsgw.modem.link import LinkError
from smsgw.modem.recordings import Recordings
from smsgw.modem.trace import WireTrace
from smsgw.policy.ladder import Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.climber import Climber
from smsgw.scheduler.module import Module
from smsgw.scheduler.opening import Opener, told
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import SetUpAgain
from smsgw.scheduler.slots import Slots, TurnTo
from smsgw.scheduler.ussd import Desk
from smsgw.scheduler.whereabouts import Whereabouts
from smsgw.waiting import happens_within

logger = log.get("smsgw.modem")


class ModemWorker:
    """Everything that happens with one modem, or one SIM of a module that uses all at once; one thing at a time.

    `holder` names the worker in the store.
    """

    def __init__(
        self,
        device: str,
        holder: str,
        config: ModemConfig,
        gateway: Gateway,
        finder: Finder,
        clock: Callable[[], int],
        pace: Pace,
        stopping: asyncio.Event,
        recordings: Recordings,
        module: Module,
        *,
        trace_texts: bool = False,
    ) -> None:
        self.bell = asyncio.Event()
        self.board = Board(config.name, clock)
        self.slot = config.sim.slot
        self._device = device
        self._holder = holder
        self._gateway = gateway
        self._pace = pace
        self._stopping = stopping
        self._recordings = recordings
        self._trace = WireTrace(config.name, texts=trace_texts)
        keep = partial(gateway.reports.handed_over, holder)
        self._share = module.share(self.board, self.bell, self.slot)
        whereabouts = Whereabouts(device, config, gateway.devices, finder, is_alone=holder == device)
        self._climber = Climber(config, self.board, pace, self._trace, keep, whereabouts, share=self._share)
        self.desk = Desk(self.bell, pace.ussd_turn_s)
        self._slots = Slots(config)
        self._opener = Opener(
            device,
            holder,
            config,
            gateway,
            finder,
            self.board,
            whereabouts,
            self._climber,
            self._slots,
            self.desk,
            self.bell,
            stopping,
            clock,
            pace,
            recordings,
            self._trace,
            keep,
        )

    def is_stuck(self) -> bool:
        """Tell whether a session has not taken a step for longer than any command may last."""
        session = self._opener.session
        return session is not None and time.monotonic() - session.pulse.last > self._pace.stuck_after_s

    @property
    def is_interruptible(self) -> bool:
        """Tell whether the worker may be cancelled without leaving something half done.

        That is a message or a PIN without its result, or a modem without its power or its radio.
        """
        is_busy = self._opener.is_entering_pin or self._climber.is_switching_power or self._slots.is_turning
        return self._opener.session is None and not is_busy

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
                await self._gateway.sending.recover(self._holder)
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
            await self._opener.serve()
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
            self._give_up(self._slots.faults() or str(error))
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
            return await self._recover(error, told(error), pause_s)
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
            async with self._share.treated(rung) as is_called_for:
                if is_called_for:
                    await self._gateway.devices.may_have_started_again(self._device)
                    await self._climber.climb(rung, why)
                else:
                    self._climber.spared(rung)
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
