"""The calls about messages."""

import asyncio
import json
import re

import pytest
from api_client import NOBODY, NUMBER, SIM, Api, opened, with_server

from smsgw.config import Config
from smsgw.errors import Language
from smsgw.model import SendRequest, Status
from support import NOON, Clock

MESSAGE_KEYS = [
    "id",
    "message",
    "status",
    "callback_id",
    "device_id",
    "phone_number",
    "message_status",
    "time_create",
    "to_sim",
]


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_the_example_of_the_page_is_accepted_to_the_letter(api: Api, prefix: str) -> None:
    raw = (
        b'{\n  "message": "My message",\n  "phone_number": "79999999999",\n  "device_id": "",\n  "to_sim": 1,\n'
        b'  "callback_id": ""\n}'
    )
    answer = await api.call("POST", f"{prefix}/sms/send", raw=raw)
    assert answer.status == 200
    assert list(answer.json) == ["id"]
    assert re.fullmatch("[0-9a-f]{24}", answer.json["id"])


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_a_message_is_read_deleted_and_gone(api: Api, prefix: str) -> None:
    id = (await api.call("POST", f"{prefix}/sms/send", {"message": "test", "phone_number": NUMBER})).json["id"]
    answer = await api.call("POST", f"{prefix}/sms/get", {"id": id})
    assert answer.status == 200
    assert list(answer.json.items()) == [
        ("id", id),
        ("message", "test"),
        ("status", 0),
        ("callback_id", ""),
        ("device_id", ""),
        ("phone_number", NUMBER),
        ("message_status", "Ждет обработки"),
        ("time_create", NOON // 1_000),
        ("to_sim", None),
    ]
    deleted = await api.call("DELETE", f"{prefix}/sms/del", {"id": id})
    assert (deleted.status, deleted.raw) == (204, b"")
    assert "Content-Type" not in deleted.headers
    assert (await api.call("POST", f"{prefix}/sms/get", {"id": id})).code == 1008
    assert (await api.call("DELETE", f"{prefix}/sms/del", {"id": id})).code == 1008


async def test_what_was_asked_for_is_echoed(api: Api) -> None:
    north = await api.device("north")
    id = await api.sent(device_id=north.upper(), to_sim=1)
    message = (await api.call("POST", "/sms/get", {"id": id.upper()})).json
    assert (message["device_id"], message["to_sim"]) == (north, 1)


@pytest.mark.parametrize("unset", ["", None, "absent"])
async def test_empty_null_and_absent_are_the_same(api: Api, unset: str | None) -> None:
    fields = {} if unset == "absent" else dict.fromkeys(("device_id", "to_sim", "callback_id"), unset)
    message = (await api.call("POST", "/sms/get", {"id": await api.sent(**fields)})).json
    assert (message["device_id"], message["to_sim"], message["callback_id"]) == ("", None, "")


async def test_unknown_fields_are_ignored(api: Api) -> None:
    await api.sent(unknown={"deep": [1, 2, {"x": None}]}, status=4, time_create=-1)


async def test_one_leading_plus_is_dropped(api: Api) -> None:
    id = await api.sent(phone_number="+79991112233")
    assert (await api.call("POST", "/sms/get", {"id": id})).json["phone_number"] == "79991112233"


@pytest.mark.parametrize(
    "text",
    ["Привет, мир", "🎉👨‍👩‍👧", "\0", "a\nb\r\n\t", "{code} %s \\ \"'", "€[]{}~^|\\", " ", "ё" * 335, "a" * 1_530],
)
async def test_any_text_comes_back_as_it_was_sent(api: Api, text: str) -> None:
    id = await api.sent(text)
    assert (await api.call("POST", "/sms/get", {"id": id})).json["message"] == text
    assert (await api.listed())["sms_list"][0]["message"] == text


async def test_cyrillic_is_never_escaped(api: Api) -> None:
    answer = await api.call("POST", "/sms/get", {"id": await api.sent("Привет")})
    assert "Привет".encode() in answer.raw
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x; charset=koi8-r"]
)
async def test_a_body_is_read_whatever_its_content_type(api: Api, content_type: str) -> None:
    body = {"message": "Привет", "phone_number": NUMBER}
    answer = await api.call("POST", "/sms/send", body, headers={"Content-Type": content_type})
    assert answer.status == 200


async def test_a_byte_order_mark_before_the_body_does_no_harm(api: Api) -> None:
    raw = b"\xef\xbb\xbf" + json.dumps({"message": "x", "phone_number": NUMBER}).encode()
    assert (await api.call("POST", "/sms/send", raw=raw)).status == 200


async def test_posts_at_the_same_time_are_all_stored_once(api: Api) -> None:
    ids = await asyncio.gather(*(api.sent(f"message {n}") for n in range(40)))
    assert len(set(ids)) == 40
    listed = await api.listed()
    assert {message["id"] for message in listed["sms_list"]} == set(ids)
    assert listed["pagination"] == {"total_records": 40, "limit": 100, "offset": 1}


async def test_the_status_is_told_in_the_configured_language(config: Config, clock: Clock) -> None:
    async with opened(with_server(config, language=Language.EN), clock) as api:
        await api.sent()
        assert (await api.listed())["sms_list"][0]["message_status"] == "Waiting"
        assert len(await api.texts("waiTING")) == 1
        assert await api.texts("ждет") == []


@pytest.mark.parametrize(
    "send_at",
    [
        1_772_366_430,
        "2026-03-01T12:00:30Z",
        "2026-03-01t15:00:30.000+03:00",
        "2026-03-01 11:30:30.0000001-00:30",
        "2026-03-01T12:00:30z",
    ],
)
async def test_a_message_may_be_put_off_in_any_usual_spelling_of_a_time(api: Api, send_at: object) -> None:
    id = await api.sent(send_at=send_at)  # type: ignore[arg-type]
    detail = (await api.call("GET", f"/sms/{id}")).json
    assert (detail["status"], detail["not_before"]) == (0, "2026-03-01T12:00:30.000Z")
    assert detail["expires_at"] == "2026-03-01T13:00:30.000Z"


async def test_wishes_are_shown_and_unset_ones_may_be_empty(api: Api) -> None:
    wishes = {"priority": 9, "ttl": 60, "flash": True, "on_uncertain": "resend"}
    id = await api.sent(**wishes)  # type: ignore[arg-type]
    detail = (await api.call("GET", f"/sms/{id}")).json
    assert (detail["priority"], detail["flash"], detail["on_uncertain"]) == (9, True, "resend")
    assert detail["expires_at"] == "2026-03-01T12:01:00.000Z"
    for unset in ("", None):
        assert (await api.send(**dict.fromkeys((*wishes, "send_at"), unset))).status == 200


# ── all about one message ──


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_a_new_message_shows_its_part_and_no_attempt(api: Api, prefix: str) -> None:
    id = await api.sent("Привет")
    detail = (await api.call("GET", f"{prefix}/sms/{id}")).json
    queue = ["priority", "flash", "on_uncertain", "attempts", "expires_at", "not_before"]
    assert list(detail) == [*MESSAGE_KEYS, "encoding", "parts", *queue, "device", "sim", "error", "timeline"]
    assert (detail["priority"], detail["flash"], detail["on_uncertain"]) == (5, False, None)
    assert detail["encoding"] == "ucs2"
    assert detail["expires_at"] == "2026-03-01T13:00:00.000Z"
    assert (detail["attempts"], detail["not_before"], detail["device"], detail["sim"], detail["error"]) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert detail["parts"] == [
        {
            "number": 1,
            "state": "pending",
            "accepted_at": None,
            "reported_at": None,
            "report_status": None,
            "attempts": [],
        }
    ]
    assert detail["timeline"] == [{"at": "2026-03-01T12:00:00.000Z", "status": 0, "reason": "submitted", "detail": ""}]


async def test_a_sent_message_shows_who_sent_it_and_when(api: Api, clock: Clock) -> None:
    id = await api.sent("Привет")
    north = await api.device("north")
    clock.advance(1.5)
    claimed = await api.gateway.sending.claim(north, SIM, 1)
    assert claimed is not None
    clock.advance(2)
    await api.gateway.sending.accepted(claimed.parts[0].row, SIM, 7)
    detail = (await api.call("GET", f"/sms/{id}")).json
    assert (detail["status"], detail["device"], detail["sim"]) == (Status.SENT, north, SIM)
    assert detail["parts"][0]["attempts"] == [
        {
            "device": north,
            "sim": SIM,
            "submitted_at": "2026-03-01T12:00:01.500Z",
            "ended_at": "2026-03-01T12:00:03.500Z",
            "outcome": "accepted",
            "reference": 7,
            "detail": "",
        }
    ]
    assert [entry["status"] for entry in detail["timeline"]] == [0, 1, 2]


async def test_a_failed_message_says_what_went_wrong(api: Api) -> None:
    north = await api.device("north")
    id = await api.sent(device_id=north)
    await api.call("POST", "/devices/del", {"device_id": north})
    detail = (await api.call("GET", f"/sms/{id}")).json
    assert (detail["status"], detail["message_status"]) == (3, "Ошибка отправки")
    assert detail["error"]["reason"] == "device_gone"


# ── the list ──


async def test_the_list_is_newest_first_in_pages(api: Api) -> None:
    ids = [await api.sent(f"message {n}") for n in range(5)]
    for number, wanted in enumerate([ids[4:2:-1], ids[2:0:-1], ids[:1], []], start=1):
        listed = await api.listed(limit=2, offset=number)
        assert [message["id"] for message in listed["sms_list"]] == wanted
        assert listed["pagination"] == {"total_records": 5, "limit": 2, "offset": number}
        assert list(listed) == ["pagination", "sms_list"]
    assert [list(message) for message in (await api.listed())["sms_list"]] == [MESSAGE_KEYS] * 5


async def test_the_request_of_the_page_is_answered(api: Api) -> None:
    await api.sent(phone_number=NUMBER)
    await api.sent(phone_number="78888888888")
    answer = await api.call("GET", "/v1/sms?limit=5&offset=1&search=79999999999")
    assert answer.json["pagination"] == {"total_records": 1, "limit": 5, "offset": 1}


@pytest.mark.parametrize("offset", [2, 10**6, 2**31, 2**63, 10**30, 10**3_000])
async def test_a_page_beyond_everything_is_empty(api: Api, offset: int) -> None:
    await api.sent()
    listed = await api.listed(limit=100, offset=offset)
    assert listed == {"pagination": {"total_records": 1, "limit": 100, "offset": offset}, "sms_list": []}


@pytest.mark.parametrize("query", ["limit=5", "limit=5&offset=", "limit=05&offset=01", "limit=5&search="])
async def test_offset_and_search_may_be_left_out(api: Api, query: str) -> None:
    await api.sent()
    answer = await api.call("GET", f"/sms?{query}")
    assert answer.json["pagination"] == {"total_records": 1, "limit": 5, "offset": 1}
    assert len(answer.json["sms_list"]) == 1


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("привет", ["ПРИВЕТ, Мир"]),
        ("ПРИВ", ["ПРИВЕТ, Мир"]),
        ("мИ", ["ПРИВЕТ, Мир"]),
        ("ё", ["Ёлка_1"]),
        ("1", ["Ёлка_1"]),
        ("%", ["скидка 50%"]),
        ("50%", ["скидка 50%"]),
        ("_", ["Ёлка_1"]),
        ("а_1", ["Ёлка_1"]),
        ("\"кавычки'", ["\"Кавычки' OR *"]),
        ('"', ["\"Кавычки' OR *"]),
        ("' OR", ["\"Кавычки' OR *"]),
        ("*", ["\"Кавычки' OR *"]),
        ("straße", ["STRASSE"]),
        ("79%", []),
        ("нет такого", []),
    ],
)
async def test_search_finds_any_part_in_any_case_and_takes_every_character_for_itself(
    api: Api, search: str, found: list[str]
) -> None:
    for text in ("ПРИВЕТ, Мир", "Ёлка_1", "скидка 50%", "\"Кавычки' OR *", "STRASSE"):
        await api.sent(text, "78888888888")
    assert await api.texts(search) == found


async def test_search_finds_the_number_and_the_status(api: Api) -> None:
    await api.sent("a", "79161234567")
    await api.sent("b", "78888888888")
    assert await api.texts("1612") == ["a"]
    assert await api.texts("ЖДЕТ ОБР") == ["b", "a"]
    assert await api.texts("доставлено") == []


@pytest.mark.parametrize("search", ["%2B79999999999", "+79999999999", "%2B7999", "%2b99999"])
async def test_a_number_is_found_as_people_paste_it(api: Api, search: str) -> None:
    await api.sent("x", "+79999999999")
    await api.sent("y", "70000000000")
    answer = await api.call("GET", f"/sms?limit=5&search={search}")
    assert [message["message"] for message in answer.json["sms_list"]] == ["x"]


@pytest.mark.parametrize("search", ["%FF", "%ED%A0%80", "%00%00x%d0", "%"])
async def test_bytes_that_are_no_text_find_nothing_and_harm_nothing(api: Api, search: str) -> None:
    await api.sent("ascii only")
    head = f"GET /sms?limit=1&search={search} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    answer = await api.exchange(head.encode())
    assert answer.status == 200
    assert answer.json["sms_list"] == []


async def test_deleting_takes_a_message_out_of_the_search(api: Api) -> None:
    id = await api.sent("Уникальный текст")
    assert (await api.call("DELETE", "/sms/del", {"id": id})).status == 204
    assert await api.texts("уникальный") == []
    assert (await api.listed())["pagination"]["total_records"] == 0


async def test_a_message_stored_without_a_client_is_read_like_any_other(api: Api) -> None:
    id = await api.gateway.submission.submit(SendRequest(text="x", phone_number=NUMBER), None)
    assert (await api.call("POST", "/sms/get", {"id": id})).status == 200
    assert (await api.call("POST", "/sms/get", {"id": NOBODY})).status == 404
