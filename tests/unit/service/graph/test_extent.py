"""The hops of what is held, whatever the order in which it was taken in."""

from collections.abc import Iterable, Sequence

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Filter
from connectors.model import Edge, NodeId, Outcome
from connectors.walk import Finding
from harness.reference import listing_of
from service.graph.asked import Told
from service.graph.claim import Pool, name_edges, put_claims
from service.graph.extent import FAR, Extent
from service.graph.rule import Direction, Rule, Verdict

NODES = A, B, C, D, E = [NodeId("n", None, "t" if key < "d" else "u", key) for key in "abcde"]
RULES = [Rule(), Rule(direction=Direction.OUT), Rule(filter=Filter(with_type=("t",)))]


def _pool(edges: Iterable[Edge]) -> Pool:
    pool: Pool = {}
    word = Told("s", Finding(Outcome.OK, listing_of(A, ())))
    put_claims(pool, name_edges(edges, word=word))
    return pool


def _taken(batches: Sequence[Sequence[Edge]], *, rule: Rule, seeds: Iterable[NodeId] = (A,)) -> Extent:
    extent = Extent(rule)
    for seed in seeds:
        extent.stand(seed)
    for batch in batches:
        pool = {name: claims for name, claims in _pool(batch).items() if name not in extent.edges}
        ends = [end for edge in batch for end in (edge.subject, edge.object)]
        extent.take([end for end in ends if end.text not in extent.nodes], edges=pool)
    return extent


ends = st.sampled_from(NODES)
batches = st.lists(
    st.lists(st.builds(Edge, ends, ends, st.just("r"), directed=st.booleans()), max_size=5), max_size=4
)


@given(batches=batches, rule=st.sampled_from(RULES), seeds=st.sets(ends, min_size=1, max_size=2))
def test_hops_are_shortest_distances(batches: list[list[Edge]], rule: Rule, seeds: set[NodeId]) -> None:
    """From the nearest node that stands at 0, as networkx walks the arcs the rule allows."""
    extent = _taken(batches, rule=rule, seeds=seeds)
    arcs: nx.DiGraph[NodeId] = nx.DiGraph()
    arcs.add_nodes_from(extent.hop)
    for edge in (edge for batch in batches for edge in batch):
        for start in (edge.subject, edge.object):
            if rule.judge(edge, at=start) is Verdict.FOLLOW:
                arcs.add_edge(start, edge.other_end(start))
    distances = nx.multi_source_dijkstra_path_length(arcs, seeds)
    assert {node: hop for node, hop in extent.hop.items() if hop < FAR} == distances
    assert [extent.at(node.text) for node in extent.hop] == list(extent.hop.values())


def test_who_comes_to_stand_brings_near_what_lies_behind() -> None:
    """A node held farther out, and all that was reached by it."""
    line = [Edge(*pair, "r", directed=False) for pair in ((A, B), (B, C), (C, D), (D, E))]
    extent = _taken([line], rule=Rule())
    assert list(extent.hop.values()) == [0, 1, 2, 3, 4]
    extent.stand(D)
    assert [extent.hop[node] for node in NODES] == [0, 1, 1, 0, 1]


def test_an_edge_may_come_before_the_one_that_reaches_it() -> None:
    """Edges of one batch lead on from each other, whichever is first."""
    backwards = [Edge(*pair, "r", directed=True) for pair in ((D, E), (C, D), (B, C), (A, B))]
    assert [_taken([backwards], rule=RULES[1]).hop[node] for node in NODES] == [0, 1, 2, 3, 4]


def test_edges_that_only_a_neighbor_tells_of_are_counted() -> None:
    """Each once, a loop too, and only where the rule leads along it."""
    told = [Edge(A, B, "r", directed=True), Edge(B, B, "r", directed=False), Edge(C, B, "r", directed=True)]
    seen, *_ = _pool(told)
    both, out = (_taken([told], rule=rule) for rule in RULES[:2])
    assert both.count_unseen({"n:t:b": {seen}, "n:t:c": set()}) == {"n:t:b": 2, "n:t:c": 1}
    assert out.count_unseen({"n:t:b": set(), "n:t:c": set()}) == {"n:t:b": 1, "n:t:c": 1}
