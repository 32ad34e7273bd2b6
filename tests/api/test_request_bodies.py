"""Request bodies: what counts as JSON, how strictly fields are checked, and which mistake is told first."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from api_client import NOBODY, NUMBER, Api, opened, with_server
from hypothesis import HealthCheck, given, settings, strategies as st

from smsgw.config import Config
from smsgw.errors import Language
from support import Clock

GOOD = b'"phone_number": "79999999999", "message": "x"'


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  \n",
        b"{",
        b"{}}",
        b"[]",
        b'"message"',
        b"null",
        b"17",
        b"message=x&phone_number=79999999999",
        b"{'message': 'x'}",
        b'{"message": "\xff", "phone_number": "79999999999"}',
        '{"message": "Привет", "phone_number": "79999999999"}'.encode("utf-16"),
        '{"message": "Привет", "phone_number": "79999999999"}'.encode("cp1251"),
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"message": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"{" + GOOD + b', "to_sim": NaN}',
        b"{" + GOOD + b', "to_sim": -Infinity}',
        b"{" + GOOD + b', "to_sim": ' + b"1" * 5_000 + b"}",
        b"{" + GOOD + b', "phone_number": "78888888888"}',
        b"{" + GOOD + b', "x": {"\\ud800": 1, "\\ud800": 2}}',
        b"{" + GOOD + b"}\0",
        b'{"message": "a\nb", "phone_number": "79999999999"}',
    ],
    ids=lambda raw: repr(raw[:40]),
)
async def test_what_is_no_json_object_is_refused(api: Api, raw: bytes) -> None:
    answer = await api.call("POST", "/sms/send", raw=raw)
    assert (answer.status, answer.code) == (400, 1001)
    assert (await api.listed())["pagination"]["total_records"] == 0


WRONG_FIELDS = [
    *((2001, "phone_number", value) for value in (
        None, "", " ", "+", "12", "1" * 21, "++79999999999", "7999999999+", "7 999 999 99 99", "7-999", "٧٩٩٩٩٩٩٩٩٩٩",
        "79999999999\n", "79999999999\0", 79999999999, True, 7.9e10, ["79999999999"], {"n": "1"}, "\ud800", "abcdef",
    )),
    *((2002, "message", value) for value in (None, "", 5, False, 1.5, ["x"], {"text": "x"}, "\ud800", "a\udfffb")),
    *((2004, "callback_id", value) for value in ("x", " ", 5, True, [], {}, "\ud800", NOBODY + "0", NOBODY + "\n")),
    *((2005, "device_id", value) for value in ("x", " ", 0, False, [], "\ud800", NOBODY[:-1], NOBODY + "\n", "٠" * 24)),
    *((2008, "to_sim", value) for value in (
        "1", " ", True, False, 1.0, 1.5, 1e300, 10**30, -(10**30), 2**63, [], [1], {}, "\ud800",
    )),
    *((2010, "priority", value) for value in (-1, 10, "5", 5.0, True, [], {})),
    *((2011, "ttl", value) for value in (0, -1, 38_102_401, "60", 60.0, True, [], {})),
    *((2012, "send_at", value) for value in (
        -1, 1.5, 10**30, True, [], {}, "now", " ", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00Z",
        "2026-02-30T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:00:00+25:00", "2026-03-01T12:00:00Z\n",
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "\ud800",
    )),
    *((2013, "flash", value) for value in (0, 1, "true", 1.0, [], {})),
    *((2017, "dry_run", value) for value in (0, 1, "true", [], {})),
    *((2014, "on_uncertain", value) for value in ("FAIL", "retry", True, 0, [], {})),
]  # fmt: skip


@pytest.mark.parametrize(("code", "field", "value"), WRONG_FIELDS)
async def test_a_wrong_field_is_named_by_its_code(api: Api, code: int, field: str, value: object) -> None:
    body = json.dumps({"message": "x", "phone_number": NUMBER, field: value})
    answer = await api.call("POST", "/sms/send", raw=body.encode())
    assert (answer.status, answer.code) == (400, code)
    assert answer.text.startswith(f"{field}: ")


async def test_a_number_beyond_all_floats_is_a_wrong_slot(api: Api) -> None:
    assert (await api.call("POST", "/sms/send", raw=b"{" + GOOD + b', "to_sim": 1e999}')).code == 2008


@pytest.mark.parametrize("slot", [0, -1, 255, 2**31 - 1])
async def test_a_number_that_is_no_slot_of_any_device_is_told_apart_from_no_number(api: Api, slot: int) -> None:
    assert (await api.send(to_sim=slot)).code == 1017
    assert (await api.send(to_sim=slot, device_id=await api.device())).code == 2008


@pytest.mark.parametrize("field", ["phone_number", "message"])
async def test_a_missing_field_is_told_as_missing(api: Api, field: str) -> None:
    body = {"message": "x", "phone_number": NUMBER}
    del body[field]
    answer = await api.call("POST", "/sms/send", body)
    assert (answer.code, "не передано" in answer.text) == ({"phone_number": 2001, "message": 2002}[field], True)


async def test_of_several_wrong_fields_the_lowest_code_is_told(api: Api) -> None:
    wrong: dict[str, object] = {"to_sim": "x", "device_id": 1, "callback_id": 1, "message": 1, "phone_number": 1}
    for field, code in (("phone_number", 2001), ("message", 2002), ("callback_id", 2004), ("device_id", 2005)):
        assert (await api.call("POST", "/sms/send", wrong)).code == code
        wrong[field] = {"phone_number": NUMBER, "message": "x"}.get(field, "")
    assert (await api.call("POST", "/sms/send", wrong)).code == 2008
    assert (await api.call("POST", "/sms/send", {})).code == 2001
    assert (await api.call("POST", "/devices/edit", {"is_active": 1, "id": "x"})).code == 2005


async def test_a_mistake_in_a_field_is_told_before_anything_about_the_gateway(config: Config, clock: Clock) -> None:
    async with opened(with_server(config, maintenance=True), clock) as api:
        assert (await api.send(phone_number="1")).code == 2001
        assert (await api.send()).code == 3000


async def test_an_error_shows_the_value_at_fault_shortened(config: Config, clock: Clock) -> None:
    async with opened(with_server(config, language=Language.EN), clock) as api:
        assert "“12x” was given" in (await api.send(phone_number="12x")).text
        assert "true was given" not in (await api.send(to_sim=True)).text
        assert "a boolean was given" in (await api.send(to_sim=True)).text
        assert "1.5 was given" in (await api.send(to_sim=1.5)).text
        assert len((await api.send(phone_number="x" * 5_000)).text) < 200


@pytest.mark.parametrize(
    ("code", "query"),
    [
        *((2006, f"limit={text}") for text in ("", "0", "101", "-1", "+5", "5.0", "1e1", "five", "%D9%A5", "%205")),
        (2006, "limit=" + "9" * 5_000),
        (2006, ""),
        (2006, "offset=0"),
        *((2007, f"limit=1&offset={text}") for text in ("0", "-1", "%2B1", "1.0", "x", "%D9%A1", "1%20", "00")),
        (2007, "limit=1&offset=" + "9" * 5_000),
    ],
)  # fmt: skip
async def test_paging_takes_plain_decimal_digits_only(api: Api, code: int, query: str) -> None:
    answer = await api.exchange(
        f"GET /sms?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode()
    )
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("id", ["", "x", NOBODY[:-1], NOBODY + "0", NOBODY + "\n", None, 5, True, [], {}, "\ud800"])
async def test_a_message_id_is_24_hex_digits(api: Api, id: object) -> None:
    raw = json.dumps({"id": id}).encode()
    assert (await api.call("POST", "/sms/get", raw=raw)).code == 2003
    assert (await api.call("DELETE", "/sms/del", raw=raw)).code == 2003


@pytest.mark.parametrize("path", [f"/sms/{NOBODY}0", "/sms/%D9%A5", "/sms/%ff", "/sms/%00", "/sms/..%2f"])
async def test_a_message_id_in_the_address_is_24_hex_digits(api: Api, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    assert (await api.exchange(head.encode())).code == 2003


# ── size and transfer ──


async def chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 1_000):
        yield b" " * 1_000


async def test_a_body_that_is_too_large_is_refused_in_whatever_way_it_comes(api: Api) -> None:
    limit = 65_536
    bearer = {"Authorization": f"Bearer {api.token}"}
    assert (await api.call("POST", "/sms/send", raw=b" " * (limit + 1))).status == 413
    async with api.session.post("/sms/send", data=chunks(100_000), headers=bearer) as response:
        assert (response.status, (await response.json())["errors"]["code"]) == (413, 4002)
    squeezed = zlib.compress(b" " * 10_000_000)
    answer = await api.call("POST", "/sms/send", raw=squeezed, headers={"Content-Encoding": "deflate"})
    assert (answer.status, answer.code) == (413, 4002)


async def test_a_body_of_just_the_limit_is_taken_in_one_piece_or_in_chunks(api: Api) -> None:
    body = b'{"phone_number": "79999999999", "message": "x"'
    padded = body + b" " * (65_536 - len(body) - 1) + b"}"
    assert (await api.call("POST", "/sms/send", raw=padded)).status == 200
    bearer = {"Authorization": f"Bearer {api.token}"}

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(padded), 7_777):
            yield padded[start : start + 7_777]

    async with api.session.post("/sms/send", data=pieces(), headers=bearer) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "written",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /sms/send HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /sms/send HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 9_000 + b"\r\n\r\n",
        "GET /sms?search=Привет HTTP/1.1\r\n\r\n".encode(),
    ],
)
async def test_what_is_no_proper_http_is_answered_like_every_error(api: Api, written: bytes) -> None:
    answer = await api.exchange(written)
    assert (answer.status, answer.code) == (400, 1001)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Transfer-Encoding: chunked", b"zz\r\nnonsense\r\n"),
        (b"Content-Encoding: gzip\r\nContent-Length: 5", b"hello"),
    ],
)
async def test_a_body_that_breaks_its_own_encoding_is_refused(api: Api, headers: bytes, body: bytes) -> None:
    head = b"POST /sms/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n%b\r\n\r\n"
    answer = await api.exchange(head % (api.token.encode(), headers) + body)
    assert (answer.status, answer.code) == (400, 1001)


@pytest.mark.parametrize("expectation", ["100-continue", "wonders"])
async def test_a_client_that_waits_to_be_told_to_go_on_is_told(api: Api, expectation: str) -> None:
    body = b"{" + GOOD + b"}"
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    head = f"POST /sms/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    writer.write(head.encode() + f"Expect: {expectation}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    if expectation == "100-continue":
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    await writer.wait_closed()


async def test_an_expectation_at_an_unknown_address_changes_nothing(api: Api) -> None:
    answer = await api.exchange(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n")
    assert (answer.status, answer.code) == (404, 4003)


# ── whatever arrives ──

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
    max_leaves=10,
)
BODIES = JSON | st.fixed_dictionaries(
    {},
    optional={
        "message": JSON | st.text(min_size=1),
        "phone_number": JSON | st.from_regex(r"\A\+?[0-9]{2,21}\Z"),
        "device_id": JSON | st.just("") | st.just(NOBODY),
        "to_sim": JSON | st.integers(0, 2),
        "callback_id": JSON | st.just(""),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
async def test_no_json_ever_breaks_the_gateway(api: Api, body: Any) -> None:
    answer = await api.call("POST", "/sms/send", raw=json.dumps(body).encode())
    assert answer.status == 200 or (answer.status, answer.code // 1_000) in ((400, 1), (400, 2))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200))
async def test_no_bytes_ever_break_the_gateway(api: Api, raw: bytes) -> None:
    assert (await api.call("POST", "/sms/send", raw=raw)).code in (1001, 2001)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=st.text(max_size=20))
async def test_no_search_ever_breaks_the_gateway(api: Api, search: str) -> None:
    assert (await api.listed(search, limit=1))["pagination"]["limit"] == 1
