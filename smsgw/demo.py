"""The gateway with virtual modems, for a first look: everything in a temporary directory, nothing left behind."""

import asyncio
import json
import tempfile
from functools import partial
from pathlib import Path

from simmodem import VirtualModems
from smsgw.config import Config, ModemConfig, ServerConfig, StoreConfig
from smsgw.daemon import run, stop_on_signals
from smsgw.gateway import Gateway
from smsgw.model import Right

# As a network feels: seconds from the modem to the service centre, and on to the phone.
_NETWORK_TIME_S = (2.0, 6.0)
_REPORT_DELAY_S = (1.0, 3.0)


async def demo(port: int, modems: int) -> None:
    """Run the gateway over `modems` virtual modems until it is told to stop; raises what `daemon.run` raises."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    with tempfile.TemporaryDirectory(prefix="smsgw-demo-") as folder:
        async with VirtualModems(
            Path(folder), modems, network_time=_NETWORK_TIME_S, report_delay=_REPORT_DELAY_S
        ) as virtual:
            config = Config(
                server=ServerConfig(port=port),
                store=StoreConfig(path=str(Path(folder) / "smsgw.db")),
                modems=tuple(
                    ModemConfig(name=f"modem{number}", port=str(path)) for number, path in enumerate(virtual.paths)
                ),
            )
            await run(config, stop=stop, ready=partial(_greet, folder=folder, modems=modems))
    print("Stopped; the temporary directory is gone.", flush=True)


async def _greet(port: int, gateway: Gateway, *, folder: str, modems: int) -> None:
    token = await gateway.tokens.create("demo", Right)
    address = f"http://127.0.0.1:{port}"
    body = {"message": "Привет, мир!", "phone_number": "79999999999"}
    print(
        _GREETING.format(
            address=address, token=token, body=json.dumps(body, ensure_ascii=False), folder=folder, modems=modems
        ),
        flush=True,
    )


_GREETING = """\
smsgw is running with {modems} virtual modem(s); its files are in {folder}

  Address  {address}
  Token    {token}

Send a message:

  curl -sw '\\n' {address}/sms/send -H 'Authorization: Bearer {token}' -d '{body}'

See what became of it (the newest first; it takes some seconds from 0 to 4):

  curl -sw '\\n' '{address}/sms?limit=5' -H 'Authorization: Bearer {token}'

Stop with Ctrl-C."""
