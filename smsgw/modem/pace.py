"""How patient we are with modems: every waiting time and number of tries of this room, in one place.

The limits of single commands stand in `at.commands`; `limit_factor` stretches them.
"""

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds and counts; the defaults are those of real modems."""

    limit_factor: float = 1.0  # stretches the time limit of every command
    open_s: float = 10.0  # until a port or a TCP connection must be open
    escape_s: float = 0.1  # between ESC and CR
    drain_s: float = 0.3  # this long a silence means that stale output has ended
    drain_limit_s: float = 5.0  # a modem that never falls silent is talked to nevertheless
    probe_s: float = 1.0  # for the answer to a mere AT; the first one may wake a sleeping UART
    probe_pause_s: float = 2.0
    probes: int = 20  # a modem may take 40 s from plug to first answer
    overhear_s: float = 1.2  # a port that tells positions does so every second
    ask_again_s: float = 5.0  # before a port that may be a modem's is asked again who it is; doubles up to the last
    ask_again_last_s: float = 60.0
    settle_s: float = 0.2  # silence after the OK that proves that nothing else was still to come
    stranger_gap_s: float = 0.05  # between commands to a modem that has not said yet of which make it is
    final_grace_s: float = 5.0  # for the OK behind a reference that has already come
    abort_s: float = 3.0  # for the answer to our ESC
    radio_s: float = 5.0  # after the radio was switched on, commands still fail
    slot_s: float = 2.0  # around the command that chooses another SIM
    pin_poll_s: float = 2.0
    pin_polls: int = 30  # until READY, also after the PIN was entered
    no_sim_polls: int = 7
    boot_s: float = 60.0  # start-up lines of the start before ours still come for this long
    busy_s: float = 1.5  # before a command is repeated that found the SIM busy
    busy_polls: int = 40  # the SIM may be busy for a minute after power-on

    @classmethod
    def hurried(cls, factor: float, **changes: float) -> "Pace":
        """All times multiplied by `factor`, for modems that are programs."""
        real = cls()
        times: dict[str, Any] = {
            f.name: value * factor for f in fields(cls) if isinstance(value := getattr(real, f.name), float)
        }
        return replace(real, **times | changes)
