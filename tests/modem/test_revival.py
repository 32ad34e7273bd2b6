"""What brings a modem round: what is said to one that answers, one that does not, and to the hub it hangs on."""

import os
import signal
import time
from pathlib import Path

import pytest
from scripted_peer import IMPATIENT, PACE, Peer, framed, until

from smsgw.modem import revival
from smsgw.modem.link import Link, LinkLost, Refused
from smsgw.modem.profiles import PROFILES, named
from smsgw.modem.revival import PowerFailure, ResetFailure

OK = framed("OK")


async def test_the_radio_is_switched_off_and_on(peer: Peer) -> None:
    peer.answers |= {"AT+CFUN=0": OK, "AT+CFUN=1": OK}
    async with Link.open(peer.address, pace=PACE) as link:
        await revival.switch_radio(link, 0.01)
    assert peer.commands == ["AT+CFUN=0", "AT+CFUN=1"]


async def test_a_modem_that_answers_nothing_is_given_its_orders_all_the_same(peer: Peer) -> None:
    peer.answers |= {"AT+CFUN=0": "", "AT+CFUN=1": "", "AT+COPS=2": "", "AT+COPS=0": "", "AT+CRESET": ""}
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await revival.switch_radio(link, 0.01)
        await revival.find_network_anew(link)
        await revival.restart(link, ("AT+CRESET", "AT+CFUN=1,1"))
    await until(lambda: len(peer.commands) == 5)
    assert peer.commands == ["AT+CFUN=0", "AT+CFUN=1", "AT+COPS=2", "AT+COPS=0", "AT+CRESET"]


async def test_an_order_is_given_to_a_modem_that_still_waits_for_a_message(peer: Peer) -> None:
    peer.answers["AT+CFUN=1,1"] = OK
    async with Link.open(peer.address, pace=PACE) as link:
        peer._prompting = True
        await revival.restart(link, ("AT+CFUN=1,1",))
    assert peer.commands == ["AT+CFUN=1,1"]
    assert peer.bodies == []


async def test_a_modem_that_refuses_its_own_way_to_restart_gets_the_common_one(peer: Peer) -> None:
    peer.answers |= {"AT^RESET": framed("COMMAND NOT SUPPORT"), "AT+CFUN=1,1": OK}
    async with Link.open(peer.address, pace=PACE) as link:
        await revival.restart(link, named("huawei").reset_commands)
    assert peer.commands == ["AT^RESET", "AT+CFUN=1,1"]


async def test_a_modem_that_refuses_every_way_to_restart_says_so(peer: Peer) -> None:
    async with Link.open(peer.address, pace=PACE) as link:
        with pytest.raises(Refused):
            await revival.restart(link, ("AT+CRESET", "AT+CFUN=1,1"))


async def test_a_port_that_goes_with_the_restart_is_no_failure(peer: Peer) -> None:
    def vanish() -> str:
        peer.unplug()
        return ""

    peer.answers["AT+CFUN=1,1"] = vanish
    async with Link.open(peer.address, pace=PACE) as link:
        await revival.restart(link, ("AT+CFUN=1,1",))
        with pytest.raises(LinkLost):
            await revival.switch_radio(link, 0.01)


@pytest.mark.parametrize("name", [profile.name for profile in PROFILES])
def test_every_make_has_a_way_to_restart_and_none_that_only_switches_it_off(name: str) -> None:
    commands = named(name).reset_commands
    assert commands[-1] == "AT+CFUN=1,1"
    assert not {"AT^SMSO", "AT+QPOWD=1", "AT+CPOWD=1", "AT+CPOF"} & set(commands)


# ── power ──


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that comes first where programs are looked for."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    return tmp_path


def install(programs: Path, script: str, name: str = "uhubctl") -> None:
    program = programs / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


async def test_a_hub_is_told_which_port_and_for_how_long(programs: Path) -> None:
    install(programs, f'echo "$@" > {programs}/told')
    await revival.cycle_power("1-1.4", 2, 10.0, 5.0)
    assert (programs / "told").read_text() == "-l 1-1.4 -p 2 -a cycle -d 10\n"


async def test_what_a_hub_complains_of_is_told(programs: Path) -> None:
    install(programs, 'echo "No compatible devices detected!" >&2; exit 1')
    with pytest.raises(PowerFailure, match=r"failed \(1\): No compatible devices detected!"):
        await revival.cycle_power("1-1.4", 2, 10.0, 5.0)


async def test_a_program_that_is_not_there_is_named(programs: Path) -> None:
    with pytest.raises(PowerFailure, match="uhubctl is not installed"):
        await revival.cycle_power("1-1.4", 2, 10.0, 5.0)


async def test_a_program_that_may_not_be_run_is_named(programs: Path) -> None:
    (programs / "uhubctl").write_bytes(b"")
    (programs / "uhubctl").chmod(0o755)
    with pytest.raises(PowerFailure, match="cannot be run"):
        await revival.cycle_power("1-1.4", 2, 10.0, 5.0)


async def test_a_hub_that_hangs_is_given_up(programs: Path) -> None:
    install(programs, "exec sleep 60")
    began = time.monotonic()
    with pytest.raises(PowerFailure, match="did not end within"):
        await revival.cycle_power("1-1.4", 2, 10.0, 0.2)
    assert time.monotonic() - began < 30


# ── the USB device ──

NODE = "dev/bus/usb/001/007"


@pytest.fixture
def node(tmp_path: Path) -> str:
    path = tmp_path / NODE
    path.parent.mkdir(parents=True)
    path.touch()
    return str(path)


@pytest.fixture
def alone(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory where programs are looked for."""
    monkeypatch.setenv("PATH", str(programs))
    return programs


async def test_a_usb_device_is_named_by_its_bus_and_its_number(programs: Path, node: str) -> None:
    install(programs, f'echo "$@" > {programs}/told; echo "Resetting EC25 ... ok"', "usbreset")
    revival.ensure_resettable(node)
    await revival.reset_usb(node, 5.0)
    assert (programs / "told").read_text() == "001/007\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('echo "Resetting EC25 ... failed [Operation not permitted]"', r"failed \(0\): .* \[Operation not permitted\]"),
        ('echo "Resetting EC25 ... can\'t open [Permission denied]"', r"can't open \[Permission denied\]"),
        ('echo "No such device found"', "No such device found"),
        ('echo "No such device found" >&2; exit 1', r"failed \(1\): No such device found"),
        ('echo "Resetting EC25 ... ok"; exit 3', r"failed \(3\)"),
        ("true", "without a word"),
    ],
)
async def test_a_reset_is_one_only_if_the_program_says_so(programs: Path, node: str, script: str, told: str) -> None:
    install(programs, script, "usbreset")
    with pytest.raises(ResetFailure, match=told):
        await revival.reset_usb(node, 5.0)


async def test_a_reset_that_hangs_is_given_up_even_where_something_outlives_its_program(
    programs: Path, node: str
) -> None:
    install(programs, f"sleep 60 & echo $! > {programs}/survivor; wait", "usbreset")
    began, opened = time.monotonic(), len(os.listdir("/proc/self/fd"))
    with pytest.raises(ResetFailure, match=r"did not end within 0\.5 s"):
        await revival.reset_usb(node, 0.5)
    assert time.monotonic() - began < 30
    os.kill(int((programs / "survivor").read_text()), signal.SIGKILL)
    await until(lambda: len(os.listdir("/proc/self/fd")) == opened)


async def test_a_program_that_may_not_reset_anything_is_named(programs: Path, node: str) -> None:
    (programs / "usbreset").write_bytes(b"")
    (programs / "usbreset").chmod(0o755)
    with pytest.raises(ResetFailure, match="cannot be run"):
        await revival.reset_usb(node, 5.0)


def test_without_leave_to_write_to_its_node_a_device_is_not_tried(programs: Path, node: str) -> None:
    install(programs, "true", "usbreset")
    Path(node).unlink()
    with pytest.raises(ResetFailure, match="cannot be written to: install the udev rules"):
        revival.ensure_resettable(node)


def test_without_the_program_a_device_is_not_tried(alone: Path, node: str) -> None:
    with pytest.raises(ResetFailure, match="install the package usbutils"):
        revival.ensure_resettable(node)
