"""The USSD verbs of a modem: ask the network, reply to it, read what it says, end the session.

Knows how each modem wants strings coded; how long to wait for the network, and who asks, is decided elsewhere.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from smsgw.at import ussd as lines
from smsgw.at.replies import ReplyError
from smsgw.at.ussd import UssdKind, UssdLine
from smsgw.gsm.ussd import Coding, decode, encode
from smsgw.modem.faults import Refused
from smsgw.modem.link import Link

__all__ = ["Said", "Ussd", "UssdKind", "UssdLine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the network says in a USSD session; the text may be empty."""

    kind: UssdKind
    text: str = field(repr=False)


class Ussd:
    """The USSD verbs over a link; `packs` says that the modem takes and gives packed septets."""

    def __init__(self, link: Link) -> None:
        self.packs = False
        self._link = link
        self._coding = Coding.PLAIN

    async def prepare(self) -> None:
        """Find out how the modem wants strings; what is heard between this and `ask` is no answer to that."""
        self._coding = await self._wanted()

    async def ask(self, text: str) -> Said | None:
        """Begin a session with a code, or reply in one; None if the answer is still to come, among the news.

        Raises `Refused` and what else the link raises. `prepare` comes first.
        """
        encoded = encode(text, self._coding)
        reply = await self._link.command(lines.request(encoded.string, encoded.data_coding))
        for line in reply.lines:
            with suppress(ReplyError):
                return self.said(lines.read(line))
        return None

    def said(self, line: UssdLine) -> Said:
        """Read what the network says as this modem writes it."""
        return Said(kind=line.kind, text=decode(line.string, line.data_coding, self._coding))

    async def end(self) -> None:
        """End the session, if there is one; some modems refuse where there is none."""
        with suppress(Refused):
            await self._link.command(lines.end_session())

    async def _wanted(self) -> Coding:
        if self.packs:
            return Coding.PACKED
        try:
            name = lines.character_set((await self._link.command(lines.ask_character_set())).lines)
        except (Refused, ReplyError):
            return Coding.PLAIN
        return Coding.UCS2 if name == "UCS2" else Coding.PLAIN
