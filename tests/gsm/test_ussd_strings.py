"""USSD strings: the vectors, what firmware makes of them, and whatever else may come."""

import pytest
from hypothesis import given, strategies as st

from smsgw.gsm import alphabet, ussd
from smsgw.gsm.ussd import Coding, Encoded, decode, encode

GSM_TEXTS = st.text(alphabet=[c for c in alphabet.DEFAULT if c != "\x1b"] + list("^{}\\[~]|€"), max_size=182)
PACKED = [
    ("*100#", "AA180C3602"),
    ("*101#", "AA182C3602"),
    ("*123*1#", "AA986CA68A8D1A"),
    ("*111*1#", "AA582CA68A8D1A"),
    ("1", "31"),
    ("0", "30"),
]


@pytest.mark.parametrize(("text", "packed"), PACKED)
def test_codes_are_packed_as_sticks_want_them(text: str, packed: str) -> None:
    assert encode(text, Coding.PACKED) == Encoded(string=packed, data_coding=15)


@pytest.mark.parametrize(("text", "packed"), PACKED[:4])
def test_packed_codes_are_read_back_without_the_filler(text: str, packed: str) -> None:
    assert decode(packed, 15, Coding.PACKED) == text


def test_a_code_goes_as_the_character_set_says() -> None:
    assert encode("*100#", Coding.PLAIN) == Encoded(string="*100#", data_coding=15)
    assert encode("*100#", Coding.UCS2) == Encoded(string="002A0031003000300023", data_coding=15)


@pytest.mark.parametrize("coding", Coding)
def test_what_is_not_in_the_gsm_alphabet_goes_as_ucs2_everywhere(coding: Coding) -> None:
    assert encode("Да", coding) == Encoded(string="04140430", data_coding=72)


@pytest.mark.parametrize("text", ['"', "@", "$", "_", "a\rb", "a\nb", "é", "[1]", "€"])
def test_what_would_mean_something_else_as_plain_text_goes_as_hex(text: str) -> None:
    encoded = encode(text, Coding.PLAIN)
    assert encoded == Encoded(string=text.encode("utf-16-be").hex().upper(), data_coding=72)


@pytest.mark.parametrize(
    ("string", "dcs", "coding", "text"),
    [
        ("0411043004300430", 72, Coding.PLAIN, "Бааа"),
        ("0411043004300430", 0x4B, Coding.PACKED, "Бааа"),
        ("727504110430", 0x11, Coding.PLAIN, "Ба"),
        ("00420061", 15, Coding.UCS2, "Ba"),
        ("D9775D0E1287D961F7B80C", 15, Coding.PACKED, "Your balance"),
        ("en\rBalance: 5", 0x10, Coding.PLAIN, "Balance: 5"),
        ("Balance: 5", None, Coding.PACKED, "Balance: 5"),
        ("041", 72, Coding.PLAIN, "041"),
        ("Баланс 5", 72, Coding.PLAIN, "Баланс 5"),
        ("1234", 15, Coding.PLAIN, "1234"),
        ("1234", 15, Coding.PACKED, "1234"),
        ("12345678", 15, Coding.PLAIN, "12345678"),
        ("CAFE", 15, Coding.PLAIN, "CAFE"),
        ("a\r\nb\rc\r\n", 15, Coding.PLAIN, "a\nb\nc"),
        ("00420061000D000D", 72, Coding.PLAIN, "Ba"),
        ("", None, Coding.PACKED, ""),
    ],
)
def test_answers_are_read_in_every_way_that_firmware_writes_them(
    string: str, dcs: int | None, coding: Coding, text: str
) -> None:
    assert decode(string, dcs, coding) == text


@pytest.mark.parametrize("coding", Coding)
def test_a_balance_is_read_packed_or_not_whatever_the_profile_says(coding: Coding) -> None:
    text = "Balance: 123.45 RUB"
    assert decode(encode(text, Coding.PACKED).string, 15, coding) == text
    if coding is not Coding.UCS2:
        assert decode(text, 15, coding) == text


def test_a_filler_of_those_who_write_an_at_is_left_out() -> None:
    octets = alphabet.pack(alphabet.encode("1234567@"))
    assert decode(octets.hex(), 15, Coding.PACKED) == "1234567"


@given(GSM_TEXTS)
def test_what_is_packed_comes_out_again(text: str) -> None:
    string = encode(text, Coding.PACKED).string
    # A CR at the end cannot be told from the filler, nor an @ there from that of those who know of none.
    unpacked = ussd._unpacked(bytes.fromhex(string)).rstrip("\r")
    assert unpacked in (text.rstrip("\r"), text.removesuffix("@").rstrip("\r"))


@given(st.text(max_size=80), st.sampled_from(Coding))
def test_whatever_is_encoded_can_stand_in_a_command(text: str, coding: Coding) -> None:
    string = encode(text, coding).string
    assert string.isascii()
    assert string == "" or string.isprintable()
    assert '"' not in string


@given(
    st.text() | st.from_regex("[0-9A-Fa-f]*", fullmatch=True), st.none() | st.integers(0, 999), st.sampled_from(Coding)
)
def test_garbage_is_read_as_something(string: str, dcs: int | None, coding: Coding) -> None:
    text = decode(string, dcs, coding)
    assert isinstance(text, str)
    assert "\0" not in text
    assert "\r" not in text


@pytest.mark.parametrize(
    ("text", "fits"), [("*" * 182, True), ("*" * 183, False), ("€" * 92, False), ("ж" * 80, True), ("ж" * 81, False)]
)
def test_a_text_fits_into_160_octets_or_not(text: str, fits: bool) -> None:
    assert ussd.fits(text) is fits
