"""Who is compared: smsgw and the daemons of others, each as it is by default or with settings of its own.

The settings were chosen by measuring: of everything in the manuals that promised speed, this is what gave it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from simmodem import GENERIC, Profile, Stage
from spools import NUMBER, GammuSmsd, Rival, Smstools, spool
from suite.gateway import gateway, until_ready
from suite.wire import Wire

MESSAGES = 200
TEXT = "Your code is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A daemon that runs: its session, how it is given messages by their numbers, and how many reports it has read."""

    session: int
    put: Callable[[Sequence[int]], Awaitable[None]]
    reports: Callable[[], int]


async def _post(client: aiohttp.ClientSession, messages: Sequence[int]) -> None:
    if len(messages) == 1:
        wanted = {"message": f"{TEXT} {messages[0]}", "phone_number": NUMBER}
        async with client.post("/sms/send", json=wanted) as answer:
            answer.raise_for_status()
        return
    batch = [{"message": f"{TEXT} {each}", "phone_number": NUMBER} for each in messages]
    async with client.post("/sms/send/batch", json={"messages": batch}) as answer:
        answer.raise_for_status()


@dataclass(frozen=True, slots=True, kw_only=True)
class Smsgw:
    """A gateway with overrides of its modem."""

    settings: Sequence[str]
    profile: Profile = GENERIC

    @asynccontextmanager
    async def run(self, folder: Path, port: Path, wire: Wire) -> AsyncIterator[Running]:
        """Run it until the end of the block; a report that its modem has handed over counts as read."""
        async with gateway(folder, [port], overrides="\n".join(self.settings)) as running, running.client() as client:

            async def put(messages: Sequence[int]) -> None:
                await _post(client, messages)

            await until_ready(running, 1)
            yield Running(session=running.pid, put=put, reports=lambda: len(wire.times(Stage.REPORT)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooler:
    """A daemon of others."""

    rival: Rival

    @property
    def settings(self) -> Sequence[str]:
        """Its settings, as they stand in its configuration."""
        return (*self.rival.settings, *self.rival.of_modem)

    @property
    def profile(self) -> Profile:
        """What its modem is like."""
        return self.rival.profile

    @asynccontextmanager
    async def run(self, folder: Path, port: Path, wire: Wire) -> AsyncIterator[Running]:
        """Run it until the end of the block."""
        async with spool(self.rival, folder, port) as running:

            async def put(messages: Sequence[int]) -> None:
                running.put({each: f"{TEXT} {each}" for each in messages})

            yield Running(session=running.session, put=put, reports=running.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who is measured, how many messages it gets at most at once, how many single ones then, and how far apart."""

    name: str
    daemon: Smsgw | Spooler
    most: int = 1_000_000
    samples: int = 15
    pause_s: tuple[float, float] = (0.5, 1.5)  # longer than any of them sleeps


GAMMU = (
    "deliveryreport = sms",
    *("commtimeout = 0", "receivefrequency = 60", "statusfrequency = 0", "checksecurity = 0"),
    *("checkbattery = 0", "checksignal = 0", "checknetwork = 0"),
)
SMSTOOLS = (
    *("delaytime = 1", "notifier = yes", "trust_outgoing = yes", "ignore_outgoing_priority = yes"),
    *("spool_directory_order = yes", "loglevel = 3"),
)
OF_MODEM = (
    *("poll_faster = 1000", "check_memory_method = 31", "check_network = 0", "pre_init = no"),
    "status_signal_quality = no",
)
UNCHECKED = ("detect_message_routing = no", "detect_unexpected_input = no")

CONTENDERS = (
    Contender(name="smsgw", daemon=Smsgw(settings=("prompt_delay_ms = 0",)), samples=50, pause_s=(0.05, 0.25)),
    Contender(name="smsgw by default", daemon=Smsgw(settings=()), samples=50, pause_s=(0.05, 0.25)),
    Contender(
        name="gammu-smsd",
        daemon=Spooler(rival=GammuSmsd(settings=(*GAMMU, "loopsleep = 1"))),
        most=MESSAGES // 2,  # each takes a second
    ),
    Contender(name="gammu-smsd, sleepless", daemon=Spooler(rival=GammuSmsd(settings=(*GAMMU, "loopsleep = 0")))),
    Contender(name="smstools", daemon=Spooler(rival=Smstools(settings=SMSTOOLS, of_modem=OF_MODEM))),
    Contender(
        name="smstools, unchecked",
        daemon=Spooler(rival=Smstools(settings=SMSTOOLS, of_modem=(*OF_MODEM, *UNCHECKED))),
    ),
)
