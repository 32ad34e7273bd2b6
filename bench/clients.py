"""Who uses the gateway while it is tortured: clients that post until they are promised, and people who write to it."""

import asyncio
import random
import re
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from simmodem import VirtualModems

NUMBER = "79991234567"
SENDER = "+79990000000"
LONG = "длинное сообщение " * 6  # two parts

_KEY = re.compile(r"\d+-\d+")


@dataclass(slots=True)
class Told:
    """What the clients have posted, and what they were answered."""

    promised: dict[str, str] = field(default_factory=dict)  # id by text
    repeats: int = 0
    incoming: list[str] = field(default_factory=list)


def key_of(text: str) -> str:
    """Find the idempotency key in a message, or in a part of it."""
    found = _KEY.search(text)
    assert found is not None, text
    return found.group()


async def post_on(number: int, port: int, token: str, told: Told, stop: asyncio.Event) -> None:
    """Post one message after the other; what is not answered with 200 is repeated under the same key."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers, timeout=timeout) as session:
        serial = 0
        while not stop.is_set():
            serial += 1
            key = f"{number}-{serial}"
            # At both ends, so that either part can be told from those of other messages.
            text = f"{key} {LONG}{key}" if serial % 10 == 0 else key
            body = {"message": text, "phone_number": NUMBER}
            while text not in told.promised:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.post("/sms/send", json=body, headers={"Idempotency-Key": key}) as answer:
                        if answer.status == 200:
                            told.promised[text] = (await answer.json())["id"]
                            break
                told.repeats += 1
                await asyncio.sleep(0.05)
            # No more than two modems send that have to be set up every other second.
            await asyncio.sleep(random.uniform(0.0, 1.0))


async def write_on(virtual: VirtualModems, told: Told, stop: asyncio.Event) -> None:
    """Send incoming messages, no more than the SIMs can hold."""
    modems = len(virtual.modems)
    while not stop.is_set():
        if all(virtual.network.waiting(modem) < 5 for modem in range(modems)):
            told.incoming.append(f"incoming {len(told.incoming)}")
            virtual.incoming(len(told.incoming) % modems, SENDER, told.incoming[-1])
        await asyncio.sleep(random.uniform(0.1, 0.5))
