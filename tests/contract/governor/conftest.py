"""Every governor there is, for the one suite: of one process, and of two that share a server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from math import inf

import pytest

from connectors.ports import Caller, Governor, Lane
from connectors.runtime.clock import SystemClock
from connectors.runtime.pace import LocalGovernor
from service.adapters.embedded import start_embedded
from service.adapters.redis_governor import RedisGovernor
from service.adapters.signals import Signals

PATIENT = timedelta(seconds=5)
_numbers = count()


class Wanted:
    """A demand whose callers a test adds to; `allowed` calls are left."""

    def __init__(self, *callers: Caller, allowed: int = 1_000) -> None:
        """Start with these callers."""
        self.callers = callers
        self.allowed = allowed
        self._listeners: list[Callable[[Caller], None]] = []

    @property
    def exhausted(self) -> bool:
        """Tell whether nothing is left."""
        return self.allowed == 0

    def take(self) -> bool:
        """Take one."""
        self.allowed -= 1
        return self.allowed >= 0

    @property
    def until(self) -> float:
        """Want it for ever."""
        return inf

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:
        """Tell of those who join."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def join(self, caller: Caller) -> None:
        """Have one more caller."""
        self.callers = (*self.callers, caller)
        for listener in list(self._listeners):
            listener(caller)


@pytest.fixture(scope="session")
def governor_url() -> Iterator[str]:
    """Run a server."""
    with start_embedded() as server:
        yield server.url


async def open_governor(stack: AsyncExitStack, url: str) -> RedisGovernor:
    """Open one process's governor on a server."""
    clock = SystemClock()
    # A busy machine is no failure here: how long an operation may take has tests of its own.
    signals = Signals(url, clock=clock, timeout=PATIENT)
    governor = RedisGovernor(
        url, signals=signals, local=LocalGovernor(clock=clock), clock=clock, timeout=PATIENT
    )
    await signals.start()
    stack.push_async_callback(signals.close)
    await governor.start()
    stack.push_async_callback(governor.close)
    while not signals.connected:  # noqa: ASYNC110 - the other side is a server
        await asyncio.sleep(0.01)
    return governor


@pytest.fixture(params=["local", "shared"])
async def governors(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Governor, Governor]]:
    """Give two governors that share what they share: one twice, or those of two processes."""
    if request.param == "local":
        one = LocalGovernor(clock=SystemClock())
        yield one, one
        return
    url = request.getfixturevalue("governor_url")
    async with AsyncExitStack() as stack:
        yield await open_governor(stack, url), await open_governor(stack, url)


@pytest.fixture
def identity() -> str:
    """Give an identity that no other test calls as."""
    return f"identity {next(_numbers)}"


@pytest.fixture
def lane(identity: str) -> Callable[..., Lane]:
    """Give the way to make a lane of the test's own."""

    def make(requests_per_minute: int | None = None, concurrency: int = 10) -> Lane:
        return Lane("a.example", identity, requests_per_minute, concurrency)

    return make


@pytest.fixture
def wanted() -> type[Wanted]:
    """Give what makes demands."""
    return Wanted
