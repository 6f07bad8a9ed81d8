"""The breadth-first machine of one answer: hands out frontiers, absorbs what was told, does no I/O.

The filtered graph has an arc from u to v wherever the rule follows an edge from u to v, whichever
of the two told of the edge. `hop` is the distance in it from the seed (from any member, of a
selection). A node nearer than `hops` is expanded once; what its sources tell may bring new nodes,
and may bring nodes already held nearer, which makes nodes behind them due. When a cap on nodes or
edges has cut, nothing more is expanded.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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


# A relation as one end may be led along it, and whose word it is.
_Heard = tuple[Verdict, Told, Edge]


@dataclass(slots=True)
class _Expanded:
    """A node whose sources were asked: how that ended, and its relations as far as they are known.

    `total` is how many there are by the word of a source; `cut` says that one did not fit.
    """

    outcomes: frozenset[Outcome]
    total: int = 0
    seen: set[EdgeKey] = field(default_factory=set)
    cut: bool = False


class Expansion:
    """State of one answer between two rounds of questions."""

    def __init__(self, seed: Address, *, hops: int, rule: Rule, budget: Budget) -> None:
        """Start from a node, or from a selection whose members are not known yet."""
        self.seed = seed
        self.hops = hops
        self.hop: dict[NodeId, int] = {} if isinstance(seed, Selection) else {seed: 0}
        self.edges: dict[EdgeKey, MergedEdge] = {}
        self.truncated: set[str] = set()
        self.undecided: dict[str, set[EdgeKey]] = defaultdict(set)
        self._rule = rule
        self._budget = budget
        self._expanded: dict[NodeId, _Expanded] = {}
        self._heard: dict[NodeId, list[_Heard]] = defaultdict(list)
        self._unsure: set[NodeId] = set()
        self._arcs: dict[NodeId, list[tuple[NodeId, EdgeKey]]] = defaultdict(list)
        self._selected = isinstance(seed, NodeId)

    def frontier(self) -> tuple[Address, ...]:
        """Give the addresses to ask about next, ascending; () when the expansion is at its end."""
        if not self._selected:
            return (self.seed,)
        if not self.truncated.isdisjoint({"max_nodes", "max_edges"}):
            return ()
        due = [node for node, hop in self.hop.items() if hop < self.hops and node not in self._expanded]
        nearest = min((self.hop[node] for node in due), default=0)
        return tuple(sorted((node for node in due if self.hop[node] == nearest), key=str))

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in what the sources told of the frontier, all of it at once."""
        for address, words in told.items():
            self._hear(address, words)
        self._selected = True
        pool: dict[EdgeKey, MergedEdge] = {}
        for node in self._heard.keys() & self._expanded.keys():
            self._follow(node, self._heard.pop(node), pool)
        asked = (self.hop[address] for address in told if isinstance(address, NodeId))
        self._admit(pool, reach=min(asked, default=0) + 1)

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded: `complete`, `boundary`, `cut` or `failed`."""
        expanded = self._expanded.get(node)
        if self.hop[node] >= self.hops:
            return "boundary"
        if expanded is None:
            return "cut"
        if any(not outcome.whole and outcome not in _BUDGET_OUTCOMES for outcome in expanded.outcomes):
            return "failed"
        return "cut" if expanded.cut or not _BUDGET_OUTCOMES.isdisjoint(expanded.outcomes) else "complete"

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have; None when nobody was asked about it."""
        expanded = self._expanded.get(node)
        if expanded is None or not expanded.outcomes:
            return None
        # Its sources may not list what those of a neighbor do.
        known = expanded.seen.union(key for _, key in self._arcs.get(node, ()))
        exact = node not in self._unsure and all(outcome.whole for outcome in expanded.outcomes)
        return Degree(max(len(known), expanded.total), exact=exact)

    def _hear(self, address: Address, words: Sequence[Told]) -> None:
        """Note which nodes this expands, and by node the relations that may be followed from it."""
        outcomes = frozenset(word.finding.outcome for word in words)
        if isinstance(address, NodeId):
            self._expanded[address] = _Expanded(outcomes, self._total(words))
        for word in words:
            for edge in word.finding.listing.edges:
                ends = {edge.subject, edge.object}
                asked = {address} if isinstance(address, NodeId) else {e for e in ends if address.covers(e)}
                led = self._led(edge, asked)
                # What leads nowhere from the node asked may be a relation of its other end, which
                # need not list it itself.
                for end, verdict in led or self._led(edge, ends - asked):
                    if verdict is Verdict.UNDECIDED and end in asked:
                        self._doubt(end, word, edge)
                    else:
                        self._heard[end].append((verdict, word, edge))
                if isinstance(address, Selection) and any(verdict is Verdict.FOLLOW for _, verdict in led):
                    for member in asked:
                        self._expanded.setdefault(member, _Expanded(outcomes))

    def _led(self, edge: Edge, ends: Iterable[NodeId]) -> list[tuple[NodeId, Verdict]]:
        judged = [(end, self._rule.judge(edge, at=end)) for end in ends]
        return [(end, verdict) for end, verdict in judged if verdict is not Verdict.LEAVE]

    def _doubt(self, node: NodeId, word: Told, edge: Edge) -> None:
        self.undecided[word.source].add(edge_key(edge))
        self._unsure.add(node)

    def _total(self, words: Iterable[Told]) -> int:
        # What a source says it has counts only where the rule leaves nothing of it out.
        listings = (word.finding.listing for word in words)
        totals = (each.total or 0 for each in listings if Rule(filter=each.filter) == self._rule)
        return max(totals, default=0)

    def _follow(self, node: NodeId, heard: Iterable[_Heard], pool: dict[EdgeKey, MergedEdge]) -> None:
        """Put an expanded node's relations into the pool, as far as its fan-out goes."""
        neighbors: dict[str, dict[NodeId, list[MergedEdge]]] = defaultdict(lambda: defaultdict(list))
        for verdict, word, edge in heard:
            if verdict is Verdict.UNDECIDED:
                self._doubt(node, word, edge)
                continue
            asserted = assert_edge(edge, source=word.source, fetched_at=word.finding.listing.fetched_at)
            self._expanded[node].seen.add(asserted.key)
            neighbors[word.source][edge.other_end(node)].append(asserted)
        if self.hops == 0:
            return
        for found in neighbors.values():
            for neighbor in self._fan_out(node, found):
                for asserted in found[neighbor]:
                    held = pool.get(asserted.key)
                    pool[asserted.key] = asserted if held is None else merge_edges(held, asserted)

    def _fan_out(self, node: NodeId, found: Collection[NodeId]) -> Collection[NodeId]:
        if len(found) <= self._budget.fan_out:
            return found
        self.truncated.add("fan_out")
        self._expanded[node].cut = True
        return sorted(found, key=str)[: self._budget.fan_out]

    def _admit(self, pool: dict[EdgeKey, MergedEdge], *, reach: int) -> None:
        """Take in of the pool what fits; new nodes come in at hop `reach`, members at 0."""
        for key in pool.keys() & self.edges.keys():
            self.edges[key] = merge_edges(self.edges[key], pool.pop(key))
        members = frozenset(self._expanded.keys() - self.hop.keys())
        places: dict[NodeId, Place] = {
            end: (reach, str(end)) for key in pool for end in key[:2] if end not in self.hop
        }
        places |= {member: (0, str(member)) for member in members}
        admission = admit(
            pool,
            places,
            standing=members,
            node_room=self._budget.max_nodes - len(self.hop),
            edge_room=self._budget.max_edges - len(self.edges),
        )
        self.truncated |= admission.truncated
        for node in admission.nodes:
            self.hop[node] = places[node][0]
        for edge in admission.edges:
            self.edges[edge.key] = edge
            self._relax(edge)
        for node in members - self.hop.keys():
            del self._expanded[node]
        for key in admission.refused:
            for end in key[:2]:
                if end in self._expanded and key in self._expanded[end].seen:
                    self._expanded[end].cut = True

    def _relax(self, edge: MergedEdge) -> None:
        # An edge found late may lead to a node by a shorter way than the one that found it.
        subject, object_, relation, directed, record = edge.key
        plain = Edge(
            subject, object_, relation, directed, record, edge.created_at, edge.deleted_at, edge.deleted
        )
        nearer: deque[NodeId] = deque()
        for start, _ in self._led(plain, {subject, object_}):
            end = plain.other_end(start)
            self._arcs[start].append((end, edge.key))
            self._shorten(start, end, nearer)
        while nearer:
            start = nearer.popleft()
            for end, _ in self._arcs[start]:
                self._shorten(start, end, nearer)

    def _shorten(self, start: NodeId, end: NodeId, nearer: deque[NodeId]) -> None:
        if self.hop[start] + 1 < self.hop[end]:
            self.hop[end] = self.hop[start] + 1
            nearer.append(end)
