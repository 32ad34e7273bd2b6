"""A computer with a USB bus of files and real ptys, each with somebody at its far end."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_peer import PACE, Peer, framed, plugged_in

from simmodem import EC25, Stick, UsbBus
from smsgw.modem.finder import Finder, ModemMissing

NORTH, SOUTH, NOBODY = "490154203237518", "356938035643809", "352099001761481"
PATIENT = replace(PACE, ask_again_s=60.0, ask_again_last_s=60.0)
EAGER = replace(PACE, ask_again_s=0.0, ask_again_last_s=0.0, probe_s=0.1)
STRANGE = Stick(vendor="dead", product="beef", interfaces=(0, 1))
POOL = Stick(vendor="0403", product="6011", interfaces=(0, 1))


class Desk:
    """A computer with sockets, and people to sit at the ports."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.bus = UsbBus(root)
        self._stack = stack

    def peer(self, imei: str | None = None) -> Peer:
        """Somebody at a port: a modem with this IMEI, or one who answers to nothing."""
        peer = self._stack.enter_context(plugged_in())
        peer.answers = {"AT": framed("OK"), "AT+CGSN": framed(imei, "OK")} if imei else {"AT": ""}
        return peer

    def plug(self, socket: str, stick: Stick, *peers: Peer | None) -> None:
        """Plug a stick in; the peers sit at its interfaces, in order."""
        ports = {
            interface: peer.address
            for interface, peer in zip(stick.interfaces, peers, strict=False)
            if peer is not None
        }
        self.bus.plug(socket, stick, ports)

    def modem(self, socket: str, imei: str, stick: Stick = EC25) -> Peer:
        """Plug in a stick whose modem has this IMEI; nobody sits at its other ports."""
        peer = self.peer(imei)
        self.bus.plug(socket, stick, {stick.commands: peer.address})
        return peer

    def finder(self, *given: str, patient: bool = True, owners: dict[str, str] | None = None) -> Finder:
        return Finder(PATIENT if patient else EAGER, given, self.bus.root, owners)


async def missing(finder: Finder, imei: str = NOBODY) -> str:
    with pytest.raises(ModemMissing) as told:
        await finder.find(imei)
    return str(told.value)
