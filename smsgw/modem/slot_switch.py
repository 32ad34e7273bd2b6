"""Making a modem use another SIM slot, or a port of it one of the SIMs that it uses at once.

It is believed only once the SIM that answers afterwards is the right one: that is for the caller to see.
"""

import asyncio
from collections.abc import Sequence

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.replies import ReplyError
from smsgw.modem.faults import Refused, SlotRefused
from smsgw.modem.link import Link
from smsgw.modem.slots import SlotCommands


async def turn_to(link: Link, ways: Sequence[SlotCommands], slot: int) -> None:
    """Make the modem use a slot, in the first way that it knows.

    Raises `SlotRefused` when it knows none, or says afterwards that it uses another slot.
    """
    for way in ways:
        question = way.question()
        present = await _present(link, way, question) if question else None
        if present == slot:
            return
        if (present or not question) and await _take(link, way, slot):
            if question and (now := await _present(link, way, question)) not in (None, slot):
                raise SlotRefused(f"the modem was told to use SIM slot {slot} and goes on with slot {now}")
            return
    raise SlotRefused(
        f"the modem takes no command to use SIM slot {slot}: name the right one by slot_command, or remove the slot"
    )


async def bind(link: Link, line: str, slot: int) -> None:
    """Tell a port which of the SIMs in use it is for; raises `SlotRefused`."""
    (command,) = SlotCommands(choose=(line,)).choices(slot)
    if not await _tell(link, command):
        raise SlotRefused(f"the modem does not take {command.line}: correct bind_command, or leave it out")


async def _present(link: Link, way: SlotCommands, question: Command) -> int | None:
    try:
        return way.shown((await link.command(question)).lines)
    except (Refused, ReplyError):
        return None


async def _take(link: Link, way: SlotCommands, slot: int) -> bool:
    if way.with_radio_off:
        await _tell(link, commands.minimum_functionality())
        await asyncio.sleep(link.pace.slot_s)
    taken = True
    for command in way.choices(slot):
        taken = taken and await _tell(link, command)
    await asyncio.sleep(link.pace.slot_s)
    if way.with_radio_off:
        await link.command(commands.full_functionality())
        await asyncio.sleep(link.pace.radio_s)
    return taken


async def _tell(link: Link, command: Command) -> bool:
    try:
        await link.command(command)
    except Refused:
        return False
    return True
