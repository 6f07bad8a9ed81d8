"""The system's clock and sleeper."""

import asyncio
from datetime import UTC, timedelta

from connectors.runtime.clock import SystemClock, SystemSleeper


def test_now_is_aware_and_utc() -> None:
    """The time of day carries its zone, which is UTC."""
    assert SystemClock().now().tzinfo is UTC


async def test_the_sleeper_waits_as_long_as_the_clock_says() -> None:
    """A sleep of 20 ms takes at least about that by the monotonic clock."""
    clock = SystemClock()
    began = clock.monotonic()
    await SystemSleeper().sleep(timedelta(milliseconds=20))
    assert clock.monotonic() - began >= 0.015


async def test_a_sleep_of_nothing_lets_others_run() -> None:
    """A zero or negative sleep returns, but gives way first."""
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    await SystemSleeper().sleep(timedelta(seconds=-1))
    assert ran.is_set()
