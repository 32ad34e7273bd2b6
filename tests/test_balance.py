"""What operators say of the money on a SIM, and the number in it."""

import re

import pytest
from hypothesis import given, strategies as st

from smsgw.config import SimConfig
from smsgw.policy import read_balance

DEFAULT = SimConfig().balance_pattern
ANY = r"(?:Balance|Баланс):? *([-−+0-9\s.,]*[0-9])"


@pytest.mark.parametrize(
    ("text", "balance"),
    [
        ("Balance: 123.45 RUB", 123.45),
        ("Баланс: 57,30 руб.", 57.3),
        ("Баланс 0 р.", 0.0),
        ("Баланс:-12,5р", -12.5),
        ("Баланс: −12,5р", -12.5),
        ("Balance 1 234,56 USD", 1234.56),
        ("Balance 1\u00a0234\u202f567.8", 1234567.8),
        ("Balance 1,234.56", 1234.56),
        ("Balance 1.234,567", 1234.567),
        ("Balance 1,234", 1234.0),
        ("Balance 1.234.567", 1234567.0),
        ("Balance 0.123", 0.123),
        ("Balance -0,500", -0.5),
        ("Balance 12.3456", 12.3456),
        ("Balance +5", 5.0),
        ("Balance ,5", 0.5),
        ("Balance 5, thank you", 5.0),
        ("Balance: none", None),
        ("Balance 1,,2", None),
        ("Balance 1-2", None),
        ("Balance 1 - 2", None),
        ("No money", None),
        ("", None),
    ],
)
def test_the_number_is_read_however_it_is_written(text: str, balance: float | None) -> None:
    assert read_balance(text, ANY) == balance


@pytest.mark.parametrize(
    ("text", "balance"),
    [
        ("Balance: 123.45 RUB", 123.45),
        ("Баланс -57,30 руб. 5 SMS", -57.3),
        ("42", 42.0),
        ("нет", None),
        ("1 234,56 р.", 1234.56),
        ("9.5 2026", 9.5),
        ("5 1000", 5.0),
    ],
)
def test_without_a_pattern_it_is_the_first_number(text: str, balance: float | None) -> None:
    assert read_balance(text, DEFAULT) == balance


def test_a_group_that_takes_no_part_is_no_number() -> None:
    assert read_balance("none", r"none|([0-9]+)") is None


@given(st.text() | st.from_regex(r"[-+0-9., ]*", fullmatch=True))
def test_garbage_is_a_number_or_none(text: str) -> None:
    for pattern in (DEFAULT, "(.*)"):
        value = read_balance(text, pattern)
        assert value is None or isinstance(value, float)


@given(st.integers(-(10**9), 10**9), st.integers(0, 99), st.sampled_from(".,"))
def test_a_price_comes_out_as_it_went_in(whole: int, cents: int, mark: str) -> None:
    assert read_balance(f"Balance {whole}{mark}{cents:02}", ANY) == float(f"{whole}.{cents:02}")
    assert re.search(DEFAULT, f"Balance {whole}{mark}{cents:02}")
