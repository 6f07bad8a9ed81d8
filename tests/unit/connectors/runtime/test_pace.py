"""The governor of one process, with a fixed clock and an alarm that a test rings."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import SourceThrottledError
from connectors.ports import Lane, LaneState, Signal
from connectors.runtime.pace import LocalGovernor
from harness.costs import uncollected
from harness.demand import Wanted

SECOND = timedelta(seconds=1)
MINUTES = timedelta(minutes=10)


class Bell:
    """An alarm that lets the fixed clock pass and rings at once when told to."""

    def __init__(self, clock: Any) -> None:
        """Start with nothing set."""
        self._clock = clock
        self._rings: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, wait: float, ring: Callable[[], None]) -> "Setting":
        """Set it."""
        setting = (self._clock.passed + wait, ring)
        self._rings.append(setting)
        return Setting(self._rings, setting)

    @property
    def set_for(self) -> list[float]:
        """Give when it is to ring."""
        return [at for at, _ in self._rings]

    async def pass_time(self) -> None:
        """Let time pass to the next ring, and others run."""
        at, ring = min(self._rings, key=lambda setting: setting[0])
        self._rings.remove((at, ring))
        self._clock.passed = max(self._clock.passed, at)
        ring()
        await asyncio.sleep(0)


class Setting:
    """One setting of the alarm."""

    def __init__(self, rings: list[Any], setting: Any) -> None:
        """Keep which."""
        self._rings, self._setting = rings, setting

    def cancel(self) -> None:
        """Take it back."""
        if self._setting in self._rings:
            self._rings.remove(self._setting)


@pytest.fixture
def bell(clock: Any) -> Bell:
    """Give the alarm."""
    return Bell(clock)


@pytest.fixture
def governor(clock: Any, bell: Bell) -> LocalGovernor:
    """Give a governor."""
    return LocalGovernor(clock=clock, alarm=bell)


def lane(requests_per_minute: int | None = None, concurrency: int = 10, identity: str = "me") -> Lane:
    """Give a lane."""
    return Lane("a.example", identity, requests_per_minute, concurrency)


async def pass_through(governor: LocalGovernor, of: Lane, timeout: timedelta = SECOND) -> None:
    """Have a turn and end it."""
    async with governor.turn(of, demand=Wanted(), timeout=timeout):
        pass


async def test_calls_beyond_the_minute_wait_for_it(governor: LocalGovernor, clock: Any, bell: Bell) -> None:
    """With two a minute the third call goes a minute and a margin after the first."""
    for _ in range(2):
        await pass_through(governor, lane(2))
    third = asyncio.create_task(pass_through(governor, lane(2), MINUTES))
    await asyncio.sleep(0)
    assert (third.done(), bell.set_for) == (False, [60.5])
    await bell.pass_time()
    await third
    assert (clock.passed, bell.set_for) == (60.5, [])


async def test_a_wait_past_the_deadline_is_refused_at_once(
    governor: LocalGovernor, clock: Any, bell: Bell
) -> None:
    """Who cannot be served in time learns so without waiting, and when to come back."""
    await pass_through(governor, lane(1))
    clock.advance(10)
    with pytest.raises(SourceThrottledError, match="our own pace") as caught:
        await pass_through(governor, lane(1))
    assert caught.value.retry_after == timedelta(seconds=50.5)
    assert bell.set_for == []


async def test_one_alarm_serves_a_whole_line(governor: LocalGovernor, bell: Bell) -> None:
    """However many wait for the same moment, one alarm is set for it, and none when they are gone."""
    await pass_through(governor, lane(1))
    waiting = [asyncio.create_task(pass_through(governor, lane(1), MINUTES)) for _ in range(5)]
    await asyncio.sleep(0)
    assert bell.set_for == [60.5]
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert bell.set_for == []


async def test_who_is_cancelled_at_its_turn_gives_it_back(governor: LocalGovernor, bell: Bell) -> None:
    """A turn that comes in the same moment as its caller is cancelled goes to the next."""
    await pass_through(governor, lane(1))
    first = asyncio.create_task(pass_through(governor, lane(1), MINUTES))
    second = asyncio.create_task(pass_through(governor, lane(1), MINUTES))
    await asyncio.sleep(0)
    first.cancel()
    await bell.pass_time()
    await asyncio.sleep(0)
    assert first.cancelled()
    await second


async def test_the_time_that_runs_out_while_the_upstream_rests_says_how_long(
    governor: LocalGovernor,
) -> None:
    """Who waited for a place and finds the upstream resting is told when that ends."""
    async with governor.turn(lane(concurrency=1), demand=Wanted(), timeout=SECOND) as turn:
        waiting = asyncio.create_task(pass_through(governor, lane(concurrency=1), timedelta(milliseconds=50)))
        await asyncio.sleep(0)
        turn.learn(Signal(SECOND, rest=timedelta(seconds=30)))
    with pytest.raises(SourceThrottledError) as caught:
        await waiting
    assert caught.value.retry_after == timedelta(seconds=30)


async def test_the_state_tells_what_is_known(governor: LocalGovernor) -> None:
    """A lane's state is none before its first call, and afterwards what its book says."""
    assert governor.state(lane(5)) is None
    async with governor.turn(lane(5, 3), demand=Wanted(), timeout=SECOND):
        assert governor.state(lane(5)) == LaneState(4, 3, 1, 0, timedelta(0))


async def test_what_others_decided_counts_here(governor: LocalGovernor, clock: Any) -> None:
    """Calls that left by another governor's word count, until they are given back."""
    governor.note(lane(2), "theirs")
    governor.note(lane(2), "unused")
    clock.advance(20)
    assert governor.recent(lane(2)) == [("theirs", 20), ("unused", 20)]
    governor.tell(lane(2), "unused", signal=None, gave_back=True)
    await pass_through(governor, lane(2))
    with pytest.raises(SourceThrottledError):
        await pass_through(governor, lane(2))


async def test_what_others_were_told_counts_here(governor: LocalGovernor) -> None:
    """A rest asked of a call that left by another governor's word is kept here too."""
    assert governor.recent(lane()) == []
    governor.tell(lane(), "theirs", signal=Signal(SECOND, rest=timedelta(seconds=30)), gave_back=False)
    with pytest.raises(SourceThrottledError):
        await pass_through(governor, lane())


async def test_a_share_of_a_lane_stays_one_when_told_of_others(governor: LocalGovernor) -> None:
    """A call counted in the name of the whole lane does not let more go by a share of it."""
    for _ in range(2):
        await pass_through(governor, lane(2))
    waiting = [asyncio.create_task(pass_through(governor, lane(2), MINUTES)) for _ in range(2)]
    await asyncio.sleep(0)
    governor.note(lane(10), "theirs")
    governor.tell(lane(10), "theirs", signal=None, gave_back=False)
    waiting[1].cancel()
    await asyncio.wait(waiting, timeout=0.01)
    assert not waiting[0].done()
    waiting[0].cancel()
    await asyncio.wait(waiting)


async def test_what_others_give_back_lets_a_waiting_call_go(governor: LocalGovernor) -> None:
    """Who waits for the minute goes as soon as a call that was counted turns out not to have left."""
    governor.note(lane(1), "theirs")
    waiting = asyncio.create_task(pass_through(governor, lane(1), MINUTES))
    await asyncio.sleep(0)
    governor.tell(lane(1), "theirs", signal=None, gave_back=True)
    async with asyncio.timeout(1):
        await waiting


async def test_idle_lanes_are_forgotten_and_busy_ones_are_not(governor: LocalGovernor) -> None:
    """Thousands of callers leave no thousands of lanes, yet nobody escapes the minute that way."""
    await pass_through(governor, lane(1, identity="busy"))
    await pass_through(governor, lane(identity="idle"))
    for number in range(1100):
        await pass_through(governor, lane(identity=str(number)))
    assert governor.state(lane(identity="idle")) is None
    with pytest.raises(SourceThrottledError):
        await pass_through(governor, lane(1, identity="busy"))


async def test_a_new_lane_costs_the_same_however_many_are_busy(governor: LocalGovernor) -> None:
    """Callers who bring thousands of identities within a minute do not slow one another down."""

    async def open_lanes(first: int, number: int) -> float:
        began = time.process_time()
        for identity in range(first, first + number):
            await pass_through(governor, lane(120, identity=str(identity)))
        return time.process_time() - began

    with uncollected():
        early = await open_lanes(0, 500)
        await open_lanes(500, 2_000)
        assert await open_lanes(2_500, 500) < 4 * early
