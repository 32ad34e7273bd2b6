"""When what happened on the line between a gateway and a virtual modem; give it to the modems as their observer.

Times are those of `time.monotonic`, taken where the modem stands: what it has written by then is in the pty.
"""

import time
from collections import defaultdict
from collections.abc import Iterator

from simmodem import Stage


class Wire:
    """The stages that each modem reached, in order."""

    def __init__(self) -> None:
        self.reached: dict[int, list[tuple[Stage, float]]] = defaultdict(list)

    def __call__(self, modem: int, stage: Stage) -> None:
        """Write down a stage."""
        self.reached[modem].append((stage, time.monotonic()))

    def times(self, stage: Stage, modem: int = 0) -> list[float]:
        """Return when a modem reached a stage."""
        return [at for each, at in self.reached[modem] if each is stage]

    def between(self, first: Stage, then: Stage, modem: int = 0) -> Iterator[float]:
        """Return the seconds from each `first` to the `then` that follows it before the next `first`."""
        begun: float | None = None
        for stage, at in self.reached[modem]:
            if stage is then and begun is not None:
                yield at - begun
                begun = None
            if stage is first:
                begun = at

    def gaps(self, modem: int = 0) -> list[float]:
        """Return the seconds between each `+CMGS:` and the next `AT+CMGS`."""
        return list(self.between(Stage.REFERENCE, Stage.SUBMISSION, modem))

    def own(self, modem: int = 0) -> list[float]:
        """Return the seconds that the gateway took for each message but the first.

        From the reference of the one before to AT+CMGS, and from the prompt to Ctrl-Z; for messages of one part.
        """
        bodies = list(self.between(Stage.PROMPT, Stage.CTRL_Z, modem))
        return [gap + body for gap, body in zip(self.gaps(modem), bodies[1:], strict=False)]

    def forget(self) -> None:
        """Begin anew."""
        self.reached.clear()
