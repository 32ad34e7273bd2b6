"""PDUs that others have read before us are read, and where we write such, written the same."""

from datetime import datetime, timedelta, timezone

import pytest
from pdu_vectors import Vector, each

from smsgw.gsm import pdu, timestamp
from smsgw.gsm.pdu import Concatenation, Content, MessageWaiting, SubmitPdu, WaitingKind
from smsgw.gsm.text import Encoding, Segment

EAST = timezone(timedelta(hours=2))
ACCEPTED = datetime(2026, 3, 1, 12, 34, 56, tzinfo=EAST)
DISCHARGED = datetime(2026, 3, 1, 12, 35, 2, tzinfo=EAST)


def place(vector: Vector) -> Concatenation | None:
    if vector["concatenation"] is None:
        return None
    reference, total, number, width = vector["concatenation"]
    return Concatenation(reference=reference, total=total, number=number, width=width)


def assert_content(content: Content, vector: Vector) -> None:
    assert content.text == vector["text"]
    assert content.encoding == vector["encoding"]
    assert content.flash == vector["flash"]
    assert content.concatenation == place(vector)
    assert content.ports is None
    if vector["octets"] is not None:
        assert content.octets == bytes.fromhex(vector["octets"])


@each("submit")
def test_a_submit_is_written_as_others_read_it(vector: Vector) -> None:
    if not vector["encodes"]:
        assert pdu.decode(vector["pdu"]) is not None
        return
    written = pdu.encode_submit(
        Segment(encoding=Encoding(vector["encoding"]), text=vector["text"]),
        vector["number"],
        concatenation=place(vector),
        validity_s=vector["validity_s"],
        status_report=vector["status_report"],
        flash=vector["flash"],
    )
    assert written.pdu.hex().upper() == vector["pdu"]
    assert written.length == vector["length"]


@each("submit")
def test_a_submit_is_read(vector: Vector) -> None:
    submit = pdu.decode(vector["pdu"])
    assert isinstance(submit, pdu.Submit)
    assert submit.recipient == vector["number"]
    assert submit.recipient_type == vector["type"]
    assert submit.validity_s == vector["validity_s"]
    assert submit.status_report == vector["status_report"]
    assert (submit.service_centre, submit.reference, submit.protocol_id) == (None, 0, 0)
    assert_content(submit.content, vector)


@each("submit")
def test_the_length_for_the_modem_leaves_out_the_service_centre(vector: Vector) -> None:
    assert SubmitPdu(pdu=bytes.fromhex(vector["pdu"])).length == vector["length"]


@each("deliver")
def test_a_received_message_is_read(vector: Vector) -> None:
    deliver = pdu.decode(vector["pdu"])
    assert isinstance(deliver, pdu.Deliver)
    assert deliver.sender == vector["number"]
    assert deliver.sender_type == vector["type"]
    assert deliver.service_centre == "447700900999"
    assert deliver.service_centre_time == (vector["time"] or ACCEPTED)
    assert deliver.service_centre_time.utcoffset() == (vector["time"] or ACCEPTED).utcoffset()
    assert deliver.protocol_id == vector["protocol_id"]
    assert deliver.is_for_people == vector["is_for_people"]
    assert deliver.more_to_come == vector["more_to_come"]
    assert_content(deliver.content, vector)


@each("deliver")
def test_a_lamp_is_switched_on_only_by_the_message_that_says_so(vector: Vector) -> None:
    deliver = pdu.decode(vector["pdu"])
    assert isinstance(deliver, pdu.Deliver)
    lamps = tuple(
        MessageWaiting(kind=WaitingKind(kind), active=True, count=None, stored=False)
        for kind in [vector["waiting"]]
        if kind is not None
    )
    assert deliver.content.waiting == lamps


@each("report")
def test_a_status_report_is_read(vector: Vector) -> None:
    report = pdu.decode(vector["pdu"])
    assert isinstance(report, pdu.StatusReport)
    assert report.reference == vector["reference"]
    assert report.recipient == vector["number"]
    assert report.recipient_type == vector["type"]
    assert report.service_centre == "447700900999"
    assert report.service_centre_time == ACCEPTED
    assert report.discharge_time == DISCHARGED
    assert report.status == vector["status"]
    assert report.outcome == vector["outcome"]
    assert not report.more_to_come


@each("submit", "deliver", "report")
def test_octets_hex_and_lower_case_hex_are_read_alike(vector: Vector) -> None:
    decoded = pdu.decode(vector["pdu"])
    assert pdu.decode(bytes.fromhex(vector["pdu"])) == decoded
    assert pdu.decode(vector["pdu"].lower() + "\r\n") == decoded


@each("deliver", "report")
def test_padding_behind_a_pdu_changes_nothing(vector: Vector) -> None:
    assert pdu.decode(vector["pdu"] + "FF" * 150) == pdu.decode(vector["pdu"])


@pytest.mark.parametrize(
    ("text", "width", "encoding", "length", "user_data_length"),
    [
        ("a" * 160, None, Encoding.GSM7, 154, 0xA0),
        ("a" * 153, 8, Encoding.GSM7, 154, 0xA0),
        ("a" * 152, 16, Encoding.GSM7, 154, 0xA0),
        ("я" * 70, None, Encoding.UCS2, 154, 0x8C),
        ("я" * 67, 8, Encoding.UCS2, 154, 0x8C),
        ("я" * 66, 16, Encoding.UCS2, 153, 0x8B),
    ],
    ids=lambda value: repr(value)[:15],
)
def test_a_full_part_has_the_length_the_standard_gives(
    text: str, width: int | None, encoding: Encoding, length: int, user_data_length: int
) -> None:
    written = pdu.encode_submit(
        Segment(encoding=encoding, text=text),
        "447700900123",
        concatenation=None if width is None else Concatenation(reference=1, total=2, number=1, width=width),
        validity_s=86400,
        status_report=True,
    )
    assert written.length == length
    assert written.pdu[14] == user_data_length


@pytest.mark.parametrize(("seconds", "value"), [(86400, 0xA7), (3600, 0x0B)])
def test_the_validity_of_the_vectors_is_what_it_says(seconds: int, value: int) -> None:
    assert timestamp.encode_validity(seconds) == value
