"""A masked PDU reads as before, with all its lengths, and says nothing of whom it concerns and what was written."""

from dataclasses import replace

import pytest
from hypothesis import assume, example, given, strategies as st
from pdu_vectors import Vector, each
from texts import texts

from smsgw.gsm.address import encode_number
from smsgw.gsm.alphabet import pack
from smsgw.gsm.masking import mask_pdu
from smsgw.gsm.pdu import Deliver, PduError, StatusReport, Submit, TypeOfNumber, decode, encode_message
from smsgw.gsm.text import Encoding, TextTooLong, split
from smsgw.gsm.userdata import encode_user_data
from smsgw.gsm.whole import is_received

numbers = st.text("0123456789", min_size=1, max_size=20)
TIME = bytes.fromhex("62112522135521")
IMPOSSIBLE_TIME = bytes.fromhex("99999999999999")


def submits(text: str, number: str, reference: int) -> list[bytes]:
    try:
        return [part.pdu for part in encode_message(text, number, reference=reference, validity_s=3_600)]
    except TextTooLong:
        assume(False)
        raise


def deliver(text: str, number: str, *, name: str = "", centre: str = "79168999100") -> bytes:
    """Code what a service centre would send: a text of one part, from a number or a name."""
    segment = split(text)[0]
    body = encode_user_data(segment, None)
    coding = 0 if segment.encoding is Encoding.GSM7 else 8
    septets = name.encode("ascii")
    packed = pack(septets)
    sender = bytes([-(-7 * len(septets) // 4), 0xD0]) + packed if name else encode_number(number)
    smsc = encode_number(centre)[1:]
    return bytes([len(smsc)]) + smsc + b"\x04" + sender + bytes([0, coding]) + TIME + body


def shape(pdu: bytes) -> object:
    """All that is left of a PDU when number and text are only so and so long."""
    read = decode(pdu)
    match read:
        case Submit():
            return replace(read, recipient="0" * len(read.recipient), content=content_shape(read))
        case Deliver():
            lengths = len(read.sender), len(read.service_centre or "")
            return replace(read, service_centre=None, sender="", content=content_shape(read)), lengths
        case StatusReport():
            return replace(read, service_centre=None, recipient="0" * len(read.recipient))


def content_shape(read: Submit | Deliver) -> object:
    content = read.content
    return replace(content, text=None, octets=bytes(len(content.octets)))


@given(texts, numbers, st.integers(0, 255))
@example("", "1", 0)
@example("€" * 161, "79991234567", 7)
def test_a_masked_submit_has_the_same_shape_and_neither_number_nor_text(text: str, number: str, reference: int) -> None:
    for pdu in submits(text, number, reference):
        masked = mask_pdu(pdu)
        assert len(masked) == len(pdu)
        assert shape(masked) == shape(pdu)
        read = decode(masked)
        assert isinstance(read, Submit)
        assert set(read.recipient) == {"0"}
        assert set(read.content.text or "x") == {"x"}


@given(texts, numbers, st.sampled_from(["", "Bank", "A", "ABCDEFGHIJK"]))
def test_a_masked_deliver_has_the_same_shape_and_neither_number_nor_text(text: str, number: str, name: str) -> None:
    assume(len(text) < 300)
    pdu = deliver(text, number, name=name)
    masked = mask_pdu(pdu)
    assert len(masked) == len(pdu)
    assert shape(masked) == shape(pdu)
    assert is_received(masked.hex()) == is_received(pdu.hex())
    read = decode(masked)
    assert isinstance(read, Deliver)
    assert set(read.sender) <= ({"x"} if read.sender_type is TypeOfNumber.ALPHANUMERIC else {"0"})
    assert set(read.service_centre or "") == {"0"}
    assert set(read.content.text or "x") == {"x"}


@given(st.data(), st.integers(1, 20), st.integers(0, 160))
def test_what_a_pdu_is_masked_to_tells_two_of_one_shape_not_apart(
    data: st.DataObject, digits: int, length: int
) -> None:
    """Whatever leaked would show a difference."""
    letters = st.text("abcdefgh 0123456789", min_size=length, max_size=length)
    same_type = st.text("12345", min_size=digits, max_size=digits)
    first, second = (deliver(data.draw(letters), data.draw(same_type)) for _ in range(2))
    assert mask_pdu(first) == mask_pdu(second)
    first, second = (submits(data.draw(letters), data.draw(same_type), 9)[0] for _ in range(2))
    assert mask_pdu(first) == mask_pdu(second)


@each("submit", "deliver", "report")
def test_every_known_pdu_is_masked_or_refused_and_reads_as_before(vector: Vector) -> None:
    pdu = bytes.fromhex(vector["pdu"])
    try:
        masked = mask_pdu(pdu)
    except PduError:
        return  # padded or cut: nothing of it may be kept
    assert len(masked) == len(pdu)
    assert shape(masked) == shape(pdu)
    assert mask_pdu(masked) == masked


@given(st.binary(max_size=200))
def test_whatever_comes_is_masked_or_refused(octets: bytes) -> None:
    try:
        masked = mask_pdu(octets)
    except PduError:
        return
    assert len(masked) == len(octets)


@each("submit", "deliver", "report")
def test_what_is_cut_or_goes_on_is_refused(vector: Vector) -> None:
    pdu = bytes.fromhex(vector["pdu"])
    for end in range(len(pdu)):
        if (read := _masked_or_none(pdu[:end])) is not None:
            assert isinstance(decode(read), StatusReport), "a report may end after its status"
    if not isinstance(decode(pdu), StatusReport):
        assert _masked_or_none(pdu + b"\0") is None


def _masked_or_none(octets: bytes) -> bytes | None:
    try:
        return mask_pdu(octets)
    except PduError:
        return None


def test_a_time_that_is_none_is_not_kept() -> None:
    pdu = deliver("hello", "79991234567").replace(TIME, IMPOSSIBLE_TIME)
    assert IMPOSSIBLE_TIME not in mask_pdu(pdu)


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("050003070201", "050003070201"),  # the place among the parts
        ("06080412340201", "06080412340201"),
        ("0a2208" + "0b919799214365f7", "0a2208" + "00" * 8),  # a reply address is a number
        ("06000468656c6c", "060004" + "00" * 4),  # no place has four octets
    ],
)
def test_of_a_header_only_what_is_harmless_is_kept(header: str, kept: str) -> None:
    octets = bytes.fromhex(header) + b"secret!"
    pdu = bytes.fromhex("00400b919799214365f70004") + TIME + bytes([len(octets)]) + octets
    masked = mask_pdu(pdu)
    assert masked[-len(octets) :] == bytes.fromhex(kept) + b"x" * 7


def test_a_text_in_a_status_report_is_masked_too() -> None:
    report = bytes.fromhex("00060a0b919799214365f7") + TIME + TIME + bytes.fromhex("00" + "0704") + bytes([0x04, 6])
    masked = mask_pdu(report + b"secret")
    assert masked.endswith(b"xxxxxx")
    assert isinstance(decode(masked), StatusReport)
