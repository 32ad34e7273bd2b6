"""What the kernel and udev tell of serial devices on USB: which there are, what they belong to, how they are called.

Reads the trees /sys and /dev, in tests below another root, and opens no device.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tty:
    """One serial device: its path, the USB interface it belongs to, and its lasting names, where udev has made some.

    `kind` is class, subclass and protocol of the interface, two hexadecimal digits each.
    """

    path: str
    interface: int
    kind: str
    by_path: str | None = None
    by_id: str | None = None

    @property
    def best_name(self) -> str:
        """The name that survives a restart, if there is one."""
        return self.by_path or self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDevice:
    """One device on the bus with its serial devices, in the order of their interfaces.

    `appearance` is another one after each time it is plugged in. `vendor` and `product` are four hexadecimal digits.
    `node` is the path by which the device as a whole is reached.
    """

    appearance: str
    node: str
    vendor: str
    product: str
    serial: str
    maker: str
    model: str
    ttys: tuple[Tty, ...]

    @property
    def socket(self) -> str:
        """Where it is plugged in, as the kernel calls that, such as 1-1.4."""
        return self.appearance.partition(" ")[0]

    @property
    def make(self) -> tuple[str, str, str]:
        """What names under /dev/serial/by-id are made of."""
        return self.vendor, self.product, self.serial


def plugged_in(root: Path = ROOT) -> list[UsbDevice]:
    """List the USB devices that have serial devices, in the order of their sockets."""
    by_path, by_id = _links(root / "dev/serial/by-path"), _links(root / "dev/serial/by-id")
    ttys: defaultdict[Path, list[Tty]] = defaultdict(list)
    for name, interface in _interfaces(root / "sys/class/tty"):
        # What is unplugged while it is read is not there.
        with contextlib.suppress(OSError, ValueError):
            kind = "".join(_read(interface, f"bInterface{part}") for part in ("Class", "SubClass", "Protocol"))
            tty = Tty(
                path=str(root / "dev" / name),
                interface=int(_read(interface, "bInterfaceNumber"), 16),
                kind=kind.lower(),
                by_path=by_path.get(name),
                by_id=by_id.get(name),
            )
            ttys[interface.parent].append(tty)
    return [device for folder in sorted(ttys) if (device := _device(folder, ttys[folder], root)) is not None]


def _interfaces(ttys: Path) -> Iterator[tuple[str, Path]]:
    """Find the USB interface above each serial device: of a ttyACM the next folder, of a ttyUSB the one after that."""
    for link in sorted(ttys.glob("*/device")):
        for folder in (link.resolve(), *link.resolve().parents[:2]):
            if (folder / "bInterfaceNumber").is_file():
                yield link.parent.name, folder
                break


def _device(folder: Path, ttys: list[Tty], root: Path) -> UsbDevice | None:
    try:
        bus, number = _read(folder, "busnum"), _read(folder, "devnum")
        return UsbDevice(
            appearance=f"{folder.name} {bus}:{number}",
            node=str(root / "dev/bus/usb" / bus.zfill(3) / number.zfill(3)),
            vendor=_read(folder, "idVendor").lower(),
            product=_read(folder, "idProduct").lower(),
            serial=_said(folder, "serial"),
            maker=_said(folder, "manufacturer"),
            model=_said(folder, "product"),
            ttys=tuple(sorted(ttys, key=lambda tty: (tty.interface, tty.path))),
        )
    except OSError:
        return None


def _said(folder: Path, name: str) -> str:
    """Read what a device says of itself, which may be nothing."""
    try:
        return _read(folder, name)
    except OSError:
        return ""


def _read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8", errors="replace").strip()


def _links(folder: Path) -> dict[str, str]:
    """Map the names of devices to the links that lead to them; of several to one device, the first."""
    found: dict[str, str] = {}
    for link in sorted(folder.glob("*")):
        with contextlib.suppress(OSError):
            found.setdefault(Path(os.readlink(link)).name, str(link))
    return found
