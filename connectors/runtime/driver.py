"""Drives a walk: makes its calls, at the same time where they allow it, until it ends or must."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from functools import partial

from connectors.disposition import Disposition, Verdict
from connectors.errors import (
    OverBudgetError,
    SourceContractError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
)
from connectors.model import Outcome
from connectors.ports import Caller, Clock, Demand, Sender, Sleeper
from connectors.runtime.retry import pause_before_retry
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply

_log = logging.getLogger(__name__)
# A sender keeps its own time and knows best what it waited for; one that does not is stopped.
_GRACE = 0.25
_TIME_IS_UP = "the time given to this answer is up"
_Answer = tuple[Reply, Verdict] | SourceError


async def drive(
    walk: Walk,
    *,
    sender: Sender,
    demand: Demand,
    deadline: float,
    clock: Clock,
    sleeper: Sleeper,
    jitter: Callable[[], float],
) -> tuple[Finding, ...]:
    """Drive `walk` to its end and give its findings, one per address; nothing is left running.

    `deadline` is in seconds of `clock.monotonic()` and ends what is away; nothing begins once nobody
    wants it any more (`demand.until`), which may become later when somebody joins. Trouble and the
    deadline stop the walk, end its other calls, and keep what was read; a spent allowance and a
    throttling upstream end those that have not left, and a turn that would come too late ends no other
    call. Only a cancelled caller, or a defect outside the connector, raises.
    """
    try:
        async with asyncio.timeout(max(0.0, deadline - clock.monotonic()) + _GRACE):
            await _Drive(walk, sender, demand, deadline, clock, sleeper, jitter).run()
    except TimeoutError:
        walk.stop(Outcome.TIMEOUT, _TIME_IS_UP)
    return walk.finish(now=clock.now())


@dataclass(frozen=True, slots=True)
class _Leaving:
    """The demand, which notes whose call has left."""

    demand: Demand
    away: set[asyncio.Task[None] | None]

    @property
    def exhausted(self) -> bool:
        return self.demand.exhausted

    @property
    def callers(self) -> tuple[Caller, ...]:
        return self.demand.callers

    @property
    def until(self) -> float:
        return self.demand.until

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:
        return self.demand.on_join(listener)

    def take(self) -> bool:
        taken = self.demand.take()
        if taken:
            self.away.add(asyncio.current_task())
        return taken


class _Spares(Enum):
    """Whose calls go on although the walk has been stopped: they bring it nearer to its end.

    A listing of more pages than the pace lets through would else come to the same point each time.
    """

    NOBODY = auto()
    WHO_HAS_LEFT = auto()
    EVERYBODY = auto()


@dataclass(eq=False, slots=True)
class _Drive:
    """One walk under way: its `tasks`, those whose call is `away`, and whom its last trouble `spares`."""

    walk: Walk
    sender: Sender
    demand: Demand
    deadline: float
    clock: Clock
    sleeper: Sleeper
    jitter: Callable[[], float]
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    away: set[asyncio.Task[None] | None] = field(default_factory=set)
    spares: _Spares = _Spares.NOBODY

    async def run(self) -> None:
        calls = self._guarded(self.walk.start)
        # Most walks are one call, or one after the other: who is alone needs no task of its own.
        while len(calls) == 1 and not self.walk.stopped:
            calls = await self._settle(calls[0])
        if calls:
            async with asyncio.TaskGroup() as group:
                self._spawn(group, calls)

    def _spawn(self, group: asyncio.TaskGroup, calls: Sequence[Call]) -> None:
        for call in calls:
            task = group.create_task(self._follow(group, call))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _follow(self, group: asyncio.TaskGroup, call: Call) -> None:
        if not self.walk.stopped:
            self._spawn(group, await self._settle(call))
        if self.walk.stopped:
            for task in self.tasks - {asyncio.current_task(), *self._spared()}:
                task.cancel()

    def _spared(self) -> Collection[asyncio.Task[None] | None]:
        match self.spares:
            case _Spares.EVERYBODY:
                return self.tasks
            case _Spares.WHO_HAS_LEFT:
                return self.away
        return ()

    async def _settle(self, call: Call) -> Sequence[Call]:
        """Make one call, twice if need be, and give the calls that follow from its reply."""
        if not self._may_go():
            return ()
        answer = await self._attempt(call)
        attempt = 1
        while (pause := self._pause(answer, attempt)) is not None:
            await self.sleeper.sleep(pause)
            again = await self._attempt(call)
            # A retry is a call like any other; without one left, the trouble at hand is the word.
            if isinstance(again, OverBudgetError):
                break
            answer = again
            attempt += 1
        return self._conclude(call, answer)

    def _pause(self, answer: _Answer, attempt: int) -> timedelta | None:
        if self.demand.exhausted or self.walk.stopped:
            return None
        return pause_before_retry(
            answer if isinstance(answer, SourceError) else answer[1],
            attempt=attempt,
            remaining=self._remaining(),
            jitter=self.jitter,
        )

    async def _attempt(self, call: Call) -> _Answer:
        while True:
            until = self.demand.until
            answer = await self._send(call)
            # It did not leave for want of time; who has joined meanwhile has more.
            late = isinstance(answer, SourceThrottledError | SourceTimeoutError)
            if not late or self.demand.until <= until:
                return answer

    async def _send(self, call: Call) -> _Answer:
        try:
            leaving = _Leaving(self.demand, self.away)
            timeout = timedelta(seconds=self.deadline - self.clock.monotonic())
            reply = await self.sender.send(call, timeout=timeout, demand=leaving)
            return reply, self._judge(call, reply)
        except SourceError as error:
            return error
        finally:
            self.away.discard(asyncio.current_task())

    def _may_go(self) -> bool:
        if self._remaining() <= timedelta(0):
            self.walk.stop(Outcome.TIMEOUT, _TIME_IS_UP)
        elif self.demand.exhausted:
            self._fail(OverBudgetError())
        return not self.walk.stopped

    def _remaining(self) -> timedelta:
        return timedelta(seconds=min(self.deadline, self.demand.until) - self.clock.monotonic())

    def _judge(self, call: Call, reply: Reply) -> Verdict:
        try:
            return self.walk.judge(call, reply)
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever hostile data does to a connector, it fails alone
            raise self._defect(error) from None

    def _conclude(self, call: Call, answer: _Answer) -> Sequence[Call]:
        if isinstance(answer, SourceError):
            self._fail(answer)
            return ()
        if answer[1].disposition not in (Disposition.OK, Disposition.ABSENT):
            self.spares = _spares_after(answer)
        return self._guarded(partial(self.walk.absorb, call, *answer))

    def _fail(self, error: SourceError) -> None:
        # The error itself is not held: its traceback leads to what was read of a body, in a circle.
        self.spares = _spares_after(error)
        self.walk.fail(error)

    def _guarded(self, step: Callable[[], Sequence[Call]]) -> Sequence[Call]:
        try:
            return step()
        except SourceError as error:
            self.walk.fail(error)
        except Exception as error:  # noqa: BLE001 - the same
            self.walk.fail(self._defect(error))
        return ()

    def _defect(self, error: Exception) -> SourceContractError:
        # Its message may quote the reply, so only its kind is told.
        kind = type(error).__name__
        _log.warning("connector %s failed with %s", self.walk.kind, kind)
        return SourceContractError(f"the reply could not be read ({kind})", path="$")


def _spares_after(trouble: _Answer) -> _Spares:
    match trouble:
        case SourceThrottledError():
            # Our own pace has spoken of this call. Another one's turn has come, or will in time.
            return _Spares.EVERYBODY
        case OverBudgetError() | (_, Verdict(disposition=Disposition.THROTTLED)):
            # A call that has left is paid for: when there is no other, its reply is still waited for.
            return _Spares.WHO_HAS_LEFT
    return _Spares.NOBODY
