"""What every governor promises: each test holds for one process and for two that share a server."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import OverBudgetError, SourceThrottledError
from connectors.ports import Caller, Governor, Lane, Signal

ME, YOU = Caller("me"), Caller("you")
PATIENT = timedelta(seconds=5)
SHORT = timedelta(milliseconds=150)
MINUTES = timedelta(minutes=10)
Both = tuple[Governor, Governor]
Make = Callable[..., Lane]


async def pass_through(governor: Governor, lane: Lane, demand: Any, timeout: timedelta = PATIENT) -> None:
    """Have a turn and end it."""
    async with governor.turn(lane, demand=demand, timeout=timeout):
        pass


async def settled() -> None:
    """Let words to and from a server arrive."""
    await asyncio.sleep(0.1)


async def test_a_burst_goes_at_once_and_the_next_is_refused(governors: Both, lane: Make, wanted: Any) -> None:
    """Both together get the limit, and who comes then learns at once when to come back."""
    one, other = governors
    of = lane(4)
    for governor in (one, other, one, other):
        await pass_through(governor, of, wanted(ME))
    for governor in (one, other):
        with pytest.raises(SourceThrottledError, match="our own pace") as caught:
            await pass_through(governor, of, wanted(YOU))
        assert caught.value.retry_after is not None
        assert timedelta(seconds=50) < caught.value.retry_after <= timedelta(seconds=60.5)


async def test_places_are_shared(governors: Both, lane: Make, wanted: Any) -> None:
    """Who finds every place taken waits; a place that is left is given on, from one to the other."""
    one, other = governors
    of, order = lane(concurrency=1), list[str]()

    async def visit(governor: Governor, name: str) -> None:
        async with governor.turn(of, demand=wanted(ME), timeout=PATIENT):
            order.append(f"{name} in")
            await asyncio.sleep(0.02)
            order.append(f"{name} out")

    async with asyncio.TaskGroup() as group:
        for governor, name in ((one, "a"), (other, "b"), (one, "c"), (other, "d")):
            group.create_task(visit(governor, name))
            await asyncio.sleep(0.005)
    assert sorted(order[::2]) == ["a in", "b in", "c in", "d in"]
    assert all(left[0] == came[0] for came, left in zip(order[::2], order[1::2], strict=True))


async def test_no_place_in_time_is_our_own_pace(governors: Both, lane: Make, wanted: Any) -> None:
    """A call that finds every place taken until its time is up is throttled, and leaves the line."""
    one, other = governors
    of = lane(concurrency=1)
    async with one.turn(of, demand=wanted(ME), timeout=PATIENT):
        with pytest.raises(SourceThrottledError, match="our own pace: 1 calls are under way"):
            await pass_through(other, of, wanted(ME), SHORT)
    await pass_through(other, of, wanted(ME))


async def test_a_light_caller_is_next_but_one(governors: Both, lane: Make, wanted: Any) -> None:
    """One caller's long queue does not hold up another one's single call."""
    one, other = governors
    of, order = lane(concurrency=1), list[str]()

    async def visit(governor: Governor, caller: Caller) -> None:
        async with governor.turn(of, demand=wanted(caller), timeout=PATIENT):
            order.append(caller.name)

    async with asyncio.TaskGroup() as group, one.turn(of, demand=wanted(ME), timeout=PATIENT):
        for _ in range(10):
            group.create_task(visit(one, ME))
        await settled()
        group.create_task(visit(other, YOU))
        await settled()
    assert order.index("you") <= 1


async def test_a_caller_with_company_leaves_it_room(governors: Both, lane: Make, wanted: Any) -> None:
    """Who was there a moment ago has a turn at once, though another one has a hundred calls to make."""
    one, other = governors
    of, away = lane(concurrency=8), list[str]()

    async def visit(governor: Governor) -> None:
        async with governor.turn(of, demand=wanted(ME), timeout=PATIENT):
            away.append("me")
            await end.wait()

    end = asyncio.Event()
    await pass_through(other, of, wanted(YOU))
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(visit(one))
        await settled()
        assert len(away) == 6
        async with asyncio.timeout(1):
            await pass_through(other, of, wanted(YOU))
        end.set()


async def test_who_joins_brings_a_waiting_call_forward(governors: Both, lane: Make, wanted: Any) -> None:
    """A call that a second, lighter caller comes to want too does not wait behind the first one's."""
    one, other = governors
    of, order = lane(concurrency=1), list[str]()
    shared = wanted(ME)

    async def visit(demand: Any, name: str) -> None:
        async with other.turn(of, demand=demand, timeout=PATIENT):
            order.append(name)

    async with asyncio.TaskGroup() as group, one.turn(of, demand=wanted(ME), timeout=PATIENT):
        for _ in range(5):
            group.create_task(visit(wanted(ME), "mine"))
        await settled()
        group.create_task(visit(shared, "shared"))
        await settled()
        shared.join(YOU)
        await settled()
    assert order.index("shared") <= 1


async def test_who_is_cancelled_gives_turn_and_place_back(governors: Both, lane: Make, wanted: Any) -> None:
    """A cancelled wait costs later callers neither a call of the minute nor a place."""
    one, other = governors
    of = lane(2, concurrency=1)
    async with one.turn(of, demand=wanted(ME), timeout=PATIENT):
        waiting = asyncio.create_task(pass_through(other, of, wanted(ME), MINUTES))
        await settled()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await pass_through(other, of, wanted(YOU))
    with pytest.raises(SourceThrottledError):
        await pass_through(one, of, wanted(YOU))


async def test_a_call_that_went_out_stays_counted(governors: Both, lane: Make, wanted: Any) -> None:
    """A call that fails on its way has used its share of the minute."""
    one, other = governors
    of = lane(1)
    with pytest.raises(RuntimeError, match="on the way"):
        async with one.turn(of, demand=wanted(ME), timeout=PATIENT):
            raise RuntimeError("on the way")
    await settled()
    with pytest.raises(SourceThrottledError):
        await pass_through(other, of, wanted(ME))


async def test_a_turn_without_a_call_is_given_back(governors: Both, lane: Make, wanted: Any) -> None:
    """Who learns at its turn that no call is left to it takes none of the minute's."""
    one, other = governors
    of = lane(1)
    for governor in (one, other, one):
        with pytest.raises(OverBudgetError):
            async with governor.turn(of, demand=wanted(ME), timeout=PATIENT):
                raise OverBudgetError
        await settled()
    await pass_through(other, of, wanted(ME))


async def test_all_rest_when_one_is_told_to(governors: Both, lane: Make, wanted: Any) -> None:
    """What one call learns of the upstream holds for everybody, and the state tells."""
    one, other = governors
    of = lane(concurrency=10)
    async with one.turn(of, demand=wanted(ME), timeout=PATIENT) as turn:
        turn.learn(Signal(SHORT, overloaded=True, rest=timedelta(seconds=30)))
    await settled()
    with pytest.raises(SourceThrottledError) as caught:
        await pass_through(other, of, wanted(YOU))
    assert caught.value.retry_after is not None
    assert timedelta(seconds=25) < caught.value.retry_after <= timedelta(seconds=30)
    state = other.state(of)
    assert state is not None
    assert (state.concurrency, state.under_way, state.waiting) == (7, 0, 0)
    assert timedelta(seconds=25) < state.rest <= timedelta(seconds=30)


async def test_a_short_rest_is_waited_for(governors: Both, lane: Make, wanted: Any) -> None:
    """Who has the time waits for the end of the rest, by the clock and not by asking again."""
    one, other = governors
    of = lane()
    async with one.turn(of, demand=wanted(ME), timeout=PATIENT) as turn:
        turn.learn(Signal(SHORT, rest=timedelta(milliseconds=400)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await settled()
    await pass_through(other, of, wanted(YOU))
    assert 0.35 < loop.time() - began < 3


async def test_identities_do_not_share(governors: Both, lane: Make, wanted: Any) -> None:
    """What one identity has used of a host is not taken from another."""
    one, other = governors
    await pass_through(one, lane(1), wanted(ME))
    await pass_through(other, Lane("a.example", "somebody else's", None, 1), wanted(ME))
    assert one.state(Lane("b.example", "never", 1, 1)) is None


async def test_a_demand_that_nobody_wants_any_more_still_ends(
    governors: Both, lane: Make, wanted: Any
) -> None:
    """A demand without callers has its turn in nobody's name."""
    await pass_through(governors[0], lane(), wanted())
