"""[canaries.NAME]: both ends are SIMs that are configured, and every mistake is told with its key."""

import pytest

from configuring import NORTH, SIMS, mistakes, the_mistake
from smsgw.config import CanaryConfig, load

MODEMS = f"""{NORTH}{SIMS}slot = 1\n{SIMS}slot = 3
[modems.south]
port = '/dev/south'
"""
CANARY = f"""{MODEMS}[canaries.north-south]
from_modem = 'north'
to_modem = 'south'
to_number = '79161234567'
"""


def test_there_are_none_unless_they_are_asked_for() -> None:
    assert load(MODEMS, {}).canaries == ()


def test_every_key_of_a_canary_is_read() -> None:
    (canary,) = load(f"{CANARY}from_slot = 3\nto_slot = 1\nevery_h = 2\nwithin_s = 60", {}).canaries
    assert canary == CanaryConfig(
        name="north-south",
        from_modem="north",
        from_slot=3,
        to_modem="south",
        to_slot=1,
        to_number="79161234567",
        every_h=2,
        within_s=60,
    )


def test_a_number_may_be_written_with_its_plus() -> None:
    assert load(CANARY.replace("'79", "'+79"), {}).canaries[0].to_number == "+79161234567"


def test_a_variable_changes_one_key_of_a_canary() -> None:
    (canary,) = load(CANARY, {"SMSGW_CANARIES__NORTH_SOUTH__EVERY_H": "6"}).canaries
    assert (canary.every_h, canary.from_modem) == (6, "north")


@pytest.mark.parametrize(
    ("changed", "into", "told"),
    [
        (
            "to_modem = 'south'",
            "to_modem = 'east'",
            "to_modem: there is no [modems.east]; configured here: north, south",
        ),
        (
            "from_modem = 'north'",
            "from_modem = 'Nord'",
            "from_modem: there is no [modems.Nord]; configured here: north, s",
        ),
        ("from_modem = 'north'", "", "from_modem: is missing"),
        ("to_modem = 'south'", "", "to_modem: is missing"),
        ("to_number = '79161234567'", "", "to_number: is missing"),
        ("'79161234567'", "'79-16'", "to_number: a number of 3 to 20 digits is needed, not '79-16'"),
        ("from_modem", "from_slot = 2\nfrom_modem", "from_slot: modems.north has no SIM in slot 2, only in 1, 3"),
        ("to_modem", "to_slot = 3\nto_modem", "to_slot: modems.south has no SIM in slot 3, only in 1"),
        ("to_modem", "every_h = 0\nto_modem", "every_h: a whole number from 1 to 720 is needed, not 0"),
        ("to_modem", "within_s = 59\nto_modem", "within_s: a whole number from 60 to 86400 is needed, not 59"),
        ("to_modem", "every = 1\nto_modem", "every: unknown key; did you mean every_h?"),
    ],
)
def test_a_mistake_is_told_with_its_key(changed: str, into: str, told: str) -> None:
    assert f"canaries.north-south.{told}" in " / ".join(mistakes(CANARY.replace(changed, into, 1)))


def test_a_canary_without_modems_is_told_so() -> None:
    told = mistakes("[canaries.lone]\nfrom_modem = 'a'\nto_modem = 'a'\nto_number = '79161234567'")
    assert told[0] == "canaries.lone.from_modem: there is no [modems.a]; configured here: none"


def test_the_name_of_a_canary_is_one_that_can_be_shown() -> None:
    told = the_mistake(CANARY.replace("canaries.north-south", "canaries.'north to south'"))
    assert told == "canaries.north to south: a canary's name has 1 to 32 letters, digits, - or _"
