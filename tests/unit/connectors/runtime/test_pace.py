"""Our own pace, with a fixed clock and recorded sleeps."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Pace
from connectors.errors import SourceThrottledError
from connectors.runtime.pace import Governor, PacedSender, Pacer
from connectors.wire import Call, Reply

SECOND = timedelta(seconds=1)
MINUTES = timedelta(minutes=10)
CALL = Call("GET", "/", nodes=())


class Recording:
    """A sender that notes when it was asked and with how much time."""

    def __init__(self, clock: Any, *replies: Reply) -> None:
        self.clock = clock
        self.replies = replies
        self.at: list[float] = []
        self.timeouts: list[timedelta] = []

    async def send(self, call: Call, *, timeout: timedelta) -> Reply:
        """Note it."""
        self.at.append(self.clock.passed)
        self.timeouts.append(timeout)
        known = len(self.at) <= len(self.replies)
        return self.replies[len(self.at) - 1] if known else Reply(200, self.clock.now())


async def test_calls_beyond_the_minute_wait_for_it(clock: Any, sleeper: Any) -> None:
    """With two a minute the third call goes a minute and a margin after the first, with less time left."""
    sender = Recording(clock)
    paced = PacedSender(sender, pacer=Pacer(Pace(2), clock=clock, sleeper=sleeper), clock=clock)
    for _ in range(3):
        await paced.send(CALL, timeout=MINUTES)
    assert sleeper.waits == [60.5]
    assert sender.at == [0, 0, 60.5]
    assert sender.timeouts == [MINUTES, MINUTES, MINUTES - timedelta(seconds=60.5)]


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


async def test_a_429_with_a_time_lets_everyone_rest(clock: Any, sleeper: Any) -> None:
    """After Retry-After nothing goes to that upstream until it is over: short calls fail, long ones wait."""
    sender = Recording(clock, Reply(429, clock.now(), {"retry-after": "7"}))
    paced = PacedSender(sender, pacer=Pacer(Pace(), clock=clock, sleeper=sleeper), clock=clock)
    assert (await paced.send(CALL, timeout=SECOND)).status == 429
    with pytest.raises(SourceThrottledError) as caught:
        await paced.send(CALL, timeout=SECOND)
    assert caught.value.retry_after == timedelta(seconds=7)
    assert (await paced.send(CALL, timeout=MINUTES)).status == 200
    assert sender.at == [0, 7]


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
