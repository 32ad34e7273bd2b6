"""Looks up names, each in a thread of its own: a name server that is silent delays nobody but those who need it.

The threads that Python shares out otherwise are few, and the modems need them as well.
"""

import asyncio
import socket
from contextlib import suppress
from threading import Thread
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Names(AbstractResolver):
    """Asks the system."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Look a name up."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def look_up() -> None:
            result: list[ResolveResult] | Exception
            try:
                result = _addresses(host, port, family)
            except (OSError, UnicodeError) as error:
                result = error
            with suppress(RuntimeError):  # all has ended meanwhile
                loop.call_soon_threadsafe(_settle, found, result)

        # Nobody can break it off, and the end of the program does not wait for it.
        Thread(target=look_up, name="smsgw-names", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Let go of what it holds, which is nothing."""


def _settle(found: asyncio.Future[list[ResolveResult]], result: list[ResolveResult] | Exception) -> None:
    if found.done():  # nobody waits any more
        return
    if isinstance(result, Exception):
        found.set_exception(result)
    else:
        found.set_result(result)


def _addresses(host: str, port: int, family: int) -> list[ResolveResult]:
    infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(hostname=host, host=_written(address), port=port, family=kind, proto=proto, flags=_NUMERIC)
        for kind, _, proto, _, address in infos
    ]


def _written(address: tuple[Any, ...]) -> str:
    # An address within one's own network counts with the interface that leads there.
    host, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return host
