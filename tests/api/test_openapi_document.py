"""The OpenAPI document says what the API does."""

import json
import re
from dataclasses import replace
from typing import Any

import fastjsonschema
import pytest
from api_client import NOBODY, NUMBER, SIM, Api, opened

from deliveries import octets, plain, ucs2
from smsgw.api.failures import HTTP_STATUS
from smsgw.config import CanaryConfig, Config
from support import LONG_S, Clock


async def document(api: Api) -> Any:
    return (await api.call("GET", "/openapi.json", token="")).json


def resolved(document: Any, node: Any) -> Any:
    """Put every referenced schema in its place."""
    if isinstance(node, dict):
        if "$ref" in node:
            return resolved(document, document["components"]["schemas"][node["$ref"].rpartition("/")[2]])
        return {key: resolved(document, below) for key, below in node.items()}
    return [resolved(document, below) for below in node] if isinstance(node, list) else node


def closed(node: Any) -> Any:
    """Forbid what a schema does not name."""
    if isinstance(node, dict):
        extra = {"additionalProperties": False} if "properties" in node else {}
        return {key: closed(below) for key, below in node.items()} | extra
    return [closed(below) for below in node] if isinstance(node, list) else node


async def test_it_is_served_without_a_token_under_both_prefixes(api: Api) -> None:
    answers = [await api.call("GET", f"{prefix}/openapi.json", token="") for prefix in ("", "/v1")]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    assert answers[0].json["openapi"] == "3.1.0"


async def test_every_reference_leads_somewhere(api: Api) -> None:
    whole = await document(api)
    for name in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(whole)):
        assert name in whole["components"]["schemas"]


async def test_every_call_it_names_is_served_and_checks_its_token(api: Api) -> None:
    for path, calls in (await document(api))["paths"].items():
        for method, call in calls.items():
            answer = await api.call(method.upper(), path.replace("{id}", NOBODY), token="")
            assert answer.status == (200 if "security" in call else 401), path


async def test_every_status_it_names_belongs_to_its_codes(api: Api) -> None:
    for calls in (await document(api))["paths"].values():
        for call in calls.values():
            for status, answer in call["responses"].items():
                for code in re.findall(r"\b[1-4]0\d\d\b", answer["description"]):
                    assert HTTP_STATUS[int(code)] == int(status)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/sms/send", {"message": "x", "phone_number": NUMBER}),
        ("post", "/sms/send", {"message": "x", "phone_number": NUMBER, "dry_run": True}),
        ("post", "/sms/send/batch", {"messages": [{"message": "x", "phone_number": NUMBER}, {}]}),
        ("post", "/sms/get", {}),
        ("get", "/sms", None),
        ("get", "/sms/{id}", None),
        ("get", "/devices", None),
        ("post", "/devices/ussd", {"code": "*100#"}),
        ("get", "/health", None),
    ],
)
async def test_answers_look_as_it_says(api: Api, method: str, path: str, body: object) -> None:
    id = await api.sent()
    await api.put_on_wire()
    whole = await document(api)
    schema = whole["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    query = "?limit=5" if path == "/sms" else ""
    sent = {"id": id} if body == {} else body
    if path == "/devices/ussd":
        sent = {"code": "*100#", "device_id": await api.device()}
    answer = await api.call(method.upper(), path.replace("{id}", id) + query, sent)
    fastjsonschema.compile(closed(resolved(whole, schema)))(answer.json)


async def test_incoming_messages_of_every_kind_look_as_it_says(api: Api, clock: Clock) -> None:
    waiting = bytes.fromhex("0791447700099099040C9144770009103200C86230102143658000")
    kinds = [plain("x"), plain("", at=None), octets(b"\1", header=bytes([5, 4, 11, 132, 35, 240])), b"garbage", waiting]
    for pdu in [ucs2("one", 1, 2), *kinds]:
        await api.gateway.inbox.received(await api.device(), SIM, pdu)
    clock.advance(86_400)
    await api.gateway.housekeeping.sweep(LONG_S)
    whole = await document(api)
    listed = (await api.call("GET", "/inbox?limit=10")).json
    fastjsonschema.compile(closed(resolved(whole, whole["components"]["schemas"]["InboundPage"])))(listed)
    assert len(listed["inbox_list"]) == len(kinds) + 1
    one = (await api.call("POST", "/inbox/get", {"id": listed["inbox_list"][0]["id"]})).json
    fastjsonschema.compile(closed(resolved(whole, whole["components"]["schemas"]["Inbound"])))(one)


async def test_webhooks_look_as_it_says(api: Api) -> None:
    whole = await document(api)

    async def looks(method: str, path: str, shown: str, body: object = None) -> Any:
        answer = await api.call(method.upper(), shown, body)
        (success,) = (said for status, said in whole["paths"][path][method]["responses"].items() if status < "300")
        assert str(answer.status) in whole["paths"][path][method]["responses"]
        schema = success["content"]["application/json"]["schema"]
        fastjsonschema.compile(closed(resolved(whole, schema)))(answer.json)
        return answer.json

    wish = {"name": "shop", "url": "http://127.0.0.1:9/", "events": ["sms.status"], "headers": {"X-Key": "secret"}}
    id = (await looks("post", "/webhooks", "/webhooks", wish))["id"]
    await api.sent()
    await api.put_on_wire()
    await looks("get", "/webhooks", "/webhooks")
    await looks("get", "/webhooks/{id}", f"/webhooks/{id}")
    for change in ({"name": "shop 2"}, {"rotate_secret": True}, {"is_active": False}):
        await looks("patch", "/webhooks/{id}", f"/webhooks/{id}", change)
    told = await looks("get", "/webhooks/{id}/deliveries", f"/webhooks/{id}/deliveries?limit=5")
    delivery = told["deliveries"][0]["id"]
    await looks("post", "/webhooks/deliveries/{id}/retry", f"/webhooks/deliveries/{delivery}/retry")


async def test_a_canary_looks_as_it_says(config: Config, clock: Clock) -> None:
    canary = CanaryConfig(name="itself", from_modem="north", to_modem="north", to_number=NUMBER)
    async with opened(replace(config, canaries=(canary,)), clock) as api:
        whole = await document(api)
        shape = fastjsonschema.compile(closed(resolved(whole, whole["components"]["schemas"]["Health"])))
        shape((await api.call("GET", "/health")).json)
        await api.gateway.devices.sim_seen(await api.device(), SIM, None, 1)
        await api.gateway.canaries.look(LONG_S)
        await api.put_on_wire()
        await api.gateway.inbox.received(await api.device(), SIM, plain((await api.texts("canary"))[0]))
        answer = (await api.call("GET", "/health")).json
        shape(answer)
        assert [one["state"] for one in answer["canaries"]] == ["ok"]


async def test_errors_look_as_it_says(api: Api) -> None:
    whole = await document(api)
    schema = resolved(whole, whole["components"]["schemas"]["Error"])
    fastjsonschema.compile(schema)((await api.call("GET", "/sms")).json)
