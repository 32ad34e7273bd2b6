"""Serving the application on a socket: binding, answering what is not even HTTP, stopping in order.

Knows aiohttp's server; knows nothing of what the application answers.
"""

import asyncio
import errno
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from smsgw import log
from smsgw.api.app import LANGUAGE
from smsgw.api.connections import Connections
from smsgw.api.failures import REQUEST_ID, refuse
from smsgw.errors import CallerError, Language, MalformedRequest, Unforeseen

# Requests that run when the server stops get this long to be answered.
_GRACE_S = 10.0
_KEEPALIVE_S = 75.0
_BACKLOG = 512

_HINTS: Mapping[int | None, str] = {
    errno.EADDRINUSE: "another program uses it; stop that one or choose another port ([server] port; demo: --port)",
    errno.EACCES: "ports below 1024 are for privileged programs; choose a higher port in [server]",
    errno.EADDRNOTAVAIL: "this machine has no such address; correct host in [server]",
}

logger = log.get("smsgw.api")


class _Connection(web.RequestHandler):
    """A connection whose every error, even before a request could be read, has the body of the contract."""

    __slots__ = ("_address", "_connections", "_language")

    def __init__(self, server: web.Server, language: Language, connections: Connections) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=_KEEPALIVE_S,
            access_log=None,  # type: ignore[arg-type]  # documented: None switches it off
        )
        self._language = language
        self._connections = connections
        self._address: str | None = None  # None: not counted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or drop it at once where there are too many."""
        address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._connections.take(address):
            if self._connections.is_worth_telling():
                logger.warning("too many connections: some are dropped", remote=address)
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        self._address = address
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of what was taken."""
        if self._address is not None:
            self._connections.release(self._address)
            self._address = None
            super().connection_lost(exc)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log what nobody has caught; that a body was broken, its client has been told."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read as a request, or what failed outside every handler, and close.

        A client that is gone gets no answer: its `ConnectionError` goes on to the server, which expects it.
        """
        if isinstance(exc, ConnectionError):
            raise exc
        request_id = secrets.token_hex(6)
        error: CallerError
        if status < 500:
            error = MalformedRequest()
            logger.info("malformed request", request=request_id, remote=request.remote, kind=type(exc).__name__)
        else:
            error = Unforeseen()
            logger.error("unforeseen error", request=request_id, exc_info=exc)
        if request.writer is not None and request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        response = refuse(error, request_id, self._language)
        response.headers[REQUEST_ID] = request_id
        response.force_close()
        return response


@asynccontextmanager
async def serve(
    app: web.Application, host: str, port: int, connections: Connections | None = None
) -> AsyncIterator[int]:
    """Serve `app` until the end of the block and yield the bound port; `port` 0 lets the system choose.

    At the end no new request is taken first, then those that run are answered. Raises `OSError`, which says what to do,
    when the address cannot be used.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        listener = await _listen(runner, app[LANGUAGE], host, port, connections or Connections())
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listen(
    runner: web.AppRunner, language: Language, host: str, port: int, connections: Connections
) -> asyncio.Server:
    server = runner.server
    assert server is not None

    def connect() -> _Connection:
        return _Connection(server, language, connections)

    try:
        return await asyncio.get_running_loop().create_server(connect, host, port, backlog=_BACKLOG)
    except OSError as error:
        hint = _HINTS.get(error.errno, "correct host and port in [server]")
        reason = error.strerror or str(error)
        raise OSError(f"cannot listen on {host} port {port} ({reason}): {hint}") from error
