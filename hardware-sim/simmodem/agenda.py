"""The simulation's time: what is to happen when. Knows no clock; whoever hosts it says what time it is."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Appointment:
    """One action that is still to happen, unless it is cancelled."""

    action: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Agenda:
    """Actions ordered by time; times are seconds of the host's monotonic clock."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._order = itertools.count()
        self._heap: list[tuple[float, int, Appointment]] = []

    def after(self, delay_s: float, action: Callable[[], None]) -> Appointment:
        """Plan an action `delay_s` seconds from now; equal times keep the order of planning."""
        appointment = Appointment(action)
        heapq.heappush(self._heap, (self.now + max(0.0, delay_s), next(self._order), appointment))
        return appointment

    def next_due(self) -> float | None:
        """Say when `advance` is needed next; None while nothing is planned."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, now: float) -> None:
        """Move the time to `now` and do what has fallen due, in order."""
        self.now = max(self.now, now)
        while (due := self.next_due()) is not None and due <= self.now:
            heapq.heappop(self._heap)[2].action()
