"""How patient the bridge is, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """All waiting times of the bridge."""

    connect_s: float = 5.0  # to reach the broker
    answer_s: float = 10.0  # for the broker to answer
    keepalive_s: int = 30  # without a word, until it is asked whether it is there
    first_backoff_s: float = 1.0
    last_backoff_s: float = 60.0
    refused_s: float = 120.0  # after the broker has refused us by name or password
    farewell_s: float = 0.3
    look_s: float = 5.0  # from one look at the devices to the next
    calm_s: float = 1.0  # the same while there is news
    keep_s: float = 10.0  # until it is stored what has been told
    storage_retry_s: float = 5.0

    def backoff_s(self, failures: int, draw: float, *, refused: bool) -> float:
        """Tell how long to wait after so many failures in a row; `draw` (0 to 1) spreads it by a fifth either way."""
        doubled = self.first_backoff_s * (1 << min(failures - 1, 16))
        pause = self.refused_s if refused else min(doubled, self.last_backoff_s)
        return pause * (0.8 + 0.4 * draw)
