"""The calls about stored messages: parse, one call to the gateway, render."""

import re

from aiohttp import web

from smsgw.api import wire
from smsgw.api.bodies import MISSING, Shape, given, read_object
from smsgw.errors import BadLimit, BadOffset, Language
from smsgw.gateway.messages import Messages

_MAX_LIMIT = 100
# Past every message there can be, and a hundred times that still fits SQLite's integers.
_LAST_PAGE = 2**53


class MessageCalls:
    """Reading, listing and deleting messages."""

    def __init__(self, messages: Messages, language: Language) -> None:
        self._messages = messages
        self._language = language
        self._id_shape = Shape("MessageId")

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
        # A number as people paste it; in an address that was not coded, its + arrives as a space.
        wanted = re.sub(r"^[+ ](?=[0-9]+$)", "", wanted)
        found = await self._messages.page(limit, min(number, _LAST_PAGE), wanted)
        return wire.respond(wire.page(found, limit, number, self._language))

    async def _id_in_body(self, request: web.Request) -> str:
        id: str = self._id_shape.check(await read_object(request))["id"]
        return id.lower()


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
