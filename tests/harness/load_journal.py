"""What an upstream's journal shows of a load: what is under way, and how much arrived in which time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from harness.board import Board

_PATIENCE = 10.0


def arrivals(calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Give when each call arrived, in seconds since the epoch, in order."""
    return sorted(datetime.fromisoformat(call["at"]).timestamp() for call in calls)


def busiest(times: Sequence[float], *, seconds: float) -> int:
    """Give the most arrivals in any window of this length; `times` are in order."""
    most = first = 0
    for last, arrival in enumerate(times):
        # Half open: what came exactly a window earlier is no longer in it.
        while times[first] <= arrival - seconds:
            first += 1
        most = max(most, last + 1 - first)
    return most


def by_window(times: Sequence[float], *, seconds: float, begin: float, end: float) -> list[int]:
    """Give the arrivals in each whole window of this length, one after the other, from `begin` to `end`."""
    number = int((end - begin) // seconds)
    return [sum(0 <= each - begin - window * seconds < seconds for each in times) for window in range(number)]


async def until_arrived(board: Board, *, within: float = _PATIENCE) -> None:
    """Return as soon as a call is under way at the upstream."""
    await _until(board, busy=True, within=within)


async def until_idle(board: Board, *, within: float = _PATIENCE) -> None:
    """Return as soon as no call is under way at the upstream."""
    await _until(board, busy=False, within=within)


async def _until(board: Board, *, busy: bool, within: float) -> None:
    end = time.monotonic() + within
    while bool(board.under_way()) is not busy:
        assert time.monotonic() < end, f"{board.under_way()} calls are under way after {within} s"
        await asyncio.sleep(0.02)
