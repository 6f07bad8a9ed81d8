"""Which of the paths found fit the budget, and with which of their parallel edges.

Whole paths only, the shortest first: one that does not fit is left out, and a later one may fit. An
edge for every step comes before a second edge for any.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

from connectors.model import NodeId
from service.graph.merge import EdgeKey, edge_order

Arc = tuple[NodeId, NodeId]


@dataclass(frozen=True, slots=True)
class Fit:
    """The paths that fit, their edges, and which budgets kept something out."""

    paths: tuple[Sequence[NodeId], ...]
    edges: frozenset[EdgeKey]
    truncated: frozenset[str]


def fit_paths(
    paths: Iterable[Sequence[NodeId]],
    *,
    parallel: Mapping[Arc, Collection[EdgeKey]],
    max_nodes: int,
    max_edges: int,
) -> Fit:
    """Choose from `paths`, which come in their order; `parallel` gives the edges of each step."""

    # One step may be part of many paths, and made of many edges.
    @cache
    def ordered(step: Arc) -> Sequence[EdgeKey]:
        return sorted(parallel[step], key=edge_order)

    fitting: list[Sequence[NodeId]] = []
    nodes: set[NodeId] = set()
    edges: set[EdgeKey] = set()
    truncated: set[str] = set()
    for path in paths:
        # The smallest edge of each step that no held edge makes already.
        needed = {ordered(step)[0] for step in pairwise(path) if edges.isdisjoint(parallel[step])}
        over = set()
        if len(nodes.union(path)) > max_nodes:
            over.add("max_nodes")
        if len(edges) + len(needed) > max_edges:
            over.add("max_edges")
        if not over:
            fitting.append(path)
            nodes.update(path)
            edges |= needed
        truncated |= over
    steps = dict.fromkeys(step for path in fitting for step in pairwise(path))
    for key in chain.from_iterable(map(ordered, steps)):
        if len(edges) < max_edges:
            edges.add(key)
        elif key not in edges:
            truncated.add("max_edges")
    return Fit(tuple(fitting), frozenset(edges), frozenset(truncated))
