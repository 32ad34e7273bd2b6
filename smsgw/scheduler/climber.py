"""Climbs the ladder of recovery for one modem: hears what ails it, takes the step that is next, and tells of it.

Which step that is, `policy.ladder` decides. Outlives the sessions of the modem.
"""

import asyncio
import errno
import math
import time
from collections.abc import Callable, Collection

from smsgw import log
from smsgw.at.errors import Verdict
from smsgw.config import ModemConfig
from smsgw.modem import revival
from smsgw.modem.finder import ModemMissing
from smsgw.modem.link import Link, LinkError, LinkLost, Rebooted, Refused
from smsgw.modem.profiles import GENERIC, Profile
from smsgw.modem.revival import PowerFailure, ResetFailure
from smsgw.modem.trace import WireTrace
from smsgw.policy.ladder import Ailment, Ladder, Proof, Rung
from smsgw.scheduler.board import Board
from smsgw.scheduler.module import Module, Share
from smsgw.scheduler.pace import Pace
from smsgw.scheduler.seat import SetUpAgain
from smsgw.scheduler.whereabouts import Whereabouts

logger = log.get("smsgw.modem")

_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO}
# What a person reads of a step: on the board, while nothing has proved that it helped.
_WORDS = {
    Rung.OTHER_PORT: "another port of its own",
    Rung.RESELECT: "looking for a network anew",
    Rung.RADIO: "its radio off and on",
    Rung.RESET: "a restart",
    Rung.USB: "a reset of its USB device",
    Rung.POWER: "its USB power off and on",
}


class Climber:
    """The ladder of one modem, and whoever climbs it. `profile` and `port` are the modem's, as last known.

    `keep` is called with what the modem hands over meanwhile; `clock` gives seconds. `share` is what its worker has of
    the module.
    """

    def __init__(
        self,
        config: ModemConfig,
        board: Board,
        pace: Pace,
        trace: WireTrace,
        keep: Callable[[str], None],
        whereabouts: Whereabouts,
        clock: Callable[[], float] = time.monotonic,
        share: Share | None = None,
    ) -> None:
        self.profile: Profile = GENERIC
        self.port = config.port
        self.is_switching_power = False
        self._config = config
        self._board = board
        self._pace = pace
        self._trace = trace
        self._keep = keep
        self._whereabouts = whereabouts
        self._clock = clock
        self.share = share or Module().share(board, asyncio.Event())
        self._ailment: Ailment | None = None  # what the last faults in a row were, and since when
        self._since = 0.0
        # Of a modem that has no port of its own nobody knows which empty socket is waiting for it.
        self._patience_s = {Ailment.GONE: pace.gone_s if config.port else math.inf, Ailment.UNFIT: pace.unfit_s}
        self._postponed: tuple[Ailment, str] | None = None
        self._left_out: set[str] = set()  # why a step was; said once
        self._ladder = Ladder(
            rest_s=pace.ladder_rest_s,
            window_s=pace.hard_window_s,
            has_power=bool(config.power_hub),
            hard_steps=self.share.hard_steps,
        )

    # ── what a session tells ──

    def refused(self, verdict: Verdict, why: str) -> None:
        """Take in that a send was refused; raises `SetUpAgain` if something is to be done about it."""
        self._see_to(self._ladder.refused(verdict), why)

    def unanswered(self, why: str) -> None:
        """Take in that a send had no answer.

        The step that calls for waits for `go_on`: a restart would destroy what may prove that nothing was sent.
        """
        ailment = self._ladder.unanswered()
        if ailment is not None:
            self._postponed = ailment, why

    def go_on(self) -> None:
        """Raise `SetUpAgain` for a step that was postponed until the doubts about the last session were settled."""
        postponed, self._postponed = self._postponed, None
        if postponed is not None:
            self._see_to(*postponed)

    def ails(self, ailment: Ailment, why: str) -> None:
        """Take in what ails the modem; raises `SetUpAgain` if there is something to do but to wait."""
        self._see_to(ailment, why)

    def proved(self, proof: Proof) -> None:
        """Take in that the modem does again what shows it to be well."""
        self._ailment = None
        height = self._ladder.proved(proof)
        if height is not None or (self._ladder.is_at_bottom and proof >= Proof.REGISTERED):
            self._board.note(remedy=None)
        if height is not None and height > Rung.REOPEN:
            logger.info("recovered", modem=self._board.name, by=_WORDS[height])

    def _see_to(self, ailment: Ailment | None, why: str) -> None:
        rung = None if ailment is None else self._next(ailment)
        if rung is not None:
            raise SetUpAgain(why, rung)

    # ── what the supervisor asks for ──

    async def climb(self, rung: Rung, why: str) -> None:
        """Take a step, whatever comes of it."""
        self._begin(rung, why)
        try:
            await self._take(rung)
        except (LinkError, OSError, PowerFailure, ResetFailure) as failure:
            self._failed(rung, _told(failure))
        else:
            self._board.note(remedy=f"tried {_WORDS[rung]}, which has yet to show that it helped")

    def spared(self, rung: Rung) -> None:
        """Take in that a step was not taken, since the module was treated for another SIM meanwhile."""
        self._ladder.withdraw(rung)

    def after(self, error: Exception) -> Rung:
        """Choose the step that a fault calls for."""
        if isinstance(error, SetUpAgain):
            return error.rung
        ailment, now = _ailment(error), self._clock()
        if ailment is not self._ailment:
            self._ailment, self._since = ailment, now
        if ailment is None or now - self._since < self._patience_s.get(ailment, 0.0):
            return Rung.REOPEN
        return self._next(ailment) or Rung.REOPEN

    def opens(self, port: str) -> None:
        """The port is about to be opened; what was done to the module for another SIM was done for this one, too."""
        self.port = port
        undergone, self.share.undergone = self.share.undergone, None
        if undergone is not None:
            self._ladder.undergo(undergone, self._clock())

    def _next(self, ailment: Ailment) -> Rung | None:
        return self._ladder.next(ailment, self._clock(), spares=self.share.serves_another)

    async def aside(self, rung: Rung, why: str) -> Rung:
        """Where the step is another port, see whether the modem answers there; returns the step that is left to take.

        One that is not possible is left out. Raises `StorageUnavailable`.
        """
        if rung is Rung.OTHER_PORT:
            ports = await self._whereabouts.spare_ports(self.port)
            if ports and await self._answers_at(ports, why):
                return Rung.REOPEN
            rung = self._next(Ailment.MUTE) or Rung.REOPEN
        if rung is Rung.USB and not await self._may_reset_usb():
            return self._ladder.instead(self._clock(), spares=self.share.serves_another) or Rung.REOPEN
        return rung

    async def _may_reset_usb(self) -> bool:
        try:
            await self._whereabouts.ensure_resettable(self.port)
        except ResetFailure as failure:
            why = str(failure)
            if why not in self._left_out:
                self._left_out.add(why)
                logger.info("recovery step left out", modem=self._board.name, step=_WORDS[Rung.USB], reason=why)
            return False
        return True

    async def _answers_at(self, ports: Collection[str], why: str) -> bool:
        self._begin(Rung.OTHER_PORT, why)
        try:
            answers = await self._whereabouts.turn_aside(ports)
        except OSError as error:
            self._failed(Rung.OTHER_PORT, _told(error))
            return False
        yet = "which has yet to show that it helped" if answers else "in vain"
        self._board.note(remedy=f"tried {_WORDS[Rung.OTHER_PORT]}, {yet}")
        return answers

    def _begin(self, rung: Rung, why: str) -> None:
        logger.warning("recovery", modem=self._board.name, step=_WORDS[rung], reason=why)
        self._board.note(remedy=f"trying {_WORDS[rung]}")

    def _failed(self, rung: Rung, why: str) -> None:
        logger.warning("recovery step failed", modem=self._board.name, step=_WORDS[rung], error=why)
        self._board.note(remedy=f"{_WORDS[rung]} could not be tried: {why}")

    async def _take(self, rung: Rung) -> None:
        if rung is Rung.POWER:
            await self._cycle_power()
            return
        if rung is Rung.USB:
            await self._whereabouts.reset_usb(self.port, self._pace.usb_limit_s)
            return
        config, pace = self._config, self._pace
        async with (
            self._whereabouts.hold(self.port),
            Link.open(self.port, config.baud, pace=pace.modem, trace=self._trace) as link,
        ):
            link.on_pdu = self._keep
            match rung:
                case Rung.RESELECT:
                    await revival.find_network_anew(link)
                case Rung.RADIO:
                    await revival.switch_radio(link, pace.radio_off_s)
                case _:
                    own = (config.reset_command,) if config.reset_command else ()
                    await revival.restart(link, own or self.profile.reset_commands)

    async def _cycle_power(self) -> None:
        config, pace = self._config, self._pace
        if elsewhere := await self._whereabouts.away_from_outlet(self.port):
            raise PowerFailure(elsewhere)
        self.is_switching_power = True
        try:
            await revival.cycle_power(config.power_hub, config.power_port, pace.power_off_s, pace.power_limit_s)
        finally:
            self.is_switching_power = False


def _ailment(error: Exception) -> Ailment | None:
    """Say what a fault shows; None for what calls for nothing else than to open the port again."""
    match error:
        case LinkLost() | Rebooted():
            return None
        case Refused():
            return Ailment.UNFIT
        case LinkError():
            return Ailment.MUTE
        case ModemMissing():
            return Ailment.GONE
        case OSError():
            return Ailment.GONE if error.errno in _ABSENT else None
    return None


def _told(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
