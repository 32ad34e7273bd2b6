"""The calls that take messages in: parse, one call to the gateway, render."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web

from smsgw.api import wire
from smsgw.api.bodies import MISSING, Shape, given, read_object
from smsgw.api.failures import REQUEST_HASH
from smsgw.api.guard import caller
from smsgw.api.schemas import MAX_BATCH
from smsgw.errors import BadDryRun, BadIdempotencyKey, BadMessages, BadSendAt, CallerError, Language, Text
from smsgw.gateway.submission import Submission
from smsgw.model import (
    ABLE_TO_SEND,
    DEFAULT_PRIORITY,
    LiveModems,
    Preview,
    Refusal,
    Repeatable,
    Route,
    SendRequest,
    Token,
)

IDEMPOTENCY_KEY = "Idempotency-Key"

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
# A batch is as much larger than a message as leaves room for full ones.
_BATCH_FACTOR = 64
_NO_OBJECT = Text("это не объект", "it is not an object")


class SubmissionCalls:
    """Sending one message, or many."""

    def __init__(self, submission: Submission, live: LiveModems, language: Language) -> None:
        self._submission = submission
        self._live = live
        self._language = language
        self._shape = Shape("SendRequest")

    async def send(self, request: web.Request) -> web.Response:
        """POST /sms/send."""
        body = await read_object(request)
        return wire.respond(await self.take(body, caller(request), partial(_key, request)))

    async def take(
        self, body: dict[str, Any], token: Token, key: Callable[[], str | None], *, is_new: bool = False
    ) -> dict[str, Any]:
        """Take in a message, however it came here, and return what is answered; raises the `CallerError` against it.

        `key` gives the idempotency key and is asked once the message is in order; one that `is_new` is no repeat.
        """
        checked = self._shape.check(body)
        wanted = send_request(checked)
        if checked["dry_run"]:
            preview = await self._submission.preview(wanted, token)
            return wire.preview(preview, self._ready_route(preview))
        repeatable = _repeatable(key(), "send", [wanted], is_new=is_new)
        return {"id": await self._submission.submit(wanted, token, repeatable)}

    async def batch(self, request: web.Request) -> web.Response:
        """POST /sms/send/batch."""
        body = await read_object(request.clone(client_max_size=request.client_max_size * _BATCH_FACTOR))
        wanted = [self._wanted(one) for one in _messages(body)]
        repeatable = _repeatable(_key(request), "batch", wanted)
        results = await self._submission.submit_batch(wanted, caller(request), repeatable)
        return wire.respond(wire.batch(results, request[REQUEST_HASH], self._language))

    def _ready_route(self, preview: Preview) -> Route | None:
        ready = [route for route in preview.routes if self._live.live(route.device).state in ABLE_TO_SEND]
        return min(ready, key=lambda route: route.ready_at, default=None)

    def _wanted(self, body: object) -> SendRequest | Refusal:
        try:
            if not isinstance(body, dict):
                raise BadMessages(limit=MAX_BATCH, reason=_NO_OBJECT)
            checked = self._shape.check(body)
            if checked["dry_run"]:
                raise BadDryRun(reason=given(True))
            return send_request(checked)
        except CallerError as error:
            return Refusal.of(error)


def _messages(body: dict[str, Any]) -> list[object]:
    if "messages" not in body:
        raise BadMessages(limit=MAX_BATCH, reason=MISSING)
    listed = body["messages"]
    if not isinstance(listed, list):
        raise BadMessages(limit=MAX_BATCH, reason=given(listed))
    if not 1 <= len(listed) <= MAX_BATCH:
        raise BadMessages(limit=MAX_BATCH, reason=Text(f"передано {len(listed)}", f"{len(listed)} were given"))
    return listed


def is_key(text: str) -> bool:
    """Tell whether something can be an idempotency key."""
    return _KEY.fullmatch(text) is not None


def _key(request: web.Request) -> str | None:
    keys = request.headers.getall(IDEMPOTENCY_KEY, [])
    if len(keys) > 1 or not all(map(is_key, keys)):
        raise BadIdempotencyKey()
    return next(iter(keys), None)


def _repeatable(
    key: str | None, call: str, wanted: Sequence[SendRequest | Refusal], *, is_new: bool = False
) -> Repeatable | None:
    """Digest what is asked for: how the client spells it makes no difference."""
    if key is None:
        return None
    asked = json.dumps([call, *map(_essence, wanted)], sort_keys=True)
    return Repeatable(key=key, fingerprint=hashlib.sha256(asked.encode()).digest(), is_new=is_new)


def _essence(wanted: SendRequest | Refusal) -> object:
    if isinstance(wanted, Refusal):
        return [wanted.code, wanted.text.en]
    # What is unset is left out, so that a wish of a later version does not make an old request another one.
    return {f.name: value for f in fields(wanted) if (value := getattr(wanted, f.name)) != f.default}


def send_request(body: dict[str, Any]) -> SendRequest:
    """Read the checked fields of a message."""
    return SendRequest(
        text=body["message"],
        phone_number=body["phone_number"].removeprefix("+"),
        device_id=(body["device_id"] or "").lower(),
        to_sim=body["to_sim"],
        callback_id=(body["callback_id"] or "").lower(),
        priority=DEFAULT_PRIORITY if body["priority"] is None else body["priority"],
        ttl_s=body["ttl"],
        send_at=_moment(body["send_at"]),
        flash=bool(body["flash"]),
        on_uncertain=body["on_uncertain"],
    )


def _moment(when: int | str | None) -> int | None:
    """Read Unix seconds or RFC 3339 as Unix milliseconds."""
    if when is None or isinstance(when, int):
        return None if when is None else when * 1_000
    try:
        return int(datetime.fromisoformat(when.upper()).timestamp() * 1_000)
    except ValueError as error:
        raise BadSendAt(reason=given(when)) from error
