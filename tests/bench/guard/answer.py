"""Answers that are always the same, made so many times: run as a program, by whoever counts instructions.

A seed with twenty neighbors of twenty neighbors each is written as cache entries, and for each answer
read from them, merged, expanded and written as JSON. Nothing here has a clock, a store or an address
of this machine, so the same code takes the same instructions.
"""

import sys
from datetime import UTC, datetime

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId, Outcome, undirected
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.api.format.media import Format, Table
from service.api.format.writer import write_answer
from service.api.format.written import Written
from service.cache.codec import decode_draft, encode_listing
from service.graph.asked import Told
from service.graph.assemble import NodeTold, Order, assemble
from service.graph.budget import Budget
from service.graph.expansion import Expansion
from service.graph.rule import Rule

WIDTH = 20
_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
_BUDGET = Budget(max_nodes=50_000, max_edges=200_000, fan_out=10_000)
_SEED = NodeId("observable", None, "domain", "seed.example")


def main() -> None:
    """Make as many answers as the first argument says."""
    entries = _entries()
    for _ in range(int(sys.argv[1])):
        _answer(entries)


def _entries() -> dict[NodeId, bytes]:
    ring = [NodeId("observable", None, "domain", f"{number}.example") for number in range(WIDTH)]
    entries = {_SEED: _entry(_SEED, ring)}
    for number, node in enumerate(ring):
        beyond = [NodeId("observable", None, "ip", f"198.51.{number}.{each}") for each in range(WIDTH)]
        entries[node] = _entry(node, [_SEED, *beyond])
    return entries


def _entry(node: NodeId, others: list[NodeId]) -> bytes:
    edges = tuple(
        Edge(*undirected(node, other), "related_to", directed=False, attributes=(("seen", 3),))
        for other in others
    )
    facts = tuple(
        NodeFacts(
            other, label=other.key, attributes=(("accuracy", 2), ("reputation", -1), ("tags", ("a", "b")))
        )
        for other in others
    )
    blob, _ = encode_listing(
        Listing(node, Aspect.RELATIONS, Filter(), _AT, edges, facts), inline_up_to=WIDTH + 1
    )
    return blob


def _answer(entries: dict[NodeId, bytes]) -> None:
    facts: dict[NodeId, NodeFacts] = {}
    machine = Expansion(_SEED, hops=2, rule=Rule(), budget=_BUDGET)
    while frontier := machine.frontier():
        told = {}
        for node in frontier:
            assert isinstance(node, NodeId)
            listing = decode_draft(entries[node]).listing
            facts.update((each.node, each) for each in listing.facts)
            told[node] = [Told("feed", Finding(Outcome.OK, listing))]
        machine.absorb(told)
    records = assemble(
        machine,
        told=lambda node: NodeTold({"feed": facts[node]} if node in facts else {}),
        order=Order(),
    )
    assert len(records.edges) == WIDTH + WIDTH * WIDTH
    write_answer(Written({}, records.nodes, records.edges), format=Format.JSON, table=Table.EDGES)


if __name__ == "__main__":
    main()
