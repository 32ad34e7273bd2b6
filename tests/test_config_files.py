"""What the configuration names beside itself: the files with PINs."""

from pathlib import Path

import pytest

from smsgw.config import ConfigError
from smsgw.config_files import read_config


def configured(folder: Path, *sims: str) -> str:
    path = folder / "config.toml"
    sections = "".join(f"[[modems.north.sims]]\n{sim}\n" for sim in sims)
    path.write_text(f"[modems.north]\nport = '/dev/north'\n{sections}", encoding="utf-8")
    return str(path)


def test_each_sim_may_have_its_pin_in_a_file_and_all_of_them_stay(tmp_path: Path) -> None:
    for name, pin in (("first", "1111"), ("third", "3333")):
        (tmp_path / name).write_text(f"{pin}\n", encoding="ascii")
    path = configured(
        tmp_path,
        f"slot = 1\npin_file = '{tmp_path}/first'",
        "slot = 2\npin = '2222'",
        f"slot = 3\npin_file = '{tmp_path}/third'",
    )
    (modem,) = read_config(path).modems
    assert [(sim.slot, sim.pin) for sim in modem.sims] == [(1, "1111"), (2, "2222"), (3, "3333")]


def test_a_pin_file_that_is_missing_is_named_with_its_sim(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read_config(configured(tmp_path, "slot = 1", f"slot = 2\npin_file = '{tmp_path}/none'"))
    (mistake,) = raised.value.mistakes
    assert mistake.startswith("modems.north.sims[2].pin_file: ")
