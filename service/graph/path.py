"""The machine of one answer about paths: searches from both ends, hands out frontiers, does no I/O.

The filtered graph is that of an expansion: an arc leads from u to v wherever the rule follows an
edge from u to v, whichever of the two told of it. Forward from the seed the search goes along arcs,
backward from the target against them. When all nodes nearer than a to the seed and nearer than b to
the target have been asked about, every path of at most a + b edges is known: so each round asks the
side whose nearest unasked nodes cost less, until enough paths of at most a + b edges are known or
none longer can be.

Where a relation may be listed at one of its ends only, what is told from the target is as true, but
that nothing more is told proves nothing. The graph is then what an expansion from the seed shows: a
alone counts, and a path that both sides found is kept while the seed's goes on to where no shorter
one can be. a + b counts as far as all nodes on both sides are known to list all their relations, or
are presumed to: as long as of every relation both ends of which were asked about both have told.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from itertools import islice
from math import inf

from connectors.model import Address, NodeId
from service.graph.arcs import Arcs
from service.graph.asked import Degree, Told
from service.graph.budget import Budget
from service.graph.fitting import fit_paths
from service.graph.level import Level
from service.graph.merge import EdgeKey, MergedEdge
from service.graph.record import EdgeRecord
from service.graph.route import Path, Routes
from service.graph.rule import Rule
from service.graph.scribe import Scribe

# Nodes asked at once of a level where one path is wanted, which a part of the level may show: a few
# rounds of what sources answer concurrently, or two batches of those that take twenty in a call.
CHUNK = 40


class PathVerdict(StrEnum):
    """What became of a search; NONE only where the sources wholly told that there is no path."""

    FOUND = "found"
    NONE_WITHIN_BUDGET = "none_within_budget"
    NONE = "none"


class PathSearch:
    """State of one search between two rounds of questions; what it found is there at its end.

    `paths` come shortest first, those of one length by the texts of their addresses. `edges` are all
    parallel edges of their steps, `hop` the distance from the seed within those.
    """

    def __init__(
        self,
        seed: NodeId,
        target: NodeId,
        *,
        paths: int,
        longest: int | None,
        rule: Rule,
        budget: Budget,
        cost: Callable[[NodeId], int],
        tells_all: Callable[[NodeId], bool],
        presumes: bool = False,
    ) -> None:
        """Look for so many paths of at most `longest` edges.

        `cost` estimates the upstream calls that asking about a node takes, by data alone: the same
        question must cost the same whatever the timing or the cache. `tells_all` says, by data alone too,
        whether a node's own listing holds every relation that it is an end of; where it does not say so, the
        search `presumes` it, or not, for as long as all it has seen agrees.
        """
        self.seed = seed
        self.target = target
        self.paths: list[list[NodeId]] = []
        self.verdict = PathVerdict.NONE_WITHIN_BUDGET
        self.hop: dict[NodeId, int] = {seed: 0}
        self.edges: dict[EdgeKey, MergedEdge] = {}
        self.truncated: set[str] = set()
        self.undecided: dict[str, set[EdgeKey]] = defaultdict(set)
        self._wanted = paths
        self._longest = longest
        self._budget = budget
        self._arcs = Arcs(
            seed,
            target,
            rule=rule,
            fan_out=budget.fan_out,
            cost=cache(cost),
            tells_all=cache(tells_all),
            presumes=presumes,
        )
        self._forward, self._backward = self._sides = self._arcs.sides
        self._routes: list[Path] = []
        self._frontier: tuple[NodeId, ...] = ()
        self._cut_short: set[NodeId] = set()
        self._advance()

    def write_edges(self, scribe: Scribe) -> list[EdgeRecord]:
        """Write every edge, in any order."""
        return [scribe.write_edge(edge) for edge in self.edges.values()]

    def ends(self) -> Iterable[tuple[str, str]]:
        """Give the texts of subject and object of every edge."""
        return ((subject.text, object_.text) for subject, object_, *_ in self.edges)

    @property
    def size(self) -> tuple[int, int]:
        """Give how many nodes and edges there are."""
        return len(self.hop), len(self.edges)

    def frontier(self) -> tuple[NodeId, ...]:
        """Give the nodes to ask about next, ascending; () when the search is at its end."""
        return self._frontier

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in what the sources told of the frontier, all of it at once."""
        cut_before = bool(self._arcs.spent)
        self._arcs.absorb(told)
        if not cut_before:
            self._cut_short = set(self._arcs.spent)
        self._advance()

    def turn(self) -> None:
        """Begin the next page: first with the rest of the round over which calls or time ran out.

        So what is known when the search looks whether it has ended is the same however often it was cut,
        but for what the cache has told meanwhile.
        """
        self.truncated = set()
        self._arcs.forget_spent()
        self._frontier, self._cut_short = tuple(sorted(self._cut_short, key=str)), set()
        if not self._frontier:
            self._advance()

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded: `complete`, `boundary` (not at all), `cut` or `failed`."""
        asked = self._arcs.asked.get(node)
        if asked is None:
            return "boundary"
        return asked.word(cut=self._is_cut(node))

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have; None when nobody was asked about it."""
        asked = self._arcs.asked.get(node)
        if asked is None:
            return None
        return asked.degree(len(self._arcs.relations[node]), sure=node not in self._forward.doubts)

    def _is_cut(self, node: NodeId) -> bool:
        # Neighbors left out count only on a side that would have gone on to them.
        return any(node in side.cut and side.passes(node) for side in self._sides)

    def _advance(self) -> None:
        """Choose what to ask next; where nothing is left to ask for, conclude."""
        needed = self._needed()
        if not self._ended(needed):
            self._frontier = tuple(sorted(self._chunk(self._next_level(needed)), key=str))
            return
        self._frontier = self._unasked_ends(needed)
        if not self._frontier:
            self._conclude()

    def _next_level(self, needed: float) -> Level:
        """Choose whom to ask: the side that costs less; for a mere proof, the seed's."""
        if self._forward.due and self._hoped >= needed:
            return self._forward.due
        # Where all is equal, forward is first.
        return min(filter(len, (side.due for side in self._sides)), key=_price)

    def _chunk(self, due: Level) -> Collection[NodeId]:
        # When calls or time have run out only the cache answers, and that at once.
        return due.nodes if self._wanted > 1 or self._arcs.spent else due.first(CHUNK)

    def _ended(self, needed: float) -> bool:
        """Tell whether no question is left that could change the paths."""
        if self.seed == self.target or not any(side.due for side in self._sides) or self._exhausted:
            return True
        both = self._hoped if self._arcs.is_mutual else sum(side.horizon for side in self._sides)
        return max(self._forward.radius, both) >= needed

    @property
    def _hoped(self) -> int:
        """Give up to how many edges every path is known if all relations are listed at both ends."""
        return sum(side.radius for side in self._sides)

    def _needed(self) -> float:
        """Give up to how many edges every path must be known; the first ones are at hand then.

        Infinite as long as too few are known and none can be too long.
        """
        self._routes = []
        most = inf if self._longest is None else self._longest
        shortest = self._forward.distance.get(self.target)
        if shortest is None or self.seed == self.target:
            return most
        if self._wanted == 1:
            # What is not known is longer than the bound: in the midst of a level one more will do.
            return min(most, shortest - 1)
        longest = self._hoped if self._longest is None else min(self._longest, self._hoped)
        if shortest > longest:
            return most
        routes = self._first_routes(longest=longest)
        if len(routes) < self._wanted:
            return most
        self._routes = routes
        return len(routes[-1]) - 1

    @property
    def _exhausted(self) -> bool:
        """Tell whether a side has wholly come to all it can come to, so that no path is unknown."""
        told = self._backward.blind == inf or self._arcs.is_mutual
        return self._forward.whole or (self._backward.whole and told)

    def _is_known(self) -> bool:
        """Tell whether there is a path, be it one that does not fit."""
        return self.seed == self.target or self.target in self._forward.distance

    def _unasked_ends(self, needed: float) -> tuple[NodeId, ...]:
        """Give the ends whose own word is missing.

        A relation may be listed at one of its ends only. So each end is asked before it is said that there
        is no path, also where nobody may be there to list it, and a target that may list what nobody else
        does wherever there could be a shorter one.
        """
        ends: tuple[NodeId, ...] = ()
        if self._exhausted and not self._is_known():
            ends = (self.seed, self.target)
        elif self.seed != self.target and needed > 0 and self._may_be_alone():
            ends = (self.target,)
        return tuple(end for end in ends if end not in self._arcs.asked)

    def _may_be_alone(self) -> bool:
        """Tell whether the target may list a relation that is known of no other end.

        It may if someone on the way to it need not list all; or nobody knows what it itself lists.
        """
        return not self._arcs.is_mutual and (self._backward.blind == 0 or self._forward.blind < inf)

    def _first_routes(self, *, longest: int | None) -> list[Path]:
        if self.seed == self.target:
            return [(self.seed,)]
        routes = Routes(
            self.seed,
            self.target,
            steps=self._forward.steps,
            remaining=self._backward.distance,
            longest=longest,
        )
        return list(islice(routes, self._wanted))

    def _conclude(self) -> None:
        """Keep what fits of the paths known, and tell what is missing."""
        routes = self._routes or self._first_routes(longest=self._longest)
        fit = fit_paths(
            routes,
            parallel=self._arcs.parallel,
            max_nodes=self._budget.max_nodes,
            max_edges=self._budget.max_edges,
        )
        self.paths = [list(path) for path in fit.paths]
        self.edges = {key: self._arcs.edges[key] for key in fit.edges}
        self._measure()
        self.truncated = set(fit.truncated)
        if not routes and self._is_bounded():
            self.truncated.add("hops")
        self._tell_flaws()
        self.verdict = self._judged()

    def _is_bounded(self) -> bool:
        """Tell whether, without a path, it was `longest` that ended the search."""
        return self._is_known() or (not self._exhausted and any(side.due for side in self._sides))

    def _tell_flaws(self) -> None:
        self.undecided.clear()
        for side in self._sides:
            if not side.cut.isdisjoint(side.flawed):
                self.truncated.add("fan_out")
            for node in side.flawed & side.doubts.keys():
                for source, key in side.doubts[node]:
                    self.undecided[source].add(key)

    def _judged(self) -> PathVerdict:
        if self.paths:
            return PathVerdict.FOUND
        # Nothing is missing of what was asked, and both ends were asked by somebody.
        ends = (self._arcs.asked.get(end) for end in (self.seed, self.target))
        certain = (
            self._exhausted
            and not self._is_known()
            and not (self.truncated or self.undecided or self._arcs.troubled)
            and all(end is not None and end.outcomes for end in ends)
        )
        return PathVerdict.NONE if certain else PathVerdict.NONE_WITHIN_BUDGET

    def _measure(self) -> None:
        """Walk from the seed on the edges of the answer."""
        steps: dict[NodeId, set[NodeId]] = defaultdict(set)
        for edge in self.edges.values():
            for start, end in self._arcs.along(edge):
                steps[start].add(end)
        self.hop = {self.seed: 0}
        walk = deque([self.seed])
        while walk:
            node = walk.popleft()
            for end in steps[node]:
                if end not in self.hop:
                    self.hop[end] = self.hop[node] + 1
                    walk.append(end)


def _price(level: Level) -> tuple[int, int]:
    return level.price, len(level)
