"""The processes that a process has started, as the kernel lists them (Linux)."""

import time
from collections.abc import Iterable
from pathlib import Path


def family(pid: int) -> list[int]:
    """Give the process and every living descendant of it, the elders first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:
        found.extend(children.get(member, ()))
    return found


def survivors(pids: Iterable[int], *, within: float) -> list[int]:
    """Give those that still run after so many seconds; returns as soon as none does."""
    end = time.monotonic() + within
    left = [pid for pid in pids if _parent(pid) is not None]
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = [pid for pid in left if _parent(pid) is not None]
    return left


def command_line(pid: int) -> bytes:
    """Give the arguments, each ended by a zero byte."""
    return (Path("/proc") / str(pid) / "cmdline").read_bytes()


def environment(pid: int) -> bytes:
    """Give the environment the process was started with."""
    return (Path("/proc") / str(pid) / "environ").read_bytes()


def _parent(pid: int) -> int | None:
    """Give the parent's id, None for a process that is gone or only waits to be reaped."""
    try:
        words = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if words[0] in {"Z", "X"} else int(words[1])
