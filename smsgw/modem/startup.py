"""Setting a modem up at the beginning of a session: an ordered list of steps, each with its reason.

Ends with a modem in PDU mode, its SIM ready, its news switched on, and the facts about both. Steps that a modem does
not know are left out; what it cannot do without raises.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from smsgw.at import commands, replies, sms_replies
from smsgw.at.commands import Command
from smsgw.at.replies import ReplyError
from smsgw.at.urcs import BootSign
from smsgw.modem.faults import Refused
from smsgw.modem.link import Link, Reply
from smsgw.modem.profiles import GENERIC, Indications, Profile, choose
from smsgw.modem.sim import PinPolicy, Unlocking, patiently, read_iccid

_ROOMY = 20  # slots from which the modem's own memory is preferred to that of the SIM
_PARTED = 3  # stores: for reading, writing, receiving


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
    """One run of the steps. `profile` fixes the vendor's row; without it, it is chosen by maker and model."""

    def __init__(self, link: Link, profile: Profile | None, policy: PinPolicy) -> None:
        self.profile = profile or GENERIC
        self._fixed = profile is not None
        self._link = link
        self._policy = policy
        self._facts: dict[str, object] = {}

    async def run(self) -> Identity:
        """Take every step in order; raises `SimLocked` and what `Link` raises."""
        for step in STEPS:
            await step(self)
        return Identity(**self._facts)  # type: ignore[arg-type]

    async def _optional(self, command: Command) -> Reply | None:
        try:
            return await self._link.command(command)
        except Refused:
            return None

    async def synchronise(self) -> None:
        self._link.watch_for_reboot(None)  # a modem just plugged in still prints what it prints when it starts
        await self._link.synchronise()
        self._link.watch_for_reboot(BootSign.FIRST)

    async def plain_dialogue(self) -> None:
        for command in (commands.echo_off(), commands.verbose_results(), commands.numeric_errors()):
            await self._optional(command)

    async def who_are_you(self) -> None:
        self._facts["manufacturer"] = await self._text(commands.manufacturer(), commands.manufacturer("AT+GMI"))
        self._facts["model"] = await self._text(commands.model(), commands.model("AT+GMM"))
        self._facts["revision"] = await self._text(commands.revision(), commands.revision("AT+GMR"))
        self._facts["imei"] = await self._imei()
        if not self._fixed:
            self.profile = choose(str(self._facts["manufacturer"]), str(self._facts["model"]))
        self._facts["profile"] = self.profile.name
        self._link.vendor = self.profile.vendor
        self._link.command_gap_s = self.profile.command_gap_s
        self._link.prompt_delay_s = self.profile.prompt_delay_s

    async def _text(self, *ways: Command) -> str:
        for command in ways:
            reply = await self._optional(command)
            if reply is not None and reply.lines:
                return replies.text_answer(reply.lines, *command.prefixes)
        return ""

    async def _imei(self) -> str | None:
        for command in (commands.serial_number(), commands.serial_number("AT+GSN")):
            reply = await self._optional(command)
            try:
                if reply is not None:
                    return replies.imei(reply.lines)
            except ReplyError:
                continue
        return None

    async def radio_on(self) -> None:
        reply = await self._optional(commands.functionality())
        try:
            on = reply is None or replies.functionality(reply.lines) == 1
        except ReplyError:
            on = True
        if not on:
            await patiently(self._link, commands.full_functionality())
            await asyncio.sleep(self._link.pace.radio_s)

    async def calm(self) -> None:
        for line in self.profile.quiet_commands:
            await self._optional(commands.plain(line))

    async def sim_ready(self) -> None:
        await Unlocking(self._link, self.profile, self._policy).run()

    async def whose_sim(self) -> None:
        try:
            self._facts["imsi"] = replies.imsi((await patiently(self._link, commands.imsi())).lines)
        except (Refused, ReplyError):
            self._facts["imsi"] = None
        self._facts["iccid"] = await read_iccid(self._link, self.profile)

    async def registration_news(self) -> None:
        for domain in ("CREG", "CEREG"):
            await self._optional(commands.registration_reports(domain))

    async def pdu_mode(self) -> None:
        await patiently(self._link, commands.pdu_mode())

    async def message_service(self) -> None:
        """A modem that acknowledges by itself is simpler; one that cannot be told to do so must be served."""
        await self._optional(commands.choose_message_service(0))
        reply = await self._optional(commands.message_service())
        try:
            self._facts["must_acknowledge"] = reply is not None and sms_replies.message_service(reply.lines) == 1
        except ReplyError:
            self._facts["must_acknowledge"] = False

    async def message_store(self) -> None:
        groups = await self._store_groups()
        readable = groups[0] if groups else ()
        wanted = [name for name in self.profile.memories if not readable or name in readable]
        totals: dict[str, int] = {}
        for name in wanted:
            total = await self._choose_store(name, groups)
            if total is not None:
                totals[name] = total
                if total >= _ROOMY:
                    break
        if totals:
            best = max(totals, key=lambda name: totals[name])
            if best != next(reversed(totals)):
                await self._choose_store(best, groups)
            self._facts["memory"] = best
        self._facts["memories"] = tuple(name for name in readable if name in ("SM", "ME", "SR"))

    async def _store_groups(self) -> list[tuple[str, ...]]:
        try:
            return sms_replies.store_groups((await patiently(self._link, commands.possible_stores())).lines)
        except (Refused, ReplyError):
            return []

    async def _choose_store(self, memory: str, groups: list[tuple[str, ...]]) -> int | None:
        """Choose for as many purposes as the modem takes; returns the number of slots."""
        for count in range(_PARTED, 0, -1):
            names = [_available(memory, groups, purpose) for purpose in range(count)]
            reply = await self._optional(commands.choose_stores(*names))
            if reply is None:
                continue
            try:
                return sms_replies.usages(reply.lines)[0].total
            except ReplyError:
                return 0
        return None

    async def service_centre(self) -> None:
        reply = await self._optional(commands.service_centre())
        try:
            self._facts["service_centre"] = None if reply is None else sms_replies.service_centre(reply.lines)
        except ReplyError:
            self._facts["service_centre"] = None

    async def news(self) -> None:
        for values in await self._possible_ladder():
            if await self._optional(commands.choose_indications(values)) is not None and await self._stuck(values):
                self._facts["indications"] = values
                return

    async def _possible_ladder(self) -> list[Indications]:
        """What the modem claims to know is tried first to last; if it claims nonsense, everything is tried."""
        reply = await self._optional(commands.possible_indications())
        try:
            claimed = None if reply is None else sms_replies.possible_indications(reply.lines)
        except ReplyError:
            claimed = None
        possible = [v for v in self.profile.ladder if claimed is None or _fits(v, claimed)]
        return possible or list(self.profile.ladder)

    async def _stuck(self, values: Indications) -> bool:
        """Some modems say OK and keep what they had."""
        reply = await self._optional(commands.indications())
        try:
            return reply is None or sms_replies.indications(reply.lines)[: len(values)] == values
        except ReplyError:
            return True

    async def bearer(self) -> None:
        reply = await self._optional(commands.message_bearer())
        try:
            self._facts["bearer"] = None if reply is None else sms_replies.message_bearer(reply.lines)
        except ReplyError:
            self._facts["bearer"] = None

    async def watch(self) -> None:
        self._link.watch_for_reboot(BootSign.LATE)


def _available(memory: str, groups: list[tuple[str, ...]], purpose: int) -> str:
    group = groups[purpose] if purpose < len(groups) else ()
    return memory if not group or memory in group else group[0]


def _fits(values: Indications, claimed: list[frozenset[int]]) -> bool:
    return all(not known or value in known for value, known in zip(values, claimed, strict=False))


STEPS: tuple[Callable[[Startup], Awaitable[None]], ...] = (
    Startup.synchronise,  # ESC, CR, drain, AT: a modem left in a prompt by a crash answers nothing at all
    Startup.plain_dialogue,  # no echo, OK in words, errors in numbers
    Startup.who_are_you,  # works without a SIM; chooses the profile
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
