"""Drives a search for paths over a small world, and lists all simple paths by brute force."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import networkx as nx

from connectors.model import Edge, NodeId, Outcome
from harness.reference import AMPLE, Row, allowed_arcs, tell
from service.graph.budget import Budget
from service.graph.path import PathSearch
from service.graph.rule import Rule, Verdict


@dataclass(frozen=True)
class Searched:
    """A search at its end, and who was asked in which round."""

    search: PathSearch
    rounds: tuple[tuple[NodeId, ...], ...]

    @property
    def asked(self) -> list[NodeId]:
        """Give everybody who was asked, in order."""
        return [node for frontier in self.rounds for node in frontier]


def find(
    world: Sequence[Row],
    seed: NodeId,
    target: NodeId,
    *,
    paths: int = 1,
    longest: int | None = None,
    rule: Rule | None = None,
    budget: Budget = AMPLE,
    costs: Mapping[NodeId, int] | None = None,
    troubles: Mapping[NodeId, Outcome] | None = None,
    reticent: Collection[NodeId] = (),
    presumes: bool = False,
    order: int = 0,
) -> Searched:
    """Search to the end; what is told of a node in trouble is lost, whoever tells it.

    Of those that are `reticent` it is not known that they list all their relations, and perhaps presumed.
    """
    search = PathSearch(
        seed,
        target,
        paths=paths,
        longest=longest,
        rule=rule or Rule(),
        budget=budget,
        cost=lambda node: (costs or {}).get(node, 1),
        tells_all=lambda node: node not in reticent,
        presumes=presumes,
    )
    return Searched(search, ask_page(search, world, troubles=troubles or {}, order=order))


def ask_page(
    search: PathSearch,
    world: Sequence[Row],
    *,
    troubles: Mapping[NodeId, Outcome],
    shown: int = 0,
    order: int = 0,
) -> tuple[tuple[NodeId, ...], ...]:
    """Ask to the end of a page; of a node in trouble every source shows so many relations."""
    shuffle = Random(order)  # noqa: S311 - a test's shuffle
    rounds = []
    while frontier := search.frontier():
        assert list(frontier) == sorted(frontier, key=str)
        assert frontier == search.frontier(), "looking changes nothing"
        rounds.append(frontier)
        addresses = list(frontier)
        shuffle.shuffle(addresses)
        told = {node: tell(world, node, shuffle=shuffle) for node in addresses}
        for node in troubles.keys() & told.keys():
            told[node] = [_lost(word, troubles[node], shown) for word in told[node]]
        search.absorb(told)
    asked = [node for frontier in rounds for node in frontier]
    assert len(asked) == len(set(asked)), "nobody is asked twice"
    return tuple(rounds)


def _lost(word: Any, outcome: Outcome, shown: int) -> Any:
    listing = replace(word.finding.listing, edges=word.finding.listing.edges[:shown])
    return replace(word, finding=replace(word.finding, outcome=outcome, listing=listing))


def simple_paths(
    graph: "nx.MultiDiGraph[NodeId]", seed: NodeId, target: NodeId, *, longest: int | None = None
) -> list[list[NodeId]]:
    """Give all simple paths, by length and then by the texts of their addresses."""
    if seed == target:
        return [[seed]]
    if seed not in graph or target not in graph:
        return []
    found = nx.all_simple_paths(nx.DiGraph(graph), seed, target, cutoff=longest)
    texts = {node: str(node) for node in graph}
    return sorted(found, key=lambda path: (len(path), [texts[node] for node in path]))


def told_arcs(
    world: Sequence[Row], asked: Iterable[NodeId], *, rule: Rule, fan_out: int = 999
) -> "nx.MultiDiGraph[NodeId]":
    """Give the arcs that the listings of the nodes asked show, as far as each one's fan-out goes."""
    graph: nx.MultiDiGraph[NodeId] = nx.MultiDiGraph()
    for node in asked:
        for source in ("s1", "s2"):
            rows = [row for row in world if row.source == source and row.listed_by(node)]
            shown = allowed_arcs(rows, rule)
            if node not in shown:
                continue
            out = _smallest(shown.successors(node), node, fan_out)
            into = _smallest(shown.predecessors(node), node, fan_out)
            graph.add_edges_from(
                (start, end, key)
                for start, end, key in shown.edges(keys=True)
                if (start == node and end in out) or (end == node and start in into)
            )
    return graph


def _smallest(neighbors: Iterable[NodeId], node: NodeId, fan_out: int) -> Collection[NodeId]:
    return sorted(set(neighbors) - {node}, key=str)[:fan_out]


def doubted(world: Sequence[Row], *, rule: Rule) -> bool:
    """Tell whether the rule cannot judge some relation of the world."""
    return any(
        rule.judge(row.edge, at=end) is Verdict.UNDECIDED
        for row in world
        for end in (row.edge.subject, row.edge.object)
    )


def walked(search: PathSearch, *, rule: Rule) -> dict[NodeId, int]:
    """Give the distances from the seed on the edges of the answer, by networkx."""
    rows = [
        Row(word.source, Edge(*key, word.created_at, deleted=word.deleted))
        for key, edge in search.edges.items()
        for word in edge.provenance
    ]
    graph = allowed_arcs(rows, rule)
    graph.add_node(search.seed)
    lengths: Any = nx.single_source_shortest_path_length(graph, search.seed)
    return dict(lengths)
