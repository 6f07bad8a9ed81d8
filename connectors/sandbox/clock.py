"""The two ways in which time reaches a sandbox: what it is now, and waiting."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]


def wall_clock() -> datetime:
    """Return the machine's time, aware and in UTC."""
    return datetime.fromtimestamp(time.time(), tz=UTC)
