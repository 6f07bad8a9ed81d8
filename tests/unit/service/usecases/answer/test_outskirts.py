"""Outermost nodes are written while others are asked, and told so only where they have stayed as written."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from msgspec import Raw
from msgspec.json import decode, encode

from connectors.model import NodeFacts, NodeId
from service.graph.expansion import Expansion
from service.graph.rows import Rows
from service.graph.scribe import Scribe
from service.usecases.answer.outskirts import Outskirts
from service.usecases.answer.run import Run
from service.usecases.answer.stream import Stream
from service.usecases.request import GraphRequest

SEED = "feed:host:a"


@dataclass
class Machine:
    """How far nodes are in an answer of three hops."""

    hop: dict[NodeId, int] = field(default_factory=dict)
    hops: int = 3


def lay_out(stage: Any, *sources: str) -> None:
    """Have a and b, b and c, c and d, c and e told by each of these."""
    for name in sources:
        site = stage.source(name, "feed")
        for one, other in ("ab", "bc", "cd", "ce"):
            site.line(f"feed:host:{one}", f"feed:host:{other}")
            site.labels[f"feed:host:{other}"] = f"a host called {other}"


async def ran(stage: Any, *, hops: int = 3) -> Run:
    """Give the run of an answer, at the end of its page."""
    answering = await stage.expander.begin(GraphRequest((SEED,), hops=hops))
    await answering.run.page()
    run: Run = answering.run
    return run


def written(run: Run) -> list[str]:
    """Give the keys of nodes that are told as they were written ahead."""
    outskirts, machine = run.drafts.outskirts, run.machine
    assert outskirts is not None
    assert isinstance(machine, Expansion)
    nodes = sorted(machine.hop, key=str)
    return [
        node.key
        for node, text in zip(nodes, outskirts.settled(nodes), strict=True)
        if text is not None and decode(text)["id"] == str(node)
    ]


async def test_the_outermost_nodes_are_written_ahead(stage: Any) -> None:
    """Those three hops away are, and they are the JSON of their records."""
    lay_out(stage, "feed")
    assert written(await ran(stage)) == ["d", "e"]
    stage.turn_keys("another key, by which nothing is cached")
    nodes = (await stage.ask(SEED, hops=3)).page.records.nodes
    assert isinstance(nodes, Rows)
    passing = list(nodes.passing())
    assert [isinstance(each, Raw) for each in passing] == [False, False, False, True, True]
    assert [encode(each) for each in passing] == [encode(each) for each in nodes]


async def test_what_is_known_otherwise_by_the_end_is_written_then(stage: Any) -> None:
    """Neither what the source has told anew since nor what has come nearer is as it was written."""
    lay_out(stage, "feed")
    run = await ran(stage)
    ((at, facts),) = [
        (at, facts) for _, at, facts in run.inquiry.fetcher.ledger.told() if facts.node.key == "d"
    ]
    newer = replace(facts, label="another")
    run.inquiry.fetcher.ledger.adopt([newer], source="feed", fetched_at=at + timedelta(seconds=1))
    assert written(run) == ["e"]
    ask, finding = next(
        each for each in run.inquiry.findings.items() if str(each[0].address) == "feed:host:c"
    )
    machine = Machine()
    outskirts = Outskirts(
        ask.source, cast("Expansion", machine), fetcher=run.inquiry.fetcher, naming=run.naming
    )
    outskirts.draft(ask, finding, scribe=Scribe())
    told = [each.node for each in finding.listing.facts]
    machine.hop = dict.fromkeys(told, 3)
    assert Raw in set(map(type, outskirts.settled(told)))
    machine.hop = dict.fromkeys(told, 2)
    assert set(outskirts.settled(told)) == {None}


async def test_half_a_character_is_left_to_the_end(stage: Any) -> None:
    """What UTF-8 cannot say is not written ahead, and nothing fails by it."""
    lay_out(stage, "feed")
    run = await ran(stage)
    ask, finding = next(
        each for each in run.inquiry.findings.items() if str(each[0].address) == "feed:host:c"
    )
    half = NodeFacts(NodeId("feed", None, "host", "z"), label="\ud800")
    run.inquiry.fetcher.ledger.adopt([half], source="feed", fetched_at=finding.listing.fetched_at)
    told = replace(finding, listing=replace(finding.listing, facts=(half,)))
    machine = Machine()
    outskirts = Outskirts(
        ask.source, cast("Expansion", machine), fetcher=run.inquiry.fetcher, naming=run.naming
    )
    outskirts.draft(ask, told, scribe=Scribe())
    machine.hop = {half.node: 3}
    assert list(outskirts.settled([half.node])) == [None]


@pytest.mark.parametrize(("sources", "hops"), [(("feed", "other"), 3), (("feed",), 2)])
async def test_nothing_is_written_ahead_where_it_may_not_hold(
    stage: Any, sources: tuple[str, ...], hops: int
) -> None:
    """Another source may tell of a node, too; and of two hops none is foreseen."""
    lay_out(stage, *sources)
    assert (await ran(stage, hops=hops)).drafts.outskirts is None


async def test_who_is_told_as_it_comes_is_not_written_for(stage: Any) -> None:
    """A stream tells of nodes one by one."""
    lay_out(stage, "feed")
    answering = await stage.expander.begin(GraphRequest((SEED,), hops=3))
    stream = Stream(answering)
    await stream.begin()
    while await stream.news():
        pass
    await stream.close()
    assert answering.run.drafts.outskirts is None
