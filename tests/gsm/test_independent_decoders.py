"""smspdudecoder, which shares no code with us, reads the PDUs we write and those we read as we do.

Its known faults are kept out of the way: a name of seven letters gets an “@” appended, and so does a text with
extension characters that leaves seven spare bits.
"""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from pdu_vectors import Vector, each
from texts import gsm_texts, unicode_texts

from smsgw.gsm import alphabet, pdu

pytestmark = pytest.mark.interop


def read_outgoing(octets: bytes) -> dict[str, Any]:
    easy = import_module("smspdudecoder.easy")
    return dict(easy.read_outgoing_sms(octets.hex().upper()))


def their_reading(text: str, recipient: str = "79161234567") -> tuple[set[str], str]:
    written = pdu.encode_message(text, recipient, reference=0xA5, validity_s=86400)
    read = [read_outgoing(part.pdu) for part in written]
    return {part["recipient"] for part in read}, "".join(part["content"] for part in read)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "10€ [x]{y} ^~\\|",
        "@£$¥èéùìòÇØøÅåΔ_ÆæßÉ¤¡§¿à",
        "1234567",
        "123456@",
        "Привет, мир!",
        "Hi 😀👨‍👩‍👧‍👦🇷🇺",
        "a" * 160,
        "a" * 161,
        "a" * 152 + "€" + "b" * 100,
        "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 8,
        "😀" * 100,
    ],
    ids=lambda text: repr(text)[:30],
)
def test_they_read_our_text(text: str) -> None:
    assert their_reading(text) == ({"+79161234567"}, text)


@pytest.mark.parametrize(
    ("recipient", "read"),
    [
        ("900", "900"),
        ("12345", "12345"),
        ("79161234567", "+79161234567"),
        ("89161234567", "89161234567"),
        ("12025550123", "+12025550123"),
        ("447700900123", "+447700900123"),
        ("12345678901234567890", "+12345678901234567890"),
    ],
)
def test_they_read_our_recipient(recipient: str, read: str) -> None:
    assert their_reading("x", recipient) == ({read}, "x")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50, deadline=None)
@given(gsm_texts)
def test_they_read_any_single_message_in_seven_bits(text: str) -> None:
    septets = len(alphabet.encode(text[:80]))
    assume(septets % 8 != 7)
    assert their_reading(text[:80])[1] == text[:80]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50, deadline=None)
@given(unicode_texts.map(lambda text: "я" + text))
def test_they_read_any_message_in_ucs2(text: str) -> None:
    assert their_reading(text)[1] == text


@each("deliver")
def test_they_read_received_messages_as_we_do(vector: Vector) -> None:
    easy = import_module("smspdudecoder.easy")
    ours = pdu.decode(vector["pdu"])
    assert isinstance(ours, pdu.Deliver)
    theirs = easy.read_incoming_sms(vector["pdu"])
    if ours.sender != "Example":
        assert theirs["sender"].removeprefix("+") == ours.sender
    assert theirs["date"] == ours.service_centre_time
    assert theirs["content"] == (ours.content.octets if ours.content.text is None else ours.content.text)
    place = ours.content.concatenation
    assert bool(theirs["partial"]) == (place is not None)
    if place is not None:
        assert (theirs["partial"]["parts_count"], theirs["partial"]["part_number"]) == (place.total, place.number)
