"""What only the memory store promises: its bound. The rest is in the suite for every store."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import StoreUnavailableError
from service.adapters.memory_store import MemoryStore
from service.cache.store import Item

HOUR = timedelta(hours=1)


class StillClock:
    """A clock that a test moves."""

    seconds = 0.0

    def now(self) -> datetime:
        """Give the epoch and what has passed."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Give the seconds the test has set."""
        return self.seconds


def _store(capacity: int) -> MemoryStore:
    return MemoryStore(clock=StillClock(), capacity=capacity)


@pytest.mark.parametrize("size", [1, 100, 3000])
async def test_it_never_holds_more_than_its_capacity(size: int) -> None:
    """However much is saved, and over what, the bytes of the values kept stay within the bound."""
    store = _store(5000)
    for n in range(200):
        await store.save([Item(f"k{n % 50}", bytes(size), HOUR)])
        loaded = await store.load([f"k{m}" for m in range(50)])
        assert 0 < sum(len(value) for value in loaded if value is not None) <= 5000


async def test_what_was_used_longest_ago_goes_first() -> None:
    """A key that was just loaded outlives one that was not."""
    store = _store(3 * 350)
    await store.save([Item(key, bytes(100), HOUR) for key in ("a", "b", "c")])
    await store.load(["a"])
    await store.save([Item("d", bytes(100), HOUR)])
    assert [value is not None for value in await store.load(["a", "b", "c", "d"])] == [
        True,
        False,
        True,
        True,
    ]


async def test_a_value_larger_than_the_store_is_not_kept() -> None:
    """It does not push out everything else, and the old value under its key is gone."""
    store = _store(1000)
    await store.save([Item("a", b"old", HOUR), Item("b", b"kept", HOUR)])
    await store.save([Item("a", bytes(2000), HOUR)])
    assert await store.load(["a", "b"]) == [None, b"kept"]


async def test_what_is_replaced_is_given_back() -> None:
    """One key saved a hundred times takes the room of one value: nothing else has to go for it."""
    store = _store(1000)
    await store.save([Item("kept", b"x", HOUR)])
    for _ in range(100):
        await store.save([Item("a", bytes(100), HOUR)])
    assert await store.load(["kept", "a"]) == [b"x", bytes(100)]


async def test_what_has_no_end_is_not_dropped_to_make_room() -> None:
    """However much comes after it, and however long it lies there unused."""
    store = _store(3 * 350)
    await store.save(
        [Item("kept", bytes(100), None), Item("a", bytes(100), HOUR), Item("b", bytes(100), HOUR)]
    )
    await store.save([Item("c", bytes(100), HOUR), Item("too large beside it", bytes(700), HOUR)])
    values = await store.load(["kept", "a", "b", "c", "too large beside it"])
    assert [value is not None for value in values] == [True, False, True, True, False]


async def test_what_has_no_end_and_no_room_is_refused() -> None:
    """It is not lost silently; what gives way is what has an end."""
    store = _store(1000)
    await store.save([Item("a", bytes(300), HOUR), Item("kept", bytes(300), None)])
    with pytest.raises(StoreUnavailableError, match="no room"):
        await store.save([Item("b", bytes(300), None)])
    assert [value is not None for value in await store.load(["a", "kept", "b"])] == [False, True, False]


async def test_what_is_closed_is_empty() -> None:
    """Closing forgets everything."""
    store = _store(1000)
    await store.save([Item("a", b"x", HOUR), Item("b", b"x", None)])
    await store.close()
    assert await store.load(["a", "b"]) == [None, None]
