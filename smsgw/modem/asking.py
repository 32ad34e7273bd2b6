"""Asking a modem who it is, in all the ways that some modem understands. Changes nothing on it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from smsgw.at import commands, replies
from smsgw.at.commands import Command
from smsgw.at.replies import ReplyError
from smsgw.modem.faults import Refused
from smsgw.modem.link import Link

_OWN_DIGITS = 14  # of an IMEI; what follows is a check digit or the software version (3GPP TS 23.003 §6.2)

T = TypeVar("T")


async def first_answer(link: Link, read: Callable[[Sequence[str]], T], *ways: Command) -> T | None:
    """Ask in one way after the other; `None` if the modem knows none of them, or answers in a way nobody can read."""
    for command in ways:
        try:
            return read((await link.command(command)).lines)
        except (Refused, ReplyError):
            continue
    return None


async def read_maker(link: Link) -> str:
    """Ask who made the modem; empty if it does not tell."""
    return await first_answer(link, replies.text_answer, commands.manufacturer(), commands.manufacturer("AT+GMI")) or ""


async def read_model(link: Link) -> str:
    """Ask for the model; empty if the modem does not tell."""
    return await first_answer(link, replies.text_answer, commands.model(), commands.model("AT+GMM")) or ""


async def read_imei(link: Link) -> str | None:
    """Ask for the IMEI."""
    return await first_answer(link, replies.imei, commands.serial_number(), commands.serial_number("AT+GSN"))


def is_same_modem(one: str, other: str) -> bool:
    """Tell whether two IMEIs are of one modem, whatever follows their own digits."""
    return one[:_OWN_DIGITS] == other[:_OWN_DIGITS]
