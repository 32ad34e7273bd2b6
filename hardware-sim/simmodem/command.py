"""The grammar of a command line and of its answers: names, forms, parameters, errors (V.250 §5, TS 27.007 §9.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from simmodem.device import Answer, Device
from simmodem.equipment import CommandError


class Form(Enum):
    EXECUTE = auto()  # AT+X
    READ = auto()  # AT+X?
    TEST = auto()  # AT+X=?
    SET = auto()  # AT+X=…


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a line; the quotes of its parameters are gone."""

    name: str
    form: Form
    args: tuple[str, ...] = ()

    def number(self, position: int, default: int | None = None) -> int:
        """Read a numeric parameter; raises CommandError where it is missing or no number."""
        text = self.args[position] if position < len(self.args) else ""
        if text == "" and default is not None:
            return default
        if not text.isascii() or not text.isdigit():
            raise CommandError
        return int(text)


class Needs(Enum):
    """What a command needs of the SIM, and whose errors it answers with."""

    NOTHING = auto()  # works without a SIM
    CARD = auto()  # a SIM that is not busy; +CME ERROR
    OPEN_CARD = auto()  # an unlocked SIM that is not busy; +CME ERROR
    MESSAGES = auto()  # the same; +CMS ERROR


# What a handler gives when the final result was written already or comes later.
PENDING = None
Handler = Callable[[Device, Command], Answer]


@dataclass(frozen=True, slots=True)
class Entry:
    handler: Handler
    needs: Needs = Needs.NOTHING


_BASIC = re.compile(r"(S\d+|&[A-Z]|[A-Z])(\?|=?\d*)")
_PARAMETER = re.compile(r'"([^"]*)"?|([^,]*)')


def parse(line: str) -> list[Command]:
    """Split what follows AT into its commands (V.250 §5.2.2); raises CommandError."""
    commands: list[Command] = []
    rest = line.strip()
    while rest:
        if rest[0].isalnum() or rest[0] == "&":
            match = _BASIC.match(rest.upper())
            if match is None:
                raise CommandError
            value = match[2].removeprefix("=")
            commands.append(_basic(match[1], value))
            rest = rest[match.end() :].lstrip(" ;")
        else:
            end = _end_of_extended(rest)
            commands.append(_extended(rest[:end].strip()))
            rest = rest[end + 1 :].lstrip()
    return commands


def _basic(name: str, value: str) -> Command:
    if value == "?":
        return Command(name=name, form=Form.READ)
    return Command(name=name, form=Form.EXECUTE, args=(value,) if value else ())


def _end_of_extended(text: str) -> int:
    quoted = False
    for position, char in enumerate(text):
        quoted ^= char == '"'
        if char == ";" and not quoted:
            return position
    return len(text)


def _extended(text: str) -> Command:
    name, equals, value = text.partition("=")
    if equals and value.strip() == "?":
        return Command(name=name.upper(), form=Form.TEST)
    if equals:
        return Command(name=name.upper(), form=Form.SET, args=_parameters(value))
    if name.endswith("?"):
        return Command(name=name[:-1].upper(), form=Form.READ)
    return Command(name=name.upper(), form=Form.EXECUTE)


def _parameters(text: str) -> tuple[str, ...]:
    parameters: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] == " ":
            position += 1
        match = _PARAMETER.match(text, position)
        if match is None:
            raise CommandError
        parameters.append(match[1] if match[1] is not None else match[2].strip())
        position = match.end()
        if position >= len(text):
            return tuple(parameters)
        if text[position] != ",":
            raise CommandError
        position += 1


CME_TEXTS = {
    3: "operation not allowed", 4: "operation not supported", 10: "SIM not inserted", 11: "SIM PIN required",
    12: "SIM PUK required", 13: "SIM failure", 14: "SIM busy", 16: "incorrect password", 50: "Incorrect parameters",
}  # fmt: skip
CMS_TEXTS = {
    300: "ME failure", 302: "operation not allowed", 303: "operation not supported", 304: "invalid PDU mode parameter",
    310: "SIM not inserted", 311: "SIM PIN required", 313: "SIM failure", 314: "SIM busy", 316: "SIM PUK required",
    321: "Invalid memory index", 322: "memory full", 330: "SMSC address unknown", 331: "no network service",
    340: "no +CNMA acknowledgement expected", 500: "unknown error",
}  # fmt: skip


def cme_error(code: int, level: int) -> str:
    """Write +CME ERROR as AT+CMEE=<level> has it."""
    if level == 0:
        return "ERROR"
    return f"+CME ERROR: {CME_TEXTS.get(code, code) if level == 2 else code}"


def cms_error(code: int, level: int) -> str:
    """Write +CMS ERROR as AT+CMEE=<level> has it; its number is there even at level 0 (TS 27.005 §3.2.5)."""
    return f"+CMS ERROR: {CMS_TEXTS.get(code, code) if level == 2 else code}"
