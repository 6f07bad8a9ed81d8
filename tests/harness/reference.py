"""Small worlds of relations, told one-sidedly if need be, and a plain search that expansion must equal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from random import Random
from typing import Any

import networkx as nx

from connectors.contract import Filter
from connectors.model import Address, Edge, NodeId, Outcome, Selection
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.graph.budget import Budget
from service.graph.expansion import Expansion, Told
from service.graph.merge import EdgeKey, edge_key
from service.graph.rule import Rule

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NODES = [
    NodeId(namespace, None, type_, key) for namespace, type_, key in product(("m", "n"), ("t", "u"), "ab")
]
AMPLE = Budget(max_nodes=999, max_edges=999, fan_out=999)


@dataclass(frozen=True)
class Row:
    """One relation as a source has it, and which of its ends list it."""

    source: str
    edge: Edge
    subject_lists: bool = True
    object_lists: bool = True

    def listed_by(self, node: NodeId) -> bool:
        """Tell whether the listing of `node` holds it."""
        by_subject = self.subject_lists and self.edge.subject == node
        return by_subject or (self.object_lists and self.edge.object == node)


def listing_of(address: Address, edges: Iterable[Edge], **rest: Any) -> Listing:
    """Give the listing of an address that one source told at noon."""
    return Listing(address, Aspect.RELATIONS, Filter(), NOON, tuple(edges), **rest)


def tell(
    world: Sequence[Row], address: Address, *, shuffle: Random, filtering: Rule | None = None
) -> list[Told]:
    """Give what each source of the world tells of an address, in any order, `filtering` by a rule itself."""
    sources = ["s1", "s2"]
    shuffle.shuffle(sources)
    told = []
    for source in sources:
        if isinstance(address, Selection):
            rows = [row for row in world if any(map(address.covers, (row.edge.subject, row.edge.object)))]
        else:
            rows = [row for row in world if row.listed_by(address)]
            if filtering is not None:
                rows = [row for row in rows if _allowed(row.edge, address, filtering) is not False]
        edges = list(dict.fromkeys(row.edge for row in rows if row.source == source))
        shuffle.shuffle(edges)
        told.append(Told(source, Finding(Outcome.OK, listing_of(address, edges))))
    return told


def expand(
    world: Sequence[Row],
    seed: Address,
    *,
    hops: int,
    rule: Rule | None = None,
    budget: Budget = AMPLE,
    order: int = 0,
    filtering: bool = False,
) -> Expansion:
    """Expand to the end, asking each address once and the nearest first; sources may do the `filtering`."""
    shuffle = Random(order)  # noqa: S311 - a test's shuffle
    expansion = Expansion(seed, hops=hops, rule=rule or Rule(), budget=budget)
    asked: set[Address] = set()
    if hops == 0 and isinstance(seed, NodeId):
        assert expansion.frontier() == ()
        return expansion
    while frontier := expansion.frontier():
        due = {node: hop for node, hop in expansion.hop.items() if hop < hops and node not in asked}
        if expansion.hop:
            nearest = [node for node, hop in due.items() if hop == min(due.values())]
            assert list(frontier) == sorted(nearest, key=str)
        asked.update(frontier)
        addresses = list(frontier)
        shuffle.shuffle(addresses)
        by = rule if filtering else None
        expansion.absorb(
            {address: tell(world, address, shuffle=shuffle, filtering=by) for address in addresses}
        )
        # Who is a member, the selection has asked about already.
        asked.update(node for node, hop in expansion.hop.items() if hop == 0)
    return expansion


def _allowed(edge: Edge, start: NodeId, rule: Rule) -> bool | None:
    """Say whether an edge is followed from `start`; None when its time would have to be known."""
    end = edge.object if edge.subject == start else edge.subject
    wanted = rule.filter
    if edge.directed and edge.subject != edge.object:
        if rule.direction == "out" and start != edge.subject:
            return False
        if rule.direction == "in" and start != edge.object:
            return False
    fits = [
        rule.relations is None or edge.relation in rule.relations,
        not wanted.with_namespace or end.namespace in wanted.with_namespace,
        not wanted.with_type or end.type in wanted.with_type,
        wanted.with_key in (None, end.key),
        {"exclude": not edge.deleted, "only": edge.deleted, "include": True}[wanted.deleted],
    ]
    if not all(fits):
        return False
    if wanted.created_after is None and wanted.created_before is None:
        return True
    if edge.created_at is None:
        return None
    return (
        (wanted.created_after or datetime.min.replace(tzinfo=UTC))
        < edge.created_at
        < (wanted.created_before or datetime.max.replace(tzinfo=UTC))
    )


@dataclass(frozen=True)
class Expected:
    """The answer as networkx's breadth-first layers give it."""

    hop: Mapping[NodeId, int]
    edges: set[EdgeKey]
    undecided: Mapping[str, set[EdgeKey]]
    degree: Mapping[NodeId, int]


def allowed_arcs(rows: Iterable[Row], rule: Rule) -> "nx.MultiDiGraph[NodeId]":
    """Give the arcs that the rule allows, by networkx."""
    graph: nx.MultiDiGraph[NodeId] = nx.MultiDiGraph()
    for row in rows:
        for start in {row.edge.subject, row.edge.object}:
            if _allowed(row.edge, start, rule):
                graph.add_edge(start, row.edge.other_end(start), key=edge_key(row.edge))
    return graph


def search(world: Sequence[Row], seed: Address, *, hops: int, rule: Rule) -> Expected:
    """Search breadth first until nobody new has to be asked, with networkx alone."""
    known: list[Row] = []
    starts: set[NodeId] = set()
    if isinstance(seed, NodeId):
        starts = {seed}
    else:
        known = [row for row in world if any(map(seed.covers, (row.edge.subject, row.edge.object)))]
        for row in known:
            members = {end for end in (row.edge.subject, row.edge.object) if seed.covers(end)}
            if any(_allowed(row.edge, member, rule) for member in members):
                starts |= members
    asked: set[NodeId] = set() if isinstance(seed, NodeId) else set(starts)
    while True:
        graph = allowed_arcs(known, rule)
        graph.add_nodes_from(starts)
        layers = enumerate(nx.bfs_layers(graph, sorted(starts, key=str))) if starts else ()
        hop = {node: distance for distance, layer in layers for node in layer}
        near = {node for node, distance in hop.items() if distance < hops}
        if near <= asked:
            break
        asked |= near
        known = [row for row in world if row in known or any(row.listed_by(node) for node in asked)]
    within = {node: distance for node, distance in hop.items() if distance <= hops}
    near = {node for node, distance in within.items() if distance < hops}
    relations = {
        node: {key for _, _, key in graph.edges(node, keys=True)} if node in graph else set() for node in near
    }
    undecided: dict[str, set[EdgeKey]] = defaultdict(set)
    for row in known:
        ends = {row.edge.subject, row.edge.object}
        told_of = near if isinstance(seed, NodeId) else near | {end for end in ends if seed.covers(end)}
        if any(_allowed(row.edge, end, rule) is None for end in ends & told_of):
            undecided[row.source].add(edge_key(row.edge))
    return Expected(
        within,
        set().union(*relations.values()),
        undecided,
        {node: len(keys) for node, keys in relations.items()},
    )
