"""The calls about incoming messages: parse, one call to the gateway, render."""

from aiohttp import web

from smsgw import rendering
from smsgw.api import paging, wire
from smsgw.api.bodies import Shape, read_object
from smsgw.gateway.inbox import Inbox


class InboxCalls:
    """Listing, reading and deleting incoming messages."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._id_shape = Shape("MessageId")

    async def page(self, request: web.Request) -> web.Response:
        """GET /inbox."""
        limit, number = paging.limit(request), paging.number(request)
        found = await self._inbox.page(limit, min(number, paging.LAST_PAGE), paging.search(request))
        return wire.respond(wire.inbound_page(found, limit, number))

    async def get(self, request: web.Request) -> web.Response:
        """POST /inbox/get."""
        return wire.respond(rendering.inbound(await self._inbox.get(await self._id_in_body(request))))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE /inbox/del."""
        await self._inbox.delete(await self._id_in_body(request))
        return wire.no_content()

    async def _id_in_body(self, request: web.Request) -> str:
        id: str = self._id_shape.check(await read_object(request))["id"]
        return id.lower()
