"""The JSON shapes of the API: what bodies must look like, and what answers do look like.

Request bodies are checked from these very schemas; `x-error-code` names the error that a wrong field is answered with.
"""

from smsgw.api.notation import (
    ID as _ID,
    PAGINATION as _PAGINATION,
    Schema,
    answer as _answer,
    body as _body,
    flag as _flag,
    listing as _list,
    number as _number,
    optional_id as _optional_id,
    or_null as _or_null,
    reference,
    text as _text,
    time as _time,
    unless_empty as _unless_empty,
)
from smsgw.api.webhook_schemas import WEBHOOK_SCHEMAS
from smsgw.config import LONGEST_TTL_S, UNCERTAIN
from smsgw.gsm.pdu import WaitingKind
from smsgw.gsm.text import Encoding
from smsgw.model import DEFAULT_PRIORITY, CanaryState, DeviceState, InboundKind, PartState, Reason, Status, UssdState

MAX_BATCH = 1_000

# Beyond any slot, and within what every client's integers hold.
_INT32 = 2**31
_RFC_3339 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_YEAR_10000 = 253_402_300_800  # in Unix seconds

_MESSAGE_ID = _text("Id of the message", pattern=f"^{_ID}$", **{"x-error-code": 2003})

_DEVICE_IDS: dict[str, Schema] = {
    "device_id": _or_null(_text("Id of the device", pattern=f"^({_ID})?$", **{"x-error-code": 2005})),
    "id": _or_null(_text("The same, under its older name", pattern=f"^({_ID})?$", **{"x-error-code": 2005})),
}
_ONE_DEVICE = {
    "anyOf": [{"properties": {key: {"type": "string", "minLength": 1}}, "required": [key]} for key in _DEVICE_IDS]
}

_STATUSES = ", ".join(f"{status.value} {status.name.lower().replace('_', ' ')}" for status in Status)

_MESSAGE: dict[str, Schema] = {
    "id": _text("24 hex digits"),
    "message": _text("The text"),
    "status": _number(_STATUSES, enum=[status.value for status in Status]),
    "callback_id": _text("Webhook asked for, or empty"),
    "device_id": _text("Device asked for, or empty"),
    "phone_number": _text("Recipient, digits"),
    "message_status": _text("The status in words, in the configured language"),
    "time_create": _number("Unix seconds"),
    "to_sim": _or_null(_number("SIM slot asked for")),
}

_ATTEMPT = _answer(
    device=_text("Device that made it"),
    sim=_text("SIM that made it (ICCID)"),
    submitted_at=_time("When it was put on the wire"),
    ended_at=_or_null(_time("When its outcome was known")),
    outcome=_text("open, accepted, refused, not_sent or unknown"),
    reference=_or_null(_number("Message reference given by the network (TP-MR)")),
    detail=_text("What the modem said"),
)

_PART = _answer(
    number=_number("From 1"),
    state=_text("State of this part", enum=[state.value for state in PartState]),
    accepted_at=_or_null(_time("When the network took it")),
    reported_at=_or_null(_time("When a status report came")),
    report_status=_or_null(_number("Status in the report (TP-ST, 3GPP TS 23.040 §9.2.3.15)")),
    attempts=_list(_ATTEMPT),
)

_REASON = _text("Why", enum=[reason.value for reason in Reason])

_TIMELINE_ENTRY = _answer(
    at=_time("When"), status=_MESSAGE["status"], reason=_REASON, detail=_text("More about it, or empty")
)

_SIM = _answer(slot_index=_number("Slot, as to_sim takes it"), display_name=_text("Name"))

_BALANCE = _answer(
    slot_index=_number("Slot, as to_sim takes it"),
    balance=_or_null({"type": "number", "description": "Money on the SIM; null while it is not known"}),
    told_at=_or_null(_time("When its operator said so")),
    error=_or_null(_text("Why the last check was in vain")),
)

_CANARY = _answer(
    name=_text("Name of its section in the configuration"),
    state=_text(
        "waiting: on its way, or none was sent yet; ok: arrived; late: arrived after it had counted as lost; "
        "lost: did not arrive in time; not_sent. What is wrong stands until another one has come to an end",
        enum=[state.value for state in CanaryState],
    ),
    reason=_or_null(_text("Why it was not sent, such as expired, quiet_hours or switched_off; null: it was")),
    last_sent=_or_null(_time("When the last one was put on the wire")),
    last_arrived=_or_null(_time("When one arrived last")),
    seconds=_or_null(_number("How long the last that was sent took to arrive; null: not known", type="number")),
    delivered_seconds=_or_null(
        _number("How long it took until a report said that it was delivered; null: none did", type="number")
    ),
)

SCHEMAS: dict[str, Schema] = {
    "SendRequest": _body(
        ["message", "phone_number"],
        message=_text("Any Unicode text", minLength=1, **{"x-error-code": 2002}),
        phone_number=_text(
            "3 to 20 digits; one leading + is dropped", pattern=r"^\+?[0-9]{3,20}$", **{"x-error-code": 2001}
        ),
        device_id=_optional_id("Device that must send it", 2005),
        to_sim=_unless_empty(
            _number("SIM slot that must send it; empty, null or absent: any", minimum=-_INT32, maximum=_INT32 - 1),
            2008,
        ),
        callback_id=_optional_id("Webhook to tell about it", 2004),
        priority=_unless_empty(
            _number("0 to 9, higher goes first", minimum=0, maximum=9, default=DEFAULT_PRIORITY), 2010
        ),
        ttl=_unless_empty(
            _number(
                "Seconds it is worth sending, and its validity period in the network; absent: as configured",
                minimum=1,
                maximum=LONGEST_TTL_S,
            ),
            2011,
        ),
        send_at={
            "type": ["integer", "string", "null"],
            "description": "Not sent before this: Unix seconds, or RFC 3339 with an offset; the ttl begins then",
            "minimum": 0,
            "maximum": _YEAR_10000 - 1,
            "pattern": f"^({_RFC_3339})?$",
            "x-error-code": 2012,
        },
        flash=_unless_empty(_flag("Shown at once and not kept by the phone (class 0)", default=False), 2013),
        on_uncertain=_or_null(
            _text(
                "What to do when its outcome stays unknown; absent: as configured",
                enum=[*UNCERTAIN, "", None],
                **{"x-error-code": 2014},
            )
        ),
        dry_run=_unless_empty(_flag("Tell what would become of it; nothing is stored", default=False), 2017),
    ),
    "MessageId": _body(["id"], id=_MESSAGE_ID),
    "DeviceId": _body([], **_DEVICE_IDS) | _ONE_DEVICE,
    "DeviceEdit": _body([], **_DEVICE_IDS, is_active=_flag("Absent: false", **{"x-error-code": 2009})) | _ONE_DEVICE,
    "UssdRequest": _body(
        [],
        **_DEVICE_IDS,
        to_sim=_unless_empty(_number("SIM slot that must send it", minimum=-_INT32, maximum=_INT32 - 1), 2008),
        code=_or_null(
            _text(
                "What to dial: digits, *, # and +; with session, the reply, any text that fits into one USSD string",
                maxLength=182,
                **{"x-error-code": 2018},
            )
        ),
        session=_or_null(
            _text(
                "The session that this replies to, or is to end", pattern="^([0-9a-f]{12})?$", **{"x-error-code": 2019}
            )
        ),
        cancel=_unless_empty(_flag("Ends the session instead of replying", default=False), 2020),
    )
    | _ONE_DEVICE,
    "UssdAnswer": _answer(
        text=_text("What the network says; may be empty"),
        state=_text(
            "needs_reply: it waits for a reply, about a minute long, and the device sends nothing meanwhile",
            enum=[state.value for state in UssdState],
        ),
        session=_or_null(_text("What a reply names; null where none is wanted")),
        device_id=_text("Device that dialled"),
        to_sim=_number("SIM slot that dialled"),
    ),
    "BatchRequest": _body(
        ["messages"],
        messages=_list(reference("SendRequest"))
        | {"minItems": 1, "maxItems": MAX_BATCH, "x-error-code": 2016, "description": "Each as for /sms/send"},
    ),
    "BatchResults": _answer(
        results=_list({"oneOf": [reference("Sent"), reference("Error")]})
        | {"description": "For each message, in order: its id, or what is wrong with it"},
    ),
    "SentOrPreview": {"oneOf": [reference("Sent"), reference("Preview")]},
    "Preview": _answer(
        encoding=_text("How the text would be coded", enum=[Encoding.GSM7.value, Encoding.UCS2.value]),
        parts=_number("Into how many parts it would be split"),
        device_id=_text("Device that would send it"),
        to_sim=_number("SIM slot that would send it"),
        sim=_or_null(_text("SIM seen there last (ICCID)")),
        send_at=_or_null(_time("When it would be sent; null: once the device is ready")),
    ),
    "Sent": _answer(id=_text("Id of the new message, 24 hex digits")),
    "Message": _answer(**_MESSAGE),
    "MessageDetail": _answer(
        **_MESSAGE,
        encoding=_text("How the text is coded", enum=[Encoding.GSM7.value, Encoding.UCS2.value]),
        parts=_list(_PART),
        priority=_number("0 to 9, higher goes first"),
        flash=_flag("Whether it is shown at once and not kept"),
        on_uncertain=_or_null(_text("What is done when its outcome stays unknown; null: as configured")),
        attempts=_number("Attempts used"),
        expires_at=_time("Not sent after this"),
        not_before=_or_null(_time("Next attempt is not before this")),
        device=_or_null(_text("Device that took it last")),
        sim=_or_null(_text("SIM it is bound to (ICCID)")),
        error=_or_null(_answer(reason=_REASON, detail=_text("What went wrong"))),
        timeline=_list(_TIMELINE_ENTRY),
    ),
    "MessagePage": _answer(
        pagination=_PAGINATION,
        sms_list=_list(reference("Message")),
    ),
    "Inbound": _answer(
        id=_text("24 hex digits"),
        message=_text("The text; each part that never came leaves a mark such as [1/3 missing]; empty for binary data"),
        phone_number=_text("Sender: digits, or a name; empty where none is told"),
        device_id=_text("Device that received it"),
        sim=_text("SIM that received it (ICCID)"),
        time_create=_number("Unix seconds: when it was whole here"),
        time_sent=_or_null(_number("Unix seconds: when the service centre took it (its first part); null: not told")),
        kind=_text(
            "text; binary: octets for a program; unreadable: a TPDU that makes no sense, kept as it came",
            enum=[kind.value for kind in InboundKind],
        ),
        data=_or_null(_text("Hex digits: the octets of binary data, or the TPDU that cannot be read")),
        port=_or_null(_number("Application port that it is addressed to")),
        flash=_flag("Whether it was to be shown at once and not kept (class 0)"),
        missing_parts=_list(_number("Number of a part that never came, from 1")),
        indications=_list(
            _answer(
                what=_text("What waits elsewhere", enum=[kind.value for kind in WaitingKind]),
                is_active=_flag("Whether it waits; false: it no longer does"),
                count=_or_null(_number("How many, where told")),
            )
        ),
    ),
    "InboundPage": _answer(
        pagination=_PAGINATION,
        inbox_list=_list(reference("Inbound")),
    ),
    "ReportPage": _answer(
        pagination=_PAGINATION,
        reports=_list(
            _answer(
                received_at=_time("When it came"),
                sim=_text("SIM it came to (ICCID)"),
                phone_number=_text("Recipient that it names, digits"),
                reference=_number("Message reference (TP-MR)"),
                service_centre_time=_or_null(_time("When the service centre took the message")),
                report_status=_number("TP-ST, 3GPP TS 23.040 §9.2.3.15"),
                meaning=_text("What that means"),
            )
        ),
    ),
    "Device": _answer(
        device_id=_text("24 hex digits"),
        device_battery_state=_number("Percent; 100 where the modem reports none"),
        device_name=_text("Name of its section in the configuration"),
        is_active=_flag("Whether it is allowed to send"),
        is_charging=_flag("Whether it is on mains power"),
        last_online_date=_or_null(_time("When it last answered")),
        device_name_type=_text("GSM modem"),
        low_battery_alert=_flag("Always false"),
        to_sim=_number("The slot that is used when nothing waits for another one"),
        sim_list=_list(_SIM),
        state=_text("What it is doing right now", enum=[state.value for state in DeviceState]),
        signal_dbm=_or_null(_number("Received signal strength")),
        operator=_or_null(_text("Network it is registered in")),
        registration=_or_null(_text("State of the registration")),
        imei=_or_null(_text("IMEI")),
        error=_or_null(_text("What keeps it from sending, with what to do about it")),
        waits_until=_or_null(_time("Until when its SIM sends nothing: a limit, quiet hours, a pause or a rest")),
        slot=_or_null(_number("The slot in use right now; null, too, where several are in use at once")),
        balances=_list(_BALANCE),
    ),
    "DeviceList": _answer(devices=_list(reference("Device"))),
    "Health": _answer(
        status=_text("Whether all is well", enum=["ok", "degraded"]),
        reasons=_list(_text("What is not well")),
        version=_text("Version of the gateway"),
        canaries=_list(_CANARY),
    ),
    "Error": _answer(
        errors=_answer(
            code=_number("Code of the error"),
            message=_text("What is wrong and what to do about it, in the configured language"),
            hash=_text("Id of the request: 12 hex digits, also in X-Request-ID and in the log"),
        )
    ),
} | WEBHOOK_SCHEMAS
