"""What the configuration says of one modem otherwise than the profile of its family; each cell by itself."""

from dataclasses import replace
from typing import Any

from smsgw.at.errors import Vendor
from smsgw.config import AUTO, OverridesConfig
from smsgw.modem.profiles import Indications, Profile

AS_PROFILED = OverridesConfig()


def overridden(profile: Profile, config: OverridesConfig) -> Profile:
    """Return the profile with the cells that are configured; the same one if none is."""
    cells = _texts(config) | _numbers(config)
    return replace(profile, **cells) if cells else profile


def _texts(config: OverridesConfig) -> dict[str, Any]:
    readings: dict[str, Any] = {
        "vendor": (config.vendor, Vendor),
        "indications_first": (config.indications, _indications),
        "memories": (config.memories, _listed),
        "quiet_commands": (config.quiet_commands, _listed),
        "iccid_first": (config.iccid_commands, _listed),
        "pin_counter": (config.pin_counter, lambda text: text or None),
        "accepts_bare_ok": (config.accepts_bare_ok, _is_yes),
        "lists_messages": (config.lists_messages, _is_yes),
        "packs_ussd": (config.packs_ussd, _is_yes),
    }
    return {cell: read(text) for cell, (text, read) in readings.items() if text != AUTO}


def _numbers(config: OverridesConfig) -> dict[str, float]:
    cells = {
        "prompt_delay_s": config.prompt_delay_ms / 1_000,
        "command_gap_s": config.command_gap_ms / 1_000,
        "submit_timeout_s": float(config.submit_timeout_s or -1),
    }
    return {cell: value for cell, value in cells.items() if value >= 0}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _indications(text: str) -> tuple[Indications, ...]:
    return tuple(tuple(map(int, form.split(","))) for form in _listed(text))


def _is_yes(text: str) -> bool:
    return text == "yes"
