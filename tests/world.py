"""A whole world for end-to-end tests: virtual modems, the real daemon on a real port, a client with a token."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from simmodem import GENERIC, Line, Profile, Rule, VirtualModems
from smsgw.config import Config, ModemConfig, SendingConfig, ServerConfig, StoreConfig
from smsgw.daemon import run, wall_clock
from smsgw.gateway import Gateway
from smsgw.model import Right
from smsgw.modem.pace import Pace as ModemPace
from smsgw.scheduler.pace import Pace

WHOLE, BYTES, SLOW, WITH_URCS = Line(), Line(chunk=1), Line(delay_s=0.002), Line(urcs=True)
DEADLINE_S = 30.0

# The same intervals as in the field, hurried.
BRISK = Pace(
    modem=ModemPace.hurried(0.02, limit_factor=1.0),
    watch_s=0.5,
    list_s=0.5,
    registration_s=0.05,
    hold_s=0.05,
    storage_retry_s=0.05,
    first_backoff_s=0.05,
    last_backoff_s=0.2,
    search_s=0.05,
    no_sim_s=0.2,
    radio_off_s=0.05,
    power_off_s=0.05,
    news_s=0.05,
    sweep_s=0.05,
    forget_after_s=0.05,
    forget_s=0.05,
    canary_after_s=0.05,
)
# As brisk, and out of patience with a silent modem after seconds instead of minutes.
IMPATIENT = replace(BRISK, modem=replace(BRISK.modem, limit_factor=0.01, probes=3))


class SkippingClock:
    """The time of day in Unix milliseconds, and ahead of it by all that was skipped."""

    def __init__(self) -> None:
        self._skipped = 0

    def __call__(self) -> int:
        return wall_clock() + self._skipped

    def skip(self, seconds: int) -> None:
        self._skipped += seconds * 1_000


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = DEADLINE_S) -> Any:
    """Wait for a condition and return what made it true; fail after the deadline with what was last seen."""
    deadline = time.monotonic() + seconds
    while not (seen := await condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.01)
    return seen


@dataclass
class World:
    """A running gateway with its virtual modems."""

    url: str
    client: aiohttp.ClientSession
    gateway: Gateway
    virtual: VirtualModems

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self.client.post(f"{self.url}{path}", json=body) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def get_json(self, path: str) -> dict[str, Any]:
        async with self.client.get(f"{self.url}{path}") as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def send(self, message: str, phone_number: str = "79991234567", **fields: Any) -> str:
        answer = await self.post("/sms/send", {"message": message, "phone_number": phone_number, **fields})
        return str(answer["id"])

    async def message(self, id: str) -> dict[str, Any]:
        return await self.post("/sms/get", {"id": id})

    async def detail(self, id: str) -> dict[str, Any]:
        return await self.get_json(f"/sms/{id}")

    async def reaches(self, id: str, status: int, seconds: float = DEADLINE_S) -> dict[str, Any]:
        """Wait until a message has a status and return it."""

        async def there() -> dict[str, Any] | None:
            message = await self.message(id)
            return message if message["status"] == status else None

        try:
            found: dict[str, Any] = await until(there, f"message {id} at {status}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {await self.detail(id)}") from None
        return found

    async def statuses(self, id: str) -> list[int]:
        """List the statuses a message went through, repeats left out."""
        timeline = [entry["status"] for entry in (await self.detail(id))["timeline"]]
        return [status for place, status in enumerate(timeline) if place == 0 or status != timeline[place - 1]]

    async def devices(self) -> list[dict[str, Any]]:
        """List the devices as the API shows them."""
        listed: list[dict[str, Any]] = (await self.get_json("/devices"))["devices"]
        return listed

    async def device_in_state(self, state: str, number: int = 0) -> dict[str, Any]:
        """Wait until a device is in a state and return it."""

        async def there() -> dict[str, Any] | None:
            device = (await self.devices())[number]
            return device if device["state"] == state else None

        found: dict[str, Any] = await until(there, f"modem {number} {state}")
        return found

    async def delete(self, path: str, body: dict[str, Any]) -> tuple[int, int | None]:
        """Send a DELETE; returns the HTTP status and the error code, if any."""
        async with self.client.delete(f"{self.url}{path}", json=body) as response:
            text = await response.text()
            return response.status, (await response.json())["errors"]["code"] if text else None

    async def device_ids(self) -> list[str]:
        return [device["device_id"] for device in await self.devices()]

    async def all_ready(self) -> None:
        """Wait until every modem may send."""

        async def ready() -> bool:
            devices = await self.devices()
            return bool(devices) and all(device["state"] in ("ready", "sending") for device in devices)

        await until(ready, "all modems ready")


def sent(w: World) -> Counter[str]:
    """Count the messages that the network has, by text."""
    return Counter(message.text for message in w.virtual.network.messages)


def configure(folder: Path, ports: list[Path], **sending: Any) -> Config:
    """Make the configuration of a gateway over these ports."""
    return Config(
        server=ServerConfig(port=0, rate_limit=0),
        store=StoreConfig(path=str(folder / "smsgw.db")),
        sending=SendingConfig(**sending),
        modems=tuple(ModemConfig(name=f"modem{number}", port=str(port)) for number, port in enumerate(ports)),
    )


@asynccontextmanager
async def running(
    config: Config,
    virtual: VirtualModems,
    pace: Pace = BRISK,
    clock: Callable[[], int] = wall_clock,
    root: Path = Path("/"),
) -> AsyncIterator[World]:
    """Run the daemon in this process, as `smsgw run` does, and stop it at the end."""
    stop = asyncio.Event()
    started: asyncio.Future[tuple[int, Gateway]] = asyncio.get_running_loop().create_future()

    async def ready(port: int, gateway: Gateway) -> None:
        started.set_result((port, gateway))

    daemon = asyncio.create_task(run(config, stop=stop, ready=ready, pace=pace, clock=clock, root=root))
    await asyncio.wait([daemon, started], return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE_S)
    if daemon.done():
        await daemon
    port, gateway = started.result()
    names = {token.name for token in await gateway.tokens.listed()}
    token = await gateway.tokens.create(f"test {len(names)}", Right)
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
            yield World(f"http://127.0.0.1:{port}", client, gateway, virtual)
    finally:
        stop.set()
        await daemon


@asynccontextmanager
async def world(
    folder: Path,
    *,
    modems: int = 1,
    rules: tuple[Rule, ...] = (),
    line: Line = WHOLE,
    report_delay: tuple[float, float] = (0.0, 0.0),
    pace: Pace = BRISK,
    profile: Profile = GENERIC,
    **sending: Any,
) -> AsyncIterator[World]:
    """Open a world with its modems ready."""
    async with (
        VirtualModems(
            folder,
            modems,
            network_time=(0.0, 0.0),
            report_delay=report_delay,
            rules=rules,
            line=line,
            profile=profile,
        ) as virtual,
        running(configure(folder, virtual.paths, **sending), virtual, pace) as opened,
    ):
        await opened.all_ready()
        yield opened
