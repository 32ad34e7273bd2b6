"""The daemon in a process of its own, for tests that do something to its disk.

Usage: lodger.py OPTIONS, a JSON object: `folder` of the database, `ports` of the modems, `keep_free_mb`. Prints, once
it answers, a JSON object with the bound `port` and a `token` that may do everything.
"""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from smsgw import daemon, log
from smsgw.gateway import Gateway
from smsgw.model import Right
from world import BRISK, configure


async def main(options: dict[str, Any]) -> None:
    config = configure(Path(options["folder"]), [Path(port) for port in options["ports"]], uncertain_after_s=60)
    config = replace(config, store=replace(config.store, keep_free_mb=options["keep_free_mb"]))
    stop = asyncio.Event()
    daemon.stop_on_signals(stop)

    async def tell(port: int, gateway: Gateway) -> None:
        token = await gateway.tokens.create("test", Right)
        print(json.dumps({"port": port, "token": token}), flush=True)

    await daemon.run(config, stop=stop, ready=tell, pace=BRISK)


if __name__ == "__main__":
    log.configure(level="warning")
    asyncio.run(main(json.loads(sys.argv[1])))
