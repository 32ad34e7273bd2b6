"""The example is the whole configuration: it loads, its values are the defaults, and no key is missing in it."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from smsgw.config import (
    CanaryConfig,
    Config,
    ModemConfig,
    MqttConfig,
    OverridesConfig,
    SendingConfig,
    ServerConfig,
    SimConfig,
    StoreConfig,
    WebhooksConfig,
    load,
)

EXAMPLE = Path(__file__).resolve().parent.parent / "config.example.toml"


def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def switched_on() -> str:
    """The example with every switched-off line switched on; explanations begin with "# "."""
    return re.sub(r"(?m)^#(?=[^ \n])", "", example())


def settings(kind: type) -> set[str]:
    return {f.name for f in fields(kind)}


def test_the_example_as_it_stands_changes_nothing() -> None:
    assert load(example(), {}) == Config()


def test_everything_switched_off_in_the_example_is_the_default() -> None:
    config = load(switched_on(), {})
    canary = CanaryConfig(
        name="north-to-itself", from_modem="north", to_modem="north", to_number=config.canaries[0].to_number
    )
    assert config == Config(modems=(ModemConfig(name="north", port=config.modems[0].port),), canaries=(canary,))


def test_the_example_names_every_setting_once() -> None:
    document = tomllib.loads(switched_on())
    assert set(document) == settings(Config)
    for section, kind in (
        ("server", ServerConfig),
        ("store", StoreConfig),
        ("sending", SendingConfig),
        ("webhooks", WebhooksConfig),
        ("mqtt", MqttConfig),
    ):
        assert set(document[section]) == settings(kind)
    (north,) = document["modems"].values()
    assert set(north) == settings(ModemConfig) - {"name"}
    assert set(north["sims"][0]) == settings(SimConfig)
    assert set(north["overrides"]) == settings(OverridesConfig)
    (canary,) = document["canaries"].values()
    assert set(canary) == settings(CanaryConfig) - {"name"}


def test_the_example_tells_the_limits_of_every_number() -> None:
    kinds = (
        ServerConfig,
        StoreConfig,
        SendingConfig,
        MqttConfig,
        ModemConfig,
        SimConfig,
        OverridesConfig,
        CanaryConfig,
    )
    for kind in kinds:
        begin = "\n[mqtt]\n" if kind is MqttConfig else "# The configuration"
        section = example().partition(begin)[2]
        for setting in fields(kind):
            if "max" in setting.metadata:
                comment = section.partition(f"\n#{setting.name} = ")[0].rpartition("\n\n")[2]
                assert f"{setting.metadata['min']} to {setting.metadata['max']}" in comment, setting.name
