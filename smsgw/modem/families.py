"""Which serial device of a USB device takes commands, as data: one row for each family of modems. Pure.

Interfaces are numbered as on the bus (bInterfaceNumber). A row is where asking begins; what answers decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from smsgw.modem.usb import Tty, UsbDevice

_V250 = "020201"  # a communications interface that takes AT commands (USB CDC 1.2 §5.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of modems, or other devices with serial ports.

    `commands` are the interfaces that take AT commands, first the one that also tells the news; `mute` those that are
    never written to: diagnostics, positions, audio. With `by_protocol`, both are values of bInterfaceProtocol instead.
    Without `products`, the row fits all of the vendor's. What `is_converter` leads to as many devices as it has ports.
    `news` are the commands, by interface, that let another one than the first tell the news.
    """

    name: str
    vendor: str
    products: tuple[str, ...] = ()
    commands: tuple[int, ...] = ()
    mute: tuple[int, ...] = ()
    by_protocol: bool = False
    is_converter: bool = False
    news: tuple[tuple[int, str], ...] = ()

    def fits(self, device: UsbDevice) -> bool:
        """Tell whether a device belongs to this family."""
        if device.vendor != self.vendor or (self.products and device.product not in self.products):
            return False
        return not self.by_protocol or any(self.takes_commands(tty) for tty in device.ttys)

    def takes_commands(self, tty: Tty) -> bool:
        """Tell whether the row names this port as one for commands."""
        return self._number(tty) in self.commands

    def ports(self, ttys: Iterable[Tty]) -> tuple[Tty, ...]:
        """Put the ports that may be asked in order, the best first; the mute ones are left out."""
        return tuple(sorted((tty for tty in ttys if self._number(tty) not in self.mute), key=self._rank))

    def news_commands(self, tty: Tty) -> tuple[str, ...]:
        """List the commands without which a port would not tell the news."""
        return tuple(command for number, command in self.news if number == self._number(tty))

    def _number(self, tty: Tty) -> int:
        return int(tty.kind[4:], 16) if self.by_protocol else tty.interface

    def _rank(self, tty: Tty) -> tuple[bool, int, bool]:
        number = self._number(tty)
        known = self.commands.index(number) if number in self.commands else len(self.commands)
        return known == len(self.commands), known, tty.kind != _V250


# The first that fits is chosen: narrower rows stand before wider ones of the same vendor.
FAMILIES: tuple[Family, ...] = (
    Family(
        name="Quectel EC2x, EG25, EP06, RM5xx",
        vendor="2c7c",
        products=("0121", "0125", "0191", "0195", "0296", "0306", "0512", "0800"),
        commands=(2, 3),
        mute=(0, 1),
        news=((3, 'AT+QURCCFG="urcport","usbmodem"'),),
    ),
    Family(name="SIMCom SIM7100, 7500, 7600", vendor="1e0e", products=("9001",), commands=(2, 3), mute=(0, 1, 4)),
    Family(name="SIMCom SIM7070, 7080", vendor="1e0e", products=("9205", "9206"), commands=(2,), mute=(0, 1)),
    Family(name="SIMCom A7670, A7672", vendor="1e0e", products=("9011",), commands=(4, 5), mute=(2,)),
    Family(
        name="Sierra MC74xx, EM74xx, EM75xx",
        vendor="1199",
        products=("9071", "9079", "9091", "68c0"),
        commands=(3,),
        mute=(0, 2),
    ),
    Family(name="Sierra HL78xx", vendor="1199", products=("c001",), commands=(0,)),
    Family(name="Telit LE910", vendor="1bc7", products=("1201", "1040", "1060"), commands=(4, 5), mute=(0, 3)),
    Family(name="Telit LE910, other layout", vendor="1bc7", products=("1041",), commands=(5, 6), mute=(0,)),
    Family(name="Telit ME910, NE910", vendor="1bc7", products=("1031", "1101"), commands=(1, 2), mute=(0,)),
    Family(name="Telit UC864", vendor="1bc7", products=("1003",), commands=(0, 2)),
    Family(name="u-blox SARA-U2, TOBY-L2", vendor="1546", products=("1102", "1107", "110a"), commands=(0, 2, 4)),
    Family(name="u-blox TOBY-L4", vendor="1546", products=("1010",), commands=(6,)),
    Family(
        name="u-blox positioning",
        vendor="1546",
        products=("01a4", "01a5", "01a6", "01a7", "01a8", "01a9"),
        mute=tuple(range(8)),
    ),
    Family(name="u-blox LARA-R6", vendor="05c6", products=("908b",), commands=(1, 2)),
    Family(
        name="Huawei",
        vendor="12d1",
        by_protocol=True,
        commands=(0x12, 0x02, 0x10, 0x01),  # the ports that tell the news before those that dial
        mute=(0x03, 0x13, 0x05, 0x14, 0x16, 0xA1, 0xA2),
    ),
    Family(name="Huawei, classic", vendor="12d1", commands=(2, 0), mute=(1,)),
    Family(name="ZTE", vendor="19d2", commands=(1, 3, 2)),
    Family(name="Cinterion EHS", vendor="1e2d", products=("0061",), commands=(2, 0), mute=(4,)),
    Family(name="Cinterion PLS, ELS", vendor="1e2d", products=("005b", "005d", "0069"), commands=(0, 2), mute=(4,)),
    Family(name="FTDI", vendor="0403", is_converter=True),
    Family(name="Prolific", vendor="067b", is_converter=True),
    Family(name="WCH", vendor="1a86", is_converter=True),
    Family(name="Silicon Labs", vendor="10c4", is_converter=True),
    Family(name="MosChip", vendor="9710", is_converter=True),
)
UNKNOWN = Family(name="unknown", vendor="")


def family_of(device: UsbDevice) -> Family:
    """Choose the row of a device."""
    return next((family for family in FAMILIES if family.fits(device)), UNKNOWN)


def ports_to_ask(device: UsbDevice) -> tuple[Tty, ...]:
    """Put the ports of a device that may take commands in order, the best first."""
    return family_of(device).ports(device.ttys)


def separately(devices: Iterable[UsbDevice]) -> list[UsbDevice]:
    """Make of a converter as many devices as it has ports; they come last, for nobody knows what is behind them."""
    whole: list[UsbDevice] = []
    single: list[UsbDevice] = []
    for device in devices:
        if not family_of(device).is_converter:
            whole.append(device)
            continue
        single += [replace(device, appearance=behind(device, tty), ttys=(tty,)) for tty in device.ttys]
    return whole + single


def behind(converter: UsbDevice, tty: Tty) -> str:
    """Give the appearance of what is behind one port of a converter."""
    return f"{converter.appearance} {tty.path}"
