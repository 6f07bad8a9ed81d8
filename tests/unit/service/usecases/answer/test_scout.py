"""The next hop is asked about while this one is still being told, and no answer is another for it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connectors.model import parse_address
from connectors.ports import Sender
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply
from harness.paging import as_json
from service.adapters.memory_store import MemoryStore
from service.cache.freshness import Tolerance
from service.cache.key import PREFIX, Kind
from service.graph.budget import Budget
from service.usecases.ask import Ask
from service.usecases.asking.flight import Flight
from service.usecases.request import GraphRequest

PATIENCE = 5.0
LONG = "a label of which the cache keeps one copy for all of the listings that show it " * 5
AMPLE = Budget(max_nodes=999, max_edges=999, fan_out=999, max_calls=999)


class Paused:
    """A stage whose source answers about some nodes only when it is let, or after some turns of the loop."""

    def __init__(
        self, stage: Any, *, batch_size: int = 1, held: str = "", dice: Random | None = None
    ) -> None:
        self.stage = stage
        self.site = stage.source("m", "m", batch_size=batch_size)
        self.free = asyncio.Event()
        self.asked: list[str] = []
        self.leading: dict[str, bool] = {}
        self._begun: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._held = held
        self._stuck: set[str] = set()
        self._dice = dice

    def expand(self, **rest: Any) -> Any:
        """Ask about the node a."""
        expander = replace(self.stage.expander, flights=self.stage.fly(self._drive))
        return expander.expand(GraphRequest(("m:t:a",), **rest))

    async def _drive(self, walk: Walk, *, sender: Sender, demand: Flight, **rest: Any) -> tuple[Finding, ...]:
        for seat in demand.seats:
            self.leading[str(seat.address)] = any(rider.leads_on for rider in seat.riders)
        sender = _Pausing(self, sender)
        findings: tuple[Finding, ...] = await self.stage.drive(walk, sender=sender, demand=demand, **rest)
        return findings

    async def pause(self, call: Call) -> None:
        """Note what is asked, and wait as long as it takes."""
        names = [str(address) for address in call.nodes]
        self.asked += names
        for name in names:
            self._begun[name].set()
        if self._held in names:
            await self.free.wait()
        if self._stuck.intersection(names):
            await asyncio.Event().wait()
        for _ in range(self._dice.randrange(40) if self._dice else 0):
            await asyncio.sleep(0)

    def hold(self, *names: str) -> None:
        """Have the source never answer about these."""
        self._stuck.update(names)

    async def until_asked(self, node: str) -> None:
        """Wait until somebody asks about it."""
        await self._begun[node].wait()

    async def until_idle(self) -> None:
        """Wait until nothing happens any more."""
        for _ in range(200):
            await asyncio.sleep(0)


class _Pausing:
    """Sends a call when the pause before it is over."""

    def __init__(self, paused: Paused, sender: Sender) -> None:
        self._paused = paused
        self._sender = sender

    async def send(self, call: Call, **rest: Any) -> Reply:
        """Wait, then send."""
        await self._paused.pause(call)
        return await self._sender.send(call, **rest)


class _Slow(MemoryStore):
    """A store that takes a turn of the loop, and tells when it is asked for facts."""

    facts_wanted: Callable[[], object] | None = None

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Tell, wait, and load."""
        if self.facts_wanted is not None and any(key.startswith(f"{PREFIX}{Kind.FACTS}") for key in keys):
            self.facts_wanted()
        await asyncio.sleep(0)
        return await super().load(keys)


def fork(site: Any) -> None:
    """Have a know b and c, b know d, and d know e."""
    for one, other in ("ab", "ac", "bd", "de"):
        site.line(f"m:t:{one}", f"m:t:{other}")


async def test_a_node_is_asked_about_as_soon_as_it_is_known(stage: Any) -> None:
    """Though another node of the hop before has not answered yet; what comes of it is as ever."""
    paused = Paused(stage, held="m:t:c")
    fork(paused.site)
    async with asyncio.timeout(PATIENCE):
        answering = asyncio.create_task(paused.expand(hops=3, budget=AMPLE))
        await paused.until_asked("m:t:d")
        assert not answering.done()
        paused.free.set()
        answer = await answering
    assert Counter(paused.asked) == Counter(["m:t:a", "m:t:b", "m:t:c", "m:t:d"])
    assert [node["id"] for node in as_json(answer)["nodes"]] == [f"m:t:{key}" for key in "abcde"]
    assert (answer.complete, answer.spent.calls) == (True, 4)


@pytest.mark.parametrize(
    ("budget", "hops"),
    [
        (replace(AMPLE, max_calls=5), 3),
        (replace(AMPLE, max_nodes=6), 3),
        (replace(AMPLE, max_edges=5), 3),
        (replace(AMPLE, fan_out=1), 3),
        (AMPLE, 2),
    ],
)
async def test_nobody_is_asked_ahead_who_might_not_be_asked(stage: Any, budget: Budget, hops: int) -> None:
    """Where a budget may run out before, and at the last hop, the round is waited for."""
    paused = Paused(stage, held="m:t:c")
    fork(paused.site)
    async with asyncio.timeout(PATIENCE):
        answering = asyncio.create_task(paused.expand(hops=hops, budget=budget))
        await paused.until_idle()
        assert "m:t:d" not in paused.asked
        paused.free.set()
        await answering


async def test_who_leads_on_is_known_when_it_is_asked(stage: Any) -> None:
    """Whose neighbors are asked about is told to those who take up replies, and of a last hop nobody is."""
    paused = Paused(stage)
    for one, other in ("ab", "bc", "cd", "de"):
        paused.site.line(f"m:t:{one}", f"m:t:{other}")
    await paused.expand(hops=4, budget=AMPLE)
    assert paused.leading == {"m:t:a": True, "m:t:b": True, "m:t:c": True, "m:t:d": False}
    paused.leading.clear()
    await paused.expand(hops=2, budget=AMPLE, tolerance=Tolerance(max_age=timedelta(0)))
    assert set(paused.leading.values()) == {False}


async def test_questions_that_share_a_call_wait_for_each_other(stage: Any) -> None:
    """A batch that leaves early would be a call more."""
    paused = Paused(stage, batch_size=2, held="m:t:c")
    fork(paused.site)
    async with asyncio.timeout(PATIENCE):
        answering = asyncio.create_task(paused.expand(hops=3, budget=AMPLE))
        await paused.until_idle()
        assert "m:t:d" not in paused.asked
        paused.free.set()
        await answering


async def test_what_is_asked_ahead_ends_with_its_answer(stage: Any) -> None:
    """Whoever leaves takes along what was asked for nobody else."""
    paused = Paused(stage, held="m:t:d")
    fork(paused.site)
    async with asyncio.timeout(PATIENCE):
        answering = asyncio.create_task(paused.expand(hops=3, budget=AMPLE))
        await paused.until_asked("m:t:d")
        before = len(asyncio.all_tasks())
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
        await paused.until_idle()
        assert len(asyncio.all_tasks()) < before


async def test_what_was_asked_ahead_ends_in_its_own_round_too(stage: Any) -> None:
    """Whoever leaves while the round of it waits for another question leaves no call behind."""
    paused = Paused(stage, held="m:t:c")
    fork(paused.site)
    paused.site.line("m:t:c", "m:t:f")
    paused.hold("m:t:d", "m:t:f")
    async with asyncio.timeout(PATIENCE):
        idle = len(asyncio.all_tasks())
        answering = asyncio.create_task(paused.expand(hops=3, budget=AMPLE))
        await paused.until_asked("m:t:d")
        paused.free.set()
        await paused.until_asked("m:t:f")
        await paused.until_idle()
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
        await paused.until_idle()
        assert len(asyncio.all_tasks()) == idle


async def test_what_was_asked_ahead_takes_nothing_along_when_it_is_given_up(stage: Any) -> None:
    """What the cache keeps apart of the answer's nodes is left to who tells of them."""
    site = stage.source("m", "m")
    stage.store = _Slow(clock=stage.clock)
    site.line("m:t:a", "m:t:b")
    site.line("m:t:c", "m:t:d")
    site.labels["m:t:b"] = LONG
    await stage.ask("m:t:a")
    answering = await stage.expander.begin(GraphRequest(("m:t:a",)))
    fetcher, source = answering.run.inquiry.fetcher, stage.sources[0]
    await fetcher.fetch([Ask(source, parse_address("m:t:a"))], nodes=())
    ahead = asyncio.create_task(fetcher.fetch([Ask(source, parse_address("m:t:c"))], nodes=(), ahead=True))
    stage.store.facts_wanted = ahead.cancel
    await asyncio.wait({ahead})
    node = parse_address("m:t:b")
    await fetcher.fetch((), nodes={node})
    assert fetcher.ledger.facts_of(node)["m"].label == LONG


async def test_who_was_asked_ahead_is_waited_for_no_longer_than_its_round(stage: Any) -> None:
    """Once more is known, more of the answer's time is kept for telling it: the sources have less."""
    paused = Paused(stage, held="m:t:c")
    fork(paused.site)
    paused.hold("m:t:d")
    async with asyncio.timeout(PATIENCE):
        answering = asyncio.create_task(paused.expand(hops=3, budget=AMPLE))
        await paused.until_asked("m:t:d")
        await paused.until_idle()
        # Between the end of what the round of d has and of what the one before had.
        stage.clock.passed = AMPLE.timeout.total_seconds() - 0.001
        paused.free.set()
        answer = await answering
    assert answer.reports[0].outcomes == {"ok": 3, "timeout": 1}
    assert answer.truncated == ("timeout",)


@pytest.mark.parametrize("seed", range(40))
async def test_no_answer_depends_on_who_replies_first(make_stage: Any, seed: int) -> None:
    """Whatever the order of replies and the budget, the graph is that of sources that reply at once."""
    dice = Random(seed)  # noqa: S311 - which replies when, nothing secret
    lines = {tuple(dice.sample("abcdefghijklmnop", 2)) for _ in range(dice.randrange(10, 40))}
    budget = Budget(
        max_nodes=dice.choice((4, 9, 999)),
        max_edges=dice.choice((5, 20, 999)),
        fan_out=dice.choice((2, 999)),
        max_calls=999,
    )
    graphs = []
    for hurry in (None, dice):
        paused = Paused(make_stage(), dice=hurry)
        for one, other in sorted(lines):
            paused.site.line(f"m:t:{one}", f"m:t:{other}")
        answer = as_json(await paused.expand(hops=3 + seed % 3, budget=budget))
        graphs.append((answer["nodes"], _undated(answer["edges"]), answer["graph"]["truncated"]))
    assert graphs[0] == graphs[1]


# The last six have hops that end larger than their first replies let expect: some were asked ahead in vain.
@pytest.mark.parametrize("seed", [*range(12), 29, 71, 105, 110, 133, 138])
async def test_what_is_told_of_a_node_does_not_depend_on_who_replies_first(
    make_stage: Any, seed: int
) -> None:
    """A second source's facts of a kept node are those of its listings whose turn came, and no others."""
    dice = Random(seed)  # noqa: S311 - which replies when, nothing secret
    names = "abcdefghijklmnop"
    lines = {source: {tuple(dice.sample(names, 2)) for _ in range(dice.randrange(8, 24))} for source in "mn"}
    budget = Budget(
        max_nodes=dice.randrange(4, 12), max_edges=999, fan_out=dice.choice((2, 3)), max_calls=999
    )
    graphs = []
    for hurry in (None, dice, dice):
        paused = Paused(make_stage(), dice=hurry)
        for source, site in (("m", paused.site), ("n", paused.stage.source("n", "m"))):
            for one, other in sorted(lines[source]):
                site.line(f"m:t:{one}", f"m:t:{other}")
            # Of every other node so much that the cache keeps it apart.
            site.labels |= {
                f"m:t:{name}": f"{source} {name} {LONG * (at % 2)}" for at, name in enumerate(names)
            }
        for _ in range(2):
            answer = as_json(await paused.expand(hops=3 + seed % 3, budget=budget))
            graphs.append((answer["nodes"], _undated(answer["edges"]), answer["graph"]["truncated"]))
    assert all(graph == graphs[0] for graph in graphs)


def _undated(edges: Sequence[dict[str, Any]]) -> list[Any]:
    return [(edge["id"], edge["subject"], edge["object"]) for edge in edges]
