"""What is the whole of something received, and what only the end of it, or of an echo."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st
from pdu_vectors import Vector, each
from texts import texts

from simmodem.deliver import build_deliver, build_report
from smsgw.gsm.pdu import encode_message
from smsgw.gsm.whole import is_received

numbers = st.from_regex(r"\+?[1-9][0-9]{2,14}", fullmatch=True)
senders = st.one_of(numbers, st.from_regex(r"[A-Za-z]{1,11}", fullmatch=True))
# Of a Russian service centre: no end of it reads as a service centre of its own.
service_centres = st.from_regex(r"\+79[1-9]{9}", fullmatch=True)
zones = st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
moments = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=zones)  # noqa: DTZ001  # zones are drawn


@st.composite
def messages(draw: st.DrawFn) -> str:
    parts = build_deliver(
        draw(senders),
        draw(texts),
        smsc=draw(service_centres),
        moment=draw(moments),
        reference=draw(st.integers(0, 255)),
    )
    return draw(st.sampled_from(parts))


@st.composite
def reports(draw: st.DrawFn) -> str:
    return build_report(
        mr=draw(st.integers(0, 255)),
        recipient=draw(numbers),
        status=draw(st.integers(0, 255)),
        smsc=draw(service_centres),
        submitted=draw(moments),
        discharged=draw(moments),
    )


def ends(line: str) -> list[str]:
    """Give every proper end of a line, cut at pairs of digits and between them."""
    return [line[start:] for start in range(1, len(line))]


@given(st.one_of(messages(), reports()))
def test_the_whole_is_taken_and_no_end_of_it(pdu: str) -> None:
    assert is_received(pdu)
    assert is_received(pdu.lower())
    assert [end for end in ends(pdu) if is_received(end)] == []


@given(st.one_of(messages(), reports()), st.data())
def test_nothing_is_taken_that_has_lost_its_end_or_got_a_longer_one(pdu: str, data: st.DataObject) -> None:
    assert not is_received(pdu[: data.draw(st.integers(0, len(pdu) - 1))])
    assert not is_received(pdu + "FFFF")


@given(st.from_regex(r"[1-9][0-9]{4,14}", fullmatch=True), texts.filter(bool))
def test_neither_an_echo_is_taken_nor_the_end_of_one(number: str, text: str) -> None:
    for submit in encode_message(text, number, reference=7, validity_s=86_400):
        line = submit.pdu.hex().upper()
        assert [end for end in (line, *ends(line)) if is_received(end)] == []


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=70))
def test_text_in_hex_is_not_taken(text: str) -> None:
    assert not is_received(text.encode("utf-16-be").hex().upper())


@each("deliver", "report")
def test_what_others_read_as_received_is_whole(vector: Vector) -> None:
    assert is_received(vector["pdu"])


# One message of “hi”: service centre, first octet, sender, protocol and coding, time, length and text.
FIELDS = ("07919761989901F0", "04", "0B919799214365F7", "0000", "62301021436580", "02", "E834")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (0, "07119761989901F0"),  # a type without the bit that is always set
        (0, "07929761989901F0"),  # a numbering plan that nobody has
        (0, "0791976198F901F0"),  # a filler in the middle
        (0, "0391F9F0"),  # a service centre with a number of three digits
        (0, "0C919761989901234567890132"),
        (1, "05"),  # SMS-SUBMIT
        (1, "07"),
        (1, "14"),  # a bit that means nothing
        (1, "44"),  # a header that the text is no room for
        (2, "0B119799214365F7"),
        (2, "0B9197992143F5F7"),
        (2, "0C919799214365F7"),  # a digit fewer than it says
        (2, "0091"),
        (2, "1591979921436500000000000000"),
        (3, "0008F0"),
        (4, "62311021436580"),  # the thirteenth month
        (4, "62301021436A80"),
        (5, "03"),
        (5, "01"),
        (5, "A1" + "00" * 139),  # with the last field 141 octets: 161 septets
        (6, "E8"),
        (6, "E83400"),
    ],
)
def test_every_field_must_be_as_in_something_received(field: int, wrong: str) -> None:
    assert is_received("".join(FIELDS))
    assert not is_received("".join((*FIELDS[:field], wrong, *FIELDS[field + 1 :])))


# TP-PI with no field, TP-PID, TP-DCS, and TP-UD in either alphabet (§9.2.3.27).
@pytest.mark.parametrize("optional", ["00", "0100", "0208", "07000802" + "0041", "0402C834"])
def test_a_report_may_have_its_optional_fields_and_nothing_else(optional: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    pdu = build_report(mr=1, recipient="+79991234567", status=0, smsc="+79161234567", submitted=now, discharged=now)
    assert is_received(pdu + optional)
    assert not is_received(pdu + optional + "00")


@given(st.binary(min_size=12, max_size=200))
def test_no_octets_bring_out_anything_but_an_answer(octets: bytes) -> None:
    assert is_received(octets.hex()) in (True, False)
