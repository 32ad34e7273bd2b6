"""The time zone in which quiet hours and months are meant: the configured one, or that of the machine."""

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCAL = Path("/etc/localtime")


class UnknownZone(Exception):
    """There is no such time zone here; the text names it and says what to do."""


def time_zone(name: str) -> tzinfo:
    """Return the time zone of this name, that of the machine without one; raises `UnknownZone`."""
    if name:
        return _named(name)
    try:
        return _named(os.environ.get("TZ", "").removeprefix(":"))
    except UnknownZone:
        return _of_machine()


def _named(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(
            f"{name!r} is no time zone that this machine knows; write one such as Europe/Moscow, "
            "and install the package tzdata if it is missing"
        ) from error


def _of_machine() -> tzinfo:
    try:
        with _LOCAL.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC
