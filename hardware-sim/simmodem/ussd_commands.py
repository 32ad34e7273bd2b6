"""AT+CUSD (TS 27.007 §7.15)."""

from simmodem.command import PENDING, Command, Entry, Form, Needs
from simmodem.device import Answer, Device
from simmodem.equipment import CommandError

REQUEST, CANCEL = 1, 2


def _ussd(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ["+CUSD: (0-2)"]
    if command.form is Form.READ:
        return ["+CUSD: 1"]
    mode = command.number(0, REQUEST)
    if mode > CANCEL:
        raise CommandError
    if mode == CANCEL:
        device.ussd.cancel()
    elif len(command.args) > 1 and device.ussd.ask(command.args[1], command.number(2, 15)):
        return PENDING
    return []


USSD_COMMANDS: dict[str, Entry] = {"+CUSD": Entry(_ussd, Needs.OPEN_CARD)}
