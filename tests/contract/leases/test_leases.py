"""What every `Leases` must do, whoever keeps them."""

import asyncio
import random
import secrets
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from connectors.ports import Caller
from harness.looking import turn_until

ANNA = Caller("anna b/c %", 2.5)
BEN = Caller("ben")


def some_keys(count: int) -> list[str]:
    """Make keys as the cache has them, new ones each time."""
    return [f"rg1:{secrets.token_urlsafe(16)}" for _ in range(count)]


def soon(seconds: float = 5.0) -> float:
    """Give the instant so many seconds from now."""
    return monotonic() + seconds


async def test_one_process_at_a_time_leads(fleet: Any) -> None:
    """What one process has taken another is told to follow, until it was given back."""
    first, second = await fleet.join(), await fleet.join()
    keys = some_keys(3)

    assert await first.take(keys[:2], caller=ANNA) == {}
    led = await second.take(keys, caller=BEN)
    assert set(led) == set(keys[:2])
    assert all(monotonic() < one.until <= soon(20) for one in led.values())
    await first.give_back(keys[:2])
    assert await second.take(keys[:2], caller=BEN) == {}


async def test_nothing_taken_is_nothing_led(fleet: Any) -> None:
    """To take nothing is nothing, and so is giving back or leaving what one never had."""
    leases = await fleet.join()

    assert await leases.take([], caller=ANNA) == {}
    await leases.give_back(some_keys(1))
    leases.unfollow(some_keys(1))


async def test_a_key_named_twice_is_taken_once(fleet: Any) -> None:
    """A key that is asked for twice in one breath does not stand in its own way."""
    leases = await fleet.join()
    [key] = some_keys(1)

    assert await leases.take([key, key], caller=ANNA) == {}


async def test_a_follower_is_told_when_the_lease_is_given_back(fleet: Any) -> None:
    """Every follower wakes by the word, long before the lease would have ended."""
    holder, *followers = [await fleet.join() for _ in range(4)]
    [key] = some_keys(1)
    await holder.take([key], caller=ANNA)
    for follower in followers:
        assert key in await follower.take([key], caller=BEN)

    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(follower.freed(key, until=soon(30))) for follower in followers]
        await asyncio.sleep(0.02)
        assert not any(wait.done() for wait in waits)
        began = monotonic()
        await holder.give_back([key])
    assert [wait.result() for wait in waits] == [True] * 3
    assert monotonic() - began < 10


async def test_a_word_between_taking_and_waiting_is_not_missed(fleet: Any) -> None:
    """Who was told to follow hears that the lease was given back even if it waits only afterwards."""
    holder, follower = await fleet.join(), await fleet.join()
    [key] = some_keys(1)
    for _ in range(10):
        await holder.take([key], caller=ANNA)
        assert key in await follower.take([key], caller=BEN)
        await holder.give_back([key])
        assert await follower.freed(key, until=soon())


async def test_a_wait_ends_when_its_time_is_up(fleet: Any) -> None:
    """A follower whose time is shorter than the holder's is told so, in time; the lease stands."""
    holder, follower = await fleet.join(), await fleet.join()
    [key] = some_keys(1)
    await holder.take([key], caller=ANNA)
    await follower.take([key], caller=BEN)

    began = monotonic()
    assert await follower.freed(key, until=soon(0.1)) is False
    # The lease has twenty seconds.
    assert monotonic() - began < 10
    assert await follower.freed(key, until=monotonic() - 1) is False
    assert key in await follower.take([key], caller=BEN)


async def test_a_lease_outlives_its_length_while_it_is_held(fleet: Any) -> None:
    """A holder keeps its lease for as long as it holds it, and a follower goes on waiting."""
    life = timedelta(seconds=2.3)
    holder, follower = await fleet.join(life=life), await fleet.join(life=life)
    keys = some_keys(3)
    await holder.take(keys, caller=ANNA)
    await follower.take(keys, caller=BEN)

    assert await follower.freed(keys[0], until=soon(2.8)) is False
    assert set(await follower.take(keys, caller=BEN)) == set(keys)


async def test_the_lease_of_a_dead_process_ends(fleet: Any) -> None:
    """A lease that nobody renews is free at its end, and its followers know at once."""
    follower = await fleet.join()
    [key] = some_keys(1)
    began = monotonic()
    await fleet.abandon(key, life=timedelta(milliseconds=400))
    assert key in await follower.take([key], caller=BEN)

    # Long before its own time is up; the rest is for a busy machine.
    assert await follower.freed(key, until=soon(30))
    assert 0.3 < monotonic() - began < 10
    assert await follower.take([key], caller=BEN) == {}


async def test_a_process_that_shuts_down_gives_all_back(fleet: Any) -> None:
    """Followers of a process that ends in good order need not wait for its leases to end."""
    holder, follower = await fleet.join(), await fleet.join()
    keys = some_keys(20)
    await holder.take(keys, caller=ANNA)
    await follower.take(keys, caller=BEN)

    await fleet.leave(holder)
    assert all([await follower.freed(key, until=soon()) for key in keys])
    assert await follower.take(keys, caller=BEN) == {}


async def test_the_holder_is_told_who_waits(fleet: Any) -> None:
    """The holder of a lease, and nobody else, hears of each caller elsewhere who waits for it."""
    holder, other, follower = [await fleet.join() for _ in range(3)]
    keys = some_keys(3)
    heard: list[tuple[str, str, Caller]] = []
    holder.on_wanted(lambda key, caller: heard.append(("holder", key, caller)))
    other.on_wanted(lambda key, caller: heard.append(("other", key, caller)))
    follower.on_wanted(lambda key, caller: heard.append(("follower", key, caller)))
    await holder.take(keys[:1], caller=BEN)
    await other.take(keys[1:2], caller=BEN)

    await follower.take(keys, caller=ANNA)
    await turn_until(lambda: len(heard) == 2)
    # For whom it is no business of.
    await asyncio.sleep(0.05)
    assert sorted(heard) == [("holder", keys[0], ANNA), ("other", keys[1], ANNA)]


async def test_who_unfollows_follows_no_more(fleet: Any) -> None:
    """A word for a lease that is followed no more is no word for the next wait."""
    holder, follower = await fleet.join(), await fleet.join()
    key, beside = some_keys(2)
    await holder.take([key, beside], caller=ANNA)
    await follower.take([key, beside], caller=BEN)
    follower.unfollow([key])
    await holder.give_back([key, beside])
    # One word is said for both, so that of the other one has been heard, too.
    assert await follower.freed(beside, until=soon())
    await holder.take([key], caller=ANNA)

    assert await follower.freed(key, until=soon(0.1)) is False


async def test_a_wait_for_what_nobody_holds_ends_at_once(fleet: Any) -> None:
    """Who waits without having been told to follow looks first."""
    leases = await fleet.join()

    assert await leases.freed(some_keys(1)[0], until=soon())


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_crowd_never_leads_two_at_once(fleet: Any, seed: int) -> None:
    """Of 200 takers in four processes, some of whom give up at random, one leads at a time; all end."""
    processes = [await fleet.join() for _ in range(4)]
    keys = some_keys(5)
    dice = random.Random(seed)  # noqa: S311 - a crowd is no secret
    leading: dict[str, int] = dict.fromkeys(keys, 0)
    turns = 0

    async def take_part(leases: Any, key: str, work: float) -> None:
        nonlocal turns
        end = soon(20)
        # In one process one flight asks at a time: the next is the next of the same line.
        async with lines[leases, key]:
            while await leases.take([key], caller=ANNA):
                assert await leases.freed(key, until=end)
            try:
                leading[key] += 1
                assert leading[key] == 1
                turns += 1
                await asyncio.sleep(work)
            finally:
                leading[key] -= 1
                await leases.give_back([key])

    lines = {(leases, key): asyncio.Lock() for leases in processes for key in keys}
    crowd = [
        asyncio.create_task(take_part(dice.choice(processes), dice.choice(keys), dice.random() / 200))
        for _ in range(200)
    ]
    doomed = dice.sample(crowd, 60)
    for task in doomed:
        await asyncio.sleep(dice.random() / 100)
        task.cancel()
    done, pending = await asyncio.wait(crowd, timeout=20)
    assert not pending
    assert [task.exception() for task in done if not task.cancelled() and task.exception()] == []
    assert turns >= len(crowd) - len(doomed)
    # What was cancelled in mid-air is given back too, long before it would end.
    end = soon(10)
    for key in keys:
        while await processes[0].take([key], caller=BEN):
            assert monotonic() < end
            await asyncio.sleep(0.005)
