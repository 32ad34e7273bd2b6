"""A text becomes parts that a handset puts together again, and no part ends where it would break a character."""

from dataclasses import dataclass

import pytest
from hypothesis import assume, example, given, strategies as st
from texts import gsm_texts, texts

from smsgw.gsm import alphabet, pdu
from smsgw.gsm.text import Encoding, LoneSurrogate, TextTooLong, choose_encoding, join, split


@dataclass(frozen=True, kw_only=True)
class Received:
    """A part as far as joining needs it."""

    encoding: Encoding
    text: str | None
    octets: bytes


def lengths(text: str) -> list[int]:
    return [len(segment.text) for segment in split(text)]


def contents(text: str) -> list[pdu.Content]:
    written = pdu.encode_message(text, "79991234567", reference=7, validity_s=None)
    return [part.content for part in map(pdu.decode, [w.pdu for w in written]) if isinstance(part, pdu.Submit)]


@given(texts)
def test_joining_undoes_splitting(text: str) -> None:
    assert "".join(segment.text for segment in split(text)) == text


@given(texts)
def test_joining_what_was_received_undoes_sending(text: str) -> None:
    assert join(contents(text)) == text
    assert "".join(content.text or "" for content in contents(text)) == text


@given(texts)
def test_all_parts_share_one_coding_and_their_place_is_told(text: str) -> None:
    parts = contents(text)
    assert {part.encoding for part in parts} == {choose_encoding(text)}
    if len(parts) == 1:
        assert parts[0].concatenation is None
    else:
        assert [part.concatenation for part in parts] == [
            pdu.Concatenation(reference=7, total=len(parts), number=number) for number in range(1, len(parts) + 1)
        ]


@given(texts)
@example("я" * 70)
@example("x" * 160)
@example("я" * 71)
@example("x" * 161)
def test_user_data_never_exceeds_140_octets(text: str) -> None:
    header = "00 01 00 0B 91 9799214365F7 00 00 00"  # no validity period; the last octet is the length of the user data
    for written in pdu.encode_message(text, "79991234567", reference=7, validity_s=None):
        assert len(written.pdu) - len(bytes.fromhex(header)) <= 140


@given(gsm_texts)
def test_no_part_ends_inside_an_escape_pair(text: str) -> None:
    for segment in split(text):
        septets = alphabet.encode(segment.text)
        assert not septets.endswith(b"\x1b")
        assert len(septets) <= 160


@given(texts)
def test_no_part_begins_or_ends_inside_a_surrogate_pair(text: str) -> None:
    for segment in split(text):
        if segment.encoding is Encoding.UCS2:
            units = segment.text.encode("utf-16-be")
            assert not units or (units[0] & 0xFC != 0xDC and units[-2] & 0xFC != 0xD8)


def test_an_empty_text_is_one_empty_part() -> None:
    assert lengths("") == [0]
    assert choose_encoding("") is Encoding.GSM7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("a" * 158 + "€", [159]),
        ("a" * 159 + "€", [153, 7]),
        ("a" * 152 + "€" + "a" * 10, [152, 11]),  # the pair does not fit the one septet left
        ("я" * 70, [70]),
        ("я" * 71, [67, 4]),
        ("😀" * 35, [35]),
        ("😀" * 36, [33, 3]),  # 66 units: half of the next one would fit
    ],
    ids=lambda value: repr(value)[:30],
)
def test_parts_are_as_long_as_they_can_be(text: str, expected: list[int]) -> None:
    assert lengths(text) == expected


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301",  # a combining accent
        "👍🏽",  # a skin tone
        "❤\ufe0f",  # a variation selector
        "👨‍👩‍👧‍👦",  # joined by zero width joiners
        "🇷🇺",  # a flag of two letters
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # a flag spelt in tags
        "क्षि",  # two Devanagari consonants tied together, with a vowel sign
    ],
)
@pytest.mark.parametrize("before", range(60, 68))
def test_what_a_reader_sees_as_one_character_stays_whole(cluster: str, before: int) -> None:
    text = "я" * before + cluster + "я" * 40
    assert sum(cluster in segment.text for segment in split(text)) == 1


@pytest.mark.parametrize("before", range(4))
def test_flags_in_a_row_are_cut_between_two_flags(before: int) -> None:
    row = "я" * before + "🇷🇺" * 40
    for segment in split(row):
        assert segment.text.count("🇷") == segment.text.count("🇺")


def test_a_pile_of_accents_longer_than_a_part_is_cut_and_ends() -> None:
    assert lengths("e" + "\u0301" * 200) == [67, 67, 67]


def test_the_longest_message_has_255_parts() -> None:
    assert len(split("a" * 153 * 255)) == 255
    assert len(split("я" * 67 * 255)) == 255


@pytest.mark.parametrize(
    ("text", "parts"), [("a" * (153 * 255 + 1), 256), ("я" * 67 * 300, 300)], ids=["seven bits", "UCS2"]
)
def test_a_longer_one_is_refused_with_the_number_of_parts_it_needs(text: str, parts: int) -> None:
    with pytest.raises(TextTooLong, match=f"needs {parts} parts") as caught:
        split(text)
    assert caught.value.parts == parts


@pytest.mark.parametrize(("text", "position"), [("\ud83d", 0), ("ab\ude00", 2), ("я\ud83dя", 1)])
def test_half_a_surrogate_pair_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(LoneSurrogate, match=f"character {position + 1} is U\\+D") as caught:
        split(text)
    assert caught.value.position == position
    assert isinstance(caught.value, ValueError)


@given(st.characters(exclude_categories=["Cs"]))
def test_seven_bits_are_chosen_exactly_where_they_suffice(character: str) -> None:
    assert (choose_encoding(character) is Encoding.GSM7) == alphabet.is_encodable(character)


@pytest.mark.parametrize("text", ["naïve", "garçon", "“quoted”", "Ёлка", "tab\t", "a\u0301"])
def test_one_character_outside_the_alphabet_makes_the_whole_text_ucs2(text: str) -> None:
    assert choose_encoding("a" * 300 + text) is Encoding.UCS2
    assert {segment.encoding for segment in split("a" * 300 + text)} == {Encoding.UCS2}


@given(st.text(st.sampled_from([*"яz", "😀"]), min_size=1, max_size=60), st.data())
def test_ucs2_cut_anywhere_by_a_foreign_sender_is_joined(text: str, data: st.DataObject) -> None:
    octets = text.encode("utf-16-be")
    cut = data.draw(st.integers(min_value=0, max_value=len(octets)))
    parts = [Received(encoding=Encoding.UCS2, text="?", octets=piece) for piece in (octets[:cut], octets[cut:])]
    assert join(parts) == text


def test_a_stray_octet_spoils_its_own_part_only() -> None:
    broken = Received(encoding=Encoding.UCS2, text="?", octets="да".encode("utf-16-be") + b"\x04")
    whole = Received(encoding=Encoding.UCS2, text="?", octets="нет".encode("utf-16-be"))
    assert join([broken, whole]) == "да\ufffdнет"


def test_parts_of_different_coding_are_joined_and_data_has_no_text() -> None:
    parts = [
        Received(encoding=Encoding.GSM7, text="one ", octets=b""),
        Received(encoding=Encoding.UCS2, text="?", octets="два ".encode("utf-16-be")),
        Received(encoding=Encoding.DATA, text=None, octets=b"\xde\xad"),
        Received(encoding=Encoding.GSM7, text="three", octets=b""),
    ]
    assert join(parts) == "one два three"
    assert join([]) == ""


@given(texts, st.integers(min_value=0, max_value=160))
def test_a_longer_text_never_needs_fewer_parts(text: str, shorter: int) -> None:
    assume(choose_encoding(text) is choose_encoding(text[:shorter]))
    assert len(split(text[:shorter])) <= len(split(text))
