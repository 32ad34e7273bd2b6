"""The USB bus of the virtual modems: what a computer would show of them in /sys and /dev."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sim_client import Client

from simmodem import EC25, Stick, UsbBus, VirtualModems

NETWORK_CARD = Stick(vendor="1546", product="1102", maker="u blox", model="SARA U2", serial="7", ttys="ttyACM")


@pytest.fixture
def bus(tmp_path: Path) -> UsbBus:
    return UsbBus(tmp_path / "root")


def links(bus: UsbBus, folder: str) -> dict[str, str]:
    place = bus.root / "dev/serial" / folder
    return {link.name: os.readlink(link) for link in place.iterdir()} if place.exists() else {}


def test_a_stick_shows_its_interfaces_and_what_it_says_of_itself(bus: UsbBus) -> None:
    bus.plug("1-1.2", EC25, {2: "/dev/pts/9"})
    tty = bus.root / "sys/class/tty/ttyUSB2"
    interface = (tty / "device").resolve().parent
    facts = {name: (interface / name).read_text() for name in ("bInterfaceNumber", "bInterfaceClass")}
    assert facts == {"bInterfaceNumber": "02\n", "bInterfaceClass": "ff\n"}
    assert (interface.parent / "idVendor").read_text() == "2c7c\n"
    assert not (interface.parent / "serial").exists()
    assert os.readlink(bus.root / "dev/ttyUSB2") == "/dev/pts/9"


def test_a_modem_of_the_communications_class_is_the_interface_itself(bus: UsbBus) -> None:
    bus.plug("1-1.2", NETWORK_CARD, {})
    device = (bus.root / "sys/class/tty/ttyACM0/device").resolve()
    assert (device / "bInterfaceNumber").exists()
    assert list(links(bus, "by-id")) == ["usb-u_blox_SARA_U2_7-if00"]


def test_two_sticks_alike_have_one_name_by_id_and_two_by_path(bus: UsbBus) -> None:
    bus.plug("1-1.1", EC25, {})
    bus.plug("1-1.2", EC25, {})
    assert links(bus, "by-id")["usb-Quectel_EC25-if02-port0"] == "../../ttyUSB6"
    assert {name[-13:]: target for name, target in links(bus, "by-path").items() if ":1.2-" in name} == {
        "1.1:1.2-port0": "../../ttyUSB2",
        "1.2:1.2-port0": "../../ttyUSB6",
    }


def test_ttys_get_the_lowest_numbers_that_are_free_unless_told(bus: UsbBus) -> None:
    for socket in ("1-1.1", "1-1.2"):
        bus.plug(socket, EC25, {})
    bus.unplug("1-1.1")
    bus.plug("1-1.3", EC25, {})
    bus.plug("1-1.4", EC25, {}, number=20)
    assert [bus.name(socket, 2) for socket in ("1-1.2", "1-1.3", "1-1.4")] == ["ttyUSB6", "ttyUSB2", "ttyUSB22"]


def test_nothing_is_left_of_what_was_unplugged(bus: UsbBus) -> None:
    bus.plug("1-1.1", EC25, {})
    bus.unplug("1-1.1")
    bus.unplug("1-1.1")
    left = [path for path in bus.root.rglob("*") if not path.is_dir()]
    assert left == []


def test_a_device_has_a_node_where_nodes_are_asked_for(tmp_path: Path) -> None:
    bus = UsbBus(tmp_path, has_nodes=True)
    bus.plug("1-1.1", EC25, {})
    assert (tmp_path / "dev/bus/usb/001/001").is_file()
    bus.unplug("1-1.1")
    assert not list((tmp_path / "dev/bus/usb/001").iterdir())


async def test_a_reset_gives_a_device_other_ttys_and_leaves_it_its_number(tmp_path: Path, bus: UsbBus) -> None:
    async with VirtualModems(tmp_path / "modems", 2, bus=bus) as vm:
        vm.fault(0, "usb_reset", number=8)
        assert (bus.number_of("1-1.1"), bus.name("1-1.1", 2)) == (1, "ttyUSB10")
        vm.fault(0, "unplug")
        with pytest.raises(ValueError, match=r"nothing in 1-1\.1"):
            vm.fault(0, "usb_reset")


def test_a_socket_takes_one_device(bus: UsbBus) -> None:
    bus.plug("1-1.1", EC25, {})
    with pytest.raises(ValueError, match="there is something"):
        bus.plug("1-1.1", EC25, {})


async def test_a_modem_moves_to_another_socket_and_another_name(tmp_path: Path, bus: UsbBus) -> None:
    async with VirtualModems(tmp_path / "modems", 2, bus=bus) as vm:
        vm.fault(0, "replug", socket="1-1.5", number=8)
        for index, path in ((0, bus.path("1-1.5", 2)), (1, bus.path("1-1.2", 2))):
            with Client(path) as client:
                assert vm.modems[index].imei.encode() in await client.ask("AT+CGSN")
        assert bus.name("1-1.5", 2) == "ttyUSB10"


async def test_who_takes_the_socket_of_another_one_stays_in_it(tmp_path: Path, bus: UsbBus) -> None:
    async with VirtualModems(tmp_path / "modems", 2, bus=bus) as vm:
        for index in range(2):
            vm.fault(index, "unplug")
        vm.fault(0, "replug", socket="1-1.2")
        vm.fault(1, "replug", socket="1-1.1")
        with Client(bus.path("1-1.2", 2)) as client:
            assert vm.modems[0].imei.encode() in await client.ask("AT+CGSN")


async def test_a_modem_with_two_ports_answers_where_it_is_asked_and_may_be_deaf_at_the_first(
    tmp_path: Path, bus: UsbBus
) -> None:
    async with VirtualModems(tmp_path / "modems", 1, bus=bus, stick=replace(EC25, spare=3)) as vm:
        imei = vm.modems[0].imei.encode()
        with Client(bus.path("1-1.1", 2)) as first, Client(bus.path("1-1.1", 3)) as second:
            assert imei in await first.ask("AT+CGSN")
            assert imei in await second.ask("AT+CGSN")
            assert vm.is_spoken_to_at_spare(0)
            vm.fault(0, "deafen")
            first.write(b"AT+CGMI\r")
            assert imei in await second.ask("AT+CGSN")
            assert (first.unread, vm.is_spoken_to_at_spare(0)) == (b"", True)
        vm.fault(0, "replug")
        with Client(bus.path("1-1.1", 2)) as client:
            assert imei in await client.ask("AT+CGSN")
