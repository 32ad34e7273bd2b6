"""The calls about messages: parse, one call to the gateway, render."""

import re
from datetime import datetime
from typing import Any

from aiohttp import web

from smsgw.api import wire
from smsgw.api.bodies import MISSING, Shape, given, read_object
from smsgw.api.guard import caller
from smsgw.errors import BadLimit, BadOffset, BadSendAt, Language
from smsgw.gateway.messages import Messages
from smsgw.model import DEFAULT_PRIORITY, SendRequest

_MAX_LIMIT = 100
# Past every message there can be, and a hundred times that still fits SQLite's integers.
_LAST_PAGE = 2**53


class MessageCalls:
    """Sending, reading, listing and deleting messages."""

    def __init__(self, messages: Messages, language: Language) -> None:
        self._messages = messages
        self._language = language
        self._send_shape = Shape("SendRequest")
        self._id_shape = Shape("MessageId")

    async def send(self, request: web.Request) -> web.Response:
        """POST /sms/send."""
        wanted = _send_request(self._send_shape.check(await read_object(request)))
        return wire.respond({"id": await self._messages.submit(wanted, caller(request))})

    async def get(self, request: web.Request) -> web.Response:
        """POST /sms/get."""
        message = await self._messages.get(await self._id_in_body(request))
        return wire.respond(wire.message(message, self._language))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE /sms/del."""
        await self._messages.delete(await self._id_in_body(request))
        return wire.no_content()

    async def detail(self, request: web.Request) -> web.Response:
        """GET /sms/{id}."""
        id: str = self._id_shape.check({"id": request.match_info["id"]})["id"]
        return wire.respond(wire.detail(await self._messages.detail(id.lower()), self._language))

    async def page(self, request: web.Request) -> web.Response:
        """GET /sms."""
        limit = _limit(request.query.get("limit"))
        number = _page_number(request.query.get("offset"))
        # Bytes of the address that are no UTF-8 arrive as lone surrogates, and no text holds one.
        wanted = request.query.get("search", "").encode("utf-8", "replace").decode()
        found = await self._messages.page(limit, min(number, _LAST_PAGE), wanted)
        return wire.respond(wire.page(found, limit, number, self._language))

    async def _id_in_body(self, request: web.Request) -> str:
        id: str = self._id_shape.check(await read_object(request))["id"]
        return id.lower()


def _send_request(fields: dict[str, Any]) -> SendRequest:
    return SendRequest(
        text=fields["message"],
        phone_number=fields["phone_number"].removeprefix("+"),
        device_id=(fields["device_id"] or "").lower(),
        to_sim=fields["to_sim"],
        callback_id=(fields["callback_id"] or "").lower(),
        priority=DEFAULT_PRIORITY if fields["priority"] is None else fields["priority"],
        ttl_s=fields["ttl"],
        send_at=_moment(fields["send_at"]),
        flash=bool(fields["flash"]),
        on_uncertain=fields["on_uncertain"],
    )


def _moment(when: int | str | None) -> int | None:
    """Read Unix seconds or RFC 3339 as Unix milliseconds."""
    if when is None or isinstance(when, int):
        return None if when is None else when * 1_000
    try:
        return int(datetime.fromisoformat(when.upper()).timestamp() * 1_000)
    except ValueError as error:
        raise BadSendAt(reason=given(when)) from error


def _limit(text: str | None) -> int:
    if text is None:
        raise BadLimit(reason=MISSING)
    if (limit := _whole_number(text)) is None or not 1 <= limit <= _MAX_LIMIT:
        raise BadLimit(reason=given(text))
    return limit


def _page_number(text: str | None) -> int:
    if not text:
        return 1
    if (number := _whole_number(text)) is None or number < 1:
        raise BadOffset(reason=given(text))
    return number


def _whole_number(text: str) -> int | None:
    if not re.fullmatch("[0-9]+", text):
        return None
    try:
        return int(text)
    except ValueError:  # thousands of digits
        return None
