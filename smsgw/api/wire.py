"""How answers look on the wire: JSON in UTF-8, RFC 3339 times, the keys of the contract in its order.

Knows the facts that are shown; knows neither requests nor where the facts come from.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from smsgw.config import SimConfig
from smsgw.errors import Language
from smsgw.gsm.pdu import status_meaning
from smsgw.model import (
    STATUS_TEXTS,
    Attempt,
    Balance,
    CanaryReport,
    Device,
    Inbound,
    InboundPage,
    Indication,
    LiveModem,
    Message,
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
)

DEVICE_TYPE = "GSM modem"

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def respond(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON; half a surrogate pair, which UTF-8 cannot carry, becomes a question mark."""
    body = _encoder.encode(content).encode("utf-8", "replace")
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def no_content() -> web.Response:
    """Answer that it is done and there is nothing to show."""
    return web.Response(status=204)


def timestamp(milliseconds: int) -> str:
    """Write a time in Unix milliseconds as RFC 3339, UTC, with milliseconds."""
    seconds, rest = divmod(milliseconds, 1_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _optional(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else timestamp(milliseconds)


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


def message(shown: Message, language: Language) -> dict[str, Any]:
    """Render the message object; exactly the contract's nine keys."""
    return {
        "id": shown.id,
        "message": shown.text,
        "status": int(shown.status),
        "callback_id": shown.callback_id,
        "device_id": shown.device_id,
        "phone_number": shown.phone_number,
        "message_status": STATUS_TEXTS[language][shown.status],
        "time_create": shown.created_at // 1_000,
        "to_sim": shown.to_sim,
    }


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
        "not_before": _optional(shown.not_before),
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
        "accepted_at": _optional(shown.accepted_at),
        "reported_at": _optional(shown.reported_at),
        "report_status": shown.report_status,
        "attempts": [_attempt(one) for one in shown.attempts],
    }


def _attempt(shown: Attempt) -> dict[str, Any]:
    return {
        "device": shown.device,
        "sim": shown.sim,
        "submitted_at": timestamp(shown.submitted_at),
        "ended_at": _optional(shown.ended_at),
        "outcome": shown.outcome,
        "reference": shown.reference,
        "detail": shown.detail,
    }


def inbound(shown: Inbound) -> dict[str, Any]:
    """Render an incoming message: the keys that it shares with messages, then what is special about some."""
    content = shown.content
    return {
        "id": shown.id,
        "message": content.text,
        "phone_number": content.sender,
        "device_id": shown.device_id,
        "sim": shown.sim,
        "time_create": shown.created_at // 1_000,
        "time_sent": None if content.sent_at is None else content.sent_at // 1_000,
        "kind": content.kind.value,
        "data": None if content.data is None else content.data.hex().upper(),
        "port": content.port,
        "flash": content.is_flash,
        "missing_parts": list(content.missing),
        "indications": [_indication(one) for one in content.indications],
    }


def _indication(shown: Indication) -> dict[str, Any]:
    return {"what": shown.what, "is_active": shown.is_active, "count": shown.count}


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
        "service_centre_time": _optional(report.service_centre_time),
        "report_status": report.status,
        "meaning": status_meaning(report.status),
    }


# ── devices ──


def device(shown: Device, live: LiveModem, sims: tuple[SimConfig, ...], now: int) -> dict[str, Any]:
    """Render the device object: the service's keys, then ours; `now` in Unix milliseconds."""
    standstill = live.standstill_at(now)
    return {
        "device_id": shown.id,
        # A modem on mains power reports no battery, and clients warn about an empty one.
        "device_battery_state": 100 if live.battery_percent is None else live.battery_percent,
        "device_name": shown.name,
        "is_active": shown.is_active,
        "is_charging": live.is_charging,
        "last_online_date": _optional(now if live.online else shown.last_online_at),
        "device_name_type": DEVICE_TYPE,
        "low_battery_alert": False,
        "to_sim": sims[0].slot,
        "sim_list": [{"slot_index": sim.slot, "display_name": sim.name or f"SIM {sim.slot}"} for sim in sims],
        "state": live.state.value,
        "signal_dbm": live.signal_dbm,
        "operator": live.operator,
        "registration": live.registration,
        "imei": shown.imei,
        "error": live.trouble or (standstill.detail if standstill else None),
        "waits_until": timestamp(standstill.until) if standstill else None,
        "slot": live.slot,
        "balances": [_balance(sim, live.balances.get(sim.slot, Balance())) for sim in sims if sim.balance_code],
    }


def _balance(sim: SimConfig, known: Balance) -> dict[str, Any]:
    return {
        "slot_index": sim.slot,
        "balance": known.value,
        "told_at": _optional(known.at),
        "error": known.error,
    }


def canary(shown: CanaryReport) -> dict[str, Any]:
    """Render how it stands with a canary."""
    return {
        "name": shown.name,
        "state": shown.state.value,
        "reason": shown.why or None,
        "last_sent": _optional(shown.last_sent),
        "last_arrived": _optional(shown.last_arrived),
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
