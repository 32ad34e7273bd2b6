"""Use-cases around webhooks: making, changing and deleting them, their secrets, and what they were told.

A secret is shown once, when it is made. The one before it is signed with as well for a day, so that no receiver misses
anything while it learns the new one. Values of headers are secrets as well: whoever hands back what he was shown in
their place leaves them as they are.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial

from smsgw import policy, rendering
from smsgw.config import WebhooksConfig
from smsgw.errors import (
    BadEvents,
    BadHeaders,
    BadUrl,
    BadWebhookName,
    DeliveryNotFound,
    Text,
    TooManyWebhooks,
    WebhookNotFound,
)
from smsgw.gateway.ids import ObjectIds
from smsgw.model import Delivery, DeliveryPage, DeliveryState, Webhook, WebhookChange, WebhookWish, delivery_row
from smsgw.store import deliveries, events, webhooks
from smsgw.store.db import Database, Tx

MOST = 64
OVERLAP_S = 86_400
_MOST_HEADERS = 16
# Nobody else waits long for a step.
_STEP = 500
_LONGEST_HEADER = 1_024
_LONGEST_NAME = 64
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
# What HTTP itself and the signature need.
_OURS = re.compile(
    "webhook-.*|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding",
    re.IGNORECASE,
)


class Webhooks:
    """The webhooks of the gateway, as their owners see them."""

    def __init__(self, db: Database, config: WebhooksConfig, ids: ObjectIds) -> None:
        self._db = db
        self._config = config
        self._ids = ids

    def on_news(self, listener: Callable[[], None]) -> None:
        """Call `listener`, which must return at once, when a webhook has changed, or somebody wants one to be told."""
        self._db.on_news(webhooks.NEWS, listener)

    async def create(self, wish: WebhookWish) -> tuple[Webhook, str]:
        """Make a webhook; returns it and its secret, for the only time.

        Raises `BadWebhookName`, `BadUrl`, `BadEvents`, `BadHeaders` and `TooManyWebhooks`.
        """
        self._check(wish)
        return await self._db.write(partial(_create, ids=self._ids, wish=wish, secret=_new_secret()))

    async def listed(self) -> list[Webhook]:
        """List all webhooks, oldest first."""
        async with self._db.snapshot() as connection:
            return await webhooks.listed(connection, self._db.now())

    async def get(self, id: str) -> Webhook:
        """Return a webhook; raises `WebhookNotFound`."""
        async with self._db.snapshot() as connection:
            return _existing(await webhooks.find(connection, id, self._db.now()), id)

    async def waiting(self, webhook: Webhook) -> int:
        """Count what a webhook has not been told yet."""
        async with self._db.snapshot() as connection:
            return await deliveries.waiting(connection, webhook.row)

    async def change(self, id: str, change: WebhookChange) -> Webhook:
        """Change a webhook and leave the rest of it as it is; raises `WebhookNotFound` and as `create`."""
        self._check(change)
        webhook = await self._db.write(partial(_change, id=id, change=change))
        # Whatever it was that has failed so far, this may be the remedy.
        while await self._db.write(partial(deliveries.make_some_due, webhook=webhook.row, limit=_STEP)):
            pass
        return webhook

    async def rotate(self, id: str) -> str:
        """Give a webhook a new secret and return it, for the only time; raises `WebhookNotFound`."""
        secret = _new_secret()
        await self._db.write(partial(_rotate, id=id, secret=secret))
        return secret

    async def delete(self, id: str) -> None:
        """Remove a webhook with all that it was or was to be told; raises `WebhookNotFound`."""
        while await self._db.write(partial(_empty, id=id)):
            pass

    async def deliveries(self, id: str, state: DeliveryState | None, limit: int, number: int) -> DeliveryPage:
        """Return page `number` (from 1) of what a webhook was or is to be told, newest first.

        `state` keeps to what has come so far. Raises `WebhookNotFound`.
        """
        async with self._db.snapshot() as connection:
            webhook = _existing(await webhooks.find(connection, id, self._db.now()), id)
            total, found = await deliveries.page(connection, webhook.row, state, limit, (number - 1) * limit)
        return DeliveryPage(total=total, deliveries=tuple(found))

    async def retry(self, id: str) -> Delivery:
        """Let a delivery be tried at once, whatever became of it; raises `DeliveryNotFound`."""
        row = delivery_row(id)
        await self._db.write(partial(_begin_again, row=row, id=id))
        async with self._db.snapshot() as connection:
            found = await deliveries.find(connection, row)
        if found is None:
            raise DeliveryNotFound(id=id)
        return found

    async def retry_parked(self, id: str) -> int:
        """Let all that was given up for a webhook be tried again; returns how much. Raises `WebhookNotFound`."""
        again = 0
        while step := await self._db.write(partial(_begin_parked_again, id=id)):
            again += step
        return again

    def _check(self, wish: WebhookWish | WebhookChange) -> None:
        if wish.name is not None and not _is_name(wish.name):
            raise BadWebhookName(reason=Text(f"передано «{wish.name[:40]}»", f"“{wish.name[:40]}” was given"))
        if wish.url is not None and (wrong := self._wrong_with_url(wish.url)):
            raise BadUrl(reason=wrong)
        if wish.events is not None and not wish.events:
            raise BadEvents(reason=Text("массив пуст", "the list is empty"))
        if wish.headers is not None and (wrong := _wrong_with_headers(wish.headers)):
            raise BadHeaders(reason=wrong)

    def _wrong_with_url(self, url: str) -> Text | None:
        return policy.wrong_with_url(url, refuse_private=self._config.refuse_private)


def _is_name(name: str) -> bool:
    return 1 <= len(name.strip()) <= len(name) <= _LONGEST_NAME and name.isprintable()


def _wrong_with_headers(headers: Mapping[str, str]) -> Text | None:
    if len(headers) > _MOST_HEADERS:
        return Text(f"передано {len(headers)}", f"{len(headers)} were given")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return Text(f"имя «{name[:40]}» недопустимо", f"“{name[:40]}” is no name of a header")
        if _OURS.fullmatch(name):
            return Text(f"заголовок {name} ставит шлюз", f"{name} is set by the gateway")
        if len(value) > _LONGEST_HEADER or not _HEADER_VALUE.fullmatch(value):
            return Text(
                f"значение {name} не из 1–{_LONGEST_HEADER} печатных символов ASCII",
                f"the value of {name} is not 1 to {_LONGEST_HEADER} printable ASCII characters",
            )
    if len({name.lower() for name in headers}) < len(headers):
        return Text("заголовок повторяется", "a header is given twice")
    return None


def _new_secret() -> str:
    return policy.secret_of(secrets.token_bytes(policy.KEY_OCTETS))


def _existing(webhook: Webhook | None, id: str) -> Webhook:
    if webhook is None:
        raise WebhookNotFound(id=id)
    return webhook


# ── within the transaction ──


def _create(tx: Tx, ids: ObjectIds, wish: WebhookWish, secret: str) -> tuple[Webhook, str]:
    if webhooks.count(tx) >= MOST:
        raise TooManyWebhooks(limit=MOST)
    _refuse_taken(tx, wish.name, None)
    id = ids.new(tx.now)
    webhooks.insert(tx, id, replace(wish, headers=_with_values(wish.headers, {})), secret)
    tx.news.add(webhooks.NEWS)
    return _existing(webhooks.by_id(tx, id), id), secret


def _change(tx: Tx, id: str, change: WebhookChange) -> Webhook:
    webhook = _existing(webhooks.by_id(tx, id), id)
    wanted = {f.name: value for f in fields(change) if (value := getattr(change, f.name)) is not None}
    wish = replace(_as_wish(webhook), **wanted)
    _refuse_taken(tx, wish.name, id)
    webhooks.change(tx, id, replace(wish, headers=_with_values(wish.headers, webhook.headers)))
    tx.news.add(webhooks.NEWS)
    return _existing(webhooks.by_id(tx, id), id)


def _as_wish(webhook: Webhook) -> WebhookWish:
    return WebhookWish(
        name=webhook.name,
        url=webhook.url,
        events=webhook.events,
        headers=webhook.headers,
        is_active=webhook.is_active,
    )


def _with_values(headers: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Put the present value in the place of what is shown of it."""
    if unknown := [name for name, value in headers.items() if value == rendering.HIDDEN and name not in present]:
        reason = Text(f"значение {unknown[0]} не передано", f"the value of {unknown[0]} is missing")
        raise BadHeaders(reason=reason)
    return {name: present[name] if value == rendering.HIDDEN else value for name, value in headers.items()}


def _refuse_taken(tx: Tx, name: str, except_id: str | None) -> None:
    if webhooks.named(tx, name) not in (None, except_id):
        raise BadWebhookName(reason=Text(f"«{name}» уже есть", f"there is “{name}” already"))


def _rotate(tx: Tx, id: str, secret: str) -> None:
    _existing(webhooks.by_id(tx, id), id)
    webhooks.rotate(tx, id, secret, OVERLAP_S * 1_000)
    tx.news.add(webhooks.NEWS)


def _begin_again(tx: Tx, row: int, id: str) -> None:
    webhook = deliveries.begin_again(tx, row, tx.now + policy.GIVE_UP_AFTER_MS)
    if webhook is None:
        raise DeliveryNotFound(id=id)
    webhooks.ask(tx, webhook)


def _begin_parked_again(tx: Tx, id: str) -> int:
    webhook = _existing(webhooks.by_id(tx, id), id)
    webhooks.ask(tx, webhook.row)
    return deliveries.begin_parked_again(tx, webhook.row, tx.now + policy.GIVE_UP_AFTER_MS, _STEP)


def _empty(tx: Tx, id: str) -> int:
    """Remove some of what a webhook was or was to be told, or else the webhook itself; returns how much it was."""
    webhook = _existing(webhooks.by_id(tx, id), id)
    subjects = deliveries.forget_of_webhook(tx, webhook.row, _STEP)
    for subject in set(subjects):
        events.forget_if_orphan(tx, subject)
    if not subjects:
        webhooks.delete(tx, id)
    return len(subjects)
