"""A USB bus as a computer shows it in /sys and /dev, below another root, with ptys for what is in its sockets.

Names are given as the kernel and udev give them: ttys get the lowest free numbers, a link under by-path belongs to a
socket, and one under by-id to a make and serial number, so that two sticks alike have one between them.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CONTROLLER = "platform-3f980000.usb-usb-0"
_VENDOR_SPECIFIC = "ffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stick:
    """A make of USB device with serial ports.

    `interfaces` are their numbers, `commands` the one of them that the modem answers on, and `spare` another one, if
    it has two. `kinds` gives class, subclass and protocol, in hexadecimal, of those that are not vendor-specific.
    `ttys` is how the driver calls them.
    """

    vendor: str
    product: str
    maker: str = ""
    model: str = ""
    serial: str = ""
    interfaces: tuple[int, ...] = (0,)
    commands: int = 0
    spare: int | None = None
    kinds: Mapping[int, str] | None = None
    ttys: str = "ttyUSB"

    def kind(self, interface: int) -> str:
        """Give class, subclass and protocol of an interface."""
        return (self.kinds or {}).get(interface, _VENDOR_SPECIFIC)


EC25 = Stick(vendor="2c7c", product="0125", maker="Quectel", model="EC25", interfaces=(0, 1, 2, 3), commands=2)


class UsbBus:
    """The sockets of one computer; `root` holds its /sys and /dev.

    With `has_nodes`, there are also the nodes below /dev/bus/usb by which a device as a whole is reached.
    """

    def __init__(self, root: Path, *, has_nodes: bool = False) -> None:
        self.root = root
        self._has_nodes = has_nodes
        self._dev = root / "dev"
        self._classes = root / "sys/class/tty"
        self._devices = root / "sys/devices/usb1"
        self._appearances = 0
        self._numbers: dict[str, int] = {}
        self._names: dict[str, dict[int, str]] = {}
        self._links: dict[str, list[Path]] = {}
        for folder in (self._dev, self._classes, self._devices):
            folder.mkdir(parents=True, exist_ok=True)

    def name(self, socket: str, interface: int) -> str:
        """Name the tty that an interface of the device in a socket has at present, such as ttyUSB2."""
        return self._names[socket][interface]

    def path(self, socket: str, interface: int) -> Path:
        """Give the path of that tty."""
        return self._dev / self.name(socket, interface)

    def number_of(self, socket: str) -> int:
        """Give the number that the bus has for the device in a socket; raises ValueError if there is none."""
        if socket not in self._numbers:
            raise ValueError(f"there is nothing in {socket}")
        return self._numbers[socket]

    def plug(
        self,
        socket: str,
        stick: Stick,
        ports: Mapping[int, str],
        *,
        number: int | None = None,
        again: int | None = None,
    ) -> None:
        """Plug a device in; `ports` leads from its interfaces to ptys, those left out lead nowhere.

        The ttys are numbered from `number` on, or get the lowest numbers that are free. A device that is there `again`,
        after a reset, keeps the number that the bus had for it. Raises ValueError for a socket that is taken.
        """
        if socket in self._names:
            raise ValueError(f"there is something in {socket}")
        if again is None:
            self._appearances += 1
        self._numbers[socket] = again or self._appearances
        self._names[socket], self._links[socket] = {}, []
        said = {"serial": stick.serial, "manufacturer": stick.maker, "product": stick.model}
        devnum = str(self._numbers[socket])
        facts = {"idVendor": stick.vendor, "idProduct": stick.product, "busnum": "1", "devnum": devnum}
        _tell(self._devices / socket, facts | {name: text for name, text in said.items() if text})
        if self._has_nodes:
            self.node(socket).parent.mkdir(parents=True, exist_ok=True)
            self.node(socket).touch()
        for place, interface in enumerate(stick.interfaces):
            name = self._free_name(stick.ttys) if number is None else f"{stick.ttys}{number + place}"
            self._names[socket][interface] = name
            self._add_tty(socket, stick, interface, name, ports.get(interface, f"/nowhere/{name}"))

    def unplug(self, socket: str) -> None:
        """Take away what is in a socket; does nothing when it is empty."""
        if socket in self._numbers:
            self.node(socket).unlink(missing_ok=True)
            del self._numbers[socket]
        for name in self._names.pop(socket, {}).values():
            (self._dev / name).unlink()
            (self._classes / name).unlink()
        for link in self._links.pop(socket, []):
            # One that two share goes with either: udev would let the other have it.
            link.unlink(missing_ok=True)
        shutil.rmtree(self._devices / socket, ignore_errors=True)

    def node(self, socket: str) -> Path:
        """Give the path by which the device in a socket is reached as a whole."""
        return self._dev / "bus/usb/001" / f"{self._numbers[socket]:03}"

    def _free_name(self, ttys: str) -> str:
        number = 0
        while os.path.lexists(self._dev / f"{ttys}{number}"):
            number += 1
        return f"{ttys}{number}"

    def _add_tty(self, socket: str, stick: Stick, interface: int, name: str, port: str) -> None:
        kind = stick.kind(interface)
        folder = self._devices / socket / f"{socket}:1.{interface}"
        parts = {"Class": kind[:2], "SubClass": kind[2:4], "Protocol": kind[4:], "Number": f"{interface:02x}"}
        _tell(folder, {f"bInterface{part}": text for part, text in parts.items()})
        # A ttyUSB is a device below its interface, a ttyACM belongs to the interface itself.
        below = folder / name if stick.ttys == "ttyUSB" else folder
        tty = below / "tty" / name
        tty.mkdir(parents=True)
        (tty / "device").symlink_to(os.path.relpath(below, tty))
        (self._classes / name).symlink_to(os.path.relpath(tty, self._classes))
        (self._dev / name).symlink_to(port)
        number = f"if{interface:02x}" + ("-port0" if stick.ttys == "ttyUSB" else "")
        make = "_".join(word.replace(" ", "_") for word in (stick.maker, stick.model, stick.serial) if word)
        self._link(socket, f"by-path/{_CONTROLLER}:{socket.partition('-')[2]}:1.{interface}-port0", name)
        self._link(socket, f"by-id/usb-{make}-{number}", name)

    def _link(self, socket: str, link: str, name: str) -> None:
        path = self._dev / "serial" / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(f"../../{name}")
        self._links[socket].append(path)


def _tell(folder: Path, facts: Mapping[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in facts.items():
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
