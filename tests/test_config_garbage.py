"""Whatever a file or the environment holds, it is a configuration or a `ConfigError`, and nothing else."""

import tomllib
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, strategies as st

from configuring import the_mistake
from smsgw.config import Config, ConfigError, ModemConfig, SendingConfig, ServerConfig, StoreConfig, load

keys = st.sampled_from(
    [
        *[f.name for kind in (Config, ServerConfig, StoreConfig, SendingConfig, ModemConfig) for f in fields(kind)],
        *["slot", "pin", "pin_file", "north", "", "a b", "é", "\n"],
    ]
)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)


def toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return hex(value) if value >= 0 else str(value)
    if isinstance(value, str):
        return quoted(value)
    return str(value)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" if not c.isalnum() else c for c in text) + '"'


def load_or_refuse(text: str, environment: dict[str, str]) -> None:
    try:
        load(text, environment)
    except ConfigError:
        return


@given(st.text())
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    load_or_refuse(text, {})


@given(st.dictionaries(keys, values, max_size=5))
def test_arbitrary_toml_is_read_or_refused(document: dict[str, Any]) -> None:
    text = "".join(f"{quoted(key)} = {toml(value)}\n" for key, value in document.items())
    tomllib.loads(text)
    load_or_refuse(text, {})


@given(values, st.sampled_from(["server.port", "store.path", "modems.north", "modems.north.sims", "modems.north.port"]))
def test_an_arbitrary_value_in_any_place_is_read_or_refused(value: Any, key: str) -> None:
    load_or_refuse(f"{key} = {toml(value)}", {})


@given(
    st.dictionaries(
        st.lists(st.sampled_from(["SERVER", "PORT", "MODEMS", "NORTH", "SIMS", "1", "0", "PIN", ""]), max_size=5).map(
            lambda steps: "SMSGW_" + "__".join(steps)
        ),
        st.text(max_size=6),
        max_size=6,
    )
)
def test_an_arbitrary_environment_is_read_or_refused(environment: dict[str, str]) -> None:
    load_or_refuse("[modems.north]\nport = '/dev/a'\n[modems.North]\nport = '/dev/b'", environment)


@pytest.mark.parametrize(
    "text",
    [
        "[server",
        "port = 8080 8081",
        f"server.port = {'9' * 5_000}",
        "a = " + "[" * 20_000,
        "[server]\n[server]",
        "store.path = '/a'\r\rx",
    ],
)
def test_what_is_not_toml_is_refused_as_such(text: str) -> None:
    assert the_mistake(text).startswith("the file is not valid TOML: ")
