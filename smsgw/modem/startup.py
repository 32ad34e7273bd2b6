"""Setting a modem up at the beginning of a session: an ordered list of steps, each with its reason.

Ends with a modem in PDU mode, its SIM ready, its news switched on, and the facts about both. Steps that a modem does
not know are left out; what it cannot do without raises.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from smsgw.at import commands, replies, sms_replies
from smsgw.at.commands import Command
from smsgw.at.replies import ReplyError
from smsgw.at.urcs import BootSign
from smsgw.config import OverridesConfig
from smsgw.modem.asking import first_answer, is_same_modem, read_imei, read_maker, read_model
from smsgw.modem.faults import Refused, WrongModem
from smsgw.modem.link import Link
from smsgw.modem.overrides import AS_PROFILED, overridden
from smsgw.modem.profiles import GENERIC, Indications, Profile, choose
from smsgw.modem.sim import PinPolicy, Unlocking, patiently, read_iccid
from smsgw.modem.slot_switch import bind, turn_to
from smsgw.modem.slots import SlotChoice

_ROOMY = 20  # slots from which the modem's own memory is preferred to that of the SIM
_PURPOSES = 3  # stores are chosen for reading, writing and receiving
_MEMORIES = ("SM", "ME", "SR")  # the others are unions of these, or hold no messages

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the modem and its SIM are, and what they agreed to.

    `iccid` and `imsi` are `None` where the SIM does not tell them. `indications` is `None` when no form of news was
    accepted: messages must be looked for. `must_acknowledge` means that whatever is handed over directly wants an
    `AT+CNMA`. `service_centre` is `None` when the SIM has none: every send will fail.
    """

    manufacturer: str = ""
    model: str = ""
    revision: str = ""
    imei: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    profile: str = GENERIC.name
    memory: str | None = None
    memories: tuple[str, ...] = ()
    indications: Indications | None = None
    must_acknowledge: bool = False
    service_centre: str | None = None
    bearer: int | None = None


class Startup:
    """One run of the steps. `profile` fixes the vendor's row; without it, it is chosen by maker and model.

    With `slot`, the modem is made to use that one; with `imei`, any other modem is left alone. `overrides` go before
    what its row says. `news_commands` are what this port needs to tell the news.
    """

    def __init__(
        self,
        link: Link,
        profile: Profile | None,
        policy: PinPolicy,
        slot: SlotChoice | None = None,
        overrides: OverridesConfig = AS_PROFILED,
        imei: str = "",
        news_commands: Sequence[str] = (),
    ) -> None:
        self.profile = overridden(profile or GENERIC, overrides)
        self._overrides = overrides
        self._fixed = profile is not None
        self._link = link
        self._policy = policy
        self._slot = slot
        self._imei = imei
        self._news_commands = tuple(news_commands)
        self._found = Identity()

    @property
    def _first_gap_s(self) -> float:
        """Some makes swallow commands that come right behind a result, also the one that asks who they are."""
        pace = self._link.pace
        return self.profile.command_gap_s if self._fixed else pace.stranger_gap_s / pace.limit_factor

    async def run(self) -> Identity:
        """Take every step in order; raises `WrongModem`, `SimLocked` and what `Link` raises."""
        for step in STEPS:
            await step(self)
        return self._found

    def _note(self, **facts: Any) -> None:
        self._found = replace(self._found, **facts)

    async def _tell(self, command: Command) -> bool:
        """Send a setting that the modem may refuse."""
        try:
            await self._link.command(command)
        except Refused:
            return False
        return True

    async def _ask(self, command: Command, read: Callable[[Sequence[str]], T], *, patient: bool = False) -> T | None:
        """Ask something the modem may not know, or answer in a way nobody can read."""
        try:
            reply = await (patiently(self._link, command) if patient else self._link.command(command))
            return read(reply.lines)
        except (Refused, ReplyError):
            return None

    async def synchronise(self) -> None:
        self._link.command_gap_s = self._first_gap_s
        self._link.watch_for_reboot(None)  # a modem just plugged in still prints what it prints when it starts
        await self._link.synchronise()
        self._link.watch_for_reboot(BootSign.FIRST)

    async def plain_dialogue(self) -> None:
        for command in (commands.echo_off(), commands.verbose_results(), commands.numeric_errors()):
            await self._tell(command)

    async def who_are_you(self) -> None:
        maker, model = await read_maker(self._link), await read_model(self._link)
        ways = commands.revision(), commands.revision("AT+GMR")
        revision = await first_answer(self._link, replies.text_answer, *ways) or ""
        imei = await read_imei(self._link)
        if not self._fixed:
            self.profile = overridden(choose(maker, model), self._overrides)
        self._note(manufacturer=maker, model=model, revision=revision, imei=imei, profile=self.profile.name)
        self._link.vendor = self.profile.vendor
        self._link.command_gap_s = self.profile.command_gap_s
        self._link.prompt_delay_s = self.profile.prompt_delay_s

    async def the_right_one(self) -> None:
        imei = self._found.imei
        if self._imei and not (imei and is_same_modem(imei, self._imei)):
            raise WrongModem(self._link.address, imei, self._imei)

    async def radio_on(self) -> None:
        level = await self._ask(commands.functionality(), replies.functionality)
        # Of a modem that turns between SIMs we have switched the radio off ourselves.
        if level == 1 or (level is None and (self._slot is None or self._slot.binds)):
            return
        await patiently(self._link, commands.full_functionality())
        await asyncio.sleep(self._link.pace.radio_s)

    async def calm(self) -> None:
        for line in (*self.profile.quiet_commands, *self._news_commands):
            await self._tell(commands.plain(line))

    async def right_slot(self) -> None:
        choice = self._slot
        if choice is not None and choice.binds:
            await bind(self._link, choice.binds, choice.slot)
            return
        if choice is None or (choice.sim and choice.sim == await read_iccid(self._link, self.profile)):
            return
        await turn_to(self._link, choice.ways or self.profile.every_slot_way, choice.slot)

    async def sim_ready(self) -> None:
        await Unlocking(self._link, self.profile, self._policy).run()

    async def whose_sim(self) -> None:
        imsi = await self._ask(commands.imsi(), replies.imsi, patient=True)
        self._note(imsi=imsi, iccid=await read_iccid(self._link, self.profile))

    async def registration_news(self) -> None:
        for domain in ("CREG", "CEREG"):
            await self._tell(commands.registration_reports(domain))

    async def pdu_mode(self) -> None:
        await patiently(self._link, commands.pdu_mode())

    async def message_service(self) -> None:
        """A modem that acknowledges by itself is simpler; one that cannot be told to do so must be served."""
        await self._tell(commands.choose_message_service(0))
        service = await self._ask(commands.message_service(), sms_replies.message_service)
        self._note(must_acknowledge=service == 1)

    async def message_store(self) -> None:
        groups = await self._ask(commands.possible_stores(), sms_replies.store_groups, patient=True) or []
        readable = groups[0] if groups else ()
        # One that does not say which it has may have any: what nobody looks through fills up.
        self._note(memories=tuple(name for name in readable or _MEMORIES if name in _MEMORIES))
        totals: dict[str, int] = {}
        for name in self.profile.memories:
            total = await self._choose_store(name, groups) if not readable or name in readable else None
            if total is not None:
                totals[name] = total
                if total >= _ROOMY:
                    break
        if totals:
            best = max(totals, key=lambda name: totals[name])
            if best != next(reversed(totals)):
                await self._choose_store(best, groups)
            self._note(memory=best)

    async def _choose_store(self, memory: str, groups: list[tuple[str, ...]]) -> int | None:
        """Choose for as many purposes as the modem takes; returns the number of slots."""
        for count in range(_PURPOSES, 0, -1):
            names = [_available(memory, groups, purpose) for purpose in range(count)]
            usages = await self._ask(commands.choose_stores(*names), sms_replies.usages)
            if usages is not None:
                return usages[0].total
        return None

    async def service_centre(self) -> None:
        self._note(service_centre=await self._ask(commands.service_centre(), sms_replies.service_centre))

    async def news(self) -> None:
        for values in await self._possible_ladder():
            if await self._tell(commands.choose_indications(values)) and await self._stuck(values):
                self._note(indications=values)
                self._note_report_store(values)
                return

    def _note_report_store(self, indications: Indications) -> None:
        """Reports that are stored lie in SR as a rule, also where that is not among the stores a modem lists."""
        if indications[3:4] == (2,) and "SR" not in self._found.memories:
            self._note(memories=(*self._found.memories, "SR"))

    async def _possible_ladder(self) -> list[Indications]:
        """What the modem claims to know, best first; if it claims nonsense, everything is tried."""
        claimed = await self._ask(commands.possible_indications(), sms_replies.possible_indications)
        possible = [values for values in self.profile.ladder if claimed is None or _fits(values, claimed)]
        return possible or list(self.profile.ladder)

    async def _stuck(self, values: Indications) -> bool:
        """Some modems say OK and keep what they had; one that does not tell is believed."""
        now = await self._ask(commands.indications(), sms_replies.indications)
        return now is None or now[: len(values)] == values

    async def bearer(self) -> None:
        self._note(bearer=await self._ask(commands.message_bearer(), sms_replies.message_bearer))

    async def watch(self) -> None:
        self._link.watch_for_reboot(BootSign.LATE, grace_s=self._link.pace.boot_s)


def _available(memory: str, groups: list[tuple[str, ...]], purpose: int) -> str:
    group = groups[purpose] if purpose < len(groups) else ()
    return memory if not group or memory in group else group[0]


def _fits(values: Indications, claimed: list[frozenset[int]]) -> bool:
    return all(not known or value in known for value, known in zip(values, claimed, strict=False))


STEPS: tuple[Callable[[Startup], Awaitable[None]], ...] = (
    Startup.synchronise,  # ESC, CR, drain, AT: a modem left in a prompt by a crash answers nothing at all
    Startup.plain_dialogue,  # no echo, OK in words, errors in numbers
    Startup.who_are_you,  # works without a SIM; chooses the profile
    Startup.the_right_one,  # before anything is changed, and before a PIN goes into another modem's SIM
    Startup.right_slot,  # before the radio: nothing may come in for the SIM that is left; each has its own PIN, too
    Startup.radio_on,  # without it neither SIM nor network
    Startup.calm,  # stops the vendor's stream of signal reports
    Startup.sim_ready,  # the PIN, at most once
    Startup.whose_sim,  # everything about messages is kept by SIM
    Startup.registration_news,  # so that the loss of the network is heard
    Startup.pdu_mode,  # the first command that needs the message service of the SIM
    Startup.message_service,  # who acknowledges what is handed over
    Startup.message_store,  # where messages wait until we read them
    Startup.service_centre,  # must not be empty, and is never overwritten
    Startup.news,  # which messages and reports are announced, and how
    Startup.bearer,  # told in the facts; a wrong one explains refusals on LTE
    Startup.watch,  # from here on, start-up lines mean that all of this is gone
)
