"""USSD over a real pty, with a modem that says what the test tells it to."""

import logging

import pytest
import structlog
from scripted_peer import PACE, Peer, framed, until

from smsgw.modem.heard import News, sort
from smsgw.modem.link import Link, Refused, Silent
from smsgw.modem.trace import WireTrace
from smsgw.modem.ussd import Said, Ussd, UssdKind

OK = framed("OK")
ASK = 'AT+CUSD=1,"*100#",15'
BALANCE = Said(kind=UssdKind.FINAL, text="Balance: 5")


@pytest.fixture
async def ussd(link: Link, peer: Peer) -> Ussd:
    peer.commands.clear()
    peer.answers |= {"AT+CSCS?": framed('+CSCS: "GSM"', "OK"), "AT+CUSD=2": OK}
    return Ussd(link)


async def asked(ussd: Ussd, text: str) -> Said | None:
    await ussd.prepare()
    return await ussd.ask(text)


async def test_an_answer_before_the_result_is_returned(peer: Peer, ussd: Ussd) -> None:
    peer.answers[ASK] = framed('+CUSD: 0,"Balance: 5",15', "OK")
    assert await asked(ussd, "*100#") == BALANCE
    assert peer.commands == ["AT+CSCS?", ASK]


async def test_an_answer_after_the_result_is_news(peer: Peer, link: Link, ussd: Ussd) -> None:
    peer.answers[ASK] = framed("OK", '+CUSD: 0,"Balance: 5",15')
    assert await asked(ussd, "*100#") is None
    await until(lambda: ussd_news(link, ussd) == [BALANCE])


def ussd_news(link: Link, ussd: Ussd) -> list[Said]:
    return [ussd.said(heard.ussd) for heard in sort(link.take_urcs()) if heard.news is News.USSD and heard.ussd]


async def test_a_modem_that_forgets_the_result_is_forgiven(peer: Peer, ussd: Ussd) -> None:
    peer.answers[ASK] = framed('+CUSD: 0,"Balance: 5",15')
    assert await asked(ussd, "*100#") == BALANCE
    peer.answers[ASK] = framed('+CUSD: 0,"Balance: 6",15', "OK")
    assert await asked(ussd, "*100#") == Said(kind=UssdKind.FINAL, text="Balance: 6")


async def test_a_stick_gets_and_gives_packed_septets(peer: Peer, ussd: Ussd) -> None:
    ussd.packs = True
    peer.answers['AT+CUSD=1,"AA180C3602",15'] = framed('+CUSD: 0,"C2303BEC1E9775A09A0B",15', "OK")
    assert await asked(ussd, "*100#") == Said(kind=UssdKind.FINAL, text="Balance: 5.")
    assert peer.commands == ['AT+CUSD=1,"AA180C3602",15']


async def test_a_modem_that_was_set_to_ucs2_gets_and_gives_it(peer: Peer, ussd: Ussd) -> None:
    peer.answers["AT+CSCS?"] = framed('+CSCS: "UCS2"', "OK")
    peer.answers['AT+CUSD=1,"002A0031003000300023",15'] = framed('+CUSD: 0,"00420061",15', "OK")
    assert await asked(ussd, "*100#") == Said(kind=UssdKind.FINAL, text="Ba")


async def test_a_modem_that_knows_no_character_sets_gets_text(peer: Peer, ussd: Ussd) -> None:
    del peer.answers["AT+CSCS?"]
    peer.answers[ASK] = framed('+CUSD: 0,"04110430",72', "OK")
    assert await asked(ussd, "*100#") == Said(kind=UssdKind.FINAL, text="Ба")


@pytest.mark.parametrize("error", ["ERROR", "+CME ERROR: 100", "+CME ERROR: 258"])
async def test_a_busy_modem_refuses_and_lives(peer: Peer, ussd: Ussd, error: str) -> None:
    peer.answers[ASK] = framed(error)
    with pytest.raises(Refused) as raised:
        await asked(ussd, "*100#")
    assert "*100#" not in str(raised.value)
    peer.answers[ASK] = framed('+CUSD: 0,"Balance: 5",15', "OK")
    assert await asked(ussd, "*100#") == BALANCE


async def test_a_line_that_cannot_be_read_is_no_answer(peer: Peer, ussd: Ussd) -> None:
    peer.answers[ASK] = framed("+CUSD: 9", "OK")
    assert await asked(ussd, "*100#") is None


@pytest.mark.parametrize("answer", [OK, framed("ERROR")])
async def test_ending_a_session_that_there_is_not_is_no_error(peer: Peer, ussd: Ussd, answer: str) -> None:
    peer.answers["AT+CUSD=2"] = answer
    await ussd.end()
    assert peer.commands == ["AT+CUSD=2"]


async def test_a_string_whose_end_got_lost_does_not_hold_up_the_result(peer: Peer, ussd: Ussd) -> None:
    peer.answers[ASK] = framed('+CUSD: 0,"Balance: 5', "OK")
    assert await asked(ussd, "*100#") == BALANCE


async def test_what_came_before_the_cable_was_pulled_is_not_lost(peer: Peer, link: Link) -> None:
    peer.say('+CUSD: 0,"half', "^RSSI:17")
    await until(lambda: link._wire.engine.is_mid_string)
    peer.unplug()
    await until(lambda: link._wire._failure)
    assert [heard.news for heard in sort(link.drain_urcs())] == [News.USSD, News.OTHER]


async def test_a_modem_that_says_nothing_at_all_is_silent(peer: Peer, ussd: Ussd, link: Link) -> None:
    link._wire._limit_factor = 0.002
    peer.answers[ASK] = ""
    with pytest.raises(Silent):
        await asked(ussd, "*100#")


@pytest.mark.parametrize("texts", [False, True])
async def test_the_record_of_the_wire_shows_neither_code_nor_text(peer: Peer, texts: bool) -> None:
    peer.answers |= {
        "AT+CSCS?": framed('+CSCS: "GSM"', "OK"),
        'AT+CUSD=1,"*4711#",15': framed('+CUSD: 1,"Hidden\r\nMenu",15', "OK"),
    }
    logging.getLogger("smsgw.wire").setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as lines:
            async with Link.open(peer.address, pace=PACE, trace=WireTrace("north", texts=texts)) as link:
                await link.synchronise()
                await asked(Ussd(link), "*4711#")
    finally:
        logging.getLogger("smsgw.wire").setLevel(logging.WARNING)
    record = str(lines)
    assert "+CUSD: 1" in record or "+CUSD: *" in record
    assert "4711" not in record
    assert ("Hidden" in record and "Menu" in record) is texts
