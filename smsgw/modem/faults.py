"""What can go wrong with a modem, named by what may be concluded from it."""

import re

from smsgw.at.commands import Command
from smsgw.at.errors import ErrorKind, Verdict, describe
from smsgw.at.events import Final


class LinkError(Exception):
    """Something went wrong between us and the modem; the subclass says what may be concluded."""


class LinkMisuse(RuntimeError):
    """Two commands at once: a defect of this program."""


class Refused(LinkError):
    """The modem or the network said no; the verdict says what to do. The link lives."""

    def __init__(self, command: Command, final: Final, vendor: str | None = None) -> None:
        self.kind: ErrorKind = final.kind
        self.code = final.code
        self.text = final.line
        self.verdict: Verdict = describe(final.kind, final.code, vendor)
        super().__init__(f"{command.shown} was refused with {final.line!r}: {self.verdict.meaning}")


class NotSent(LinkError):
    """The body was never written: nothing has left the modem."""


class OutcomeUnknown(LinkError):
    """The body was written and no result came: it may have been sent or not."""


class Silent(LinkError):
    """No answer to an ordinary command in time."""


class LinkLost(LinkError):
    """The port is gone: unplugged, hung up or closed by the far end."""


class Rebooted(LinkError):
    """The modem restarted, or is going down, in the middle of the session: its settings are gone."""


class Poisoned(LinkError):
    """A command was given up half-way, answers can no longer be told apart: close the link and open it again."""


class SimLocked(Exception):
    """The SIM cannot be used until a person has done something; the text says what."""


class SlotRefused(SimLocked):
    """The modem cannot be made to use the SIM in the slot that is wanted."""


class NoSim(SimLocked):
    """There is no SIM, or it never became ready."""


class PinMissing(SimLocked):
    """The SIM wants a PIN and none is configured."""


class PinForbidden(SimLocked):
    """The SIM wants a PIN and the caller does not allow the configured one to be entered."""


class PinCounterLow(SimLocked):
    """The SIM wants a PIN and one more wrong one would lock it."""


class PinRefused(SimLocked):
    """The PIN was entered and not taken; `certain` tells whether the SIM called it wrong."""

    def __init__(self, text: str, *, certain: bool) -> None:
        super().__init__(text)
        self.certain = certain


class PukNeeded(SimLocked):
    """The SIM wants its PUK."""


class DeviceLocked(SimLocked):
    """The modem accepts only the SIM or the network it was sold with."""


class SimFailed(SimLocked):
    """The SIM is broken or of the wrong kind."""


def what_it_sounds_like(sample: bytes) -> str:
    """Guess from what a mute port printed why it does not answer, in words for the operator."""
    if not sample.strip(b"\0\r\n "):
        return "nothing came back: is it the right port, is the modem powered, is the baud rate right?"
    if re.search(rb"(^|[\r\n])\$G[A-Z]", sample):
        return "it prints positions: this is the modem's GPS port, choose its AT port"
    odd = sum(byte > 126 or (byte < 32 and byte not in b"\r\n\t\0") for byte in sample)
    if odd * 10 > len(sample) * 3:
        return "it prints binary data: a diagnostic port of the modem, or a wrong baud rate"
    return "it prints text but answers no command: is another program using the modem?"
