"""The daemon in a process of its own that can be told to die, as by kill -9, at a commit.

Its options are the `folder` of the database, the `ports` of the modems, `doubt_s` and, for a daemon that is to die,
`transaction`, `nth` and `when` (before or after its commit).
"""

import asyncio
import ctypes
import os
import signal
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from smsgw import daemon, log
from smsgw.gateway import Gateway
from smsgw.store.db import Database
from smsgw.webhooks.pace import Pace as SenderPace
from world import BRISK, configure

# The port is listed at the start of a session; later a message is heard of only as the modem announces it.
PACE = replace(BRISK, list_s=60.0)
# Failures of receivers are repeated in milliseconds instead of seconds.
TELLING = SenderPace(answer_s=0.5, patience=0.002)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)


def run(options: dict[str, Any], listener: Connection) -> None:
    """Run the daemon as its options say; `listener` gets the bound port."""
    # One that outlives a killed run of the tests would open the pty that a later run is given under the same name.
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    # Nobody else reads what a dead process has to say.
    with (options["folder"] / "log").open("a") as file:
        os.dup2(file.fileno(), 2)
    log.configure(level="warning")
    asyncio.run(_run(options, listener))


async def _run(options: dict[str, Any], listener: Connection) -> None:
    config = configure(options["folder"], options["ports"], uncertain_after_s=options["doubt_s"])
    stop = asyncio.Event()
    daemon.stop_on_signals(stop)
    if options.get("transaction"):
        _die_at_commit(options["transaction"], options["nth"], options["when"])

    async def tell_port(port: int, gateway: Gateway) -> None:
        listener.send(port)

    await daemon.run(config, stop=stop, ready=tell_port, pace=PACE, telling=TELLING)


def _die_at_commit(transaction: str, nth: int, when: str) -> None:
    """Let the process kill itself around the nth commit of a transaction of this name that has done something."""
    commit = Database._commit
    seen = 0

    def deadly(self: Database, batch: list[Any]) -> None:
        nonlocal seen
        # False and 0 are how transactions say that there was nothing to do.
        names = {getattr(getattr(job.work, "func", job.work), "__name__", "") for job in batch if job.result != 0}
        seen += transaction in names
        doomed = transaction in names and seen == nth
        if doomed and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, batch)
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)

    Database._commit = deadly  # type: ignore[method-assign]
