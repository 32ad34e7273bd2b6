"""The link: one AT dialogue over one open port, one command in flight, with time limits.

Names every fault by what may be concluded from it (`faults`). A command that is given up half-way, by a time-out or by
cancellation, poisons the link: whatever is tried next raises, and the owner closes it and opens it again. A dead port
or a restart resolves the command in flight and rings `on_urc`; the next use of the link raises, so that the owner's
loop ends by exception at a place of its own choosing and no result that has arrived is cut off by a cancellation.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.engine import Phase
from smsgw.at.events import Done, Prompt, Settled, Urc
from smsgw.at.urcs import BootSign
from smsgw.modem.faults import (
    LinkError,
    LinkLost,
    LinkMisuse,
    NoAtPort,
    NotSent,
    OutcomeUnknown,
    Poisoned,
    Rebooted,
    Refused,
    Silent,
    is_noise,
    what_it_sounds_like,
)
from smsgw.modem.pace import Pace
from smsgw.modem.port import Port, open_port
from smsgw.modem.trace import WireTrace
from smsgw.modem.wire import Elapsed, Wire

__all__ = [
    "Link",
    "LinkError",
    "LinkLost",
    "LinkMisuse",
    "NotSent",
    "OutcomeUnknown",
    "Poisoned",
    "Rebooted",
    "Refused",
    "Reply",
    "Silent",
]

_RECOVERY_PROBE = 3  # the try at which a modem that answers with numbers, or not at all, is called to order


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The lines of a successful answer."""

    lines: tuple[str, ...] = ()


class Link:
    """One AT dialogue over one open port; make it with `open`. Set `vendor` and the delays once they are known."""

    def __init__(self, port: Port, pace: Pace, trace: WireTrace | None = None) -> None:
        self.pace = pace
        self.vendor: str | None = None
        self.command_gap_s = 0.0
        self.prompt_delay_s = 0.0
        self._wire = Wire(port, pace.limit_factor, trace)
        self._command: Command | None = None
        self._out_of_step = False
        self._last_final = 0.0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: str, baud: int = 115200, *, pace: Pace | None = None, trace: WireTrace | None = None
    ) -> AsyncIterator["Link"]:
        """Open a port for as long as the block lasts; raises `PortError`, an `OSError` that says what to do."""
        pace = pace or Pace()
        port = await open_port(address, baud, limit_s=pace.open_s)
        try:
            yield cls(port, pace, trace)
        finally:
            await port.close()

    @property
    def address(self) -> str:
        """Where the port is."""
        return self._wire.address

    # ── what the modem says unasked ──

    @property
    def on_urc(self) -> Callable[[], None]:
        """The bell: called when there is news, and when the link has failed. A hint; `take_urcs` is the truth."""
        return self._wire.on_news

    @on_urc.setter
    def on_urc(self, bell: Callable[[], None]) -> None:
        self._wire.on_news = bell

    @property
    def on_pdu(self) -> Callable[[str], None]:
        """Called at once with every PDU that the modem hands over unasked, besides its place among the news."""
        return self._wire.on_pdu

    @on_pdu.setter
    def on_pdu(self, keep: Callable[[str], None]) -> None:
        self._wire.on_pdu = keep

    @property
    def has_news(self) -> bool:
        """Tell whether `take_urcs` has something to give, or to raise."""
        return self._wire.has_news

    def take_urcs(self) -> list[Urc]:
        """Take the news in order; once there is none left and the link has failed, raises its failure."""
        return self._wire.take_urcs()

    def drain_urcs(self) -> list[Urc]:
        """Take the news in order, whatever the state of the link."""
        return self._wire.drain_urcs()

    def watch_for_reboot(self, sign: BootSign | None, *, grace_s: float = 0.0) -> None:
        """Treat lines that tell of a restart at least so surely as the end of the session; `None` ignores them all.

        For `grace_s` seconds, late signs that have not come yet are taken for those of the start before the session.
        """
        self._wire.boot_watch.expect(sign, self._wire.now() + grace_s)

    # ── commands ──

    async def command(self, command: Command) -> Reply:
        """Send one command and wait for its answer.

        Raises `Refused`; for an ordinary command `Silent`, `LinkLost`, `Rebooted` or `Poisoned`; for one with a body
        `NotSent` or `OutcomeUnknown`, of which the second is only raised after the body was written.
        """
        with self._flight(command):
            return await (self._ask(command) if command.body is None else self._submit(command))

    async def overhear(self, seconds: float) -> None:
        """Listen without a word; raises `NoAtPort` if it is plain that nobody there takes commands."""
        await self._wire.quiet(seconds, seconds)
        self.check_noise()

    def check_noise(self) -> None:
        """Raise `NoAtPort` if what came so far is positions or binary data."""
        if is_noise(self._wire.sample):
            raise NoAtPort(f"{self._wire.address}: {what_it_sounds_like(self._wire.sample)}")

    async def synchronise(self) -> None:
        """Make sure that the next answer belongs to the next command: leave a stuck prompt, drain, probe.

        Raises `Silent` if the modem does not answer at all, `LinkLost` if the port is gone.
        """
        with self._flight(commands.attention()):
            await self._leave_prompt()
            await self._probe_until_clean()

    async def order(self, command: Command) -> bool:
        """Order something from a modem that may not answer, out of step as it may be; tells whether it has said OK.

        Raises `Refused`, and `LinkLost` if the port is gone, as it may be with a modem that restarts.
        """
        with self._flight(command):
            await self._leave_prompt()
            await self._wire.quiet(self.pace.drain_s, self.pace.drain_limit_s)
            self._wire.engine.resume()
            self._wire.start(command, command.timeout_s)
            try:
                await self._result(command)
            except Silent:
                self._wire.engine.abandon()
                return False
        return True

    async def _leave_prompt(self) -> None:
        self._wire.check()
        self._wire.engine.abandon()
        self._wire.write(b"\x1b")
        await self._wire.quiet(self.pace.escape_s, self.pace.drain_limit_s)
        self._wire.write(b"\r")

    @contextmanager
    def _flight(self, command: Command) -> Iterator[None]:
        if self._command is not None:
            raise LinkMisuse(f"{command.shown} while {self._command.shown} is in flight")
        self._command = command
        engine = self._wire.engine
        try:
            yield
        except BaseException as error:
            if engine.phase is not Phase.IDLE:
                why = type(error).__name__
                self._wire.fail(Poisoned(f"{command.shown} was given up half-way ({why}): open the port again"))
            raise
        finally:
            self._command = None

    async def _ask(self, command: Command) -> Reply:
        await self._catch_up()
        self._wire.start(command, command.timeout_s)
        return await self._result(command)

    async def _submit(self, command: Command) -> Reply:
        try:
            await self._catch_up()
            self._wire.start(command, command.prompt_timeout_s)
            await self._await_prompt(command)
            body = self._wire.engine.send_body()
            self._wire.limit(command.timeout_s)
            self._wire.write(body)
        except Refused:
            raise
        except LinkError as error:
            raise NotSent(f"{command.shown} was not sent: {error}") from error
        try:
            return await self._result(command)
        except Refused:
            raise
        except LinkError as error:
            raise OutcomeUnknown(f"no result of {command.shown}: {error}") from error

    async def _catch_up(self) -> None:
        """Leave slow modems their pause, and find the place again after an answer whose end was lost."""
        self._wire.check()
        pause = self._last_final + self.command_gap_s * self.pace.limit_factor - self._wire.now()
        if pause > 0:
            await asyncio.sleep(pause)
        if self._out_of_step:
            self._wire.engine.abandon()
            await self._probe_until_clean()
            self._out_of_step = False
        self._wire.check()

    async def _await_prompt(self, command: Command) -> None:
        """Wait until the body may be written; a refusal may come instead of the prompt, or right behind it."""
        try:
            while not isinstance(event := await self._wire.next(), Prompt):
                self._raise_refusal(command, event)
        except Elapsed:
            await self._escape()
        await asyncio.sleep(self.prompt_delay_s * self.pace.limit_factor)
        self._wire.check()
        if self._wire.engine.phase is not Phase.PROMPTED:
            self._raise_refusal(command, await self._wire.next())

    async def _escape(self) -> None:
        self._wire.write(self._wire.engine.abort())
        self._wire.limit(self.pace.abort_s / self.pace.limit_factor)
        try:
            while not isinstance(await self._wire.next(), Done):
                pass
        except Elapsed:
            raise NotSent("no prompt came, and no answer to ESC") from None
        self._out_of_step = True  # the prompt may still come
        raise NotSent("no prompt came")

    async def _result(self, command: Command) -> Reply:
        """Wait for the end; once the settling line has come, nothing that goes wrong afterwards is unknown."""
        settled: Reply | None = None
        try:
            while not isinstance(event := await self._wire.next(), Done):
                if isinstance(event, Settled):
                    settled = Reply(lines=event.lines)
                    self._wire.limit(self.pace.final_grace_s / self.pace.limit_factor)
        except Elapsed:
            if settled is None:
                raise Silent(f"{command.shown} was not answered in time") from None
            self._out_of_step = True
            return settled
        except LinkError:
            if settled is None:
                raise
            return settled
        if settled is None:
            self._raise_refusal(command, event)
        self._last_final = self._wire.now()
        return settled if settled and not event.final.ok else Reply(lines=event.lines)

    def _raise_refusal(self, command: Command, event: object) -> None:
        if isinstance(event, Done) and not event.final.ok:
            self._last_final = self._wire.now()
            raise Refused(command, event.final, self.vendor)

    # ── synchronisation ──

    async def _probe_until_clean(self) -> None:
        for attempt in range(self.pace.probes):
            if attempt:
                await self._wire.quiet(self.pace.probe_pause_s, self.pace.probe_pause_s)
            await self._wire.quiet(self.pace.drain_s, self.pace.drain_limit_s)
            self._wire.engine.resume()
            if await self._probe(commands.recover_results() if attempt == _RECOVERY_PROBE else commands.attention()):
                return
            self._wire.engine.abandon()
        raise Silent(f"{self._wire.address} does not answer; {what_it_sounds_like(self._wire.sample)}")

    async def _probe(self, command: Command) -> bool:
        """Exactly one answer, then silence: a second OK would be a late one, and so might the first have been."""
        self._wire.stray_finals = 0
        self._wire.start(command, self.pace.probe_s / self.pace.limit_factor)
        try:
            while not isinstance(event := await self._wire.next(), Done):
                pass
        except Elapsed:
            return False
        await self._wire.quiet(self.pace.settle_s, self.pace.drain_limit_s)
        return event.final.ok and not self._wire.stray_finals
