"""Takes measures by networkx; imported when a measure is asked for, and not with the service (ADR 0037)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import networkx as nx

from service.graph.measure import Measure, Number
from service.graph.skeleton import Skeleton

G = TypeVar("G", bound="nx.Graph[int]")

# What is left to chance in Louvain's method is the order in which nodes are looked at.
_SEED = 0
# networkx stops once the ranks, which sum to 1, have changed by less than size * tol in sum: each
# step shrinks that change to 0.85 of it, so some 180 steps reach this.
_PRECISION = 1e-12
_MOST_STEPS = 1000


class Ruler:
    """Takes the measures of one skeleton; what several of them need is built once."""

    def __init__(self, skeleton: Skeleton) -> None:
        """Build nothing yet."""
        self._skeleton = skeleton

    def take(self, measure: Measure) -> Sequence[Number]:
        """Compute one measure: a number for each node, by the node's number."""
        return _TAKERS[measure](self)

    def degree(self) -> Sequence[Number]:
        """Count the ends of edges at each node."""
        return self._by_node(dict(self._undirected.degree(weight="weight")))

    def components(self) -> Sequence[Number]:
        """Tell which connected component each node is in, by its number."""
        return self._numbered(nx.connected_components(self._undirected))

    def pagerank(self) -> Sequence[Number]:
        """Rank the nodes; the ranks sum to 1."""
        tolerance = _PRECISION / max(1, self._skeleton.size)
        return self._by_node(nx.pagerank(self._directed, tol=tolerance, max_iter=_MOST_STEPS))

    def communities(self) -> Sequence[Number]:
        """Tell which community each node is in, by its number."""
        return self._numbered(nx.community.louvain_communities(self._undirected, seed=_SEED))

    def betweenness(self) -> Sequence[Number]:
        """Give the share of the shortest paths between other nodes that lead through each."""
        return self._by_node(nx.betweenness_centrality(self._directed))

    @cached_property
    def _undirected(self) -> "nx.Graph[int]":
        ends = [*self._skeleton.arcs, *self._skeleton.lines]
        graph: nx.Graph[int] = nx.Graph()
        return self._filled(graph, ((min(pair), max(pair)) for pair in ends))

    @cached_property
    def _directed(self) -> "nx.DiGraph[int]":
        lines = self._skeleton.lines
        back = [(end, start) for start, end in lines if start != end]
        graph: nx.DiGraph[int] = nx.DiGraph()
        return self._filled(graph, [*self._skeleton.arcs, *lines, *back])

    def _filled(self, graph: G, ends: Iterable[tuple[int, int]]) -> G:
        graph.add_nodes_from(range(self._skeleton.size))
        counted = sorted(Counter(ends).items())
        graph.add_weighted_edges_from((start, end, times) for (start, end), times in counted)
        return graph

    def _by_node(self, values: Mapping[int, Number]) -> Sequence[Number]:
        return [values[node] for node in range(self._skeleton.size)]

    def _numbered(self, groups: Iterable[Collection[int]]) -> Sequence[Number]:
        largest_first = sorted(groups, key=lambda group: (-len(group), min(group)))
        return self._by_node({node: number for number, group in enumerate(largest_first) for node in group})


_TAKERS: Mapping[Measure, Callable[[Ruler], Sequence[Number]]] = {
    Measure.DEGREE: Ruler.degree,
    Measure.COMPONENTS: Ruler.components,
    Measure.PAGERANK: Ruler.pagerank,
    Measure.COMMUNITIES: Ruler.communities,
    Measure.BETWEENNESS: Ruler.betweenness,
}
