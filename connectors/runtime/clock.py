"""The machine's own clock and its own way of waiting."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The Clock port over the machine's clock."""

    def now(self) -> datetime:
        """Give the time of day, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the port that all others are told to take

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return time.monotonic()


class SystemSleeper:
    """The Sleeper port over the event loop."""

    async def sleep(self, wait: timedelta) -> None:
        """Return after `wait`; at once, but not before others had their turn, when it is zero."""
        await asyncio.sleep(max(0.0, wait.total_seconds()))
