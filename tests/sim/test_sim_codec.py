"""The network's reading and writing of TPDUs, against PDUs that decoders of others read the same way."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from simmodem import alphabet, codec, deliver
from simmodem.codec import Alphabet, Concatenation, PduError

SERVICE_CENTRE = "+447700900999"
ACCEPTED = datetime(2026, 3, 1, 12, 34, 56, tzinfo=timezone(timedelta(hours=2)))
DISCHARGED = ACCEPTED.replace(hour=12, minute=35, second=2)

SUBMITS = [
    (18, "0001000B912120550521F3000005C8329BFD06", "+12025550123", "Hello"),
    (23, "0031000C914477000910320000A70AE8329BFD4697D9EC37", "+447700900123", "hellohello"),
    (
        35,
        "0031000C914477000910320000A71831D8A60CDAF0F01BDF0695DFA4401BCAA6B7796D80",
        "+447700900123",
        "10€ [x]{y} ^~\\|",
    ),
    (
        36,
        "0031000C914477000910320000A7198080604028180E88C482E17840229C8EE743027EC17F",
        "+447700900123",
        "@£$¥èéùìòÇØøÅåΔ_ÆæßÉ¤¡§¿à",
    ),
    (26, "0031000C914477000910320008A70C041F04400438043204350442", "+447700900123", "Привет"),
    (24, "0031000C914477000910320008A70A004800690020D83DDE00", "+447700900123", "Hi 😀"),
    (19, "0031000C914477000910320010A7054676788E06", "+447700900123", "Flash"),
    (15, "00110005812143F50000A70453EA130A", "12345", "STOP"),
    (28, "0071000C914477000910320000A710050003A50201A061391DF4769741", "+447700900123", "Part one "),
    (28, "0071000C914477000910320000A70F050003A50202E061391D44BFBF01", "+447700900123", "part two"),
    (29, "0071000C914477000910320000A71106080412340201D0B09C0E7ABBCB20", "+447700900123", "Part one "),
    (36, "0071000C914477000910320008A716050003A502010427043004410442044C0020D83DDE00", "+447700900123", "Часть 😀"),
    (24, "0051000C914477000910320000A70B03240101086FCEE1CD18", "+447700900123", "ağaç"),
    (18, "0011000C914477000910320004A704DEADBEEF", "+447700900123", "DEADBEEF"),
    (21, "0011000C914477000910320000A70731D98C56B3DD00", "+447700900123", "1234567"),
]


@pytest.mark.parametrize(("octets", "pdu", "recipient", "text"), SUBMITS)
def test_a_submit_is_read_letter_for_letter(octets: int, pdu: str, recipient: str, text: str) -> None:
    submit = codec.read_submit(pdu, octets)
    assert (submit.recipient, submit.text) == (recipient, text)


@pytest.mark.parametrize(("octets", "pdu", "recipient", "text"), SUBMITS)
def test_lower_case_hex_reads_the_same(octets: int, pdu: str, recipient: str, text: str) -> None:
    assert codec.read_submit(pdu.lower(), octets) == codec.read_submit(pdu, octets)


def test_the_parts_of_a_message_name_their_place() -> None:
    eight = codec.read_submit("0071000C914477000910320000A70F050003A50202E061391D44BFBF01", 28)
    sixteen = codec.read_submit("0071000C914477000910320000A71106080412340201D0B09C0E7ABBCB20", 29)
    assert eight.concatenation == Concatenation(reference=0xA5, total=2, seq=2)
    assert sixteen.concatenation == Concatenation(reference=0x1234, total=2, seq=1, bits=16)


@pytest.mark.parametrize(
    ("wrong", "pdu"),
    [
        ("no pairs of digits", "0001000B912120550521F3000005C8329BFD0"),
        ("not hex", "0001000B912120550521F3000005C8329BFDXX"),
        ("a space between", "0001000B912120550521F3 000005C8329BFD06"),
        ("a DELIVER", "0000000B912120550521F3000005C8329BFD06"),
        ("digits padded with 0", "0001000B91212055052103000005C8329BFD06"),
        ("F inside the digits", "0001000B9121205505F1F3000005C8329BFD06"),
        ("no digits", "000100009100000541"),
        ("21 digits", "00010015911111111111111111111111000001" + "41"),
        ("type of address without its top bit", "0001000B112120550521F3000005C8329BFD06"),
        ("alphanumeric recipient", "0001000BD12120550521F3000005C8329BFD06"),
        ("length says one septet more", "0001000B912120550521F3000006C8329BFD06"),
        ("length says one septet less", "0001000B912120550521F3000003C8329BFD06"),
        ("an octet after the text", "0001000B912120550521F3000005C8329BFD0600"),
        ("cut in the text", "0001000B912120550521F3000005C8329BFD"),
        ("spare bits set", "0001000B912120550521F3000005C8329BFD86"),
        ("161 septets", "0001000B912120550521F30000A1" + "00" * 141),
        ("half a UCS2 character", "0001000B912120550521F3000803041F04"),
        ("header longer than the text", "0041000B912120550521F300040305000301"),
        ("element longer than the header", "0041000B912120550521F3000406050004A50201"),
        ("part 3 of 2", "0041000B912120550521F3000407050003A5020341"),
        ("part 0 of 2", "0041000B912120550521F3000407050003A5020041"),
        ("fill bits set", "0041000B912120550521F3000008050003A5020183"),
        ("absolute validity that is no date", "0019000B912120550521F30000FFFFFFFFFFFFFF00"),
        ("cut before the text", "0001000B912120550521F30000"),
        ("service centre of 12 octets", "0C" + "91" + "11" * 11 + "01000B912120550521F3000005C8329BFD06"),
        ("nothing", ""),
    ],
)
def test_what_the_standard_does_not_allow_is_refused(wrong: str, pdu: str) -> None:
    with pytest.raises(PduError) as caught:
        codec.read_submit(pdu, len(pdu) // 2 - (1 + int(pdu[:2] or "0", 16) if pdu[:2] else 0))
    assert caught.value.cms == 304, wrong


@pytest.mark.parametrize(
    ("dcs", "coding", "message_class"),
    [
        (0x00, Alphabet.GSM7, None),
        (0x08, Alphabet.UCS2, None),
        (0x10, Alphabet.GSM7, 0),
        (0x15, Alphabet.OCTETS, 1),
        (0x5A, Alphabet.UCS2, 2),
        (0xC8, Alphabet.GSM7, None),
        (0xD0, Alphabet.GSM7, None),
        (0xE8, Alphabet.UCS2, None),
        (0xF3, Alphabet.GSM7, 3),
        (0xF6, Alphabet.OCTETS, 2),
    ],
)
def test_coding_schemes_name_alphabet_and_class(dcs: int, coding: Alphabet, message_class: int | None) -> None:
    assert (codec.alphabet_of(dcs), codec.message_class(dcs)) == (coding, message_class)


@pytest.mark.parametrize("dcs", ["20", "0C", "80", "BF", "F8"])
def test_coding_schemes_without_an_alphabet_are_refused_as_unsupported(dcs: str) -> None:
    with pytest.raises(PduError) as caught:
        codec.read_submit(f"0001000B912120550521F300{dcs}05C8329BFD06", 18)
    assert caught.value.cms == 144


@pytest.mark.parametrize("declared", [17, 19, 8, 164])
def test_a_wrong_length_is_refused(declared: int) -> None:
    with pytest.raises(PduError, match=str(declared)):
        codec.read_submit("0001000B912120550521F3000005C8329BFD06", declared)


def reads_or_refuses(pdu: str, octets: int) -> bool:
    try:
        codec.read_submit(pdu, octets)
    except PduError as error:
        return error.cms in (304, 144)
    return True


@given(st.binary(max_size=180), st.integers(0, 180))
def test_garbage_is_read_or_refused_but_never_breaks_the_reader(octets: bytes, declared: int) -> None:
    assert reads_or_refuses(octets.hex(), declared)


@given(st.sampled_from(SUBMITS), st.data())
def test_a_damaged_submit_is_read_or_refused_but_never_breaks_the_reader(
    vector: tuple[int, str, str, str], data: st.DataObject
) -> None:
    octets, pdu, _, _ = vector
    damaged = bytearray.fromhex(pdu)
    damaged[data.draw(st.integers(1, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert reads_or_refuses(damaged.hex(), octets)


@given(st.lists(st.integers(0, 127), max_size=160), st.integers(0, 6))
def test_packed_septets_come_out_as_they_went_in(septets: list[int], fill: int) -> None:
    octets = alphabet.pack(septets, fill=fill)
    assert alphabet.unpack(octets, len(septets), fill=fill) == septets
    assert alphabet.stray_bits(octets, len(septets), fill=fill) == 0


@given(st.text(st.sampled_from(alphabet.BASE.replace("\x1b", "") + "".join(alphabet.EXTENSION.values()))))
def test_text_of_the_default_alphabet_comes_back(text: str) -> None:
    units = alphabet.to_septets(text)
    assert units is not None
    assert alphabet.to_text([septet for unit in units for septet in unit]) == text


@pytest.mark.parametrize("foreign", ["ç", "`", "Привет", "\x1b", "“"])
def test_characters_outside_the_default_alphabet_are_not_forced_into_it(foreign: str) -> None:
    assert alphabet.to_septets(foreign) is None


@pytest.mark.parametrize(
    ("septets", "text"),
    [([0x1B, 0x41], "A"), ([0x41, 0x1B], "A"), ([0x1B, 0x1B, 0x41], " A"), ([0x1B, 0x65], "€")],
)
def test_escapes_read_as_the_standard_says(septets: list[int], text: str) -> None:
    assert alphabet.to_text(septets) == text


@pytest.mark.parametrize(
    ("sender", "text", "message_class", "zone", "pdu"),
    [
        (
            "+447700900123",
            "Hello world",
            None,
            2.0,
            "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619",
        ),
        (
            "Example",
            "Code 4711",
            None,
            2.0,
            "0791447700099099040DD0457CB80D67970100006230102143658009C337B90CA2DD6231",
        ),
        (
            "Examples",
            "Code 4711",
            None,
            2.0,
            "0791447700099099040ED0457CB80D6797E700006230102143658009C337B90CA2DD6231",
        ),
        ("+12025550123", "Hi", None, -5.0, "0791447700099099040B912120550521F300006230102143650A02C834"),
        ("+447700900123", "Alert", 0, 2.0, "0791447700099099040C91447700091032001062301021436580054176594E07"),
    ],
)
def test_a_deliver_is_written_octet_for_octet(
    sender: str, text: str, message_class: int | None, zone: float, pdu: str
) -> None:
    moment = ACCEPTED.replace(tzinfo=timezone(timedelta(hours=zone)))
    written = deliver.build_deliver(
        sender, text, smsc=SERVICE_CENTRE, moment=moment, reference=0, message_class=message_class
    )
    assert written == [pdu]


@pytest.mark.parametrize(
    ("recipient", "mr", "status", "pdu"),
    [
        ("+447700900123", 64, 0x00, "079144770009909906400C91447700091032623010214365806230102153208000"),
        ("+447700900123", 64, 0x30, "079144770009909906400C91447700091032623010214365806230102153208030"),
        ("+447700900123", 255, 0x62, "079144770009909906FF0C91447700091032623010214365806230102153208062"),
        ("07700900123", 64, 0x00, "079144770009909906400B817007900021F3623010214365806230102153208000"),
    ],
)
def test_a_report_is_written_octet_for_octet(recipient: str, mr: int, status: int, pdu: str) -> None:
    written = deliver.build_report(
        mr=mr, recipient=recipient, status=status, smsc=SERVICE_CENTRE, submitted=ACCEPTED, discharged=DISCHARGED
    )
    assert written == pdu


@pytest.mark.parametrize(("hours", "zone"), [(5.5, "22"), (-3.5, "49"), (12.75, "15"), (-5, "0A"), (0, "00")])
def test_time_zones_are_quarter_hours_with_the_sign_in_bit_three(hours: float, zone: str) -> None:
    moment = ACCEPTED.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert deliver.timestamp(moment)[-1:].hex().upper() == zone


@pytest.mark.parametrize(
    ("text", "lengths", "coding"),
    [
        ("a" * 160, [160], Alphabet.GSM7),
        ("a" * 161, [160, 15], Alphabet.GSM7),
        ("a" * 152 + "€" + "b" * 10, [159, 19], Alphabet.GSM7),
        ("я" * 70, [140], Alphabet.UCS2),
        ("я" * 71, [140, 14], Alphabet.UCS2),
        ("я" * 66 + "😀" + "я" * 10, [138, 30], Alphabet.UCS2),
    ],
)
def test_a_long_text_is_split_without_cutting_a_character(text: str, lengths: list[int], coding: Alphabet) -> None:
    parts = deliver.build_deliver("+12025550123", text, smsc=SERVICE_CENTRE, moment=ACCEPTED, reference=7)
    envelope = len("0791447700099099") + 2 * len(bytes.fromhex("040B912120550521F3000062301021436580"))
    assert [int(part[envelope : envelope + 2], 16) for part in parts] == lengths
    assert codec.alphabet_of(int(parts[0][envelope - 16 : envelope - 14], 16)) is coding


@pytest.mark.parametrize("sender", ["", "Имя", "twelve chars", "1" * 21])
def test_a_sender_no_address_can_hold_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match=r"sender|number"):
        deliver.build_deliver(sender, "x", smsc=SERVICE_CENTRE, moment=ACCEPTED, reference=0)


@pytest.mark.parametrize(
    ("septets", "single_shift", "locking_shift", "text"),
    [
        ([0x04, 0x1B, 0x47], 0, 0, "èG"),
        ([0x04, 0x1B, 0x47], alphabet.TURKISH, alphabet.TURKISH, "€Ğ"),
        ([0x04, 0x1B, 0x41, 0x1B, 0x65], alphabet.SPANISH, alphabet.SPANISH, "èÁ€"),
        ([0x24, 0x1B, 0x41, 0x60], alphabet.PORTUGUESE, alphabet.PORTUGUESE, "ºÀ~"),
        ([0x24, 0x1B, 0x41, 0x60], 99, 99, "¤A¿"),
    ],
)
def test_national_tables_replace_what_they_list(
    septets: list[int], single_shift: int, locking_shift: int, text: str
) -> None:
    assert alphabet.to_text(septets, single_shift=single_shift, locking_shift=locking_shift) == text
