"""The calls about stored messages: parse, one call to the gateway, render."""

from aiohttp import web

from smsgw import rendering
from smsgw.api import paging, wire
from smsgw.api.bodies import Shape, read_object
from smsgw.errors import Language
from smsgw.gateway.messages import Messages


class MessageCalls:
    """Reading, listing and deleting messages."""

    def __init__(self, messages: Messages, language: Language) -> None:
        self._messages = messages
        self._language = language
        self._id_shape = Shape("MessageId")

    async def get(self, request: web.Request) -> web.Response:
        """POST /sms/get."""
        message = await self._messages.get(await self._id_in_body(request))
        return wire.respond(rendering.message(message, self._language))

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
        limit = paging.limit(request)
        number = paging.number(request)
        found = await self._messages.page(limit, min(number, paging.LAST_PAGE), paging.search(request))
        return wire.respond(wire.page(found, limit, number, self._language))

    async def _id_in_body(self, request: web.Request) -> str:
        id: str = self._id_shape.check(await read_object(request))["id"]
        return id.lower()
