"""What is tried: what there is to prove an outcome with, how the gateway ends, and what may come of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

MODEMS = 2


class End(Enum):
    """How the gateway ends, as the table calls it."""

    KILL = "kills"
    STRICT = "power cuts that leave what was synced"
    LUCKY = "power cuts that leave some of the rest, too"
    BY_ITSELF = "ended by itself"


class Power(Enum):
    """What loses its power."""

    COMPUTER = "the computer, while the modems have a supply of their own"
    MODEMS_TOO = "the computer and its modems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What there is to prove an outcome with, what is configured where there is nothing, and how the gateway ends."""

    name: str
    reports: bool
    record: bool
    uncertain: str = "fail"
    uncertain_after_s: int = 15
    power: Power | None = None  # what loses it, instead of the gateway its life

    @property
    def can_prove(self) -> bool:
        """Tell whether there is something to prove every outcome with; a modem that starts again can prove nothing."""
        return (self.reports or self.record) and self.power is not Power.MODEMS_TOO

    @property
    def never(self) -> tuple[str, ...]:
        """Name the figures that break a promise when they are not 0."""
        if self.can_prove:
            return (*NEVER, "lost", "sent twice")
        return (*NEVER, "lost" if self.uncertain == "resend" else "sent twice")

    @property
    def needed(self) -> tuple[str, ...]:
        """Name the figures that prove nothing when they are 0."""
        ends = (End.STRICT, End.LUCKY) if self.power else (End.KILL,)
        return (*NEEDED, *(end.value for end in ends))

    def reports_on_the_way(self, figures: Mapping[str, int]) -> int:
        """Bound the reports that the ends of a run may have lost; the gateway never saw them."""
        ends = sum(figures[end.value] for end in End)
        return ends * MODEMS * (REPORTS_PER_RESTART if self.power is Power.MODEMS_TOO else REPORTS_PER_KILL)

    def broken(self, figures: Mapping[str, int]) -> list[str]:
        """Say which figures break a promise."""
        most = dict.fromkeys(self.never, 0) | {"sent, its report lost": self.reports_on_the_way(figures)}
        return [f"{row}: {figures[row]}, at most {limit}" for row, limit in most.items() if figures[row] > limit]

    def missing(self, figures: Mapping[str, int]) -> list[str]:
        """Say which figures are too few to prove that no promise was broken."""
        return [f"{row}: 0, too few to prove anything" for row in self.needed if not figures[row]]


NEVER = (
    "ended by itself",
    "database damaged",
    "promised and not stored",
    "stored twice",
    "without an end",
    "in doubt, not labelled",
    "lost without a word",
    "incoming lost",
    "incoming stored twice",
    "events never told",
    "events told, not stored",
    "events told out of order",
    "events told in other words",
)
NEEDED = ("messages", "incoming", "in doubt at some time", "events", "events told again")

# Of each modem: the end of the gateway loses what is on the line. A modem that restarts hands over nothing until the
# next start has told it to (CNMI): 0.7 reports a cut were measured with lives of 3 to 6 s, 0.2 with lives up to 3 s.
REPORTS_PER_KILL = 1
REPORTS_PER_RESTART = 2

SCENARIOS = (
    Scenario(name="reports", reports=True, record=True),
    Scenario(name="record", reports=False, record=True),
    Scenario(name="neither-fail", reports=False, record=False),
    Scenario(name="neither-resend", reports=False, record=False, uncertain="resend"),
    Scenario(name="power", reports=True, record=True, power=Power.COMPUTER),
    Scenario(name="all-power-fail", reports=True, record=True, power=Power.MODEMS_TOO),
    Scenario(name="all-power-resend", reports=True, record=True, power=Power.MODEMS_TOO, uncertain="resend"),
)
