"""What is read from /sys and /dev, and which port of a device is asked first."""

from pathlib import Path

import pytest

from simmodem import EC25, Stick, UsbBus
from smsgw.modem.families import FAMILIES, UNKNOWN, family_of, ports_to_ask, separately
from smsgw.modem.usb import Tty, UsbDevice, plugged_in


@pytest.fixture
def bus(tmp_path: Path) -> UsbBus:
    return UsbBus(tmp_path)


def device(vendor: str, product: str, *interfaces: int, kinds: dict[int, str] | None = None) -> UsbDevice:
    return UsbDevice(
        appearance="1-1 1:5",
        node="/dev/bus/usb/001/005",
        vendor=vendor,
        product=product,
        serial="",
        maker="",
        model="",
        ttys=tuple(
            Tty(path=f"/dev/ttyUSB{interface}", interface=interface, kind=(kinds or {}).get(interface, "ffffff"))
            for interface in interfaces
        ),
    )


def asked(device: UsbDevice) -> list[int]:
    return [tty.interface for tty in ports_to_ask(device)]


# ── what is there ──


def test_a_stick_is_listed_with_all_its_ports_and_their_lasting_names(bus: UsbBus) -> None:
    bus.plug("1-1.2", EC25, {})
    (stick,) = plugged_in(bus.root)
    assert (stick.vendor, stick.product, stick.maker, stick.model) == ("2c7c", "0125", "Quectel", "EC25")
    assert [tty.interface for tty in stick.ttys] == [0, 1, 2, 3]
    assert [tty.path for tty in stick.ttys] == [str(bus.path("1-1.2", interface)) for interface in range(4)]
    third = stick.ttys[2]
    assert third.by_path == f"{bus.root}/dev/serial/by-path/platform-3f980000.usb-usb-0:1.2:1.2-port0"
    assert third.by_id == f"{bus.root}/dev/serial/by-id/usb-Quectel_EC25-if02-port0"
    assert third.best_name == third.by_path


def test_a_device_is_reached_as_a_whole_by_the_numbers_of_its_bus_and_its_own(bus: UsbBus) -> None:
    for socket in ("1-1.1", "1-1.2"):
        bus.plug(socket, EC25, {})
    nodes = [stick.node for stick in plugged_in(bus.root)]
    assert nodes == [str(bus.root / "dev/bus/usb/001" / number) for number in ("001", "002")]


def test_a_modem_of_the_communications_class_is_listed_too(bus: UsbBus) -> None:
    bus.plug("1-1.2", Stick(vendor="1546", product="1102", kinds={0: "020201"}, ttys="ttyACM"), {})
    (stick,) = plugged_in(bus.root)
    assert [(Path(tty.path).name, tty.kind) for tty in stick.ttys] == [("ttyACM0", "020201")]


def test_what_is_not_on_usb_is_not_listed(bus: UsbBus) -> None:
    uart = bus.root / "sys/devices/platform/3f201000.serial/tty/ttyAMA0"
    uart.mkdir(parents=True)
    (uart / "device").symlink_to("../..")
    (bus.root / "sys/class/tty/ttyAMA0").symlink_to(uart)
    (bus.root / "sys/class/tty/tty0").mkdir()
    assert plugged_in(bus.root) == []


def test_a_computer_without_such_trees_has_no_modems(tmp_path: Path) -> None:
    assert plugged_in(tmp_path / "nowhere") == []


def test_what_is_being_unplugged_is_not_there(bus: UsbBus) -> None:
    bus.plug("1-1.2", EC25, {})
    bus.plug("1-1.3", EC25, {})
    (bus.root / "sys/devices/usb1/1-1.2/devnum").unlink()
    (bus.root / "sys/devices/usb1/1-1.3/1-1.3:1.2/bInterfaceClass").unlink()
    (left,) = plugged_in(bus.root)
    assert left.appearance.startswith("1-1.3 ")
    assert [tty.interface for tty in left.ttys] == [0, 1, 3]


def test_each_plugging_in_is_another_appearance(bus: UsbBus) -> None:
    bus.plug("1-1.2", EC25, {})
    (before,) = plugged_in(bus.root)
    bus.unplug("1-1.2")
    bus.plug("1-1.2", EC25, {})
    (after,) = plugged_in(bus.root)
    assert before.appearance != after.appearance
    assert before.ttys == after.ttys


def test_two_sticks_of_one_make_have_one_name_by_id_between_them(bus: UsbBus) -> None:
    bus.plug("1-1.2", EC25, {})
    bus.plug("1-1.3", EC25, {})
    first, second = plugged_in(bus.root)
    assert first.make == second.make
    assert [tty.by_id for tty in first.ttys] == [None] * 4
    assert None not in [tty.by_id for tty in second.ttys]


# ── whom to ask ──


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (device("2c7c", "0125", 0, 1, 2, 3), [2, 3]),
        (device("1e0e", "9001", 0, 1, 2, 3, 4), [2, 3]),
        (device("1e0e", "9011", 2, 4, 5), [4, 5]),
        (device("1199", "9071", 0, 2, 3), [3]),
        (device("1bc7", "1201", 0, 3, 4, 5), [4, 5]),
        (device("1546", "1102", 0, 2, 4), [0, 2, 4]),
        (device("1546", "01a7", 0), []),  # a receiver of positions
        (device("19d2", "0031", 0, 1, 2, 3), [1, 3, 2, 0]),
        (device("1e2d", "0061", 0, 2, 4), [2, 0]),
        (device("12d1", "1001", 0, 1, 2), [2, 0]),
        (device("12d1", "1506", 0, 1, kinds={0: "ff0212", 1: "ff0201"}), [0, 1]),
        (device("12d1", "1c05", 0, 1, 2, kinds={0: "ff0201", 1: "ff0203", 2: "ff0202"}), [2, 0]),
        (device("dead", "beef", 0, 1, 3), [0, 1, 3]),
        (device("dead", "beef", 0, 1, 3, kinds={3: "020201"}), [3, 0, 1]),
    ],
    ids=lambda value: f"{value.vendor}:{value.product}" if isinstance(value, UsbDevice) else None,
)
def test_the_port_that_takes_commands_is_asked_first_and_a_mute_one_never(found: UsbDevice, order: list[int]) -> None:
    assert asked(found) == order


def test_no_row_of_the_table_is_out_of_reach() -> None:
    for place, family in enumerate(FAMILIES):
        for product in family.products or ("ffff",):
            kinds = {0: f"ffff{family.commands[0]:02x}"} if family.by_protocol else None
            assert family_of(device(family.vendor, product, 0, kinds=kinds)) is family, f"row {place}, {family.name}"


def test_no_row_of_the_table_contradicts_itself() -> None:
    for family in FAMILIES:
        assert not set(family.commands) & set(family.mute)
        assert len(set(family.commands)) == len(family.commands)


def test_what_the_table_does_not_know_takes_no_commands_for_certain() -> None:
    stranger = device("dead", "beef", 0)
    assert family_of(stranger) is UNKNOWN
    assert not UNKNOWN.takes_commands(stranger.ttys[0])


def test_each_port_of_a_converter_is_a_device_of_its_own_and_they_come_last() -> None:
    pool, stick = device("0403", "6011", 0, 1, 2, 3), device("2c7c", "0125", 0, 1, 2, 3)
    apart = separately([pool, stick])
    assert [len(one.ttys) for one in apart] == [4, 1, 1, 1, 1]
    assert len({one.appearance for one in apart}) == 5
