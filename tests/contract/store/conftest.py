"""Every store there is, for the one suite: memory, our own Valkey, a cluster of it, Debian's Redis."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.runtime.clock import SystemClock
from harness.cluster import run_cluster
from service.adapters.embedded import start_embedded
from service.adapters.memory_store import MemoryStore
from service.adapters.redis_store import RedisStore
from service.cache.store import Store


class MovedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Start at the epoch."""
        self.seconds = 0.0

    def now(self) -> datetime:
        """Give the epoch and what has passed."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Give what has passed."""
        return self.seconds


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Run the server that newcomers get."""
    with start_embedded() as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run Debian's Redis."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on the PATH (Debian's package is redis-server)")
    with start_embedded(binary=binary) as server:
        yield server.url


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a cluster of one server that owns every slot."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url


@pytest.fixture(params=["memory", "valkey", "redis", "cluster"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name one kind of store after the other."""
    return str(request.param)


@pytest.fixture
def clock() -> MovedClock:
    """Give the clock of the memory store."""
    return MovedClock()


@pytest.fixture
async def store(kind: str, clock: MovedClock, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Give a store with nothing under the test's keys."""
    opened: Store
    if kind == "memory":
        opened = MemoryStore(clock=clock)
    else:
        url = request.getfixturevalue(f"{kind}_url")
        # A busy machine is no failure here: how long an operation may take has tests of its own.
        opened = RedisStore(url, clock=SystemClock(), timeout=timedelta(seconds=5))
    yield opened
    await opened.close()


@pytest.fixture
def pass_time(kind: str, clock: MovedClock) -> Callable[[timedelta], Awaitable[None]]:
    """Give the way to let time pass for the store: its own clock, or waiting."""

    async def move(wait: timedelta) -> None:
        clock.seconds += wait.total_seconds()

    async def live(wait: timedelta) -> None:
        await asyncio.sleep(wait.total_seconds())

    return move if kind == "memory" else live
