"""Whose status report it is: by reference, number and time."""

from collections.abc import Sequence

from smsgw.model import Candidate, PartState

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
# Service centres keep trying for days; a reference comes round again much sooner, so time decides between attempts.
REPORT_WINDOW_MS = 10 * 24 * _HOUR_MS
# A service centre's clock may be off, and its time zone wrong.
_SKEW_MS = 14 * _HOUR_MS
# A stamp leaves out what has passed of its second (TS 23.040 §9.2.3.11).
_LAST_OF_SECOND_MS = 999
# Without the number, only a report stamped at the moment of the answer is believed.
_NUMBERLESS_MS = 2 * _MINUTE_MS
# Numbers are compared by their ends: a service centre may write one nationally that was sent internationally.
_NUMBER_END = 8
# How long a report may be ahead of the answer it belongs to.
EARLY_REPORT_MS = 10 * _MINUTE_MS


def same_number(one: str, other: str) -> bool:
    """Tell whether two spellings (international, national, with or without +) may mean one number."""
    one, other = one.removeprefix("+").lstrip("0"), other.removeprefix("+").lstrip("0")
    length = min(len(one), len(other), _NUMBER_END)
    if length < _NUMBER_END - 1:
        return one == other
    return one[-length:] == other[-length:]


def match_report(candidates: Sequence[Candidate], recipient: str, stamped_at: int) -> Candidate | None:
    """Choose the attempt that a report is about; all candidates have its SIM and its message reference.

    `stamped_at` is the service centre's time of acceptance in Unix milliseconds. Of those with the right number it is
    the one submitted last before that time; a lone open one with another number counts if the time fits exactly.
    """
    if right := _latest_before(stamped_at, candidates, recipient):
        return right
    undecided = [c for c in candidates if c.state is PartState.ACCEPTED]
    if len(undecided) == 1 and abs(stamped_at - (undecided[0].ended_at or 0)) <= _NUMBERLESS_MS:
        return undecided[0]
    return None


def match_unanswered(candidates: Sequence[Candidate], recipient: str, stamped_at: int) -> Candidate | None:
    """Choose the unanswered attempt, all of one SIM, that a report with an unknown reference proves to have arrived.

    The number must be right and the service centre's time after the submission; the latest such attempt is meant.
    """
    return _latest_before(stamped_at, candidates, recipient)


def _latest_before(stamped_at: int, candidates: Sequence[Candidate], recipient: str) -> Candidate | None:
    possible = [c for c in candidates if c.submitted_at <= stamped_at + _SKEW_MS]
    right = [c for c in possible if same_number(c.recipient, recipient)]
    return min(right, key=lambda c: _distance(c, stamped_at), default=None)


def _distance(candidate: Candidate, stamped_at: int) -> int:
    early = candidate.submitted_at - (stamped_at + _LAST_OF_SECOND_MS)
    # A submission after the stamp is possible only as far as the clocks disagree, so it comes second.
    return early + _SKEW_MS if early > 0 else -early
