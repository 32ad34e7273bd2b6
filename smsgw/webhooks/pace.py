"""How patient the sender of webhooks is, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The waiting times of the sender but those after a failure, which are policy, and how much it does at a time."""

    answer_s: float = 15.0  # for the whole answer
    look_s: float = 5.0  # until it is seen what another process has changed
    storage_retry_s: float = 5.0
    width: int = 8  # requests under way to one webhook
    patience: float = 1.0  # factor of every pause after a failure
