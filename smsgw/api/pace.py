"""How patient the stream of events is, and how many listen at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """All waiting times of the stream, and its bounds."""

    heartbeat_s: float = 15.0  # of silence
    stall_s: float = 30.0  # until a listener that does not read, or does not confirm, is given up
    look_s: float = 5.0  # until it is seen what another process has written, or which token may no longer listen
    retry_s: float = 3.0  # after which a listener that was cut off comes back
    most: int = 256  # streams in all; one token may hold a quarter of them
