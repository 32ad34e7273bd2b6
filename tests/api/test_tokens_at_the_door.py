"""Who is let in: bearer tokens, rights, networks, and how often."""

import asyncio
import re

import pytest
from api_client import NOBODY, NUMBER, Api, opened, with_server

from smsgw.api.limits import RateLimiter
from smsgw.config import Config
from smsgw.errors import TooManyRequests
from smsgw.model import Right
from support import Clock

# Each call with the one right it takes.
CALLS = (
    (Right.SMS_SEND, "POST", "/sms/send", {"message": "x", "phone_number": NUMBER}),
    (Right.SMS_READ, "POST", "/sms/get", {"id": NOBODY}),
    (Right.SMS_READ, "GET", "/sms?limit=1", None),
    (Right.SMS_READ, "GET", f"/sms/{NOBODY}", None),
    (Right.SMS_DELETE, "DELETE", "/sms/del", {"id": NOBODY}),
    (Right.INBOX_READ, "GET", "/inbox?limit=1", None),
    (Right.INBOX_READ, "POST", "/inbox/get", {"id": NOBODY}),
    (Right.SMS_DELETE, "DELETE", "/inbox/del", {"id": NOBODY}),
    (Right.DEVICES_READ, "GET", "/devices", None),
    (Right.DEVICES_READ, "POST", "/devices/get/info", {"device_id": NOBODY}),
    (Right.DEVICES_EDIT, "POST", "/devices/edit", {"device_id": NOBODY}),
    (Right.DEVICES_DELETE, "POST", "/devices/del", {"device_id": NOBODY}),
    (Right.WEBHOOKS_MANAGE, "GET", "/webhooks", None),
    (Right.WEBHOOKS_MANAGE, "POST", "/webhooks", {"name": "a", "url": "http://a/", "events": ["sms.status"]}),
    (Right.WEBHOOKS_MANAGE, "GET", f"/webhooks/{NOBODY}", None),
    (Right.WEBHOOKS_MANAGE, "PATCH", f"/webhooks/{NOBODY}", {}),
    (Right.WEBHOOKS_MANAGE, "DELETE", f"/webhooks/{NOBODY}", None),
    (Right.WEBHOOKS_MANAGE, "POST", f"/webhooks/{NOBODY}/test", None),
    (Right.WEBHOOKS_MANAGE, "GET", f"/webhooks/{NOBODY}/deliveries?limit=1", None),
    (Right.WEBHOOKS_MANAGE, "POST", f"/webhooks/deliveries/{NOBODY}/retry", None),
)
REFUSALS = {
    Right.SMS_SEND: 1005,
    Right.SMS_READ: 1007,
    Right.SMS_DELETE: 1009,
    Right.INBOX_READ: 1007,
    Right.DEVICES_READ: 1011,
    Right.DEVICES_EDIT: 1013,
    Right.DEVICES_DELETE: 1014,
    Right.WEBHOOKS_MANAGE: 1021,
}


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[2])
async def test_a_right_opens_its_own_calls_and_no_others(
    api: Api, right: Right, call: tuple[Right, str, str, object]
) -> None:
    needed, method, path, body = call
    answer = await api.call(method, path, body, token=await api.token_for(right))
    if right is needed:
        assert answer.status in (200, 201, 204, 404)
    else:
        assert (answer.status, answer.code) == (403, REFUSALS[needed])


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dTpw", "Token {token}", "{token}", "Bearer {token}x", "Bearer x{token}",
     "Bearer a.b.c", "Bearer {token} {token}", "Bearer \udcff\udcfe", "Bearer " + "a" * 4_000],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/sms/send", "/v1/sms/get", "/devices/edit"])
async def test_without_a_valid_token_nobody_comes_in(api: Api, header: str, path: str) -> None:
    shown = header.format(token=api.token).encode("utf-8", "surrogateescape")
    answer = await api.exchange(b"POST %b HTTP/1.1\r\nHost: x\r\nAuthorization: %b\r\n\r\n" % (path.encode(), shown))
    assert (answer.status, answer.code, answer.headers["WWW-Authenticate"]) == (401, 1003, "Bearer")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
async def test_the_scheme_is_read_in_any_case(api: Api, scheme: str) -> None:
    answer = await api.call("GET", "/devices", headers={"Authorization": f"{scheme} {api.token}"}, token="")
    assert answer.status == 200


def test_a_token_has_the_shape_that_published_clients_demand(api: Api) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", api.token)


async def test_a_token_of_a_network_works_inside_it(api: Api) -> None:
    inside = await api.token_for(*Right, networks=("10.0.0.0/8", "127.0.0.0/8"))
    assert (await api.call("GET", "/devices", token=inside)).status == 200


async def test_a_revoked_token_is_refused_at_once_and_a_disabled_one_works_again_when_enabled(api: Api) -> None:
    token = await api.gateway.tokens.create("passing", Right)

    async def attempt() -> int:
        answer = await api.call("GET", "/devices", token=token)
        return 200 if answer.status == 200 else answer.code

    assert await attempt() == 200
    await api.gateway.tokens.switch("passing", False)
    assert await attempt() == 1002
    await api.gateway.tokens.switch("passing", True)
    assert await attempt() == 200
    await api.gateway.tokens.revoke("passing")
    assert await attempt() == 1003


# ── how often ──


async def test_calls_beyond_the_rate_are_refused_for_that_token_and_path_alone(config: Config, clock: Clock) -> None:
    async with opened(with_server(config, rate_limit=5), clock) as api:
        answers = await asyncio.gather(
            *(api.call("GET", f"{prefix}/devices") for prefix in ("", "/v1") for _ in range(10))
        )
        refused = [answer for answer in answers if answer.status != 200]
        assert len(refused) >= 14
        assert {(answer.status, answer.code, answer.headers["Retry-After"]) for answer in refused} == {(429, 4001, "1")}
        assert (await api.call("GET", "/sms?limit=1")).status == 200
        assert (await api.call("GET", "/devices", token=await api.token_for(Right.DEVICES_READ))).status == 200
        for _ in range(10):
            assert (await api.call("GET", "/health", token="")).status == 200


class Ticks:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def passed(limiter: RateLimiter, calls: int, token: int = 1, path: str = "/sms") -> int:
    """Count how many of so many calls pass."""
    count = 0
    for _ in range(calls):
        try:
            limiter.take(token, path)
        except TooManyRequests:
            continue
        count += 1
    return count


@pytest.mark.parametrize("rate", [1, 3, 7, 50, 1_000])
def test_a_second_refills_what_a_second_may_use(rate: int) -> None:
    ticks = Ticks()
    limiter = RateLimiter(rate, ticks)
    assert passed(limiter, 2 * rate) == rate
    ticks.now += 1
    assert passed(limiter, 2 * rate) == rate
    ticks.now += 3_600
    assert passed(limiter, 2 * rate) == rate


def test_half_a_second_refills_half() -> None:
    ticks = Ticks()
    limiter = RateLimiter(10, ticks)
    passed(limiter, 10)
    ticks.now += 0.5
    assert passed(limiter, 10) == 5


def test_refused_calls_do_not_put_the_next_one_off() -> None:
    ticks = Ticks()
    limiter = RateLimiter(2, ticks)
    passed(limiter, 1_000)
    ticks.now += 0.5
    assert passed(limiter, 1) == 1


def test_zero_means_no_limit() -> None:
    assert passed(RateLimiter(0), 10_000) == 10_000


def test_forgetting_idle_callers_lets_no_busy_one_pass() -> None:
    ticks = Ticks()
    limiter = RateLimiter(2, ticks)
    for token in range(10_000):
        passed(limiter, 1, token)
        ticks.now += 0.01
    passed(limiter, 10, token=1)
    for token in range(2, 10_000):
        passed(limiter, 1, token)
    assert passed(limiter, 1, token=1) == 0
