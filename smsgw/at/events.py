"""What the line engine reports, and how final results are recognised (V.250 §5.7.1, 27.005 §3.2.5, 27.007 §9.2)."""

import re
from dataclasses import dataclass

from smsgw.at.urcs import CALL_RESULTS
from smsgw.at.verdicts import ErrorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """A final result: success, or an error with the code as printed (`None` when there is none)."""

    line: str
    ok: bool
    kind: ErrorKind = ErrorKind.PLAIN
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The modem asks for the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The line that settles the outcome has come; the final result may be lost and yet nothing is unknown."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command in flight has ended; `lines` is its answer without the final result."""

    final: Final
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Urc:
    """An unsolicited line; `pdu` is the hex line after it, `None` if it has none or the line got lost.

    `line` is empty where it is the header that got lost.
    """

    line: str
    pdu: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A line that belongs to nobody: for the trace only."""

    line: str


Event = Prompt | Settled | Done | Urc | Noise

# 0 and 4 are what a modem says after ATV0.
_SUCCESS = frozenset({"OK", "0"})
_FAILURES = frozenset({"ERROR", "4", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", "NA"})
_CODED = re.compile(r"(\+CMS ERROR|\+CME ERROR|MODEM ERROR)(?:\s*:|\s|$)\s*(.*)")
_KINDS = {"+CMS ERROR": ErrorKind.CMS, "+CME ERROR": ErrorKind.CME, "MODEM ERROR": ErrorKind.PLAIN}


def read_final(line: str, *, dials: bool = False) -> Final | None:
    """Read `line` as a final result, whole lines only; what ends a call ends a command only if it `dials`."""
    if line in _SUCCESS:
        return Final(line=line, ok=True)
    if line in _FAILURES:
        return Final(line=line, ok=False)
    if dials and line.startswith(CALL_RESULTS):
        return Final(line=line, ok=line.startswith("CONNECT"))
    coded = _CODED.fullmatch(line)
    return None if coded is None else Final(line=line, ok=False, kind=_KINDS[coded[1]], code=coded[2] or None)
