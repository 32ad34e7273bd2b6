"""The composition root: builds every room, runs them together and takes them down in reverse order."""

import asyncio
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from smsgw import __version__, log
from smsgw.api.app import create_app
from smsgw.api.connections import allow_many_files
from smsgw.api.server import serve
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from smsgw.gateway import Gateway
from smsgw.gateway.ids import ObjectIds
from smsgw.modem.recordings import Recordings, folder_beside
from smsgw.modem.usb import ROOT
from smsgw.notify import Notifier
from smsgw.scheduler import Scheduler
from smsgw.scheduler.pace import Pace
from smsgw.store import integrity, replacement
from smsgw.store.db import Database
from smsgw.store.lock import sole_daemon
from smsgw.store.place import place_of
from smsgw.webhooks import WebhookSender
from smsgw.webhooks.pace import Pace as SenderPace
from smsgw.zone import time_zone

if TYPE_CHECKING:
    from smsgw.mqtt.bridge import MqttBridge

# A part that is on the wire gets this long to be answered before the daemon stops without the answer.
GRACE_S = 60.0
# The check at the start asks systemd for so much time, and again before it is over.
_CHECK_S = 60.0
_BREAK_OFF_S = 0.05

logger = log.get("smsgw.daemon")


def wall_clock() -> int:
    """Return the present time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


async def run(
    config: Config,
    *,
    stop: asyncio.Event,
    ready: Callable[[int, Gateway], Awaitable[None]] | None = None,
    pace: Pace | None = None,
    telling: SenderPace | None = None,
    clock: Callable[[], int] = wall_clock,
    trace_texts: bool = False,
    root: Path = ROOT,
) -> None:
    """Run the gateway until `stop` is set; `ready` is awaited with the bound port once it answers.

    `clock` gives Unix milliseconds. Below `root` stand /sys and /dev, where modems are looked for.

    Raises what keeps it from starting: `DatabaseInUse`, `DatabaseUnusable`, `SchemaError`, `StorageUnavailable`,
    `OSError` for the port.
    """
    allow_many_files()
    path = place_of(config.store.path)
    notifier = Notifier()
    recordings = Recordings(folder_beside(path), keep_free=config.store.keep_free_mb << 20)
    with sole_daemon(path), closing(recordings):
        replacement.forget_unfinished(path)
        if integrity.was_left_open(path) and not await _checked(path, notifier, stop):
            logger.info("stopped before the check was done", database=str(path))
            return
        async with Database.open(path, clock) as database:
            ids = ObjectIds(secrets.token_bytes(5), secrets.randbelow(1 << 24))
            gateway = Gateway(database, config, ids, time_zone(config.sending.timezone))
            await _take_stock(gateway, config)
            scheduler = Scheduler(gateway, clock, pace or Pace(), recordings, trace_texts=trace_texts, root=root)
            gateway.on_change(scheduler.ring)
            sender = WebhookSender(gateway, config, clock, telling)
            app = create_app(gateway, config, scheduler, clock, sender)
            bridge = _bridge(gateway, config, scheduler, clock)
            async with asyncio.TaskGroup() as tasks:
                scheduling = tasks.create_task(scheduler.run())
                tasks.create_task(sender.run())
                if bridge is not None:
                    tasks.create_task(bridge.run())
                watching = tasks.create_task(_feed_watchdog(notifier, gateway, scheduler))
                async with serve(app, config.server.host, config.server.port) as port:
                    logger.info("ready", version=__version__, host=config.server.host, port=port)
                    notifier.tell("READY=1", f"STATUS=listening on {config.server.host} port {port}")
                    if ready is not None:
                        await ready(port, gateway)
                    await stop.wait()
                    notifier.tell("STOPPING=1")
                await _wind_down(scheduler, scheduling)
                sender.stop()
                if bridge is not None:
                    bridge.stop()
                watching.cancel()
    logger.info("stopped")


def _bridge(gateway: Gateway, config: Config, scheduler: Scheduler, clock: Callable[[], int]) -> "MqttBridge | None":
    """Make the bridge to the broker, if one is configured: its library is an extra that few have installed."""
    if not config.mqtt.host:
        return None
    from smsgw.mqtt.bridge import MqttBridge

    return MqttBridge(gateway, config, scheduler, clock)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` when the process is asked to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


async def _checked(path: Path, notifier: Notifier, stop: asyncio.Event) -> bool:
    """Check the database and tell whether that came to its end before `stop`; raises `DatabaseUnusable`."""
    logger.warning("the database was not closed: checking it, which may take minutes", database=str(path))
    notifier.tell("STATUS=checking the database, which was not closed")
    with closing(integrity.Check(path)) as check:
        checking = asyncio.create_task(asyncio.to_thread(check.run))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not (checking.done() or stop.is_set()):
                # However large the database and slow its disk: a start that is cut short would begin anew for ever.
                notifier.take_longer(_CHECK_S)
                await asyncio.wait({checking, stopping}, timeout=_CHECK_S / 3, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            is_done = checking.done()
            while not checking.done():
                # Once may be too early: the thread need not have begun to read.
                check.break_off()
                await asyncio.wait({checking}, timeout=_BREAK_OFF_S)
    error = checking.exception()
    if not is_done:
        return False
    if error is not None:
        raise error
    logger.info("the database is sound", database=str(path))
    return True


async def _take_stock(gateway: Gateway, config: Config) -> None:
    registered = await gateway.devices.register(config.modems)
    for name in registered.deleted:
        hint = f"rename the section [modems.{name}] to use this modem again, or remove it"
        logger.warning("modem was deleted over the API", modem=name, hint=hint)
    if not registered.in_use:
        logger.warning("no modem is in use", hint="add a [modems.NAME] section to the configuration")
    if interrupted := await gateway.sending.recover():
        logger.warning("messages were interrupted when the gateway stopped last", messages=interrupted)


async def _wind_down(scheduler: Scheduler, scheduling: asyncio.Task[None]) -> None:
    scheduler.stop()
    try:
        async with asyncio.timeout(GRACE_S):
            await asyncio.wait([scheduling])
    except TimeoutError:
        # What is on the wire now is found in doubt at the next start: nothing is lost, nothing is sent twice.
        logger.warning("stopping without the answer to a message that is on the wire", waited_s=GRACE_S)
        scheduling.cancel()


async def _feed_watchdog(notifier: Notifier, gateway: Gateway, scheduler: Scheduler) -> None:
    if notifier.watchdog_s is None:
        return
    while True:
        try:
            await gateway.probe()
        except StorageUnavailable as error:
            # A restart would not make room on the disk; the storage has answered.
            logger.error("storage unavailable", reason=str(error))
        if stuck := scheduler.stuck():
            logger.error("a modem's worker is stuck", modems=stuck)
        else:
            notifier.tell("WATCHDOG=1")
        await asyncio.sleep(notifier.watchdog_s / 3)
