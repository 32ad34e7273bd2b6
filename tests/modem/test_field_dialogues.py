"""Twelve dialogues with modems as they were met in the field, each heard as it comes and byte by byte."""

import asyncio
from collections.abc import Callable

import pytest
from scripted_peer import IMPATIENT, PACE, Peer, framed, in_turn, until

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.errors import ErrorKind
from smsgw.at.replies import RegistrationState
from smsgw.at.sms_replies import Place
from smsgw.at.urcs import BootSign
from smsgw.modem.driver import Heard, Modem, News, PinPolicy, StoredPdu
from smsgw.modem.link import Link, LinkLost, NotSent, OutcomeUnknown, Poisoned, Rebooted, Refused, Silent
from smsgw.modem.port import Port

PDU = bytes.fromhex("0031000C914477000910320000A70AE8329BFD4697D9EC37")
REPORT = "079144770009909906400C91447700091032623010214365806230102153208000"
MESSAGE = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
OK = framed("OK")
PAUSE_S = 0.02
SUBMIT = commands.submit(PDU, 23)


@pytest.fixture(params=["as it comes", "byte by byte"], autouse=True)
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what the modem says arrive in the pieces it comes in, or each byte by itself."""
    whole = Port.data_received

    def bytewise(port: Port, data: bytes) -> None:
        for place in range(len(data)):
            whole(port, data[place : place + 1])

    if request.param == "byte by byte":
        monkeypatch.setattr(Port, "data_received", bytewise)


def in_pieces(peer: Peer, *said: str | Callable[[], None]) -> Callable[[], str]:
    """Answer with one piece after the other, a pause before each but the first; a piece may also be something to do."""

    def answer() -> str:
        for number, piece in enumerate(said):
            action = (lambda piece=piece: peer.write(piece)) if isinstance(piece, str) else piece
            asyncio.get_running_loop().call_later(number * PAUSE_S, action)
        return ""

    return answer


async def heard(modem: Modem, number: int = 1) -> list[Heard]:
    """Wait for pieces of news."""
    news: list[Heard] = []
    await until(lambda: news.extend(modem.heard()) or len(news) >= number)
    return news


async def test_1_a_prompt_that_comes_in_three_pieces_is_one_prompt(peer: Peer, link: Link) -> None:
    peer.prompt = in_pieces(peer, "\r\n", ">", " ")
    peer.result = framed("+CMGS: 64", "OK")
    assert await Modem(link).send_pdu(PDU, 23) == 64
    assert peer.bodies == [PDU.hex().upper()]


async def test_2_a_report_that_comes_before_its_reference_is_news_and_no_answer(peer: Peer, link: Link) -> None:
    peer.result = framed("+CDS: 25", REPORT, "+CMGS: 64", "OK")
    modem = Modem(link)
    assert await modem.send_pdu(PDU, 23) == 64
    assert [(news.news, news.pdu) for news in await heard(modem)] == [(News.HANDED_OVER, REPORT)]


async def test_3_a_prompt_that_is_left_by_esc_sends_nothing_though_ok_follows(peer: Peer) -> None:
    peer.prompt, peer.escape = None, OK
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await link.synchronise()
        with pytest.raises(NotSent):
            await link.command(SUBMIT)
        await link.command(commands.attention())
    assert (peer.bodies, peer.commands[-1]) == ([], "AT")


async def test_4_an_indication_between_command_and_prompt_is_heard_and_the_prompt_is_seen(
    peer: Peer, link: Link
) -> None:
    peer.prompt = framed('+CMTI: "SM",3') + "\r\n> "
    modem = Modem(link)
    assert await modem.send_pdu(PDU, 23) == 64
    assert [news.place for news in await heard(modem)] == [Place(memory="SM", index=3)]


async def test_5_a_restart_after_ctrl_z_leaves_the_outcome_unknown_and_ends_the_session(peer: Peer, link: Link) -> None:
    link.watch_for_reboot(BootSign.LATE)
    peer.result = in_pieces(peer, "", framed("RDY", "+CFUN: 1"))
    with pytest.raises(OutcomeUnknown, match="restarted"):
        await link.command(SUBMIT)
    with pytest.raises(Rebooted):
        await link.command(commands.attention())


async def test_6_an_ok_that_comes_too_late_does_not_answer_the_next_at(peer: Peer) -> None:
    peer.answers["AT+CSQ"] = ""
    async with Link.open(peer.address, pace=PACE) as link:
        await link.synchronise()
        with pytest.raises(Silent):
            await link.command(Command(line="AT+CSQ", prefixes=("+CSQ:",), timeout_s=0.1))
        with pytest.raises(Poisoned):
            await link.command(commands.attention())
    peer.answers["AT"] = in_turn(framed("+CSQ: 1,1", "OK", "OK"), OK)
    peer.answers["AT+CSQ"] = framed("+CSQ: 20,99", "OK")
    async with Link.open(peer.address, pace=PACE) as link:
        await link.synchronise()
        assert (await link.command(commands.signal_quality())).lines == ("+CSQ: 20,99",)


@pytest.mark.parametrize(
    ("said", "code", "number"),
    [("+CMS ERROR: 500", "500", 500), ("+CMS ERROR: SIM busy", "SIM busy", 314), ("+CMS ERROR:", None, None)],
)
async def test_7_a_refusal_by_number_by_words_or_by_nothing_is_a_refusal(
    peer: Peer, link: Link, said: str, code: str | None, number: int | None
) -> None:
    peer.result = framed(said)
    with pytest.raises(Refused) as refusal:
        await link.command(SUBMIT)
    assert (refusal.value.kind, refusal.value.code, refusal.value.verdict.code) == (ErrorKind.CMS, code, number)
    await link.command(commands.attention())


async def test_8_a_report_in_the_middle_of_a_listing_is_news_and_the_listing_is_whole(peer: Peer, link: Link) -> None:
    peer.answers["AT+CMGL=4"] = framed("+CMGL: 1,0,,29", "+CDS: 25", REPORT, MESSAGE, "+CMGL: 2,1,,29", MESSAGE, "OK")
    modem = Modem(link)
    assert await modem.list_stored() == [
        StoredPdu(memory="", index=index, status=status, pdu=MESSAGE) for index, status in ((1, 0), (2, 1))
    ]
    assert [(news.news, news.pdu) for news in await heard(modem)] == [(News.HANDED_OVER, REPORT)]


async def test_9_a_line_that_ends_while_our_pdu_is_written_leaves_the_outcome_unknown(peer: Peer, link: Link) -> None:
    peer.prompt = in_pieces(peer, peer.hang, "\r\n> ", peer.unplug)
    with pytest.raises(OutcomeUnknown):
        await link.command(SUBMIT)
    with pytest.raises(LinkLost):
        await link.command(commands.attention())


async def test_9_a_line_that_ends_in_the_middle_of_a_pdu_hands_nothing_over(peer: Peer, link: Link) -> None:
    put_down: list[str] = []
    link.on_pdu = put_down.append
    peer.write(framed("+CDS: 25") + f"\r\n{REPORT[:30]}")
    peer.unplug()
    with pytest.raises(LinkLost):
        await until(link.take_urcs)
    assert put_down == []


async def test_10_a_modem_that_answers_by_numbers_is_understood(peer: Peer) -> None:
    peer.answers |= {"AT": "0\r", "AT+CSQ": "+CSQ: 20,99\r\n0\r", "AT+COPS?": "4\r"}
    async with Link.open(peer.address, pace=PACE) as link:
        await link.synchronise()
        assert (await link.command(commands.signal_quality())).lines == ("+CSQ: 20,99",)
        with pytest.raises(Refused):
            await link.command(commands.operator())


async def test_11_a_sim_that_is_busy_after_its_pin_gets_it_once_and_is_waited_for(peer: Peer, link: Link) -> None:
    answers: list[bool] = []

    async def may_enter(iccid: str | None, untouched: bool) -> bool:
        return True

    async def answered(accepted: bool) -> None:
        answers.append(accepted)

    busy = (framed("+CME ERROR: 14"),) * 5
    peer.answers |= {
        "AT+CPIN?": in_turn(framed("+CPIN: SIM PIN", "OK"), *busy, framed("+CPIN: READY", "OK")),
        'AT+CPIN="1234"': OK,
        "AT+CMGF=0": OK,
    }
    await Modem(link).initialise(PinPolicy(pin="1234", may_enter=may_enter, answered=answered))
    assert [command for command in peer.commands if "CPIN" in command] == [
        "AT+CPIN?",
        'AT+CPIN="1234"',
        *["AT+CPIN?"] * 6,
    ]
    assert answers == [True]


async def test_12_a_network_that_is_lost_and_found_while_it_is_asked_for_is_news_and_no_answer(
    peer: Peer, link: Link
) -> None:
    peer.answers["AT+CREG?"] = in_pieces(peer, framed("+CREG: 2"), framed("+CREG: 5"), framed("+CREG: 1,5", "OK"))
    modem = Modem(link)
    assert (await modem.registration()).state is RegistrationState.ROAMING
    assert [(news.news, news.registration) for news in await heard(modem, 2)] == [
        (News.REGISTRATION, RegistrationState.SEARCHING),
        (News.REGISTRATION, RegistrationState.ROAMING),
    ]
