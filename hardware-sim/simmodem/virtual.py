"""Puts a simulation together: one agenda, one network, N modems, N ptys. The only module that asks for the time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simmodem.agenda import Agenda
from simmodem.device import Fault
from simmodem.illness import Cure
from simmodem.ledger import Ledger
from simmodem.modem import VirtualModem
from simmodem.network import Network, Range, Rule
from simmodem.profiles import GENERIC, Profile
from simmodem.pty_host import WHOLE, Line, PtyHost
from simmodem.stages import Observer, Stage
from simmodem.usb_bus import EC25, Stick, UsbBus

# Faults of the port; those of the modem itself are `Fault`.
UNPLUG = "unplug"  # the pty closes, the symlink goes
DEAFEN = "deafen"  # nothing gets through the first port of a stick with two, until it is plugged in again
USB_RESET = "usb_reset"  # new ptys, and on a bus other ttys, of the device that is there; see `Cure.USB`
REPLUG = "replug"  # a new pty behind the same symlink, on a bus where it is told; the modem has restarted meanwhile


def _now() -> datetime:
    return datetime.now(UTC).astimezone()


class VirtualModems:
    """N modems on ptys `directory/modem0`… over one SMS centre; an asynchronous context manager.

    `network_time`, `report_delay` and `link_time` are ranges in seconds, drawn uniformly with `seed`; see `Network`.
    `profile` is one for all modems or one for each. What one of them sends to one of `numbers` arrives at the modem in
    that place. The directory is made when it is missing; entering raises OSError when no pty can be had.

    With a `bus`, each is a `stick` in a socket of its own, at first the sockets 1-1.1, 1-1.2 and so on. A stick with a
    spare port has a second pty, `modem0-spare` and so on; the modem speaks where it was spoken to last.

    `observer` is called with the number of a modem and the `Stage` that it has just reached. Until it returns the
    simulation stands still, with all that the modem has written in the pty, as far as that takes it; on a line with a
    speed some of it is still on its way.
    """

    def __init__(
        self,
        directory: Path | str,
        count: int = 1,
        *,
        network_time: Range = (0.0, 0.0),
        report_delay: Range = (0.0, 0.0),
        link_time: Range = (0.0, 0.0),
        link_kept_s: float = 3.0,
        rules: Sequence[Rule] = (),
        numbers: Sequence[str] = (),
        profile: Profile | Sequence[Profile] = GENERIC,
        line: Line = WHOLE,
        seed: int = 0,
        ledger_path: Path | str | None = None,
        observer: Observer | None = None,
        bus: UsbBus | None = None,
        stick: Stick = EC25,
    ) -> None:
        profiles = [profile] * count if isinstance(profile, Profile) else list(profile)
        if len(profiles) != count:
            raise ValueError(f"{len(profiles)} profiles for {count} modems")
        if len(numbers) > count:
            raise ValueError(f"{len(numbers)} numbers for {count} modems")
        self.directory = Path(directory)
        self.paths = [self.directory / f"modem{index}" for index in range(count)]
        self._agenda = Agenda()
        self._timer: asyncio.TimerHandle | None = None
        self.network = Network(
            self._agenda,
            _now,
            seed=seed,
            network_time=network_time,
            report_delay=report_delay,
            link_time=link_time,
            link_kept_s=link_kept_s,
            rules=rules,
            numbers=numbers,
            ledger=Ledger(Path(ledger_path) if ledger_path else None),
        )
        self.modems = [
            VirtualModem(
                index=index, profile=each, network=self.network, agenda=self._agenda, seed=seed, noise=line.urcs
            )
            for index, each in enumerate(profiles)
        ]
        self._hosts = [PtyHost(path, line, partial(self._receive, index)) for index, path in enumerate(self.paths)]
        self._spares = [
            PtyHost(path.with_name(f"{path.name}-spare"), line, partial(self._receive, index, at_spare=True))
            for index, path in enumerate(self.paths if bus is not None and stick.spare is not None else [])
        ]
        self._at_spare: set[int] = set()  # the modems that were spoken to there last
        self._deaf: set[int] = set()  # those that cannot be spoken to elsewhere
        self._bus = bus
        self._stick = stick
        self._sockets = [f"1-1.{index + 1}" for index in range(count)]
        if observer is not None:
            for modem in self.modems:
                modem.terminal.on_stage = partial(self._show, observer, modem.index)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.directory.mkdir, parents=True, exist_ok=True)
        self._loop = asyncio.get_running_loop()
        try:
            for index in range(len(self._hosts)):
                self._plug(index)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*(host.close() for host in (*self._hosts, *self._spares)))

    def device(self, index: int) -> str:
        """Name the pty a modem has at the moment, e.g. /dev/pts/3."""
        return self._hosts[index].device

    def incoming(self, index: int, sender: str, text: str, *, message_class: int | None = None) -> None:
        """Let somebody send a text to modem `index`; raises ValueError for an impossible sender."""
        self._step()
        self.network.incoming(self._known(index), sender, text, message_class=message_class)
        self._step()

    def incoming_pdu(self, index: int, pdu: str) -> None:
        """Let the network deliver any PDU (hex, with service centre address); raises ValueError for what is not hex."""
        self._step()
        self.network.incoming_pdu(self._known(index), pdu)
        self._step()

    def fault(self, index: int, kind: str, **parameters: Any) -> None:
        """Make something go wrong: a fault of the port, or a `Fault` with what `VirtualModem.fault` takes.

        On a bus, "replug" takes the `socket` and the `number` of the first tty; without them, the modem returns to its
        socket, and the ttys get the lowest numbers that are free. "usb_reset" takes the `number`.
        """
        modem = self.modems[self._known(index)]
        self._step()
        if kind == UNPLUG:
            modem.fall_silent()
            self._unplug(index)
        elif kind == REPLUG:
            self._unplug(index)
            modem.illnesses.cure(Cure.POWER)
            modem.reboot(0.0)
            self._plug(index, **parameters)
        elif kind == USB_RESET:
            again = self._bus.number_of(self._sockets[index]) if self._bus is not None else None
            self._unplug(index)
            modem.reset_bus()
            self._plug(index, again=again, **parameters)
        elif kind == DEAFEN:
            self._deaf.add(index)
        else:
            modem.fault(Fault(kind), **parameters)
        self._step()

    def _plug(
        self, index: int, *, socket: str | None = None, number: int | None = None, again: int | None = None
    ) -> None:
        host = self._hosts[index]
        host.plug()
        ports = {self._stick.commands: host.device}
        if self._spares and self._stick.spare is not None:
            self._spares[index].plug()
            ports[self._stick.spare] = self._spares[index].device
        if self._bus is not None:
            self._sockets[index] = socket or self._sockets[index]
            self._bus.plug(self._sockets[index], self._stick, ports, number=number, again=again)

    def _unplug(self, index: int) -> None:
        was_plugged = self._hosts[index].is_plugged
        self._hosts[index].unplug()
        for spare in self._spares[index : index + 1]:
            spare.unplug()
        self._at_spare.discard(index)
        self._deaf.discard(index)
        # Its socket may have been given to another one since.
        if self._bus is not None and was_plugged:
            self._bus.unplug(self._sockets[index])

    def is_heard(self, index: int) -> bool:
        """Tell whether the computer has read all that modem `index` has written."""
        return self._spoken_to(self._known(index)).is_heard

    def is_spoken_to_at_spare(self, index: int) -> bool:
        """Tell whether the computer has written to the spare port of modem `index` last."""
        return self._known(index) in self._at_spare

    def lose_input(self, index: int) -> None:
        """Lose what the computer has written and modem `index` has not taken, as when a port closes in the middle."""
        self._hosts[self._known(index)].lose_input()
        self.modems[index].terminal.lose_input()

    def _show(self, observer: Observer, index: int, stage: Stage) -> None:
        self._say(index, self.modems[index].take_output())
        self._spoken_to(index).flush()
        observer(index, stage)

    def _say(self, index: int, output: list[bytes]) -> None:
        if index in self._at_spare or index not in self._deaf:
            self._spoken_to(index).write(output)

    def _spoken_to(self, index: int) -> PtyHost:
        return self._spares[index] if index in self._at_spare else self._hosts[index]

    def _known(self, index: int) -> int:
        if not 0 <= index < len(self.modems):
            raise ValueError(f"modem {index} does not exist; there are {len(self.modems)}")
        return index

    def _receive(self, index: int, data: bytes, *, at_spare: bool = False) -> None:
        if index in self._deaf and not at_spare:
            return
        (self._at_spare.add if at_spare else self._at_spare.discard)(index)
        self._agenda.advance(self._loop.time())
        self.modems[index].feed(data)
        self._step()

    def _step(self) -> None:
        """Do what is due, write what came of it, and come back when more is due."""
        self._agenda.advance(self._loop.time())
        for modem in self.modems:
            if output := modem.take_output():
                self._say(modem.index, output)
        if self._timer is not None:
            self._timer.cancel()
        due = self._agenda.next_due()
        self._timer = None if due is None else self._loop.call_at(due, self._step)
