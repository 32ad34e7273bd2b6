"""Who may call what: the bearer token, its rights, and how often it may call.

Knows tokens and rights; knows nothing of what the calls do.
"""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

from smsgw.api.limits import RateLimiter
from smsgw.errors import (
    CallerError,
    MayDeleteDevicesNot,
    MayDeleteNot,
    MayEditDevicesNot,
    MayManageWebhooksNot,
    MayReadInboxNot,
    MayReadNot,
    MaySeeDevicesNot,
    MaySendNot,
    TokenUnknown,
)
from smsgw.gateway.tokens import Tokens
from smsgw.model import Right, Token

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_REFUSALS: Mapping[Right, type[CallerError]] = {
    Right.SMS_SEND: MaySendNot,
    Right.SMS_READ: MayReadNot,
    Right.SMS_DELETE: MayDeleteNot,
    Right.INBOX_READ: MayReadInboxNot,
    Right.DEVICES_READ: MaySeeDevicesNot,
    Right.DEVICES_EDIT: MayEditDevicesNot,
    Right.DEVICES_DELETE: MayDeleteDevicesNot,
    Right.WEBHOOKS_MANAGE: MayManageWebhooksNot,
}

_CALLER = web.RequestKey("caller", Token)


def caller(request: web.Request) -> Token:
    """Return the token that a guarded request was made with."""
    return request[_CALLER]


def demand(token: Token, *rights: Right) -> None:
    """Refuse a token that has none of these rights, in the words of the first."""
    if token.rights.isdisjoint(rights):
        raise _REFUSALS[rights[0]](name=token.name)


class Guard:
    """Stands before the handlers that need a token."""

    def __init__(self, tokens: Tokens, limiter: RateLimiter) -> None:
        self._tokens = tokens
        self._limiter = limiter

    def before(self, handler: Handler, path: str, *rights: Right) -> Handler:
        """Let requests with any of these rights through to `handler`; they are counted under `path`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            token = await self._tokens.authenticate(_bearer(request), request.remote)
            structlog.contextvars.bind_contextvars(token_name=token.name)
            self._limiter.take(token.row, path)
            demand(token, *rights)
            request[_CALLER] = token
            return await handler(request)

        return guarded


def _bearer(request: web.Request) -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenUnknown()
    return credentials.strip()
