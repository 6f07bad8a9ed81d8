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


def quietest(times: Sequence[float], *, seconds: float, begin: float, end: float) -> int:
    """Give the fewest arrivals in any window of this length that lies between `begin` and `end`."""
    starts = [begin, *(each for each in times if begin <= each <= end - seconds)]
    # A window is emptiest when it opens just behind an arrival.
    return min(sum(start < each <= start + seconds for each in times) for start in starts)


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
