"""Typed answers: every form firmware is known to print, and nothing but `ReplyError` for the rest."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from smsgw.at import replies, sms_replies
from smsgw.at.replies import PinState, RegistrationState, ReplyError
from smsgw.at.sms_replies import ListedPdu, Place, ReadPdu, Usage

PDU = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"


@pytest.mark.parametrize(
    ("line", "reference"),
    [
        ("+CMGS: 64", 64),
        ("+CMGS:0", 0),
        ('+CMGS: 255,"26/03/01,12:34:56+08"', 255),
        ("+CMGS: 256", None),
        ("+CMGS:", None),
    ],
)
def test_the_message_reference_is_read(line: str, reference: int | None) -> None:
    assert sms_replies.message_reference([line]) == reference


@pytest.mark.parametrize(
    ("line", "dbm"),
    [
        ("+CSQ: 0,99", -113),
        ("+CSQ: 20,99", -73),
        ("+CSQ:31,0", -51),
        ("+CSQ: 99,99", None),
        ("+CSQ: 116,99", -100),
        ("+CSQ: 199,99", None),
    ],
)
def test_the_signal_is_read_in_dbm(line: str, dbm: int | None) -> None:
    assert replies.signal_dbm([line]) == dbm


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CREG: 0,1", RegistrationState.HOME),
        ("+CREG: 000,001", RegistrationState.HOME),
        ('+CREG: 2,5,"00A1","0B12",7', RegistrationState.ROAMING),
        ("+CREG: 2,5,00A1,0B12", RegistrationState.ROAMING),
        ("+CREG: 5", RegistrationState.ROAMING),
        ('+CREG: 1,"00A1","0B12",2', RegistrationState.HOME),
        ("+CEREG: 2 ,6", RegistrationState.HOME_SMS_ONLY),
        ("+CGREG:0,11", RegistrationState.RESTRICTED),
        ("+CREG: 0,77", RegistrationState.UNKNOWN),
    ],
)
def test_registration_is_read_from_answers_and_from_news(line: str, state: RegistrationState) -> None:
    assert replies.registration([line]) is state


def test_messages_go_out_only_in_some_states() -> None:
    assert {state.value for state in RegistrationState if state.takes_messages} == {1, 5, 6, 7, 9, 10}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('+COPS: 0,0,"Operator, Inc",7', "Operator, Inc"),
        ('+COPS: 0,2,"25001"', "25001"),
        ("+COPS: 0", None),
        ('+COPS: 0,0,""', None),
    ],
)
def test_the_operator_is_read(line: str, name: str | None) -> None:
    assert replies.operator([line]) == name


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["+CPIN: READY"], PinState.READY),
        (["+CPIN:READY"], PinState.READY),
        (['+CPIN: "READY"'], PinState.READY),
        ([], PinState.READY),
        (["+CPIN: SIM PIN"], PinState.SIM_PIN),
        (["+CPIN: SIM PUK"], PinState.SIM_PUK),
        (["+CPIN: PH-NETSUB PIN"], PinState.NETWORK_LOCK),
        (["+CPIN: PH-SIM PUK"], PinState.DEVICE_LOCK),
        (["+CPIN: NOT INSERTED"], PinState.NOT_INSERTED),
        (["+CPIN: NOT READY"], PinState.NOT_READY),
    ],
)
def test_the_pin_state_is_read(lines: list[str], state: PinState) -> None:
    assert replies.pin_state(lines) is state


@pytest.mark.parametrize(
    ("line", "iccid"),
    [
        ("+CCID: 89441234567890123456", "89441234567890123456"),
        ('+CCID: "8944123456789012345F"', "8944123456789012345"),
        ("+QCCID: 89441234567890123456", "89441234567890123456"),
        ("+ICCID:89441234567890123456", "89441234567890123456"),
        ("^ICCID: 98441032547698103254", "89440123456789012345"),
        ("^SCID: 984410325476981032F5", "8944012345678901235"),
        ("#CCID: 8944123456789012345", "8944123456789012345"),
        ("!ICCID: 0,89441234567890123456", "89441234567890123456"),
        ("89441234567890123456", "89441234567890123456"),
        ("8944123456789012345f", "8944123456789012345"),
    ],
)
def test_an_iccid_is_normalised_whatever_the_vendor_prints(line: str, iccid: str) -> None:
    assert replies.iccid([line]) == iccid


@pytest.mark.parametrize(
    ("line", "reference"),
    [
        ('+CRSM: 144,0,"00"', 0),
        ('+CRSM: 144,0,"fe"', 254),
        ("+CRSM: 144,0,2A", 42),
        ('+CRSM:145,12,"07FF"', 7),
        ("+CRSM: 144, 0, FF", 255),
    ],
)
def test_the_reference_that_the_sim_remembers_is_read(line: str, reference: int) -> None:
    assert replies.last_reference([line]) == reference


@pytest.mark.parametrize("line", ["+CRSM: 148,4", '+CRSM: 105,130,""', "+CRSM: 144,0", '+CRSM: 106,130,"00"', ""])
def test_a_sim_without_that_record_is_not_read_as_zero(line: str) -> None:
    with pytest.raises(ReplyError):
        replies.last_reference([line])


@pytest.mark.parametrize(("line", "value"), [("000", 0), ("15", 15), ("254", 254)])
def test_a_register_is_a_bare_number(line: str, value: int) -> None:
    assert replies.register(["^RSSI: 17", line]) == value


@pytest.mark.parametrize("line", ["", "S10: 15", "1500", "-1", "٣", "12 3"])
def test_anything_else_is_no_register(line: str) -> None:
    with pytest.raises(ReplyError):
        replies.register([line])


@pytest.mark.parametrize("line", ["+CCID: 89441234", "+CCID: 12345678901234567890", "", "+CCID:"])
def test_what_is_no_iccid_is_not_taken_for_one(line: str) -> None:
    with pytest.raises(ReplyError):
        replies.iccid([line])


@pytest.mark.parametrize(
    "line", ["490154203237518", '+CGSN: "490154203237518"', "+GSN: 490154203237518", "IMEI: 490154203237518"]
)
def test_the_imei_is_read(line: str) -> None:
    assert replies.imei([line]) == "490154203237518"


def test_the_imsi_is_read() -> None:
    assert replies.imsi(["250011234567890"]) == "250011234567890"


@pytest.mark.parametrize("lines", [["+CGMI: Telit"], ['"Telit"'], ["+CGMI:", " Telit "], ['+CGMI: "Telit"']])
def test_a_text_is_read_without_prefix_and_quotes(lines: list[str]) -> None:
    assert replies.text_answer(lines) == "Telit"


@pytest.mark.parametrize(
    ("line", "percent", "charging"),
    [("+CBC: 0,74", 74, False), ("+CBC: 1,100,4100", 100, True), ("+CBC:2,100", 100, False)],
)
def test_the_battery_is_read(line: str, percent: int, charging: bool) -> None:
    battery = replies.battery([line])
    assert battery is not None
    assert (battery.percent, battery.charging) == (percent, charging)


@pytest.mark.parametrize("line", ["+CBC: 3.891V", "+CBC: 3,0", "+CBC: 3891"])
def test_a_battery_that_is_none_is_none(line: str) -> None:
    assert replies.battery([line]) is None


@pytest.mark.parametrize(
    ("line", "tries"),
    [
        ('+CSIM: 4,"63C3"', 3),
        ("+CSIM: 4,63C0", 0),
        ('+CSIM: 4,"6E00"', None),
        ('+CSIM: 4,"9000"', None),
        ("^CPIN: SIM PIN,,10,3,10,3", 3),
        ("^CPIN: READY,,10,2,10,3", 2),
        ("+SPIC: 3,10,0,10", 3),
        ('+QPINC: "SC",3,10', 3),
        ("+CPINC: 2,3,10,10", 2),
        ("+UPINCNT: 1,3,10,10", 1),
        ("#PCT: 3", 3),
        ("^SPIC: 2", 2),
    ],
)
def test_the_pin_counter_is_read_from_every_vendor(line: str, tries: int | None) -> None:
    assert replies.pin_tries([line]) == tries


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        ('+CPMS: ("SM","ME"),("SM","ME"),("SM","ME","MT")', [("SM", "ME"), ("SM", "ME"), ("SM", "ME", "MT")]),
        ('+CPMS: "ME","MT","SM"', [("ME", "MT", "SM")]),
        ("+CPMS: (),(),()", [(), (), ()]),
        ('+CPMS: ("SM","ME"),("SM","ME")', [("SM", "ME"), ("SM", "ME")]),
    ],
)
def test_possible_stores_are_read_in_every_form(line: str, groups: list[tuple[str, ...]]) -> None:
    assert sms_replies.store_groups([line]) == groups


@pytest.mark.parametrize(
    ("line", "fills"),
    [
        ("+CPMS: 3,30,3,30,0,255", [(3, 30), (3, 30), (0, 255)]),
        ('+CPMS: "SM",3,30,"ME",1,23,"ME",1,23', [(3, 30), (1, 23), (1, 23)]),
        ("+CPMS: 3,30", [(3, 30)]),
        ('+CPMS: "SM" ,3 ,30', [(3, 30)]),
    ],
)
def test_the_fill_of_the_stores_is_read_in_every_form(line: str, fills: list[tuple[int, int]]) -> None:
    assert sms_replies.usages([line]) == [Usage(used=used, total=total) for used, total in fills]


def test_the_names_of_the_stores_are_read() -> None:
    assert sms_replies.current_stores(['+CPMS: "SM",3,30,"ME",1,23,"ME",1,23']) == ["SM", "ME", "ME"]


@pytest.mark.parametrize(
    ("line", "memory", "index"),
    [('+CMTI: "SM",3', "SM", 3), ("+CDSI: SR, 0", "SR", 0), ('+CMTI: "ME",127,0', "ME", 127)],
)
def test_the_place_of_a_new_message_is_read(line: str, memory: str, index: int) -> None:
    assert sms_replies.stored_at(line) == Place(memory=memory, index=index)


def test_a_listing_is_read_with_and_without_names_and_empty_slots_are_left_out() -> None:
    lines = [
        "+CMGL: 0,1,,29",
        PDU,
        '+CMGL: 7,0,"",29',
        PDU,
        "+CMGL: 8,3,29",
        PDU,
        "+CMGL: 9,0,,0",
        "+CMGL: 10,1,,29",
        PDU,
    ]
    assert [(e.index, e.status) for e in sms_replies.listed(lines)] == [(0, 1), (7, 0), (8, 3), (10, 1)]
    assert sms_replies.listed(lines)[0] == ListedPdu(index=0, status=1, pdu=PDU)
    assert sms_replies.listed(["+CMGL: garbled", PDU]) == []
    assert sms_replies.listed([]) == []


def test_one_message_is_read() -> None:
    assert sms_replies.read(["+CMGR: 0,,29", PDU]) == ReadPdu(pdu=PDU)


@pytest.mark.parametrize("lines", [["+CMGR: 0,,0"], ["+CMGR: 0,,0", ""], []])
def test_an_empty_slot_is_none(lines: list[str]) -> None:
    assert sms_replies.read(lines) is None


@pytest.mark.parametrize(
    ("header", "pdu", "is_whole"),
    [
        ("0,,29", PDU, True),
        ("0,,37", PDU, True),  # the service centre is counted too
        ("0,,28", PDU, True),
        ("0,,x", PDU, True),
        ("", PDU, True),
        ("0,,29", PDU[:-2], False),
        ("0,,29", PDU[:-1], False),
        ("0,,x", PDU[:-1], False),
        ("0,,38", PDU, False),
        ("0,,29", "FF", False),
    ],
)
def test_a_pdu_that_is_shorter_than_its_header_says_was_cut(header: str, pdu: str, is_whole: bool) -> None:
    assert sms_replies.read([f"+CMGR: {header}", pdu]) == ReadPdu(pdu=pdu, is_whole=is_whole)
    if header:
        listed = sms_replies.listed([f"+CMGL: 3,{header}", pdu])
        assert listed == [ListedPdu(index=3, status=0, pdu=pdu, is_whole=is_whole)]


@pytest.mark.parametrize("line", ['+CREG: 2,5,"00C3', '+CREG: 1,5,"', "+CREG:", '+CREG: ,"'])
def test_a_registration_that_was_cut_is_no_registration(line: str) -> None:
    with pytest.raises(ReplyError):
        replies.registration([line])


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ('+CSCA: "+447700900999",145', "+447700900999"),
        ('+CSCA: "002B003400340037003700300030003900300030003900390039",145', "+447700900999"),
        ('+CSCA: ""', None),
        ('+CSCA: "",129', None),
    ],
)
def test_the_service_centre_is_read(line: str, address: str | None) -> None:
    assert sms_replies.service_centre([line]) == address


def test_indications_are_read() -> None:
    assert sms_replies.indications(["+CNMI: 2,1,0,1,0"]) == (2, 1, 0, 1, 0)
    possible = sms_replies.possible_indications(["+CNMI: (0-2),(0-3),(0,2),(0,1),(0, 1)"])
    assert possible == [frozenset(values) for values in ({0, 1, 2}, {0, 1, 2, 3}, {0, 2}, {0, 1}, {0, 1})]
    assert sms_replies.possible_indications(["+CNMI: 0,1,2"]) is None


def test_the_message_service_and_bearer_are_read() -> None:
    assert sms_replies.message_service(["+CSMS: 1,1,1,1"]) == 1
    assert sms_replies.message_bearer(["+CGSMS: 3"]) == 3
    assert replies.functionality(["+CFUN: 1,0"]) == 1


@pytest.mark.parametrize(
    ("line", "takes"),
    [
        ("+CIREG: 0,1", True),
        ("+CIREG: 2,1,5", True),
        ("+CIREG: 2,1,1", False),
        ("+CIREG: 0,0", False),
        ("+CIREG:", False),
    ],
)
def test_messages_over_ims_are_possible_when_the_bit_for_them_is_set(line: str, takes: bool) -> None:
    assert replies.ims_takes_messages([line]) is takes


def test_an_unreadable_answer_names_what_was_asked_and_quotes_what_came() -> None:
    with pytest.raises(ReplyError, match=r"the signal cannot be read from \['\+CSQ: loud'\]"):
        replies.signal_dbm(["+CSQ: loud"])


READERS: list[Callable[[Sequence[str]], Any]] = [
    replies.imei,
    replies.imsi,
    replies.iccid,
    replies.last_reference,
    replies.register,
    replies.pin_state,
    replies.registration,
    replies.signal_dbm,
    replies.operator,
    replies.battery,
    replies.functionality,
    replies.pin_tries,
    replies.text_answer,
    sms_replies.message_reference,
    sms_replies.listed,
    sms_replies.read,
    sms_replies.usages,
    sms_replies.store_groups,
    sms_replies.current_stores,
    sms_replies.service_centre,
    sms_replies.message_service,
    sms_replies.indications,
    sms_replies.possible_indications,
    sms_replies.message_bearer,
]
PREFIXES = [
    "",
    "+CSQ:",
    "+CREG:",
    "+COPS:",
    "+CPIN:",
    "+CBC:",
    "+CPMS:",
    "+CMGL:",
    "+CMGR:",
    "+CSCA:",
    "+CNMI:",
    "+CMGS:",
    "+CRSM: 144,0,",
]
CUT_LINES = st.sampled_from(
    [
        '+CREG: 2,5,"00C3","0012ABCD",7',
        '+COPS: 0,0,"Operator, B",7',
        '+CPMS: "SM",3,30,"ME",1,23,"ME",1,23',
        "+CNMI: (0-2),(0,1),(0,2),(0-2),(0,1)",
        '+CRSM: 144,0,"2A"',
        "+CMGL: 0,1,,29",
    ]
).flatmap(lambda line: st.integers(0, len(line)).map(lambda place: line[:place]))
LINES = CUT_LINES | st.builds(
    str.__add__, st.sampled_from(PREFIXES), st.text(max_size=30) | st.text('0123456789,"()-F ²٣', max_size=30)
)


@given(st.sampled_from(READERS), st.lists(LINES, max_size=5))
def test_garbage_raises_reply_error_and_nothing_else(reader: Callable[[Sequence[str]], Any], lines: list[str]) -> None:
    with contextlib.suppress(ReplyError):
        reader(lines)


@given(LINES)
def test_a_garbled_place_raises_reply_error_and_nothing_else(line: str) -> None:
    with contextlib.suppress(ReplyError):
        sms_replies.stored_at(line)
