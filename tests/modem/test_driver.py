"""The verbs of a modem: what they say on the wire and what they make of the answers."""

import pytest
from scripted_peer import Peer, framed, in_turn, until

from smsgw.at.events import Urc
from smsgw.at.replies import RegistrationState
from smsgw.at.sms_replies import Place
from smsgw.modem.driver import Modem, PinPolicy, Storage, StoredPdu
from smsgw.modem.heard import News, sort
from smsgw.modem.link import Link, NotSent, OutcomeUnknown, Refused
from smsgw.modem.profiles import named

OK = framed("OK")
PDU = bytes.fromhex("0031000C914477000910320000A70AE8329BFD4697D9EC37")
REPORT = "079144770009909906400C91447700091032623010214365806230102153208000"
MESSAGE = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"


async def allow(iccid: str | None, untouched: bool) -> bool:
    return True


async def ignore(accepted: bool) -> None:
    pass


@pytest.fixture
async def modem(peer: Peer, link: Link) -> Modem:
    peer.answers |= {
        "AT+CPIN?": OK,
        "AT+CMGF=0": OK,
        "AT+CPMS=?": framed('+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")', "OK"),
        'AT+CPMS="ME","ME","ME"': framed("+CPMS: 0,23,0,23,0,23", "OK"),
        'AT+CPMS="ME"': framed("+CPMS: 0,23,0,23,0,23", "OK"),
        'AT+CPMS="SM"': framed("+CPMS: 0,10,0,23,0,23", "OK"),
        'AT+CPMS="SR"': framed("+CMS ERROR: 303"),
        "AT+CPMS?": framed('+CPMS: "SM",1,10,"ME",0,23,"ME",20,23', "OK"),
        "AT+CMGL=4": OK,
    }
    ready = Modem(link)
    await ready.initialise(PinPolicy(pin=None, may_enter=allow, answered=ignore))
    peer.commands.clear()
    return ready


async def test_a_message_that_came_cut_is_read_again_before_it_is_believed(peer: Peer, modem: Modem) -> None:
    first, then = framed("+CMGL: 1,0,,29", MESSAGE[:-2], "OK"), framed("+CMGL: 1,0,,29", MESSAGE, "OK")
    peer.answers["AT+CMGL=4"] = in_turn(first, OK, then, OK)
    assert await modem.list_stored() == []
    assert [stored.pdu for stored in await modem.list_stored()] == [MESSAGE]


async def test_a_message_that_lies_there_cut_is_taken_as_it_is(peer: Peer, modem: Modem) -> None:
    peer.answers["AT+CMGR=1"] = framed("+CMGR: 0,,29", MESSAGE[:-1], "OK")
    assert await modem.read_stored("ME", 1) is None
    stored = await modem.read_stored("ME", 1)
    assert stored is not None
    assert stored.pdu == MESSAGE[:-1]


async def test_sending_returns_the_reference_of_the_network(peer: Peer, modem: Modem) -> None:
    assert await modem.send_pdu(PDU, 23) == 64
    assert peer.commands == ["AT+CMGS=23"]
    assert peer.bodies == [PDU.hex().upper()]


async def test_a_report_before_its_reference_is_kept_for_later(peer: Peer, modem: Modem) -> None:
    peer.result = framed("+CDS: 25", REPORT, "+CMGS: 64", "OK")
    assert await modem.send_pdu(PDU, 23) == 64
    assert [(heard.news, heard.pdu) for heard in modem.heard()] == [(News.HANDED_OVER, REPORT)]


async def test_a_refused_send_says_why(peer: Peer, modem: Modem) -> None:
    peer.result = framed("+CMS ERROR: 21")
    with pytest.raises(Refused, match="short message transfer rejected"):
        await modem.send_pdu(PDU, 23)


async def test_a_port_that_dies_in_the_middle_of_a_send_leaves_the_outcome_unknown(peer: Peer, modem: Modem) -> None:
    def die() -> str:
        peer.unplug()
        return ""

    peer.result = die
    with pytest.raises(OutcomeUnknown):
        await modem.send_pdu(PDU, 23)
    with pytest.raises(NotSent):
        await modem.send_pdu(PDU, 23)


async def test_every_store_is_listed_and_a_report_in_between_does_no_harm(peer: Peer, modem: Modem) -> None:
    peer.answers["AT+CMGL=4"] = in_turn(
        framed("+CMGL: 0,1,,29", "+CDS: 25", REPORT, MESSAGE, "OK"), framed("+CMGL: 7,0,,25", REPORT, "OK")
    )
    assert await modem.list_stored() == [
        StoredPdu(memory="ME", index=0, status=1, pdu=MESSAGE),
        StoredPdu(memory="SM", index=7, status=0, pdu=REPORT),
    ]
    assert peer.commands == ["AT+CMGL=4", 'AT+CPMS="SM"', "AT+CMGL=4", 'AT+CPMS="ME"']
    assert [heard.pdu for heard in modem.heard()] == [REPORT]


SLOTS = {
    "AT+CPMS?": framed("+CPMS: 2,23,0,23,0,23", "OK"),
    "AT+CMGR=0": framed("+CMGR: 1,,29", MESSAGE, "OK"),
    "AT+CMGR=1": framed("+CMS ERROR: 321"),
    "AT+CMGR=2": OK,
    "AT+CMGR=4": framed("+CMGR: 0,,25", REPORT, "OK"),
}


async def test_what_refuses_to_be_listed_is_read_slot_by_slot(peer: Peer, modem: Modem) -> None:
    peer.answers |= SLOTS | {"AT+CMGL=4": framed("ERROR")}
    found = await modem.list_stored()
    assert [(stored.memory, stored.index) for stored in found] == [("ME", 0), ("ME", 4), ("SM", 0), ("SM", 4)]
    assert "AT+CMGR=5" not in peer.commands


async def test_a_modem_that_hangs_when_listing_is_never_asked_to(peer: Peer, modem: Modem) -> None:
    modem.profile = named("huawei-e1")
    peer.answers |= SLOTS
    assert len(await modem.list_stored()) == 4
    assert "AT+CMGL=4" not in peer.commands


async def test_a_busy_sim_is_not_scanned(peer: Peer, modem: Modem) -> None:
    peer.answers["AT+CMGL=4"] = framed("+CMS ERROR: 314")
    with pytest.raises(Refused):
        await modem.list_stored()
    assert peer.commands == ["AT+CMGL=4"]


async def test_reading_and_deleting_turn_to_the_store_that_was_named(peer: Peer, modem: Modem) -> None:
    peer.answers |= {"AT+CMGR=3": framed("+CMGR: 0,,29", MESSAGE, "OK"), "AT+CMGD=3": OK}
    assert await modem.read_stored("SM", 3) == StoredPdu(memory="SM", index=3, status=1, pdu=MESSAGE)
    await modem.delete_stored("SM", 3)
    await modem.delete_stored("ME", 3)
    assert peer.commands == ['AT+CPMS="SM"', "AT+CMGR=3", "AT+CMGD=3", 'AT+CPMS="ME"', "AT+CMGD=3"]


async def test_nothing_is_deleted_from_another_store_than_the_one_named(peer: Peer, modem: Modem) -> None:
    with pytest.raises(Refused):
        await modem.delete_stored("SR", 3)
    assert peer.commands == ['AT+CPMS="SR"']


async def test_an_empty_slot_is_no_error(peer: Peer, modem: Modem) -> None:
    peer.answers |= {"AT+CMGR=9": framed("+CMS ERROR: 321"), "AT+CMGD=9": framed("+CMS ERROR: Invalid memory index")}
    assert await modem.read_stored("ME", 9) is None
    await modem.delete_stored("ME", 9)


async def test_what_needs_no_acknowledgement_gets_none(peer: Peer, modem: Modem) -> None:
    await modem.acknowledge()
    assert peer.commands == []


async def test_the_state_of_the_modem_is_told_or_none(peer: Peer, modem: Modem) -> None:
    assert await modem.signal() is None
    assert await modem.operator() is None
    assert await modem.battery() is None
    peer.answers |= {
        "AT+CSQ": framed("+CSQ: 20,99", "OK"),
        "AT+COPS?": framed('+COPS: 0,0,"Operator",7', "OK"),
        "AT+CBC": framed("+CBC: 0,80,3900", "OK"),
    }
    assert await modem.signal() == -73
    assert await modem.operator() == "Operator"
    battery = await modem.battery()
    assert battery is not None
    assert battery.percent == 80
    assert await modem.storage() == Storage(memory="ME", used=20, total=23)
    await modem.ping()
    peer.answers["AT+CSQ"] = framed("+CSQ: nonsense", "OK")
    assert await modem.signal() is None


@pytest.mark.parametrize(
    ("creg", "cereg", "cireg", "may_send"),
    [
        ("+CREG: 0,1", "+CEREG: 0,2", None, True),
        ("+CREG: 0,5", None, None, True),
        ("+CREG: 0,2", "+CEREG: 0,1", None, False),
        ("+CREG: 0,2", "+CEREG: 0,1", "+CIREG: 0,1,4", True),
        ("+CREG: 0,3", "+CEREG: 0,3", None, False),
        (None, "+CEREG: 0,1", None, True),
        (None, None, None, False),
    ],
)
async def test_a_message_can_be_sent_when_calls_or_ims_carry_it(
    peer: Peer, modem: Modem, creg: str | None, cereg: str | None, cireg: str | None, may_send: bool
) -> None:
    for command, line in (("AT+CREG?", creg), ("AT+CEREG?", cereg), ("AT+CIREG?", cireg)):
        if line is not None:
            peer.answers[command] = framed(line, "OK")
    assert (await modem.registration()).may_send is may_send


async def test_registration_news_while_the_question_is_open_are_heard_too(peer: Peer, modem: Modem) -> None:
    peer.answers["AT+CREG?"] = framed("+CREG: 5", "+CREG: 1,2", "OK")
    assert (await modem.registration()).state is RegistrationState.SEARCHING
    assert [(heard.news, heard.registration) for heard in modem.heard()] == [
        (News.REGISTRATION, RegistrationState.ROAMING)
    ]


async def test_news_ring_the_bell(peer: Peer, modem: Modem, link: Link) -> None:
    rings: list[None] = []
    link.on_urc = lambda: rings.append(None)
    peer.say('+CMTI: "SM",3')
    await until(lambda: rings)
    assert modem.heard()[0].place == Place(memory="SM", index=3)


@pytest.mark.parametrize(
    ("urc", "news"),
    [
        (Urc(line="+CMT: ,29", pdu=MESSAGE), News.HANDED_OVER),
        (Urc(line="+CDS: 25", pdu=REPORT), News.HANDED_OVER),
        (Urc(line="", pdu=MESSAGE), News.ORPHANED),
        (Urc(line="+CDS: 25", pdu=None), News.MISSED),
        (Urc(line='+CMTI: "ME",0', pdu=None), News.STORED),
        (Urc(line='+CDSI: "SR",4', pdu=None), News.STORED),
        (Urc(line="+CMTI: garbled", pdu=None), News.MISSED),
        (Urc(line='^SMMEMFULL: "SM"', pdu=None), News.STORE_FULL),
        (Urc(line="+SMS FULL", pdu=None), News.STORE_FULL),
        (Urc(line='+CIEV: "smsfull",1', pdu=None), News.STORE_FULL),
        (Urc(line="+CREG: 2", pdu=None), News.REGISTRATION),
        (Urc(line="+CREG: what", pdu=None), News.OTHER),
        (Urc(line="+CPIN: NOT INSERTED", pdu=None), News.SIM_CHANGED),
        (Urc(line="+CMGS: 17", pdu=None), News.LATE_REFERENCE),
        (Urc(line="RING", pdu=None), News.OTHER),
    ],
)
def test_news_are_sorted_by_what_there_is_to_do(urc: Urc, news: News) -> None:
    (heard,) = sort([urc])
    assert heard.news is news
    assert (heard.place is not None) is (news is News.STORED)
    assert heard.reference == (17 if news is News.LATE_REFERENCE else None)


@pytest.mark.parametrize(("answer", "has_it"), [(OK, True), (framed("+CMS ERROR: 303"), False)])
async def test_a_way_for_messages_is_chosen_if_the_modem_has_it(
    peer: Peer, modem: Modem, answer: str, has_it: bool
) -> None:
    peer.answers["AT+CGSMS=3"] = answer
    assert await modem.choose_bearer(3) is has_it


@pytest.mark.parametrize(
    ("circuit", "lte", "ims", "is_data_only"),
    [(2, 1, "0,0", True), (0, 5, "0,1,1", True), (2, 1, "0,1,4", False), (1, 1, "0,0", False), (2, 2, "0,0", False)],
)
async def test_lte_that_carries_no_messages_is_told_from_no_network_at_all(
    peer: Peer, modem: Modem, circuit: int, lte: int, ims: str, is_data_only: bool
) -> None:
    peer.answers |= {
        "AT+CREG?": framed(f"+CREG: 0,{circuit}", "OK"),
        "AT+CEREG?": framed(f"+CEREG: 0,{lte}", "OK"),
        "AT+CIREG?": framed(f"+CIREG: {ims}", "OK"),
    }
    assert (await modem.registration()).is_data_only is is_data_only
