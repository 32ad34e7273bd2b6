"""Single fields of TPDUs: addresses, times, validity, data coding, headers."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from smsgw.gsm import pdu
from smsgw.gsm.pdu import Concatenation, MessageClass, MessageWaiting, Ports, TypeOfNumber, WaitingKind
from smsgw.gsm.text import Encoding, Segment
from smsgw.gsm.timestamp import decode_timestamp, decode_validity, encode_validity

TIME = "62301021436580"
HOUR, DAY, WEEK = 3600, 86400, 604800


def received(
    address: str = "0C91447700091032",
    time: str = TIME,
    data_coding: str = "00",
    user_data: str = "00",
    first: str = "04",
) -> pdu.Deliver:
    deliver = pdu.decode(f"00{first}{address}00{data_coding}{time}{user_data}")
    assert isinstance(deliver, pdu.Deliver)
    return deliver


def sent(recipient: str) -> pdu.Submit:
    (written,) = pdu.encode_message("x", recipient, reference=0, validity_s=None)
    submit = pdu.decode(written.pdu)
    assert isinstance(submit, pdu.Submit)
    return submit


# ── addresses ──


@given(st.text("0123456789", min_size=1, max_size=20))
def test_any_number_of_up_to_20_digits_survives_the_wire(number: str) -> None:
    assert sent(number).recipient == number


@pytest.mark.parametrize(
    ("number", "type_of_number"),
    [
        ("900", TypeOfNumber.UNKNOWN),
        ("123456", TypeOfNumber.UNKNOWN),
        ("1234567", TypeOfNumber.INTERNATIONAL),
        ("07700900123", TypeOfNumber.UNKNOWN),
        ("89161234567", TypeOfNumber.UNKNOWN),  # Russia's national form
        ("8916123456", TypeOfNumber.INTERNATIONAL),
        ("86139123456789", TypeOfNumber.INTERNATIONAL),
        ("79161234567", TypeOfNumber.INTERNATIONAL),
    ],
)
def test_the_type_follows_from_the_digits(number: str, type_of_number: TypeOfNumber) -> None:
    assert sent(number).recipient_type is type_of_number


@pytest.mark.parametrize("number", ["", "+79161234567", "7 916", "1" * 21, "٣٤٥", "12a", "123\n"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        pdu.encode_message("x", number, reference=0, validity_s=None)


@pytest.mark.parametrize(
    ("address", "sender", "sender_type"),
    [
        ("0DD0457CB80D679701", "Example", TypeOfNumber.ALPHANUMERIC),
        ("0ED0457CB80D6797E7", "Examples", TypeOfNumber.ALPHANUMERIC),
        ("0ED0457CB80D679701", "Example", TypeOfNumber.ALPHANUMERIC),  # its sender counted the spare bits in
        ("0D50457CB80D679701", "Example", TypeOfNumber.ALPHANUMERIC),
        ("0DD1457CB80D679701", "Example", TypeOfNumber.ALPHANUMERIC),
        ("0081", "", TypeOfNumber.UNKNOWN),
        ("05812143F5", "12345", TypeOfNumber.UNKNOWN),
        ("06A1BADCFE", "*#abc", TypeOfNumber.NATIONAL),
        ("038100F1", "001", TypeOfNumber.UNKNOWN),
        ("048100F1", "001", TypeOfNumber.UNKNOWN),  # a fill digit that was counted
    ],
)
def test_senders_in_all_their_forms(address: str, sender: str, sender_type: TypeOfNumber) -> None:
    deliver = received(address)
    assert (deliver.sender, deliver.sender_type) == (sender, sender_type)


def test_a_service_centre_left_out_is_none() -> None:
    assert received().service_centre is None


# ── times ──


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("00", timedelta(0)),
        ("80", timedelta(hours=2)),
        ("22", timedelta(hours=5, minutes=30)),
        ("0A", timedelta(hours=-5)),
        ("49", timedelta(hours=-3, minutes=-30)),
        ("15", timedelta(hours=12, minutes=45)),
    ],
)
def test_time_zones_count_in_signed_quarters_of_an_hour(zone: str, offset: timedelta) -> None:
    time = decode_timestamp(bytes.fromhex("623010214365" + zone))
    assert time is not None
    assert time.utcoffset() == offset
    assert (time.hour, time.minute, time.second) == (12, 34, 56)


@pytest.mark.parametrize(
    "octets",
    [
        "00000000000000",  # month and day 0
        "62200321436580",  # 30 February
        "62301042436580",  # hour 24
        "6230102143F580",  # no digit
        "623010214365FF",  # no zone
        "FFFFFFFFFFFFFF",
    ],
)
def test_an_impossible_time_is_none_and_the_message_is_read(octets: str) -> None:
    assert received(time=octets).service_centre_time is None


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_octets_are_an_aware_time_or_none(octets: bytes) -> None:
    time = decode_timestamp(octets)
    assert time is None or time.utcoffset() is not None


# ── validity ──


@pytest.mark.parametrize(
    ("seconds", "value"),
    [
        (1, 0x00),
        (300, 0x00),
        (301, 0x01),
        (HOUR, 0x0B),
        (6 * HOUR, 0x47),
        (12 * HOUR, 0x8F),
        (12 * HOUR + 1, 0x90),
        (DAY, 0xA7),
        (DAY + 1, 0xA8),
        (2 * DAY, 0xA8),
        (4 * DAY, 0xAA),
        (WEEK, 0xAD),
        (30 * DAY, 0xC4),
        (30 * DAY + 1, 0xC5),
        (63 * WEEK, 0xFF),
        (100 * WEEK, 0xFF),
    ],
)
def test_validity_is_rounded_up_and_capped_at_63_weeks(seconds: int, value: int) -> None:
    assert encode_validity(seconds) == value


@pytest.mark.parametrize("value", range(256))
def test_every_validity_is_read_as_it_is_written(value: int) -> None:
    seconds = decode_validity(value)
    assert encode_validity(seconds) == value
    assert decode_validity(encode_validity(seconds - 1)) == seconds


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_message_that_is_no_longer_valid_is_not_written(seconds: int) -> None:
    with pytest.raises(ValueError, match=f"validity period of {seconds} s"):
        pdu.encode_message("x", "79161234567", reference=0, validity_s=seconds)


@pytest.mark.parametrize(("first", "validity"), [("19", TIME), ("09", "00000000000000")])
def test_a_draft_with_an_absolute_or_enhanced_validity_is_read_over_it(first: str, validity: str) -> None:
    submit = pdu.decode(f"00{first}0005812143F50000{validity}0453EA130A")
    assert isinstance(submit, pdu.Submit)
    assert submit.validity_s is None
    assert submit.content.text == "STOP"


# ── data coding ──


@pytest.mark.parametrize(
    ("data_coding", "encoding", "message_class"),
    [
        ("00", Encoding.GSM7, None),
        ("03", Encoding.GSM7, None),  # class bits without the bit that makes them count
        ("04", Encoding.DATA, None),
        ("08", Encoding.UCS2, None),
        ("0C", Encoding.GSM7, None),
        ("10", Encoding.GSM7, MessageClass.FLASH),
        ("15", Encoding.DATA, MessageClass.MODEM),
        ("1A", Encoding.UCS2, MessageClass.SIM),
        ("20", Encoding.DATA, None),  # compressed
        ("38", Encoding.DATA, MessageClass.FLASH),
        ("48", Encoding.UCS2, None),
        ("58", Encoding.UCS2, MessageClass.FLASH),
        ("88", Encoding.GSM7, None),
        ("B4", Encoding.GSM7, None),
        ("C8", Encoding.GSM7, None),
        ("D0", Encoding.GSM7, None),
        ("E0", Encoding.UCS2, None),
        ("F0", Encoding.GSM7, MessageClass.FLASH),
        ("F3", Encoding.GSM7, MessageClass.TERMINAL),
        ("F6", Encoding.DATA, MessageClass.SIM),
    ],
)
def test_data_coding(data_coding: str, encoding: Encoding, message_class: MessageClass | None) -> None:
    content = received(data_coding=data_coding).content
    assert content.encoding is encoding
    assert content.message_class is message_class
    assert content.flash == (message_class is MessageClass.FLASH)
    assert content.data_coding == int(data_coding, 16)


@pytest.mark.parametrize("text", ["Flash", "Вспышка"])
def test_flash_is_asked_for_in_either_coding(text: str) -> None:
    (written,) = pdu.encode_message(text, "79161234567", reference=0, validity_s=None, flash=True)
    submit = pdu.decode(written.pdu)
    assert isinstance(submit, pdu.Submit)
    assert submit.content.flash
    assert submit.content.text == text


@pytest.mark.parametrize(
    ("data_coding", "kind", "active", "stored"),
    [
        ("C0", WaitingKind.VOICE, False, False),
        ("C8", WaitingKind.VOICE, True, False),
        ("D9", WaitingKind.FAX, True, True),
        ("EA", WaitingKind.EMAIL, True, True),
        ("CB", WaitingKind.OTHER, True, False),
    ],
)
def test_lamps_by_data_coding(data_coding: str, kind: WaitingKind, active: bool, stored: bool) -> None:
    lamp = MessageWaiting(kind=kind, active=active, count=None, stored=stored)
    assert received(data_coding=data_coding).content.waiting == (lamp,)


# ── headers ──


def with_header(header: str, body: str = "0041") -> pdu.Content:
    user_data = f"{len(header) // 2:02X}{header}{body}"
    return received(first="44", data_coding="08", user_data=f"{len(user_data) // 2:02X}{user_data}").content


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("0003A50302", Concatenation(reference=0xA5, total=3, number=2)),
        ("08041234FF01", Concatenation(reference=0x1234, total=255, number=1, width=16)),
        ("0003A503020003A60404", Concatenation(reference=0xA6, total=4, number=4)),  # the last one counts
        ("0003A503020003A60400", Concatenation(reference=0xA5, total=3, number=2)),  # if it can be
        ("0003A50300", None),  # number 0
        ("0003A50304", None),  # beyond the last
        ("0003A50000", None),  # none at all
        ("0003A50101", None),  # one alone
        ("0002A502", None),  # too short for an element of its kind
        ("7001AA0003A50302", Concatenation(reference=0xA5, total=3, number=2)),  # behind an unknown element
        ("0003A5030270FF", Concatenation(reference=0xA5, total=3, number=2)),  # before a broken one
    ],
)
def test_the_place_of_a_part(header: str, place: Concatenation | None) -> None:
    content = with_header(header)
    assert content.concatenation == place
    assert content.text == "A"


@pytest.mark.parametrize(
    ("header", "ports"),
    [
        ("05040B8423F0", Ports(destination=2948, source=9200)),
        ("0402F0E2", Ports(destination=0xF0, source=0xE2)),
        ("05020B84", None),
    ],
)
def test_application_ports(header: str, ports: Ports | None) -> None:
    assert with_header(header).ports == ports


def test_lamps_by_header_come_each_for_itself() -> None:
    assert with_header("0102800301020100").waiting == (
        MessageWaiting(kind=WaitingKind.VOICE, active=True, count=3, stored=True),
        MessageWaiting(kind=WaitingKind.FAX, active=False, count=0, stored=False),
    )


def test_a_header_that_claims_all_the_user_data_is_taken_for_text() -> None:
    assert received(first="44", data_coding="08", user_data="020441").content.text == "с"
    assert received(first="44", data_coding="08", user_data="03020041").content.concatenation is None


@pytest.mark.parametrize("size", range(7))
def test_text_behind_a_header_of_any_size_begins_at_a_septet(size: int) -> None:
    header = bytes([size]) + bytes([0x70, max(0, size - 2), *[0xFF] * size][:size])
    septets = -(-8 * len(header) // 7)
    bits = int.from_bytes(header, "little") | 0x41 << 7 * septets
    user_data = bits.to_bytes(-(-7 * (septets + 1) // 8), "little")
    content = received(first="44", user_data=f"{septets + 1:02X}{user_data.hex()}").content
    assert content.text == "A"


def test_a_trailing_at_sign_is_kept_and_spare_bits_are_none() -> None:
    for text in ("123456@", "1234567", "1234567@", "@", "@@@@@@@@"):
        (written,) = pdu.encode_message(text, "79161234567", reference=0, validity_s=None)
        submit = pdu.decode(written.pdu)
        assert isinstance(submit, pdu.Submit)
        assert submit.content.text == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [("D83D", "\ufffd"), ("0041DE00", "A\ufffd"), ("004100", "A\ufffd"), ("D83DDE00", "😀")],
)
def test_broken_utf_16_shows_where_it_is_broken(octets: str, text: str) -> None:
    content = received(data_coding="08", user_data=f"{len(octets) // 2:02X}{octets}").content
    assert content.text == text
    assert content.octets == bytes.fromhex(octets)


# ── what cannot be written ──


@pytest.mark.parametrize(
    ("reference", "total", "number", "width"),
    [(256, 2, 1, 8), (-1, 2, 1, 8), (65536, 2, 1, 16), (0, 2, 0, 8), (0, 2, 3, 8), (0, 256, 1, 8), (0, 2, 1, 12)],
)
def test_an_impossible_place_is_refused(reference: int, total: int, number: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"part|reference"):
        Concatenation(reference=reference, total=total, number=number, width=width)


@pytest.mark.parametrize(
    "segment",
    [
        Segment(encoding=Encoding.GSM7, text="a" * 161),
        Segment(encoding=Encoding.UCS2, text="я" * 71),
        Segment(encoding=Encoding.GSM7, text="я"),
        Segment(encoding=Encoding.UCS2, text="\ud83d"),
    ],
    ids=["too many septets", "too many code units", "no such character", "half a surrogate pair"],
)
def test_a_segment_that_does_not_fit_is_refused(segment: Segment) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  every one has its own words
        pdu.encode_submit(segment, "79161234567", concatenation=None, validity_s=None, status_report=True)


def test_a_reference_that_is_no_octet_is_refused_where_it_is_needed() -> None:
    pdu.encode_message("short", "79161234567", reference=999, validity_s=None)
    with pytest.raises(ValueError, match="reference 999"):
        pdu.encode_message("a" * 161, "79161234567", reference=999, validity_s=None)
