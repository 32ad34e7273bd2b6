"""What is tried: what there is to prove an outcome with, how the gateway ends, and what may come of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What there is to prove an outcome with, what is configured where there is nothing, and how the gateway ends."""

    name: str
    reports: bool
    record: bool
    uncertain: str = "fail"
    uncertain_after_s: int = 15
    power: bool = False  # the computer loses its power, instead of the gateway its life

    @property
    def never(self) -> tuple[str, ...]:
        """Name the figures that break a promise when they are not 0."""
        return (*NEVER, "lost" if self.uncertain == "resend" else "sent twice")


NEVER = (
    "ended by itself",
    "database damaged",
    "promised and not stored",
    "stored twice",
    "without an end",
    "in doubt, not labelled",
    "lost without a word",
    "incoming lost",
)

SCENARIOS = (
    Scenario(name="reports", reports=True, record=True),
    Scenario(name="record", reports=False, record=True),
    Scenario(name="neither-fail", reports=False, record=False),
    Scenario(name="neither-resend", reports=False, record=False, uncertain="resend"),
    Scenario(name="power", reports=True, record=True, power=True),
)
