"""Every kind of leases there is, for the one suite: in memory, on our own Valkey, on a cluster of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from typing import Protocol

import pytest
from redis import Redis, RedisCluster

from connectors.runtime.clock import SystemClock
from harness.cluster import run_cluster
from harness.leases import LeaseBoard, LoneLeases
from service.adapters.embedded import start_embedded
from service.adapters.redis_leases import RedisLeases
from service.adapters.signals import Signals
from service.usecases.asking.lease import Leases

# A busy machine is no failure here: how long an operation may take has tests of its own, and no lease
# ends because its holder's machine stood still for a moment.
PATIENCE = timedelta(seconds=5)
LIFE = timedelta(seconds=20)


class Fleet(Protocol):
    """Processes that share their leases."""

    async def join(self, *, life: timedelta = LIFE) -> Leases:
        """Give the leases of one more process."""
        ...

    async def leave(self, leases: Leases) -> None:
        """Shut a process down in good order."""
        ...

    async def abandon(self, key: str, *, life: timedelta) -> None:
        """Leave a lease behind that no living process holds."""
        ...


class LoneFleet:
    """Processes on one board."""

    def __init__(self) -> None:
        """Start with an empty board."""
        self._board = LeaseBoard()

    async def join(self, *, life: timedelta = LIFE) -> LoneLeases:
        """Give the leases of one more process."""
        return LoneLeases(self._board, clock=SystemClock(), life=life)

    async def leave(self, leases: LoneLeases) -> None:
        """Shut a process down in good order."""
        await leases.close()

    async def abandon(self, key: str, *, life: timedelta) -> None:
        """Leave a lease behind that no living process holds."""
        self._board.abandon(key, life=life)


class RedisFleet:
    """Processes on one server."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        """Take note of the server; what is opened here closes with `stack`."""
        self._url = url
        self._stack = stack

    async def join(self, *, life: timedelta = LIFE) -> RedisLeases:
        """Give the leases of one more process."""
        signals = Signals(self._url, clock=SystemClock(), timeout=PATIENCE)
        leases = RedisLeases(
            self._url,
            signals=signals,
            clock=SystemClock(),
            life=life,
            renewal=timedelta(milliseconds=250),
            timeout=PATIENCE,
        )
        await signals.start()
        self._stack.push_async_callback(signals.close)
        self._stack.push_async_callback(leases.close)
        return leases

    async def leave(self, leases: RedisLeases) -> None:
        """Shut a process down in good order."""
        await leases.close()

    async def abandon(self, key: str, *, life: timedelta) -> None:
        """Leave a lease behind that no living process holds."""
        await asyncio.to_thread(self._write, f"rg1:lease:{key}", life)

    def _write(self, key: str, life: timedelta) -> None:
        cluster = "redis+cluster"
        opened: Redis | RedisCluster
        if self._url.startswith(cluster):
            opened = RedisCluster.from_url(self._url.replace(cluster, "redis"))
        else:
            opened = Redis.from_url(self._url)
        with closing(opened) as client:
            client.set(key, "a dead process", px=life)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Run the server that newcomers get."""
    with start_embedded() as server:
        yield server.url


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a cluster."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url


@pytest.fixture(params=["lone", "valkey", "cluster"])
async def fleet(request: pytest.FixtureRequest) -> AsyncIterator[Fleet]:
    """Give one kind of fleet after the other."""
    if request.param == "lone":
        yield LoneFleet()
        return
    url = request.getfixturevalue(f"{request.param}_url")
    async with AsyncExitStack() as stack:
        yield RedisFleet(url, stack)
