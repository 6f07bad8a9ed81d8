"""What the outside must provide; every I/O a source needs goes through one of these."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from connectors.wire import Call, Reply


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Give the time of day, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never run backwards, for measuring and for deadlines."""
        ...


class Sleeper(Protocol):
    """Waits; a test's sleeper only takes notes."""

    async def sleep(self, wait: timedelta) -> None:
        """Return after `wait`."""
        ...


class Allowance(Protocol):
    """Counts the upstream calls of one answer, each as it leaves."""

    @property
    def exhausted(self) -> bool:
        """Tell whether no call is left, so that nobody need wait for a turn to learn it."""
        ...

    def take(self) -> bool:
        """Spend one call; False when none is left."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf calls are made; turns are shared between callers in proportion to `weight`."""

    name: str
    weight: float = 1.0


class Demand(Allowance, Protocol):
    """Who wants a call made: what they may spend, and in whose name it waits for its turn."""

    @property
    def callers(self) -> tuple[Caller, ...]:
        """Name those who want it now, without repetition, who came first first."""
        ...

    @property
    def until(self) -> float:
        """Tell until when anybody wants it, in seconds of `monotonic`; who joins may make it later.

        A call that would leave later need not wait for its turn. One that has left is not ended
        then: whoever waits for it goes away in their own time, and the last one cancels it.
        """
        ...

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:
        """Have `listener` told of each caller who joins from now on; gives what ends that."""
        ...


class Sender(Protocol):
    """Sends one call as one credential."""

    async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
        """Give the reply, whatever its status; SourceError when there is none within `timeout`.

        Each call that leaves, and none that does not, is taken from `demand`; OverBudgetError when
        that has none left.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lane:
    """One upstream host as one identity, which is what an upstream counts, and how much it may get.

    `identity` names a credential without being one. `requests_per_minute` None is no limit known;
    `concurrency` is the most calls at once, and the governor may find that fewer are better.
    """

    host: str
    identity: str
    requests_per_minute: int | None
    concurrency: int


@dataclass(frozen=True, slots=True)
class Signal:
    """What one call has told about how much its upstream can take.

    `took` is how long it was away. `overloaded`: it was refused for load (429, 503, or as its
    connector knows). `unanswered`: it was given up after `took`. `rest` is how long the upstream
    asks to be left alone; `remaining` and `reset` are how many calls it says are left, and for how
    long that number holds.
    """

    took: timedelta
    overloaded: bool = False
    unanswered: bool = False
    rest: timedelta | None = None
    remaining: int | None = None
    reset: timedelta | None = None

    @property
    def warns(self) -> bool:
        """Tell whether it may be a reason for fewer calls."""
        return self.overloaded or self.unanswered or self.rest is not None or self.remaining is not None


class Turn(Protocol):
    """A call's turn: it may leave now."""

    def learn(self, signal: Signal) -> None:
        """Take in what the call told, once."""
        ...


@dataclass(frozen=True, slots=True)
class LaneState:
    """How a lane is doing.

    `left` are the calls of this minute (None: no limit is known), `concurrency` is what is in force
    now, `rest` is for how long the upstream is still left alone.
    """

    left: int | None
    concurrency: int
    under_way: int
    waiting: int
    rest: timedelta


class Governor(Protocol):
    """Decides when a call may leave, for everybody who shares its lane."""

    def turn(self, lane: Lane, *, demand: Demand, timeout: timedelta) -> AbstractAsyncContextManager[Turn]:
        """Wait for a turn and keep a place of the concurrency while the block lasts.

        Callers who wait get turns in proportion to their weights, each caller's own in the order
        they were asked for; one who joins `demand` while it waits may bring its turn forward.
        SourceThrottledError, at once where it can be foreseen, when the turn would come later than
        `timeout`; SourceTimeoutError when only asking for it has taken so long. Whoever is cancelled
        gives turn and place back, and so does a block that ends in OverBudgetError: its call did not
        leave.
        """
        ...

    def state(self, lane: Lane) -> LaneState | None:
        """Tell what this process last knew of a lane; None if it has had nothing to do with it."""
        ...


class Vault(Protocol):
    """Keeps a source's rotating refresh token, encrypted, where the whole fleet finds it."""

    def hold(self, name: str) -> AbstractAsyncContextManager[None]:
        """Be the only one in the fleet who refreshes `name`, for as long as the block lasts."""
        ...

    async def load(self, name: str) -> str | None:
        """Give the newest token kept under `name`, or None."""
        ...

    async def store(self, name: str, token: str) -> None:
        """Keep `token` as the newest under `name`; durable when this returns."""
        ...
