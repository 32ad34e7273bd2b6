"""One signed request and what came of it."""

import errno
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from smsgw import __version__, policy, rendering
from smsgw.config import WebhooksConfig
from smsgw.errors import Language
from smsgw.model import Answer, Event, Webhook
from smsgw.webhooks.names import Names

_TEST = "webhook.test"
# Of an answer, this much is read and shown.
_SHOWN = 512
_LONGEST_ERROR = 512
_GONE = 410
_BUSY = (429, 503)


class _Private(OSError):
    """An address that the configuration forbids."""

    def __init__(self, where: str) -> None:
        super().__init__(errno.EACCES, f"{where} is in a private network, which [webhooks] refuse_private forbids")


class Postman:
    """Makes the requests, over connections that are kept alive. `clock` gives Unix milliseconds."""

    def __init__(self, config: WebhooksConfig, language: Language, clock: Callable[[], int], patience_s: float) -> None:
        self._config = config
        self._language = language
        self._clock = clock
        self._patience_s = patience_s
        self._session: aiohttp.ClientSession
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        names = Names()
        connector = aiohttp.TCPConnector(
            limit=0,  # each lane keeps to its own
            ssl=_trust(self._config.ca_file),
            resolver=_PublicOnly(names) if self._config.refuse_private else names,
            socket_factory=_to_public if self._config.refuse_private else None,
        )
        self._session = await self._resources.enter_async_context(
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._patience_s),
                # An answer is shown as it came, and none that is packed small can grow here.
                auto_decompress=False,
                headers={
                    "User-Agent": f"smsgw/{__version__}",
                    "Accept-Encoding": "identity",
                    "Content-Type": "application/json",
                },
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._resources.aclose()

    async def tell(self, webhook: Webhook, event: Event) -> Answer:
        """Tell a webhook an event."""
        return await self._post(webhook, event.id, rendering.event(event, self._language))

    async def test(self, webhook: Webhook) -> Answer:
        """Tell a webhook that this is a test."""
        now = self._clock()
        content = {"type": _TEST, "timestamp": rendering.timestamp(now), "data": {"webhook_id": webhook.id}}
        return await self._post(webhook, f"test-{webhook.id}-{now}", content)

    async def _post(self, webhook: Webhook, id: str, content: rendering.Object) -> Answer:
        begun = time.monotonic()

        def answer(error: str | None = None, **facts: Any) -> Answer:
            return Answer(took_ms=int((time.monotonic() - begun) * 1_000), error=error and _storable(error), **facts)

        body = rendering.encode(content)
        try:
            if self._config.refuse_private:
                _refuse_private(webhook.url)
            async with self._session.post(
                webhook.url, data=body, headers=self._headers(webhook, id, body), allow_redirects=False
            ) as response:
                text = await _beginning(response)
        except TimeoutError:
            return answer(error=f"no answer within {self._patience_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return answer(error=_told(error))
        return answer(
            status=response.status,
            error=_wrong_with(response),
            text=text,
            retry_after_s=_retry_after_s(response),
            is_gone=response.status == _GONE,
        )

    def _headers(self, webhook: Webhook, id: str, body: bytes) -> dict[str, str]:
        timestamp = self._clock() // 1_000
        return dict(webhook.headers) | {
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": policy.sign(webhook.secrets, id, timestamp, body),
        }


def _trust(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True  # in whom the system trusts; the library has read them already
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:
        raise OSError(f"[webhooks] ca_file {ca_file} holds no certificates that can be read: {error}") from error
    return context


class _PublicOnly(AbstractResolver):
    """Resolves names, but to no private address: what a name stands for may change after it was looked at."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """Look a name up."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if not policy.is_private(one["host"])]
        if not public:
            raise _Private(host)
        return public

    async def close(self) -> None:
        """Let go of what it holds."""
        await self._resolver.close()


def _to_public(address: AddrInfoType) -> socket.socket:
    # An address that is no name is not looked up, and may be written in ways that only the client library understands.
    if policy.is_private(address[4][0]):
        raise _Private(address[4][0])
    return socket.socket(*address[:3])


def _refuse_private(url: str) -> None:
    if policy.wrong_with_url(url, refuse_private=True):
        raise _Private(urlsplit(url).netloc)


async def _beginning(response: aiohttp.ClientResponse) -> str:
    read = bytearray()
    # The status has been told, and that is what counts: however the rest fails, what was confirmed stays so.
    with suppress(aiohttp.ClientError, TimeoutError):
        while len(read) < _SHOWN and (chunk := await response.content.read(_SHOWN - len(read))):
            read += chunk
    if not response.content.at_eof():
        # The rest may be endless: the connection is not worth keeping.
        response.close()
    return read.decode("utf-8", "replace").replace("\0", "\ufffd")


def _wrong_with(response: aiohttp.ClientResponse) -> str | None:
    status = response.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        where = response.headers.get("Location", "nowhere")[:200]
        return f"HTTP {status} leads to {where}: redirects are not followed; give the webhook the right address"
    if status == _GONE:
        return "HTTP 410: the other side wants no more; the webhook is switched off"
    return f"HTTP {status}"


def _storable(error: str) -> str:
    # What the other side wrote may be in it: octets that are no text, and any number of them.
    return error[:_LONGEST_ERROR].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    wish = response.headers.get("Retry-After", "")
    return float(wish) if response.status in _BUSY and re.fullmatch("[0-9]{1,9}", wish) else None


def _told(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return f"its certificate is not trusted ({error}): name your own authority in [webhooks] ca_file"
    return str(error) or type(error).__name__
