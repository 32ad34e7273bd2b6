"""The GSM 7-bit alphabets and their packing into octets (3GPP TS 23.038 §6).

Knows characters, septets and bits; knows nothing of headers, parts or TPDUs. A text is encoded with the default
alphabet and its extension only, which every handset has; the national tables are for reading what others send.
"""

from collections.abc import Mapping
from enum import IntEnum

ESCAPE = 0x1B

# §6.2.1, sixteen codes a line. Code 09 is the capital Ç: the small one has no code.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

# §6.2.1.1, reached through ESCAPE. Escape twice is kept for another table, which a receiver shows as a space.
EXTENSION: Mapping[int, str] = {
    0x0A: "\f",
    0x14: "^",
    ESCAPE: " ",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


class NationalLanguage(IntEnum):
    """National language identifier (§6.2.1.2.4) of the tables known here."""

    TURKISH = 1  # single and locking shift
    SPANISH = 2  # single shift only
    PORTUGUESE = 3  # single and locking shift


def _codes(listed: str) -> dict[int, str]:
    return {int(entry[:2], 16): entry[2:] for entry in listed.split()}


def _locking(listed: str) -> str:
    changes = _codes(listed)
    return "".join(changes.get(code, character) for code, character in enumerate(DEFAULT))


# Annex A.2: what each single shift table adds to EXTENSION, a code in hex before each character.
_SINGLE_SHIFT: Mapping[int, Mapping[int, str]] = {
    NationalLanguage.TURKISH: {**EXTENSION, **_codes("47Ğ 49İ 53Ş 63ç 67ğ 69ı 73ş")},
    NationalLanguage.SPANISH: {**EXTENSION, **_codes("09ç 41Á 49Í 4FÓ 55Ú 61á 69í 6Fó 75ú")},
    NationalLanguage.PORTUGUESE: {
        **EXTENSION,
        **_codes("05ê 09ç 0BÔ 0Cô 0EÁ 0Fá 12Φ 13Γ 15Ω 16Π 17Ψ 18Σ 19Θ 1FÊ 41À 49Í 4FÓ 55Ú 5BÃ 5CÕ 61Â 69í 6Fó 75ú"),
        **_codes("7Bã 7Cõ 7Fâ"),
    },
}

# Annex A.3: what each locking shift table has in place of DEFAULT. Spanish has none.
_LOCKING_SHIFT: Mapping[int, str] = {
    NationalLanguage.TURKISH: _locking("04€ 07ı 0BĞ 0Cğ 1CŞ 1Dş 40İ 60ç"),
    NationalLanguage.PORTUGUESE: _locking(
        "04ê 06ú 07í 08ó 09ç 0BÔ 0Cô 0EÁ 0Fá 12ª 13Ç 14À 15∞ 16^ 17\\ 18€ 19Ó 1A| 1CÂ 1Dâ 1EÊ 24º 40Í"
        " 5BÃ 5CÕ 5DÚ 60~ 7Bã 7Cõ 7D`"
    ),
}

_SEPTETS: Mapping[str, bytes] = {
    **{character: bytes([ESCAPE, code]) for code, character in EXTENSION.items() if code != ESCAPE},
    **{character: bytes([code]) for code, character in enumerate(DEFAULT) if code != ESCAPE},
}
_ENCODABLE = frozenset(_SEPTETS)
_EXTENDED = [character for character, septets in _SEPTETS.items() if len(septets) == 2]


def is_encodable(text: str) -> bool:
    """Tell whether every character is in the default alphabet or its extension."""
    return _ENCODABLE.issuperset(text)


def encode(text: str) -> bytes:
    """Return the septets of `text`, one per byte; an extension character takes two (TS 23.038 §6.2.1).

    Raises ValueError for a character that the alphabet does not have.
    """
    try:
        return b"".join([_SEPTETS[character] for character in text])
    except KeyError as missing:
        raise ValueError(f"{missing.args[0]!r} is not in the GSM 7-bit alphabet; send this text as UCS2") from None


def length(text: str) -> int:
    """Return how many septets an encodable text takes: one for a character, two for one of the extension."""
    return len(text) + sum(map(text.count, _EXTENDED))


def decode(septets: bytes, *, locking_shift: int = 0, single_shift: int = 0) -> str:
    """Return the text of `septets`, with national tables by language identifier (TS 23.038 §6.2.1.2).

    Unknown languages fall back to the default tables. An escaped code without a character shows what the base table
    has there; an escape at the very end shows nothing.
    """
    base = _LOCKING_SHIFT.get(locking_shift, DEFAULT)
    shifted = _SINGLE_SHIFT.get(single_shift, EXTENSION)
    codes = iter(septets)
    characters = []
    for code in codes:
        if code != ESCAPE:
            characters.append(base[code])
        elif (escaped := next(codes, None)) is not None:
            characters.append(shifted.get(escaped) or base[escaped])
    return "".join(characters)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Pack septets into octets, lowest bit first, after `fill_bits` zero bits (TS 23.038 §6.1.2.1)."""
    bits = 0
    for septet in reversed(septets):
        bits = bits << 7 | septet
    return (bits << fill_bits).to_bytes((fill_bits + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Return `count` septets from `octets`, or as many as there are, skipping `fill_bits` (TS 23.038 §6.1.2.1)."""
    available = (8 * len(octets) - fill_bits) // 7
    bits = int.from_bytes(octets, "little") >> fill_bits
    return bytes(bits >> 7 * index & 0x7F for index in range(min(count, available)))
