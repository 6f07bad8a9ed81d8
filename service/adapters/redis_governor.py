"""The governor of the fleet: each lane's book is in the store, and every process asks it there.

Turns granted at another process's word come by pub/sub; the store is looked at when its script said
that time may have helped, and once a second by who has anything there: that keeps it alive, finds
turns whose word was lost, and buries processes that were killed. While the store is down this
process goes by its own book, with its share of the limits, and what it sent counts on both sides.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

from connectors.errors import OverBudgetError, SourceThrottledError
from connectors.ports import Caller, Clock, Demand, Lane, LaneState, Signal, Turn
from connectors.runtime.pace import Granted, LocalGovernor, no_place, own_pace, weighed
from service.adapters.breaker import Breaker
from service.adapters.governor_script import ANEW, CHANNEL, Speaker, Told, Words, keys_of, parse_told, script
from service.adapters.governor_watch import Wait, Watch
from service.adapters.redis_scripts import Reply, Scripts
from service.adapters.signals import Signals

# Callers bring any number of identities; idle lanes beyond this many are forgotten. Where most are not
# idle they are looked through when they have doubled, not for each new one.
_MANY = 1024
# Half of what the script lets a silent process keep.
_RENEWAL = 1.0
# Where turns come by the hundred a second every process would look at each of them.
_SOONEST = 0.01


class RedisGovernor:
    """The `Governor` of every process that shares the store a URL names."""

    def __init__(
        self,
        url: str,
        *,
        signals: Signals,
        local: LocalGovernor,
        clock: Clock,
        timeout: timedelta = timedelta(milliseconds=250),
        breaker: Breaker | None = None,
    ) -> None:
        """Prepare; ConfigurationError for a URL it cannot take. `signals` is started by its owner."""
        self._scripts = Scripts(url, script(), user="governor", clock=clock, timeout=timeout, breaker=breaker)
        self._local = local
        self._clock = clock
        self._speaker = Speaker(uuid4().hex[:12])
        self._number = 0
        self._watches: dict[tuple[str, str], Watch] = {}
        # By the key that a lane's beginning is told under: such words come for every lane of the fleet.
        self._named: dict[str, Watch] = {}
        self._many = _MANY
        self._tickets: dict[str, Watch] = {}
        self._processes = 1
        self._renewing: asyncio.Task[None] | None = None
        signals.subscribe(CHANNEL, self._hear)
        signals.on_reconnect(self._renew_all)

    async def start(self) -> None:
        """Begin to ask the store."""
        await self._scripts.start()
        self._renewing = asyncio.create_task(self._renew_busy(), name="governor")

    async def close(self) -> None:
        """Say the last words and close every connection."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None
        for watch in self._watches.values():
            watch.silence()
        await self._scripts.close()

    @asynccontextmanager
    async def turn(self, lane: Lane, *, demand: Demand, timeout: timedelta) -> AsyncIterator[Turn]:
        """Wait for a turn and keep a place of the concurrency while the block lasts."""
        deadline = self._clock.monotonic() + timeout.total_seconds()
        watch = self._watch(lane)
        self._number += 1
        ticket = f"{self._speaker.process}:{self._number}"
        granted, unused = Granted(), True
        stop = demand.on_join(lambda caller: self._promote(watch, ticket, caller))
        try:
            if await self._come(watch, ticket, demand, deadline):
                unused = False
                try:
                    yield granted
                except OverBudgetError:
                    unused = True
                    raise
                return
        finally:
            stop()
            self._leave(watch, ticket, granted.signal, gave_back=unused)
        left = timedelta(seconds=deadline - self._clock.monotonic())
        async with self._local.turn(self._share(watch), demand=demand, timeout=left) as turn:
            yield turn

    def state(self, lane: Lane) -> LaneState | None:
        """Tell what this process last heard of a lane; None if it has had nothing to do with it."""
        watch = self._watches.get((lane.host, lane.identity))
        if watch is None:
            return None
        here = None if watch.synced else self._local.state(lane)
        return here or watch.state

    async def _come(self, watch: Watch, ticket: str, demand: Demand, deadline: float) -> bool:
        if not watch.synced:
            if self._scripts.down:
                return False
            self._renew(watch, fully=True)
        wait = Wait(asyncio.get_running_loop().create_future(), demand, deadline)
        watch.heed(demand.callers)
        watch.waiting[ticket] = wait
        self._tickets[ticket] = watch
        self._enter(watch, ticket, wait)
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                outcome = await wait.coming
        except TimeoutError:
            raise no_place(watch.state) from None
        if isinstance(outcome, SourceThrottledError):
            raise outcome
        return outcome

    def _enter(self, watch: Watch, ticket: str, wait: Wait) -> None:
        words = self._speaker.enter(
            watch.lane,
            ticket,
            callers=weighed(wait.demand.callers),
            patience=wait.deadline - self._clock.monotonic(),
            began=watch.began,
        )
        self._ask(watch, words, ticket=ticket, again=lambda: self._enter_again(watch, ticket))

    def _enter_again(self, watch: Watch, ticket: str) -> None:
        wait = watch.waiting.get(ticket)
        if wait is not None and not wait.coming.done():
            self._enter(watch, ticket, wait)

    def _promote(self, watch: Watch, ticket: str, caller: Caller) -> None:
        if ticket in watch.waiting:
            watch.heed((caller,))
            self._ask(watch, self._speaker.promote(watch.lane, ticket, caller=caller, began=watch.began))

    def _leave(self, watch: Watch, ticket: str, signal: Signal | None, *, gave_back: bool) -> None:
        if self._tickets.pop(ticket, None) is None:
            return
        watch.waiting.pop(ticket, None)
        counted = ticket in watch.under_way
        watch.under_way.discard(ticket)
        if counted and (gave_back or signal is not None):
            self._local.tell(watch.lane, ticket, signal=signal, gave_back=gave_back)
        heir = watch.heir(signal) if counted and not gave_back else None
        if heir is not None:
            # At once: asked of the store first, its place would be empty for as long as that takes.
            self._grant((heir,))
        self._say_left(watch, ticket, signal, gave_back=gave_back, heir=heir)

    def _say_left(
        self, watch: Watch, ticket: str, signal: Signal | None, *, gave_back: bool, heir: str | None
    ) -> None:
        words = self._speaker.leave(
            watch.lane, ticket, signal=signal, gave_back=gave_back, began=watch.began, heir=heir
        )
        again = partial(self._say_left, watch, ticket, signal, gave_back=gave_back, heir=heir)
        self._ask(watch, words, again=again)

    def _renew(self, watch: Watch, *, fully: bool = False) -> None:
        """Say what this process has; `fully`: what it sent in the last minute and was told, too."""
        fully = fully or not watch.synced
        watch.synced = True
        here = self._local.state(watch.lane) if fully else None
        words = self._speaker.renew(
            watch.lane,
            waiting=list(watch.waiting),
            under_way=list(watch.under_way),
            recent=list(self._local.recent(watch.lane)) if fully else None,
            rest=0.0 if here is None else here.rest.total_seconds(),
            began=watch.began,
        )
        self._ask(watch, words)

    def _renew_all(self) -> None:
        for watch in self._watches.values():
            if self._knows(watch):
                self._renew(watch, fully=True)

    async def _renew_busy(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL)
            for watch in self._watches.values():
                # What went by this process's own word is told as soon as the store is back.
                if watch.busy or (not watch.synced and not self._scripts.down):
                    self._renew(watch)

    def _pump(self, watch: Watch) -> None:
        self._ask(watch, self._speaker.pump(watch.lane, began=watch.began))

    def _ask(
        self, watch: Watch, words: Words, *, ticket: str = "", again: Callable[[], None] | None = None
    ) -> None:
        watch.words = number = watch.words + 1
        reply = self._scripts.run(words.keys, words.arguments)
        reply.add_done_callback(
            lambda done: self._take_in(watch, done.result(), number=number, ticket=ticket, again=again)
        )

    def _take_in(
        self,
        watch: Watch,
        reply: Reply | None,
        *,
        number: int,
        ticket: str,
        again: Callable[[], None] | None,
    ) -> None:
        if reply is None:
            self._go_alone(watch)
            return
        told = parse_told(reply)
        watch.sole = told.sole if number >= watch.doubted else ""
        if told.forgotten:
            self._begin_anew(watch, told.began)
            if again is not None:
                again()
            return
        watch.began, watch.state, watch.processes = told.began, told.state, told.processes
        self._processes = max(self._processes, told.processes)
        self._grant(told.granted)
        if told.refused is not None and ticket in watch.waiting:
            coming = watch.waiting[ticket].coming
            if not coming.done():
                coming.set_result(own_pace(told.refused))
        for lost in told.unknown:
            self._enter_again(watch, lost)
        self._set_alarm(watch, told)

    def _go_alone(self, watch: Watch) -> None:
        """Send everybody who waits to this process's own book."""
        watch.synced, watch.sole = False, ""
        watch.silence()
        for wait in watch.waiting.values():
            if not wait.coming.done():
                wait.coming.set_result(False)

    def _hear(self, payload: bytes) -> None:
        addressee, *words = payload.decode().split()
        if addressee == self._speaker.process:
            self._grant(words)
        elif addressee == ANEW:
            key, began = words
            watch = self._named.get(key)
            if watch is not None and watch.began:
                self._begin_anew(watch, began)

    def _begin_anew(self, watch: Watch, began: str) -> None:
        """Tell a lane that has lost everything what this process knows; what is said next is new to it."""
        if watch.began != began:
            self._renew(watch, fully=True)
            watch.began = began

    def _knows(self, watch: Watch) -> bool:
        return watch.busy or not self._local.idle(watch.lane)

    def _grant(self, tickets: Iterable[str]) -> None:
        for ticket in tickets:
            watch = self._tickets.get(ticket)
            wait = watch.waiting.pop(ticket, None) if watch is not None else None
            # Who is cancelled or too late by now gives it back on the way out.
            if watch is not None and wait is not None and not wait.coming.done():
                watch.under_way.add(ticket)
                self._local.note(watch.lane, ticket)
                wait.coming.set_result(True)

    def _set_alarm(self, watch: Watch, told: Told) -> None:
        watch.silence()
        if told.again is not None:
            loop = asyncio.get_running_loop()
            watch.alarm = loop.call_later(max(_SOONEST, told.again), self._pump, watch)

    def _share(self, watch: Watch) -> Lane:
        """Give this process's part of what a lane may get."""
        lane, processes = watch.lane, max(1, watch.processes)
        capacity = lane.requests_per_minute
        return replace(
            lane,
            requests_per_minute=None if capacity is None else max(1, capacity // processes),
            concurrency=max(1, lane.concurrency // processes),
        )

    def _watch(self, lane: Lane) -> Watch:
        key = (lane.host, lane.identity)
        watch = self._watches.get(key)
        if watch is None:
            if len(self._watches) >= self._many:
                self._forget_idle()
            watch = self._watches[key] = Watch(lane, self._processes)
            self._named[keys_of(lane)[0]] = watch
        watch.lane = lane
        return watch

    def _forget_idle(self) -> None:
        for key, watch in list(self._watches.items()):
            if not self._knows(watch):
                watch.silence()
                del self._watches[key]
                del self._named[keys_of(watch.lane)[0]]
        self._many = max(_MANY, 2 * len(self._watches))
