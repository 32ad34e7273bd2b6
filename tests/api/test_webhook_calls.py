"""Webhooks over the API: how they are made, changed, tried and looked at, and which of them a message goes to."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from api_client import NOBODY, NUMBER, Api, ModemsByHand, opened, with_server

from receiver import Receiver, answering, in_turn, receiver
from smsgw.config import Config, WebhooksConfig
from support import Clock
from world import until

URL = "http://127.0.0.1:9/hook"
ALL = ["device.status", "sms.received", "sms.status"]
WISH = {"name": "shop", "url": URL, "events": ["sms.status"]}


@pytest.fixture
async def api(config: Config, clock: Clock, modems: ModemsByHand) -> AsyncIterator[Api]:
    async with opened(with_server(config, rate_limit=0), clock, modems, is_telling=True) as client:
        yield client


@pytest.fixture
async def received() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


async def make(api: Api, **fields: object) -> Any:
    """Make a webhook and return it with its secret."""
    answer = await api.call("POST", "/webhooks", WISH | fields)
    assert answer.status == 201, answer.raw
    return answer.json


async def shown(api: Api, id: str) -> Any:
    answer = await api.call("GET", f"/webhooks/{id}")
    assert answer.status == 200, answer.raw
    return answer.json


async def change(api: Api, id: str, /, **fields: object) -> Any:
    answer = await api.call("PATCH", f"/webhooks/{id}", fields)
    assert answer.status == 200, answer.raw
    return answer.json


async def deliveries(api: Api, id: str, query: str = "limit=100") -> Any:
    answer = await api.call("GET", f"/webhooks/{id}/deliveries?{query}")
    assert answer.status == 200, answer.raw
    return answer.json


async def happen(api: Api, **fields: object) -> str:
    """Let a modem take a message, which is one change of status."""
    id = await api.sent(**fields)  # type: ignore[arg-type]
    await api.put_on_wire()
    return id


async def until_tried(api: Api, id: str, times: int = 1) -> list[Any]:
    """Wait until so many attempts to tell a webhook are written down, and return its deliveries."""

    async def tried() -> list[Any] | None:
        listed: list[Any] = (await deliveries(api, id))["deliveries"]
        return listed if sum(one["attempts"] for one in listed) >= times else None

    found: list[Any] = await until(tried, f"{times} attempts")
    return found


# ── making, showing and changing ──


async def test_a_webhook_is_shown_without_its_secrets(api: Api) -> None:
    made = await make(api, events=["sms.status", "device.status", "sms.received"], headers={"X-Key": "geheim"})
    secret = made.pop("secret")
    assert made == {
        "id": made["id"],
        "name": "shop",
        "url": URL,
        "events": ALL,
        "headers": {"X-Key": "***"},
        "is_active": True,
        "error": None,
        "waiting": 0,
        "old_secret_until": None,
        "created_at": "2026-03-01T12:00:00.000Z",
    }
    assert len(made["id"]) == 24
    assert secret.startswith("whsec_")
    assert await shown(api, made["id"]) == made
    listed = await api.call("GET", "/webhooks")
    assert listed.json == {"webhooks": [made]}
    assert secret.encode() not in listed.raw
    assert b"geheim" not in listed.raw


async def test_webhooks_are_listed_oldest_first_under_both_prefixes(api: Api) -> None:
    assert (await api.call("GET", "/v1/webhooks")).json == {"webhooks": []}
    ids = [(await make(api, name=name))["id"] for name in ("b", "a", "c")]
    for prefix in ("", "/v1"):
        listed = (await api.call("GET", f"{prefix}/webhooks")).json["webhooks"]
        assert [one["id"] for one in listed] == ids


CHANGES = [
    {"name": "магазин"},
    {"url": "https://example.com/sms?shop=1"},
    {"events": ["sms.received"]},
    {"headers": {}},
    {"is_active": False},
]


@pytest.mark.parametrize("fields", CHANGES, ids=lambda fields: next(iter(fields)))
async def test_a_change_changes_what_is_given_and_nothing_else(api: Api, fields: dict[str, object]) -> None:
    before = await make(api, headers={"X-Key": "geheim"})
    del before["secret"]
    assert await change(api, before["id"], **fields) == before | fields
    assert await shown(api, before["id"]) == before | fields


async def test_what_is_null_or_absent_in_a_change_stays(api: Api) -> None:
    before = await make(api, headers={"X-Key": "geheim"}, is_active=False)
    del before["secret"]
    nothing = dict.fromkeys(("name", "url", "events", "headers", "is_active", "rotate_secret"))
    for fields in ({}, nothing, {"rotate_secret": False, "secret": "whsec_x", "id": NOBODY, "error": "x"}):
        assert await change(api, before["id"], **fields) == before  # type: ignore[arg-type]


async def test_a_webhook_may_keep_its_own_name_but_not_take_that_of_another(api: Api) -> None:
    one, other = await make(api), await make(api, name="bank")
    assert (await change(api, one["id"], name="shop"))["name"] == "shop"
    refused = await api.call("PATCH", f"/webhooks/{other['id']}", {"name": "shop", "is_active": False})
    assert (refused.status, refused.code) == (400, 2021)
    assert (await shown(api, other["id"]))["is_active"] is True


async def test_an_id_is_known_in_any_case(api: Api) -> None:
    made = await make(api)
    assert (await shown(api, made["id"].upper()))["id"] == made["id"]


async def test_a_deleted_webhook_is_gone_with_its_deliveries(api: Api, received: Receiver) -> None:
    id = (await make(api, url=received.url))["id"]
    await happen(api)
    told = (await until_tried(api, id))[0]["id"]
    assert (await api.call("DELETE", f"/webhooks/{id}")).status == 204
    assert (await api.call("GET", f"/webhooks/{id}")).code == 1022
    assert (await api.call("GET", f"/webhooks/{id}/deliveries?limit=1")).code == 1022
    assert (await api.call("DELETE", f"/webhooks/{id}")).code == 1022
    assert (await api.call("POST", f"/webhooks/deliveries/{told}/retry")).code == 1023
    await make(api)


async def test_headers_are_sent_and_are_kept_where_their_stars_come_back(api: Api, received: Receiver) -> None:
    made = await make(api, url=received.url, headers={"Authorization": "Bearer geheim", "X-Old": "1"})
    again = await change(api, made["id"], headers={"Authorization": "***", "X-New": "2"})
    assert again["headers"] == {"Authorization": "***", "X-New": "***"}
    await api.call("POST", f"/webhooks/{made['id']}/test")
    (told,) = received.told
    assert (told.headers["Authorization"], told.headers["X-New"]) == ("Bearer geheim", "2")
    assert "X-Old" not in told.headers


async def test_stars_for_a_header_that_has_no_value_yet_are_refused(api: Api) -> None:
    assert (await api.call("POST", "/webhooks", WISH | {"headers": {"X-Key": "***"}})).code == 2024
    id = (await make(api))["id"]
    refused = await api.call("PATCH", f"/webhooks/{id}", {"headers": {"X-Key": "***"}})
    assert (refused.code, "X-Key" in refused.text) == (2024, True)


async def test_for_a_day_after_a_rotation_the_secret_before_is_signed_with_too(
    api: Api, clock: Clock, received: Receiver
) -> None:
    made = await make(api, url=received.url)
    rotated = await change(api, made["id"], rotate_secret=True)
    assert rotated["old_secret_until"] == "2026-03-02T12:00:00.000Z"
    assert rotated["secret"] != made["secret"]
    await api.call("POST", f"/webhooks/{made['id']}/test")
    clock.advance(86_400)
    assert (await shown(api, made["id"]))["old_secret_until"] is None
    await api.call("POST", f"/webhooks/{made['id']}/test")
    during, after = received.told
    assert during.is_signed_with(made["secret"])
    assert during.is_signed_with(rotated["secret"])
    assert after.is_signed_with(rotated["secret"])
    assert not after.is_signed_with(made["secret"])


async def test_private_addresses_are_refused_where_that_is_configured_and_old_ones_can_still_be_changed(
    config: Config, clock: Clock
) -> None:
    async with opened(config, clock) as api:
        id = (await make(api))["id"]
    async with opened(replace(config, webhooks=WebhooksConfig(refuse_private=True)), clock) as api:
        assert (await api.call("POST", "/webhooks", WISH | {"name": "bank"})).code == 2022
        assert (await api.call("PATCH", f"/webhooks/{id}", {"url": "http://localhost/"})).code == 2022
        assert (await change(api, id, is_active=False))["is_active"] is False


# ── wrong fields ──

WRONG = [
    *((2021, "name", value) for value in ("", " ", 5, True, [], {}, "x" * 65, "a\nb", "\ud800")),
    *((2022, "url", value) for value in (
        "", " ", 5, True, [], {}, "example.com", "ftp://example.com/", "http://", "http:///x", "https://a b/", "\ud800",
        "http://user:pw@example.com/", "http://example.com/#x", "http://example.com:99999/", f"http://a/{'x' * 2048}",
    )),
    *((2023, "events", value) for value in (
        [], "", "sms.status", 5, True, {}, {"sms.status": True}, ["sms.sent"], [1], [None], [["sms.status"]], [{}],
    )),
    *((2024, "headers", value) for value in (
        "", "X: y", 5, True, [], ["X: y"], {"X": 1}, {"X": None}, {"X": ["y"]}, {"X": ""}, {"X": "a\r\nY: b"},
        {"X": "\ud800"}, {"\ud800": "x"}, {"": "x"}, {"X Y": "z"}, {"X": "ключ"}, {"X": "y" * 1025},
        {"Host": "x"}, {"Webhook-Signature": "v1,x"}, {"CONTENT-LENGTH": "0"}, {"X": "1", "x": "2"},
        {f"X-{number}": "x" for number in range(17)},
    )),
    *((2009, "is_active", value) for value in (0, 1, "true", 1.0, [], {})),
]  # fmt: skip


@pytest.mark.parametrize(("code", "field", "value"), WRONG)
async def test_a_wrong_field_is_named_by_its_code_and_changes_nothing(
    api: Api, code: int, field: str, value: object
) -> None:
    before = await make(api, name="before")
    del before["secret"]
    for method, path, body in (
        ("POST", "/webhooks", WISH | {field: value}),
        ("PATCH", f"/webhooks/{before['id']}", {"is_active": False} | {field: value}),
    ):
        answer = await api.call(method, path, raw=json.dumps(body).encode())
        assert (answer.status, answer.code) == (400, code)
        assert answer.text.startswith(f"{field}: ")
    assert (await api.call("GET", "/webhooks")).json == {"webhooks": [before]}


@pytest.mark.parametrize("value", [0, 1, "true", [], {}])
async def test_a_wrong_wish_for_a_new_secret_is_refused(api: Api, value: object) -> None:
    id = (await make(api))["id"]
    assert (await api.call("PATCH", f"/webhooks/{id}", {"rotate_secret": value})).code == 2025
    assert (await shown(api, id))["old_secret_until"] is None


@pytest.mark.parametrize(("code", "field"), [(2021, "name"), (2022, "url"), (2023, "events")])
async def test_a_missing_field_is_told_as_missing_and_null_is_wrong(api: Api, code: int, field: str) -> None:
    missing = await api.call("POST", "/webhooks", {key: value for key, value in WISH.items() if key != field})
    assert (missing.code, "не передано" in missing.text) == (code, True)
    assert (await api.call("POST", "/webhooks", WISH | {field: None})).code == code


async def test_of_several_wrong_fields_the_lowest_code_is_told(api: Api) -> None:
    wrong: dict[str, object] = {"headers": 1, "events": 1, "url": 1, "name": 1, "is_active": 1}
    for field, code in (("is_active", 2009), ("name", 2021), ("url", 2022), ("events", 2023)):
        assert (await api.call("POST", "/webhooks", wrong)).code == code
        wrong[field] = WISH.get(field, True)
    assert (await api.call("POST", "/webhooks", wrong)).code == 2024


async def test_what_is_wrong_in_a_list_or_an_object_is_shown(api: Api) -> None:
    assert "«sms.sent»" in (await api.call("POST", "/webhooks", WISH | {"events": ["sms.status", "sms.sent"]})).text
    assert "передано 17" in (await api.call("POST", "/webhooks", WISH | {"headers": {"X": 17}})).text
    for headers in ({"X": "\ud800"}, {"\ud800": "x"}):
        answer = await api.call("POST", "/webhooks", raw=json.dumps(WISH | {"headers": headers}).encode())
        assert "суррогатной" in answer.text


# ── telling ──


async def test_a_test_is_told_at_once_and_answered_with_what_came_of_it(api: Api, received: Receiver) -> None:
    received.behave = answering(201, "спасибо")
    made = await make(api, url=received.url)
    result = (await api.call("POST", f"/webhooks/{made['id']}/test")).json
    assert result == {
        "delivered": True,
        "status": 201,
        "error": None,
        "answer": "спасибо",
        "duration_ms": result["duration_ms"],
    }
    assert 0 <= result["duration_ms"] < 10_000
    (told,) = received.told
    assert told.content["type"] == "webhook.test"
    assert told.is_signed_with(made["secret"])
    assert (await deliveries(api, made["id"]))["deliveries"] == []


async def test_a_webhook_that_is_off_can_be_tested_and_a_failure_is_told(api: Api, received: Receiver) -> None:
    received.behave = answering(500, "kaputt")
    id = (await make(api, url=received.url, is_active=False))["id"]
    result = (await api.call("POST", f"/webhooks/{id}/test")).json
    assert result | {"duration_ms": 0} == {
        "delivered": False,
        "status": 500,
        "error": "HTTP 500",
        "answer": "kaputt",
        "duration_ms": 0,
    }
    assert (await shown(api, id))["is_active"] is False


async def test_a_test_that_nobody_answers_says_why(api: Api) -> None:
    id = (await make(api))["id"]
    result = (await api.call("POST", f"/webhooks/{id}/test")).json
    assert (result["delivered"], result["status"]) == (False, None)
    assert "127.0.0.1" in result["error"]


async def test_a_delivery_shows_what_was_told_and_what_came_of_it(api: Api, received: Receiver) -> None:
    received.behave = answering(200, "ok")
    id = (await make(api, url=received.url))["id"]
    message = await happen(api)
    (delivery,) = await until_tried(api, id)
    assert delivery == {
        "id": delivery["id"],
        "event_id": received.told[0].id,
        "type": "sms.status",
        "subject": message,
        "state": "delivered",
        "attempts": 1,
        "next_attempt_at": None,
        "attempted_at": "2026-03-01T12:00:00.000Z",
        "status": 200,
        "error": None,
        "answer": "ok",
        "duration_ms": delivery["duration_ms"],
        "timestamp": "2026-03-01T12:00:00.000Z",
    }
    assert len(delivery["id"]) == 24


async def test_what_has_failed_waits_and_is_counted(api: Api, received: Receiver) -> None:
    received.behave = answering(503)
    id = (await make(api, url=received.url))["id"]
    await happen(api)
    (delivery,) = await until_tried(api, id)
    assert (delivery["state"], delivery["error"]) == ("waiting", "HTTP 503")
    assert "2026-03-01T12:00:04" <= delivery["next_attempt_at"] <= "2026-03-01T12:00:06"
    assert (await shown(api, id))["waiting"] == 1


async def test_what_has_not_been_tried_yet_has_no_answer(config: Config, clock: Clock) -> None:
    async with opened(config, clock) as api:
        id = (await make(api))["id"]
        await happen(api)
        (delivery,) = (await deliveries(api, id))["deliveries"]
    assert (delivery["attempts"], delivery["next_attempt_at"]) == (0, "2026-03-01T12:00:00.000Z")
    for key in ("attempted_at", "status", "error", "answer", "duration_ms"):
        assert delivery[key] is None


async def test_deliveries_are_paged_newest_first_and_picked_by_state(api: Api, received: Receiver) -> None:
    received.behave = in_turn(answering(500), answering(204))
    id = (await make(api, url=received.url))["id"]
    messages = [await happen(api)]
    await until_tried(api, id)
    messages += [await happen(api), await happen(api)]
    await until_tried(api, id, 3)
    first, second = [await deliveries(api, id, f"limit=2&offset={page}") for page in (1, 2)]
    assert first["pagination"] == {"total_records": 3, "limit": 2, "offset": 1}
    assert [one["subject"] for one in first["deliveries"] + second["deliveries"]] == messages[::-1]
    for state, subjects in (
        ("waiting", messages[:1]),
        ("delivered", messages[:0:-1]),
        ("parked", []),
        ("", messages[::-1]),
    ):
        found = await deliveries(api, id, f"limit=100&state={state}")
        assert [one["subject"] for one in found["deliveries"]] == subjects
        assert found["pagination"]["total_records"] == len(subjects)
    assert (await deliveries(api, id, f"limit=1&offset={10**30}"))["deliveries"] == []


async def test_a_delivery_is_tried_again_when_somebody_asks_for_it(api: Api, received: Receiver) -> None:
    received.behave = in_turn(answering(500), answering(204))
    id = (await make(api, url=received.url))["id"]
    await happen(api)
    (delivery,) = await until_tried(api, id)
    for attempts in (2, 3):  # once what has failed, and once what is delivered
        answer = await api.call("POST", f"/webhooks/deliveries/{delivery['id'].upper()}/retry")
        assert (answer.status, answer.json["id"]) == (200, delivery["id"])
        (after,) = await until_tried(api, id, attempts)
        assert (after["state"], after["attempts"]) == ("delivered", attempts)
    assert {one.id for one in received.told} == {delivery["event_id"]}


async def test_a_webhook_that_is_gone_is_off_says_so_and_can_be_switched_on_again(api: Api, received: Receiver) -> None:
    received.behave = answering(410)
    id = (await make(api, url=received.url))["id"]
    await happen(api)

    async def is_off() -> bool:
        return not (await shown(api, id))["is_active"]

    await until(is_off, "switched off")
    assert "410" in (await shown(api, id))["error"]
    assert "410" in (await change(api, id, name="closed"))["error"]
    on = await change(api, id, is_active=True)
    assert (on["is_active"], on["error"]) == (True, None)


# ── which webhook a message goes to ──


async def test_a_message_goes_to_all_that_want_its_events_or_to_the_one_it_names(api: Api) -> None:
    async with receiver() as wants, receiver() as wants_too, receiver() as wants_others, receiver() as is_off:
        named = await make(api, url=wants.url, name="wants")
        await make(api, url=wants_too.url, name="wants too")
        other = await make(api, url=wants_others.url, name="wants others", events=["sms.received"])
        await make(api, url=is_off.url, name="is off", is_active=False)
        to_all = await happen(api)
        to_one = await happen(api, callback_id=named["id"].upper())
        to_other = await happen(api, callback_id=other["id"])
        await wants.has(2)
        await wants_too.has(1)
        await wants_others.has(1)
        assert {one.content["data"]["id"] for one in wants.told} == {to_all, to_one}
        assert [one.content["data"]["id"] for one in wants_too.told] == [to_all]
        assert [one.content["data"]["id"] for one in wants_others.told] == [to_other]
        assert wants_others.told[0].content["data"]["callback_id"] == other["id"]
        waiting = [one["waiting"] for one in (await api.call("GET", "/webhooks")).json["webhooks"]]
        assert (len(is_off.told), waiting[3]) == (0, 0)


async def test_a_callback_that_is_no_webhook_is_refused_wherever_messages_are_taken(api: Api) -> None:
    made = await make(api)
    await api.call("DELETE", f"/webhooks/{made['id']}")

    for unknown in (NOBODY, made["id"]):
        wish = {"message": "x", "phone_number": NUMBER, "callback_id": unknown}
        for asked in (wish, wish | {"dry_run": True}):
            assert (await api.call("POST", "/sms/send", asked)).code == 2004
        batch = await api.call("POST", "/sms/send/batch", {"messages": [wish, wish | {"callback_id": ""}]})
        refused, taken = batch.json["results"]
        assert refused["errors"]["code"] == 2004
        assert unknown in refused["errors"]["message"]
        assert len(taken["id"]) == 24
    assert (await api.listed())["pagination"]["total_records"] == 2


async def test_a_callback_that_is_a_webhook_is_taken_wherever_messages_are_taken(api: Api) -> None:
    wish = {"message": "x", "phone_number": NUMBER, "callback_id": (await make(api))["id"]}
    assert (await api.call("POST", "/sms/send", wish)).status == 200
    assert "parts" in (await api.call("POST", "/sms/send", wish | {"dry_run": True})).json
    assert "id" in (await api.call("POST", "/sms/send/batch", {"messages": [wish]})).json["results"][0]
