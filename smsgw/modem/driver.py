"""The modem in terms of messages: send, hear, list, read, delete, and how it is; what it does with USSD, in `ussd`.

Verbs raise what `Link` raises and nothing else; a modem that does not know a question about its state answers `None`.
Deletes only what it is told to, by the exact index, and decides nothing about retries.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from smsgw.at import commands, replies, sms_replies
from smsgw.at.commands import Command
from smsgw.at.errors import Action
from smsgw.at.replies import Battery, RegistrationState, ReplyError
from smsgw.config import OverridesConfig
from smsgw.modem.faults import Refused
from smsgw.modem.heard import Heard, News, sort
from smsgw.modem.kept_link import KeptLink
from smsgw.modem.link import Link
from smsgw.modem.overrides import AS_PROFILED
from smsgw.modem.profiles import GENERIC, Profile
from smsgw.modem.sim import PinPolicy
from smsgw.modem.slots import SlotChoice
from smsgw.modem.startup import Identity, Startup
from smsgw.modem.ussd import Ussd

__all__ = ["Battery", "Heard", "Identity", "Modem", "News", "PinPolicy", "Registration", "Storage", "StoredPdu"]


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPdu:
    """A message or report in a store of the modem: where it lies and its PDU in hex; status as in 27.005 §3.1."""

    memory: str
    index: int
    status: int
    pdu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Registration for calls and messages, for LTE where known, and whether a message can be sent now."""

    state: RegistrationState
    lte: RegistrationState | None
    may_send: bool

    @property
    def is_roaming(self) -> bool:
        """Tell whether the network is not the SIM's own."""
        return self.state.is_roaming or (self.lte is not None and self.lte.is_roaming)

    @property
    def is_data_only(self) -> bool:
        """Tell whether LTE has taken the SIM, but offers no way for messages."""
        return not self.may_send and self.lte is not None and self.lte.takes_messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How full the store is that receives messages."""

    memory: str | None
    used: int
    total: int


class Modem:
    """One modem behind an open link; `initialise` comes first. Without a profile it is chosen by maker and model.

    Only one that has several SIM slots is told which to use.
    What the operator has configured, `overrides`, goes before what the profile says; `kept_link` is what is known of
    keeping the radio link, which is not wanted without it.
    """

    def __init__(
        self,
        link: Link,
        profile: Profile | None = None,
        slot: SlotChoice | None = None,
        overrides: OverridesConfig = AS_PROFILED,
        kept_link: KeptLink | None = None,
    ) -> None:
        self.profile = profile or GENERIC
        self.identity = Identity()
        self._fixed_profile = profile
        self._slot = slot
        self._overrides = overrides
        self._link = link
        self._kept_link = kept_link or KeptLink()
        self._early: list[Heard] = []
        self._cut: dict[tuple[str, int], str] = {}  # what came cut, by memory and index
        self.ussd = Ussd(link)
        self._memory: str | None = None  # the store that reading and deleting refer to at present

    async def initialise(self, policy: PinPolicy, imei: str = "", news_commands: Sequence[str] = ()) -> Identity:
        """Set the modem up; raises `SimLocked` when a person is needed, and what `Link` raises.

        With `imei`, any other modem is left alone: raises `WrongModem`. `news_commands` are what its port needs to tell
        the news, besides those of its profile.
        """
        startup = Startup(self._link, self._fixed_profile, policy, self._slot, self._overrides, imei, news_commands)
        self.identity = await startup.run()
        self.profile = startup.profile
        self.ussd.packs = self.profile.packs_ussd
        self._memory = self.identity.memory
        self._kept_link.begin()
        # What was said about the SIM before it was ready is old news; everything else still counts.
        self._early = [heard for heard in sort(self._link.drain_urcs()) if heard.news is not News.SIM_CHANGED]
        return self.identity

    @property
    def has_news(self) -> bool:
        """Tell whether `heard` has something to tell, or to raise."""
        return bool(self._early) or self._link.has_news

    def heard(self) -> list[Heard]:
        """Take what the modem said unasked, in order; raises the failure of the link once nothing is left."""
        early, self._early = self._early, []
        return early or sort(self._link.take_urcs())

    def left_over(self) -> list[Heard]:
        """Take what was said and not heard yet, whatever the state of the link."""
        early, self._early = self._early, []
        return early + sort(self._link.drain_urcs())

    # ── messages ──

    async def send_pdu(self, pdu: bytes, length: int) -> int | None:
        """Send a PDU that begins with the service centre address; `length` counts the octets behind it.

        Returns TP-MR, `None` where the modem prints none. Raises `Refused`, `NotSent` or `OutcomeUnknown`.
        """
        profile = self.profile
        command = commands.submit(pdu, length, timeout_s=profile.submit_timeout_s, bare_ok=profile.accepts_bare_ok)
        await self._kept_link.before_send(self._link)
        try:
            reply = await self._link.command(command)
        except Refused as refusal:
            self._kept_link.refused(refusal)
            raise
        self._kept_link.accepted()
        return sms_replies.message_reference(reply.lines)

    async def list_stored(self) -> list[StoredPdu]:
        """List what lies in every store that messages or reports may have been put into."""
        home = self.identity.memory or ""
        await self._turn_to(home)
        found = await self._list_here(home)
        for memory in self.identity.memories if home else ():
            if memory != home and await self._can_turn_to(memory):
                found += await self._list_here(memory)
        await self._turn_to(home)
        return found

    async def read_stored(self, memory: str, index: int) -> StoredPdu | None:
        """Read one stored message; `None` if nothing is there, or it came cut and must be read again."""
        await self._turn_to(memory)
        try:
            reply = await self._link.command(commands.read_message(index))
        except Refused as refusal:
            if refusal.verdict.advises(Action.SKIP):
                return None
            raise
        found = sms_replies.read(reply.lines)
        if found is None or not self._is_credible(memory, index, found.pdu, found.is_whole):
            return None
        return StoredPdu(memory=memory, index=index, status=1, pdu=found.pdu)

    def _is_credible(self, memory: str, index: int, pdu: str, is_whole: bool) -> bool:
        """What is shorter than it should be is believed once it was read twice: then it lies there like that."""
        if is_whole or self._cut.get((memory, index)) == pdu:
            self._cut.pop((memory, index), None)
            return True
        self._cut[memory, index] = pdu
        return False

    async def delete_stored(self, memory: str, index: int) -> None:
        """Delete exactly this message; that nothing is there is no error."""
        await self._turn_to(memory)
        try:
            await self._link.command(commands.delete_message(index))
        except Refused as refusal:
            if not refusal.verdict.advises(Action.SKIP):
                raise

    async def acknowledge(self) -> None:
        """Confirm what was handed over directly, if this modem wants that; one too many is harmless (27.005 §3.4.4)."""
        if not self.identity.must_acknowledge:
            return
        for explicit in (True, False):
            try:
                await self._link.command(commands.acknowledge(explicit=explicit))
            except Refused as refusal:
                if refusal.verdict.advises(Action.IGNORE):
                    return
            else:
                return

    async def still_announces(self) -> bool:
        """Tell whether the modem tells of what it receives as it was told to.

        One that has restarted without a word that we know does not, nor one that wants confirmation and gets none in
        time, because we were killed (27.005 §3.4.4).
        """
        wanted = self.identity.indications
        if wanted is None:
            return True
        try:
            present = sms_replies.indications((await self._link.command(commands.indications())).lines)
        except ReplyError:
            return True
        except Refused as refusal:
            # After a restart the SIM may want its PIN before anything else.
            return not refusal.verdict.advises(Action.PIN_FLOW)
        return present[: len(wanted)] == wanted

    async def _turn_to(self, memory: str) -> None:
        """Make reading and deleting refer to `memory`; a refusal must stop both, or they would hit another store."""
        if memory and memory != self._memory:
            await self._link.command(commands.choose_stores(memory))
            self._memory = memory

    async def _can_turn_to(self, memory: str) -> bool:
        try:
            await self._turn_to(memory)
        except Refused:
            return False
        return True

    async def _list_here(self, memory: str) -> list[StoredPdu]:
        if not self.profile.lists_messages:
            return await self._scan(memory)
        try:
            lines = (await self._link.command(commands.list_messages())).lines
        except Refused as refusal:
            if refusal.verdict.advises(Action.WAIT) or refusal.verdict.advises(Action.RETRY_NOW):
                raise
            return await self._scan(memory)
        return [
            StoredPdu(memory=memory, index=entry.index, status=entry.status, pdu=entry.pdu)
            for entry in sms_replies.listed(lines)
            if self._is_credible(memory, entry.index, entry.pdu, entry.is_whole)
        ]

    async def _scan(self, memory: str) -> list[StoredPdu]:
        """Read slot by slot what cannot be listed; indices begin with 0 or 1 and have holes."""
        usages = await self._ask(commands.stores(), sms_replies.usages)
        here = usages[0] if usages else sms_replies.Usage(used=0, total=0)
        found: list[StoredPdu] = []
        for index in range(here.total + 1):
            if len(found) == here.used:
                break
            try:
                stored = await self.read_stored(memory, index)
            except Refused:
                continue  # some call an empty slot an error without a number
            if stored is not None:
                found.append(stored)
        return found

    # ── how it is ──

    async def ping(self) -> None:
        """Make sure that the modem still answers."""
        await self._link.command(commands.attention())

    async def radio_off(self) -> None:
        """Let nothing come in any more; SIM and stores stay as they are. A modem that cannot do so goes on."""
        with suppress(Refused):
            await self._link.command(commands.radio_off())

    async def choose_bearer(self, bearer: int) -> bool:
        """Choose the way that messages take, by its number (27.007 §10.1.21); tells whether the modem has it."""
        try:
            await self._link.command(commands.choose_message_bearer(bearer))
        except Refused:
            return False
        return True

    async def last_reference(self) -> int | None:
        """The TP-MR that the SIM itself remembers as the last used one (EF_SMSS)."""
        return await self._ask(commands.last_reference(), replies.last_reference)

    async def boot_mark(self) -> int | None:
        """The mark that was set since the modem has started, or what its start puts there."""
        return await self._ask(commands.boot_mark(), replies.register)

    async def set_boot_mark(self, mark: int) -> bool:
        """Set a mark that the modem loses when it starts again; tells whether it can."""
        try:
            await self._link.command(commands.set_boot_mark(mark))
        except Refused:
            return False
        return True

    async def signal(self) -> int | None:
        """Signal strength in dBm (27.007 §8.5)."""
        return await self._ask(commands.signal_quality(), replies.signal_dbm)

    async def operator(self) -> str | None:
        """The operator in use, as the modem names it."""
        return await self._ask(commands.operator(), replies.operator)

    async def battery(self) -> Battery | None:
        """Charge of the battery, if there is one."""
        return await self._ask(commands.battery(), replies.battery)

    async def storage(self) -> Storage | None:
        """Fill of the store that receives messages."""
        usages = await self._ask(commands.stores(), sms_replies.usages)
        if not usages:
            return None
        return Storage(memory=self.identity.memory, used=usages[-1].used, total=usages[-1].total)

    async def registration(self) -> Registration:
        """Ask the network; messages need registration for calls, or LTE with messages over IMS."""
        circuit = await self._ask(commands.registration("CREG"), replies.registration)
        lte = await self._ask(commands.registration("CEREG"), replies.registration)
        may_send = circuit is not None and circuit.takes_messages
        if not may_send and lte is not None and lte.takes_messages:
            # A modem without circuit domain needs no question: LTE is all it has.
            may_send = circuit is None or bool(await self._ask(commands.ims_registration(), replies.ims_takes_messages))
        return Registration(state=_state(circuit, lte), lte=lte, may_send=may_send)

    async def _ask(self, command: Command, read: Callable[[Sequence[str]], T]) -> T | None:
        """Ask something the modem may not know, or answer in a way nobody can read."""
        try:
            return read((await self._link.command(command)).lines)
        except (Refused, ReplyError):
            return None


def _state(circuit: RegistrationState | None, lte: RegistrationState | None) -> RegistrationState:
    known = [state for state in (circuit, lte) if state is not None]
    return known[0] if known else RegistrationState.UNKNOWN
