"""Drives the modems: one supervised worker each, or one for each SIM in use, and the housekeeping of the queue.

Knows the gateway's use-cases and the modems' verbs, and joins them; it knows no SQL, no HTTP and no AT command.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from smsgw import log
from smsgw.errors import DeviceNotFound, StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.model import LiveModem, UssdAnswer, UssdCall
from smsgw.modem.finder import Finder
from smsgw.modem.recordings import Recordings
from smsgw.modem.usb import ROOT
from smsgw.scheduler.board import combined
from smsgw.scheduler.canary import CanaryWatch
from smsgw.scheduler.module import Module
from smsgw.scheduler.news import DeviceNews
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.worker import ModemWorker
from smsgw.waiting import happens_within

logger = log.get("smsgw.scheduler")


class Scheduler:
    """All workers. `live` tells what each modem is doing; below `root` stand the trees that list what is plugged in."""

    def __init__(
        self,
        gateway: Gateway,
        clock: Callable[[], int],
        pace: Pace,
        recordings: Recordings,
        *,
        trace_texts: bool = False,
        root: Path = ROOT,
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._pace = pace
        self._stopping = asyncio.Event()
        self._tasks: dict[ModemWorker, asyncio.Task[None]] = {}
        configured = gateway.devices.configured
        given = [line.port for config in configured.values() for line in config.lines() if not line.imei]
        owners = {line.port: line.name for config in configured.values() for line in config.lines() if line.port}
        finder = Finder(pace.modem, given, root, owners)
        self._canaries = CanaryWatch(gateway, pace)
        modules = {id: Module() for id in configured}
        self._workers = {
            id: tuple(
                ModemWorker(
                    id,
                    gateway.devices.holder(id, line.sim.slot),
                    line,
                    gateway,
                    finder,
                    clock,
                    pace,
                    self._stopping,
                    recordings,
                    modules[id],
                    trace_texts=trace_texts,
                )
                for line in config.lines()
            )
            for id, config in configured.items()
        }

    def live(self, device_id: str) -> LiveModem:
        """Describe the modem of this device; an unknown one is offline."""
        workers = self._workers.get(device_id, ())
        if len(workers) > 1:
            return combined({worker.slot: worker.board.live for worker in workers}, self._clock())
        return workers[0].board.live if workers else LiveModem()

    def live_at(self, device_id: str, slot: int | None, session: str | None) -> LiveModem:
        """Describe what serves a slot, or else has this USSD session; without either, the first slot."""
        worker = self._worker(device_id, slot, session)
        return worker.board.live if worker else LiveModem()

    async def ussd(self, device_id: str, slot: int, call: UssdCall) -> UssdAnswer:
        """Let the SIM in a slot say something to the network; raises the `CallerError` that says why it cannot."""
        worker = self._worker(device_id, slot, call.session)
        if worker is None:
            raise DeviceNotFound(id=device_id)
        return await worker.desk.ask(call)

    def _worker(self, device_id: str, slot: int | None, session: str | None) -> ModemWorker | None:
        workers = self._workers.get(device_id, ())
        for worker in workers if len(workers) > 1 else ():
            if worker.slot == slot or (slot is None and session is not None and worker.desk.session == session):
                return worker
        return next(iter(workers), None)

    def _all(self) -> list[ModemWorker]:
        return [worker for workers in self._workers.values() for worker in workers]

    def ring(self) -> None:
        """Let every worker look at the queue."""
        for worker in self._all():
            worker.bell.set()

    def stop(self) -> None:
        """Let every worker finish the part it is sending and then end; `run` returns after the last."""
        self._stopping.set()
        self.ring()
        for worker, task in self._tasks.items():
            if worker.is_interruptible:
                task.cancel()

    def stuck(self) -> list[str]:
        """Name the modems whose workers have not taken a step for too long."""
        return [worker.board.name for worker in self._all() if worker.is_stuck()]

    async def run(self) -> None:
        """Run until stopped."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self._all():
                self._tasks[worker] = tasks.create_task(worker.run(), name=f"modem {worker.board.name}")
            tasks.create_task(self._keep_house(), name="housekeeping")
            news = DeviceNews(self._gateway, self.live, self._clock)
            tasks.create_task(news.run(self._stopping, self._pace.news_s), name="device news")

    async def _keep_house(self) -> None:
        """Settle what time decides, wake the workers when a deferred message has fallen due, and forget what is old."""
        # By the monotonic clock: one that is set only after the start must make nothing old at once, and end no doubt.
        started = time.monotonic()
        forget_at = started + self._pace.forget_after_s
        pause_s = self._pace.sweep_s
        while not await happens_within(self._stopping, pause_s):
            pause_s = self._pace.sweep_s
            try:
                await self._gateway.housekeeping.sweep(time.monotonic() - started)
                if await self._gateway.housekeeping.take_up():
                    # What comes in now waits until it is its turn.
                    pause_s = 0.0
                await self._canaries.look(time.monotonic() - started)
                due = await self._gateway.housekeeping.next_due()
                if time.monotonic() >= forget_at and not await self._gateway.housekeeping.forget():
                    forget_at = time.monotonic() + self._pace.forget_s
            except StorageUnavailable as error:
                logger.error("housekeeping", reason=str(error))
                continue
            if due is not None and due <= self._clock():
                self.ring()
