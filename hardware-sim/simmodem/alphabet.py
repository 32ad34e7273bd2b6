"""The GSM 7 bit alphabets and their packing (3GPP TS 23.038 §6); knows nothing of PDUs."""

BASE = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip

# Language codes of the national tables (TS 23.038 §6.2.1.2.4); each lists only what differs from BASE or EXTENSION.
TURKISH, SPANISH, PORTUGUESE = 1, 2, 3
SINGLE_SHIFT: dict[int, dict[int, str]] = {
    TURKISH: {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    SPANISH: {
        0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú",
    },
    PORTUGUESE: {
        0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á", 0x12: "Φ", 0x13: "Γ", 0x15: "Ω",
        0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê", 0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú",
        0x5B: "Ã", 0x5C: "Õ", 0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú", 0x7B: "ã", 0x7C: "õ", 0x7F: "â",
    },
}  # fmt: skip
LOCKING_SHIFT: dict[int, dict[int, str]] = {
    TURKISH: {
        0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç",
    },
    PORTUGUESE: {
        0x04: "ê", 0x06: "ú", 0x07: "í", 0x08: "ó", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á",
        0x12: "ª", 0x13: "Ç", 0x14: "À", 0x15: "∞", 0x16: "^", 0x17: "\\", 0x18: "€", 0x19: "Ó", 0x1A: "|",
        0x1C: "Â", 0x1D: "â", 0x1E: "Ê", 0x24: "º", 0x40: "Í", 0x5B: "Ã", 0x5C: "Õ", 0x5D: "Ú", 0x60: "~",
        0x7B: "ã", 0x7C: "õ", 0x7D: "`",
    },
}  # fmt: skip

_TO_SEPTETS: dict[str, tuple[int, ...]] = {
    **{char: (ESCAPE, code) for code, char in EXTENSION.items()},
    **{char: (code,) for code, char in enumerate(BASE) if code != ESCAPE},
}


def to_septets(text: str) -> list[tuple[int, ...]] | None:
    """Give the one or two septets of every character, or None when the default alphabet lacks one."""
    units = [_TO_SEPTETS.get(char) for char in text]
    return None if None in units else [unit for unit in units if unit is not None]


def to_text(septets: list[int], *, single_shift: int = 0, locking_shift: int = 0) -> str:
    """Read septets as text; an unknown escape gives the base character, a lone escape at the end nothing (§6.2.1.1)."""
    locking = LOCKING_SHIFT.get(locking_shift, {})
    single = {**EXTENSION, **SINGLE_SHIFT.get(single_shift, {}), ESCAPE: " "}
    chars: list[str] = []
    position = 0
    while position < len(septets):
        code = septets[position]
        position += 1
        if code != ESCAPE:
            chars.append(locking.get(code, BASE[code]))
        elif position < len(septets):
            code = septets[position]
            position += 1
            chars.append(single.get(code) or locking.get(code, BASE[code]))
    return "".join(chars)


def fill_bits(header_octets: int) -> int:
    """Count the zero bits between a user data header and the first septet boundary (TS 23.040 §9.2.3.24)."""
    return -8 * header_octets % 7


def pack(septets: list[int], *, fill: int = 0) -> bytes:
    """Pack septets, least significant bit first, after `fill` zero bits (TS 23.038 §6.1.2.1)."""
    bits = 0
    for position, septet in enumerate(septets):
        bits |= septet << (fill + 7 * position)
    return bits.to_bytes((fill + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, count: int, *, fill: int = 0) -> list[int]:
    """Take `count` septets out of packed octets, after `fill` bits."""
    bits = int.from_bytes(octets, "little") >> fill
    return [(bits >> (7 * position)) & 0x7F for position in range(count)]


def stray_bits(octets: bytes, count: int, *, fill: int = 0) -> int:
    """Give the bits that belong to no septet; the standard sets all of them to zero."""
    bits = int.from_bytes(octets, "little")
    return bits & ((1 << fill) - 1) | bits >> (fill + 7 * count)
