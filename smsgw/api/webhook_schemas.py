"""The JSON shapes of webhooks: what bodies must look like, and what answers do look like."""

from smsgw.api.notation import (
    PAGINATION,
    Schema,
    answer,
    body,
    dictionary,
    flag,
    listing,
    number,
    or_null,
    reference,
    text,
    time,
    unless_empty,
)
from smsgw.model import DeliveryState, EventKind
from smsgw.rendering import HIDDEN

_KINDS = [kind.value for kind in EventKind]

_SECRET = text("What its requests are signed with (Standard Webhooks); shown only now")

_WEBHOOK: dict[str, Schema] = {
    "id": text("24 hex digits; what callback_id names"),
    "name": text("Its name"),
    "url": text("Where it is"),
    "events": listing(text("What it is told of", enum=_KINDS)),
    "headers": dictionary("What each request carries besides; values are not shown", text(HIDDEN)),
    "is_active": flag("Whether it is told anything"),
    "error": or_null(text("Why the gateway has switched it off")),
    "waiting": number("How much it has not been told yet"),
    "old_secret_until": or_null(time("Until when requests are signed with the secret before as well")),
    "created_at": time("When it was made"),
}

_ATTEMPT: dict[str, Schema] = {
    "status": or_null(number("HTTP status of the answer; null: there was none")),
    "error": or_null(text("Why it counts as failed; null: it does not")),
}

_FIELDS: dict[str, Schema] = {
    "name": text(
        "A name of its own, 1 to 64 printable characters", minLength=1, maxLength=64, **{"x-error-code": 2021}
    ),
    "url": text(
        "Where it is: http or https, without name and password; redirects are not followed",
        pattern="^[Hh][Tt][Tt][Pp][Ss]?://",
        maxLength=2_048,
        **{"x-error-code": 2022},
    ),
    "events": listing({"type": "string", "enum": _KINDS})
    | {"description": "What it is told of, at least one", "x-error-code": 2023},
    "headers": or_null(
        dictionary(
            f"What each request carries besides, at most 16; {HIDDEN} leaves the value of one as it is",
            {"type": "string"},
            **{"x-error-code": 2024},
        )
    ),
}

WEBHOOK_SCHEMAS: dict[str, Schema] = {
    "WebhookRequest": body(
        ["name", "url", "events"],
        **_FIELDS,
        is_active=unless_empty(flag("Whether it is told anything", default=True), 2009),
    ),
    "WebhookEdit": body(
        [],
        **{name: or_null(field) if field["type"] in ("string", "array") else field for name, field in _FIELDS.items()},
        is_active=unless_empty(flag("Whether it is told anything"), 2009),
        rotate_secret=unless_empty(
            flag("Gives it a new secret; for a day requests are signed with the one before as well", default=False),
            2025,
        ),
    ),
    "Webhook": answer(**_WEBHOOK),
    "NewWebhook": answer(**_WEBHOOK, secret=_SECRET),
    "ChangedWebhook": {"anyOf": [reference("Webhook"), reference("NewWebhook")]},
    "WebhookList": answer(webhooks=listing(reference("Webhook"))),
    "TestResult": answer(
        delivered=flag("Whether it has confirmed it"),
        **_ATTEMPT,
        answer=text("The first bytes of its answer"),
        duration_ms=number("How long it took, milliseconds"),
    ),
    "Delivery": answer(
        id=text("24 hex digits"),
        event_id=text("What its requests have as webhook-id, 24 hex digits"),
        type=text("What happened", enum=_KINDS),
        subject=text("Id of the message or the device that it is about"),
        state=text(
            "waiting: to be tried, or tried again; parked: given up after three days",
            enum=[state.value for state in DeliveryState],
        ),
        attempts=number("How often it was tried"),
        next_attempt_at=or_null(time("When it is tried next; null: after others about the same, or never")),
        attempted_at=or_null(time("When it was tried last")),
        **_ATTEMPT,
        answer=or_null(text("The first bytes of the last answer")),
        duration_ms=or_null(number("How long the last attempt took, milliseconds")),
        timestamp=time("When it happened"),
    ),
    "DeliveryPage": answer(pagination=PAGINATION, deliveries=listing(reference("Delivery"))),
}
