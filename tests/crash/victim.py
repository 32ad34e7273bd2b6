"""The daemon in a process of its own that can be told to die, as by kill -9, at a commit.

Usage: victim.py OPTIONS, a JSON object: `folder` of the database, `ports` of the modems and, for a daemon that is to
die, `transaction`, `nth` and `when` (before or after its commit). Prints the bound port.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from smsgw import daemon, log
from smsgw.gateway import Gateway
from smsgw.store.db import Database
from world import BRISK, configure


def die_at_commit(transaction: str, nth: int, when: str) -> None:
    """Let the process kill itself around the nth commit that holds a transaction of this name."""
    commit = Database._commit
    seen = 0

    def deadly(self: Database, batch: list[Any]) -> None:
        nonlocal seen
        names = {getattr(getattr(job.work, "func", job.work), "__name__", "") for job in batch}
        seen += transaction in names
        doomed = transaction in names and seen == nth
        if doomed and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, batch)
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)

    Database._commit = deadly  # type: ignore[method-assign]


async def main(options: dict[str, Any]) -> None:
    config = configure(Path(options["folder"]), [Path(port) for port in options["ports"]], uncertain_after_s=1)
    stop = asyncio.Event()
    daemon.stop_on_signals(stop)
    if options.get("transaction"):
        die_at_commit(options["transaction"], options["nth"], options["when"])

    async def tell_port(port: int, gateway: Gateway) -> None:
        print(port, flush=True)

    await daemon.run(config, stop=stop, ready=tell_port, pace=BRISK)


if __name__ == "__main__":
    log.configure(level="warning")
    asyncio.run(main(json.loads(sys.argv[1])))
