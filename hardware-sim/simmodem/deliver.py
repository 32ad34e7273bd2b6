"""Writes what a service centre sends to a phone: SMS-DELIVER and SMS-STATUS-REPORT (3GPP TS 23.040 §9.2.2.1, .3)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from simmodem import alphabet
from simmodem.codec import NUMERIC, Alphabet, Submit


def _swapped(digits: str) -> bytes:
    padded = digits + "f" * (len(digits) % 2)
    values = [0x0F if char == "f" else NUMERIC.index(char) for char in padded]
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True))


def _numeric_address(number: str) -> tuple[int, str]:
    digits = number.removeprefix("+")
    if not digits or not all(char in NUMERIC for char in digits) or len(digits) > 20:
        raise ValueError(f"{number!r} is not a telephone number of 1 to 20 digits")
    return (0x91 if number.startswith("+") else 0x81), digits


def address(number: str) -> bytes:
    """Encode TP-OA or TP-RA: letters make it alphanumeric, at most 11 of them (TS 23.040 §9.1.2.5)."""
    if number.removeprefix("+").isdecimal():
        toa, digits = _numeric_address(number)
        return bytes([len(digits), toa]) + _swapped(digits)
    units = alphabet.to_septets(number)
    septets = [septet for unit in units or [] for septet in unit]
    if not 1 <= len(septets) <= 11:
        raise ValueError(f"sender {number!r} is neither a number nor 1 to 11 letters of the GSM alphabet")
    return bytes([(7 * len(septets) + 3) // 4, 0xD0]) + alphabet.pack(septets)


def service_centre(number: str) -> bytes:
    """Encode the service centre address that precedes a TPDU (TS 27.005 §3.1)."""
    toa, digits = _numeric_address(number)
    octets = _swapped(digits)
    return bytes([1 + len(octets), toa]) + octets


def timestamp(moment: datetime) -> bytes:
    """Encode an aware time: swapped BCD, zone in quarter hours with its sign in bit 3 (TS 23.040 §9.2.3.11)."""
    quarters = (moment.utcoffset() or timedelta()) // timedelta(minutes=15)
    fields = (moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second, abs(quarters))
    octets = [value % 10 << 4 | value // 10 for value in fields]
    octets[-1] |= 0x08 if quarters < 0 else 0
    return bytes(octets)


def _chunks(units: Sequence[Sequence[int]], room: int) -> list[list[int]]:
    chunks: list[list[int]] = [[]]
    for unit in units:
        if len(chunks[-1]) + len(unit) > room:
            chunks.append([])
        chunks[-1].extend(unit)
    return chunks


def _user_data(coding: Alphabet, values: list[int], header: bytes) -> bytes:
    if coding is Alphabet.GSM7:
        fill = alphabet.fill_bits(len(header))
        length = (8 * len(header) + fill) // 7 + len(values)
        return bytes([length]) + header + alphabet.pack(values, fill=fill)
    return bytes([len(header) + len(values)]) + header + bytes(values)


def _coded(text: str) -> tuple[Alphabet, list[tuple[int, ...]]]:
    if (units := alphabet.to_septets(text)) is not None:
        return Alphabet.GSM7, units
    return Alphabet.UCS2, [tuple(char.encode("utf-16-be", "surrogatepass")) for char in text]


def build_deliver(
    sender: str, text: str, *, smsc: str, moment: datetime, reference: int, message_class: int | None = None
) -> list[str]:
    """Write the SMS-DELIVERs of one text as hex, as many parts as it needs (TS 23.040 §9.2.2.1)."""
    if message_class not in (None, 0, 1, 2, 3):
        raise ValueError(f"message class {message_class!r} is none of 0 to 3")
    coding, units = _coded(text)
    single, part = (160, 153) if coding is Alphabet.GSM7 else (140, 134)
    whole = sum(map(len, units)) <= single
    chunks = _chunks(units, single if whole else part)
    if len(chunks) > 255:
        raise ValueError(f"a text of {len(chunks)} parts; 255 are possible")
    dcs = (0x08 if coding is Alphabet.UCS2 else 0x00) | (0x00 if message_class is None else 0x10 | message_class)
    envelope = address(sender) + bytes([0x00, dcs]) + timestamp(moment)
    pdus = []
    for seq, values in enumerate(chunks, start=1):
        # TP-MMS is inverted: 0x04 says that no more messages wait (§9.2.3.2).
        first_octet = (0x04 if seq == len(chunks) else 0x00) | (0x00 if whole else 0x40)
        header = b"" if whole else bytes([5, 0, 3, reference & 0xFF, len(chunks), seq])
        pdus.append(service_centre(smsc) + bytes([first_octet]) + envelope + _user_data(coding, values, header))
    return [pdu.hex().upper() for pdu in pdus]


def forward(submit: Submit, sender: str, *, smsc: str, moment: datetime) -> str:
    """Write the SMS-DELIVER that one submitted part becomes, as hex: coding, header and text stay as they are."""
    first_octet = 0x04 | (0x40 if submit.has_header else 0x00)
    tpdu = bytes([first_octet]) + address(sender) + bytes([submit.pid, submit.dcs]) + timestamp(moment)
    return (service_centre(smsc) + tpdu + submit.user_data).hex().upper()


def build_report(*, mr: int, recipient: str, status: int, smsc: str, submitted: datetime, discharged: datetime) -> str:
    """Write an SMS-STATUS-REPORT as hex (TS 23.040 §9.2.2.3)."""
    tpdu = bytes([0x06, mr]) + address(recipient) + timestamp(submitted) + timestamp(discharged) + bytes([status])
    return (service_centre(smsc) + tpdu).hex().upper()
