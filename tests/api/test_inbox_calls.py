"""The calls about incoming messages: like those about messages, where they say the same."""

import pytest
from api_client import NOBODY, SIM, Api

from deliveries import octets, plain, texts, ucs2
from smsgw.model import Right
from support import LONG_S, NOON, Clock

KEYS = ["id", "message", "phone_number", "device_id", "sim", "time_create", "time_sent"]
FURTHER = ["kind", "data", "port", "flash", "missing_parts", "indications"]


async def receive(api: Api, *pdus: bytes) -> None:
    for pdu in pdus:
        await api.gateway.inbox.received(await api.device(), SIM, pdu)


async def listed(api: Api, prefix: str = "", **params: object) -> dict[str, object]:
    given = {"limit": "100"} | {key: str(value) for key, value in params.items()}
    answer = await api.call("GET", f"{prefix}/inbox", params=given)
    assert answer.status == 200, answer.raw
    found: dict[str, object] = answer.json
    return found


async def messages(api: Api, **params: object) -> list[str]:
    return [one["message"] for one in (await listed(api, **params))["inbox_list"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_a_message_is_listed_read_deleted_and_gone(api: Api, prefix: str) -> None:
    await receive(api, plain("Привет, мир", at=NOON - 7_000))
    page = await listed(api, prefix)
    assert list(page) == ["pagination", "inbox_list"]
    assert page["pagination"] == {"total_records": 1, "limit": 100, "offset": 1}
    (message,) = page["inbox_list"]  # type: ignore[misc]
    assert list(message) == KEYS + FURTHER
    assert message == {
        "id": message["id"],
        "message": "Привет, мир",
        "phone_number": "79990000001",
        "device_id": await api.device(),
        "sim": SIM,
        "time_create": NOON // 1_000,
        "time_sent": NOON // 1_000 - 7,
        "kind": "text",
        "data": None,
        "port": None,
        "flash": False,
        "missing_parts": [],
        "indications": [],
    }
    id = message["id"]
    answer = await api.call("POST", f"{prefix}/inbox/get", {"id": id.upper()})
    assert (answer.status, answer.json) == (200, message)
    deleted = await api.call("DELETE", f"{prefix}/inbox/del", {"id": id})
    assert (deleted.status, deleted.raw) == (204, b"")
    assert (await api.call("POST", f"{prefix}/inbox/get", {"id": id})).code == 1008
    assert (await api.call("DELETE", f"{prefix}/inbox/del", {"id": id})).code == 1008
    assert (await listed(api, prefix))["inbox_list"] == []


async def test_sent_and_received_messages_do_not_mix(api: Api) -> None:
    sent = await api.sent("sent")
    await receive(api, plain("received"))
    assert await api.texts("e") == ["sent"]
    assert await messages(api) == ["received"]
    assert (await api.call("POST", "/inbox/get", {"id": sent})).code == 1008


async def test_the_list_is_newest_first_in_pages(api: Api) -> None:
    await receive(api, *(plain(f"{n}") for n in range(5)))
    for offset, wanted in ((1, ["4", "3"]), (2, ["2", "1"]), (3, ["0"]), (4, []), (10**30, [])):
        page = await listed(api, limit=2, offset=offset)
        assert [one["message"] for one in page["inbox_list"]] == wanted  # type: ignore[attr-defined]
        assert page["pagination"] == {"total_records": 5, "limit": 2, "offset": offset}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("приВЕТ", ["ПРИВЕТ, Мир"]),
        ("и", ["скидка 50%", "ПРИВЕТ, Мир"]),
        ("%", ["скидка 50%"]),
        ("bank", ["скидка 50%"]),
        ("+7999000", ["ПРИВЕТ, Мир"]),
        (" 7999000", ["ПРИВЕТ, Мир"]),
        ("", ["скидка 50%", "ПРИВЕТ, Мир"]),
        ("нет такого", []),
    ],
)
async def test_search_finds_any_part_of_text_and_sender_in_any_case(api: Api, search: str, found: list[str]) -> None:
    await receive(api, plain("ПРИВЕТ, Мир"), plain("скидка 50%", sender="Bank"))
    assert await messages(api, search=search) == found
    assert (await listed(api, search=search))["pagination"]["total_records"] == len(found)  # type: ignore[index]


async def test_what_is_no_plain_text_says_what_it_is(api: Api, clock: Clock) -> None:
    ports = bytes([0x05, 4, 0x0B, 0x84, 0x23, 0xF0])
    await receive(
        api,
        ucs2("two", 2, 2),
        octets(bytes.fromhex("DEADBEEF"), header=ports),
        b"garbage",
        *texts("Alert", message_class=0),
        bytes.fromhex("0791447700099099040C9144770009103200C86230102143658000"),
        plain("no time", at=None),
    )
    clock.advance(86_400)
    await api.gateway.housekeeping.sweep(LONG_S)
    shown = {one["message"] or one["kind"]: one for one in (await listed(api))["inbox_list"]}  # type: ignore[attr-defined]
    assert shown["[1/2 missing]two"]["missing_parts"] == [1]
    assert (shown["binary"]["data"], shown["binary"]["port"]) == ("DEADBEEF", 2948)
    garbage = shown["unreadable"]
    assert (garbage["data"], garbage["phone_number"], garbage["time_sent"]) == (b"garbage".hex().upper(), "", None)
    assert shown["Alert"]["flash"]
    assert shown["text"]["indications"] == [{"what": "voice", "is_active": True, "count": None}]
    assert shown["no time"]["time_sent"] is None


async def test_reading_and_deleting_take_their_own_rights(api: Api) -> None:
    await receive(api, plain("x"))
    (message,) = (await listed(api))["inbox_list"]  # type: ignore[misc]
    reader, deleter = await api.token_for(Right.INBOX_READ), await api.token_for(Right.SMS_DELETE)
    refused = await api.call("GET", "/inbox?limit=1", token=deleter)
    assert (refused.status, refused.code) == (403, 1007)
    assert "inbox:read" in refused.text
    assert (await api.call("DELETE", "/inbox/del", {"id": message["id"]}, token=reader)).code == 1009
    assert (await api.call("POST", "/inbox/get", {"id": message["id"]}, token=reader)).status == 200
    assert (await api.call("DELETE", "/inbox/del", {"id": message["id"]}, token=deleter)).status == 204


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": "x"}, {"id": None}, {"id": 5}, {"id": NOBODY + "0"}])
async def test_an_id_that_is_none_is_refused(api: Api, body: object) -> None:
    assert (await api.call("POST", "/inbox/get", body)).code == 2003
    assert (await api.call("DELETE", "/inbox/del", body)).code == 2003


async def test_a_list_that_is_asked_for_wrongly_is_refused(api: Api) -> None:
    assert (await api.call("GET", "/inbox")).code == 2006
    assert (await api.call("GET", "/inbox?limit=0")).code == 2006
    assert (await api.call("GET", "/inbox?limit=1&offset=x")).code == 2007
    refused = await api.call("PUT", "/inbox")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
