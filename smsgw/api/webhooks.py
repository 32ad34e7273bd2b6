"""The calls about webhooks: parse, one call to the gateway or the sender, render."""

import re
from typing import Any

from aiohttp import web

from smsgw.api import paging, wire
from smsgw.api.bodies import Shape, given, read_object
from smsgw.api.notation import ID
from smsgw.errors import BadDeliveryState, BadWebhookId
from smsgw.gateway.webhooks import Webhooks
from smsgw.model import DeliveryState, EventKind, Webhook, WebhookChange, WebhookTester, WebhookWish


class WebhookCalls:
    """Making, changing, deleting and trying webhooks, and what they were told."""

    def __init__(self, webhooks: Webhooks, tester: WebhookTester) -> None:
        self._webhooks = webhooks
        self._tester = tester
        self._shape = Shape("WebhookRequest")
        self._edit_shape = Shape("WebhookEdit")

    async def all(self, request: web.Request) -> web.Response:
        """GET /webhooks."""
        webhooks = await self._webhooks.listed()
        return wire.respond({"webhooks": [await self._rendered(webhook) for webhook in webhooks]})

    async def create(self, request: web.Request) -> web.Response:
        """POST /webhooks."""
        fields = self._shape.check(await read_object(request))
        wish = WebhookWish(
            name=fields["name"],
            url=fields["url"],
            events=_kinds(fields["events"]),
            headers=fields["headers"] or {},
            is_active=fields["is_active"] is not False,
        )
        webhook, secret = await self._webhooks.create(wish)
        return wire.respond(await self._rendered(webhook) | {"secret": secret}, 201)

    async def get(self, request: web.Request) -> web.Response:
        """GET /webhooks/{id}."""
        return wire.respond(await self._rendered(await self._webhooks.get(_id(request))))

    async def change(self, request: web.Request) -> web.Response:
        """PATCH /webhooks/{id}."""
        id = _id(request)
        fields = self._edit_shape.check(await read_object(request))
        change = WebhookChange(
            name=fields["name"],
            url=fields["url"],
            events=None if fields["events"] is None else _kinds(fields["events"]),
            headers=fields["headers"],
            is_active=fields["is_active"],
        )
        await self._webhooks.change(id, change)
        secret = {"secret": await self._webhooks.rotate(id)} if fields["rotate_secret"] else {}
        return wire.respond(await self._rendered(await self._webhooks.get(id)) | secret)

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE /webhooks/{id}."""
        await self._webhooks.delete(_id(request))
        return wire.no_content()

    async def test(self, request: web.Request) -> web.Response:
        """POST /webhooks/{id}/test."""
        return wire.respond(wire.test_result(await self._tester.test(_id(request))))

    async def deliveries(self, request: web.Request) -> web.Response:
        """GET /webhooks/{id}/deliveries."""
        id, limit, number = _id(request), paging.limit(request), paging.number(request)
        page = await self._webhooks.deliveries(id, _state(request), limit, min(number, paging.LAST_PAGE))
        return wire.respond(wire.delivery_page(page, limit, number))

    async def retry(self, request: web.Request) -> web.Response:
        """POST /webhooks/deliveries/{id}/retry."""
        return wire.respond(wire.delivery(await self._webhooks.retry(_id(request))))

    async def _rendered(self, webhook: Webhook) -> dict[str, Any]:
        return wire.webhook(webhook, await self._webhooks.waiting(webhook))


def _id(request: web.Request) -> str:
    id = request.match_info["id"]
    if not re.fullmatch(ID, id):
        raise BadWebhookId(reason=given(id))
    return id.lower()


def _kinds(names: list[str]) -> frozenset[EventKind]:
    return frozenset(map(EventKind, names))


def _state(request: web.Request) -> DeliveryState | None:
    text = request.query.get("state")
    if not text:
        return None
    try:
        return DeliveryState(text)
    except ValueError as error:
        raise BadDeliveryState(reason=given(text)) from error
