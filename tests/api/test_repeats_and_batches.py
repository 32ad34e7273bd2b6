"""Requests that are repeated under one key, and many messages in one request."""

import asyncio
from typing import Any

import pytest
from api_client import NUMBER, Answer, Api, opened, with_server
from hypothesis import HealthCheck, given, settings, strategies as st

from smsgw.config import Config
from smsgw.model import Right
from support import LONG_S, Clock

DAY_S = 86_400


async def send(api: Api, key: str, text: str = "x", token: str | None = None, **fields: Any) -> Answer:
    body = {"message": text, "phone_number": NUMBER} | fields
    return await api.call("POST", "/sms/send", body, token=token, headers={"Idempotency-Key": key})


async def batch(api: Api, messages: list[Any], **given: Any) -> Any:
    answer = await api.call("POST", "/sms/send/batch", {"messages": messages}, **given)
    assert answer.status == 200, answer.raw
    return answer.json["results"]


def message(text: str = "x", **fields: Any) -> dict[str, Any]:
    return {"message": text, "phone_number": NUMBER} | fields


async def stored(api: Api) -> int:
    total: int = (await api.listed())["pagination"]["total_records"]
    return total


# ── repeats ──


async def test_a_hundred_repeats_at_once_are_one_message(api: Api) -> None:
    answers = await asyncio.gather(*(send(api, "k") for _ in range(100)))
    assert len({answer.json["id"] for answer in answers}) == 1
    assert await stored(api) == 1


async def test_a_repeat_is_answered_as_before_whatever_has_happened_since(config: Config, clock: Clock) -> None:
    async with opened(config, clock) as api:
        token = await api.token_for(Right.SMS_SEND, Right.SMS_DELETE, per_day=1)
        id = (await send(api, "k", token=token)).json["id"]
        assert (await api.call("DELETE", "/sms/del", {"id": id}, token=token)).status == 204
        assert (await send(api, "k", token=token)).json == {"id": id}
    async with opened(with_server(config, maintenance=True), clock) as api:
        assert (await send(api, "k", token=token)).json == {"id": id}
        assert (await send(api, "new", token=token)).code == 3000
        assert await stored(api) == 0


async def test_how_a_request_is_spelt_makes_no_other_request_of_it(api: Api) -> None:
    first = (await send(api, "k", device_id="", priority=5)).json
    raw = f'{{ "x": 1, "phone_number" : "+{NUMBER}", "message": "\\u0078" }}'.encode()
    again = await api.call("POST", "/v1/sms/send", raw=raw, headers={"Idempotency-Key": "k"})
    assert again.json == first


@pytest.mark.parametrize("change", [{"message": "y"}, {"priority": 6}, {"to_sim": 1}, {"flash": True}])
async def test_another_request_under_the_same_key_is_refused_and_stores_nothing(api: Api, change: Any) -> None:
    await send(api, "k")
    answer = await api.call("POST", "/sms/send", message() | change, headers={"Idempotency-Key": "k"})
    assert (answer.status, answer.code) == (422, 4005)
    assert await stored(api) == 1


async def test_keys_of_different_clients_have_nothing_to_do_with_each_other(api: Api) -> None:
    other = await api.token_for(Right.SMS_SEND)
    assert (await send(api, "k")).json != (await send(api, "k", token=other)).json
    assert await stored(api) == 2


async def test_what_was_refused_may_be_mended_under_the_same_key(api: Api) -> None:
    assert (await send(api, "k", to_sim=2)).code == 1017
    assert (await send(api, "k")).status == 200


async def test_a_key_is_forgotten_after_a_day(api: Api, clock: Clock) -> None:
    first = (await send(api, "k")).json
    clock.advance(DAY_S - 1)
    assert (await send(api, "k")).json == first
    clock.advance(1)
    assert (await send(api, "k", "another")).status == 200
    clock.advance(DAY_S)
    await api.gateway.housekeeping.sweep(LONG_S)
    rows = await api.database.read("SELECT count(*) FROM idempotency_keys")
    assert rows[0][0] == 0


# ── batches ──


async def test_a_batch_is_stored_in_its_order_and_answered_message_by_message(api: Api) -> None:
    results = await batch(api, [message(f"{n}") for n in range(1_000)])
    ids = [result["id"] for result in results]
    newest = (await api.listed())["sms_list"]
    assert [one["id"] for one in newest] == ids[:-101:-1]
    assert [one["message"] for one in newest] == [f"{n}" for n in range(999, 899, -1)]
    assert await stored(api) == 1_000


async def test_one_wrong_message_of_a_batch_spares_the_others(api: Api) -> None:
    wrong: list[Any] = [message(phone_number="12"), "x", None, message(to_sim=2), message(message="")]
    wrong += [message("ы" * 700), message(dry_run=True)]
    results = await batch(api, [message("first"), *wrong, message("last")])
    assert [result["errors"]["code"] for result in results[1:-1]] == [2001, 2016, 2016, 1017, 2002, 2002, 2017]
    assert all(list(result["errors"]) == ["code", "message", "hash"] for result in results[1:-1])
    assert [one["message"] for one in (await api.listed())["sms_list"]] == ["last", "first"]
    assert [results[0]["id"], results[-1]["id"]] == [one["id"] for one in (await api.listed())["sms_list"]][::-1]


async def test_a_quota_ends_in_the_middle_of_a_batch(api: Api) -> None:
    token = await api.token_for(Right.SMS_SEND, per_day=2)
    results = await batch(api, [message() for _ in range(4)], token=token)
    assert [result.get("errors", {}).get("code") for result in results] == [None, None, 1006, 1006]
    assert await stored(api) == 2


async def test_a_repeated_batch_gets_the_same_results(api: Api) -> None:
    wanted = [message("one"), message(phone_number="12"), message("two", send_at="2026-03-02T00:00:00Z")]
    first = await batch(api, wanted, headers={"Idempotency-Key": "k"})
    again = await batch(api, wanted, headers={"Idempotency-Key": "k"})
    assert [result.get("id") for result in again] == [result.get("id") for result in first]
    assert again[1]["errors"]["message"] == first[1]["errors"]["message"]
    assert await stored(api) == 2
    answer = await api.call("POST", "/sms/send", message("one"), headers={"Idempotency-Key": "k"})
    assert answer.code == 4005


async def test_a_batch_may_be_larger_than_a_message_but_not_endless(api: Api) -> None:
    assert len(await batch(api, [message("ы" * 600) for _ in range(1_000)])) == 1_000
    answer = await api.call("POST", "/sms/send/batch", raw=b" " * (64 * 65_536 + 1))
    assert (answer.status, answer.code) == (413, 4002)


async def test_a_batch_that_the_disk_does_not_hold_leaves_nothing(api: Api) -> None:
    await api.fill_disk()
    answer = await api.call("POST", "/sms/send/batch", {"messages": [message("ы" * 600) for _ in range(1_000)]})
    assert (answer.status, answer.code) == (503, 4004)
    await api.free_disk()
    assert await stored(api) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([message(), message(phone_number="1"), 5, {}]), min_size=1, max_size=6))
async def test_every_message_of_a_batch_gets_its_result(api: Api, wanted: list[Any]) -> None:
    results = await batch(api, wanted)
    assert [list(result) == ["id"] for result in results] == [one == message() for one in wanted]
