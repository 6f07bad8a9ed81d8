"""The fleet's governor when its store fails, comes back empty, or a process is killed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from connectors.errors import SourceThrottledError
from connectors.ports import Caller, Lane, Signal
from connectors.runtime.clock import SystemClock
from connectors.runtime.pace import LocalGovernor
from harness.costs import uncollected
from harness.demand import ME, Wanted
from harness.looking import turn_until
from service.adapters.governor_script import Speaker, keys_of, script
from service.adapters.redis_governor import RedisGovernor
from service.adapters.signals import Signals

PATIENT = timedelta(seconds=8)
# What the service gives the store; only who lets it hang wants to see the end of that.
BRIEF = timedelta(milliseconds=250)
WELL = Signal(timedelta(milliseconds=50))


Opener = Callable[..., Any]


@pytest.fixture
async def open_governor(machine: Any) -> AsyncIterator[Opener]:
    """Give the way to open one process's governor on the machine."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:

        async def open_one(*, timeout: timedelta = PATIENT) -> RedisGovernor:
            signals = Signals(machine.url, clock=clock, timeout=timeout)
            governor = RedisGovernor(
                machine.url, signals=signals, local=LocalGovernor(clock=clock), clock=clock, timeout=timeout
            )
            await signals.start()
            stack.push_async_callback(signals.close)
            await governor.start()
            stack.push_async_callback(governor.close)
            return governor

        yield open_one


async def go(governor: RedisGovernor, lane: Lane, timeout: timedelta = PATIENT) -> bool:
    """Tell whether a call gets its turn in time."""
    try:
        async with governor.turn(lane, demand=Wanted(), timeout=timeout):
            return True
    except SourceThrottledError:
        return False


async def gone(governor: RedisGovernor, lane: Lane, tries: int) -> int:
    """Count how many of so many calls get their turn."""
    return sum([await go(governor, lane) for _ in range(tries)])


async def in_line(machine: Any, lane: Lane) -> None:
    """Wait until a ticket waits in the store for a place of the lane."""
    with machine.client() as client:
        await turn_until(lambda: client.hlen(keys_of(lane)[3]) == 1)


async def told_of(machine: Any, lane: Lane, *, calls: int) -> None:
    """Wait until the store knows of so many calls of the last minute."""
    with machine.client() as client:
        await turn_until(lambda: client.zcard(keys_of(lane)[1]) == calls)


async def test_without_the_store_each_goes_by_its_share(machine: Any, open_governor: Opener) -> None:
    """With two processes on a lane each gets half of its limit while the store is down."""
    lane = Lane("a.example", "me", 10, 10)
    one, other = await open_governor(), await open_governor()
    assert await gone(one, lane, 1) + await gone(other, lane, 1) + await gone(one, lane, 1) == 3
    machine.stop()
    # What each had sent by the store's word counts: 2 of 5, and 1 of 5.
    assert await gone(one, lane, 8) == 3
    assert await gone(other, lane, 8) == 4


async def test_a_store_that_never_was_there_stops_nobody(machine: Any, open_governor: Opener) -> None:
    """A process that starts without a store goes by its own book at once."""
    machine.stop()
    governor = await open_governor()
    assert await gone(governor, Lane("a.example", "me", 2, 10), 3) == 2


async def test_without_the_store_a_turn_costs_the_same_however_many_there_were(
    machine: Any, open_governor: Opener
) -> None:
    """What the store would be told is not written down while it is not there to be told."""
    machine.stop()
    governor = await open_governor()
    lane = Lane("a.example", "me", 100_000, 10)

    async def cost(turns: int) -> float:
        began = time.process_time()
        assert await gone(governor, lane, turns) == turns
        return time.process_time() - began

    with uncollected():
        early = await cost(300)
        await cost(1_500)
        assert await cost(300) < 4 * early


async def test_a_store_that_hangs_costs_one_short_wait(machine: Any, open_governor: Opener) -> None:
    """A store that accepts and never replies delays a turn by its time limit and not the next one."""
    governor = await open_governor(timeout=BRIEF)
    lane = Lane("a.example", "me", 10, 10)
    assert await go(governor, lane)
    loop, took = asyncio.get_running_loop(), list[float]()
    machine.hang()
    try:
        for _ in range(4):
            began = loop.time()
            assert await go(governor, lane)
            took.append(loop.time() - began)
    finally:
        machine.resume()
    first, *others = took
    assert BRIEF.total_seconds() <= first < PATIENT.total_seconds() / 2
    # One of them may wait again, for the breaker's next try or for this machine.
    assert min(others) < BRIEF.total_seconds() / 2


async def test_a_store_that_comes_back_empty_is_told_what_was_sent(
    machine: Any, open_governor: Opener
) -> None:
    """Neither an outage nor an empty store lets a lane have more than its limit."""
    lane = Lane("a.example", "me", 6, 10)
    governor = await open_governor()
    assert await gone(governor, lane, 2) == 2
    machine.stop()
    assert await gone(governor, lane, 2) == 2
    machine.start()
    await told_of(machine, lane, calls=4)
    assert await gone(governor, lane, 8) == 2
    other = await open_governor()
    assert not await go(other, lane)


async def test_what_an_upstream_asked_for_outlives_the_store(machine: Any, open_governor: Opener) -> None:
    """A store that lost everything is told how long the upstream is to be left alone, too."""
    lane = Lane("a.example", "me", None, 10)
    one, other = await open_governor(), await open_governor()
    assert await go(other, lane)
    async with one.turn(lane, demand=Wanted(), timeout=PATIENT) as turn:
        turn.learn(Signal(timedelta(), overloaded=True, rest=timedelta(seconds=30)))
    await turn_until(lambda: one.state(lane).rest > timedelta())
    with machine.client() as client:
        client.flushall()
    assert not await go(other, lane, timedelta(seconds=1))


async def test_who_went_alone_tells_when_the_store_replies_again(machine: Any, open_governor: Opener) -> None:
    """What a process sent by its own word is told by itself, though it has nothing more to send."""
    lane = Lane("a.example", "me", 6, 10)
    one, other = await open_governor(timeout=BRIEF), await open_governor()
    assert await gone(one, lane, 1) == 1
    machine.hang()
    try:
        assert await gone(one, lane, 2) == 2
    finally:
        machine.resume()
    await told_of(machine, lane, calls=3)
    assert await gone(other, lane, 8) == 3


async def test_a_line_of_which_the_store_dropped_a_half_is_made_anew(
    machine: Any, open_governor: Opener
) -> None:
    """A store short of memory may drop any one key: nobody is lost, and no other lane suffers."""
    lane, elsewhere = Lane("a.example", "me", None, 1), Lane("b.example", "me", None, 1)
    governor = await open_governor()
    for part in (2, 3):
        async with governor.turn(lane, demand=Wanted(), timeout=PATIENT):
            waiting = asyncio.create_task(go(governor, lane))
            await in_line(machine, lane)
            with machine.client() as client:
                assert client.delete(keys_of(lane)[part]) == 1
            assert await go(governor, elsewhere)
        assert await waiting
        with machine.client() as client:
            # Both went by the store's word, to its end.
            await turn_until(lambda: not client.exists(*keys_of(lane)[2:5]))


async def test_a_store_emptied_between_two_calls_is_noticed(machine: Any, open_governor: Opener) -> None:
    """A store that lost everything while nobody asked it is told before it grants again."""
    lane = Lane("a.example", "me", 3, 10)
    one, other = await open_governor(), await open_governor()
    assert await gone(one, lane, 1) + await gone(other, lane, 1) == 2
    with machine.client() as client:
        client.flushall()
    assert await gone(one, lane, 3) == 1


async def test_an_emptied_store_is_told_of_each_lane_once_by_each(
    machine: Any, open_governor: Opener
) -> None:
    """However many lanes there are and calls at once: telling is dear, and a storm of it stops the store."""
    fleet = [await open_governor() for _ in range(3)]
    lanes = [Lane(f"{number}.example", "me", 1000, 100) for number in range(8)]
    turns = [(governor, lane) for governor in fleet for lane in lanes]
    assert all(await asyncio.gather(*(go(*each) for each in turns * 5)))
    with Redis.from_url(machine.url) as client:
        client.flushall()
        client.config_resetstat()
        assert all(await asyncio.gather(*(go(*each) for each in turns * 5)))
        said = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    # A turn is asked for, asked for again and given back; the rest is telling, and looking whose turn it is.
    assert said < 8 * 5 * len(turns)
    # Nobody was left to its own share of the concurrency.
    assert {governor.state(lane).concurrency for governor, lane in turns} == {100}


async def test_the_places_of_a_killed_process_are_free_within_three_seconds(
    machine: Any, open_governor: Opener
) -> None:
    """A process that says no more that it lives loses place and ticket to those who wait."""
    lane = Lane("a.example", "me", None, 1)
    killed = Speaker("killed")
    loop = asyncio.get_running_loop()
    began = loop.time()
    with machine.client() as client:
        for ticket in ("killed:1", "killed:2"):
            words = killed.enter(lane, ticket, callers=[ME], patience=60, began="")
            client.register_script(script())(keys=words.keys, args=words.arguments)
    governor = await open_governor()
    assert await go(governor, lane)
    # A process that says nothing lives for two seconds; the rest is for a busy machine.
    assert 1 < loop.time() - began < PATIENT.total_seconds()


async def test_a_turn_whose_word_was_lost_still_comes(machine: Any, open_governor: Opener) -> None:
    """Who did not hear of its turn, because the connection broke, finds it when it listens again."""
    lane = Lane("a.example", "me", None, 1)
    one, other = await open_governor(), await open_governor()
    async with one.turn(lane, demand=Wanted(), timeout=PATIENT):
        waiting = asyncio.create_task(go(other, lane))
        await in_line(machine, lane)
        with machine.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    assert await waiting


async def test_a_store_emptied_under_a_line_keeps_places_and_tickets(
    machine: Any, open_governor: Opener
) -> None:
    """Who waits and who is under way are put into an emptied store again, and nobody doubles a place."""
    lane = Lane("a.example", "me", None, 1)
    one, other = await open_governor(), await open_governor()
    async with one.turn(lane, demand=Wanted(), timeout=PATIENT):
        waiting = asyncio.create_task(go(other, lane))
        await in_line(machine, lane)
        with machine.client() as client:
            client.flushall()
        await in_line(machine, lane)
        # For whoever would take the place now.
        await asyncio.sleep(1)
        assert not waiting.done()
        state = other.state(lane)
        assert state is not None
        assert (state.under_way, state.waiting) == (1, 1)
    assert await waiting


async def test_a_line_goes_on_when_the_store_dies_under_it(machine: Any, open_governor: Opener) -> None:
    """Who waits for the store's word when it dies has its turn by this process's own book."""
    lane = Lane("a.example", "me", None, 1)
    one, other = await open_governor(), await open_governor()
    async with one.turn(lane, demand=Wanted(), timeout=PATIENT):
        waiting = asyncio.create_task(go(other, lane))
        await in_line(machine, lane)
        machine.stop()
        assert await waiting


async def test_who_is_alone_goes_on_while_the_store_is_slow(machine: Any, open_governor: Opener) -> None:
    """The place of a call that went well is its caller's next call's at once, whatever the store is at."""
    lane = Lane("a.example", "me", None, 1)
    governor = await open_governor()
    async with governor.turn(lane, demand=Wanted(), timeout=PATIENT) as turn:
        waiting = asyncio.create_task(go(governor, lane))
        await in_line(machine, lane)
        machine.hang()
        turn.learn(WELL)
    try:
        # Long before the store is given up.
        async with asyncio.timeout(PATIENT.total_seconds() / 2):
            assert await waiting
    finally:
        machine.resume()


@pytest.mark.parametrize("signal", [None, Signal(WELL.took, overloaded=True)])
async def test_a_call_that_went_badly_leaves_its_place_to_the_store(
    machine: Any, open_governor: Opener, signal: Signal | None
) -> None:
    """Who was refused, or learnt nothing, hands no place on: there may be fewer from now on."""
    lane = Lane("a.example", "me", None, 1)
    governor = await open_governor()
    async with governor.turn(lane, demand=Wanted(), timeout=PATIENT) as turn:
        waiting = asyncio.create_task(go(governor, lane))
        await in_line(machine, lane)
        machine.hang()
        if signal is not None:
            turn.learn(signal)
    await asyncio.sleep(0.1)
    assert not waiting.done()
    machine.resume()
    assert await waiting


@pytest.mark.parametrize("another", [ME, Caller("another")])
async def test_no_place_is_handed_past_another_process(
    machine: Any, open_governor: Opener, another: Caller
) -> None:
    """Who waits elsewhere and came first has the next turn, be it the same caller or another."""
    lane = Lane("a.example", "me", None, 1)
    one, other = await open_governor(), await open_governor()
    began = list[str]()

    async def note(governor: RedisGovernor, name: str, caller: Caller) -> None:
        demand = Wanted()
        demand.callers = (caller,)
        async with governor.turn(lane, demand=demand, timeout=PATIENT) as turn:
            began.append(name)
            turn.learn(WELL)

    async with asyncio.TaskGroup() as group, one.turn(lane, demand=Wanted(), timeout=PATIENT) as turn:
        group.create_task(note(other, "elsewhere", another))
        await in_line(machine, lane)
        group.create_task(note(one, "here", ME))
        # And the one knows, from the store's reply to its own call, that somebody waits elsewhere.
        await turn_until(lambda: one.state(lane).waiting == 2)
        turn.learn(WELL)
    assert began == ["elsewhere", "here"]


async def test_a_place_that_was_handed_on_is_one_place(machine: Any, open_governor: Opener) -> None:
    """However fast places go from call to call, no more calls are under way than there are places."""
    lane = Lane("a.example", "me", None, 3)
    governor, under_way, most, done = await open_governor(), 0, 0, 0

    async def call() -> None:
        nonlocal under_way, most, done
        async with governor.turn(lane, demand=Wanted(), timeout=PATIENT) as turn:
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            turn.learn(WELL)
            under_way -= 1
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(60):
            group.create_task(call())
    assert (most, done) == (3, 60)
    await turn_until(lambda: governor.state(lane).under_way == 0)
    state = governor.state(lane)
    assert state is not None
    assert (state.under_way, state.waiting, state.concurrency) == (0, 0, 3)


async def test_everything_in_the_store_has_an_end(machine: Any, open_governor: Opener) -> None:
    """No key of the governor stays for ever, and none names an identity."""
    lane = Lane("a.example", "somebody@example.org", 10, 1)
    governor = await open_governor()
    async with governor.turn(lane, demand=Wanted(), timeout=PATIENT):
        waiting = asyncio.create_task(go(governor, lane))
        await in_line(machine, lane)
        with machine.client() as client:
            keys = _keys(client)
            assert len(keys) == 10
            assert all(0 < client.pttl(key) <= 3_700_000 for key in keys)
            assert not any(b"somebody" in key for key in keys)
    assert await waiting


def _keys(client: Redis) -> list[bytes]:
    return list(client.scan_iter("relgraph:governor:*"))
