"""USSD from the client to the network and back, over the real daemon and a virtual modem's pty."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from simmodem import Line, Page, Profile, Rule, UssdOrder, VirtualModems
from smsgw.modem.link import Silent
from smsgw.modem.ussd import Ussd
from world import BRISK, BYTES, WHOLE, WITH_URCS, World, configure, running, until, world

SHORT = replace(BRISK, ussd_s=0.5, ussd_open_s=0.5, ussd_turn_s=5.0)
MENU = 'Menu "All"\n1 Balance\n2 Services\n0 End'
PACKED = Profile(packs_ussd=True, manufacturer="huawei", model="E3372")


async def ask(w: World, **fields: Any) -> tuple[int, dict[str, Any]]:
    """Call with these fields; returns the HTTP status and the answer, or what is wrong."""
    body = {"device_id": (await w.device_ids())[0]} | fields
    async with w.client.post(f"{w.url}/devices/ussd", json=body) as response:
        answer = await response.json()
        return response.status, answer.get("errors", answer)


async def said(w: World, **fields: Any) -> tuple[str, str]:
    """Call with these fields and return the text and the state of the answer."""
    status, answer = await ask(w, **fields)
    assert status == 200, answer
    return answer["text"], answer["state"]


async def begun(w: World, code: str = "*111#") -> str:
    """Begin a session that waits for a reply, and return its name."""
    status, answer = await ask(w, code=code)
    assert (status, answer["state"]) == (200, "needs_reply"), answer
    return str(answer["session"])


def dialled(w: World) -> list[str | None]:
    return [text for _, text in w.virtual.network.dialled]


async def _is_heard(w: World) -> bool:
    return w.virtual.is_heard(0)


async def _last_is_none(w: World) -> bool:
    return dialled(w)[-1:] == [None]


async def has_dialled(w: World, *texts: str | None) -> None:
    async def there() -> bool:
        return dialled(w) == list(texts)

    try:
        await until(there, f"dialled {texts}", 10.0)
    except AssertionError:
        assert dialled(w) == list(texts)


@pytest.mark.parametrize("line", [WHOLE, BYTES, WITH_URCS], ids=["whole", "bytes", "urcs"])
@pytest.mark.parametrize("order", UssdOrder)
@pytest.mark.parametrize("profile", [Profile(), PACKED, Profile(character_set="UCS2")], ids=["plain", "packed", "ucs2"])
async def test_a_session_is_held_whatever_the_modem(
    tmp_path: Path, profile: Profile, order: UssdOrder, line: Line
) -> None:
    async with world(tmp_path, profile=replace(profile, ussd_order=order), line=line) as w:
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")
        assert await said(w, code="*102#") == ("Баланс: 57,30 руб.", "final")
        status, answer = await ask(w, code="*111#")
        assert (status, answer["text"], answer["state"]) == (200, MENU, "needs_reply")
        assert (await said(w, code="2", session=answer["session"]))[1] == "needs_reply"
        assert (await ask(w, code="1", session=answer["session"]))[1]["code"] == 1020
        assert dialled(w)[:4] == ["*100#", "*102#", "*111#", "2"]


async def test_a_menu_is_walked_to_its_end_and_each_reply_names_the_session(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        session = await begun(w)
        assert (await ask(w, code="2", session="000000000000"))[1]["code"] == 1020
        assert (await ask(w, code="*100#"))[1]["code"] == 4007
        _, answer = await ask(w, code="2", session=session)
        assert answer["text"] == "1 News\n0 End"
        assert await said(w, code="1", session=answer["session"]) == ("Новости подключены", "final")
        assert (await ask(w, code="1", session=answer["session"]))[1]["code"] == 1020
        await begun(w)
        assert dialled(w) == ["*111#", "2", "1", "*111#"]


async def test_the_network_may_end_the_session_without_a_word(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert await said(w, code="0", session=await begun(w)) == ("", "terminated")
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_a_reply_may_be_any_text(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.virtual.network.menu["*1#"] = Page(text="Имя?", choices={'Ёж "Ж"': Page(text="Да")})
        assert await said(w, code='Ёж "Ж"', session=await begun(w, "*1#")) == ("Да", "final")


async def test_a_client_may_end_its_session(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert await said(w, session=await begun(w), cancel=True) == ("", "cancelled")
        assert dialled(w) == ["*111#", None]
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_a_session_that_is_left_open_is_ended(tmp_path: Path) -> None:
    async with world(tmp_path, pace=SHORT) as w:
        session = await begun(w)
        await has_dialled(w, "*111#", None)
        assert (await ask(w, code="1", session=session))[1]["code"] == 1020


async def test_a_session_does_not_last_for_ever_however_lively_it_is(tmp_path: Path) -> None:
    async with world(tmp_path, pace=replace(BRISK, ussd_conversation_s=0.5)) as w:
        w.virtual.network.menu["*1#"] = page = Page(text="again", choices={"1": Page(text="again", choices={})})
        w.virtual.network.menu["*1#"] = replace(page, choices={"1": page})
        await begun(w, "*1#")
        await has_dialled(w, "*1#", None)


async def test_a_network_that_does_not_answer_is_told_that_nobody_waits(tmp_path: Path) -> None:
    async with world(tmp_path, pace=SHORT) as w:
        for code in ("*200#", "*201#"):
            status, error = await ask(w, code=code)
            assert (status, error["code"]) == (503, 4008)
        await has_dialled(w, "*200#", None, "*201#", None)
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_an_answer_of_yesterday_is_not_taken_for_that_of_today(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.virtual.network.menu["*100#"] = Page(text="New", delay_s=0.3)
        w.virtual.modems[0].announce('+CUSD: 0,"Old",15')
        w.virtual.fault(0, "register")  # which changes nothing, and lets it be written
        await until(lambda: _is_heard(w), "the old answer heard")
        assert await said(w, code="*100#") == ("New", "final")


@pytest.mark.parametrize(("code", "told"), [("*202#", "+CME ERROR: 30: no network service"), ("*203#", "+CUSD: 4")])
async def test_what_is_refused_is_told_with_its_reason(tmp_path: Path, code: str, told: str) -> None:
    async with world(tmp_path) as w:
        status, error = await ask(w, code=code)
        assert (status, error["code"]) == (400, 1019)
        assert told in error["message"]
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_a_client_that_goes_away_leaves_no_session_open(tmp_path: Path) -> None:
    async with world(tmp_path, pace=replace(BRISK, ussd_s=60.0)) as w:
        w.virtual.network.menu["*1#"] = Page(text="?", choices={"1": Page(text="!")}, delay_s=3.0)
        for code in ("*200#", "*1#"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(w, code=code), 0.5)
            await until(lambda: _last_is_none(w), "the end of the session")
        assert dialled(w) == ["*200#", None, "*1#", None]
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_an_answer_that_comes_when_its_client_is_gone_opens_no_session(tmp_path: Path) -> None:
    async with world(tmp_path, profile=Profile(ussd_order=UssdOrder.BEFORE_OK)) as w:
        w.virtual.network.menu["*1#"] = Page(text="?", choices={"1": Page(text="!")}, delay_s=2.0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(w, code="*1#"), 0.5)
        await has_dialled(w, "*1#", None)


async def test_a_code_is_dialled_between_two_parts_and_never_beside_one(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(network_time=0.5),)) as w:
        id = await w.send("длинное сообщение " * 20)
        await w.device_in_state("sending")
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")
        sent = len(w.virtual.network.ledger)
        assert 1 <= sent < 6
        await w.reaches(id, 4)
        attempts = [part["attempts"] for part in (await w.detail(id))["parts"]]
        assert [[attempt["outcome"] for attempt in of_part] for of_part in attempts] == [["accepted"]] * len(attempts)


async def test_nothing_is_sent_while_a_session_is_open_and_reports_are_heard(tmp_path: Path) -> None:
    async with world(tmp_path, report_delay=(0.5, 0.5)) as w:
        first = await w.send("first")
        await w.reaches(first, 2)
        session = await begun(w)
        second = await w.send("second")
        await w.reaches(first, 4)
        assert (await w.message(second))["status"] == 0
        await said(w, session=session, cancel=True)
        await w.reaches(second, 4)
        assert (await w.detail(second))["attempts"] == 0


async def test_a_turn_that_does_not_come_is_told(tmp_path: Path) -> None:
    async with world(tmp_path, rules=(Rule(network_time=2.0),), pace=replace(BRISK, ussd_turn_s=0.1)) as w:
        id = await w.send("on the wire")
        await w.device_in_state("sending")
        status, error = await ask(w, code="*100#")
        assert (status, error["code"]) == (503, 4007)
        await w.reaches(id, 4)
        assert dialled(w) == []


async def test_a_modem_that_vanishes_takes_the_session_with_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        asking = asyncio.create_task(ask(w, code="*200#"))
        await has_dialled(w, "*200#")
        w.virtual.fault(0, "unplug")
        status, error = await asking
        assert (status, error["code"]) == (503, 4006)
        await w.device_in_state("offline")
        assert (await ask(w, code="*100#"))[1]["code"] == 4006
        w.virtual.fault(0, "replug")
        await w.all_ready()
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_a_session_that_was_open_when_the_modem_fell_silent_is_ended_when_it_is_back(tmp_path: Path) -> None:
    async with world(tmp_path, pace=replace(SHORT, modem=replace(BRISK.modem, limit_factor=0.01, probes=3))) as w:
        await begun(w)
        w.virtual.fault(0, "mute")
        await w.device_in_state("offline")
        w.virtual.fault(0, "unmute")
        await has_dialled(w, "*111#", None)
        assert await said(w, code="*100#") == ("Balance: 123.45 RUB", "final")


async def test_a_modem_that_hangs_when_a_session_is_to_be_ended_sends_messages_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[None] = []

    async def hang(ussd: Ussd) -> None:
        tried.append(None)
        raise Silent("AT+CUSD=2 was not answered in time")

    monkeypatch.setattr(Ussd, "end", hang)
    async with world(tmp_path, pace=SHORT) as w:
        await ask(w, code="*200#")
        w.virtual.modems[0].ussd.reset()
        await w.reaches(await w.send("nevertheless"), 4)
        assert len(tried) == 2


async def test_a_device_that_is_switched_off_ends_its_session(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        session = await begun(w)
        body = {"device_id": (await w.device_ids())[0], "is_active": False}
        async with w.client.post(f"{w.url}/devices/edit", json=body) as answer:
            assert answer.status == 204
        await has_dialled(w, "*111#", None)
        await w.device_in_state("disabled")
        assert (await ask(w, code="1", session=session))[1]["code"] == 1018


async def test_a_gateway_that_stops_ends_the_session(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 1) as virtual:
        async with running(configure(tmp_path, virtual.paths), virtual) as w:
            await w.all_ready()
            await begun(w)
        assert dialled(w) == ["*111#", None]


async def test_neither_code_nor_text_is_logged(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        async with world(tmp_path, pace=SHORT) as w:
            w.virtual.network.menu["*4711#"] = Page(text="Secret one", choices={"4712": Page(text="Secret two")})
            await said(w, code="4712", session=await begun(w, "*4711#"))
            await ask(w, code="*200#")
            await ask(w, code="no code 4711")
    record = str([line for line in lines if line["log_level"] != "debug"])
    assert "ussd" in record
    assert not [word for word in ("4711", "4712", "Secret") if word in record]
