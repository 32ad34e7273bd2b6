"""What the tests of the configuration share: texts to start from, and ways to read them."""

import pytest

from smsgw.config import ConfigError, ModemConfig, load

SECRET = "73914682"
NORTH = "[modems.north]\nport = '/dev/north'\n"
SIMS = "[[modems.north.sims]]\n"


def mistakes(text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(text, environment or {})
    return raised.value.mistakes


def the_mistake(text: str, environment: dict[str, str] | None = None) -> str:
    (only,) = mistakes(text, environment)
    return only


def modem(text: str = NORTH, **environment: str) -> ModemConfig:
    (only,) = load(text, environment).modems
    return only
