"""Whatever a modem prints in place of a PDU, it is read or refused with PduError, and nothing else happens."""

from datetime import datetime
from itertools import chain

import pytest
from hypothesis import example, given, strategies as st
from pdu_vectors import Vector, each, vectors

from smsgw.gsm import pdu
from smsgw.gsm.text import join

KNOWN = [bytes.fromhex(v["pdu"]) for v in chain(vectors("submit"), vectors("deliver"), vectors("report"))]


def read_or_refuse(octets: bytes | str) -> None:
    try:
        decoded = pdu.decode(octets)
    except pdu.PduError:
        return
    if isinstance(decoded, pdu.StatusReport):
        assert decoded.outcome in pdu.DeliveryOutcome
        times = [decoded.service_centre_time, decoded.discharge_time]
    else:
        join([decoded.content]).encode("utf-8")
        times = [decoded.service_centre_time] if isinstance(decoded, pdu.Deliver) else []
    assert all(isinstance(time, datetime) and time.utcoffset() is not None for time in times if time is not None)


@given(st.binary(max_size=250))
@example(b"")
@example(b"\x00")
def test_random_octets(octets: bytes) -> None:
    read_or_refuse(octets)


@given(st.text(max_size=60))
@example("+CMGR: 0,,0")
@example("07914")
@example("٠١")  # digits to Unicode, not to hex
@example("\ud800")
def test_random_text(text: str) -> None:
    read_or_refuse(text)


@given(st.sampled_from([0x00, 0x01, 0x02, 0x03, 0x40, 0x41, 0x43]), st.binary(max_size=200))
def test_random_fields_behind_a_likely_first_octet(first: int, rest: bytes) -> None:
    read_or_refuse(bytes([0x00, first]) + rest)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=160))
def test_any_coding_and_any_length_of_any_user_data(data_coding: int, length: int, user_data: bytes) -> None:
    for first in (0x00, 0x40):
        head = bytes([0x00, first, 0x00, 0x81, 0x00, data_coding]) + bytes(7)
        assert isinstance(pdu.decode(head + bytes([length]) + user_data), pdu.Deliver)
        read_or_refuse(head + bytes([length]) + user_data)


@each("submit", "deliver", "report")
def test_every_truncation(vector: Vector) -> None:
    octets = bytes.fromhex(vector["pdu"])
    for end in range(len(octets)):
        read_or_refuse(octets[:end])
        read_or_refuse(vector["pdu"][: 2 * end + 1])


@given(st.sampled_from(KNOWN), st.data())
def test_every_vector_with_one_octet_changed(octets: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(octets) - 1))
    changed = data.draw(st.integers(0, 255))
    read_or_refuse(octets[:position] + bytes([changed]) + octets[position + 1 :])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the length of the service centre"),
        ("0C91", "the service centre claims 12 octets"),
        ("00", "the first octet of the TPDU"),
        ("000015", "the sender claims 21 digits"),
        ("00000C91447700", "ends after 7 octets, inside the sender"),
        ("0002", "the message reference"),
        ("0X", "2 characters that are not pairs of hex digits"),
    ],
)
def test_the_error_says_which_field_is_at_fault(text: str, complaint: str) -> None:
    with pytest.raises(pdu.PduError, match=complaint):
        pdu.decode(text)


def test_the_error_does_not_show_what_was_received() -> None:
    with pytest.raises(pdu.PduError) as caught:
        pdu.decode("0791447700099099040C91447700091032zz")
    assert "4477" not in str(caught.value)


def test_what_exists_of_a_text_cut_short_is_read() -> None:
    whole = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
    deliver = pdu.decode(whole[:-8])
    assert isinstance(deliver, pdu.Deliver)
    assert deliver.content.text == "Hello "


def test_a_reserved_message_type_is_read_like_a_received_message() -> None:
    plain = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
    assert pdu.decode(plain.replace("99040C", "99070C")) == pdu.decode(plain)
