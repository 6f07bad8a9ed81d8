"""Looks again and again at what no event tells of, until it is so: a state is waited for, not a time."""

import asyncio
import time
from collections.abc import Callable

# So long no busy machine takes; whatever is still not so then will never be.
_PATIENCE = 20.0
_BETWEEN = 0.005


def look_until(fits: Callable[[], bool], *, within: float = _PATIENCE) -> None:
    """Return as soon as it is so; AssertionError if that takes longer than `within` seconds."""
    end = time.monotonic() + within
    while not fits():
        assert time.monotonic() < end, f"not so within {within} s"
        time.sleep(_BETWEEN)


async def settle() -> None:
    """Let the event loop turn until all that waits for no clock and no other process has come to its end."""
    for _ in range(200):
        await asyncio.sleep(0)


async def turn_until(fits: Callable[[], bool], *, within: float = _PATIENCE) -> None:
    """Do the same and let the event loop turn meanwhile."""
    end = time.monotonic() + within
    while not fits():
        assert time.monotonic() < end, f"not so within {within} s"
        await asyncio.sleep(_BETWEEN)
