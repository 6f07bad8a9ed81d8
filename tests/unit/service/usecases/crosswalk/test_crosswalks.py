"""One process's crosswalk: noticed when it changes, read once, and never silently empty."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.contract import ConnectorSpec
from connectors.errors import StoreUnavailableError
from connectors.model import NodeId, parse_address
from harness.toy import NOON, FixedClock, Toy
from service.adapters.memory_store import MemoryStore
from service.cache.crosswalk import MANIFEST_KEY, WrittenRow, encode_manifest
from service.cache.store import Item
from service.graph.identity import Crosswalk
from service.usecases.crosswalk.crosswalks import Crosswalks
from service.usecases.crosswalk.index import Connectors
from service.usecases.crosswalk.store import CrosswalkLostError, load_blob

HOUR = timedelta(hours=1)
TOY = Toy(ConnectorSpec("acc", ("acc",), relations=(), scope=(), mapping_version=1), ("c", "d"))
A, B = WrittenRow("n:t:a", "n:t:b", "cmdb", 0.9), WrittenRow("n:t:b", "n:t:c", "jane", 0.5)


class WatchedStore(MemoryStore):
    """The memory store: counts what is loaded, breaks when told to, and lets a test step in between."""

    def __init__(self) -> None:
        super().__init__(clock=FixedClock())
        self.loaded: list[str] = []
        self.broken = ""
        self.gate: asyncio.Event | None = None
        self.between: Callable[[], None] | None = None

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Take note, wait at the gate for chunks, then load; before a chunk a step is taken, once."""
        self.loaded += keys
        chunk = keys != [MANIFEST_KEY]
        if chunk and self.gate is not None:
            await self.gate.wait()
        if chunk and self.between is not None:
            self.between()
            self.between = None
        if self.broken and self.broken in keys[0]:
            raise StoreUnavailableError("the store is down")
        return await super().load(keys)

    def put(self, item: Item) -> None:
        """Save at once."""
        self._keep(item)

    def forget(self, part: str) -> None:
        """Lose every key with this in it."""
        for key in [key for key in self._endless if part in key]:
            self._forget(key)

    @property
    def keys(self) -> set[str]:
        """Give what is there for good."""
        return set(self._endless)


def holder(store: MemoryStore, **connectors: Any) -> Crosswalks:
    """Open a process's own view."""
    known: Connectors = connectors
    return Crosswalks(store, connectors=known, clock=FixedClock())


def group(crosswalk: Crosswalk, text: str) -> list[str]:
    """Give the group of a node by all rows."""
    node = parse_address(text)
    assert isinstance(node, NodeId)
    return [str(member) for member in crosswalk.group_of(node, visible=lambda _: True).members]


@pytest.fixture
def store() -> WatchedStore:
    """Give an empty store."""
    return WatchedStore()


async def test_without_a_crosswalk_it_is_empty(store: WatchedStore) -> None:
    """Where none was ever loaded, every node is alone, and asking again is one small read."""
    crosswalks = holder(store)
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a"]
    assert await crosswalks.current() is await crosswalks.current()
    assert store.loaded == [MANIFEST_KEY] * 3
    await crosswalks.close()


async def test_every_process_uses_what_is_loaded_from_its_next_question_on(store: WatchedStore) -> None:
    """Another process has loaded, replaced and cleared; each time the next question sees it."""
    operator, worker = holder(store), holder(store)
    for rows, members in ([A], ["n:t:a", "n:t:b"]), ([A, B], ["n:t:a", "n:t:b", "n:t:c"]), ([], ["n:t:a"]):
        manifest = await operator.load(rows)
        crosswalk = await worker.current()
        assert group(crosswalk, "n:t:a") == members
        assert (crosswalk.digest, crosswalk.loaded_at) == (manifest.digest, NOON)
        assert (manifest.rows, len(crosswalk.rows)) == (len(rows), len(rows))
    assert store.keys == {MANIFEST_KEY}
    await worker.close()


async def test_the_rows_are_read_only_when_they_changed(store: WatchedStore) -> None:
    """A question costs one read of one key."""
    crosswalks = holder(store)
    (key,) = (await crosswalks.load([A])).keys
    store.loaded.clear()
    first = await crosswalks.current()
    assert store.loaded == [MANIFEST_KEY, key]
    assert await crosswalks.current() is first
    assert store.loaded == [MANIFEST_KEY, key, MANIFEST_KEY]


async def test_loading_the_same_rows_again_is_a_new_load_of_the_same_digest(store: WatchedStore) -> None:
    """The digest is of what is said; the rows that lie there are the new load's."""
    crosswalks = holder(store)
    one = await crosswalks.load([A, B])
    other = await crosswalks.load([B, A, A])
    assert (one.digest, one.rows) == (other.digest, other.rows)
    assert one.version != other.version
    assert store.keys == {MANIFEST_KEY, *other.keys}
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b", "n:t:c"]


async def test_callers_at_once_share_one_reading(store: WatchedStore) -> None:
    """Ten that see a new manifest read its rows once; one that gives up disturbs no other."""
    crosswalks = holder(store)
    (key,) = (await crosswalks.load([A])).keys
    store.gate = asyncio.Event()
    tasks = [asyncio.create_task(crosswalks.current()) for _ in range(10)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    await asyncio.sleep(0)
    store.gate.set()
    found = [await task for task in tasks[1:]]
    assert all(crosswalk is found[0] for crosswalk in found)
    assert store.loaded.count(key) == 1
    assert tasks[0].cancelled()


async def test_a_reading_that_everybody_left_still_counts(store: WatchedStore) -> None:
    """However short the callers' patience, a large crosswalk is there in the end."""
    crosswalks = holder(store)
    (key,) = (await crosswalks.load([A])).keys
    store.gate = asyncio.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(crosswalks.current(), 0.01)
    store.gate.set()
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b"]
    assert store.loaded.count(key) == 1


async def test_a_reading_that_fails_unheard_is_no_trouble(store: WatchedStore) -> None:
    """When all have gone its failure is nobody's; the next question tries again."""
    crosswalks = holder(store)
    (key,) = (await crosswalks.load([A])).keys
    store.gate, store.broken = asyncio.Event(), key
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(crosswalks.current(), 0.01)
    store.gate.set()
    await asyncio.sleep(0.01)
    store.broken = ""
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b"]


async def test_closing_ends_a_reading(store: WatchedStore) -> None:
    """Whoever still waits is told that it is over."""
    crosswalks = holder(store)
    await crosswalks.load([A])
    store.gate = asyncio.Event()
    task = asyncio.create_task(crosswalks.current())
    await asyncio.sleep(0.01)
    await crosswalks.close()
    await asyncio.wait({task})
    assert task.cancelled()
    await holder(store).close()


@pytest.mark.parametrize("broken", [MANIFEST_KEY, f"{MANIFEST_KEY}:"])
async def test_while_the_store_is_down_the_last_one_known_counts(store: WatchedStore, broken: str) -> None:
    """Whether the manifest cannot be read or the new rows; a process that knows none says so."""
    crosswalks = holder(store)
    await crosswalks.load([A])
    known = await crosswalks.current()
    await crosswalks.load([A, B])
    store.broken = broken
    assert await crosswalks.current() is known
    with pytest.raises(StoreUnavailableError):
        await holder(store).current()
    store.broken = ""
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b", "n:t:c"]


async def test_rows_that_are_gone_are_an_error_even_where_older_ones_are_known(store: WatchedStore) -> None:
    """What was loaded counts and cannot be read: neither nothing nor what it replaced stands in."""
    crosswalks = holder(store)
    await crosswalks.load([A])
    await crosswalks.current()
    await crosswalks.load([B])
    store.forget(f"{MANIFEST_KEY}:")
    for each in (crosswalks, holder(store)):
        with pytest.raises(CrosswalkLostError, match="gone"):
            await each.current()
    await crosswalks.load([B])
    assert group(await crosswalks.current(), "n:t:c") == ["n:t:b", "n:t:c"]


@pytest.mark.parametrize("number", [0, 1])
async def test_what_is_damaged_is_an_error(store: WatchedStore, number: int) -> None:
    """A manifest or rows that cannot be read are lost, and loading again helps."""
    crosswalks = holder(store)
    manifest = await crosswalks.load([A])
    await store.save([Item([MANIFEST_KEY, *manifest.keys][number], b"nonsense", None)])
    with pytest.raises(CrosswalkLostError, match="cannot be read"):
        await crosswalks.current()
    await crosswalks.load([A])
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b"]


async def test_one_loaded_between_two_reads_is_the_one_used(store: WatchedStore) -> None:
    """Who has read a manifest whose rows are gone by then goes on to the new one, or to none."""
    operator, worker = holder(store), holder(store)
    manifest = await operator.load([A])
    stale = Item(MANIFEST_KEY, encode_manifest(manifest), None)
    await operator.load([B])
    newer = await load_blob(store)
    assert newer is not None
    store.put(stale)
    store.between = lambda: store.put(Item(MANIFEST_KEY, newer, None))
    assert group(await worker.current(), "n:t:c") == ["n:t:b", "n:t:c"]
    store.put(stale)
    store.between = lambda: store.forget("")
    assert group(await worker.current(), "n:t:c") == ["n:t:c"]


async def test_rows_that_are_being_removed_are_gone(store: WatchedStore) -> None:
    """A chunk is emptied for the moment before it ends; such a one is no damage, but no chunk."""
    crosswalks = holder(store)
    manifest = await crosswalks.load([A])
    for key in manifest.keys:
        store.put(Item(key, b"", HOUR))
    with pytest.raises(CrosswalkLostError, match="gone"):
        await crosswalks.current()


async def test_a_store_that_was_emptied_is_told_in_the_log(store: WatchedStore) -> None:
    """Nothing is loaded then, and that nobody has said so is worth a line; clearing is not."""
    crosswalks = holder(store)
    await crosswalks.load([A])
    await crosswalks.current()
    with capture_logs() as logs:
        await crosswalks.load([])
        await crosswalks.current()
        await crosswalks.load([A])
        await crosswalks.current()
    assert [line["event"] for line in logs] == ["crosswalk_read", "crosswalk_read"]
    store.forget("")
    with capture_logs() as logs:
        assert group(await crosswalks.current(), "n:t:a") == ["n:t:a"]
        await crosswalks.current()
    assert [line["event"] for line in logs] == ["crosswalk_gone"]


async def test_rows_that_mean_nothing_here_are_told_in_the_log(store: WatchedStore) -> None:
    """How many, and the first ten; the others count."""
    crosswalks = holder(store, acc=TOY)
    await crosswalks.load([A, *(WrittenRow(f"acc:doc:{n}", "n:t:a", "cmdb", 1.0) for n in range(12))])
    with capture_logs() as logs:
        assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b"]
    (line,) = [line for line in logs if line["event"] == "crosswalk_rows_left_out"]
    assert (line["rows"], len(line["examples"])) == (12, 10)
    assert line["examples"][0].startswith("acc:doc:0: this address fits 2 configured tenants")


async def test_leftovers_that_cannot_be_removed_do_not_fail_a_load(store: WatchedStore) -> None:
    """The new rows are in place, whatever lay there before."""
    await store.save([Item(MANIFEST_KEY, b"nonsense", None)])
    crosswalks = holder(store)
    await crosswalks.load([A])
    assert group(await crosswalks.current(), "n:t:a") == ["n:t:a", "n:t:b"]
