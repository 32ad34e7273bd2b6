"""What a modem hands over is stored, and confirmed only if it was announced; hex digits that are no PDU are neither."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
import structlog
from scripted_peer import Peer, framed, until

from smsgw.gateway import Gateway
from smsgw.model import InboundKind
from smsgw.modem.driver import Modem
from smsgw.modem.heard import Heard
from smsgw.modem.link import Link
from smsgw.scheduler import hearing
from smsgw.scheduler.board import Board
from smsgw.scheduler.hearing import Hearing
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import Seat
from smsgw.store.db import Database
from support import Clock

T = TypeVar("T")

SIM = "8970199000000000001"
MESSAGE = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
SILENT = "0791447700099099040C9144770009103240006230102143658000"
SUBMIT = bytes.fromhex("0031000C914477000910320000A70AE8329BFD4697D9EC37")


class Ear:
    """The ear of a session with a modem that wants confirmation, and what became of what it heard."""

    def __init__(self, link: Link, gateway: Gateway, db: Database, clock: Clock, device: str) -> None:
        self.modem = Modem(link)
        self.modem.identity = replace(self.modem.identity, must_acknowledge=True)
        self.device = device
        self.put_down: list[str] = []
        link.on_pdu = self.put_down.append
        seat = Seat(device=device, holder=device, sim=SIM, slot=1, imei=None, may_roam=True)
        self._hearing = Hearing(self.modem, seat, gateway, Board("north", clock), Pace(), (), _store)
        self._db = db

    async def hears(self) -> list[str]:
        """Take in what was said, and give all that is stored."""
        await self._hearing.hear()
        async with self._db.snapshot() as connection:
            rows = await connection.execute_fetchall("SELECT pdu FROM inbound_parts")
        return [row[0].hex().upper() for row in rows]


async def _store(action: Callable[[], Awaitable[T]]) -> T:
    return await action()


@pytest.fixture
async def ear(peer: Peer, link: Link, gateway: Gateway, db: Database, clock: Clock) -> Ear:
    device = next(device.id for device in await gateway.devices.listed() if device.name == "north")
    peer.answers["AT+CNMA=0"] = framed("OK")
    peer.commands.clear()
    return Ear(link, gateway, db, clock, device)


async def test_what_was_announced_is_stored_and_then_confirmed(peer: Peer, ear: Ear) -> None:
    peer.say("+CMT: ,29", MESSAGE)
    await until(lambda: ear.put_down)
    assert await ear.hears() == [MESSAGE]
    assert peer.commands == ["AT+CNMA=0"]


async def test_what_was_not_announced_is_stored_and_not_confirmed(peer: Peer, ear: Ear) -> None:
    peer.say(MESSAGE)
    await until(lambda: ear.put_down)
    assert await ear.hears() == [MESSAGE]
    assert peer.commands == []


async def test_the_end_of_something_is_neither_put_down_nor_news(peer: Peer, ear: Ear) -> None:
    peer.say(*(MESSAGE[start:] for start in range(1, len(MESSAGE))), "RING")
    heard: list[Heard] = []
    await until(lambda: heard.extend(ear.modem.heard()) or heard)
    assert [(news.line, news.pdu) for news in heard] == [("RING", None)]
    assert ear.put_down == []


async def test_an_echo_with_a_hole_is_neither_put_down_nor_stored(peer: Peer, ear: Ear) -> None:
    peer.result = framed(MESSAGE, "+CMGS: 64", "OK")
    assert await ear.modem.send_pdu(SUBMIT, 23) == 64
    assert (ear.put_down, await ear.hears()) == ([], [])


async def test_what_no_person_is_meant_to_see_is_confirmed_and_told_only_in_detail(peer: Peer, ear: Ear) -> None:
    peer.say("+CMT: ,19", SILENT, "+CMT: ,29", MESSAGE)
    await until(lambda: len(ear.put_down) == 2)
    with structlog.testing.capture_logs() as lines:
        assert await ear.hears() == [MESSAGE]
    told = [(line["fate"], line["log_level"]) for line in lines if line["event"] == "received"]
    assert told == [("dropped", "debug"), ("whole", "info")]
    assert peer.commands == ["AT+CNMA=0", "AT+CNMA=0"]


async def test_what_brings_out_a_defect_is_in_the_inbox_as_it_came_and_is_not_looked_at_again(
    peer: Peer, ear: Ear, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(hearing, "decode", fail)
    peer.say("+CMT: ,29", MESSAGE)
    await until(lambda: ear.put_down)
    with pytest.raises(ZeroDivisionError):
        await ear.hears()
    (message,) = (await gateway.inbox.page(10, 1, "")).messages
    assert (message.content.kind, message.content.data) == (InboundKind.UNREADABLE, bytes.fromhex(MESSAGE))
    assert await gateway.reports.left_over(ear.device) == []
