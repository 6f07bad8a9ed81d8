"""Seats that are left: nothing is followed, ridden or paid for longer than anybody wants it."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Freshness, Want
from connectors.model import Address, NodeId
from connectors.ports import Caller
from connectors.walk import Finding, Walk
from harness.leases import LeaseBoard, LoneLeases
from harness.looking import settle
from service.graph.budget import Budget, Tally
from service.usecases.asking.flight import Looked, Rider, Route
from service.usecases.asking.flights import Flights
from service.usecases.meter import NoMeter
from service.usecases.request import Require

A, B = NodeId("n", None, "t", "a"), NodeId("n", None, "t", "b")


async def hang(walk: Walk, **rest: Any) -> tuple[Finding, ...]:
    """Never come back."""
    await asyncio.Event().wait()
    return ()


class Port:
    """Flights of one process, whose walks hang, on a board where another one leads."""

    def __init__(self, stage: Any) -> None:
        """Open it over one source that takes batches."""
        stage.source("s1", "n", batch_size=10)
        board = LeaseBoard()
        self.stage = stage
        self.leases = LoneLeases(board, clock=stage.clock)
        self.other = LoneLeases(board, clock=stage.clock)
        self.flights = Flights(hang, leases=self.leases, clock=stage.clock, meter=NoMeter())

    @property
    def route(self) -> Route:
        """Give the way to the source, with nothing in the cache."""

        async def look(addresses: Sequence[Address]) -> Looked:
            return Looked()

        async def keep(findings: Sequence[Finding], **trails: Any) -> None:
            return None

        return Route(
            source=self.stage.sources[0],
            sender=None,  # type: ignore[arg-type] # nothing is sent
            want=Want(),
            group="all",
            key=str,
            look=look,
            keep=keep,
            shared=lambda finding: finding,
        )

    def board(self, *addresses: Address) -> tuple[Any, Rider]:
        """Board as somebody with ten seconds."""
        rider = Rider(Caller("anna"), self.stage.clock.monotonic() + 10, Tally(limit=10))
        return self.flights.board(self.route, addresses, rider), rider


@pytest.fixture
def port(stage: Any) -> Port:
    """Give flights and leases."""
    return Port(stage)


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def _led_elsewhere(seats: Iterable[Any]) -> None:
    """Let the loop turn until these have been told that another process leads."""
    leading = [seat.flight for seat in seats]
    async with asyncio.timeout(10):
        while any(seat.flight is flight for seat, flight in zip(seats, leading, strict=True)):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)


async def test_who_leaves_before_following_has_begun_follows_nothing(port: Port) -> None:
    """A lease elsewhere is forgotten even if the task that would have waited for it never ran."""
    await port.other.take([str(A)], caller=Caller("ben"))
    seats, rider = port.board(A)
    await _led_elsewhere(seats.values())
    port.flights.abandon(seats.values(), rider)
    await _turns(5)
    assert not port.leases.followed


async def test_nobody_follows_for_who_left_while_the_leases_were_asked_for(port: Port) -> None:
    """Of a batch, the question that nobody waits for any more takes no place of its own."""
    await port.other.take([str(A)], caller=Caller("ben"))
    (left, who), (kept, _) = port.board(A), port.board(B)
    await asyncio.sleep(0)
    port.flights.abandon(left.values(), who)
    assert not kept[B].landed.done()
    async with asyncio.timeout(5):
        with suppress(asyncio.CancelledError):
            await left[A].landed
    assert not port.leases.followed
    assert left[A].landed.cancelled()
    assert port.leases.held == {str(B)}
    await port.flights.close()
    assert not port.leases.held


async def test_who_boards_as_the_last_one_leaves_still_hears_the_word(port: Port) -> None:
    """A follower's end does not make another one of the same question miss that it was answered."""
    await port.other.take([str(A)], caller=Caller("ben"))
    seats, rider = port.board(A)
    await _led_elsewhere(seats.values())
    # Now it follows, and waits.
    await settle()
    port.flights.abandon(seats.values(), rider)
    again, _ = port.board(A)
    await _led_elsewhere(again.values())
    await settle()
    await port.other.give_back([str(A)])
    async with asyncio.timeout(10):
        assert (await again[A].landed).finding is None


async def test_a_defect_in_one_flight_leaves_no_ghost_in_another(stage: Any) -> None:
    """Whoever is told of it has left all other seats: a walk nobody else rides is cancelled."""
    stage.source("s1", "n", batch_size=10)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def drive(walk: Walk, *, demand: Any, **rest: Any) -> tuple[Finding, ...]:
        if begun.is_set():
            raise RuntimeError("a defect")
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ()

    stage.flights = stage.fly(drive)
    waiting = asyncio.create_task(stage.ask("n:t:b"))
    await begun.wait()
    with pytest.raises(ExceptionGroup):
        await stage.ask(["n:t:a", "n:t:b"], budget=Budget(timeout=timedelta(seconds=0.05)))
    assert not ended.is_set()
    waiting.cancel()
    await asyncio.wait({waiting})
    await _turns(5)
    assert ended.is_set()


async def test_what_goes_on_behind_answers_has_the_calls_of_one(stage: Any) -> None:
    """However many were given the stale listing, one waits for the new one on behalf of all."""
    site = stage.source("s1", "n", freshness=Freshness(ttl=timedelta(minutes=1)))
    site.line("n:t:a", "n:t:b")
    await stage.ask("n:t:a")
    stage.clock.passed += 90
    spent = []

    async def drive(walk: Walk, *, demand: Any, **rest: Any) -> tuple[Finding, ...]:
        await asyncio.sleep(0.15)
        while demand.take():
            spent.append(1)
        await asyncio.Event().wait()
        return ()

    stage.flights = stage.fly(drive)
    await asyncio.gather(*(stage.ask("n:t:a", require=Require.NONE) for _ in range(5)))
    await asyncio.sleep(0.1)
    assert len(spent) == 100
    await stage.flights.close()


async def test_the_batches_of_one_answer_are_not_mixed(stage: Any) -> None:
    """A listing that a budget has cut is gone on with on the next page, beside whatever it was asked."""
    site = stage.source("s1", "n", batch_size=2)
    for one, other, record in ("ab1", "ac1", "ad1", "ad2", "bx1", "cx1", "dx1", "dy1"):
        site.line(f"n:t:{one}", f"n:t:{other}", record=record)
    site.page_size = 1
    assert (await stage.ask("n:t:a")).complete
    tight: dict[str, Any] = {"hops": 2, "budget": Budget(max_calls=1), "require": Require.NONE}
    answer = await stage.ask("n:t:a", **tight)
    while answer.next_cursor is not None:
        answer = await stage.ask("n:t:a", cursor=answer.next_cursor, **tight)
    assert answer.complete
