"""Every command in every form, as lines between the modem's empty ones."""

from datetime import UTC, datetime

import pytest

from simmodem import Network, Profile, VirtualModem
from simmodem.agenda import Agenda

MODEM = Profile(echo=False, cmee_default=1, answers={"+CUSTOM=1,2": ("+CUSTOM: 3",), "^READ?": ()})


def answer_to(*lines: str) -> list[str]:
    """Say lines to a fresh modem and give the lines of the last answer."""
    agenda = Agenda()
    network = Network(agenda, lambda: datetime(2026, 3, 1, tzinfo=UTC))
    modem = VirtualModem(index=0, profile=MODEM, network=network, agenda=agenda)
    written = b""
    for line in lines:
        modem.feed(line.encode() + b"\r")
        agenda.advance(agenda.now)
        written = b"".join(modem.take_output())
    return [text for text in written.decode().split("\r\n") if text]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CGMI=?", []),
        ("AT+GMM", ["SM-1"]),
        ("AT+CGMR", ["SM-1 R1.0"]),
        ("AT+GCAP", ["+GCAP: +CGSM"]),
        ("AT+CMEE=?", ["+CMEE: (0,1,2)"]),
        ("AT+CREG=?", ["+CREG: (0-2)"]),
        ("AT+CEREG?", ["+CEREG: 0,1"]),
        ("AT+CGATT=?", ["+CGATT: (0,1)"]),
        ("AT+CGATT?", ["+CGATT: 1"]),
        ("AT+CGATT=1", []),
        ("AT+COPS=?", ['+COPS: (2,"Simnet","Simnet","00101",7),,(0-3),(0-2)']),
        ("AT+CSQ=?", ["+CSQ: (0-31,99),(0-7,99)"]),
        ("AT+CFUN=?", ["+CFUN: (0,1,4),(0,1)"]),
        ("AT+CFUN?", ["+CFUN: 1"]),
        ("AT+CSCS=?", ['+CSCS: ("GSM","IRA","UCS2")']),
        ("AT+CSCS?", ['+CSCS: "GSM"']),
        ("AT+CBC", ["+CBC: 0,100,4000"]),
        ("AT+CPAS", ["+CPAS: 0"]),
        ("AT+CEER", ["+CEER: No cause information available"]),
        ("AT+CLCK=?", ['+CLCK: ("SC")']),
        ("AT+CSIM=?", []),
        ('AT+CSIM=10,"00A4000000"', ['+CSIM: 4,"6D00"']),
        ("AT+CRSM=178,28483,1,4,0", ["+CRSM: 109,0"]),
        ("AT+CRSM=176,28483,0,0,9", ["+CRSM: 103,0"]),
        ("AT+CMGF=?", ["+CMGF: (0)"]),
        ("AT+CMGF?", ["+CMGF: 0"]),
        ("AT+CSMS=?", ["+CSMS: (0,1)"]),
        ("AT+CSMS?", ["+CSMS: 0,1,1,1"]),
        ("AT+CSMS=1", ["+CSMS: 1,1,1"]),
        ("AT+CSCA=?", []),
        ("AT+CNMA=?", ["+CNMA: (0-2)"]),
        ("AT+CMGS=?", []),
        ("AT+CMGW=?", []),
        ("AT+CMGR=?", []),
        ("AT+CMGL=?", ["+CMGL: (0-4)"]),
        ("AT+CMGD=?", [f"+CMGD: ({','.join(map(str, range(1, 21)))}),(0-4)"]),
        ("AT+CMMS=?", ["+CMMS: (0-2)"]),
        ("AT+CMMS=2;+CMMS?", ["+CMMS: 2"]),
        ("AT+CGSMS?", ["+CGSMS: 3"]),
        ("AT+CUSTOM=1,2", ["+CUSTOM: 3"]),
        ("AT^READ?", []),
        ("ATS0?", []),
    ],
)
def test_a_good_command_ends_with_ok(command: str, answer: list[str]) -> None:
    assert answer_to(command) == [*answer, "OK"]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("ATE2", "ERROR"),
        ("AT+CUSTOM=1,3", "ERROR"),
        ("AT+CREG=3", "ERROR"),
        ("AT+COPS=5", "ERROR"),
        ("AT+CFUN=7", "ERROR"),
        ('AT+CSCS="HEX"', "ERROR"),
        ("AT+CSIM?", "ERROR"),
        ('AT+CSIM=8,"0020000100"', "+CME ERROR: 50"),
        ("AT+CRSM?", "ERROR"),
        ('AT+CLCK="AO",2', "+CME ERROR: 4"),
        ("AT+CSMS=2", "+CMS ERROR: 303"),
        ('AT+CSCA="name"', "+CMS ERROR: 304"),
        ('AT+CSCS="UCS2";+CSCA="+447700900999"', "ERROR"),
        ("AT+CMGW=23,4", "+CMS ERROR: 304"),
        ("AT+CMGL=5", "+CMS ERROR: 304"),
        ("AT+CMGL=-1", "ERROR"),
        ("AT+CMGD=1,5", "+CMS ERROR: 321"),
        ("AT+CMGR=0", "+CMS ERROR: 321"),
        ('AT+CPMS="ME"x', "ERROR"),
        ("AT+CNMI=²", "ERROR"),
        ("AT%", "ERROR"),
    ],
)
def test_a_bad_command_ends_with_its_error(command: str, error: str) -> None:
    assert answer_to(command) == [error]


def test_the_service_centre_is_written_in_the_chosen_character_set() -> None:
    number = "+12025550123".encode("utf-16-be").hex().upper()
    assert answer_to('AT+CSCS="UCS2"', f'AT+CSCA="{number}",145', "AT+CSCA?") == [f'+CSCA: "{number}",145', "OK"]


def test_a_reset_brings_the_defaults_back() -> None:
    assert answer_to("AT+CSMS=1", "AT+CMEE=2", "ATZ", "AT+CSMS?") == ["+CSMS: 0,1,1,1", "OK"]
