"""A disk that is nearly full: no new messages, by whichever call, and everything else as ever."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from api_client import NUMBER, SIM, Api, opened

from smsgw.config import Config, StoreConfig
from smsgw.errors import Language
from smsgw.store import room
from support import Clock

MORE_THAN_ANY_DISK_HAS = StoreConfig.__dataclass_fields__["keep_free_mb"].metadata["max"]


def nearly_full(config: Config) -> Config:
    """Return the configuration with more to be kept free than is free."""
    return replace(config, store=replace(config.store, keep_free_mb=MORE_THAN_ANY_DISK_HAS))


@pytest.fixture
async def api(config: Config, clock: Clock) -> AsyncIterator[Api]:
    """Open the API over a database with a message in it, on a disk that is nearly full."""
    async with opened(config, clock) as roomy:
        await roomy.sent("before")
    async with opened(nearly_full(config), clock) as api:
        yield api


async def test_every_call_that_takes_messages_in_refuses_them(api: Api) -> None:
    one = {"message": "x", "phone_number": NUMBER}
    answers = [
        await api.send(),
        await api.send(dry_run=True),
        await api.call("POST", "/sms/send/batch", {"messages": [one, one]}),
    ]
    for answer in answers:
        assert (answer.status, answer.code) == (503, 4004)
        assert int(answer.headers["Retry-After"]) > 0
        assert "диск почти заполнен: свободно " in answer.text
        assert "освободите место" in answer.text
    assert (await api.listed())["pagination"]["total_records"] == 1


async def test_what_was_taken_before_is_shown_sent_and_deleted(api: Api) -> None:
    (message,) = (await api.listed("before"))["sms_list"]
    claimed = await api.gateway.sending.claim(await api.device(), SIM, 1)
    assert claimed is not None
    await api.gateway.sending.accepted(claimed.parts[0].row, SIM, 1)
    assert (await api.call("POST", "/sms/get", {"id": message["id"]})).json["status"] == 2
    assert (await api.call("DELETE", "/sms/del", {"id": message["id"]})).status == 204


async def test_a_repeat_is_answered_as_the_first_request_was(config: Config, clock: Clock) -> None:
    body = {"message": "x", "phone_number": NUMBER}
    key = {"Idempotency-Key": "once"}
    async with opened(config, clock) as roomy:
        first = await roomy.call("POST", "/sms/send", body, headers=key)
        token = roomy.token
    async with opened(nearly_full(config), clock) as api:
        repeated = await api.call("POST", "/sms/send", body, headers=key, token=token)
    assert (repeated.status, repeated.json) == (200, first.json)


async def test_health_says_so_and_that_the_rest_works(api: Api) -> None:
    answer = await api.call("GET", "/health")
    assert (answer.status, answer.json["status"]) == (200, "degraded")
    (reason,) = answer.json["reasons"]
    assert "диск почти заполнен" in reason


async def test_it_can_be_switched_off(config: Config, clock: Clock) -> None:
    async with opened(replace(config, store=replace(config.store, keep_free_mb=0)), clock) as api:
        assert (await api.send()).status == 200
        assert (await api.call("GET", "/health")).json["status"] == "ok"


def test_room_that_nobody_can_measure_is_room(tmp_path: Path) -> None:
    assert room.shortage(tmp_path / "nowhere" / "a.db", MORE_THAN_ANY_DISK_HAS) is None
    assert room.shortage(tmp_path / "a.db", 0) is None


def test_a_shortage_is_told_in_both_languages_with_its_size(tmp_path: Path) -> None:
    short = room.shortage(tmp_path / "a.db", MORE_THAN_ANY_DISK_HAS)
    assert short is not None
    for language in Language:
        assert str(MORE_THAN_ANY_DISK_HAS) in short.in_language(language)
    assert "make room" in short.en
