"""The crosswalk in a real store: for good, below the other keys' pressure, and through restarts of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import StoreUnavailableError
from connectors.model import NodeId
from connectors.runtime.clock import SystemClock
from service.adapters.embedded import start_embedded
from service.adapters.redis_store import RedisStore
from service.cache.crosswalk import CHUNK_BYTES, MANIFEST_KEY, WrittenRow
from service.cache.store import Item, Store
from service.usecases.crosswalk.crosswalks import Crosswalks

# Longer than any hiccup of a busy machine.
PATIENCE = timedelta(seconds=5)
ROWS = [WrittenRow(f"n:t:{n}", f"m:t:{n}", "cmdb", 0.9) for n in range(100)]


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[tuple[Crosswalks, Store]]:
    """Open one worker's view of the crosswalk on a store."""
    clock = SystemClock()
    store = RedisStore(url, clock=clock, timeout=PATIENCE, pause=timedelta(milliseconds=1))
    crosswalks = Crosswalks(store, connectors={}, clock=clock)
    yield crosswalks, store
    await crosswalks.close()
    await store.close()


async def _members(crosswalks: Crosswalks, key: str) -> list[str]:
    crosswalk = await crosswalks.current()
    group = crosswalk.group_of(NodeId("n", None, "t", key), visible=lambda _: True)
    return [str(member) for member in group.members]


async def test_what_is_loaded_has_no_end_and_replaces_what_was(machine: Any) -> None:
    """One manifest and the chunks it names are in the store, none of them with an end."""
    async with _opened(machine.url) as (operator, _), _opened(machine.url) as (worker, _):
        for rows in (ROWS, ROWS[:1]):
            manifest = await operator.load(rows)
            await asyncio.sleep(0.02)  # what is removed ends after a millisecond
            with machine.client() as client:
                lives = {key.decode(): client.pttl(key) for key in client.scan_iter()}
            assert lives == dict.fromkeys((MANIFEST_KEY, *manifest.keys), -1)
            assert await _members(worker, "0") == ["m:t:0", "n:t:0"]
        assert await _members(worker, "1") == ["n:t:1"]


async def test_a_large_one_is_kept_in_chunks(machine: Any) -> None:
    """Rows of some megabytes go through, each chunk in its own operation."""
    rows = [WrittenRow(f"n:t:{n}", f"m:t:{'x' * 50_000}{n}", "cmdb", 0.9) for n in range(200)]
    async with _opened(machine.url) as (operator, _), _opened(machine.url) as (worker, _):
        manifest = await operator.load(rows)
        assert manifest.chunks == 200 * 50_000 // CHUNK_BYTES + 1
        assert len(await _members(worker, "199")) == 2


async def test_it_outlives_everything_that_has_an_end() -> None:
    """A store that is full drops cached answers and never the crosswalk."""
    with start_embedded(memory="8mb") as server:
        async with _opened(server.url) as (crosswalks, store):
            await crosswalks.load(ROWS)
            for number in range(40):
                item = Item(f"rg1:{number}", bytes([number]) * 500_000, timedelta(hours=1))
                await store.save([item])
            kept = await store.load([f"rg1:{number}" for number in range(40)])
            assert kept.count(None) > 20
        async with _opened(server.url) as (fresh, _):
            assert await _members(fresh, "0") == ["m:t:0", "n:t:0"]


async def test_through_an_outage_the_last_one_known_counts(machine: Any) -> None:
    """A worker goes on with what it has; one that has nothing says so; an emptied store has none."""
    async with _opened(machine.url) as (worker, _), _opened(machine.url) as (late, _):
        await worker.load(ROWS)
        assert await _members(worker, "0") == ["m:t:0", "n:t:0"]
        machine.stop()
        assert await _members(worker, "0") == ["m:t:0", "n:t:0"]
        with pytest.raises(StoreUnavailableError):
            await late.current()
        machine.start()
        await asyncio.sleep(0.01)
        assert await _members(worker, "0") == ["n:t:0"]


async def test_a_reader_in_the_middle_of_a_load_sees_one_or_the_other(machine: Any) -> None:
    """While it is loaded again and again, every question gets rows that belong together."""
    tables = [
        [WrittenRow("n:t:0", f"m:t:{n}", "cmdb", 0.9), WrittenRow(f"m:t:{n}", f"o:t:{n}", "cmdb", 0.9)]
        for n in range(40)
    ]
    async with _opened(machine.url) as (operator, _), _opened(machine.url) as (worker, _):

        async def load_all() -> None:
            for table in tables:
                await operator.load(table)

        await operator.load(tables[0])
        seen = set()
        async with asyncio.TaskGroup() as group:
            loading = group.create_task(load_all())
            while not loading.done():
                one, _, other = await _members(worker, "0")
                assert one.rpartition(":")[2] == other.rpartition(":")[2]
                seen.add(one)
        assert len(seen) > 1
        assert (await _members(worker, "0"))[0] == "m:t:39"
