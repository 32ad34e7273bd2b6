"""TOML text in, settings out: every mistake is collected, with its key.

A misspelt key is answered with the one that was probably meant. Values may also come from the environment.
"""

import difflib
import posixpath
import re
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from smsgw.config.canaries import wrong_ends
from smsgw.config.settings import (
    AUTO,
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
)
from smsgw.errors import Language

ENVIRONMENT_PREFIX = "SMSGW_"
_SLOTS = 8  # of one modem
# A password in the place of its file is shown as little as in its own.
_SECRET = (".pin", ".password", ".password_file")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


class ConfigError(Exception):
    """The configuration cannot be used; `mistakes` lists every one of them, each beginning with its key."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


T = TypeVar("T")

# Variables with one underscore where two are needed, and what was meant.
_ALMOST = {
    f"{ENVIRONMENT_PREFIX}{section}_{f.name}".upper(): f"{ENVIRONMENT_PREFIX}{section}__{f.name}".upper()
    for section, kind in (
        ("server", ServerConfig),
        ("store", StoreConfig),
        ("sending", SendingConfig),
        ("webhooks", WebhooksConfig),
        ("mqtt", MqttConfig),
    )
    for f in fields(kind)
}


class _Variable(str):
    """A value from the environment: text, until the key that it is for says how to read it."""

    __slots__ = ()


class _Loader:
    """Walks the parsed TOML and collects mistakes instead of stopping at the first."""

    def __init__(self, profiles: tuple[str, ...]) -> None:
        self.mistakes: list[str] = []
        self.profiles = profiles

    def config(self, document: dict[str, Any]) -> Config:
        known = ("server", "store", "sending", "webhooks", "mqtt", "modems", "canaries")
        self._refuse_unknown_keys("", document, known)
        modems = self._table("modems", document.get("modems", {}))
        canaries = self._table("canaries", document.get("canaries", {}))
        config = Config(
            server=self._section(ServerConfig, "server", document.get("server", {})),
            store=self._section(StoreConfig, "store", document.get("store", {})),
            sending=self._section(SendingConfig, "sending", document.get("sending", {})),
            webhooks=self._section(WebhooksConfig, "webhooks", document.get("webhooks", {})),
            mqtt=self._mqtt(document.get("mqtt", {})),
            modems=tuple(self._modem(name, body) for name, body in modems.items()),
            canaries=tuple(self._canary(name, body) for name, body in canaries.items()),
        )
        self.mistakes += [mistake for canary in config.canaries for mistake in wrong_ends(canary, config.modems)]
        served = list(_served(config.modems))
        self._refuse_shared("port", served)
        self._refuse_shared("imei", served)
        self._refuse_shared("outlet", [(f"modems.{modem.name}", modem) for modem in config.modems], key="power_port")
        return config

    def _mqtt(self, section: object) -> MqttConfig:
        mqtt = self._section(MqttConfig, "mqtt", section)
        if mqtt.password and mqtt.password_file:
            self.mistakes.append("mqtt.password_file: give either password or password_file, not both")
        if (mqtt.password or mqtt.password_file) and not mqtt.username:
            self.mistakes.append("mqtt.username: is missing; a password needs it")
        if mqtt.ca_file and not mqtt.tls:
            self.mistakes.append("mqtt.ca_file: needs tls = true")
        if mqtt.notify_number and not mqtt.token:
            self.mistakes.append("mqtt.notify_number: needs token, the name of the token that it is sent with")
        return mqtt

    def _modem(self, name: str, body: object) -> ModemConfig:
        key = f"modems.{name}"
        if not _NAME.fullmatch(name):
            self.mistakes.append(f"{key}: a modem's name has 1 to 32 letters, digits, - or _")
        table = dict(self._table(key, body))
        sims = table.pop("sims", [{}])
        places = _places(sims)
        if any(places):
            self._check_places(key, table, places)
        elif not table.get("port") and not table.get("imei"):
            self.mistakes.append(
                f"{key}.port: is missing; /dev/… or socket://HOST:PORT is needed, or the imei of a modem on USB"
            )
        if table.get("bind_command") and not any(places):
            self.mistakes.append(f"{key}.bind_command: needs SIMs that have ports of their own")
        overrides = self._section(OverridesConfig, f"{key}.overrides", table.pop("overrides", {}))
        profile = table.get("profile", AUTO)
        if isinstance(profile, str) and profile not in (AUTO, *self.profiles):
            self.mistakes.append(f"{key}.profile: {profile!r} is none of auto, {', '.join(self.profiles)}")
        if bool(table.get("power_hub")) is not bool(table.get("power_port")):
            self.mistakes.append(f"{key}.power_hub: power_hub and power_port are given together, or neither of them")
        sims = self._sims(f"{key}.sims", sims)
        return self._section(ModemConfig, key, table, name=name, sims=sims, overrides=overrides)

    def _check_places(self, key: str, table: Mapping[str, Any], places: list[bool]) -> None:
        """Where one SIM has a port of its own all have one, and nothing is left for the modem to choose."""
        for number, has_place in enumerate(places, 1):
            if not has_place:
                self.mistakes.append(
                    f"{key}.sims[{number}].port: is missing; where one SIM has a port or an imei of its own, each has"
                )
        for setting in ("port", "imei", "slot_command"):
            if table.get(setting):
                self.mistakes.append(
                    f"{key}.{setting}: belongs to a modem that uses one SIM at a time; these have ports of their own"
                )

    def _sims(self, key: str, sims: object) -> tuple[SimConfig, ...]:
        if not isinstance(sims, list) or not 0 < len(sims) <= _SLOTS:
            self.mistakes.append(f"{key}: 1 to {_SLOTS} sections [[{key}]] are needed, one for each SIM, or none")
            return (SimConfig(),)
        found = tuple(self._sim(f"{key}[{number}]", sim) for number, sim in enumerate(sims, 1))
        for number, sim in enumerate(found, 1):
            if sim.slot in [earlier.slot for earlier in found[: number - 1]]:
                self.mistakes.append(f"{key}[{number}].slot: slot {sim.slot} has a SIM already; give each its own")
        return found

    def _sim(self, key: str, section: object) -> SimConfig:
        sim = self._section(SimConfig, key, section)
        if sim.pin and sim.pin_file:
            self.mistakes.append(f"{key}.pin_file: give either pin or pin_file, not both")
        begin, _, end = sim.quiet_hours.partition("-")
        if sim.quiet_hours and begin == end:
            self.mistakes.append(f"{key}.quiet_hours: {begin} is both begin and end; switch the device off instead")
        if mistake := _wrong_pattern(sim.balance_pattern):
            self.mistakes.append(f"{key}.balance_pattern: {mistake}")
        if sim.balance_least and not sim.balance_code:
            self.mistakes.append(f"{key}.balance_least: needs balance_code, the code that asks for the balance")
        return sim

    def _canary(self, name: str, body: object) -> CanaryConfig:
        key = f"canaries.{name}"
        if not _NAME.fullmatch(name):
            self.mistakes.append(f"{key}: a canary's name has 1 to 32 letters, digits, - or _")
        return self._section(CanaryConfig, key, body, name=name)

    def _refuse_shared(self, setting: str, sections: list[tuple[str, Any]], *, key: str = "") -> None:
        owner: dict[str, str] = {}
        for place, section in sections:
            # One port may be spelt in several ways; what follows socket:// stays as it is.
            value = posixpath.normpath(written) if (written := getattr(section, setting)).startswith("/") else written
            first = owner.setdefault(value, place)
            if value and first != place:
                self.mistakes.append(f"{place}.{key or setting}: {value} is already used by {first}")

    def _table(self, key: str, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        # The value itself is not shown: it may be a PIN in the wrong place.
        found = "a list" if isinstance(value, list) else "a single value"
        self.mistakes.append(f"{key}: a section is needed, such as [{key}], not {found}")
        return {}

    def _section(self, kind: type[T], key: str, value: object, **given: Any) -> T:
        table = self._table(key, value)
        settings = [f for f in fields(kind) if f.name not in given]  # type: ignore[arg-type]
        self._refuse_unknown_keys(key, table, tuple(f.name for f in settings))
        values = dict(given)
        for setting in settings:
            if setting.name in table:
                values[setting.name] = self._value(
                    f"{key}.{setting.name}", table[setting.name], setting.default, setting.metadata
                )
        return kind(**values)

    def _value(self, key: str, value: Any, default: Any, rules: Mapping[str, Any]) -> Any:
        check: Callable[[str, Any, Any, Mapping[str, Any]], str | None]
        if isinstance(default, bool):
            check = _wrong_bool
        elif isinstance(default, int):
            check = _wrong_int
        else:
            check = _wrong_str
        if isinstance(value, _Variable):
            value = _read_as(default, value)
        if isinstance(default, Language):
            rules = {"choices": tuple(language.value for language in Language)}
        if mistake := check(key, value, default, rules):
            self.mistakes.append(f"{key}: {mistake}")
            return default
        return Language(value) if isinstance(default, Language) else value

    def _refuse_unknown_keys(self, prefix: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                near = difflib.get_close_matches(name.lower(), known, n=1)
                meant = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
                self.mistakes.append(f"{prefix}.{name}".removeprefix(".") + f": unknown key; {meant}")


def _places(sims: object) -> list[bool]:
    """Tell of each SIM, as it is written, whether it has a port or an IMEI of its own."""
    written = sims if isinstance(sims, list) else []
    return [isinstance(sim, dict) and bool(sim.get("port") or sim.get("imei")) for sim in written]


def _served(modems: tuple[ModemConfig, ...]) -> Iterator[tuple[str, ModemConfig | SimConfig]]:
    """Give the sections that say where something is, with their keys."""
    for modem in modems:
        yield f"modems.{modem.name}", modem
        for number, sim in enumerate(modem.sims, 1):
            yield f"modems.{modem.name}.sims[{number}]", sim


def _wrong_bool(key: str, value: Any, default: Any, rules: Mapping[str, Any]) -> str | None:
    return None if isinstance(value, bool) else f"true or false is needed, not {_shown(value)}"


def _wrong_int(key: str, value: Any, default: Any, rules: Mapping[str, Any]) -> str | None:
    low, high = rules["min"], rules["max"]
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return None
    return f"a whole number from {low} to {high} is needed, not {_shown(value)}"


def _wrong_str(key: str, value: Any, default: Any, rules: Mapping[str, Any]) -> str | None:
    secret = key.endswith(_SECRET)
    shown = "the value given" if secret else _shown(value)
    if not isinstance(value, str):
        return f"text in quotes is needed, not {shown}"
    if "choices" in rules and value not in rules["choices"]:
        return f"one of {', '.join(rules['choices'])} is needed, not {shown}"
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        return f"{rules['hint']} is needed, not {shown}"
    return None


def _wrong_pattern(pattern: str) -> str | None:
    needed = "a regular expression with one group, which finds the number, is needed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        return f"{needed} ({error})"
    return None if groups == 1 else f"{needed}; this one has {groups}"


def _shown(value: object) -> str:
    """Describe a value in a mistake; what is inside lists and sections stays hidden, for it may be a PIN."""
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    # Python refuses to write integers of thousands of digits, which TOML can hold in hexadecimal.
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    return repr(value)


def _read_as(default: object, text: str) -> object:
    """Read a variable as the kind of value that its key has; what cannot be read so stays text and is refused later."""
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text, str(text))
    # More digits than any limit has are not worth reading.
    if isinstance(default, int) and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    return str(text)


def _overlay_environment(document: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Lay SMSGW_SECTION__KEY variables over the document and return the mistakes in their names."""
    mistakes: list[str] = []
    for variable, text in sorted(environment.items()):
        steps = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if variable.startswith(ENVIRONMENT_PREFIX) and len(steps) > 1:
            mistakes += _lay(document, variable, steps, _Variable(text))
        elif meant := _ALMOST.get(variable):
            mistakes.append(f"{variable}: is no setting; section and key are parted by two underscores: {meant}")
    return mistakes


def _lay(table: Any, variable: str, steps: list[str], text: _Variable) -> list[str]:
    for step in steps[:-1]:
        table = _below(table, step)
    name = _spelling(table, steps[-1]) if isinstance(table, dict) else None
    if name is None:
        return [f"{variable}: leads to no single key; write {ENVIRONMENT_PREFIX}SECTION__KEY, its names as in the file"]
    table[name] = text
    return []


def _below(table: Any, step: str) -> Any:
    """Return what stands under a step; None where the step leads nowhere. SIMs are numbered from 1, as in mistakes."""
    if isinstance(table, list):
        return table[int(step) - 1] if re.fullmatch("[1-9]", step) and int(step) <= len(table) else None
    name = _spelling(table, step) if isinstance(table, dict) else None
    return None if name is None else table.setdefault(name, [{}] if name == "sims" else {})


def _spelling(table: dict[str, Any], step: str) -> str | None:
    """Return how the file spells a name that a variable can only write without hyphens and often without small letters.

    A name that is not there yet is taken as it is; None if several there are spelt alike.
    """
    alike = [name for name in table if name.lower().replace("-", "_") == step]
    return None if len(alike) > 1 else next(iter(alike), step)


def load(text: str, environment: Mapping[str, str], profiles: tuple[str, ...] = ("generic",)) -> Config:
    """Read a configuration from TOML text and SMSGW_… variables; raises `ConfigError` with every mistake."""
    try:
        document = tomllib.loads(text)
    # Numbers of thousands of digits raise a plain ValueError, deep nesting a RecursionError.
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"the file is not valid TOML: {error}"]) from error
    loader = _Loader(profiles)
    loader.mistakes += _overlay_environment(document, environment)
    config = loader.config(document)
    if loader.mistakes:
        raise ConfigError(loader.mistakes)
    return config
