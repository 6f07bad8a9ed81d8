"""The breadth-first machine of one answer: hands out frontiers, absorbs what was told, does no I/O.

The filtered graph has an arc from u to v wherever the rule follows an edge from u to v, whichever
of the two told of the edge. `hop` is the distance in it from the nearest seed (from any member, of
a selection). A node nearer than `hops` is expanded once; what its sources tell may bring new nodes,
and may bring nodes already held nearer, which makes nodes behind them due. When a cap on nodes or
edges has cut, nothing more is expanded.

What a budget keeps out waits. `turn` begins the next page of the same answer, with the budget whole
again: first comes what waits, then whatever the budget left unasked, and last what failed. The
pages together hold what one page of an unlimited budget would, and none of it twice.
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

# Farther than any hop, until an edge says how near.
_FAR = 1 << 30


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
# By whom and under which address something was asked, how that ended.
_Outcomes = dict[tuple[str, Address], Outcome]
_Neighbors = dict[NodeId, list[MergedEdge]]


@dataclass(slots=True)
class _Expanded:
    """A node whose sources were asked: how that ended, and its relations as far as they are known.

    `total` is how many there are by the word of a source.
    """

    outcomes: _Outcomes = field(default_factory=dict)
    total: int = 0
    seen: set[EdgeKey] = field(default_factory=set)


class Expansion:
    """State of one answer between two rounds of questions."""

    def __init__(self, *seeds: Address, hops: int, rule: Rule, budget: Budget) -> None:
        """Start from nodes, or from selections whose members are not known yet."""
        self.seeds = seeds
        self.hops = hops
        self.hop: dict[NodeId, int] = {}
        self.edges: dict[EdgeKey, MergedEdge] = {}
        self.truncated: set[str] = set()
        self.undecided: dict[str, set[EdgeKey]] = defaultdict(set)
        self._rule = rule
        self._budget = budget
        self._expanded: dict[NodeId, _Expanded] = {}
        self._heard: dict[NodeId, list[_Heard]] = defaultdict(list)
        self._unsure: set[NodeId] = set()
        self._arcs: dict[NodeId, list[tuple[NodeId, EdgeKey]]] = defaultdict(list)
        # Selections are asked before any node; what else is to be asked again comes after a turn.
        self._selected: dict[Selection, _Outcomes] = {}
        self._unasked: set[Address] = {seed for seed in seeds if isinstance(seed, Selection)}
        self._failed: set[Address] = set()
        # What no budget has let in yet: nodes that need no edge, edges, and neighbors by node and source.
        self._standing: set[NodeId] = {seed for seed in seeds if isinstance(seed, NodeId)}
        self._waiting: dict[EdgeKey, MergedEdge] = {}
        self._spare: dict[NodeId, dict[str, _Neighbors]] = {}
        self._let_through: dict[tuple[NodeId, str], set[NodeId]] = defaultdict(set)
        self._short: set[NodeId] = set()
        self._nodes_before = self._edges_before = 0
        self._admit({})

    def frontier(self) -> tuple[Address, ...]:
        """Give the addresses to ask about next, ascending; () when this page is at its end."""
        if not self.truncated.isdisjoint({"max_nodes", "max_edges"}):
            return ()
        if selections := [each for each in self._unasked if isinstance(each, Selection)]:
            return tuple(sorted(selections, key=str))
        due = [
            node
            for node, hop in self.hop.items()
            if hop < self.hops and (node not in self._expanded or node in self._unasked)
        ]
        nearest = min((self.hop[node] for node in due), default=0)
        due = [node for node in due if self.hop[node] == nearest]
        # Last, so that a source which stays dead takes no call away from what is still to be found.
        return tuple(sorted(due or self._failed, key=str))

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in what the sources told of the frontier, all of it at once."""
        self._unasked.difference_update(told)
        self._failed.difference_update(told)
        for address, words in told.items():
            self._hear(address, words)
        pool: dict[EdgeKey, MergedEdge] = {}
        for node in self._heard.keys() & self._expanded.keys():
            self._follow(node, self._heard.pop(node), pool)
        self._admit(pool)

    def turn(self) -> None:
        """Begin the next page: the budget is whole again, and what it left undone is due."""
        self.truncated.clear()
        self._nodes_before, self._edges_before = len(self.hop), len(self.edges)
        for address, outcomes in self._asked():
            if any(outcome.cut for outcome in outcomes.values()):
                self._unasked.add(address)
            elif any(outcome.passing for outcome in outcomes.values()):
                self._failed.add(address)
        pool: dict[EdgeKey, MergedEdge] = {}
        spare, self._spare = self._spare, {}
        for node, by_source in spare.items():
            for source, found in by_source.items():
                self._let_in(node, source, found, pool)
        self._admit(pool)

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded: `complete`, `boundary`, `cut` or `failed`."""
        expanded = self._expanded.get(node)
        if self.hop[node] >= self.hops:
            return "boundary"
        if expanded is None:
            return "cut"
        outcomes = set(expanded.outcomes.values())
        if any(not outcome.whole and not outcome.cut for outcome in outcomes):
            return "failed"
        cut = node in self._short or node in self._spare or any(outcome.cut for outcome in outcomes)
        return "cut" if cut else "complete"

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have; None when nobody was asked about it."""
        expanded = self._expanded.get(node)
        if node not in self.hop or expanded is None or not expanded.outcomes:
            return None
        # Its sources may not list what those of a neighbor do.
        known = expanded.seen.union(key for _, key in self._arcs.get(node, ()))
        exact = node not in self._unsure and all(outcome.whole for outcome in expanded.outcomes.values())
        return Degree(max(len(known), expanded.total), exact=exact)

    def _asked(self) -> Iterable[tuple[Address, _Outcomes]]:
        yield from self._selected.items()
        for node, expanded in self._expanded.items():
            # A member's relations are its selection's to ask for.
            if not any(isinstance(address, Selection) for _, address in expanded.outcomes):
                yield node, expanded.outcomes

    def _hear(self, address: Address, words: Sequence[Told]) -> None:
        """Note which nodes this expands, and by node the relations that may be followed from it."""
        if isinstance(address, NodeId):
            expanded = self._expanded.setdefault(address, _Expanded())
            outcomes = expanded.outcomes
            expanded.total = max(expanded.total, self._total(words))
        else:
            outcomes = self._selected.setdefault(address, {})
        outcomes |= {(word.source, word.finding.listing.address): word.finding.outcome for word in words}
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
                    self._standing |= asked - self.hop.keys()

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
        neighbors: dict[str, _Neighbors] = defaultdict(lambda: defaultdict(list))
        for verdict, word, edge in heard:
            if verdict is Verdict.UNDECIDED:
                self._doubt(node, word, edge)
                continue
            asserted = assert_edge(edge, source=word.source, fetched_at=word.finding.listing.fetched_at)
            self._expanded[node].seen.add(asserted.key)
            neighbors[word.source][edge.other_end(node)].append(asserted)
        if self.hops == 0:
            return
        for source, found in neighbors.items():
            self._let_in(node, source, found, pool)

    def _let_in(self, node: NodeId, source: str, found: _Neighbors, pool: dict[EdgeKey, MergedEdge]) -> None:
        """Put the neighbors of one node at one source into the pool; beyond its fan-out they wait."""
        before = self._let_through[node, source]
        new: Collection[NodeId] = found.keys() - before
        if len(new) > self._budget.fan_out:
            self.truncated.add("fan_out")
            ordered = sorted(new, key=str)
            new = ordered[: self._budget.fan_out]
            spare = self._spare.setdefault(node, {}).setdefault(source, {})
            for neighbor in ordered[self._budget.fan_out :]:
                spare.setdefault(neighbor, []).extend(found[neighbor])
        before.update(new)
        for neighbor in before & found.keys():
            for asserted in found[neighbor]:
                _put(pool, asserted)

    def _admit(self, pool: dict[EdgeKey, MergedEdge]) -> None:
        """Take in of the pool, and of what waits, as much as fits; the rest waits."""
        for key in pool.keys() & self.edges.keys():
            self.edges[key] = merge_edges(self.edges[key], pool.pop(key))
        waiting, self._waiting = self._waiting, {}
        for edge in waiting.values():
            _put(pool, edge)
        admission = admit(
            pool,
            self._places(pool),
            standing=frozenset(self._standing),
            node_room=self._budget.max_nodes - (len(self.hop) - self._nodes_before),
            edge_room=self._budget.max_edges - (len(self.edges) - self._edges_before),
        )
        self.truncated |= admission.truncated
        for node in admission.nodes:
            self.hop[node] = 0 if node in self._standing else _FAR
        self._standing.difference_update(admission.nodes)
        for edge in admission.edges:
            self.edges[edge.key] = edge
            self._relax(edge)
        self._waiting = {key: pool[key] for key in admission.refused}
        ends = ((key, end) for key in admission.refused for end in key[:2])
        self._short = {end for key, end in ends if end in self._expanded and key in self._expanded[end].seen}

    def _places(self, pool: Iterable[EdgeKey]) -> dict[NodeId, Place]:
        """Give every new node its distance and address text: the order in which they come in."""
        near: dict[NodeId, int] = dict.fromkeys(self._standing, 0)
        found: dict[NodeId, int] = {}
        for key in pool:
            for end, start in ((key[0], key[1]), (key[1], key[0])):
                if end not in self.hop and end not in near:
                    found[end] = min(found.get(end, _FAR), self.hop.get(start, 0) + 1)
        return {node: (hop, str(node)) for node, hop in (near | found).items()}

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


def _put(pool: dict[EdgeKey, MergedEdge], edge: MergedEdge) -> None:
    held = pool.get(edge.key)
    pool[edge.key] = edge if held is None else merge_edges(held, edge)
