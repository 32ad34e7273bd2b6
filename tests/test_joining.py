"""Which received TPDUs are one message, and what it says: in any order, twice, mixed with others, and with holes."""

from collections.abc import Iterable

import pytest
from hypothesis import given, strategies as st

from deliveries import octets, plain, texts, ucs2
from smsgw.model import Arrival, InboundKind, Indication
from smsgw.policy import Gathering, Received, compose, is_spare, place_for, read_tpdu, unread_tpdu
from support import NOON

HOUR, DAY = 3_600_000, 86_400_000
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=600)


def received(pdu: bytes, at: int = NOON) -> Received:
    return read_tpdu(pdu, at)


def arrival(*pdus: bytes) -> Arrival:
    """The message that TPDUs make."""
    parts = [received(pdu) for pdu in pdus]
    return compose({part.number: part for part in parts})


def gathering(*pdus: bytes, row: int = 1, at: int = NOON) -> Gathering:
    parts = [received(pdu, at) for pdu in pdus]
    return Gathering(row=row, parts={part.number: part for part in parts})


class Table:
    """Joins as the gateway does, without its database: repeats are dropped, what is whole leaves."""

    def __init__(self) -> None:
        self.whole: list[Arrival] = []
        self.waiting: dict[str, list[Gathering]] = {}
        self._known: set[bytes] = set()

    def take(self, part: Received) -> None:
        if part.fingerprint in self._known:
            return
        self._known.add(part.fingerprint)
        if part.series is None:
            self.whole.append(compose({1: part}))
            return
        waiting = self.waiting.setdefault(part.series, [])
        place = place_for(part, waiting)
        if place is None:
            if not is_spare(part, waiting):
                waiting.append(Gathering(row=len(waiting), parts={part.number: part}))
            return
        waiting.remove(place)
        grown = Gathering(row=place.row, parts={**place.parts, part.number: part})
        if place.is_whole_with(part):
            self.whole.append(compose(grown.parts))
        else:
            waiting.append(grown)

    def take_all(self, pdus: Iterable[bytes]) -> None:
        for pdu in pdus:
            self.take(received(pdu))

    @property
    def is_empty(self) -> bool:
        return not any(self.waiting.values())


# ── any order, twice, mixed ──


@given(ANY_TEXT, st.randoms(use_true_random=False))
def test_a_text_arrives_letter_for_letter_in_whatever_order_its_parts_come(text: str, order: object) -> None:
    pdus = texts(text)
    order.shuffle(pdus)  # type: ignore[attr-defined]
    table = Table()
    table.take_all(pdus)
    assert [one.text for one in table.whole] == [text]
    assert table.is_empty


@given(
    st.lists(
        st.tuples(st.sampled_from(["+79990000001", "+79990000002", "Bank"]), st.integers(0, 3), ANY_TEXT),
        max_size=6,
        unique_by=lambda one: one[:2],
    ),
    st.randoms(use_true_random=False),
    st.data(),
)
def test_messages_mixed_with_each_other_and_repeated_arrive_once_each(
    sent: list[tuple[str, int, str]], order: object, data: st.DataObject
) -> None:
    pdus = [pdu for sender, ref, text in sent for pdu in texts(text, sender=sender, reference=ref, at=NOON + ref)]
    pdus += data.draw(st.lists(st.sampled_from(pdus), max_size=10)) if pdus else []
    order.shuffle(pdus)  # type: ignore[attr-defined]
    table = Table()
    table.take_all(pdus)
    distinct = {(sender.removeprefix("+"), text) for sender, _, text in sent}
    arrived = [(one.sender, one.text) for one in table.whole]
    # A short text carries no reference: the same one of the same second is the same one.
    assert set(arrived) == distinct
    assert len(arrived) <= len(sent)
    assert table.is_empty


@given(st.lists(st.binary(max_size=200), max_size=8), ANY_TEXT, st.randoms(use_true_random=False))
def test_whatever_else_comes_in_between_harms_no_message_and_is_not_lost(
    garbage: list[bytes], text: str, order: object
) -> None:
    pdus = texts(text, sender="+70000000000")
    mixed = [*garbage, *pdus]
    order.shuffle(mixed)  # type: ignore[attr-defined]
    table = Table()
    table.take_all(mixed)
    assert text in [one.text for one in table.whole if one.sender == "70000000000"]
    for pdu in garbage:
        part = received(pdu)
        if part.deliver is None:
            assert pdu in [one.data for one in table.whole if one.kind is InboundKind.UNREADABLE]


@given(st.lists(st.integers(1, 5), min_size=1, unique=True))
def test_every_part_that_is_missing_leaves_its_mark(numbers: list[int]) -> None:
    pdus = {number: ucs2(f"<{number}>", number, 5) for number in numbers}
    message = arrival(*pdus.values())
    assert message.text == "".join(f"<{n}>" if n in numbers else f"[{n}/5 missing]" for n in range(1, 6))
    assert message.missing == tuple(n for n in range(1, 6) if n not in numbers)


# ── which message a part belongs to ──


def test_another_text_in_the_place_of_one_that_is_there_begins_another_message() -> None:
    there = gathering(ucs2("one", 1, 2))
    other = received(ucs2("another", 1, 2, at=NOON + 1_000))
    assert place_for(other, [there]) is None
    assert not is_spare(other, [there])


def test_the_same_text_in_the_place_of_one_that_is_there_is_spare() -> None:
    there = gathering(ucs2("one", 1, 2))
    assert is_spare(received(ucs2("one", 1, 2, at=NOON + 9_000)), [there])


def test_the_same_beginning_of_two_messages_goes_to_the_one_that_lacks_it() -> None:
    full, lacking = gathering(ucs2("a", 1, 3), ucs2("b", 2, 3)), gathering(ucs2("c", 2, 3), row=2)
    assert place_for(received(ucs2("a", 1, 3, at=NOON + 1_000)), [full, lacking]) == lacking


@pytest.mark.parametrize("late", [1_000, 50_000, 59_000])
def test_of_two_messages_a_part_belongs_to_the_one_it_was_sent_nearest_to(late: int) -> None:
    one, other = gathering(ucs2("a", 1, 2)), gathering(ucs2("b", 1, 2, at=NOON + 60_000), row=2)
    nearest = one if late < 30_000 else other
    assert place_for(received(ucs2("x", 2, 2, at=NOON + late)), [one, other]) == nearest


def test_what_was_sent_more_than_a_day_apart_is_not_one_message() -> None:
    there = gathering(ucs2("one", 1, 2))
    assert place_for(received(ucs2("two", 2, 2, at=NOON + DAY)), [there]) == there
    assert place_for(received(ucs2("two", 2, 2, at=NOON + DAY + 1_000)), [there]) is None
    assert not is_spare(received(ucs2("one", 1, 2, at=NOON + DAY + 1_000)), [there])


def test_without_a_time_it_counts_when_a_part_came() -> None:
    there = gathering(ucs2("one", 1, 2, at=None))
    late = ucs2("two", 2, 2, at=None)
    assert place_for(received(late, NOON + 3 * HOUR), [there]) == there
    assert place_for(received(late, NOON + 25 * HOUR), [there]) is None


@pytest.mark.parametrize(
    "other",
    [
        {"sender": "+79990000002"},
        {"reference": 8},
        {"total": 3},
    ],
)
def test_sender_reference_and_number_of_parts_tell_messages_apart(other: dict[str, object]) -> None:
    def series(total: int = 2, **fields: object) -> str | None:
        return received(ucs2("x", 1, total, **fields)).series  # type: ignore[arg-type]

    assert series() == series(at=NOON + 5_000)
    assert series() != series(**other)  # type: ignore[arg-type]


def test_a_short_reference_is_not_a_long_one_of_the_same_value() -> None:
    short = octets(b"\0x", header=bytes([0x00, 3, 7, 2, 1]), coding=0x08)
    assert received(short).series != received(ucs2("x", 1, 2)).series


@pytest.mark.parametrize(("number", "total"), [(0, 2), (3, 2), (1, 0), (0, 0), (1, 1)])
def test_a_place_that_cannot_be_makes_a_message_of_its_own(number: int, total: int) -> None:
    part = received(ucs2("alone", number, total))
    assert part.series is None
    assert compose({1: part}).text == "alone"


# ── repeats ──


def test_a_repeat_is_known_whatever_its_way_and_what_waits_behind_it() -> None:
    pdu = plain("x")
    elsewhere = b"\x00" + plain("x", first=0x20)[pdu[0] + 1 :]
    assert received(elsewhere).fingerprint == received(pdu).fingerprint


@pytest.mark.parametrize(
    "other",
    [plain("y"), plain("x", at=NOON + 1_000), plain("x", sender="+79990000002"), plain("x", protocol=0x41)],
    ids=["text", "time", "sender", "protocol"],
)
def test_what_differs_is_no_repeat(other: bytes) -> None:
    assert received(other).fingerprint != received(plain("x")).fingerprint


def test_what_has_no_time_may_be_sent_again_after_two_days() -> None:
    assert received(plain("x")).repeats_since == 0
    assert received(plain("x", at=None)).repeats_since == NOON - 48 * HOUR
    assert received(b"garbage").repeats_since == 0


# ── what it says ──


def test_a_character_that_the_sender_cut_in_two_is_whole_again() -> None:
    emoji = "😀".encode("utf-16-be")
    assert arrival(ucs2(b"\0a" + emoji[:2], 1, 2), ucs2(emoji[2:] + b"\0b", 2, 2)).text == "a😀b"


def test_half_a_character_beside_a_hole_is_shown_as_such() -> None:
    emoji = "😀".encode("utf-16-be")
    assert arrival(ucs2(emoji[2:] + b"\0b", 2, 2)).text == "[1/2 missing]\ufffdb"


def test_each_part_in_seven_bits_begins_anew() -> None:
    text = "€" * 160
    assert arrival(*reversed(texts(text))).text == text


def test_the_time_is_that_of_the_first_part_that_tells_one() -> None:
    parts = [ucs2("a", 1, 3, at=None), ucs2("b", 2, 3, at=NOON + 5_000), ucs2("c", 3, 3, at=NOON + 9_000)]
    assert arrival(*reversed(parts)).sent_at == NOON + 5_000
    assert arrival(parts[0]).sent_at is None


def test_octets_are_shown_as_data_and_not_as_text() -> None:
    message = arrival(octets(bytes.fromhex("DEADBEEF")))
    assert (message.kind, message.text, message.data) == (InboundKind.BINARY, "", bytes.fromhex("DEADBEEF"))


def test_a_push_in_parts_is_joined_and_names_its_port() -> None:
    def part(body: bytes, number: int) -> bytes:
        ports = bytes([0x05, 4, 0x0B, 0x84, 0x23, 0xF0])
        return octets(body, header=ports + bytes([0x00, 3, 9, 2, number]))

    message = arrival(part(b"\x02", 2), part(b"\x01", 1))
    assert (message.kind, message.data, message.port) == (InboundKind.BINARY, b"\x01\x02", 2948)
    assert arrival(part(b"\x02", 2)).missing == (1,)


def test_a_flash_message_is_marked() -> None:
    assert arrival(*texts("Alert", message_class=0)).is_flash
    assert not arrival(*texts("Alert", message_class=1)).is_flash


def test_a_name_is_a_sender_too() -> None:
    assert arrival(*texts("Code 4711", sender="Example")).sender == "Example"


def test_voice_mail_that_waits_is_told_also_without_a_text() -> None:
    message = arrival(bytes.fromhex("0791447700099099040C9144770009103200C86230102143658000"))
    assert (message.kind, message.text) == (InboundKind.TEXT, "")
    assert message.indications == (Indication(what="voice", is_active=True, count=None),)


def test_voice_mail_is_told_with_its_number_where_a_header_has_it() -> None:
    message = arrival(octets("two".encode("utf-16-be"), header=bytes([0x01, 2, 0x80, 2]), coding=0x08))
    assert message.indications == (Indication(what="voice", is_active=True, count=2),)
    assert message.text == "two"


@pytest.mark.parametrize("protocol", [0x40, 0x7D, 0x7E, 0x7F])
def test_what_is_for_the_phone_or_the_sim_is_not_for_people(protocol: int) -> None:
    assert not received(plain("", protocol=protocol)).is_for_people
    assert received(plain("", protocol=0)).is_for_people
    assert received(b"garbage").is_for_people


@pytest.mark.parametrize(("protocol", "replaces"), [(0x40, None), (0x41, 0x41), (0x47, 0x47), (0x48, None)])
def test_seven_kinds_take_the_place_of_an_earlier_message(protocol: int, replaces: int | None) -> None:
    assert arrival(plain("x", protocol=protocol)).replaces == replaces


def test_what_makes_no_sense_is_kept_as_it_came() -> None:
    for part in (received(b"\xff\xff"), unread_tpdu(b"\xff\xff", NOON)):
        message = compose({1: part})
        assert (message.kind, message.data, message.sender) == (InboundKind.UNREADABLE, b"\xff\xff", "")


def test_what_is_no_delivery_makes_no_sense_in_an_inbox() -> None:
    report = bytes.fromhex("079144770009909906400C91447700091032623010214365806230102153208000")
    assert compose({1: received(report)}).kind is InboundKind.UNREADABLE
