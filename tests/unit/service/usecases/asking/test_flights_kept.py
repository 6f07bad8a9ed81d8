"""What becomes of a walk that has ended: kept whoever is left, and handed to nobody whom it does not suit."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import SourceThrottledError
from connectors.model import Outcome
from connectors.ports import Caller, Demand
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply
from harness.looking import settle, turn_until
from service.adapters.memory_store import MemoryStore
from service.cache.freshness import Tolerance
from service.cache.key import PREFIX, Kind
from service.cache.store import Item
from service.graph.budget import Budget
from service.usecases.answer.answering import Answer
from service.usecases.asking.flights import Flights
from service.usecases.asking.lease import Led, OneProcess, Taken
from service.usecases.meter import NoMeter
from service.usecases.request import Require

HURRIED = Budget(timeout=timedelta(seconds=0.05))
PATIENT = Budget(timeout=timedelta(seconds=60))


class SlowStore(MemoryStore):
    """A memory store that takes its time, and leaves its first `blind` looks without an answer."""

    saving_takes = loading_takes = 0.0
    blind = 0

    def __init__(self, clock: Any) -> None:
        """Start empty."""
        super().__init__(clock=clock)
        self.saving, self.saved = asyncio.Event(), asyncio.Event()

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Load, late."""
        if self.blind:
            self.blind -= 1
            return [None] * len(keys)
        await asyncio.sleep(self.loading_takes)
        return await super().load(keys)

    async def save(self, items: Sequence[Item]) -> None:
        """Save, late."""
        self.saving.set()
        await asyncio.sleep(self.saving_takes)
        await super().save(items)
        self.saved.set()


@pytest.fixture
def store(stage: Any) -> SlowStore:
    """Give the stage a slow store."""
    stage.store = SlowStore(stage.clock)
    return stage.store  # type: ignore[no-any-return]


@pytest.fixture
def site(stage: Any, store: SlowStore) -> Any:
    """Give the stage one source."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    return site


def _begin(stage: Any, **rest: Any) -> asyncio.Task[Answer]:
    return asyncio.create_task(stage.ask("n:t:a", require=Require.NONE, **rest))


async def test_defect_07_what_is_slow_to_keep_is_not_asked_again(
    stage: Any, store: SlowStore, site: Any
) -> None:
    """A store, or a busy loop, that takes long to keep an answer costs no second call."""
    store.saving_takes = 0.7
    assert (await stage.ask("n:t:a")).complete
    assert (await stage.ask("n:t:a")).complete
    assert len(site.journal) == 1


async def test_what_was_fetched_is_kept_though_nobody_waits_any_more(
    stage: Any, store: SlowStore, site: Any
) -> None:
    """Who leaves while the answer is being kept does not throw the call away that was made."""
    store.saving_takes = 0.05
    asking = _begin(stage)
    await store.saving.wait()
    asking.cancel()
    await asyncio.wait({asking})
    await asyncio.wait_for(store.saved.wait(), 10)
    assert (await stage.ask("n:t:a")).complete
    assert len(site.journal) == 1


async def test_nobody_boards_a_failure_that_is_being_noted(stage: Any, store: SlowStore, site: Any) -> None:
    """Who comes while a refusal is written down has not waited for it, and asks."""
    site.faults["n:t:a"] = 403
    store.saving_takes = 0.1
    refused = _begin(stage)
    await store.saving.wait()
    site.faults.clear()
    later = await _begin(stage)
    assert later.reports[0].outcome is Outcome.OK
    assert (await refused).reports[0].outcome is Outcome.DENIED


async def test_who_takes_nothing_old_is_not_given_what_was_in_before(
    stage: Any, store: SlowStore, site: Any
) -> None:
    """A reply that came before a no-cache request did does not answer it."""
    store.saving_takes = 0.05
    first = _begin(stage)
    await store.saving.wait()
    stage.clock.passed += 5
    site.line("n:t:a", "n:t:c")
    anew = await _begin(stage, tolerance=Tolerance(max_age=timedelta(0)))
    assert (len((await first).page.records.edges), len(anew.page.records.edges)) == (1, 2)


async def test_who_takes_any_age_may_share_what_is_older_than_the_calendar(stage: Any, site: Any) -> None:
    """The longest age there is can be asked for like any other."""
    anything = Tolerance(max_age=timedelta.max)
    answers = await asyncio.gather(*(stage.ask("n:t:a", tolerance=anything) for _ in range(2)))
    assert all(answer.complete for answer in answers)
    assert len(site.journal) == 1


async def test_a_hurried_leader_does_not_cut_the_look_before_the_walk(
    stage: Any, store: SlowStore, site: Any
) -> None:
    """What another process has kept by now is found in the time of all riders, not of the first."""
    assert (await stage.ask("n:t:a")).complete
    store.blind, store.loading_takes = 2, 0.1
    leader, follower = _begin(stage, budget=HURRIED), _begin(stage)
    assert (await leader).reports[0].outcome is Outcome.TIMEOUT
    assert (await follower).complete
    assert len(site.journal) == 1


async def test_defect_09_our_own_pace_has_the_patience_of_who_joined(stage: Any, site: Any) -> None:
    """A turn that came too late for the leader is waited for again for somebody who has more time."""
    patiences: list[float] = []

    class Paced:
        async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
            patiences.append(demand.until - stage.clock.monotonic())
            if patiences[-1] < 30:
                await turn_until(lambda: demand.until - stage.clock.monotonic() > 30)
                raise SourceThrottledError("our own pace leaves no call in time")
            assert demand.take()
            reply: Reply = await site.send(call, timeout=timeout, caller="s1")
            return reply

    [source] = stage.sources
    stage.sources = [replace(source, admit=lambda sent: replace(source.admit(sent), sender=Paced()))]
    leader = _begin(stage, budget=Budget(timeout=timedelta(seconds=20)))
    await turn_until(lambda: bool(patiences))
    follower = _begin(stage, budget=PATIENT)
    assert (await follower).complete
    assert (await leader).complete, "the turn came while it still waited"
    assert len(patiences) == 2


async def test_the_end_of_a_long_walk_is_not_the_end_of_who_boarded_late(stage: Any, site: Any) -> None:
    """What no walk may take longer than is begun anew for whoever has time left."""
    walks: list[Walk] = []

    async def drive(walk: Walk, *, demand: Any, deadline: float, **rest: Any) -> tuple[Finding, ...]:
        walks.append(walk)
        if len(walks) == 1:
            # The other one has boarded.
            await turn_until(lambda: demand.until > deadline)
            stage.clock.passed += deadline - stage.clock.monotonic()
            walk.stop(Outcome.TIMEOUT, "the time of a walk is up")
            return walk.finish(now=stage.clock.now())
        findings: tuple[Finding, ...] = await stage.drive(walk, demand=demand, deadline=deadline, **rest)
        return findings

    stage.flights = stage.fly(drive)
    early = _begin(stage, budget=PATIENT)
    await turn_until(lambda: bool(walks))
    stage.clock.passed += 100
    late = _begin(stage, budget=PATIENT)
    assert (await late).complete
    assert (await early).reports[0].outcome is Outcome.TIMEOUT


async def test_a_spent_walk_that_has_not_landed_does_not_hold_the_loop(stage: Any, site: Any) -> None:
    """Whose time is up while the last replies are awaited leaves, whatever calls it has left."""
    landing = asyncio.Event()

    async def drive(walk: Walk, *, demand: Any, **rest: Any) -> tuple[Finding, ...]:
        assert demand.take()
        assert demand.exhausted
        walk.stop(Outcome.OVER_BUDGET, "spent")
        await landing.wait()
        return walk.finish(now=stage.clock.now())

    stage.flights = stage.fly(drive)
    spent = _begin(stage, budget=Budget(max_calls=1))
    await settle()
    hurried = _begin(stage, budget=HURRIED)
    await settle()
    stage.clock.passed += 1
    async with asyncio.timeout(10):
        assert (await hurried).reports[0].outcome is Outcome.OVER_BUDGET
    landing.set()
    assert (await spent).reports[0].outcome is Outcome.OVER_BUDGET


class Telling(OneProcess):
    """Leases that tell what is kept where answers would be, and note where that is."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self.nothing_kept = True
        self.places: tuple[str, ...] = ()

    async def take(
        self, keys: Sequence[str], *, caller: Caller, kept: Sequence[str] = ()
    ) -> Mapping[str, Led]:
        """Lead everything, and tell."""
        self.places = tuple(kept)
        taken = Taken()
        taken.nothing_kept = self.nothing_kept
        return taken


class NotingStore(MemoryStore):
    """A memory store that notes what was looked for."""

    def __init__(self, clock: Any) -> None:
        """Start empty."""
        super().__init__(clock=clock)
        self.loads: list[frozenset[str]] = []

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Load, and note."""
        self.loads.append(frozenset(keys))
        return await super().load(keys)


async def test_nobody_looks_where_nothing_can_be(stage: Any) -> None:
    """Who is told with the leases that no answer is kept does not look for one; else it does."""
    stage.source("s1", "n").line("n:t:a", "n:t:b")
    store, leases = NotingStore(stage.clock), Telling()
    stage.store = store
    stage.flights = Flights(stage.drive, leases=leases, clock=stage.clock, meter=NoMeter())
    for node, leases.nothing_kept, looks in (("n:t:a", True, 1), ("n:t:b", False, 2)):
        store.loads.clear()
        assert (await stage.ask(node)).complete
        # Where a walk was stopped is looked for by whoever leads, and then with the rest.
        answers = {key for key in leases.places if not key.startswith(f"{PREFIX}{Kind.TRAIL}")}
        assert 0 < len(answers) == len(leases.places) - 1
        assert len([keys for keys in store.loads if keys >= answers]) == looks
        assert len([keys for keys in store.loads if keys >= set(leases.places)]) == looks - 1
