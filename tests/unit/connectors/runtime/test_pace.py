"""Our own pace, with a fixed clock and recorded sleeps."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Pace
from connectors.errors import OverBudgetError, SourceThrottledError
from connectors.runtime.pace import Governor, Pacer

SECOND = timedelta(seconds=1)
MINUTES = timedelta(minutes=10)


async def test_calls_beyond_the_minute_wait_for_it(clock: Any, sleeper: Any) -> None:
    """With two a minute the third call goes a minute and a margin after the first."""
    pacer = Pacer(Pace(2), clock=clock, sleeper=sleeper)
    at = []
    for _ in range(3):
        async with pacer.turn(timeout=MINUTES):
            at.append(clock.passed)
    assert sleeper.waits == [60.5]
    assert at == [0, 0, 60.5]


async def test_a_wait_past_the_deadline_is_refused_at_once(clock: Any, sleeper: Any) -> None:
    """Who cannot be served in time learns so without waiting, and when to come back."""
    pacer = Pacer(Pace(1), clock=clock, sleeper=sleeper)
    async with pacer.turn(timeout=SECOND):
        pass
    clock.advance(10)
    with pytest.raises(SourceThrottledError, match="our own pace") as caught:
        async with pacer.turn(timeout=SECOND):
            pass
    assert caught.value.retry_after == timedelta(seconds=50.5)
    assert sleeper.waits == []


async def test_who_was_refused_took_no_turn(clock: Any, sleeper: Any) -> None:
    """A refusal does not push later calls back."""
    pacer = Pacer(Pace(1), clock=clock, sleeper=sleeper)
    async with pacer.turn(timeout=SECOND):
        pass
    with pytest.raises(SourceThrottledError):
        async with pacer.turn(timeout=SECOND):
            pass
    async with pacer.turn(timeout=MINUTES):
        assert sleeper.waits == [60.5]


async def test_the_places_are_given_in_order_of_arrival(clock: Any, sleeper: Any) -> None:
    """With one place, callers go one by one, first come, first served."""
    pacer = Pacer(Pace(concurrency=1), clock=clock, sleeper=sleeper)
    order: list[str] = []

    async def visit(name: str) -> None:
        async with pacer.turn(timeout=SECOND):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(visit(name))
    assert order == ["a in", "a out", "b in", "b out", "c in", "c out"]


async def test_no_place_in_time_is_our_own_pace(clock: Any, sleeper: Any) -> None:
    """A call that finds every place taken until its time is up is throttled, and leaves the line."""
    pacer = Pacer(Pace(concurrency=1), clock=clock, sleeper=sleeper)
    async with pacer.turn(timeout=SECOND):
        with pytest.raises(SourceThrottledError, match="1 calls are under way"):
            async with pacer.turn(timeout=timedelta(milliseconds=10)):
                pass
    async with pacer.turn(timeout=timedelta(milliseconds=10)):
        assert not pacer.idle
    assert pacer.idle


class Stopped:
    """A sleeper that never wakes."""

    async def sleep(self, wait: timedelta) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


async def test_who_is_cancelled_gives_turn_and_place_back(clock: Any) -> None:
    """A cancelled wait costs later callers neither a call of the minute nor a place."""
    pacer = Pacer(Pace(1, concurrency=1), clock=clock, sleeper=Stopped())
    async with pacer.turn(timeout=SECOND):
        pass

    async def visit() -> None:
        async with pacer.turn(timeout=MINUTES):
            pass

    waiting = asyncio.create_task(visit())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    clock.advance(60.5)
    async with pacer.turn(timeout=timedelta(milliseconds=10)):
        assert not pacer.idle


async def test_a_call_that_went_out_stays_counted(clock: Any, sleeper: Any) -> None:
    """A call that fails on its way has used its share of the minute."""
    pacer = Pacer(Pace(1), clock=clock, sleeper=sleeper)
    with pytest.raises(RuntimeError, match="on the way"):
        async with pacer.turn(timeout=SECOND):
            raise RuntimeError("on the way")
    with pytest.raises(SourceThrottledError):
        async with pacer.turn(timeout=SECOND):
            pass


async def test_a_turn_without_a_call_is_given_back(clock: Any, sleeper: Any) -> None:
    """Who learns at its turn that no call is left to it takes none of the minute's."""
    pacer = Pacer(Pace(1), clock=clock, sleeper=sleeper)
    for _ in range(3):
        with pytest.raises(OverBudgetError):
            async with pacer.turn(timeout=SECOND):
                raise OverBudgetError
    async with pacer.turn(timeout=SECOND):
        assert sleeper.waits == []


async def test_a_turn_given_back_after_its_minute_is_no_trouble(clock: Any, sleeper: Any) -> None:
    """A turn that took longer than the minute counts no more, and giving it back changes nothing."""
    pacer = Pacer(Pace(1), clock=clock, sleeper=sleeper)

    async def take_long() -> None:
        async with pacer.turn(timeout=SECOND):
            clock.advance(61)
            raise OverBudgetError

    with pytest.raises(OverBudgetError):
        await take_long()
    assert pacer.idle


def test_one_pacer_for_each_host_identity_and_pace(clock: Any, sleeper: Any) -> None:
    """Two sources that call one host as one identity share its allowance; others do not."""
    governor = Governor(clock=clock, sleeper=sleeper)
    shared = governor.pacer("a.example", identity="me", pace=Pace(120))
    assert governor.pacer("a.example", identity="me", pace=Pace(120)) is shared
    assert governor.pacer("a.example", identity="you", pace=Pace(120)) is not shared
    assert governor.pacer("b.example", identity="me", pace=Pace(120)) is not shared


async def test_idle_pacers_are_forgotten_and_busy_ones_are_not(clock: Any, sleeper: Any) -> None:
    """Thousands of callers leave no thousands of pacers, yet nobody escapes the minute that way."""
    governor = Governor(clock=clock, sleeper=sleeper)
    busy = governor.pacer("a.example", identity="busy", pace=Pace(1))
    async with busy.turn(timeout=SECOND):
        pass
    idle = governor.pacer("a.example", identity="idle", pace=Pace(1))
    for number in range(1100):
        governor.pacer("a.example", identity=str(number), pace=Pace(1))
    assert governor.pacer("a.example", identity="busy", pace=Pace(1)) is busy
    assert governor.pacer("a.example", identity="idle", pace=Pace(1)) is not idle
