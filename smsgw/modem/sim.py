"""The SIM before anything else works: waiting until it is ready, its PIN, its number.

A PIN is entered once at most, never when the SIM has fewer than two tries left, and only after the caller has allowed
it and made a note of it; a PUK is never entered. Whatever needs a person is a `SimLocked` that says what to do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from smsgw.at import commands, replies
from smsgw.at.commands import Command
from smsgw.at.errors import Action, ErrorKind
from smsgw.at.replies import PinState, ReplyError
from smsgw.modem.faults import (
    DeviceLocked,
    NoSim,
    PinCounterLow,
    PinForbidden,
    PinMissing,
    PinRefused,
    PukNeeded,
    Refused,
    SimFailed,
)
from smsgw.modem.link import Link, Reply
from smsgw.modem.profiles import Profile

_LEAST_TRIES = 2  # with one left, a wrong PIN would lock the SIM
_ALL_TRIES = 3  # TS 31.101 §9.5.1, ETSI TS 102 221 §9.5.1
_WRONG_PIN = {(ErrorKind.CME, 16), (ErrorKind.CME, 12), (ErrorKind.CMS, 316)}
_STATES = {
    (ErrorKind.CME, 5): PinState.DEVICE_LOCK,
    (ErrorKind.CME, 10): PinState.NOT_INSERTED,
    (ErrorKind.CME, 11): PinState.SIM_PIN,
    (ErrorKind.CME, 12): PinState.SIM_PUK,
    (ErrorKind.CME, 17): PinState.SIM_PIN2,
    (ErrorKind.CME, 18): PinState.SIM_PUK2,
    (ErrorKind.CMS, 310): PinState.NOT_INSERTED,
    (ErrorKind.CMS, 311): PinState.SIM_PIN,
    (ErrorKind.CMS, 312): PinState.DEVICE_LOCK,
    (ErrorKind.CMS, 316): PinState.SIM_PUK,
}
_BROKEN = {(ErrorKind.CME, 13), (ErrorKind.CME, 15), (ErrorKind.CMS, 313), (ErrorKind.CMS, 315)}
_NUMBERED_LOCKS = range(40, 48)  # personalisation of network, provider, company (27.007 §9.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinPolicy:
    """The PIN, if there is one, and who may allow it.

    `may_enter` is awaited right before the PIN is entered, with the ICCID or `None`, and whether the SIM says that it
    has refused no PIN since the last right one. It must have noted the attempt for good before it returns true, so
    that a crash cannot spend a second try. `answered` is awaited as soon as the SIM has taken or refused the PIN.
    Without `its_own_radio` the modem serves other SIMs, too, and a SIM that fails is not switched off and on.
    """

    pin: str | None
    may_enter: Callable[[str | None, bool], Awaitable[bool]]
    answered: Callable[[bool], Awaitable[None]]
    its_own_radio: bool = True


async def patiently(link: Link, command: Command) -> Reply:
    """Repeat a command for as long as the SIM is busy or not ready; raises `Refused` when patience is at its end."""
    for _ in range(link.pace.busy_polls):
        try:
            return await link.command(command)
        except Refused as refusal:
            if not _may_pass(refusal):
                raise
        await asyncio.sleep(link.pace.busy_s)
    return await link.command(command)


def _may_pass(refusal: Refused) -> bool:
    return refusal.verdict.advises(Action.WAIT) or refusal.verdict.advises(Action.RETRY_NOW)


async def read_iccid(link: Link, profile: Profile) -> str | None:
    """Ask for the ICCID in every way the profile knows; `None` if the SIM does not tell it now."""
    for line in profile.iccid_commands:
        try:
            return replies.iccid((await link.command(commands.iccid(line))).lines)
        except (Refused, ReplyError):
            continue
    return None


async def pin_tries(link: Link, profile: Profile) -> int | None:
    """Ask how many tries the PIN has left; `None` if the SIM does not tell it. Costs no try."""
    for line in profile.pin_counters:
        try:
            tries = replies.pin_tries((await link.command(commands.pin_counter(line))).lines)
        except Refused:
            continue
        if tries is not None:
            return tries
    return None


class Unlocking:
    """Makes the SIM ready, entering its PIN if it must and may."""

    def __init__(self, link: Link, profile: Profile, policy: PinPolicy) -> None:
        self._link = link
        self._profile = profile
        self._policy = policy
        self._entered = False
        self._restarted = False

    async def run(self) -> None:
        """Wait until the SIM is ready; raises `SimLocked`."""
        absent = waiting = 0
        while (state := await self._state()) is not PinState.READY:
            if state is PinState.SIM_PIN and not self._entered:
                await self._enter()
                continue
            if state is PinState.NOT_INSERTED:
                absent += 1
            waiting += 1
            self._give_up_on(state, absent, waiting)
            await asyncio.sleep(self._link.pace.pin_poll_s)
        if self._entered:
            await self._policy.answered(True)

    async def _state(self) -> PinState:
        try:
            state = replies.pin_state((await self._link.command(commands.pin_state())).lines)
        except ReplyError:
            return PinState.NOT_READY
        except Refused as refusal:
            return await self._refused_state(refusal)
        return PinState.READY if state is PinState.SIM_PIN2 else state

    async def _refused_state(self, refusal: Refused) -> PinState:
        key = (refusal.kind, refusal.verdict.code or 0)
        if key in _BROKEN:
            await self._restart_sim(refusal)
        if refusal.kind is ErrorKind.CME and refusal.verdict.code in _NUMBERED_LOCKS:
            return PinState.NETWORK_LOCK
        state = _STATES.get(key, PinState.NOT_READY)
        return PinState.READY if state is PinState.SIM_PIN2 else state

    async def _restart_sim(self, refusal: Refused) -> None:
        """A SIM that fails may do so only once: switched off and on it starts afresh."""
        if self._restarted or not self._policy.its_own_radio:
            raise SimFailed(f"the SIM has failed ({refusal.text}): take it out, clean it, try another one")
        self._restarted = True
        await self._link.command(commands.minimum_functionality())
        await asyncio.sleep(self._link.pace.radio_s)
        await self._link.command(commands.full_functionality())
        await asyncio.sleep(self._link.pace.radio_s)

    def _give_up_on(self, state: PinState, absent: int, waiting: int) -> None:
        match state:
            case PinState.SIM_PUK | PinState.SIM_PUK2:
                raise PukNeeded(f"the SIM wants its {state.value[4:]}: unlock it in a phone; the gateway never does")
            case PinState.DEVICE_LOCK | PinState.NETWORK_LOCK:
                raise DeviceLocked("the modem takes only the SIM or network it was sold with: have it unlocked")
        pace = self._link.pace
        if absent >= pace.no_sim_polls:
            raise NoSim("no SIM in the modem: insert one")
        if waiting >= max(pace.pin_polls, pace.no_sim_polls):
            what = "did not become ready after its PIN was entered" if self._entered else "does not become ready"
            raise NoSim(f"the SIM {what}: is it inserted well?")

    async def _enter(self) -> None:
        command = self._pin_command()
        tries = await pin_tries(self._link, self._profile)
        if tries is not None and tries < _LEAST_TRIES:
            raise PinCounterLow(f"the SIM has {tries} try left for its PIN: enter the right one in a phone first")
        iccid = await read_iccid(self._link, self._profile)
        if not await self._policy.may_enter(iccid, tries == _ALL_TRIES):
            raise PinForbidden("this PIN was not taken by this SIM before: configure the right one")
        self._entered = True
        try:
            await self._link.command(command)
        except Refused as refusal:
            certain = (refusal.kind, refusal.verdict.code) in _WRONG_PIN
            if certain:
                await self._policy.answered(False)
            what = "calls the configured PIN wrong" if certain else f"did not take the PIN ({refusal.text})"
            raise PinRefused(f"the SIM {what}: correct it; it is not entered again", certain=certain) from refusal

    def _pin_command(self) -> Command:
        if self._policy.pin is None:
            raise PinMissing("the SIM wants its PIN: configure it, or switch the PIN off in a phone")
        try:
            return commands.enter_pin(self._policy.pin)
        except ValueError as error:
            raise PinMissing(f"the configured PIN cannot be one: {error}") from error
