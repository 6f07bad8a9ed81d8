"""Dictionaries are learnt of what is kept, shared through the store, and never put back once removed."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

import pytest

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId, undirected
from connectors.walk import Listing
from connectors.wire import Aspect
from harness.toy import FixedClock
from service.adapters.memory_store import MemoryStore
from service.cache.codec import decode_draft, encode_listing
from service.cache.frame import EntryError, learnt_of
from service.cache.hasher import Hasher
from service.cache.key import PREFIX, Kind, Question, Scope, circle_of, learnt_key
from service.cache.store import Item
from service.usecases.cached.lexicon import Lexicon

HASHER = Hasher(["a key"])
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Process:
    """A process of the fleet: it writes and reads listings of one circle, with what it has learnt itself."""

    def __init__(self, store: MemoryStore, *, partition: str = "public") -> None:
        """Begin to know nothing."""
        self.store = store
        self.lexicon = Lexicon()
        self.turn_to([partition])

    def turn_to(self, partitions: Sequence[str]) -> None:
        """Write for these in turn from now on."""
        self._scopes = cycle([Scope("s", "toy", (), 1, each) for each in partitions])

    async def keep(self, listing: Listing, *, now: datetime, ttl: timedelta = HOUR) -> str:
        """Keep a listing as a shelf does; gives its key."""
        question = Question(next(self._scopes), None, str(listing.address), listing.aspect, listing.filter)
        key = question.key(HASHER)
        learnt = self.lexicon.by(circle_of(key), until=now + ttl)
        items = [Item(key, encode_listing(listing, inline_up_to=999, learnt=learnt)[0], ttl)]
        before = await self.lexicon.study(items, self.store, HASHER, now=now)
        await self.store.save([*before, *items])
        return key

    async def fill(self, listings: Iterator[Listing], *, now: datetime) -> str:
        """Keep as many as a dictionary is made of, and one more."""
        for _ in range(200):
            await self.keep(next(listings), now=now)
        return await self.keep(next(listings), now=now)

    async def read(self, key: str) -> Listing:
        """Read a listing as a shelf does."""
        blobs = dict(zip([key], await self.store.load([key]), strict=True))
        await self.lexicon.learn(blobs, self.store, HASHER)
        return decode_draft(blobs[key] or b"", known=self.lexicon.known).listing


class _Slow(MemoryStore):
    """The store that it is made of, whose replies take a turn of the loop."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        await asyncio.sleep(0)
        return await self._store.load(keys)

    async def save(self, items: Sequence[Item]) -> None:
        await self._store.save(items)


def _listings() -> Iterator[Listing]:
    """Give listings that say much the same of many nodes."""
    for number in count():
        seed, *others = (
            NodeId("n", None, "thing", f"a thing of number {number * 7 + each}") for each in range(7)
        )
        edges = tuple(Edge(*undirected(seed, other), "related_to", directed=False) for other in others)
        told = tuple(NodeFacts(other, other.key, None, (("kind", f"kind {number % 5}"),)) for other in others)
        yield Listing(seed, Aspect.RELATIONS, Filter(), NOON, edges, told)


@pytest.fixture
def store() -> MemoryStore:
    """Give an empty store."""
    return MemoryStore(clock=FixedClock())


async def _named(store: MemoryStore, key: str) -> bytes | None:
    """Give the digest of the dictionary that an entry needs."""
    (blob,) = await store.load([key])
    assert blob is not None
    return learnt_of(blob)


async def test_a_dictionary_is_learnt_and_makes_entries_smaller(store: MemoryStore) -> None:
    """Of two hundred listings one is made; what comes after names it, takes less, and says the same."""
    process, listings = Process(store), _listings()
    first = await process.keep(next(listings), now=NOON)
    last = next(listings)
    await process.fill(listings, now=NOON)
    key = await process.keep(last, now=NOON)
    assert await _named(store, first) is None
    assert await _named(store, key) is not None
    before, after = await store.load([first, key])
    assert before is not None
    assert after is not None
    assert len(after) < len(before) * 3 / 4
    assert await process.read(key) == last


async def test_another_process_reads_by_it_and_writes_by_it(store: MemoryStore) -> None:
    """Who meets a dictionary that it does not know fetches it, and makes none of its own."""
    one, other, listings = Process(store), Process(store), _listings()
    key = await one.fill(listings, now=NOON)
    (blob,) = await store.load([key])
    with pytest.raises(EntryError, match="not known"):
        decode_draft(blob or b"")
    assert len((await other.read(key)).edges) == 6
    # It has to be renewed by who did not make it before anything is pressed by it.
    await other.keep(next(listings), now=NOON)
    assert await _named(store, await other.keep(next(listings), now=NOON)) == await _named(store, key)


async def test_no_entry_outlives_its_dictionary(store: MemoryStore) -> None:
    """What is kept for longer than the dictionary is pressed without it; it is renewed in time."""
    process, listings = Process(store), _listings()
    await process.fill(listings, now=NOON)
    late = NOON + timedelta(hours=3, minutes=1)
    assert await _named(store, await process.keep(next(listings), now=late)) is None
    assert await _named(store, await process.keep(next(listings), now=late)) is not None
    assert await _named(store, await process.keep(next(listings), now=late, ttl=5 * HOUR)) is None


async def test_one_that_is_removed_is_not_put_back(store: MemoryStore) -> None:
    """A minute later it is noticed: the entries pressed by it are misses to others, and another is learnt."""
    process, listings = Process(store), _listings()
    key = await process.fill(listings, now=NOON)
    digest = await _named(store, key)
    assert digest is not None
    place = learnt_key(circle_of(key), digest=digest, hasher=HASHER)
    assert place[len(PREFIX)] == Kind.LEARNT
    await store.save([Item(place, b"gone", HOUR)])
    with pytest.raises(EntryError):
        await Process(store).read(key)
    later = NOON + timedelta(minutes=2)
    await process.keep(next(listings), now=later)
    assert await store.load([place]) == [b"gone"]
    assert await _named(store, await process.keep(next(listings), now=later)) is None
    again = await process.fill(listings, now=later)
    assert await _named(store, again) not in (None, digest)


async def test_several_may_notice_at_once_that_one_is_removed(store: MemoryStore) -> None:
    """Listings that are kept at the same time look for their dictionary at the same time."""
    process, listings = Process(store), _listings()
    key = await process.fill(listings, now=NOON)
    digest = await _named(store, key)
    assert digest is not None
    await store.save([Item(learnt_key(circle_of(key), digest=digest, hasher=HASHER), b"gone", HOUR)])
    process.store, later = _Slow(store), NOON + timedelta(minutes=2)
    await asyncio.gather(*(process.keep(next(listings), now=later) for _ in range(3)))
    assert await _named(store, await process.keep(next(listings), now=later)) is None


async def test_partitions_learn_apart(store: MemoryStore) -> None:
    """What one caller's listings say is in no dictionary of another's."""
    one, other, listings = Process(store), Process(store, partition="credential:x"), _listings()
    await one.fill(listings, now=NOON)
    assert await _named(store, await other.keep(next(listings), now=NOON)) is None


async def test_what_is_all_different_makes_no_dictionary(store: MemoryStore) -> None:
    """Empty listings teach nothing, and are kept as they are."""
    process = Process(store)
    empty = [
        Listing(NodeId("n", None, "t", f"{number:x}"), Aspect.RELATIONS, Filter(), NOON)
        for number in range(202)
    ]
    keys = [await process.keep(each, now=NOON) for each in empty]
    assert await process.read(keys[-1]) == empty[-1]


async def test_few_circles_are_remembered(store: MemoryStore) -> None:
    """Callers without number do not fill the memory: who was heard of longest ago begins anew."""
    process, listings = Process(store), _listings()
    await process.fill(listings, now=NOON)
    process.turn_to([f"credential:{number}" for number in range(20)])
    for _ in range(20):
        await process.keep(next(listings), now=NOON)
    process.turn_to(["public"])
    assert await _named(store, await process.keep(next(listings), now=NOON)) is None
