"""The application: its route table, and what happens around every request.

Knows every call's path, method and right. Each path is served as it is written here and once more under /v1.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import structlog
from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Middleware

from smsgw import log
from smsgw.api import wire
from smsgw.api.devices import DeviceCalls
from smsgw.api.failures import REQUEST_HASH, REQUEST_ID, refuse
from smsgw.api.feed import Feed
from smsgw.api.guard import Guard, Handler
from smsgw.api.health import HealthCall
from smsgw.api.inbox import InboxCalls
from smsgw.api.limits import RateLimiter
from smsgw.api.messages import MessageCalls
from smsgw.api.openapi import DOCUMENT
from smsgw.api.pace import Pace
from smsgw.api.reports import ReportCalls
from smsgw.api.stream import RIGHTS, StreamCall
from smsgw.api.submission import SubmissionCalls
from smsgw.api.ussd import UssdCalls
from smsgw.api.webhooks import WebhookCalls
from smsgw.config import Config
from smsgw.errors import CallerError, Language, MethodNotAllowed, NoSuchPath, StorageUnavailable, Unforeseen
from smsgw.gateway import Gateway
from smsgw.model import Right, UssdModems, WebhookTester

LANGUAGE = web.AppKey("language", Language)

_PREFIXES = ("", "/v1")
_ANYWHERE = "/{unknown:.*}"
# A longer address is not repeated in full to whoever asked for it.
_SHOWN = 200

logger = log.get("smsgw.api")


@dataclass(frozen=True, slots=True)
class Route:
    """One call: how it is reached, who answers, and the right it takes (None: no token is needed)."""

    method: str
    path: str
    handler: Handler
    right: Right | None
    others: tuple[Right, ...] = ()  # any of which will do as well


def _routes(
    gateway: Gateway, config: Config, live: UssdModems, clock: Callable[[], int], tester: WebhookTester
) -> tuple[Route, ...]:
    submission = SubmissionCalls(gateway.submission, live, config.server.language)
    messages = MessageCalls(gateway.messages, config.server.language)
    inbox = InboxCalls(gateway.inbox)
    devices = DeviceCalls(gateway.devices, live, clock)
    webhooks = WebhookCalls(gateway.webhooks, tester)
    health = HealthCall(gateway, config, live, clock)
    return (
        Route("POST", "/sms/send", submission.send, Right.SMS_SEND),
        Route("POST", "/sms/send/batch", submission.batch, Right.SMS_SEND),
        Route("POST", "/sms/get", messages.get, Right.SMS_READ),
        Route("DELETE", "/sms/del", messages.delete, Right.SMS_DELETE),
        Route("GET", "/sms", messages.page, Right.SMS_READ),
        Route("GET", "/sms/{id}", messages.detail, Right.SMS_READ),
        Route("GET", "/inbox", inbox.page, Right.INBOX_READ),
        Route("POST", "/inbox/get", inbox.get, Right.INBOX_READ),
        Route("DELETE", "/inbox/del", inbox.delete, Right.SMS_DELETE),
        Route("GET", "/reports", ReportCalls(gateway.reports).page, Right.SMS_READ),
        Route("GET", "/devices", devices.all, Right.DEVICES_READ),
        Route("POST", "/devices/get/info", devices.get, Right.DEVICES_READ),
        Route("POST", "/devices/edit", devices.edit, Right.DEVICES_EDIT),
        Route("POST", "/devices/del", devices.delete, Right.DEVICES_DELETE),
        Route("POST", "/devices/ussd", UssdCalls(gateway.devices, live).dial, Right.DEVICES_EDIT),
        Route("GET", "/webhooks", webhooks.all, Right.WEBHOOKS_MANAGE),
        Route("POST", "/webhooks", webhooks.create, Right.WEBHOOKS_MANAGE),
        Route("GET", "/webhooks/{id}", webhooks.get, Right.WEBHOOKS_MANAGE),
        Route("PATCH", "/webhooks/{id}", webhooks.change, Right.WEBHOOKS_MANAGE),
        Route("DELETE", "/webhooks/{id}", webhooks.delete, Right.WEBHOOKS_MANAGE),
        Route("POST", "/webhooks/{id}/test", webhooks.test, Right.WEBHOOKS_MANAGE),
        Route("GET", "/webhooks/{id}/deliveries", webhooks.deliveries, Right.WEBHOOKS_MANAGE),
        Route("POST", "/webhooks/deliveries/{id}/retry", webhooks.retry, Right.WEBHOOKS_MANAGE),
        Route("GET", "/health", health.get, None),
        Route("GET", "/openapi.json", _openapi, None),
    )


def create_app(
    gateway: Gateway,
    config: Config,
    live: UssdModems,
    clock: Callable[[], int],
    tester: WebhookTester,
    pace: Pace | None = None,
) -> web.Application:
    """Make the application over a gateway.

    `live` tells what the modems do, `tester` tries webhooks, `clock` gives Unix milliseconds.
    """
    app = web.Application(middlewares=[_middleware(config.server.language)], client_max_size=config.server.max_body)
    app[LANGUAGE] = config.server.language
    guard = Guard(gateway.tokens, RateLimiter(config.server.rate_limit))
    stream = _stream(app, gateway, config, clock, pace or Pace())
    _add(app, (*_routes(gateway, config, live, clock, tester), stream), guard)
    return app


def _stream(app: web.Application, gateway: Gateway, config: Config, clock: Callable[[], int], pace: Pace) -> Route:
    feed = Feed(gateway, config.server.language, pace)
    app.cleanup_ctx.append(feed.running)
    app.on_shutdown.append(feed.stop)
    call = StreamCall(gateway.events, feed, config.server.language, clock, pace)
    first, *others = RIGHTS.values()
    return Route("GET", "/events", call.get, first, tuple(others))


async def _openapi(request: web.Request) -> web.Response:
    return wire.respond(DOCUMENT)


# ── routing ──


def _add(app: web.Application, routes: tuple[Route, ...], guard: Guard) -> None:
    for prefix in _PREFIXES:
        for path, calls in groupby(routes, key=lambda route: route.path):
            served = list(_served(calls, guard))
            for method, handler in served:
                app.router.add_route(method, prefix + path, handler, expect_handler=_continue)
            allowed = ", ".join(method for method, _ in served)
            app.router.add_route("*", prefix + path, _wrong_method(allowed), expect_handler=_continue)
    app.router.add_route("*", _ANYWHERE, _no_such_path, expect_handler=_continue)


def _served(calls: Iterator[Route], guard: Guard) -> Iterator[tuple[str, Handler]]:
    for route in calls:
        handler = guard.before(route.handler, route.path, route.right, *route.others) if route.right else route.handler
        yield route.method, handler
        if route.method == "GET":
            yield "HEAD", handler


def _wrong_method(allowed: str) -> Handler:
    async def refuse_method(request: web.Request) -> web.StreamResponse:
        raise MethodNotAllowed(method=request.method, path=request.path[:_SHOWN], allowed=allowed)

    return refuse_method


async def _no_such_path(request: web.Request) -> web.StreamResponse:
    raise NoSuchPath(path=request.path[:_SHOWN])


async def _continue(request: web.Request) -> None:
    """Tell a client that waits for it to go on; other expectations are ignored (RFC 9110 §10.1.1 allows it)."""
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The interim answer is not part of the one whose beginning this counts.
        request.writer.output_size = 0


# ── around every request ──


def _middleware(language: Language) -> Middleware:
    @web.middleware
    async def attend(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give the request its id, answer its errors and log it."""
        request[REQUEST_HASH] = request_id = secrets.token_hex(6)
        structlog.contextvars.bind_contextvars(request=request_id)
        begun = time.perf_counter()
        try:
            response = await handler(request)
        except CallerError as error:
            response = refuse(_noted(error), request_id, language)
        except web.HTTPNotFound:
            # No pattern fits: an address with a line break, or none at all.
            response = refuse(NoSuchPath(path=request.path[:_SHOWN]), request_id, language)
        except ConnectionError:
            _log(request, "client went away", begun, level=logging.INFO)
            raise
        except Exception:
            logger.exception("unforeseen error")
            if request.writer.output_size:
                raise ConnectionError("an answer has begun already") from None
            response = refuse(Unforeseen(), request_id, language)
        if not response.prepared:
            response.headers[REQUEST_ID] = request_id
        # What went well would be a line per request in the journal of a client that asks every second.
        level = logging.DEBUG if response.status < 400 or request.path.endswith("/health") else logging.INFO
        _log(request, "answered", begun, level=level, status=response.status)
        return response

    return attend


def _noted(error: CallerError) -> CallerError:
    if isinstance(error, StorageUnavailable):
        logger.error("storage unavailable", reason=str(error))
    return error


def _log(request: web.Request, event: str, begun: float, *, level: int, **facts: object) -> None:
    resource = request.match_info.route.resource
    # The pattern, not the address: people put texts and numbers into addresses.
    path = resource.canonical if resource else _ANYWHERE
    duration_ms = round((time.perf_counter() - begun) * 1_000, 1)
    logger.log(level, event, method=request.method, path=path, duration_ms=duration_ms, **facts)
