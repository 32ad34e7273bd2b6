"""Telling a restart in the middle of a session from what a modem prints after the start that came before it. Pure."""

from smsgw.at.urcs import BootSign, boot_sign

_FLOOD = "^BOOT"  # some sticks print it every few seconds as long as they live


class BootWatch:
    """Remembers which start-up lines have come, and says which of them means a restart."""

    def __init__(self) -> None:
        self._least: BootSign | None = None
        self._grace_ends = 0.0
        self._seen: set[str] = set()

    def expect(self, least: BootSign | None, grace_ends: float) -> None:
        """Take signs from `least` on for a restart, none if it is `None`; times are those of the event loop."""
        self._least, self._grace_ends = least, grace_ends

    def is_restart(self, line: str, now: float) -> bool:
        """Tell whether `line` means that the modem has restarted since the session began."""
        sign = boot_sign(line)
        if sign is BootSign.NONE:
            return False
        head = _FLOOD if line.startswith(_FLOOD) else line
        is_first_time = head not in self._seen
        self._seen.add(head)
        if self._least is None or sign < self._least:
            return False
        if sign is BootSign.FIRST:
            return True
        if is_first_time and now < self._grace_ends:
            return False
        return is_first_time or head != _FLOOD
