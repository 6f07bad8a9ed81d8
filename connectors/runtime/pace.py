"""Our own pace within one process: whose call may leave when, per upstream host and identity."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

from connectors.errors import OverBudgetError, SourceError, SourceThrottledError, SourceTimeoutError
from connectors.ports import Caller, Clock, Demand, Lane, LaneState, Signal
from connectors.runtime.governing.book import Book

# Callers bring any number of identities; idle lanes beyond this many are forgotten. Where most are not
# idle they are looked through when they have doubled, not for each new one.
_MANY = 1024
NOBODY = Caller("")

Key = tuple[str, str]


class Handle(Protocol):
    """What ends an alarm."""

    def cancel(self) -> None:
        """Have it not ring."""
        ...


Alarm = Callable[[float, Callable[[], None]], Handle]


def _system_alarm(wait: float, ring: Callable[[], None]) -> Handle:
    return asyncio.get_running_loop().call_later(wait, ring)


class Granted:
    """A turn that has come; it keeps what its call told until the place is given back."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self.signal: Signal | None = None

    def learn(self, signal: Signal) -> None:
        """Take in what the call told."""
        self.signal = signal


def own_pace(wait: float) -> SourceThrottledError:
    """Give the error of a turn that would come too late, in `wait` seconds."""
    return SourceThrottledError("our own pace leaves no call in time", retry_after=timedelta(seconds=wait))


def no_place(state: LaneState | None) -> SourceError:
    """Give the error of a turn that has not come, though no time was foreseen; `state` as far as known."""
    if state is not None and state.rest > timedelta(0):
        return own_pace(state.rest.total_seconds())
    if state is None or state.under_way < state.concurrency:
        # Nothing was in the way: the time was up while asking for the turn.
        return SourceTimeoutError("the time was up before the call could leave")
    return SourceThrottledError(f"our own pace: {state.under_way} calls are under way already")


def weighed(callers: Sequence[Caller]) -> Sequence[Caller]:
    """Give the callers, or nobody, where all of them have left."""
    return callers or (NOBODY,)


class _Watch:
    """One lane here: its book, who waits for what it says, and the one alarm for when to look again."""

    def __init__(self, lane: Lane, *, clock: Clock, alarm: Alarm) -> None:
        self.book = Book(lane)
        self.waiting: dict[str, asyncio.Future[None]] = {}
        self._clock = clock
        self._alarm = alarm
        self._handle: Handle | None = None

    @property
    def idle(self) -> bool:
        return self.book.idle(self._clock.monotonic())

    def pump(self) -> None:
        now = self._clock.monotonic()
        pumped = self.book.pump(now)
        for _, ticket in pumped.granted:
            coming = self.waiting.pop(ticket)
            # Who was cancelled meanwhile gives it back on the way out.
            if not coming.done():
                coming.set_result(None)
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if pumped.again is not None:
            self._handle = self._alarm(max(0.0, pumped.again - now), self.pump)


class LocalGovernor:
    """The `Governor` of one process that shares its upstreams with no other."""

    def __init__(self, *, clock: Clock, alarm: Alarm = _system_alarm) -> None:
        """Start with no lane; `alarm` rings once after so many seconds."""
        self._clock = clock
        self._alarm = alarm
        self._watches: dict[Key, _Watch] = {}
        self._many = _MANY
        self._process = uuid4().hex[:12]
        self._number = 0

    @asynccontextmanager
    async def turn(self, lane: Lane, *, demand: Demand, timeout: timedelta) -> AsyncIterator[Granted]:
        """Wait for a turn and keep a place of the concurrency while the block lasts."""
        watch = self._watch(lane)
        # The newest word of how much the lane may get is that of who wants a turn by it.
        watch.book.lane = lane
        self._number += 1
        ticket = f"{self._process}:{self._number}"
        patience = timeout.total_seconds()
        wait = watch.book.enter(
            ticket,
            process=self._process,
            callers=weighed(demand.callers),
            now=self._clock.monotonic(),
            patience=patience,
        )
        if wait is not None:
            raise own_pace(wait)
        granted = Granted()
        unused = True
        coming = watch.waiting[ticket] = asyncio.get_running_loop().create_future()
        stop = demand.on_join(lambda caller: self._join(watch, ticket, caller))
        try:
            watch.pump()
            await self._come(coming, watch, patience)
            unused = False
            try:
                yield granted
            except OverBudgetError:
                unused = True
                raise
        finally:
            stop()
            watch.waiting.pop(ticket, None)
            now = self._clock.monotonic()
            watch.book.leave(ticket, now=now, signal=granted.signal, gave_back=unused)
            watch.pump()

    def state(self, lane: Lane) -> LaneState | None:
        """Tell what this process knows of a lane; None if it has had nothing to do with it."""
        watch = self._watches.get((lane.host, lane.identity))
        return None if watch is None else self._state(watch)

    def note(self, lane: Lane, ticket: str) -> None:
        """Count a call that leaves now by another governor's word."""
        if lane.requests_per_minute is not None:
            self._watch(lane).book.note(ticket, now=self._clock.monotonic())

    def tell(self, lane: Lane, ticket: str, *, signal: Signal | None, gave_back: bool) -> None:
        """Take in what such a call told, or count it no more: it did not leave."""
        watch = self._watch(lane)
        watch.book.leave(ticket, now=self._clock.monotonic(), signal=signal, gave_back=gave_back)
        watch.pump()

    def recent(self, lane: Lane) -> Sequence[tuple[str, float]]:
        """Give the calls of this process that count on a lane, as (ticket, seconds ago)."""
        watch = self._watches.get((lane.host, lane.identity))
        now = self._clock.monotonic()
        return [] if watch is None else [(ticket, now - at) for ticket, at in watch.book.recent(now)]

    def idle(self, lane: Lane) -> bool:
        """Tell whether nothing is known of a lane that could still keep a call from leaving."""
        watch = self._watches.get((lane.host, lane.identity))
        return watch is None or watch.idle

    def _state(self, watch: _Watch) -> LaneState:
        now = self._clock.monotonic()
        standing = watch.book.standing(now)
        return LaneState(
            left=standing.left,
            concurrency=standing.places,
            under_way=standing.under_way,
            waiting=standing.waiting,
            rest=timedelta(seconds=max(0.0, standing.rest_until - now)),
        )

    async def _come(self, coming: asyncio.Future[None], watch: _Watch, patience: float) -> None:
        if coming.done():
            return
        try:
            async with asyncio.timeout(max(0.0, patience)):
                await coming
        except TimeoutError:
            raise no_place(self._state(watch)) from None

    def _join(self, watch: _Watch, ticket: str, caller: Caller) -> None:
        watch.book.promote(ticket, caller=caller)

    def _watch(self, lane: Lane) -> _Watch:
        key = (lane.host, lane.identity)
        watch = self._watches.get(key)
        if watch is None:
            if len(self._watches) >= self._many:
                self._watches = {k: w for k, w in self._watches.items() if not w.idle}
                self._many = max(_MANY, 2 * len(self._watches))
            watch = self._watches[key] = _Watch(lane, clock=self._clock, alarm=self._alarm)
        return watch
