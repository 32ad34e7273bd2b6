"""What the daemon tells systemd, over a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smsgw.notify import Notifier


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.settimeout(5)
        yield receiver


@pytest.fixture(autouse=True)
def nothing_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)


def test_systemd_hears_that_the_daemon_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "уведомления")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    with listening(path) as systemd:
        notifier = Notifier()
        notifier.tell("READY=1", "STATUS=готов")
        notifier.tell("WATCHDOG=1")
        assert systemd.recv(4_096).decode() == "READY=1\nSTATUS=готов"
        assert systemd.recv(4_096) == b"WATCHDOG=1"


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"smsgw-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with listening(f"\0{name}") as systemd:
        Notifier().tell("READY=1")
        assert systemd.recv(4_096) == b"READY=1"


def test_without_systemd_nothing_happens() -> None:
    notifier = Notifier()
    notifier.tell("READY=1")
    assert notifier.watchdog_s is None


@pytest.mark.parametrize("address", ["/nowhere/at/all", "@smsgw-nobody-listens", "vsock:2:1234", "/" + "a" * 200])
def test_a_systemd_that_cannot_be_reached_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    Notifier().tell("READY=1")


def test_a_systemd_that_went_away_is_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    with listening(str(path)) as systemd:
        notifier = Notifier()
        notifier.tell("READY=1")
        assert systemd.recv(4_096) == b"READY=1"
    notifier.tell("WATCHDOG=1")
    path.unlink()
    notifier.tell("STOPPING=1")


@pytest.mark.parametrize(
    ("microseconds", "seconds"),
    [("60000000", 60.0), ("500000", 0.5), ("", None), ("0", None), ("-1", None), ("soon", None), ("²", None)],
)
def test_the_watchdogs_interval_is_read(monkeypatch: pytest.MonkeyPatch, microseconds: str, seconds: float) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    assert Notifier().watchdog_s == seconds


def test_the_watchdog_of_another_process_is_not_fed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert Notifier().watchdog_s == 60
    monkeypatch.setenv("WATCHDOG_PID", str(os.getppid()))
    assert Notifier().watchdog_s is None
