"""Tells systemd how the daemon is doing (sd_notify(3)); without systemd it says nothing."""

import os
import socket


class Notifier:
    """The notification socket, if there is one."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        watchdog = os.environ.get("WATCHDOG_USEC", "")
        # WATCHDOG_PID names whom the interval is meant for: a child must not feed its parent's dog.
        mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        # Nobody can be fed every 0 seconds: a zero counts as no watchdog.
        microseconds = int(watchdog) if watchdog.isdecimal() and mine else 0
        self.watchdog_s = microseconds / 1_000_000 or None

    def take_longer(self, seconds: float) -> None:
        """Ask for so long from now on, where the time that systemd gives would be over earlier."""
        self.tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def tell(self, *assignments: str) -> None:
        """Send assignments such as READY=1; a systemd that cannot be reached is no reason to stop."""
        if not self._address:
            return
        # An abstract address is written with @ for its leading NUL.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            try:
                channel.sendto("\n".join(assignments).encode(), address)
            except OSError:
                return
