"""The vocabulary of refusals: whose numbering, which vendor's dialect, what it means, what to do.

Knows no numbers: they stand in `error_table`.
"""

from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """Which numbering an error belongs to."""

    CMS = "cms"  # +CMS ERROR: message service
    CME = "cme"  # +CME ERROR: the modem itself
    PLAIN = "plain"  # ERROR and its relatives, without any number


class Vendor(StrEnum):
    """Families of modems that give the same number different meanings."""

    QUECTEL = "quectel"  # EC2x, EG, EP, M95
    SIMCOM = "simcom"  # SIM800, SIM900, SIM7x00, A76xx
    CINTERION = "cinterion"  # also Siemens, Gemalto, Thales
    TELIT = "telit"
    WAVECOM = "wavecom"  # also Sierra's Fastrack
    SIERRA = "sierra"  # EM, MC, HL
    MOTOROLA = "motorola"  # g20
    UBLOX = "u-blox"
    HUAWEI = "huawei"
    ITEGNO = "itegno"


class Action(StrEnum):
    """What to do about a refusal; a verdict lists them in the order to try."""

    FIX = "fix"  # the PDU or the configuration is wrong: never repeat it unchanged
    PERMANENT = "permanent"  # this recipient cannot be reached
    RETRY = "retry"  # later, with a growing pause
    RETRY_NOW = "retry_now"  # at once, at most twice, then later
    SLOW_DOWN = "slow_down"  # later, and let the whole SIM rest for a moment
    OTHER_SIM = "other_sim"  # another SIM or operator may succeed
    SIM_FAULT = "sim_fault"  # count it against the SIM; suspend the SIM after several in a row
    REINIT = "reinit"  # set the modem up again
    RESET_MODEM = "reset_modem"  # restart the modem if setting it up again did not help
    UNKNOWN_OUTCOME = "unknown_outcome"  # it may have been sent nevertheless
    WAIT = "wait"  # nothing is wrong with the message: wait for the SIM, the network or the modem
    CLEAN_STORE = "clean_store"  # make room in the message store first
    DUPLICATE_ACCEPTED = "duplicate_accepted"  # the service centre has it from an earlier attempt
    PIN_FLOW = "pin_flow"  # ask the SIM what it waits for
    STOP_SIM = "stop_sim"  # a person must look at this SIM; trying again makes it worse
    UNSUPPORTED = "unsupported"  # this modem does not know the command: do without
    SKIP = "skip"  # there is nothing at that place
    IGNORE = "ignore"  # harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The meaning of an error, what to do in which order, and how long to wait first, in seconds, if that is known."""

    meaning: str
    actions: tuple[Action, ...]
    wait_s: float | None = None
    code: int | None = None

    def advises(self, action: Action) -> bool:
        """Tell whether `action` is among what to do."""
        return action in self.actions
