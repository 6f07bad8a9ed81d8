"""Callers' limits on a server of the test's own: counted together, and here where it is down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from connectors.runtime.clock import SystemClock
from service.adapters.redis_caller_limits import PREFIX, RedisCallerLimits

Open = Callable[..., RedisCallerLimits]


@pytest.fixture
async def open_limits(machine: Any) -> AsyncIterator[Open]:
    """Open what each process has of its own, all on one machine."""
    async with AsyncExitStack() as stack:

        def opened(**limits: int) -> RedisCallerLimits:
            counting = RedisCallerLimits(
                machine.url, limits=limits, clock=SystemClock(), timeout=timedelta(milliseconds=250)
            )
            stack.push_async_callback(counting.close)
            return counting

        yield opened


async def _takes(counting: RedisCallerLimits, caller: str, *, times: int) -> list[timedelta | None]:
    return list(await asyncio.gather(*(counting.take(caller) for _ in range(times))))


async def test_a_minutes_worth_may_come_at_once(open_limits: Open) -> None:
    """So many requests are granted and no more, however close together; then the wait is for one of them."""
    told = await _takes(open_limits(one=5), "one", times=9)
    assert told[:5] == [None] * 5
    waits = [wait.total_seconds() for wait in told[5:] if wait is not None]
    assert len(waits) == 4
    # A refusal uses nothing up: each is told the same moment.
    assert all(11 < wait <= 12 for wait in waits)


async def test_it_fills_evenly(open_limits: Open) -> None:
    """After the wait that was told exactly one more is granted."""
    counting = open_limits(one=600)
    told = await _takes(counting, "one", times=700)
    granted = told.count(None)
    # While they came some were filled again, ten a second.
    assert 600 <= granted < 650
    wait = told[-1]
    assert wait is not None
    await asyncio.sleep(wait.total_seconds())
    assert await counting.take("one") is None


async def test_processes_count_together_and_callers_apart(open_limits: Open) -> None:
    """What one process has granted is gone for the other, and another caller has its own."""
    one, other = open_limits(one=3, two=1), open_limits(one=3, two=1)
    assert await _takes(one, "one", times=2) == [None, None]
    assert await other.take("one") is None
    assert await one.take("one") is not None
    assert await other.take("two") is None
    assert await one.take("two") is not None


async def test_no_limit_is_no_trip(open_limits: Open, machine: Any) -> None:
    """Who has no limit is granted everything, and the server never hears of it."""
    counting = open_limits(one=1)
    assert await _takes(counting, "free", times=50) == [None] * 50
    with machine.client() as client:
        assert client.keys() == []


async def test_without_a_server_each_counts_for_itself(open_limits: Open, machine: Any) -> None:
    """The limit holds within the process, and nobody is refused because nobody can count."""
    counting = open_limits(one=2)
    machine.stop()
    told = await _takes(counting, "one", times=3)
    assert told[:2] == [None, None]
    wait = told[2]
    assert wait is not None
    assert 29 < wait.total_seconds() <= 30


async def test_nothing_is_left_behind(open_limits: Open, machine: Any) -> None:
    """What is kept of a caller ends when its minute is full again."""
    await open_limits(one=60).take("one")
    with machine.client() as client:
        assert client.keys() == [f"{PREFIX}one".encode()]
        assert 0 < client.pttl(f"{PREFIX}one") <= 1000
