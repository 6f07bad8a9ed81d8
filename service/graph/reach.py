"""How far one side of a search for paths has come, over the arcs that are known.

Forward from the seed a step goes along an arc, backward from the target against it; either way it
goes from a node nearer to the origin to one farther off. No path leads through its own far end, so
that one is reached and never passed. Everything is kept as it changes: a round costs what it brings,
not what is known.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from itertools import count
from math import inf

from connectors.model import NodeId
from service.graph.asked import Asked
from service.graph.level import Level
from service.graph.merge import EdgeKey


class Reach:
    """One side: its known steps, the exact distances over them, and what is missing of them.

    `cut` are nodes with more neighbors than the fan-out, `doubts` by node the relations that
    could be a step and cannot be judged, each with the source that told it. `flawed` are the nodes
    it has come to and that were asked about, of which a step may be missing all the same. `blind` is
    the distance of the nearest node whose own listing need not hold every step from it; infinite
    where there is none.
    """

    def __init__(
        self,
        origin: NodeId,
        *,
        far_end: NodeId,
        asked: Mapping[NodeId, Asked],
        cost: Callable[[NodeId], int],
        tells_all: Callable[[NodeId], bool],
    ) -> None:
        """Start at the origin, with no step known; `review` has to be told what changes in `asked`.

        `tells_all` says whether the listing of a node holds every step from it.
        """
        self.steps: dict[NodeId, set[NodeId]] = defaultdict(set)
        self.distance: dict[NodeId, int] = {}
        self.cut: set[NodeId] = set()
        self.doubts: dict[NodeId, set[tuple[str, EdgeKey]]] = defaultdict(set)
        self.flawed: set[NodeId] = set()
        self.blind = inf
        self._far_end = far_end
        self._tells_all = tells_all
        self._asked = asked
        # By distance: the unasked nodes, and how many nodes there are. No unasked node is nearer than
        # `_nearest`, and none at all farther than `_farthest`.
        self._levels: dict[int, Level] = defaultdict(lambda: Level(cost))
        self._held: dict[int, int] = defaultdict(int)
        self._nearest = self._farthest = 0
        # Whose distance is new and not carried on to what lies behind, nearest first.
        self._fresh: list[tuple[int, int, NodeId]] = []
        self._number = count()
        self._place(origin, 0)

    def learn(self, start: NodeId, end: NodeId) -> None:
        """Take in a step; distances hold again after `spread`."""
        self.steps[start].add(end)
        self._shorten(start, end)

    def spread(self) -> None:
        """Carry on what was learned: a step found late brings near what lies behind, nearest first."""
        while self._fresh:
            distance, _, node = heappop(self._fresh)
            if distance == self.distance[node]:
                for end in self.steps.get(node, ()):
                    self._shorten(node, end)

    def doubt(self, node: NodeId, source: str, key: EdgeKey) -> None:
        """Note that a relation could be a step from the node, and that nobody can tell."""
        self.doubts[node].add((source, key))
        self.review(node)

    def review(self, node: NodeId) -> None:
        """Take note of what has changed about a node: whether it was asked about, and told wholly."""
        if not self.passes(node):
            return
        distance = self.distance[node]
        asked = self._asked.get(node)
        if asked is None:
            self._levels[distance].add(node)
            self._nearest = min(self._nearest, distance)
        else:
            self._levels[distance].discard(node)
        if asked is not None and (not asked.whole or node in self.cut or node in self.doubts):
            self.flawed.add(node)
        else:
            self.flawed.discard(node)

    def passes(self, node: NodeId) -> bool:
        """Tell whether it has come to a node that paths lead through from here."""
        return node in self.distance and node != self._far_end

    @property
    def due(self) -> Level:
        """Give the nearest nodes that nobody was asked about; none: it is exhausted."""
        while self._nearest <= self._farthest and not self._levels[self._nearest]:
            self._nearest += 1
        return self._levels[self._nearest]

    @property
    def radius(self) -> int:
        """Give the distance within which every node has been asked about."""
        if self.due:
            return self._nearest
        while self._farthest and not self._held[self._farthest]:
            self._farthest -= 1
        return self._farthest + 1

    @property
    def horizon(self) -> float:
        """Give the distance within which every step is known, also such as only the other end lists."""
        return min(self.radius, self.blind)

    @property
    def whole(self) -> bool:
        """Tell whether every node it has come to was asked about and told wholly what it lists."""
        return not self.due and not self.flawed

    def _shorten(self, start: NodeId, end: NodeId) -> None:
        if not self.passes(start):
            return
        distance = self.distance[start] + 1
        if self.distance.get(end, distance + 1) > distance:
            self._place(end, distance)
            heappush(self._fresh, (distance, next(self._number), end))

    def _place(self, node: NodeId, distance: int) -> None:
        before = self.distance.get(node)
        self.distance[node] = distance
        if before is not None:
            self._held[before] -= 1
            self._levels[before].discard(node)
        self._held[distance] += 1
        self._farthest = max(self._farthest, distance)
        if distance < self.blind and self.passes(node) and not self._tells_all(node):
            self.blind = distance
        self.review(node)
