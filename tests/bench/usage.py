"""What a process and its children have used: seconds of CPU, and memory; as Linux counts them."""

import os
from pathlib import Path

from harness.family import family

_TICK = os.sysconf("SC_CLK_TCK")
_UTIME, _CHILDREN = 11, 4  # of the fields behind the name: user, system, and both of children that ended


def cpu_seconds(pid: int) -> float:
    """Give the seconds that a process and all below it have used so far, user and system."""
    return sum(map(_seconds, family(pid)))


def resident_megabytes(pid: int, *, peak: bool = False) -> float:
    """Give what a process has in memory, or the most it ever had."""
    field = "VmHWM:" if peak else "VmRSS:"
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def _seconds(pid: int) -> float:
    # The name may hold anything, blanks and parentheses too.
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
    return sum(map(int, fields[_UTIME : _UTIME + _CHILDREN])) / _TICK
