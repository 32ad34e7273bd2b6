"""How often a token may call: a token bucket for each token and path, one second's worth deep.

Knows a monotonic clock and nothing of HTTP.
"""

import math
import time
from collections.abc import Callable

from smsgw.errors import TooManyRequests

# Buckets that are full again are forgotten when there are more than these.
_MANY = 1_024


class RateLimiter:
    """Lets `per_second` calls a second pass; 0 lets all pass. `clock` gives monotonic seconds."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        # When each bucket will be full again says all about it, and a missing one is full.
        self._full_at: dict[tuple[int, str], float] = {}
        self._many = _MANY

    def take(self, token: int, path: str) -> None:
        """Count a call; raises `TooManyRequests` when the bucket is empty."""
        if not self._per_second:
            return
        now = self._clock()
        cost = 1 / self._per_second
        full_at = max(self._full_at.get((token, path), now), now) + cost
        # Sums of fractions of a second are off by some last bits.
        if (excess := full_at - now - 1) > 1e-9:
            wait = max(1, math.ceil(excess))
            raise TooManyRequests(retry_after_s=wait, limit=self._per_second, retry_after=wait)
        self._full_at[token, path] = full_at
        if len(self._full_at) > self._many:
            self._forget_full(now)

    def _forget_full(self, now: float) -> None:
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        # Not to look through the busy ones again at every call.
        self._many = max(_MANY, 2 * len(self._full_at))
