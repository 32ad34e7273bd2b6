"""The OpenAPI 3.1 document of the API, served as it is."""

from typing import Any

from smsgw import __version__
from smsgw.api.failures import HTTP_STATUS
from smsgw.api.notation import reference
from smsgw.api.schemas import SCHEMAS
from smsgw.model import DeliveryState

# What any guarded call may be answered with.
_ALWAYS = (1000, 1002, 1003, 4001, 4004)
_OF_A_BODY = (1001, 4002)


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": reference(schema)}}


def _success(description: str, schema: str | None, status: int) -> dict[str, Any]:
    if schema is None:
        return {"204": {"description": description}}
    return {str(status): {"description": description, "content": _content(schema)}}


def _failures(codes: tuple[int, ...]) -> dict[str, Any]:
    by_status: dict[int, list[int]] = {}
    for code in sorted(codes):
        by_status.setdefault(HTTP_STATUS[code], []).append(code)
    return {
        str(status): {"description": f"Codes {', '.join(map(str, listed))}", "content": _content("Error")}
        for status, listed in sorted(by_status.items())
    }


def _call(
    summary: str,
    description: str,
    answer: str | None,
    codes: tuple[int, ...],
    *,
    body: str | None = None,
    parameters: tuple[dict[str, Any], ...] = (),
    status: int = 200,
) -> dict[str, Any]:
    possible = _ALWAYS + codes + (_OF_A_BODY if body else ())
    responses = _success(description, answer, status) | _failures(possible)
    call: dict[str, Any] = {"summary": summary, "responses": responses}
    if body:
        call["requestBody"] = {"required": True, "content": _content(body)}
    if parameters:
        call["parameters"] = list(parameters)
    return call


def _open(summary: str, description: str, **content: Any) -> dict[str, Any]:
    return {"summary": summary, "security": [], "responses": {"200": {"description": description} | content}}


def _in_query(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


_IN_PATH = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-fA-F]{24}$"}}

_PAGING = (
    _in_query("limit", "How many on a page", required=True, type="integer", minimum=1, maximum=100),
    _in_query("offset", "Number of the page", type="integer", minimum=1, default=1),
)
_SEARCHING = (
    *_PAGING,
    _in_query("search", "Part of the text, of the number or of the status in words; any case", type="string"),
)
_SEARCHING_INBOX = (*_PAGING, _in_query("search", "Part of the text or of the sender; any case", type="string"))

_SEND_CODES = (1004, 1005, 1006, 1015, 1016, 1017, 2001, 2002, 2004, 2005, 2008, *range(2010, 2016), 2017, 3000, 4005)
_USSD_CODES = (1012, 1013, 1018, 1019, 1020, 2005, 2008, 2018, 2019, 2020, 4006, 4007, 4008)
_BATCH_CODES = (1005, 2015, 2016, 3000, 4005)
_WEBHOOK_CODES = (2009, 2021, 2022, 2023, 2024)
_OF_A_WEBHOOK = (1021, 1022, 2003)

_OF_A_STATE = _in_query(
    "state", "Only what has come so far", type="string", enum=[state.value for state in DeliveryState]
)

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat under the same key within 24 hours is answered as the first request was and sends nothing",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_HEALTH = _open(
    "Whether the gateway can send", "It can; reasons tell what is wrong in part", content=_content("Health")
)
_HEALTH["responses"]["503"] = {
    "description": "The storage does not answer, or no device can send",
    "content": _content("Health"),
}

_STREAM: dict[str, Any] = {
    "summary": "Follow what happens: changes of status (right sms:read), incoming messages (inbox:read), devices "
    "(devices:read)",
    "parameters": [
        _in_query("types", "Only these: sms.status, sms.received, device.status, with commas between", type="string"),
        _in_query("last_event_id", "As Last-Event-ID, for those who cannot set a header", type="string"),
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "The stream goes on right after this event; absent: it begins now",
            "schema": {"type": "string"},
        },
    ],
    "responses": {
        "200": {
            "description": "Server-Sent Events, until the client leaves; data is the JSON that webhooks are sent. One "
            "named gap says that it is not known what was missed",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
    | _failures((*_ALWAYS, 1007, 1011, 2027)),
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "smsgw",
        "version": __version__,
        "description": "Send and receive short messages through GSM modems. Unknown fields are ignored; a JSON body is "
        "read whatever its Content-Type.",
    },
    "servers": [{"url": "/"}, {"url": "/v1"}],
    "security": [{"token": []}],
    "paths": {
        "/sms/send": {
            "post": _call(
                "Send a message",
                "Stored durably; with dry_run, what would become of it",
                "SentOrPreview",
                _SEND_CODES,
                body="SendRequest",
                parameters=(_IDEMPOTENCY_KEY,),
            ),
        },
        "/sms/send/batch": {
            "post": _call(
                "Send up to 1,000 messages",
                "What became of each; what was taken is stored durably",
                "BatchResults",
                _BATCH_CODES,
                body="BatchRequest",
                parameters=(_IDEMPOTENCY_KEY,),
            ),
        },
        "/sms/get": {
            "post": _call("Read a message", "The message", "Message", (1007, 1008, 2003), body="MessageId"),
        },
        "/sms/del": {
            "delete": _call("Delete a message", "Deleted", None, (1008, 1009, 1010, 2003), body="MessageId"),
        },
        "/sms": {
            "get": _call("List messages", "Newest first", "MessagePage", (1007, 2006, 2007), parameters=_SEARCHING),
        },
        "/sms/{id}": {
            "get": _call(
                "Read all about a message",
                "The message with its parts, attempts and history",
                "MessageDetail",
                (1007, 1008, 2003),
                parameters=(_IN_PATH,),
            ),
        },
        "/inbox": {
            "get": _call(
                "List incoming messages",
                "Newest first",
                "InboundPage",
                (1007, 2006, 2007),
                parameters=_SEARCHING_INBOX,
            ),
        },
        "/inbox/get": {
            "post": _call("Read an incoming message", "The message", "Inbound", (1007, 1008, 2003), body="MessageId"),
        },
        "/inbox/del": {
            "delete": _call("Delete an incoming message", "Deleted", None, (1008, 1009, 2003), body="MessageId"),
        },
        "/reports": {
            "get": _call(
                "List status reports that matched no message",
                "Newest first",
                "ReportPage",
                (1007, 2006, 2007),
                parameters=_PAGING,
            ),
        },
        "/devices": {"get": _call("List devices", "All devices", "DeviceList", (1011,))},
        "/devices/get/info": {
            "post": _call("Read a device", "The device", "Device", (1011, 1012, 2005), body="DeviceId"),
        },
        "/devices/edit": {
            "post": _call("Switch a device", "Switched", None, (1012, 1013, 2005, 2009), body="DeviceEdit"),
        },
        "/devices/del": {
            "post": _call("Delete a device", "Deleted for good", None, (1012, 1014, 2005), body="DeviceId"),
        },
        "/devices/ussd": {
            "post": _call(
                "Dial a USSD code, or reply in its session; it may cost money, and takes the right devices:edit",
                "What the network says, within two minutes; a client that goes away ends the session",
                "UssdAnswer",
                _USSD_CODES,
                body="UssdRequest",
            ),
        },
        "/events": {"get": _STREAM},
        "/webhooks": {
            "get": _call("List webhooks", "Oldest first", "WebhookList", (1021,)),
            "post": _call(
                "Make a webhook",
                "The webhook, with its secret for the only time",
                "NewWebhook",
                (1021, 1024, *_WEBHOOK_CODES),
                body="WebhookRequest",
                status=201,
            ),
        },
        "/webhooks/{id}": {
            "get": _call("Read a webhook", "The webhook", "Webhook", _OF_A_WEBHOOK, parameters=(_IN_PATH,)),
            "patch": _call(
                "Change of a webhook what is given; null leaves a field as it is",
                "The webhook, after rotate_secret with its new secret for the only time",
                "ChangedWebhook",
                (*_OF_A_WEBHOOK, *_WEBHOOK_CODES, 2025),
                body="WebhookEdit",
                parameters=(_IN_PATH,),
            ),
            "delete": _call(
                "Delete a webhook with all that it was or was to be told",
                "Deleted",
                None,
                _OF_A_WEBHOOK,
                parameters=(_IN_PATH,),
            ),
        },
        "/webhooks/{id}/test": {
            "post": _call(
                "Tell a webhook at once that this is a test, also one that is switched off",
                "What came of it, within a quarter of a minute",
                "TestResult",
                _OF_A_WEBHOOK,
                parameters=(_IN_PATH,),
            ),
        },
        "/webhooks/{id}/deliveries": {
            "get": _call(
                "List what a webhook was or is to be told",
                "Newest first",
                "DeliveryPage",
                (*_OF_A_WEBHOOK, 2006, 2007, 2026),
                parameters=(_IN_PATH, *_PAGING, _OF_A_STATE),
            ),
        },
        "/webhooks/deliveries/{id}/retry": {
            "post": _call(
                "Let a delivery be tried at once, whatever became of it",
                "The delivery",
                "Delivery",
                (1021, 1023, 2003),
                parameters=(_IN_PATH,),
            ),
        },
        "/health": {"get": _HEALTH},
        "/openapi.json": {"get": _open("This document", "OpenAPI 3.1", content={"application/json": {}})},
    },
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
}
