"""Child processes that do not outlive the program that started them, however that ends."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> None:
    """Call in the child before it becomes another program: left behind, a gateway would open ptys of later runs."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
