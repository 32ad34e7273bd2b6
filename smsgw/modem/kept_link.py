"""The radio link that a modem keeps from one message to the next, where its operator wants that (27.005 §3.5.6).

Setting it up takes a second or two of every message. All that is said about it is said before a PDU: whatever goes
wrong then has sent nothing, and nothing stands between a PDU and what becomes of it.
"""

import time

from smsgw import log
from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.errors import ErrorKind
from smsgw.modem.faults import LinkError, NotSent, Refused, Silent
from smsgw.modem.link import Link

logger = log.get("smsgw.modem")

# A modem that was asked to keeps the link, and the wish, for 1 to 5 s after its answer.
_SURELY_KEPT_S = 1.0
# What some modems answer to a PDU on account of it: transfer reference, protocol state, state of the transmission.
_ITS_FAULT = (81, 98, 528)
# A modem may hang just then; one that does so each time would never send anything.
_SILENCES = 2


class KeptLink:
    """Asks for the link to be kept, of a modem that bears it; outlives its sessions, each of which `begin` begins."""

    def __init__(self, modem: str = "", *, is_wanted: bool = False) -> None:
        self._modem = modem
        self._is_wanted = is_wanted
        self._silences = 0
        self.begin()

    def begin(self) -> None:
        """Expect of a modem that was set up anew that it keeps nothing, and may."""
        self._is_asked = self._is_wanted and self._silences < _SILENCES
        self._must_let_go = False
        self._kept_until = 0.0

    async def before_send(self, link: Link) -> None:
        """Have the link kept after the message that comes next, unless it is anyway; raises `NotSent`."""
        if self._must_let_go:
            self._must_let_go = False
            await self._say(link, commands.keep_radio_link(0))
        elif self._is_asked and time.monotonic() >= self._kept_until:
            await self._say(link, commands.keep_radio_link(1))

    def accepted(self) -> None:
        """Note that a message was sent."""
        self._kept_until = time.monotonic() + _SURELY_KEPT_S

    def refused(self, refusal: Refused) -> None:
        """Note that a message was refused; let go of the link if that is the reason."""
        self._kept_until = 0.0
        if self._is_asked and refusal.kind is ErrorKind.CMS and refusal.verdict.code in _ITS_FAULT:
            self._must_let_go = True
            self._give_up(refusal)

    async def _say(self, link: Link, command: Command) -> None:
        try:
            await link.command(command)
            self._silences = 0
        except Refused as refusal:
            self._give_up(refusal)
        except LinkError as error:
            self._silences += isinstance(error, Silent)
            raise NotSent(f"nothing was sent: {error}") from error

    def _give_up(self, refusal: Refused) -> None:
        self._is_asked = False
        logger.info("keeps no radio link", modem=self._modem, reason=str(refusal))
