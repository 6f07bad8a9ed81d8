"""The desk: what is in waits for its turn of the loop while calls wait for a place, and only then."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from service.usecases.asking.desk import Desk, Unhurried

PATIENCE = 5.0


async def turns_of(desk: Desk, work: Callable[[], Coroutine[Any, Any, None]], *, number: int) -> list[int]:
    """Have so many wait for the same at once; gives in which turn of the loop each of them went on."""
    now, gone = 0, list[int]()

    async def go() -> None:
        await work()
        gone.append(now)

    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(desk.walking())
        waiting = [asyncio.create_task(go()) for _ in range(number)]
        while len(gone) < number:
            now += 1
            await asyncio.sleep(0)
        await asyncio.wait(waiting)
    return gone


async def test_while_calls_wait_one_is_read_in_each_turn() -> None:
    """With more walks than places each turn of the loop has one reply read."""
    desk = Desk(places=3)
    assert len(set(await turns_of(desk, desk.read, number=4))) == 4


async def test_where_no_call_waits_everything_is_read_at_once() -> None:
    """With a place for every walk nothing waits to be read."""
    desk = Desk(places=4)
    assert set(await turns_of(desk, desk.read, number=4)) == {1}


async def test_where_replies_lead_on_one_is_read_in_each_turn() -> None:
    """While a walk is under way whose answer names who is asked next, replies take turns."""
    desk = Desk(places=9)
    with desk.walking(leads_on=True):
        assert len(set(await turns_of(desk, desk.read, number=4))) == 4
    assert set(await turns_of(desk, desk.read, number=4)) == {1}


async def test_a_call_that_is_about_to_leave_goes_before_what_may_wait() -> None:
    """Who comes nearer to its call has a few turns of the loop, then the next reply is read."""
    calm, stirred = Desk(places=1), Desk(places=1)

    async def work() -> None:
        await stirred.read()
        stirred.stir()

    usual = await turns_of(calm, calm.read, number=3)
    late = await turns_of(stirred, work, number=3)
    assert [later - early for early, later in zip(usual, late, strict=True)] == [0, 2, 4]


async def test_calls_that_never_end_to_come_keep_no_reply_waiting() -> None:
    """However many begin, turn for turn, one reply after the other is read."""
    desk, coming = Desk(places=1), True

    async def come() -> None:
        while coming:
            desk.stir()
            await asyncio.sleep(0)

    others = asyncio.create_task(come())
    async with asyncio.timeout(PATIENCE):
        turns = await turns_of(desk, desk.read, number=3)
    coming = False
    await others
    assert turns[-1] > 20


async def test_reading_and_writing_down_share_the_turns() -> None:
    """While calls wait, what is written down takes its turn among what is read."""
    desk = Desk(places=1)
    steps = [desk.read, desk.keep, desk.read]

    async def work() -> None:
        await steps.pop()()

    assert len(set(await turns_of(desk, work, number=3))) == 3


async def test_what_is_written_down_comes_behind_who_tells_of_it() -> None:
    """Even where no call waits, a few turns of the loop belong to those who have something to tell."""
    desk = Desk(places=4)
    assert min(await turns_of(desk, desk.keep, number=2)) > 3


async def test_who_has_left_takes_no_turn() -> None:
    """Somebody cancelled while waiting keeps nobody from going on."""
    desk, gone = Desk(places=0), list[str]()

    async def go(name: str) -> None:
        await desk.read()
        gone.append(name)

    with desk.walking():
        tasks = [asyncio.create_task(go(name)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[2].cancel()
        await asyncio.wait(tasks)
    assert gone == ["a", "d"]
    assert all(task.cancelled() for task in tasks[1:3])


async def test_a_reply_waits_with_its_place_free() -> None:
    """The sender is done with a call before its reply waits to be read."""
    desk, told = Desk(places=0), list[str]()

    async def send(call: Any, **_: Any) -> Any:
        await asyncio.sleep(0)
        told.append(f"sent {call}")
        return call

    sender = Unhurried(SimpleNamespace(send=send), desk)

    async def ask(call: Any) -> None:
        reply = await sender.send(call, timeout=timedelta(seconds=1), demand=SimpleNamespace())  # type: ignore[arg-type]
        told.append(f"read {reply}")

    with desk.walking():
        await asyncio.wait([asyncio.create_task(ask(call)) for call in "abc"])
    assert told == ["sent a", "read a", "sent b", "sent c", "read b", "read c"]
