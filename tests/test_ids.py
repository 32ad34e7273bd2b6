"""Ids as the contract wants them: seconds, process, counter, in 24 hexadecimal digits."""

import re

import pytest
from hypothesis import given, strategies as st

from smsgw.gateway.ids import ObjectIds
from support import NOON

PROCESS = bytes.fromhex("27149588c8")


def test_an_id_is_seconds_process_counter() -> None:
    assert ObjectIds(PROCESS, 0x89F1).new(0x6654A4E8 * 1_000) == "6654a4e827149588c80089f2"


@given(st.binary(min_size=5, max_size=5), st.integers(0, 0xFFFFFF), st.integers(0, 2**45))
def test_an_id_has_24_lower_case_digits_whatever_the_time(process: bytes, counter: int, now: int) -> None:
    assert re.fullmatch("[0-9a-f]{24}", ObjectIds(process, counter).new(now))


def test_ids_sort_by_time() -> None:
    ids = ObjectIds(PROCESS, 0xFFFFF0)
    made = [ids.new(NOON + second * 1_000) for second in range(100)]
    assert made == sorted(made)


def test_ids_of_one_second_sort_in_the_order_they_were_made() -> None:
    ids = ObjectIds(PROCESS, 0)
    made = [ids.new(NOON + millisecond) for millisecond in range(1_000)]
    assert made == sorted(set(made))


def test_the_counter_starts_anew_when_it_is_used_up() -> None:
    ids = ObjectIds(PROCESS, 0xFFFFFE)
    assert [ids.new(NOON)[18:] for _ in range(3)] == ["ffffff", "000000", "000001"]


def test_a_clock_that_is_set_back_makes_no_id_twice() -> None:
    ids = ObjectIds(PROCESS, 7)
    assert len({ids.new(NOON - 3_600_000 * (n % 3)) for n in range(300)}) == 300


def test_two_processes_never_make_the_same_id() -> None:
    one, other = ObjectIds(b"\0\0\0\0\1", 0), ObjectIds(b"\0\0\0\0\2", 0)
    assert not {one.new(NOON) for _ in range(100)} & {other.new(NOON) for _ in range(100)}


@pytest.mark.parametrize("length", [0, 4, 6])
def test_the_random_part_has_five_bytes(length: int) -> None:
    with pytest.raises(AssertionError):
        ObjectIds(bytes(length), 0)
