"""What stands in files beside the configuration."""

from pathlib import Path

import pytest

from smsgw.config import ConfigError
from smsgw.config_files import read_config

TWO_SIMS = """
[modems.a]
port = "/dev/null"
[[modems.a.sims]]
slot = 1
pin_file = "{first}"
[[modems.a.sims]]
slot = 2
name = "second"
pin_file = "{second}"
"""


def test_every_sim_has_the_pin_of_its_own_file(tmp_path: Path) -> None:
    first, second, config = tmp_path / "first", tmp_path / "second", tmp_path / "a.toml"
    first.write_text("1111\n")
    second.write_text("2222\n")
    config.write_text(TWO_SIMS.format(first=first, second=second))
    (modem,) = read_config(str(config)).modems
    assert [(sim.slot, sim.name, sim.pin) for sim in modem.sims] == [(1, "", "1111"), (2, "second", "2222")]


def test_every_file_that_cannot_be_read_is_named_with_its_key(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text(TWO_SIMS.format(first=tmp_path / "x", second=tmp_path / "y"))
    with pytest.raises(ConfigError) as raised:
        read_config(str(config))
    assert [mistake.split(":")[0] for mistake in raised.value.mistakes] == [
        "modems.a.sims[1].pin_file",
        "modems.a.sims[2].pin_file",
    ]
