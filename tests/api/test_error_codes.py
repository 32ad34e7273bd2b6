"""Every error of the contract: what provokes it, and what is answered, in both languages and under both prefixes."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
from api_client import NOBODY, NUMBER, SIM, Answer, Api, ModemsByHand, opened, with_server, without
from listening import listening

from smsgw import errors
from smsgw.api.failures import HTTP_STATUS
from smsgw.config import Config
from smsgw.errors import CallerError, Language
from smsgw.model import LiveModem, Right
from support import Clock, with_sending


@dataclass(frozen=True, slots=True)
class Provocation:
    """One way to an error. `prefix` goes before every path."""

    error: type[CallerError]
    code: int
    status: int
    provoke: Callable[[Api, str], Awaitable[Answer]]
    config: Callable[[Config], Config] = lambda config: config
    headers: tuple[str, ...] = ()
    name: str = ""
    modems: Callable[[], ModemsByHand] = ModemsByHand


class BrokenModems(ModemsByHand):
    """A defect in the program, as the API would meet it."""

    def live(self, device_id: str) -> LiveModem:
        raise ZeroDivisionError("a defect nobody knows of")


class OfflineModems(ModemsByHand):
    """Modems of which none is there."""

    def live(self, device_id: str) -> LiveModem:
        return LiveModem()


def saying(error: CallerError) -> Callable[[], ModemsByHand]:
    """Make modems that do not get through to the network."""

    def make() -> ModemsByHand:
        modems = ModemsByHand()
        modems.said = error
        return modems

    return make


def call(method: str, path: str, body: object = None, **given: object) -> Callable[[Api, str], Awaitable[Answer]]:
    """Make one request."""

    async def provoke(api: Api, prefix: str) -> Answer:
        return await api.call(method, prefix + path, body, **given)  # type: ignore[arg-type]

    return provoke


def sending(**fields: object) -> Callable[[Api, str], Awaitable[Answer]]:
    """Send a message with these fields."""
    return call("POST", "/sms/send", {"message": "x", "phone_number": NUMBER} | fields)


def lacking(right: Right, method: str, path: str, body: object = None) -> Callable[[Api, str], Awaitable[Answer]]:
    """Call with a token that has every right but this."""

    async def provoke(api: Api, prefix: str) -> Answer:
        return await api.call(method, prefix + path, body, token=await api.token_for(*without({right})))

    return provoke


async def with_disabled_token(api: Api, prefix: str) -> Answer:
    token = await api.gateway.tokens.create("off", Right)
    await api.gateway.tokens.switch("off", False)
    return await api.call("GET", f"{prefix}/devices", token=token)


async def from_elsewhere(api: Api, prefix: str) -> Answer:
    token = await api.token_for(*Right, networks=("10.0.0.0/8", "fd00::/8"))
    return await api.call("GET", f"{prefix}/devices", token=token)


async def beyond_quota(api: Api, prefix: str) -> Answer:
    token = await api.token_for(*Right, per_day=1)
    body = {"message": "x", "phone_number": NUMBER}
    assert (await api.call("POST", f"{prefix}/sms/send", body, token=token)).status == 200
    return await api.call("POST", f"{prefix}/sms/send", body, token=token)


async def deleting_on_the_wire(api: Api, prefix: str) -> Answer:
    id = await api.sent()
    await api.put_on_wire()
    return await api.call("DELETE", f"{prefix}/sms/del", {"id": id})


def dialling(**fields: object) -> Callable[[Api, str], Awaitable[Answer]]:
    """Dial a code with these fields."""

    async def provoke(api: Api, prefix: str) -> Answer:
        body = {"device_id": await api.device(), "code": "*100#"} | fields
        return await api.call("POST", f"{prefix}/devices/ussd", body)

    return provoke


async def dialling_on_a_device_that_is_off(api: Api, prefix: str) -> Answer:
    await api.call("POST", f"{prefix}/devices/edit", {"device_id": await api.device(), "is_active": False})
    return await dialling()(api, prefix)


async def with_all_switched_off(api: Api, prefix: str) -> Answer:
    for name in ("north", "south"):
        await api.call("POST", f"{prefix}/devices/edit", {"device_id": await api.device(name), "is_active": False})
    return await sending()(api, prefix)


async def to_a_slot_the_device_lacks(api: Api, prefix: str) -> Answer:
    return await sending(device_id=await api.device(), to_sim=2)(api, prefix)


async def twice(api: Api, prefix: str) -> Answer:
    await api.call("GET", "/devices")
    return await api.call("GET", f"{prefix}/devices")


async def when_the_sim_has_sent_enough_today(api: Api, prefix: str) -> Answer:
    await api.gateway.devices.sim_seen(await api.device(), SIM, None, 1)
    north = await api.device()
    await api.sent(device_id=north)
    await api.put_on_wire()
    return await api.call(
        "POST", f"{prefix}/sms/send", {"message": "x", "phone_number": NUMBER, "device_id": north, "ttl": 60}
    )


def with_limits(config: Config, **limits: int) -> Config:
    """Return the configuration with limits for every SIM."""
    modems = tuple(replace(modem, sims=(replace(modem.sim, **limits),)) for modem in config.modems)
    return replace(config, modems=modems)


async def when_the_queue_is_full(api: Api, prefix: str) -> Answer:
    await api.sent()
    return await sending()(api, prefix)


async def when_the_disk_is_full(api: Api, prefix: str) -> Answer:
    await api.fill_disk()
    for _ in range(200):
        answer = await sending(message="ы" * 600)(api, prefix)
        if answer.status != 200:
            return answer
    raise AssertionError("the disk never filled up")


def with_keys(*keys: str) -> Callable[[Api, str], Awaitable[Answer]]:
    """Send a message with these idempotency keys."""

    async def provoke(api: Api, prefix: str) -> Answer:
        body = json.dumps({"message": "x", "phone_number": NUMBER}).encode()
        head = [
            f"POST {prefix}/sms/send HTTP/1.1",
            f"Host: x\r\nAuthorization: Bearer {api.token}\r\nContent-Length: {len(body)}",
            *(f"Idempotency-Key: {key}" for key in keys),
        ]
        return await api.exchange("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    return provoke


async def with_a_key_of_another_request(api: Api, prefix: str) -> Answer:
    for text in ("one", "other"):
        body = {"message": text, "phone_number": NUMBER}
        answer = await api.call("POST", f"{prefix}/sms/send", body, headers={"Idempotency-Key": "k"})
    return answer


HOOK = {"name": "shop", "url": "http://127.0.0.1:9/hook", "events": ["sms.status"]}


def hooking(**fields: object) -> Callable[[Api, str], Awaitable[Answer]]:
    """Make a webhook with these fields."""
    return call("POST", "/webhooks", HOOK | fields)


def editing(**fields: object) -> Callable[[Api, str], Awaitable[Answer]]:
    """Change these fields of a webhook."""

    async def provoke(api: Api, prefix: str) -> Answer:
        id = (await hooking()(api, prefix)).json["id"]
        return await api.call("PATCH", f"{prefix}/webhooks/{id}", fields)

    return provoke


def listing_deliveries(query: str) -> Callable[[Api, str], Awaitable[Answer]]:
    """List what a webhook was told."""

    async def provoke(api: Api, prefix: str) -> Answer:
        id = (await hooking()(api, prefix)).json["id"]
        return await api.call("GET", f"{prefix}/webhooks/{id}/deliveries?{query}")

    return provoke


async def with_the_name_of_another(api: Api, prefix: str) -> Answer:
    await hooking()(api, prefix)
    return await hooking()(api, prefix)


async def with_one_webhook_too_many(api: Api, prefix: str) -> Answer:
    for number in range(64):
        assert (await hooking(name=f"shop {number}")(api, prefix)).status == 201
    return await hooking()(api, prefix)


async def no_http(api: Api, prefix: str) -> Answer:
    return await api.exchange(b"GET " + prefix.encode() + b"/sms HTTP/1.1\r\nbad header\r\n\r\n")


async def when_it_listens_often_already(api: Api, prefix: str) -> Answer:
    async with AsyncExitStack() as streams:
        for _ in range(64):
            await streams.enter_async_context(listening(api, path=f"{prefix}/events"))
        return await api.call("GET", f"{prefix}/events")


def no_modems(config: Config) -> Config:
    return replace(config, modems=())


PROVOCATIONS = (
    Provocation(errors.Unforeseen, 1000, 500, call("GET", "/devices"), modems=BrokenModems),
    Provocation(errors.BodyNotJson, 1001, 400, call("POST", "/sms/send", raw=b"{")),
    Provocation(errors.MalformedRequest, 1001, 400, no_http),
    Provocation(errors.TokenDisabled, 1002, 403, with_disabled_token),
    Provocation(errors.TokenUnknown, 1003, 401, call("GET", "/sms", token=""), headers=("WWW-Authenticate",)),
    Provocation(errors.TokenNotFromHere, 1003, 401, from_elsewhere, headers=("WWW-Authenticate",)),
    Provocation(errors.NoDevices, 1004, 400, sending(), no_modems),
    Provocation(errors.MaySendNot, 1005, 403, lacking(Right.SMS_SEND, "POST", "/sms/send")),
    Provocation(errors.QuotaUsedUp, 1006, 403, beyond_quota),
    Provocation(errors.MayReadNot, 1007, 403, lacking(Right.SMS_READ, "POST", "/sms/get")),
    Provocation(errors.MayReadNot, 1007, 403, lacking(Right.SMS_READ, "GET", "/sms?limit=1"), name="list"),
    Provocation(errors.MayReadNot, 1007, 403, lacking(Right.SMS_READ, "GET", f"/sms/{NOBODY}"), name="detail"),
    Provocation(errors.MayReadInboxNot, 1007, 403, lacking(Right.INBOX_READ, "POST", "/inbox/get")),
    Provocation(errors.MayReadInboxNot, 1007, 403, lacking(Right.INBOX_READ, "GET", "/inbox?limit=1"), name="list"),
    Provocation(errors.MessageNotFound, 1008, 404, call("POST", "/sms/get", {"id": NOBODY})),
    Provocation(errors.MessageNotFound, 1008, 404, call("DELETE", "/sms/del", {"id": NOBODY}), name="delete"),
    Provocation(errors.MessageNotFound, 1008, 404, call("GET", f"/sms/{NOBODY}"), name="detail"),
    Provocation(errors.InboundNotFound, 1008, 404, call("POST", "/inbox/get", {"id": NOBODY})),
    Provocation(errors.InboundNotFound, 1008, 404, call("DELETE", "/inbox/del", {"id": NOBODY}), name="delete"),
    Provocation(errors.MayDeleteNot, 1009, 403, lacking(Right.SMS_DELETE, "DELETE", "/sms/del")),
    Provocation(errors.MessageBusy, 1010, 400, deleting_on_the_wire),
    Provocation(errors.MaySeeDevicesNot, 1011, 403, lacking(Right.DEVICES_READ, "GET", "/devices")),
    Provocation(
        errors.MaySeeDevicesNot, 1011, 403, lacking(Right.DEVICES_READ, "POST", "/devices/get/info"), name="info"
    ),
    Provocation(errors.DeviceNotFound, 1012, 404, call("POST", "/devices/get/info", {"device_id": NOBODY})),
    Provocation(
        errors.DeviceNotFound, 1012, 404, call("POST", "/devices/edit", {"id": NOBODY, "is_active": True}), name="edit"
    ),
    Provocation(errors.DeviceNotFound, 1012, 404, call("POST", "/devices/del", {"device_id": NOBODY}), name="delete"),
    Provocation(errors.MayEditDevicesNot, 1013, 403, lacking(Right.DEVICES_EDIT, "POST", "/devices/edit")),
    Provocation(errors.MayDeleteDevicesNot, 1014, 403, lacking(Right.DEVICES_DELETE, "POST", "/devices/del")),
    Provocation(errors.NoDeviceMaySend, 1015, 400, with_all_switched_off),
    Provocation(errors.SendDeviceNotFound, 1016, 400, sending(device_id=NOBODY)),
    Provocation(errors.NoDeviceHasSlot, 1017, 400, sending(to_sim=2)),
    Provocation(errors.DeviceNotFound, 1012, 404, dialling(device_id=NOBODY), name="ussd"),
    Provocation(errors.MayEditDevicesNot, 1013, 403, lacking(Right.DEVICES_EDIT, "POST", "/devices/ussd"), name="ussd"),
    Provocation(errors.DeviceOff, 1018, 400, dialling_on_a_device_that_is_off),
    Provocation(errors.UssdRefused, 1019, 400, dialling(), modems=saying(errors.UssdRefused(reason="ERROR"))),
    Provocation(
        errors.UssdSessionOver,
        1020,
        404,
        dialling(session="0123456789ab"),
        modems=saying(errors.UssdSessionOver()),
    ),
    Provocation(errors.BadPhoneNumber, 2001, 400, sending(phone_number="12")),
    Provocation(errors.BadMessage, 2002, 400, sending(message="")),
    Provocation(errors.BadMessage, 2002, 400, sending(message="ы" * 671), name="too long"),
    Provocation(errors.BadMessageId, 2003, 400, call("POST", "/sms/get", {"id": "x"})),
    Provocation(errors.BadMessageId, 2003, 400, call("DELETE", "/sms/del", {"id": "x"}), name="delete"),
    Provocation(errors.BadMessageId, 2003, 400, call("GET", "/sms/x"), name="detail"),
    Provocation(errors.BadMessageId, 2003, 400, call("POST", "/inbox/get", {"id": "x"}), name="incoming"),
    Provocation(errors.BadMessageId, 2003, 400, call("DELETE", "/inbox/del", {}), name="incoming to delete"),
    Provocation(errors.BadCallbackId, 2004, 400, sending(callback_id="x")),
    Provocation(errors.BadCallbackId, 2004, 400, sending(callback_id=NOBODY), name="no such webhook"),
    Provocation(errors.BadDeviceId, 2005, 400, sending(device_id="x")),
    Provocation(errors.BadDeviceId, 2005, 400, call("POST", "/devices/del", {}), name="missing"),
    Provocation(errors.BadLimit, 2006, 400, call("GET", "/sms")),
    Provocation(errors.BadLimit, 2006, 400, call("GET", "/inbox?limit=101"), name="inbox"),
    Provocation(errors.BadOffset, 2007, 400, call("GET", "/sms?limit=1&offset=0")),
    Provocation(errors.BadOffset, 2007, 400, call("GET", "/inbox?limit=1&offset=0"), name="inbox"),
    Provocation(errors.BadSim, 2008, 400, sending(to_sim="1")),
    Provocation(errors.BadSim, 2008, 400, to_a_slot_the_device_lacks, name="slot"),
    Provocation(errors.BadIsActive, 2009, 400, call("POST", "/devices/edit", {"device_id": NOBODY, "is_active": 1})),
    Provocation(errors.BadPriority, 2010, 400, sending(priority=10)),
    Provocation(errors.BadTtl, 2011, 400, sending(ttl=0)),
    Provocation(errors.BadSendAt, 2012, 400, sending(send_at="tomorrow")),
    Provocation(errors.BadSendAt, 2012, 400, sending(send_at=4_000_000_000), name="too far"),
    Provocation(errors.BadFlash, 2013, 400, sending(flash=1)),
    Provocation(errors.BadOnUncertain, 2014, 400, sending(on_uncertain="retry")),
    Provocation(errors.BadIdempotencyKey, 2015, 400, with_keys("ключ")),
    Provocation(errors.BadIdempotencyKey, 2015, 400, with_keys(""), name="empty"),
    Provocation(errors.BadIdempotencyKey, 2015, 400, with_keys("x" * 256), name="too long"),
    Provocation(errors.BadIdempotencyKey, 2015, 400, with_keys("one", "two"), name="two"),
    Provocation(errors.BadMessages, 2016, 400, call("POST", "/sms/send/batch", {})),
    Provocation(errors.BadMessages, 2016, 400, call("POST", "/sms/send/batch", {"messages": {}}), name="kind"),
    Provocation(errors.BadMessages, 2016, 400, call("POST", "/sms/send/batch", {"messages": []}), name="none"),
    Provocation(errors.BadMessages, 2016, 400, call("POST", "/sms/send/batch", {"messages": [1] * 1_001}), name="many"),
    Provocation(errors.BadDryRun, 2017, 400, sending(dry_run="yes")),
    Provocation(errors.BadSim, 2008, 400, dialling(to_sim=2), name="ussd"),
    Provocation(errors.BadUssdCode, 2018, 400, dialling(code="balance")),
    Provocation(errors.BadUssdCode, 2018, 400, dialling(code=""), name="empty"),
    Provocation(errors.BadUssdSession, 2019, 400, dialling(session="x")),
    Provocation(errors.BadUssdSession, 2019, 400, dialling(cancel=True), name="missing"),
    Provocation(errors.BadCancel, 2020, 400, dialling(cancel=1)),
    Provocation(errors.BadTypes, 2027, 400, call("GET", "/events?types=sms.sent")),
    Provocation(errors.MayManageWebhooksNot, 1021, 403, lacking(Right.WEBHOOKS_MANAGE, "GET", "/webhooks")),
    Provocation(errors.WebhookNotFound, 1022, 404, call("GET", f"/webhooks/{NOBODY}")),
    Provocation(errors.WebhookNotFound, 1022, 404, call("PATCH", f"/webhooks/{NOBODY}", {}), name="change"),
    Provocation(errors.WebhookNotFound, 1022, 404, call("DELETE", f"/webhooks/{NOBODY}"), name="delete"),
    Provocation(errors.WebhookNotFound, 1022, 404, call("POST", f"/webhooks/{NOBODY}/test"), name="test"),
    Provocation(
        errors.WebhookNotFound, 1022, 404, call("GET", f"/webhooks/{NOBODY}/deliveries?limit=1"), name="deliveries"
    ),
    Provocation(errors.DeliveryNotFound, 1023, 404, call("POST", f"/webhooks/deliveries/{NOBODY}/retry")),
    Provocation(
        errors.TooManyWebhooks,
        1024,
        400,
        with_one_webhook_too_many,
        lambda config: with_server(config, rate_limit=0),
    ),
    Provocation(errors.BadWebhookId, 2003, 400, call("GET", "/webhooks/x")),
    Provocation(errors.BadWebhookId, 2003, 400, call("PATCH", "/webhooks/x", {}), name="change"),
    Provocation(errors.BadWebhookId, 2003, 400, call("DELETE", "/webhooks/x"), name="delete"),
    Provocation(errors.BadWebhookId, 2003, 400, call("POST", "/webhooks/x/test"), name="test"),
    Provocation(errors.BadWebhookId, 2003, 400, call("GET", "/webhooks/x/deliveries"), name="deliveries"),
    Provocation(errors.BadWebhookId, 2003, 400, call("POST", "/webhooks/deliveries/x/retry"), name="retry"),
    Provocation(errors.BadLimit, 2006, 400, listing_deliveries("limit=0"), name="deliveries"),
    Provocation(errors.BadOffset, 2007, 400, listing_deliveries("limit=1&offset=0"), name="deliveries"),
    Provocation(errors.BadIsActive, 2009, 400, hooking(is_active=1), name="webhook"),
    Provocation(errors.BadWebhookName, 2021, 400, hooking(name="")),
    Provocation(errors.BadWebhookName, 2021, 400, with_the_name_of_another, name="taken"),
    Provocation(errors.BadUrl, 2022, 400, hooking(url="ftp://127.0.0.1/")),
    Provocation(errors.BadEvents, 2023, 400, hooking(events=["sms.sent"])),
    Provocation(errors.BadHeaders, 2024, 400, hooking(headers={"Host": "x"})),
    Provocation(errors.BadRotateSecret, 2025, 400, editing(rotate_secret=1)),
    Provocation(errors.BadDeliveryState, 2026, 400, listing_deliveries("limit=1&state=lost")),
    Provocation(errors.Maintenance, 3000, 403, sending(), lambda config: with_server(config, maintenance=True)),
    Provocation(
        errors.TooManyRequests,
        4001,
        429,
        twice,
        lambda config: with_server(config, rate_limit=1),
        headers=("Retry-After",),
    ),
    Provocation(
        errors.TooManyStreams,
        4001,
        429,
        when_it_listens_often_already,
        lambda config: with_server(config, rate_limit=0),
        headers=("Retry-After",),
    ),
    Provocation(errors.BodyTooLarge, 4002, 413, call("POST", "/sms/send", raw=b" " * 70_000)),
    Provocation(errors.NoSuchPath, 4003, 404, call("GET", "/smss")),
    Provocation(errors.MethodNotAllowed, 4003, 405, call("GET", "/sms/send"), headers=("Allow",)),
    Provocation(
        errors.QueueFull,
        4004,
        503,
        when_the_queue_is_full,
        lambda config: with_sending(config, max_waiting=1),
        headers=("Retry-After",),
    ),
    Provocation(
        errors.NotInTime,
        4004,
        503,
        when_the_sim_has_sent_enough_today,
        lambda config: with_limits(config, per_day=1),
        headers=("Retry-After",),
    ),
    Provocation(errors.StorageUnavailable, 4004, 503, when_the_disk_is_full, headers=("Retry-After",)),
    Provocation(errors.IdempotencyKeyReused, 4005, 422, with_a_key_of_another_request),
    Provocation(errors.DeviceNotReady, 4006, 503, dialling(), headers=("Retry-After",), modems=OfflineModems),
    Provocation(
        errors.UssdBusy,
        4007,
        503,
        dialling(),
        headers=("Retry-After",),
        modems=saying(errors.UssdBusy(retry_after_s=30)),
    ),
    Provocation(errors.UssdUnanswered, 4008, 503, dialling(), modems=saying(errors.UssdUnanswered())),
)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("case", PROVOCATIONS, ids=lambda case: f"{case.error.__name__} {case.name}".strip())
async def test_every_error_is_answered_as_the_contract_says(
    case: Provocation, prefix: str, language: Language, config: Config, clock: Clock
) -> None:
    async with opened(with_server(case.config(config), language=language), clock, case.modems()) as api:
        answer = await case.provoke(api, prefix)
    assert (answer.code, answer.status) == (case.code, case.status)
    template = case.error.ru if language is Language.RU else case.error.en
    assert answer.text.startswith(template.split("{")[0])
    assert "{" not in answer.text
    for header in case.headers:
        assert answer.headers[header]


def caller_errors() -> set[type[CallerError]]:
    return {
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, CallerError) and found is not CallerError
    }


def test_every_error_there_is_has_been_provoked() -> None:
    assert {case.error for case in PROVOCATIONS} == caller_errors()


def test_every_code_has_its_status_and_no_other_status_is_used() -> None:
    assert {error.code for error in caller_errors()} == set(HTTP_STATUS)
    assert {*HTTP_STATUS.values(), 405, 200, 204} <= {200, 201, 204, 400, 401, 403, 404, 405, 413, 422, 429, 500, 503}


async def test_what_went_wrong_inside_is_told_to_nobody_outside(config: Config, clock: Clock) -> None:
    async with opened(config, clock, BrokenModems()) as api:
        answer = await api.call("GET", "/devices")
        assert b"defect" not in answer.raw
        assert b"Zero" not in answer.raw
        assert (await api.call("GET", "/sms?limit=1")).status == 200


async def test_a_full_disk_stores_nothing_and_is_forgotten_when_there_is_room_again(api: Api) -> None:
    answer = await when_the_disk_is_full(api, "")
    assert int(answer.headers["Retry-After"]) > 0
    stored = (await api.listed())["pagination"]["total_records"]
    assert (await api.send("ы" * 600)).code == 4004
    assert (await api.listed())["pagination"]["total_records"] == stored
    await api.free_disk()
    await api.sent("ы" * 600)
    assert (await api.listed())["pagination"]["total_records"] == stored + 1


async def test_a_quota_of_the_day_is_renewed_on_the_next_day(api: Api, clock: Clock) -> None:
    token = await api.token_for(Right.SMS_SEND, per_day=1, per_month=2)
    body = {"message": "x", "phone_number": NUMBER}

    async def attempt() -> int:
        answer = await api.call("POST", "/sms/send", body, token=token)
        return 200 if answer.status == 200 else answer.code

    assert [await attempt(), await attempt()] == [200, 1006]
    clock.advance(86_400)
    assert [await attempt(), await attempt()] == [200, 1006]
    clock.advance(86_400)
    assert await attempt() == 1006
    clock.advance(31 * 86_400)
    assert await attempt() == 200


async def test_what_was_refused_costs_no_quota(api: Api) -> None:
    token = await api.token_for(Right.SMS_SEND, per_day=1)
    for fields in ({"to_sim": 2}, {"device_id": NOBODY}, {"message": ""}):
        body = {"message": "x", "phone_number": NUMBER} | fields
        assert (await api.call("POST", "/sms/send", body, token=token)).status == 400
    body = {"message": "x", "phone_number": NUMBER}
    assert (await api.call("POST", "/sms/send", body, token=token)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/sms/send", "POST"),
        ("GET", "/sms/del", "DELETE"),
        ("POST", "/sms", "GET, HEAD"),
        ("PUT", "/v1/sms", "GET, HEAD"),
        ("DELETE", f"/v1/sms/{NOBODY}", "GET, HEAD"),
        ("GET", "/devices/edit", "POST"),
        ("OPTIONS", "/health", "GET, HEAD"),
        ("PATCH", "/openapi.json", "GET, HEAD"),
        ("PUT", f"/webhooks/{NOBODY}", "GET, HEAD, PATCH, DELETE"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(api: Api, method: str, path: str, allowed: str) -> None:
    answer = await api.call(method, path)
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, 4003, allowed)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v2/sms/send", "/sms/", "/sms/a/b", "/v1/v1/sms", "/%ff%00", "/ж"]
)
async def test_unknown_addresses_are_unknown_with_or_without_a_token(api: Api, path: str) -> None:
    for token in (api.token, ""):
        answer = await api.call("POST", path, {}, token=token)
        assert (answer.status, answer.code) == (404, 4003)
