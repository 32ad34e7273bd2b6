"""Drives the modems: one supervised worker each, and the housekeeping of the queue.

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
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.waiting import happens_within
from smsgw.scheduler.worker import ModemWorker

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
        given = [config.port for config in gateway.devices.configured.values() if not config.imei]
        owners = {config.port: config.name for config in gateway.devices.configured.values() if config.port}
        finder = Finder(pace.modem, given, root, owners)
        self._workers = {
            id: ModemWorker(
                id, config, gateway, finder, clock, pace, self._stopping, recordings, trace_texts=trace_texts
            )
            for id, config in gateway.devices.configured.items()
        }

    def live(self, device_id: str) -> LiveModem:
        """Describe the modem of this device; an unknown one is offline."""
        worker = self._workers.get(device_id)
        return worker.board.live if worker else LiveModem()

    async def ussd(self, device_id: str, call: UssdCall) -> UssdAnswer:
        """Let the modem of a device say something to the network; raises the `CallerError` that says why it cannot."""
        worker = self._workers.get(device_id)
        if worker is None:
            raise DeviceNotFound(id=device_id)
        return await worker.desk.ask(call)

    def ring(self) -> None:
        """Let every worker look at the queue."""
        for worker in self._workers.values():
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
        return [worker.board.name for worker in self._workers.values() if worker.is_stuck()]

    async def run(self) -> None:
        """Run until stopped."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self._workers.values():
                self._tasks[worker] = tasks.create_task(worker.run(), name=f"modem {worker.board.name}")
            tasks.create_task(self._keep_house(), name="housekeeping")

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
                due = await self._gateway.housekeeping.next_due()
                if time.monotonic() >= forget_at and not await self._gateway.housekeeping.forget():
                    forget_at = time.monotonic() + self._pace.forget_s
            except StorageUnavailable as error:
                logger.error("housekeeping", reason=str(error))
                continue
            if due is not None and due <= self._clock():
                self.ring()
