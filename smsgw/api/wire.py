"""How answers look on the wire: lists and details around the objects of the contract.

Knows the facts that are shown; knows neither requests nor where the facts come from.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from smsgw.errors import Language
from smsgw.gsm.pdu import status_meaning
from smsgw.model import (
    Answer,
    Attempt,
    CanaryReport,
    Delivery,
    DeliveryPage,
    InboundPage,
    MessageDetail,
    MessagePage,
    Part,
    Preview,
    Refusal,
    ReportPage,
    Route,
    Status,
    TimelineEntry,
    UnmatchedReport,
    UssdAnswer,
    Webhook,
)
from smsgw.rendering import HIDDEN, encode, inbound, message, optional_timestamp, timestamp


def respond(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=encode(content), status=status, headers=headers, content_type="application/json")


def no_content() -> web.Response:
    """Answer that it is done and there is nothing to show."""
    return web.Response(status=204)


def error(code: int, text: str, request_id: str) -> dict[str, Any]:
    """Render the body that every error has."""
    return {"errors": {"code": code, "message": text, "hash": request_id}}


# ── messages ──


def preview(shown: Preview, ready: Route | None) -> dict[str, Any]:
    """Render what would become of a message that `ready`, or later one of its other routes, would send."""
    route = ready or shown.routes[0]
    return {
        "encoding": shown.encoding,
        "parts": shown.parts,
        "device_id": route.device,
        "to_sim": route.slot,
        "sim": route.sim,
        "send_at": timestamp(route.ready_at) if ready else None,
    }


def batch(results: list[str | Refusal], request_id: str, language: Language) -> dict[str, Any]:
    """Render what became of each message of a batch."""
    return {"results": [_result(one, request_id, language) for one in results]}


def _result(shown: str | Refusal, request_id: str, language: Language) -> dict[str, Any]:
    return {"id": shown} if isinstance(shown, str) else error(shown.code, shown.text.in_language(language), request_id)


def page(shown: MessagePage, limit: int, number: int, language: Language) -> dict[str, Any]:
    """Render one page of the list of messages."""
    return {
        "pagination": {"total_records": shown.total, "limit": limit, "offset": number},
        "sms_list": [message(one, language) for one in shown.messages],
    }


def detail(shown: MessageDetail, language: Language) -> dict[str, Any]:
    """Render the message object with all that is known about it."""
    return message(shown.message, language) | {
        "encoding": shown.encoding,
        "parts": [_part(one) for one in shown.parts],
        "priority": shown.priority,
        "flash": shown.flash,
        "on_uncertain": shown.on_uncertain,
        "attempts": shown.attempts,
        "expires_at": timestamp(shown.expires_at),
        "not_before": optional_timestamp(shown.not_before),
        "device": shown.device,
        "sim": shown.sim,
        "error": _error(shown),
        "timeline": [_timeline_entry(one) for one in shown.timeline],
    }


def _error(shown: MessageDetail) -> dict[str, str] | None:
    status = shown.message.status
    if status not in (Status.SEND_ERROR, Status.DELIVERY_ERROR):
        return None
    last = next(entry for entry in reversed(shown.timeline) if entry.status is status)
    return {"reason": last.reason.value, "detail": last.detail}


def _timeline_entry(shown: TimelineEntry) -> dict[str, Any]:
    return {
        "at": timestamp(shown.at),
        "status": int(shown.status),
        "reason": shown.reason.value,
        "detail": shown.detail,
    }


def _part(shown: Part) -> dict[str, Any]:
    return {
        "number": shown.number,
        "state": shown.state.value,
        "accepted_at": optional_timestamp(shown.accepted_at),
        "reported_at": optional_timestamp(shown.reported_at),
        "report_status": shown.report_status,
        "attempts": [_attempt(one) for one in shown.attempts],
    }


def _attempt(shown: Attempt) -> dict[str, Any]:
    return {
        "device": shown.device,
        "sim": shown.sim,
        "submitted_at": timestamp(shown.submitted_at),
        "ended_at": optional_timestamp(shown.ended_at),
        "outcome": shown.outcome,
        "reference": shown.reference,
        "detail": shown.detail,
    }


def inbound_page(shown: InboundPage, limit: int, number: int) -> dict[str, Any]:
    """Render one page of the inbox."""
    return {
        "pagination": {"total_records": shown.total, "limit": limit, "offset": number},
        "inbox_list": [inbound(one) for one in shown.messages],
    }


def report_page(shown: ReportPage, limit: int, number: int) -> dict[str, Any]:
    """Render one page of the reports that matched no message."""
    return {
        "pagination": {"total_records": shown.total, "limit": limit, "offset": number},
        "reports": [_unmatched(one) for one in shown.reports],
    }


def _unmatched(shown: UnmatchedReport) -> dict[str, Any]:
    report = shown.report
    return {
        "received_at": timestamp(shown.received_at),
        "sim": shown.sim,
        "phone_number": report.recipient.removeprefix("+"),
        "reference": report.reference,
        "service_centre_time": optional_timestamp(report.service_centre_time),
        "report_status": report.status,
        "meaning": status_meaning(report.status),
    }


# ── devices ──


def canary(shown: CanaryReport) -> dict[str, Any]:
    """Render how it stands with a canary."""
    return {
        "name": shown.name,
        "state": shown.state.value,
        "reason": shown.why or None,
        "last_sent": optional_timestamp(shown.last_sent),
        "last_arrived": optional_timestamp(shown.last_arrived),
        "seconds": shown.seconds,
        "delivered_seconds": shown.delivered_seconds,
    }


def ussd(shown: UssdAnswer, device: str, slot: int) -> dict[str, Any]:
    """Render what the network has said through a device."""
    return {
        "text": shown.text,
        "state": shown.state.value,
        "session": shown.session,
        "device_id": device,
        "to_sim": slot,
    }


# ── webhooks ──


def webhook(shown: Webhook, waiting: int) -> dict[str, Any]:
    """Render a webhook that has not been told so much yet; values of its headers are secrets."""
    return {
        "id": shown.id,
        "name": shown.name,
        "url": shown.url,
        "events": sorted(kind.value for kind in shown.events),
        "headers": dict.fromkeys(shown.headers, HIDDEN),
        "is_active": shown.is_active,
        "error": shown.error,
        "waiting": waiting,
        "old_secret_until": optional_timestamp(shown.old_secret_until),
        "created_at": timestamp(shown.created_at),
    }


def test_result(shown: Answer) -> dict[str, Any]:
    """Render what came of a test."""
    return {"delivered": shown.error is None, **_answer(shown)}


def delivery_page(shown: DeliveryPage, limit: int, number: int) -> dict[str, Any]:
    """Render one page of what a webhook was or is to be told."""
    return {
        "pagination": {"total_records": shown.total, "limit": limit, "offset": number},
        "deliveries": [delivery(one) for one in shown.deliveries],
    }


def delivery(shown: Delivery) -> dict[str, Any]:
    """Render how far the telling of one event has come."""
    return {
        "id": shown.id,
        "event_id": shown.event.id,
        "type": shown.event.kind.value,
        "subject": shown.event.subject,
        "state": shown.state.value,
        "attempts": shown.attempts,
        "next_attempt_at": optional_timestamp(shown.due_at),
        "attempted_at": optional_timestamp(shown.attempted_at),
        **_answer(shown.answer),
        "timestamp": timestamp(shown.event.at),
    }


def _answer(shown: Answer | None) -> dict[str, Any]:
    if shown is None:
        return dict.fromkeys(("status", "error", "answer", "duration_ms"))
    return {"status": shown.status, "error": shown.error, "answer": shown.text, "duration_ms": shown.took_ms}
