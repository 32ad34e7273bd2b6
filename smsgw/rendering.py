"""How messages, incoming messages and devices look in JSON: the keys of the contract in its order, RFC 3339 times.

Knows the facts that are shown; knows neither who asks nor how the answer travels.
"""

import json
from datetime import UTC, datetime
from typing import Any, TypeAlias

from smsgw.config import SimConfig
from smsgw.errors import Language
from smsgw.model import STATUS_TEXTS, Balance, Device, Event, EventKind, Inbound, Indication, LiveModem, Message

DEVICE_TYPE = "GSM modem"
# Stands for what is not shown to anybody.
HIDDEN = "***"

Object: TypeAlias = dict[str, Any]

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(content: object) -> bytes:
    """Write JSON in UTF-8; half a surrogate pair, which that cannot carry, becomes a question mark."""
    return _encoder.encode(content).encode("utf-8", "replace")


def timestamp(milliseconds: int) -> str:
    """Write a time in Unix milliseconds as RFC 3339, UTC, with milliseconds."""
    seconds, rest = divmod(milliseconds, 1_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional_timestamp(milliseconds: int | None) -> str | None:
    """Write a time that may be unknown."""
    return None if milliseconds is None else timestamp(milliseconds)


def message(shown: Message, language: Language) -> Object:
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


def inbound(shown: Inbound) -> Object:
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


def _indication(shown: Indication) -> Object:
    return {"what": shown.what, "is_active": shown.is_active, "count": shown.count}


def device(shown: Device, live: LiveModem, sims: tuple[SimConfig, ...], now: int) -> Object:
    """Render the device object: the contract's keys, then those of a modem; `now` in Unix milliseconds."""
    standstill = live.standstill_at(now)
    return {
        "device_id": shown.id,
        # A modem on mains power reports no battery, and clients warn about an empty one.
        "device_battery_state": 100 if live.battery_percent is None else live.battery_percent,
        "device_name": shown.name,
        "is_active": shown.is_active,
        "is_charging": live.is_charging,
        "last_online_date": optional_timestamp(now if live.online else shown.last_online_at),
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


def _balance(sim: SimConfig, known: Balance) -> Object:
    return {
        "slot_index": sim.slot,
        "balance": known.value,
        "told_at": optional_timestamp(known.at),
        "error": known.error,
    }


def event(shown: Event, language: Language) -> Object:
    """Render what happened: what kind of thing, when, and the object as it was then."""
    data = json.loads(shown.data)
    if shown.kind is EventKind.SMS_STATUS:
        data["message_status"] = STATUS_TEXTS[language][data["status"]]
    return {"type": shown.kind.value, "timestamp": timestamp(shown.at), "data": data}
