"""The ladder of recovery: what is done to a modem that ails, step by step, and what proves that a step has helped.

The steps stand here as data, and the choice among them; taking them is somebody else's. Times are seconds of any clock
that never goes back, handed in by the caller.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from smsgw.at.errors import Action, Verdict


class Rung(IntEnum):
    """One step, the gentlest first."""

    REOPEN = 1  # its port is closed and opened; ESC, CR, AT call it to order, and it is set up again
    OTHER_PORT = 2  # it is called to order at another port of its own, where it has one
    RESELECT = 3  # it leaves its network and looks for one anew
    RADIO = 4  # its radio and its SIM are switched off and on
    RESET = 5  # it restarts, in its vendor's way
    USB = 6  # the computer resets its USB device
    POWER = 7  # its USB port loses its power for a while


HARD = frozenset({Rung.RESET, Rung.USB, Rung.POWER})
MOST_HARD = 3  # in one window: a modem that starts again and again does nothing else


class Proof(IntEnum):
    """What a modem does that shows it to be well again; each proves those before it, too."""

    ANSWERS = 1  # it was set up and has said how its network is
    REGISTERED = 2
    ACCEPTS = 3  # it has sent a message


class Ailment(Enum):
    """What is wrong with a modem."""

    MUTE = auto()  # it does not answer
    UNFIT = auto()  # it answers, and refuses what nothing works without
    GONE = auto()  # its port has been away for long
    UNSET = auto()  # it says that it must be set up again
    FAULTY = auto()  # it says that it is to blame itself
    ZOMBIE = auto()  # it answers and is registered, and fails every message
    IDLE = auto()  # it does not look for a network
    SEARCHING = auto()  # it has looked for a network for long
    DENIED = auto()  # the network does not serve its SIM; to press on would make that worse


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The steps against an ailment, in order, and what proves that it is over."""

    rungs: tuple[Rung, ...]
    proof: Proof


COURSES: Mapping[Ailment, Course] = {
    Ailment.MUTE: Course(
        rungs=(Rung.REOPEN, Rung.OTHER_PORT, Rung.RADIO, Rung.RESET, Rung.USB, Rung.POWER), proof=Proof.ANSWERS
    ),
    Ailment.UNFIT: Course(rungs=(Rung.REOPEN, Rung.RADIO, Rung.RESET), proof=Proof.ANSWERS),
    Ailment.GONE: Course(rungs=(Rung.POWER,), proof=Proof.ANSWERS),
    Ailment.UNSET: Course(rungs=(Rung.REOPEN,), proof=Proof.ACCEPTS),
    Ailment.FAULTY: Course(rungs=(Rung.REOPEN, Rung.RADIO, Rung.RESET, Rung.USB, Rung.POWER), proof=Proof.ACCEPTS),
    Ailment.ZOMBIE: Course(rungs=(Rung.RADIO, Rung.RESET, Rung.USB, Rung.POWER), proof=Proof.ACCEPTS),
    Ailment.IDLE: Course(rungs=(Rung.RESELECT, Rung.RADIO, Rung.RESET), proof=Proof.REGISTERED),
    Ailment.SEARCHING: Course(rungs=(Rung.RADIO, Rung.RESET), proof=Proof.REGISTERED),
    Ailment.DENIED: Course(rungs=(Rung.RADIO,), proof=Proof.REGISTERED),
}

# While another SIM of the same module is served, nothing that this one would feel is tried for want of a network.
_SPARING = (Rung.RESELECT,)

PATIENCE = 3  # sends in a row that fail as if the modem were to blame, of whichever messages
# What a new start of the dialogue does: it asks the SIM what it waits for, too.
_SETTING_UP = frozenset({Action.REINIT, Action.RESET_MODEM, Action.PIN_FLOW, Action.STOP_SIM})
# Any of these may be the network's fault once; a modem that says nothing else is to blame itself.
_SUSPECT = frozenset({38, 331, 332, 500})
_NO_BEARER = 350  # with some vendors; with others, the number called is wrong


def is_suspect(verdict: Verdict) -> bool:
    """Tell whether a refusal, if it is followed by nothing else, says that the modem fails every message."""
    if verdict.code == _NO_BEARER:
        return verdict.advises(Action.WAIT)
    return verdict.code in _SUSPECT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The step that was chosen last, and what was so before; without `hard_at`, it was not a hard one."""

    ailment: Ailment
    taken: Rung | None
    rests_until: float
    hard_at: float | None


class Ladder:
    """Where one modem stands on its ladder; outlives its sessions.

    `rest_s` after the last step that there was against an ailment, it is begun anew. There are no more than `MOST_HARD`
    hard steps within `window_s`, of all the ladders that share the list `hard_steps`. Without `has_power`, nobody can
    take a modem's power away.
    """

    def __init__(
        self, *, rest_s: float, window_s: float, has_power: bool, hard_steps: deque[float] | None = None
    ) -> None:
        self._rest_s = rest_s
        self._window_s = window_s
        self._has_power = has_power
        self._height: Rung | None = None  # the highest step chosen, also one that was not possible
        self._taken: Rung | None = None
        self._choice: _Choice | None = None
        self._needed = Proof.ANSWERS
        self._rests_until = 0.0
        self._hard: deque[float] = deque(maxlen=MOST_HARD) if hard_steps is None else hard_steps
        self._failed_in_row = 0

    @property
    def is_at_bottom(self) -> bool:
        """Tell whether no step has been taken that has yet to prove itself."""
        return self._height is None

    def next(self, ailment: Ailment, now: float, *, spares: bool = False) -> Rung | None:
        """Choose the next step, which is taken to be taken; `None` if there is nothing to do but wait.

        One that `spares` another SIM, which the module serves, is hard no more than once within the window.
        """
        course = COURSES[ailment]
        rungs = _SPARING if spares and course.proof is Proof.REGISTERED else course.rungs
        possible = [rung for rung in rungs if rung is not Rung.POWER or self._has_power]
        may_be_hard = self._may_be_hard(now, 1 if spares else MOST_HARD)
        higher = [rung for rung in possible if self._height is None or rung > self._height]
        if not may_be_hard and Rung.USB in higher:
            # Nobody knows yet whether it is possible, so it is not waited for.
            higher.remove(Rung.USB)
        if not higher and now >= self._rests_until:
            higher = possible
        if not higher or (higher[0] in HARD and not may_be_hard):
            return Rung.REOPEN if Rung.REOPEN in possible else None
        self._take(higher[0], ailment, now)
        return higher[0]

    def instead(self, now: float, *, spares: bool = False) -> Rung | None:
        """Choose, as `next`, what follows on the step chosen last, which is not possible and so was not taken."""
        if self._choice is None:
            return None
        choice, self._choice = self._choice, None
        self._taken, self._rests_until = choice.taken, choice.rests_until
        if choice.hard_at is not None:
            self._hard.remove(choice.hard_at)
        return self.next(choice.ailment, now, spares=spares)

    def _may_be_hard(self, now: float, most: int) -> bool:
        return len(self._hard) < most or now - self._hard[-most] > self._window_s

    def undergo(self, rung: Rung, now: float) -> None:
        """Take a step for taken that was taken for another SIM of the module."""
        self._height = self._taken = max(rung, self._height or rung)
        self._rests_until = now + self._rest_s

    def withdraw(self, rung: Rung) -> None:
        """Count the last step for none: another SIM of the module has needed one meanwhile, and this was not taken."""
        counted_at = self._choice.hard_at if self._choice else None
        if rung in HARD and counted_at is not None and counted_at in self._hard:
            self._hard.remove(counted_at)

    def _take(self, rung: Rung, ailment: Ailment, now: float) -> None:
        hard_at = now if rung in HARD else None
        self._choice = _Choice(ailment=ailment, taken=self._taken, rests_until=self._rests_until, hard_at=hard_at)
        self._height = self._taken = rung
        self._needed = max(self._needed, COURSES[ailment].proof)
        if hard_at is not None:
            self._hard.append(hard_at)
        self._rests_until = now + self._rest_s

    def proved(self, proof: Proof) -> Rung | None:
        """Go back to the bottom if this proves that what ailed the modem is over; returns from where."""
        if proof is Proof.ACCEPTS:
            self._failed_in_row = 0
        if proof < self._needed:
            return None
        taken, self._taken = self._taken, None
        self._height, self._needed = None, Proof.ANSWERS
        return taken

    # ── what the sends of a modem show ──

    def refused(self, verdict: Verdict) -> Ailment | None:
        """Say what a refused send shows.

        Setting up costs the modem a minute, so it waits until nothing else has helped where it is not the first advice.
        """
        if verdict.actions[0] in _SETTING_UP:
            self._failed_in_row = 0
            return _setting_up(verdict)
        if is_suspect(verdict):
            return self._failed(Ailment.ZOMBIE)
        if not _SETTING_UP.isdisjoint(verdict.actions):
            return self._failed(_setting_up(verdict))
        # What comes from the network shows that the modem reaches it.
        self._failed_in_row = 0
        return None

    def unanswered(self) -> Ailment | None:
        """Say what a send without any answer shows."""
        return self._failed(Ailment.ZOMBIE)

    def _failed(self, ailment: Ailment) -> Ailment | None:
        self._failed_in_row += 1
        if self._failed_in_row < PATIENCE:
            return None
        self._failed_in_row = 0
        return ailment


def _setting_up(verdict: Verdict) -> Ailment:
    return Ailment.FAULTY if verdict.advises(Action.RESET_MODEM) else Ailment.UNSET
