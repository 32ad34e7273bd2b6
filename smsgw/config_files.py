"""Reads the configuration from where it lies: its file, the SMSGW_… variables and the files that it names."""

import os
import re
import ssl
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from smsgw.config import PIN, Config, ConfigError, ModemConfig, MqttConfig, SimConfig, load
from smsgw.modem.profiles import PROFILE_NAMES
from smsgw.zone import UnknownZone, time_zone


def read_config(path: str) -> Config:
    """Read the configuration file, the SMSGW_… variables and the files that they name; raises `ConfigError`."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(["the file is not UTF-8 text"]) from error
    except FileNotFoundError as error:
        raise ConfigError(["there is no such file; name one with --config"]) from error
    except OSError as error:
        raise ConfigError([f"the file cannot be read: {error.strerror}"]) from error
    config = load(text, os.environ, PROFILE_NAMES)
    mistakes: list[str] = []
    try:
        time_zone(config.sending.timezone)
    except UnknownZone as error:
        mistakes.append(f"sending.timezone: {error}")
    if wrong := _wrong_with_certificates(config.webhooks.ca_file):
        mistakes.append(f"webhooks.ca_file: {config.webhooks.ca_file} cannot be read: {wrong}")
    modems = tuple(replace(modem, sims=_with_pins(modem, mistakes)) for modem in config.modems)
    mqtt = _with_password(config.mqtt, mistakes)
    if mistakes:
        raise ConfigError(mistakes)
    return replace(config, modems=modems, mqtt=mqtt)


def ensure_runnable(config: Config) -> None:
    """Make sure that what the configuration wants is installed; raises `ConfigError`."""
    if config.mqtt.host and find_spec("aiomqtt") is None:
        raise ConfigError(["mqtt.host: the library aiomqtt is missing; install smsgw[mqtt], or leave host empty"])


def _with_password(mqtt: MqttConfig, mistakes: list[str]) -> MqttConfig:
    if not mqtt.password_file:
        return mqtt
    try:
        password = Path(mqtt.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "it is not text")
        mistakes.append(f"mqtt.password_file: {mqtt.password_file} cannot be read: {reason}")
        return mqtt
    if not password:
        mistakes.append(f"mqtt.password_file: {mqtt.password_file} must hold a password and nothing else")
    return replace(mqtt, password=password)


def _wrong_with_certificates(path: str) -> str | None:
    try:
        if path:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return "it holds no certificates (PEM)"
    except OSError as error:
        return error.strerror
    return None


def _with_pins(modem: ModemConfig, mistakes: list[str]) -> tuple[SimConfig, ...]:
    keys = (f"modems.{modem.name}.sims[{number}].pin_file" for number in range(1, len(modem.sims) + 1))
    return tuple(_with_pin(sim, key, mistakes) for sim, key in zip(modem.sims, keys, strict=True))


def _with_pin(sim: SimConfig, key: str, mistakes: list[str]) -> SimConfig:
    if not sim.pin_file:
        return sim
    if re.fullmatch(PIN, sim.pin_file):
        mistakes.append(f"{key}: the path of a file is needed; a PIN itself belongs to pin")
        return sim
    try:
        pin = Path(sim.pin_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(f"{key}: {sim.pin_file} cannot be read: {getattr(error, 'strerror', 'it is not text')}")
        return sim
    if not re.fullmatch(PIN, pin):
        mistakes.append(f"{key}: {sim.pin_file} must hold a PIN of 4 to 8 digits and nothing else")
    return replace(sim, pin=pin)
