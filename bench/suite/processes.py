"""What processes use of the machine, as /proc tells it. Knows sessions and process numbers, not what runs in them.

A daemon that was started in a session of its own is measured with all its children.
"""

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1_048_576
# Places in /proc/PID/stat behind the name (proc(5)).
_SESSION, _UTIME = 3, 11


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(session: int) -> list[int]:
    """Return the processes of a session that are there now."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = _stat(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[_SESSION]) == session and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def processor_s(session: int) -> float:
    """Return the processor time of a session's processes, with that of the children they have waited for."""
    return sum(sum(int(field) for field in _stat(pid)[_UTIME : _UTIME + 4]) for pid in family(session)) / _TICKS


def precisely_s(pid: int) -> float:
    """Return the processor time of one process to the nanosecond, where `processor_s` counts ticks."""
    # How Linux names the clock of another process (clock_getcpuclockid(3)); 2 is the scheduler's own.
    return time.clock_gettime(~pid << 3 | 2)


def resident_mib(session: int) -> float:
    """Return the memory that a session's processes hold; what two of them share counts twice."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family(session)) * _PAGE / _MIB


def proportional_mib(session: int) -> float:
    """Return the memory of a session's processes; what they share with any process is divided among those."""
    return sum(_pss_kib(pid) for pid in family(session)) / 1_024


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def descriptors(session: int) -> int:
    """Count the files that a session's processes have open."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in family(session))


def threads(session: int) -> int:
    """Count the threads of a session's processes."""
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in family(session))
