"""What every store promises, asked of every store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from service.cache.store import Item, Store

Pass = Callable[[timedelta], Awaitable[None]]

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=150)


def _keys(count: int) -> list[str]:
    return [f"rg1:{uuid4().hex}" for _ in range(count)]


async def test_it_is_there(store: Store) -> None:
    """A store that works says so."""
    await store.ping()


async def test_what_is_saved_is_loaded_in_the_order_asked(store: Store) -> None:
    """Values come in the order of the keys, None where there is none, twice where asked twice."""
    one, other, nothing = _keys(3)
    await store.save([Item(one, b"1", HOUR), Item(other, b"2", HOUR)])
    loaded = await store.load([other, nothing, one, other])
    assert loaded == [b"2", None, b"1", b"2"]


async def test_many_keys_in_one_call(store: Store) -> None:
    """A thousand keys, of many lives, are saved and loaded at once."""
    keys = _keys(1000)
    await store.save([Item(key, key.encode(), HOUR * (1 + n % 7)) for n, key in enumerate(keys)])
    assert await store.load(keys) == [key.encode() for key in keys]


async def test_nothing_asked_is_nothing_done(store: Store) -> None:
    """Empty lists are fine everywhere."""
    assert await store.load([]) == []
    await store.save([])


@pytest.mark.parametrize("value", [b"", b"\x00", b"\r\n$5\r\n", bytes(range(256)), b"x" * 1_000_000])
async def test_any_bytes_come_back(store: Store, value: bytes) -> None:
    """A value is bytes, whatever is in it, and comes back byte for byte."""
    (key,) = _keys(1)
    await store.save([Item(key, value, HOUR)])
    assert await store.load([key]) == [value]


async def test_a_later_value_takes_the_place_of_an_earlier_one(store: Store, pass_time: Pass) -> None:
    """Saving again replaces value and end; of two items of one key in one call the last counts."""
    (key,) = _keys(1)
    await store.save([Item(key, b"1", MOMENT)])
    await store.save([Item(key, b"2", HOUR), Item(key, b"3", HOUR)])
    await pass_time(MOMENT * 2)
    assert await store.load([key]) == [b"3"]


async def test_everything_ends(store: Store, pass_time: Pass) -> None:
    """After its ttl an item is gone, each at its own time, saved alone or with others."""
    early, alone, late = _keys(3)
    await store.save([Item(early, b"1", MOMENT), Item(late, b"2", HOUR)])
    await store.save([Item(alone, b"3", MOMENT)])
    await pass_time(MOMENT * 2)
    assert await store.load([early, alone, late]) == [None, None, b"2"]


async def test_what_has_no_end_stays(store: Store, pass_time: Pass) -> None:
    """An item without a ttl does not end, saved alone or with others, or over one that would."""
    alone, one, over, late = _keys(4)
    await store.save([Item(over, b"0", MOMENT)])
    await store.save([Item(alone, b"1", None)])
    await store.save([Item(one, b"2", None), Item(over, b"3", None), Item(late, b"4", MOMENT)])
    await pass_time(MOMENT * 2)
    assert await store.load([alone, one, over, late]) == [b"1", b"2", b"3", None]


async def test_what_has_no_end_can_be_given_one(store: Store, pass_time: Pass) -> None:
    """Saved again with a ttl, an item ends like any other."""
    (key,) = _keys(1)
    await store.save([Item(key, b"1", None)])
    await store.save([Item(key, b"2", MOMENT)])
    await pass_time(MOMENT * 2)
    assert await store.load([key]) == [None]


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(microseconds=999), timedelta(seconds=-5)])
async def test_an_item_without_a_life_is_not_kept(store: Store, ttl: timedelta) -> None:
    """A ttl of less than a millisecond keeps nothing, and the others all the same."""
    dead, alive = _keys(2)
    await store.save([Item(dead, b"1", ttl), Item(alive, b"2", HOUR)])
    assert await store.load([dead, alive]) == [None, b"2"]


@pytest.mark.parametrize("ttl", [timedelta(milliseconds=1), timedelta(days=36500), timedelta.max])
async def test_any_life_is_taken(store: Store, ttl: timedelta) -> None:
    """The shortest and the longest ttl are no error."""
    (key,) = _keys(1)
    await store.save([Item(key, b"1", ttl)])
    await store.save([Item(key, b"1", ttl), Item(f"{key}-2", b"1", ttl)])
    assert len(await store.load([key])) == 1


async def test_callers_at_once_do_not_mix(store: Store) -> None:
    """A hundred callers at once each get their own values."""
    keys = _keys(100)

    async def use(key: str) -> list[bytes | None]:
        await store.save([Item(key, key.encode(), HOUR)])
        return await store.load([key])

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(use(key)) for key in keys]
    assert [task.result() for task in tasks] == [[key.encode()] for key in keys]


async def test_a_cancelled_load_leaves_nothing_behind(store: Store) -> None:
    """After callers that gave up in the middle, the next ones still get their own values."""
    mine, other = _keys(2)
    await store.save([Item(mine, b"m" * 200_000, HOUR), Item(other, b"other", HOUR)])
    for turns in range(12):
        task = asyncio.create_task(store.load([mine]))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert await store.load([other]) == [b"other"]
