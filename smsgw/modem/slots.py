"""How each family of modems is told which of its SIM slots to use, and asked, as data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.replies import ReplyError


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCommands:
    """How a modem is told which of its SIM slots to use.

    In the whole lines of `choose`, `{slot}` stands for the slot counted from 1, `{slot0}` from 0, and `{other0}` for
    the other one of two. `ask` is the question for the present slot; the only group of `shows` finds it in the answer,
    counted from `first`.
    """

    choose: tuple[str, ...]
    ask: str | None = None
    shows: str = r"([0-9]+)"
    first: int = 1
    with_radio_off: bool = True

    def choices(self, slot: int) -> list[Command]:
        """Spell the commands that choose a slot."""
        lines = [line.format(slot=slot, slot0=slot - 1, other0=2 - slot) for line in self.choose]
        return [commands.plain(line, commands.SIM_S) for line in lines]

    def question(self) -> Command | None:
        """Spell the question for the present slot; None if there is none."""
        return None if self.ask is None else commands.query(self.ask, re.split("[?=]", self.ask[2:])[0] + ":")

    def shown(self, lines: Sequence[str]) -> int:
        """Read the present slot; raises `ReplyError`."""
        for line in lines:
            if found := re.search(self.shows, line):
                return int(found[1]) - self.first + 1
        raise ReplyError("the SIM slot", lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChoice:
    """The slot that a modem is to use, in one of `ways` if there are any, else in those of its family.

    `sim` is the ICCID of the SIM that was there last, if that is known. With `binds`, this whole line tells a port of a
    module that uses all of its SIMs which one it is for, and nothing else is done.
    """

    slot: int
    ways: tuple[SlotCommands, ...] = ()
    sim: str | None = None
    binds: str | None = None


QUIMSLOT = SlotCommands(choose=("AT+QUIMSLOT={slot}",), ask="AT+QUIMSLOT?", shows=r"\+QUIMSLOT: *([0-9])")
QDSIM = SlotCommands(choose=("AT+QDSIM={slot0}",), ask="AT+QDSIM?", shows=r"\+QDSIM: *([0-9])", first=0)
SMSIMCFG = SlotCommands(
    choose=("AT+SMSIMCFG=1,{slot}",), ask="AT+SMSIMCFG?", shows=r"\+SMSIMCFG: *1, *([0-9])", with_radio_off=False
)
SWITCHSIM = SlotCommands(
    choose=("AT+SWITCHSIM={slot0}",), ask="AT+SWITCHSIM?", shows=r"\+SWITCHSIM: *([0-9])", first=0, with_radio_off=False
)
UIMS = SlotCommands(choose=('AT!ENTERCND="A710"', "AT!UIMS={slot0}"), ask="AT!UIMS?", shows=r"UIMS: *([0-9])", first=0)
SCICHG = SlotCommands(choose=("AT^SCICHG={slot0},{other0}",), ask="AT^SCICHG?", shows=r"\^SCICHG: *([0-9])", first=0)
SIMSELECT = SlotCommands(choose=("AT#SIMSELECT={slot}",), ask="AT#SIMSELECT?", shows=r"#SIMSELECT: *([0-9])")
SIM_CS = SlotCommands(
    choose=('AT^SCFG="SIM/CS","SIM{slot}"',),
    ask='AT^SCFG="SIM/CS"',
    shows=r"\^SCFG: *\"SIM/CS\",\"?(?:SIM)?([0-9])",
)
CSUS = SlotCommands(choose=("AT+CSUS={slot0}",), ask="AT+CSUS?", shows=r"\+CSUS: *([0-9])", first=0)  # 27.007 §8.56
