"""How many connections the server holds, in all and from one address, so that nobody can use up the file descriptors.

Knows descriptors and addresses; knows nothing of HTTP.
"""

import resource
import time
from collections import Counter

# Enough for any LAN; modems, database and log need the rest of the descriptors.
_MOST = 4_096
_SHARE_OF_ONE = 4
_QUIET_S = 60.0


def allow_many_files() -> None:
    """Let this process open as many files as the system allows it at all, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST if hard == resource.RLIM_INFINITY else min(hard, 2 * _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Connections:
    """Counts connections; one address may hold a quarter of them, so that one client cannot shut out the others."""

    def __init__(self, most: int | None = None) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        half = _MOST if soft == resource.RLIM_INFINITY else soft // 2
        self._most = min(_MOST, half) if most is None else most
        self._held: Counter[str] = Counter()
        self._quiet_until = 0.0

    def take(self, address: str) -> bool:
        """Count a new connection; False if there are too many."""
        if self._held.total() >= self._most or self._held[address] >= max(1, self._most // _SHARE_OF_ONE):
            return False
        self._held[address] += 1
        return True

    def is_worth_telling(self) -> bool:
        """Tell whether a refusal belongs into the log: one a minute does."""
        if (now := time.monotonic()) < self._quiet_until:
            return False
        self._quiet_until = now + _QUIET_S
        return True

    def release(self, address: str) -> None:
        """A connection that was counted is gone."""
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
