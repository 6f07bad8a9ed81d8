"""Single-flight: one walk for everybody who asks the same, and nobody bound to anybody else's patience."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Freshness
from connectors.model import Outcome
from connectors.ports import Caller
from connectors.walk import Finding, Walk
from harness.leases import LeaseBoard, LoneLeases
from harness.looking import settle
from service.cache.freshness import Tolerance
from service.graph.budget import Budget
from service.usecases.answer.answering import Answer
from service.usecases.asking.flights import Flights
from service.usecases.meter import NoMeter
from service.usecases.request import GraphRequest, Require

HURRIED = Budget(timeout=timedelta(seconds=0.05))
NO_CACHE = Tolerance(max_age=timedelta(0))


class Held:
    """A driver that holds walks back until they are let go, and counts them."""

    def __init__(self, stage: Any) -> None:
        """Hold all that come."""
        self.stage = stage
        self.begun: list[str] = []
        self.cancelled = 0
        self.free = asyncio.Event()

    async def __call__(self, walk: Walk, **rest: Any) -> tuple[Finding, ...]:
        """Wait, then drive."""
        self.begun.append(walk.kind)
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        findings: tuple[Finding, ...] = await self.stage.drive(walk, **rest)
        return findings

    async def until(self, fits: Callable[[], bool]) -> None:
        """Let the loop turn until something has come about."""
        async with asyncio.timeout(10):
            while not fits():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.001)


@pytest.fixture
def held(stage: Any) -> Held:
    """Give a stage's driver that holds back, and the stage one source."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    driver = Held(stage)
    stage.flights = stage.fly(driver)
    return driver


def _outcome(answer: Answer) -> str:
    return answer.reports[0].outcome.value


def _begin(stage: Any, **rest: Any) -> asyncio.Task[Answer]:
    return asyncio.create_task(stage.ask("n:t:a", **rest))


async def test_defect_07_two_hundred_cold_requests_make_one_call(stage: Any, held: Held) -> None:
    """Whoever comes while a question is under way waits for it, and all get the same."""
    tasks = [_begin(stage) for _ in range(200)]
    await held.until(lambda: bool(held.begun))
    held.free.set()
    answers = [await task for task in tasks]
    assert len(stage.sources) == 1
    assert held.begun == ["s1"]
    assert all(answer.complete and len(answer.page.records.edges) == 1 for answer in answers)
    assert sum(answer.spent.calls for answer in answers) == 1, "one of them has paid"


async def test_defect_09_a_leader_who_leaves_cancels_nobody(stage: Any, held: Held) -> None:
    """The walk goes on for those who still wait, and is not begun again."""
    leader, follower = _begin(stage), _begin(stage)
    await held.until(lambda: bool(held.begun))
    leader.cancel()
    await asyncio.wait({leader})
    held.free.set()
    assert (await follower).complete
    assert (held.begun, held.cancelled) == (["s1"], 0)


async def test_the_last_who_leaves_cancels_the_walk(stage: Any, held: Held) -> None:
    """What nobody waits for takes no call, and nothing stays behind."""
    tasks = [_begin(stage) for _ in range(3)]
    await held.until(lambda: bool(held.begun))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await held.until(lambda: held.cancelled == 1)
    held.free.set()
    assert (await stage.ask("n:t:a")).complete
    assert held.begun == ["s1", "s1"]


async def test_defect_09_a_short_deadline_is_its_owners_alone(stage: Any, held: Held) -> None:
    """The leader's time is up; who has more waits on, for the same walk."""
    # Both at once: the one's time may be up as soon as the loop turns again.
    leader, follower = _begin(stage, require=Require.NONE, budget=HURRIED), _begin(stage)
    assert (await leader).reports[0].outcome is Outcome.TIMEOUT
    held.free.set()
    assert (await follower).complete
    assert held.begun == ["s1"]


async def test_a_failure_is_told_to_who_waited_and_to_nobody_later(stage: Any) -> None:
    """The next request asks again."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.faults["n:t:a"] = 500
    driver = Held(stage)
    stage.flights = stage.fly(driver)
    tasks = [_begin(stage, require=Require.NONE) for _ in range(20)]
    await driver.until(lambda: bool(driver.begun))
    driver.free.set()
    assert {_outcome(await task) for task in tasks} == {"unavailable"}
    assert driver.begun == ["s1"]
    site.faults.clear()
    assert (await stage.ask("n:t:a")).complete


async def test_who_has_calls_left_pays_for_who_has_none(stage: Any) -> None:
    """A leader that may make one call does not cut the listing of a follower that may make more."""
    site = stage.source("s1", "n")
    for key in "bcdefg":
        site.line("n:t:a", f"n:t:{key}")
    site.page_size = 2
    driver = Held(stage)
    stage.flights = stage.fly(driver)
    leader = _begin(stage, budget=Budget(max_calls=1))
    await driver.until(lambda: bool(driver.begun))
    follower = _begin(stage)
    await settle()
    driver.free.set()
    answers = await leader, await follower
    assert [len(answer.page.records.edges) for answer in answers] == [6, 6]
    assert [answer.spent.calls for answer in answers] == [1, 2]


async def test_defect_10_callers_of_one_credential_share_a_batch(stage: Any) -> None:
    """Ids that several ask for at once go in one call, and each is told of its own only."""
    site = stage.source("s1", "n", batch_size=10, by_caller=True)
    for key in "abcdef":
        site.line(f"n:t:{key}", f"n:t:{key}{key}")
    answers = await asyncio.gather(*(stage.ask(f"n:t:{key}", as_="one") for key in "abcdef"))
    assert len(site.journal) == 1, "one call for six"
    for key, answer in zip("abcdef", answers, strict=True):
        assert {record["id"] for record in answer.page.records.nodes} == {f"n:t:{key}", f"n:t:{key}{key}"}


async def test_defect_10_distinct_credentials_share_nothing(stage: Any) -> None:
    """Neither a batch nor a flight."""
    site = stage.source("s1", "n", batch_size=10, by_caller=True)
    site.line("n:t:a", "n:t:b")
    await asyncio.gather(*(stage.ask("n:t:a", as_=token) for token in ("one", "two", "three")))
    assert sorted(token for _, _, token in site.journal) == ["one", "three", "two"] or len(site.journal) == 3


@pytest.fixture
def slow(stage: Any) -> Any:
    """Give a stage whose one listing is past its ttl, and a driver that holds back."""
    site = stage.source("s1", "n", freshness=Freshness(ttl=timedelta(minutes=1)))
    site.line("n:t:a", "n:t:b")
    return site


async def test_a_stale_listing_stands_in_for_a_slow_source_and_is_asked_behind(stage: Any, slow: Any) -> None:
    """The answer comes at once and says stale; one call goes on behind it, and the next answer is fresh."""
    await stage.ask("n:t:a")
    stage.clock.passed += 90
    slow.line("n:t:a", "n:t:c")
    driver = Held(stage)
    stage.flights = stage.fly(driver)
    answers = await asyncio.gather(*(stage.ask("n:t:a") for _ in range(5)))
    assert {_outcome(answer) for answer in answers} == {"stale"}
    assert all(answer.complete and len(answer.page.records.edges) == 1 for answer in answers)
    assert driver.begun == ["s1"], "one refresh for all of them"
    driver.free.set()
    await driver.until(lambda: len(slow.journal) == 2)
    await settle()
    fresh = await stage.ask("n:t:a")
    assert (_outcome(fresh), len(fresh.page.records.edges), fresh.spent.calls) == ("ok", 2, 0)


async def test_a_quick_source_is_waited_for(stage: Any, slow: Any) -> None:
    """Within the first moments of an answer new data is worth more than a stale answer."""
    await stage.ask("n:t:a")
    stage.clock.passed += 90
    slow.line("n:t:a", "n:t:c")
    answer = await stage.ask("n:t:a")
    assert (_outcome(answer), len(answer.page.records.edges)) == ("ok", 2)


async def test_defect_14_after_a_refresh_that_failed_the_source_is_waited_for(stage: Any, slow: Any) -> None:
    """Stale goes on being served, with the reason; and the first answer after recovery has the news."""
    await stage.ask("n:t:a")
    stage.clock.passed += 90
    slow.faults["n:t:a"] = 500
    driver = Held(stage)
    stage.flights = stage.fly(driver)
    assert _outcome(await stage.ask("n:t:a")) == "stale"
    driver.free.set()
    await driver.until(lambda: len(slow.journal) >= 2)
    await settle()
    again = await stage.ask("n:t:a")
    assert _outcome(again) == "stale"
    assert "status 500" in (again.reports[0].detail or "")
    slow.faults.clear()
    slow.line("n:t:a", "n:t:c")
    driver.free.clear()
    waiting = _begin(stage)
    await asyncio.sleep(0.2)
    assert not waiting.done(), "no stale answer in place of one that is awaited"
    driver.free.set()
    assert _outcome(await waiting) == "ok"


async def test_a_callers_own_max_age_is_not_passed_over(stage: Any, slow: Any) -> None:
    """Who sets how old an answer may be gets none that is older, however slow the source."""
    await stage.ask("n:t:a")
    stage.clock.passed += 90
    driver = Held(stage)
    stage.flights = stage.fly(driver)
    task = _begin(stage, tolerance=NO_CACHE)
    await asyncio.sleep(0.2)
    assert not task.done()
    driver.free.set()
    assert _outcome(await task) == "ok"
    assert len(slow.journal) == 2


class Fleet:
    """Two processes on one store and one board of leases."""

    def __init__(self, stage: Any) -> None:
        """Open both."""
        board = LeaseBoard()
        self.stage = stage
        self.drivers = [Held(stage), Held(stage)]
        self.leases = [LoneLeases(board, clock=stage.clock) for _ in self.drivers]
        self.flights = [
            Flights(driver, leases=leases, clock=stage.clock, meter=NoMeter())
            for driver, leases in zip(self.drivers, self.leases, strict=True)
        ]

    def ask(self, process: int, **rest: Any) -> asyncio.Task[Answer]:
        """Ask one of them."""
        expander = replace(self.stage.expander, flights=self.flights[process])
        return asyncio.create_task(expander.expand(GraphRequest(("n:t:a",), **rest)))

    @property
    def begun(self) -> list[int]:
        """Count the walks of each."""
        return [len(driver.begun) for driver in self.drivers]


@pytest.fixture
def fleet(stage: Any) -> Fleet:
    """Give a fleet of two over one source."""
    stage.source("s1", "n").line("n:t:a", "n:t:b")
    return Fleet(stage)


async def test_defect_07_one_process_asks_for_the_fleet(fleet: Fleet) -> None:
    """The others look into the cache once they are told."""
    first = [fleet.ask(0) for _ in range(5)]
    await fleet.drivers[0].until(lambda: fleet.begun == [1, 0])
    second = [fleet.ask(1) for _ in range(5)]
    await settle()
    for driver in fleet.drivers:
        driver.free.set()
    answers = [await task for task in (*first, *second)]
    assert all(answer.complete and len(answer.page.records.edges) == 1 for answer in answers)
    assert fleet.begun == [1, 0]
    assert not fleet.leases[0].held | fleet.leases[1].held | fleet.leases[1].followed


async def test_defect_09_a_leader_elsewhere_that_leaves_hands_over(fleet: Fleet) -> None:
    """The follower takes the lease and asks itself."""
    leader = fleet.ask(0)
    await fleet.drivers[0].until(lambda: fleet.begun == [1, 0])
    follower = fleet.ask(1)
    await settle()
    leader.cancel()
    await fleet.drivers[1].until(lambda: fleet.begun == [1, 1])
    fleet.drivers[1].free.set()
    assert (await follower).complete


async def test_a_follower_with_less_time_leaves_alone(fleet: Fleet) -> None:
    """At its own deadline it has its word, and the leader goes on."""
    leader = fleet.ask(0)
    await fleet.drivers[0].until(lambda: fleet.begun == [1, 0])
    follower = fleet.ask(1, require=Require.NONE, budget=HURRIED)
    assert (await follower).reports[0].outcome is Outcome.TIMEOUT
    assert not fleet.leases[1].followed
    fleet.drivers[0].free.set()
    assert (await leader).complete


async def test_who_waits_elsewhere_is_named_to_the_leaders_governor(fleet: Fleet) -> None:
    """A walk that waits for its turn in one caller's name waits in the other's too."""
    names: list[str] = []
    told = asyncio.Event()

    async def drive(walk: Walk, *, demand: Any, **rest: Any) -> tuple[Finding, ...]:
        demand.on_join(lambda caller: (names.append(caller.name), told.set()))
        await told.wait()
        findings: tuple[Finding, ...] = await fleet.stage.drive(walk, demand=demand, **rest)
        return findings

    fleet.flights[0].drive = drive
    leader = fleet.ask(0, behalf=Caller("heavy"))
    await settle()
    follower = fleet.ask(1, behalf=Caller("light"))
    assert (await leader).complete
    assert (await follower).complete
    assert names == ["light"]
