"""Our own pace: how many calls go to one host as one identity, per minute and at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from connectors.contract import Pace
from connectors.errors import OverBudgetError, SourceThrottledError
from connectors.ports import Clock, Sleeper
from connectors.runtime.window import Window

# The upstream counts when calls arrive, we when they leave: half a second is for the way.
_SPAN = 60.5
# Callers bring any number of identities; idle pacers beyond this many are forgotten.
_MANY = 1024


class Pacer:
    """Lets calls through at one pace, first come, first served."""

    def __init__(self, pace: Pace, *, clock: Clock, sleeper: Sleeper) -> None:
        """Allow what `pace` says."""
        self._pace = pace
        self._clock = clock
        self._sleeper = sleeper
        self._window = Window(capacity=pace.requests_per_minute, span=_SPAN)
        self._places = asyncio.Semaphore(pace.concurrency)
        self._present = 0

    @property
    def idle(self) -> bool:
        """Tell whether nobody is here and nothing needs to be remembered."""
        return self._present == 0 and self._window.idle(self._clock.monotonic())

    def rest(self, wait: timedelta) -> None:
        """Let nobody through for as long as the upstream asked."""
        self._window.close(self._clock.monotonic() + wait.total_seconds())

    @asynccontextmanager
    async def turn(self, *, timeout: timedelta) -> AsyncIterator[None]:
        """Wait for a turn and keep one place of the concurrency while the block lasts.

        SourceThrottledError, at once where it can be foreseen, when the turn would come later than
        `timeout`. Whoever is cancelled while waiting gives turn and place back, and so does a block
        that ends in OverBudgetError: its call did not leave.
        """
        deadline = self._clock.monotonic() + timeout.total_seconds()
        self._foresee(deadline)
        self._present += 1
        try:
            await self._enter(timeout)
            try:
                at = await self._wait(deadline)
                try:
                    yield
                except OverBudgetError:
                    self._window.give_back(at)
                    raise
            finally:
                self._places.release()
        finally:
            self._present -= 1

    def _foresee(self, deadline: float) -> None:
        now = self._clock.monotonic()
        at = self._window.earliest(now)
        if at > max(deadline, now):
            raise SourceThrottledError(
                "our own pace leaves no call in time", retry_after=timedelta(seconds=at - now)
            )

    async def _enter(self, timeout: timedelta) -> None:
        try:
            async with asyncio.timeout(max(0.0, timeout.total_seconds())):
                await self._places.acquire()
        except TimeoutError:
            raise SourceThrottledError(
                f"our own pace: {self._pace.concurrency} calls are under way already"
            ) from None

    async def _wait(self, deadline: float) -> float:
        self._foresee(deadline)
        now = self._clock.monotonic()
        at = self._window.take(now)
        try:
            if at > now:
                await self._sleeper.sleep(timedelta(seconds=at - now))
        except BaseException:
            self._window.give_back(at)
            raise
        return at


class Governor:
    """Keeps the one pacer of each host and identity.

    It forgets those that nobody is in and that have nothing to remember, so whoever sends asks for
    the pacer right before each turn and holds on to none.
    """

    def __init__(self, *, clock: Clock, sleeper: Sleeper) -> None:
        """Start with none."""
        self._clock = clock
        self._sleeper = sleeper
        self._pacers: dict[tuple[str, str, Pace], Pacer] = {}

    def pacer(self, host: str, *, identity: str, pace: Pace) -> Pacer:
        """Give the pacer that everyone who calls `host` as `identity` at this pace shares."""
        key = (host, identity, pace)
        pacer = self._pacers.get(key)
        if pacer is None:
            if len(self._pacers) >= _MANY:
                self._pacers = {k: p for k, p in self._pacers.items() if not p.idle}
            pacer = self._pacers[key] = Pacer(pace, clock=self._clock, sleeper=self._sleeper)
        return pacer
