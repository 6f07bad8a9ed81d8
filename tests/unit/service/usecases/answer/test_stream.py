"""An answer told as it becomes known: what the events add up to, their order, and who waits for whom."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import SourceUnavailableError, UnknownNodeError
from connectors.walk import Finding, Walk
from harness.folding import Folded, Json, differences, fold, lasting
from harness.reference import NODES, Row
from harness.rows import budgets, dense, hop_counts, plain_rules, rules, symmetric
from service.adapters.memory_store import MemoryStore
from service.api.about import describe
from service.api.body import encode_json
from service.api.streaming import write_event
from service.cache.freshness import Tolerance
from service.cache.store import Item
from service.graph.assemble import Order
from service.graph.budget import Budget
from service.usecases.answer.answering import Answer
from service.usecases.answer.requirement import NotCachedError, SourcesFailedError, SourcesTimedOutError
from service.usecases.answer.stream import Stream
from service.usecases.request import GraphRequest, Identity, Require

SEED = str(NODES[0])
PATIENCE = 5.0
AMPLE = Budget(max_nodes=50_000, max_edges=200_000, fan_out=10_000, max_calls=5000)
Pause = Callable[[Walk], Awaitable[None]]


async def _no_pause(_walk: Walk) -> None:
    """Answer at once."""


@dataclass(frozen=True)
class Slow:
    """Lets each source take its own number of turns of the event loop."""

    turns: Mapping[str, int]

    async def __call__(self, walk: Walk) -> None:
        """Wait them out."""
        for _ in range(self.turns.get(walk.kind, 0)):
            await asyncio.sleep(0)


class Held:
    """Keeps one source from answering until it is let go."""

    def __init__(self, source: str) -> None:
        """Hold it."""
        self.source = source
        self.asked = asyncio.Event()
        self.free = asyncio.Event()

    async def __call__(self, walk: Walk) -> None:
        """Wait, if it is the one."""
        if walk.kind == self.source:
            self.asked.set()
            await self.free.wait()


def _open(stage: Any, pause: Pause = _no_pause) -> Any:
    """Give the stage's expander, its sources answering after `pause`."""

    async def drive(walk: Walk, **rest: Any) -> tuple[Finding, ...]:
        await pause(walk)
        findings: tuple[Finding, ...] = await stage.drive(walk, **rest)
        return findings

    return replace(stage.expander, flights=stage.fly(drive))


class Keeping(MemoryStore):
    """A memory store that takes what it is to keep only when it is let."""

    def __init__(self, clock: Any) -> None:
        """Start empty."""
        super().__init__(clock=clock)
        self.free = asyncio.Event()

    async def save(self, items: Sequence[Item]) -> None:
        """Wait, and keep."""
        await self.free.wait()
        await super().save(items)


def _write(events: Sequence[Any], *, several: bool = False) -> list[bytes]:
    return [encode_json(write_event(event, several=several)) for event in events]


def _json(answer: Answer, *, several: bool = False) -> Json:
    """Give what the JSON answer holds."""
    records = answer.page.records
    return {"graph": describe(answer, several=several), "nodes": records.nodes, "edges": records.edges}


async def _tell(expander: Any, asked: GraphRequest, *, held: Sequence[str] = ()) -> Folded:
    """Stream a whole answer and fold it."""
    several = len(asked.nodes) > 1
    stream = Stream(await expander.begin(asked))
    lines: list[bytes] = []
    try:
        async with asyncio.timeout(PATIENCE):
            await stream.begin()
            while events := await stream.news():
                lines += _write(events, several=several)
    finally:
        await stream.close()
    return fold(lines, held=held)


def _site(stage: Any, rows: Sequence[Row] = (), **spec: Any) -> list[Any]:
    """Put the rows into two sources of both namespaces."""
    sites = {name: stage.source(name, "m", "n", selects=True, **spec) for name in ("s1", "s2")}
    for row in rows:
        edge = row.edge
        sites[row.source].line(
            str(edge.subject),
            str(edge.object),
            relation=edge.relation,
            directed=edge.directed,
            record=edge.record,
            created_at=None if edge.created_at is None else edge.created_at.isoformat(),
            deleted=edge.deleted,
        )
    return list(sites.values())


async def _compare(
    make_stage: Any, rows: Sequence[Row], asked: GraphRequest, turns: Mapping[str, int]
) -> Folded:
    """Ask two services alike, one by events; they must agree. Gives the folded events."""
    stages = [make_stage(), make_stage()]
    for stage in stages:
        _site(stage, rows)
    folded = await _tell(_open(stages[0], Slow(turns)), asked)
    plain = _json(await _open(stages[1]).expand(asked), several=len(asked.nodes) > 1)
    order = asked.order
    sort = order.field if order.source is None else f"{order.source}.{order.field}"
    told = folded.answer(sort=sort, order="desc" if order.descending else "asc")
    assert differences(lasting(told), lasting(plain)) == []
    return folded


def _hub(stage: Any, size: int) -> Any:
    """Give a source with one node of so many neighbors, and one further beyond each."""
    site = stage.source("s1", "n")
    for number in range(size):
        site.line("n:t:hub", f"n:t:{number:05}")
    return site


_turns = st.fixed_dictionaries({"s1": st.integers(0, 40), "s2": st.integers(0, 40)})
_seeds = st.sampled_from([(SEED,), (SEED,), ("m",), ("m:t",), (SEED, str(NODES[5])), (SEED, "n:u")])
_orders = st.sampled_from(
    [Order(), Order("hop", descending=True), Order("known_degree"), Order("note", "s1")]
)
_askings = st.builds(
    GraphRequest,
    nodes=_seeds,
    hops=hop_counts,
    rule=st.one_of(plain_rules, rules),
    order=_orders,
    budget=st.one_of(st.just(AMPLE), budgets),
    identity=st.sampled_from([Identity.OFF, Identity.EXACT]),
    require=st.just(Require.NONE),
)


@settings(max_examples=50, deadline=None)
@given(rows=st.one_of(symmetric, dense), asked=_askings, turns=_turns)
def test_the_events_add_up_to_the_answer(
    make_stage: Any, rows: list[Row], asked: GraphRequest, turns: dict[str, int]
) -> None:
    """Whoever is slow and whatever is cut, the folded events are the JSON answer, edges after nodes."""
    asyncio.run(_compare(make_stage, rows, asked, turns))


@settings(max_examples=40, deadline=None)
@given(rows=dense, hops=hop_counts, budget=budgets, turns=_turns)
def test_pages_of_events_add_up_to_pages_of_the_answer(
    make_stage: Any, rows: list[Row], hops: int, budget: Budget, turns: dict[str, int]
) -> None:
    """Each page of a cut answer folds to its JSON page; an edge may name a node of an earlier one."""
    asyncio.run(_page_through(make_stage, rows, hops=hops, budget=budget, turns=turns))


async def _page_through(
    make_stage: Any, rows: Sequence[Row], *, hops: int, budget: Budget, turns: Mapping[str, int]
) -> None:
    told, plain = make_stage(), make_stage()
    for stage in (told, plain):
        _site(stage, rows)
    asked = GraphRequest((SEED,), hops=hops, budget=budget, require=Require.NONE)
    held: list[str] = []
    cursors: tuple[str | None, str | None] = (None, None)
    for _ in range(40):
        folded = await _tell(_open(told, Slow(turns)), replace(asked, cursor=cursors[0]), held=held)
        answer = _json(await _open(plain).expand(replace(asked, cursor=cursors[1])))
        assert lasting(folded.answer()) == lasting(answer)
        held += folded.nodes
        cursors = folded.graph["next_cursor"], answer["graph"]["next_cursor"]
        if cursors == (None, None):
            return
    raise AssertionError("pages without an end")


def test_what_a_slow_source_pushes_out_is_withdrawn(make_stage: Any) -> None:
    """In many small worlds under tight budgets an early edge is withdrawn now and then, and not often."""
    dice = Random(7)  # noqa: S311 - the same worlds at every run
    withdrawn = Counter[bool]()
    for _ in range(60):
        names = dice.sample([f"m:t:{letter}" for letter in "bcdefghijk"], 6)
        lines = [("s1", name) for name in names[:3]] + [("s2", name) for name in names[3:]]
        asked = GraphRequest(("m:t:a",), budget=Budget(max_nodes=dice.randint(2, 7)))
        folded = asyncio.run(_fan(make_stage, lines, asked, {"s1": 0, "s2": 30}))
        withdrawn[bool(folded.withdrawn["edges"])] += 1
        assert bool(folded.withdrawn["edges"]) == bool(folded.withdrawn["nodes"])
    assert withdrawn[True] > 10
    assert withdrawn[False] > 10


async def _fan(
    make_stage: Any, lines: Sequence[tuple[str, str]], asked: GraphRequest, turns: Mapping[str, int]
) -> Folded:
    stages = [make_stage(), make_stage()]
    for stage in stages:
        sites = dict(zip(("s1", "s2"), _site(stage), strict=True))
        for source, name in lines:
            sites[source].line("m:t:a", name)
    folded = await _tell(_open(stages[0], Slow(turns)), asked)
    assert lasting(folded.answer()) == lasting(_json(await _open(stages[1]).expand(asked)))
    return folded


async def test_a_full_budget_keeps_the_smallest_whoever_was_first(stage: Any) -> None:
    """The fast source's edge is told while there is room, and taken back for a smaller one."""
    fast, slow = _site(stage)
    fast.line("m:t:a", "m:t:y")
    slow.line("m:t:a", "m:t:b")
    held = Held("s2")
    stream = Stream(await _open(stage, held).begin(GraphRequest(("m:t:a",), budget=Budget(max_nodes=2))))
    folded = Folded()
    async with asyncio.timeout(PATIENCE):
        await stream.begin()
        while "edge" not in folded.kinds:
            _take(folded, await stream.news())
        assert set(folded.nodes) == {"m:t:a", "m:t:y"}
        held.free.set()
        while events := await stream.news():
            _take(folded, events)
    assert folded.withdrawn["nodes"] == ["m:t:y"]
    assert len(folded.withdrawn["edges"]) == 1
    assert set(folded.nodes) == {"m:t:a", "m:t:b"}


async def test_the_first_edge_waits_for_the_fastest_source_alone(stage: Any) -> None:
    """While another source has not answered, what one has told is told: edge, nodes, and the source."""
    fast, _ = _site(stage)
    fast.line(SEED, "m:t:z")
    held = Held("s2")
    stream = Stream(await _open(stage, held).begin(GraphRequest((SEED,))))
    folded = Folded()
    try:
        async with asyncio.timeout(PATIENCE):
            await stream.begin()
            while "edge" not in folded.kinds:
                _take(folded, await stream.news())
        assert held.asked.is_set()
        assert not folded.done
        assert set(folded.nodes) == {SEED, "m:t:z"}
    finally:
        await stream.close()


async def test_what_a_source_said_of_the_seed_alone_is_no_reason_to_begin(stage: Any) -> None:
    """As long as no source has told anything, an error can still be the answer."""
    one, other = _site(stage)
    one.absent.add(SEED)
    other.absent.add(SEED)
    held = Held("s2")
    stream = Stream(await _open(stage, held).begin(GraphRequest((SEED,))))
    begun = asyncio.create_task(stream.begin())
    await asyncio.wait_for(held.asked.wait(), PATIENCE)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not begun.done()
    held.free.set()
    with pytest.raises(UnknownNodeError):
        await asyncio.wait_for(begun, PATIENCE)
    await stream.close()


@pytest.mark.parametrize(
    ("fault", "changes", "error"),
    [
        (500, {}, SourcesFailedError),
        (401, {}, SourcesFailedError),
        (SourceUnavailableError("gone"), {}, SourcesFailedError),
        ("slow", {}, SourcesTimedOutError),
        (None, {"tolerance": Tolerance(only_if_cached=True)}, NotCachedError),
    ],
)
async def test_before_anything_was_told_an_error_is_an_error(
    stage: Any, fault: Any, changes: dict[str, Any], error: type[Exception]
) -> None:
    """`begin` raises what the answer would."""
    for site in _site(stage):
        if fault is not None:
            site.faults[SEED] = fault
    stream = Stream(await stage.expander.begin(GraphRequest((SEED,), **changes)))
    with pytest.raises(error):
        await asyncio.wait_for(stream.begin(), PATIENCE)
    await stream.close()


async def test_nothing_less_than_complete_is_not_told_piece_by_piece(stage: Any) -> None:
    """With `require=complete` the stream begins when the answer is there, and says that it is whole."""
    fast, _ = _site(stage)
    fast.line(SEED, "m:t:z")
    held = Held("s2")
    stream = Stream(await _open(stage, held).begin(GraphRequest((SEED,), require=Require.COMPLETE)))
    begun = asyncio.create_task(stream.begin())
    await asyncio.wait_for(held.asked.wait(), PATIENCE)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not begun.done()
    held.free.set()
    await asyncio.wait_for(begun, PATIENCE)
    assert stream.complete
    assert (await stream.news())[0].kind == "meta"
    await stream.close()


async def test_nothing_less_than_complete_may_be_large(stage: Any) -> None:
    """What nobody may read yet is waited for without a reader."""
    _hub(stage, 600)
    asked = GraphRequest(("n:t:hub",), budget=AMPLE, require=Require.COMPLETE)
    folded = await _tell(stage.expander, asked)
    assert len(folded.edges) == 600
    assert folded.graph["complete"]


async def test_nothing_less_than_complete_is_an_error_when_it_is_less(stage: Any) -> None:
    """One failed source, and nothing of the other's word is told."""
    fast, slow = _site(stage)
    fast.line(SEED, "m:t:z")
    slow.faults[SEED] = 500
    stream = Stream(await stage.expander.begin(GraphRequest((SEED,), require=Require.COMPLETE)))
    with pytest.raises(SourcesFailedError):
        await asyncio.wait_for(stream.begin(), PATIENCE)
    await stream.close()


async def test_whatever_comes_is_told_at_once(stage: Any) -> None:
    """With `require=none` the stream begins before any source has answered."""
    stage.source("s1", "m")
    held = Held("s1")
    stream = Stream(await _open(stage, held).begin(GraphRequest((SEED,), require=Require.NONE)))
    async with asyncio.timeout(PATIENCE):
        await stream.begin()
        assert not stream.complete
        events = await stream.news()
    assert [event.kind for event in events][:2] == ["meta", "node"]
    assert not held.free.is_set()
    await stream.close()


async def test_another_form_of_the_seed_is_told_as_an_alias(stage: Any) -> None:
    """Right behind `meta` comes what the address as sent is called here."""
    stage.source("s1", "s1", "obs")
    folded = await _tell(stage.expander, GraphRequest(("s1:domain:a",)))
    assert folded.kinds[:2] == ["meta", "alias"]
    assert folded.aliases == {"s1:domain:a": "obs:domain:a"}
    assert folded.graph["requested"] == "s1:domain:a"


@pytest.mark.parametrize("identity", [Identity.OFF, Identity.EXACT])
async def test_a_seed_found_by_its_description_is_told_like_it_is_answered(
    make_stage: Any, identity: Identity
) -> None:
    """Whichever form of its address was sent, the events add up to the answer."""
    stages = [make_stage(), make_stage()]
    for stage in stages:
        site = stage.source("s1", "s1", "obs", describes=True)
        site.extras["s1:entity:domain-a"] = {"canonical": "obs:domain:a"}
        site.labels |= {"s1:entity:domain-a": "A", "obs:domain:a": "A"}
        site.line("obs:domain:a", "obs:ip:b")
    asked = GraphRequest(("s1:entity:domain-a",), hops=2, identity=identity)
    folded = await _tell(_open(stages[0], Slow({"s1": 5})), asked)
    plain = _json(await stages[1].expander.expand(asked))
    assert differences(lasting(folded.answer()), lasting(plain)) == []
    assert folded.graph["seed_known"] is True


async def test_the_run_waits_for_its_reader(stage: Any) -> None:
    """While much is untold nobody is asked; once it has been read the run goes on to its end."""
    site = _hub(stage, 600)
    asked = GraphRequest(("n:t:hub",), hops=2, budget=replace(AMPLE, max_calls=4))
    stream = Stream(await stage.expander.begin(asked))
    folded = Folded()
    async with asyncio.timeout(PATIENCE):
        await stream.begin()
        for _ in range(200):
            await asyncio.sleep(0)
        assert site.asked() == ["n:t:hub"]
        while events := await stream.news():
            _take(folded, events)
    assert len(site.asked()) == 3
    assert folded.graph["truncated"] == ["max_calls"]
    assert len(folded.nodes) == 601


async def test_the_run_waits_in_the_midst_of_a_round(stage: Any) -> None:
    """While much was heard and not read, no more is asked than a source takes at once."""
    site = stage.source("s1", "n")
    for number in range(60):
        site.line("n:t:hub", f"n:t:{number:02}")
        for record in range(60):
            site.line(f"n:t:{number:02}", "n:t:end", record=str(record))
    asked = GraphRequest(("n:t:hub",), hops=2, budget=AMPLE)
    stream = Stream(await _open(stage, Slow({"s1": 3})).begin(asked))
    folded = Folded()
    async with asyncio.timeout(PATIENCE * 3):
        await stream.begin()
        while len(folded.nodes) < 61:
            _take(folded, await stream.news())
        for _ in range(400):
            await asyncio.sleep(0)
        assert 10 < len(site.asked()) < 40
        while events := await stream.news():
            _take(folded, events)
    assert folded.graph["complete"]
    assert len(folded.edges) == 60 + 3600


async def test_the_records_of_the_whole_answer_are_not_made_before_they_are_read(stage: Any) -> None:
    """At the end of the run too it waits, until the reader is near the end."""
    _hub(stage, 1200)
    stream = Stream(await stage.expander.begin(GraphRequest(("n:t:hub",), budget=AMPLE)))
    await asyncio.wait_for(stream.begin(), PATIENCE)
    for _ in range(200):
        await asyncio.sleep(0)
    assert not stream.complete
    kinds = Counter[str]()
    async with asyncio.timeout(PATIENCE):
        while events := await stream.news():
            assert len(events) <= 1000
            kinds.update(event.kind for event in events)
    assert kinds["edge"] == 1200
    assert kinds["done"] == 1


async def test_paths_with_very_many_edges_come_to_an_end(stage: Any) -> None:
    """Of a search for paths all is told at its end, however much it is."""
    site = stage.source("s1", "n")
    for number in range(1200):
        site.line("n:t:a", "n:t:b", record=str(number))
    asked = GraphRequest(("n:t:a",), to="n:t:b", budget=AMPLE)
    folded = await _tell(stage.expander, asked)
    assert lasting(folded.answer(), costs=False) == lasting(
        _json(await stage.expander.expand(asked)), costs=False
    )
    assert len(folded.edges) == 1200


@pytest.mark.parametrize("paths", [1, 4])
async def test_paths_add_up_to_the_answer(make_stage: Any, paths: int) -> None:
    """A search for paths is told with its verdict, and nothing of it is ever withdrawn."""
    dice = Random(paths)  # noqa: S311 - the same worlds at every run
    for _ in range(15):
        lines = [(dice.choice(("s1", "s2")), *sorted(dice.sample("abcdefgh", 2))) for _ in range(14)]
        asked = GraphRequest(("m:t:a",), to="m:t:h", paths=paths, require=Require.NONE)
        stages = [make_stage(), make_stage()]
        for stage in stages:
            sites = dict(zip(("s1", "s2"), _site(stage), strict=True))
            for source, one, other in lines:
                sites[source].line(f"m:t:{one}", f"m:t:{other}")
        folded = await _tell(_open(stages[0], Slow({"s1": 9})), asked)
        assert lasting(folded.answer()) == lasting(_json(await stages[1].expander.expand(asked)))
        assert folded.withdrawn == {"nodes": [], "edges": []}


async def test_trouble_that_comes_later_is_part_of_the_answer(make_stage: Any) -> None:
    """Once something was told, a source that fails is an outcome at the end, not an error."""
    stages = [make_stage(), make_stage()]
    asked = GraphRequest((SEED,), hops=2)
    for stage in stages:
        fast, slow = _site(stage)
        fast.line(SEED, "m:t:z")
        slow.line(SEED, "m:u:b")
        slow.faults["m:t:z"] = 500
    folded = await _tell(_open(stages[0], Slow({"s2": 30})), asked)
    assert lasting(folded.answer()) == lasting(_json(await stages[1].expander.expand(asked)))
    assert folded.sources["s2"]["outcome"] == "unavailable"
    assert not folded.graph["complete"]


async def test_cold_and_warm_are_told_alike(stage: Any) -> None:
    """What the cache knows is told like what a source has just said."""
    for site in _site(stage):
        site.line(SEED, "m:t:z", record="1")
        site.line("m:t:z", "n:u:b")
        site.labels["m:t:z"] = "Z"
    asked = GraphRequest((SEED,), hops=2)
    cold, warm = [await _tell(stage.expander, asked) for _ in range(2)]
    assert lasting(cold.answer(), costs=False) == lasting(warm.answer(), costs=False)
    assert [source["calls"] for source in warm.sources.values()] == [0, 0]


async def test_a_stream_that_is_closed_ends_its_run(stage: Any) -> None:
    """Nothing is asked any more, and nothing is left running."""
    site = _hub(stage, 50)
    held = Held("s1")
    before = asyncio.all_tasks()
    asked = GraphRequest(("n:t:hub",), hops=2, require=Require.NONE)
    stream = Stream(await _open(stage, held).begin(asked))
    await asyncio.wait_for(stream.begin(), PATIENCE)
    await stream.news()
    await asyncio.wait_for(held.asked.wait(), PATIENCE)
    await stream.close()
    held.free.set()
    for _ in range(50):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert site.asked() == []


async def test_a_page_cut_by_calls_goes_on(stage: Any) -> None:
    """The cursor of a stream continues the stream, and its pages add up to the whole."""
    site = _hub(stage, 12)
    asked = GraphRequest(("n:t:hub",), hops=2, budget=Budget(max_calls=4))
    nodes: dict[str, Any] = {}
    cursor: str | None = None
    pages = 0
    while True:
        folded = await _tell(stage.expander, replace(asked, cursor=cursor), held=list(nodes))
        pages += 1
        assert not nodes.keys() & folded.nodes.keys()
        nodes |= folded.nodes
        for record in folded.graph.get("amended", {"nodes": []})["nodes"]:
            nodes[record["id"]] = record
        cursor = folded.graph["next_cursor"]
        if cursor is None:
            break
    assert pages > 1
    assert len(site.asked()) == 13
    whole = await stage.expander.expand(replace(asked, budget=AMPLE))
    assert [nodes[name] for name in sorted(nodes)] == whole.page.records.nodes


def _take(folded: Folded, events: Sequence[Any]) -> None:
    for line in _write(events):
        folded.take(line)


async def test_a_stream_in_time_is_cut_like_an_answer(stage: Any) -> None:
    """When the time is up what has come in is the answer, and `timeout` is named."""
    fast, slow = _site(stage)
    fast.line(SEED, "m:t:z")
    slow.faults[SEED] = "slow"
    folded = await _tell(stage.expander, GraphRequest((SEED,), budget=Budget(timeout=timedelta(seconds=3))))
    assert folded.graph["truncated"] == ["timeout"]
    assert set(folded.nodes) == {SEED, "m:t:z"}
    assert folded.sources["s2"]["outcome"] == "timeout"


async def test_an_edge_is_told_while_it_is_still_being_kept(stage: Any) -> None:
    """What a source has told need not be in the store for the reader to have it, but for the end it does."""
    stage.source("s1", "n").line("n:t:a", "n:t:b")
    stage.store = store = Keeping(stage.clock)
    stream = Stream(await stage.expander.begin(GraphRequest(("n:t:a",))))
    async with asyncio.timeout(PATIENCE):
        await stream.begin()
        assert "edge" in {event.kind for event in await stream.news()}
        later = asyncio.create_task(stream.news())
        await asyncio.sleep(0.02)
        assert not later.done()
        store.free.set()
        kinds = [event.kind for event in await later]
        while events := await stream.news():
            kinds += [event.kind for event in events]
    assert kinds.count("edge") == 0
    assert kinds[-1] == "done"
    await stream.close()
