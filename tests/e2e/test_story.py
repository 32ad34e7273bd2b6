"""The main job: a message posted to the API leaves through a modem and comes back delivered."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from simmodem import Line, Rule
from world import BYTES, SLOW, WHOLE, WITH_URCS, until, world

RUSSIAN_TEXTS = {
    0: "Ждет обработки",
    1: "Взято в обработку",
    2: "Отправлено",
    3: "Ошибка отправки",
    4: "Доставлено",
    5: "Ошибка доставки",
}
LINES = pytest.mark.parametrize("line", [WHOLE, BYTES, SLOW, WITH_URCS], ids=["whole", "bytes", "slow", "urcs"])

RUSSIAN_500 = ("Съешь ещё этих мягких французских булок, да выпей чаю 🫖👨‍👩‍👧🇷🇺! " * 20)[:500]
GSM_1000 = ("Price: 10€ [net] {gross} ~ ^ | \\ @£$¥ èéùìò ÄÖÑÜ§ 0123456789. " * 20)[:1000]


@LINES
async def test_a_message_is_delivered_over_any_line(tmp_path: Path, line: Line) -> None:
    async with world(tmp_path, line=line) as w:
        id = await w.send("Привет, мир!")
        message = await w.reaches(id, 4)
        assert message["message_status"] == "Доставлено"
        assert await w.statuses(id) == [0, 1, 2, 4]
        assert [(m.recipient, m.text) for m in w.virtual.network.messages] == [("+79991234567", "Привет, мир!")]


async def test_the_client_sees_every_status_with_its_text(tmp_path: Path) -> None:
    slow = Rule(network_time=0.4, report_delay=0.4)
    async with world(tmp_path, rules=(slow,)) as w:
        ids = [await w.send("первое"), await w.send("второе")]
        seen: dict[int, str] = {}

        async def delivered() -> bool:
            for id in ids:
                message = await w.message(id)
                seen[message["status"]] = message["message_status"]
            return all([(await w.message(id))["status"] == 4 for id in ids])

        await until(delivered, "both delivered")
        assert seen == {status: RUSSIAN_TEXTS[status] for status in (0, 1, 2, 4)}


async def test_the_example_of_the_readme_is_delivered(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await w.send("My message", "79999999999", device_id="", to_sim=1, callback_id="")
        assert len(id) == 24
        message = await w.reaches(id, 4)
        assert list(message) == [
            "id", "message", "status", "callback_id", "device_id", "phone_number", "message_status", "time_create",
            "to_sim",
        ]  # fmt: skip
        assert (message["to_sim"], message["device_id"], message["callback_id"]) == (1, "", "")


@LINES
@pytest.mark.parametrize("text", [RUSSIAN_500, GSM_1000], ids=["russian with emoji", "gsm"])
async def test_a_long_text_arrives_joined_letter_for_letter(tmp_path: Path, line: Line, text: str) -> None:
    async with world(tmp_path, line=line) as w:
        id = await w.send(text)
        await w.reaches(id, 4)
        (arrived,) = w.virtual.network.messages
        assert arrived.text == text
        parts = (await w.detail(id))["parts"]
        assert len(parts) == len(w.virtual.network.ledger) > 1
        assert {part["state"] for part in parts} == {"delivered"}


async def test_a_message_that_the_network_refuses_for_good_ends_as_send_error(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(recipient="79990000001", error="+CMS ERROR: 1"),)) as w:
        bad, good = await w.send("bad", "79990000001"), await w.send("good")
        assert (await w.reaches(bad, 3))["message_status"] == RUSSIAN_TEXTS[3]
        assert (await w.detail(bad))["error"]["reason"] == "refused"
        await w.reaches(good, 4)
        assert [m.text for m in w.virtual.network.messages] == ["good"]


async def test_a_report_that_says_rejected_ends_as_delivery_error(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(reports=(0x42,)),)) as w:
        id = await w.send("unwanted")
        assert (await w.reaches(id, 5))["message_status"] == RUSSIAN_TEXTS[5]
        assert await w.statuses(id) == [0, 1, 2, 5]


async def test_still_trying_then_delivered_ends_as_delivered(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(reports=(0x30, 0x00)),)) as w:
        id = await w.send("patience")
        await w.reaches(id, 4)
        assert await w.statuses(id) == [0, 1, 2, 4]


async def test_two_hundred_messages_at_once_over_four_modems_each_arrive_once_and_in_order(tmp_path: Path) -> None:
    async with world(tmp_path, modems=4) as w:
        texts = [f"message {n}" for n in range(200)]
        ids = await asyncio.gather(*(w.send(text) for text in texts))
        for id in ids:
            await w.reaches(id, 4)
        arrived = w.virtual.network.messages
        assert Counter(message.text for message in arrived) == Counter(texts)
        order = {id: place for place, id in enumerate(sorted(ids))}
        place_of_text = {text: order[id] for text, id in zip(texts, ids, strict=True)}
        for modem in range(4):
            places = [place_of_text[message.text] for message in arrived if message.modem == modem]
            assert places == sorted(places)
            assert places, f"modem {modem} sent nothing"


async def test_a_message_for_a_named_device_leaves_through_that_one(tmp_path: Path) -> None:
    async with world(tmp_path, modems=2) as w:
        _, second = await w.device_ids()
        ids = [await w.send(f"{n}", device_id=second) for n in range(5)]
        for id in ids:
            await w.reaches(id, 4)
        assert {message.modem for message in w.virtual.network.messages} == {1}
