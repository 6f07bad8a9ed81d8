"""The breadth-first machine of one answer: hands out frontiers, absorbs what was told, does no I/O.

The filtered graph has an arc from u to v wherever the rule follows an edge from u to v. `hop` is
the distance in it from the seed (from any member, of a selection). A node nearer than `hops` is
expanded once; what its sources tell may bring new nodes, and may bring nodes already held nearer,
which makes nodes behind them due. When a cap on nodes or edges has cut, nothing more is expanded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.model import Address, Edge, NodeId, Outcome, Selection
from connectors.walk import Finding
from service.graph.admission import Place, admit
from service.graph.budget import Budget
from service.graph.merge import EdgeKey, MergedEdge, assert_edge, edge_key, merge_edges
from service.graph.rule import Rule, Verdict

_BUDGET_OUTCOMES = frozenset({Outcome.OVER_BUDGET, Outcome.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Told:
    """What one source told of one address."""

    source: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Degree:
    """How many relations a node is known to have, as filtered; `exact` or at least so many."""

    value: int
    exact: bool


class Expansion:
    """State of one answer between two rounds of questions."""

    def __init__(self, seed: Address, *, hops: int, rule: Rule, budget: Budget) -> None:
        """Start from a node, or from a selection whose members are not known yet."""
        self.seed = seed
        self.hops = hops
        self.hop: dict[NodeId, int] = {} if isinstance(seed, Selection) else {seed: 0}
        self.edges: dict[EdgeKey, MergedEdge] = {}
        self.degree: dict[NodeId, Degree] = {}
        self.truncated: set[str] = set()
        self.undecided: dict[str, set[EdgeKey]] = defaultdict(set)
        self._rule = rule
        self._budget = budget
        self._outcomes: dict[NodeId, list[Outcome]] = {}
        self._cut: set[NodeId] = set()
        self._arcs: dict[NodeId, list[NodeId]] = defaultdict(list)
        self._selected = isinstance(seed, NodeId)

    def frontier(self) -> tuple[Address, ...]:
        """Give the addresses to ask about next, ascending; () when the expansion is at its end."""
        if not self._selected:
            return (self.seed,)
        if not self.truncated.isdisjoint({"max_nodes", "max_edges"}):
            return ()
        due = [node for node, hop in self.hop.items() if hop < self.hops and node not in self._outcomes]
        nearest = min((self.hop[node] for node in due), default=0)
        return tuple(sorted((node for node in due if self.hop[node] == nearest), key=str))

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in what the sources told of the frontier, all of it at once."""
        pool: dict[EdgeKey, MergedEdge] = {}
        anchors: set[NodeId] = set()
        for address, words in told.items():
            seen: dict[NodeId, set[EdgeKey]] = defaultdict(set)
            for word in words:
                self._follow(address, word, pool, seen)
            if isinstance(address, NodeId):
                seen.setdefault(address, set())
            for node, keys in seen.items():
                anchors.add(node)
                self._outcomes[node] = [word.finding.outcome for word in words]
                self.degree[node] = _degree(len(keys), words, alone=isinstance(address, NodeId))
        self._selected = True
        self._admit(pool, anchors)

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded: `complete`, `boundary`, `cut` or `failed`."""
        outcomes = self._outcomes.get(node)
        if outcomes is None:
            return "boundary" if self.hop[node] >= self.hops else "cut"
        if any(not outcome.whole and outcome not in _BUDGET_OUTCOMES for outcome in outcomes):
            return "failed"
        return "cut" if node in self._cut or not _BUDGET_OUTCOMES.isdisjoint(outcomes) else "complete"

    def _follow(
        self,
        address: Address,
        word: Told,
        pool: dict[EdgeKey, MergedEdge],
        seen: dict[NodeId, set[EdgeKey]],
    ) -> None:
        neighbors: dict[NodeId, dict[NodeId, list[Edge]]] = defaultdict(lambda: defaultdict(list))
        for edge in word.finding.listing.edges:
            for node in _anchors(address, edge):
                verdict = self._rule.judge(edge, at=node)
                if verdict is Verdict.UNDECIDED:
                    self.undecided[word.source].add(edge_key(edge))
                elif verdict is Verdict.FOLLOW:
                    neighbors[node][edge.other_end(node)].append(edge)
                    seen[node].add(edge_key(edge))
        for node, found in neighbors.items():
            for neighbor in self._fan_out(node, found):
                for edge in found[neighbor]:
                    merged = assert_edge(edge, source=word.source, fetched_at=word.finding.listing.fetched_at)
                    held = pool.get(merged.key)
                    pool[merged.key] = merged if held is None else merge_edges(held, merged)

    def _fan_out(self, node: NodeId, found: Iterable[NodeId]) -> list[NodeId]:
        kept = list(found)
        if len(kept) > self._budget.fan_out:
            self.truncated.add("fan_out")
            self._cut.add(node)
            kept = sorted(kept, key=str)[: self._budget.fan_out]
        return kept

    def _admit(self, pool: dict[EdgeKey, MergedEdge], anchors: set[NodeId]) -> None:
        for key in pool.keys() & self.edges.keys():
            self.edges[key] = merge_edges(self.edges[key], pool.pop(key))
        places = self._places(pool, anchors)
        standing = frozenset(node for node in anchors if node not in self.hop)
        if self.hops == 0:
            pool = {}
        admission = admit(
            pool,
            places,
            standing=standing,
            node_room=self._budget.max_nodes - len(self.hop),
            edge_room=self._budget.max_edges - len(self.edges),
        )
        self.truncated |= admission.truncated
        for key in admission.refused:
            self._cut.update(end for end in key[:2] if end in anchors)
        for node in admission.nodes:
            self.hop[node] = places[node][0]
        for edge in admission.edges:
            self.edges[edge.key] = edge
            self._relax(edge)
        for node in standing - self.hop.keys():
            del self._outcomes[node], self.degree[node]

    def _places(self, pool: Iterable[EdgeKey], anchors: set[NodeId]) -> dict[NodeId, Place]:
        members = isinstance(self.seed, Selection) and not self.hop
        nearest = min((self.hop[node] for node in anchors if node in self.hop), default=0)
        new = {end for key in pool for end in key[:2] if end not in self.hop}
        if members and self.hops == 0:
            new &= anchors
        return {node: (0 if members and node in anchors else nearest + 1, str(node)) for node in new}

    def _relax(self, edge: MergedEdge) -> None:
        # An edge found late may lead to a node by a shorter way than the one that found it.
        subject, object_, relation, directed, record = edge.key
        plain = Edge(
            subject, object_, relation, directed, record, edge.created_at, edge.deleted_at, edge.deleted
        )
        nearer: list[NodeId] = []
        for start in {subject, object_}:
            if self._rule.judge(plain, at=start) is Verdict.FOLLOW:
                self._arcs[start].append(plain.other_end(start))
                nearer += self._shorten(start, plain.other_end(start))
        while nearer:
            start = nearer.pop(0)
            for end in self._arcs[start]:
                nearer += self._shorten(start, end)

    def _shorten(self, start: NodeId, end: NodeId) -> Sequence[NodeId]:
        """Take the way through `start` if it is shorter, and say whose neighbors that concerns."""
        if self.hop[start] + 1 >= self.hop[end]:
            return ()
        self.hop[end] = self.hop[start] + 1
        return (end,)


def _anchors(address: Address, edge: Edge) -> Iterable[NodeId]:
    if isinstance(address, NodeId):
        return (address,)
    return {end for end in (edge.subject, edge.object) if address.covers(end)}


def _degree(seen: int, words: Sequence[Told], *, alone: bool) -> Degree:
    listings = [word.finding.listing for word in words]
    exact = all(word.finding.outcome.whole for word in words)
    # What a source says it has counts only where it says so of this node and nothing was filtered.
    told = max((listing.total or 0 for listing in listings if len(listing.edges) == seen), default=0)
    return Degree(max(seen, told) if alone else seen, exact=exact)
