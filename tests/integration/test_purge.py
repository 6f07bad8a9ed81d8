"""The sweep on real servers: what was picked is gone from the bytes, whatever lies beside it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from redis import Redis, RedisCluster

from connectors.contract import Filter
from connectors.errors import StoreUnavailableError
from connectors.runtime.clock import SystemClock
from connectors.wire import Aspect
from harness.cluster import run_cluster
from service.adapters.embedded import start_embedded
from service.adapters.redis_keyspace import RedisKeyspace
from service.adapters.redis_store import RedisStore
from service.cache.hasher import Hasher
from service.cache.key import Kind, Question, Scope
from service.cache.pick import Pick
from service.cache.store import Item
from service.usecases.purge import sweep

HASHER = Hasher(["a key for tests"])
HOUR = timedelta(hours=1)
PATIENCE = timedelta(seconds=10)
# More than one batch of a scan, and of a removal.
MANY = 2500


@pytest.fixture(scope="module")
def embedded() -> Iterator[tuple[str, Callable[[], Redis]]]:
    """Run the server that newcomers get."""
    with start_embedded() as server:
        yield server.url, lambda: Redis.from_url(server.url)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Callable[[], RedisCluster]]]:
    """Run a cluster of one server that owns every slot."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url, lambda: RedisCluster.from_url(url.replace("redis+cluster", "redis"))


@pytest.mark.parametrize("kind", ["embedded", "cluster"])
async def test_a_source_is_gone_and_its_neighbor_is_not(kind: str, request: pytest.FixtureRequest) -> None:
    """Thousands of entries of one source go, each of another stays, with what is no entry at all."""
    url, administer = request.getfixturevalue(kind)
    store = RedisStore(url, clock=SystemClock(), timeout=PATIENCE)
    keyspace = RedisKeyspace(url, timeout=PATIENCE)
    mine, others = ([_key(name, number) for number in range(MANY)] for name in ("acc", "feed"))
    await store.save([Item(key, b"\x01value of " + key.encode(), HOUR) for key in (*mine, *others)])
    await store.save([Item("rg1:crosswalk", b"rows", None)])
    picks = [(Pick(source="acc"), HASHER)]
    assert await sweep(keyspace, picks, dry_run=True) == {Kind.LISTING: MANY}
    assert await sweep(keyspace, picks) == {Kind.LISTING: MANY}
    assert not await sweep(keyspace, picks)
    # The values of what is left can be loaded, as a look into them does.
    assert await keyspace.load([others[0], mine[0]]) == [b"\x01value of " + others[0].encode(), None]
    with closing(administer()) as administrator:
        left = {key.decode() for key in administrator.scan_iter(count=1000)}
    assert left == {*others, "rg1:crosswalk"}
    await keyspace.close()
    await store.close()


async def test_a_store_that_is_not_there_is_the_ports_error() -> None:
    """Scanning, loading and removing all say so, on a cluster as well."""
    for url in ("redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1"):
        keyspace = RedisKeyspace(url, timeout=timedelta(seconds=1))
        with pytest.raises(StoreUnavailableError, match="list its keys"):
            await sweep(keyspace, [(Pick(source="acc"), HASHER)])
        with pytest.raises(StoreUnavailableError, match="load"):
            await keyspace.load(["a"])
        with pytest.raises(StoreUnavailableError, match="remove"):
            await keyspace.remove(["a"])
        await keyspace.close()


def _key(source: str, number: int) -> str:
    scope = Scope(source, "toy", (), 1, "public")
    return Question(scope, None, f"n:t:{number}", Aspect.RELATIONS, Filter()).key(HASHER)
