"""The 7-bit alphabets and their packing, against the figures of 3GPP TS 23.038."""

import unicodedata

import pytest
from hypothesis import given, strategies as st
from texts import gsm_texts

from smsgw.gsm import alphabet
from smsgw.gsm.alphabet import NationalLanguage

septet_strings = st.binary(max_size=200).map(lambda octets: bytes(octet & 0x7F for octet in octets))


@given(gsm_texts)
def test_decoding_undoes_encoding(text: str) -> None:
    assert alphabet.decode(alphabet.encode(text)) == text


@given(septet_strings, st.integers(min_value=0, max_value=6))
def test_unpacking_undoes_packing_at_any_fill(septets: bytes, fill_bits: int) -> None:
    packed = alphabet.pack(septets, fill_bits)
    assert alphabet.unpack(packed, len(septets), fill_bits) == septets
    assert len(packed) == -(-(fill_bits + 7 * len(septets)) // 8)


@given(st.binary(max_size=30), st.integers(min_value=0, max_value=255), st.integers(min_value=0, max_value=6))
def test_unpacking_gives_no_more_than_there_is(octets: bytes, count: int, fill_bits: int) -> None:
    assert len(alphabet.unpack(octets, count, fill_bits)) == max(0, min(count, (8 * len(octets) - fill_bits) // 7))


@given(septet_strings, st.integers(min_value=0, max_value=255), st.integers(min_value=0, max_value=255))
def test_any_septets_in_any_language_decode_without_an_escape_left(septets: bytes, locking: int, single: int) -> None:
    assert "\x1b" not in alphabet.decode(septets, locking_shift=locking, single_shift=single)


def test_the_default_table_has_128_different_characters_in_their_composed_form() -> None:
    assert len(alphabet.DEFAULT) == len(set(alphabet.DEFAULT)) == 128
    assert unicodedata.normalize("NFC", alphabet.DEFAULT) == alphabet.DEFAULT


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0x00, "COMMERCIAL AT"),
        (0x02, "DOLLAR SIGN"),
        (0x09, "LATIN CAPITAL LETTER C WITH CEDILLA"),
        (0x10, "GREEK CAPITAL LETTER DELTA"),
        (0x15, "GREEK CAPITAL LETTER OMEGA"),
        (0x1A, "GREEK CAPITAL LETTER XI"),
        (0x24, "CURRENCY SIGN"),
        (0x40, "INVERTED EXCLAMATION MARK"),
        (0x5F, "SECTION SIGN"),
        (0x7F, "LATIN SMALL LETTER A WITH GRAVE"),
    ],
)
def test_codes_that_are_often_got_wrong(code: int, name: str) -> None:
    assert unicodedata.name(alphabet.DEFAULT[code]) == name


@pytest.mark.parametrize("character", [*"ç`áíóúâêîôãõëï“”—…яΑ\t\xa0\x1b😀"])
def test_characters_the_alphabet_lacks_are_named_in_the_error(character: str) -> None:
    assert not alphabet.is_encodable(f"a{character}")
    with pytest.raises(ValueError, match="not in the GSM 7-bit alphabet") as caught:
        alphabet.encode(f"a{character}")
    assert repr(character) in str(caught.value)


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        ("1B65", "€"),
        ("1B0A", "\f"),
        ("1B41", "A"),  # no character in the extension: what the base table has
        ("1B1B", " "),  # kept for another table
        ("411B", "A"),  # an escape with nothing to escape
        ("1B1B65", " e"),
    ],
)
def test_escapes(septets: str, text: str) -> None:
    assert alphabet.decode(bytes.fromhex(septets)) == text


@pytest.mark.parametrize(
    ("locking", "single", "septets", "text"),
    [
        (0, NationalLanguage.TURKISH, "1B47 1B49 1B53 1B63 1B67 1B69 1B73", "ĞİŞçğış"),
        (NationalLanguage.TURKISH, 0, "04 07 0B 0C 1C 1D 40 60", "€ıĞğŞşİç"),
        (0, NationalLanguage.SPANISH, "1B09 1B41 1B49 1B4F 1B55 1B61 1B69 1B6F 1B75", "çÁÍÓÚáíóú"),
        (NationalLanguage.SPANISH, 0, "09 41 5D", "ÇAÑ"),  # Spanish has no table of its own to lock
        (0, NationalLanguage.PORTUGUESE, "1B05 1B12 1B1F 1B41 1B5B 1B7C 1B7F", "êΦÊÀÃõâ"),
        (NationalLanguage.PORTUGUESE, 0, "04 12 13 15 17 18 1A 24 5D 60 7D", "êªÇ∞\\€|ºÚ~`"),
        (NationalLanguage.PORTUGUESE, NationalLanguage.PORTUGUESE, "1B65 1B04 61", "€êa"),
        (0, 13, "1B65 1B41", "€A"),  # a language without a table here
    ],
)
def test_national_tables(locking: int, single: int, septets: str, text: str) -> None:
    assert alphabet.decode(bytes.fromhex(septets), locking_shift=locking, single_shift=single) == text


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("*100#", "AA180C3602"),
        ("*101#", "AA182C3602"),
        ("*123*1#\r", "AA986CA68A8D1A"),
        ("1", "31"),
        ("1234567", "31D98C56B3DD00"),
    ],
)
def test_packing_as_others_pack(text: str, packed: str) -> None:
    assert alphabet.pack(alphabet.encode(text)).hex().upper() == packed
