"""What ails a virtual modem until it is cured: by commands that it may obey though it answers none, its bus, its power.

Knows no modem: whoever has the illness says what its end brings back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

COLLECTED_LIMIT = 256
RESTART = "AT+CFUN=1,1"


class Cure(IntEnum):
    """What ends an illness, the mildest first; a stronger cure ends it, too."""

    RESELECT = 1  # AT+COPS=0
    RADIO = 2  # AT+CFUN=0, AT+CFUN=1
    RESET = 3  # AT+CFUN=1,1, or a vendor's command
    USB = 4  # "usb_reset": the computer resets the device
    POWER = 5  # "replug": the power goes and comes

    @classmethod
    def named(cls, name: str) -> "Cure":
        """Find a cure by its name in small letters; raises ValueError for one that does not exist."""
        if name.upper() not in cls.__members__:
            raise ValueError(f"{name!r} cures nothing; what does is {', '.join(cls.__members__).lower()}")
        return cls[name.upper()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Illness:
    """Something that lasts until it is cured; `over` is called then."""

    until: Cure
    over: Callable[[], None]


class Illnesses:
    """All that ails one modem."""

    def __init__(self) -> None:
        self._present: list[Illness] = []

    def fall_ill(self, until: Cure, over: Callable[[], None]) -> None:
        self._present.append(Illness(until=until, over=over))

    def cure(self, cure: Cure) -> None:
        """End what this cure ends."""
        cured = [illness for illness in self._present if illness.until <= cure]
        self._present = [illness for illness in self._present if illness.until > cure]
        for illness in cured:
            illness.over()


class Overhearing:
    """What a modem that has hung itself up makes of its input: nothing, but for the commands that may cure it."""

    def __init__(self, reset_lines: tuple[str, ...]) -> None:
        self._reset_lines = reset_lines
        self._collected = ""
        self._radio_is_off = False

    def hear(self, data: bytes) -> Cure | None:
        """Take bytes from the line; gives the cure that they order."""
        *lines, rest = (self._collected + data.decode("latin-1").replace("\x1b", "")).split("\r")
        self._collected = rest[-COLLECTED_LIMIT:]
        cures = [cure for line in lines if (cure := self._cure_in(line.strip().upper())) is not None]
        return max(cures, default=None)

    def _cure_in(self, line: str) -> Cure | None:
        if line in self._reset_lines:
            return Cure.RESET
        if line == "AT+CFUN=1" and self._radio_is_off:
            return Cure.RADIO
        self._radio_is_off = self._radio_is_off or line == "AT+CFUN=0"
        return None
