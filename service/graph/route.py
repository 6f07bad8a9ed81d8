"""Simple paths over known arcs, shortest first, those of one length by the texts of their addresses.

All simple paths are one space; the best of a space is found, and what is left of the space falls
apart into the spaces of those that leave the best one at its first, second, … node. A space waits
under a lower bound of what is in it and is searched only when its turn comes, so k paths cost at
most k times their length searches, of which nearly all go straight to the target. Where a node leads
is put in order once for all spaces, and only as far as somebody looks.
"""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from connectors.model import NodeId

Path = tuple[NodeId, ...]
# How far it is from there to the target at least, its text, the node.
_End = tuple[int, str, NodeId]
# The texts of a path, block by block: all but the last block are full, so they compare as the plain
# texts would, and the blocks of what two paths have in common are the same objects.
_Texts = tuple[tuple[str, ...], ...]
_BLOCK = 64
_NOBODY: frozenset[NodeId] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A beginning of paths: its last node and all that comes before it."""

    node: NodeId
    before: "_Way | None"
    texts: _Texts
    nodes: int

    def nearest_last(self) -> Iterator[NodeId]:
        """Give its nodes, from the last to the first."""
        way: _Way | None = self
        while way is not None:
            yield way.node
            way = way.before


@dataclass(frozen=True, slots=True)
class _Passed:
    """The nodes of a path up to so many; `places` are those of all its nodes."""

    places: Mapping[NodeId, int]
    nodes: int

    def __contains__(self, node: object) -> bool:
        return self.places.get(node, self.nodes) < self.nodes  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True, slots=True)
class _Space:
    """The simple paths that begin with `begun` and go on to none of `barred`."""

    begun: _Way
    barred: frozenset[NodeId] = _NOBODY


# At least how long a path is that begins so, its texts, itself, and from which place on its last
# node's siblings come.
_Waiting = tuple[int, _Texts, _Way, int]


class _Onward:
    """Where a node leads: the ends nearest to the target first, those as near by their texts."""

    __slots__ = ("_rest", "ends")

    def __init__(self, ends: list[_End]) -> None:
        """Take the ends in any order, and keep the list; `ends` are those in order so far."""
        heapify(ends)
        self._rest = ends
        self.ends: list[_End] = []

    def place(self, start: int, *, passed: Container[NodeId], barred: Container[NodeId]) -> int | None:
        """Give the place, `start` at least, of the first end to go on to; None when there is none."""
        place = start
        while place < len(self.ends) or self._rest:
            if place == len(self.ends):
                self.ends.append(heappop(self._rest))
            node = self.ends[place][2]
            if node not in passed and node not in barred:
                return place
            place += 1
        return None


class Routes:
    """The simple paths from one node to another.

    `steps` are the nodes that an arc leads to, by node; `remaining` is a lower bound of the arcs
    from a node to the target that no arc lowers by more than 1, and lacks the nodes that do not lead
    there. `longest` is the most arcs of a path.
    """

    def __init__(
        self,
        seed: NodeId,
        target: NodeId,
        *,
        steps: Mapping[NodeId, Collection[NodeId]],
        remaining: Mapping[NodeId, int],
        longest: int | None = None,
    ) -> None:
        """Look at the arcs as they are now; they must not change while paths are taken."""
        self._seed = seed
        self._target = target
        self._steps = steps
        self._remaining = remaining
        self._longest = longest
        self._onward: dict[NodeId, _Onward] = {}

    def __iter__(self) -> Iterator[Path]:
        """Give the paths one by one; what is not taken is not searched for."""
        # Paths, and spaces that are still to be searched, which come by what is not above their best.
        waiting: list[tuple[int, _Texts, int, _Way | None, _Space]] = []
        number = 0

        def wait(space: _Space, passed: Container[NodeId]) -> None:
            nonlocal number
            bound = self._next(space.begun, 0, passed=passed, barred=space.barred)
            if bound is not None:
                heappush(waiting, (*bound[:2], number := number + 1, None, space))

        wait(_Space(_Way(self._seed, None, ((str(self._seed),),), 1)), {self._seed})
        while waiting:
            _, _, _, way, space = heappop(waiting)
            if way is not None:
                path = tuple(way.nearest_last())[::-1]
                yield path
                places = {node: place for place, node in enumerate(path)}
                for rest in _without(way, space):
                    wait(rest, _Passed(places, rest.begun.nodes))
            elif (best := self._best(space)) is not None:
                heappush(waiting, (*best[:2], number := number + 1, best[2], space))

    def _best(self, space: _Space) -> _Waiting | None:
        """Give the first path of the space, with its length and texts.

        A* with the texts as tie-breaker: the beginning of the first path is the first of the paths
        to each of its nodes, so whoever comes to a node first has come by the right way. Of the ends
        that a node leads to one waits at a time, since the others come after it.
        """
        closed = set(space.begun.nearest_last())
        queue: list[_Waiting] = []

        def wait(way: _Way, start: int) -> None:
            barred = space.barred if way is space.begun else _NOBODY
            following = self._next(way, start, passed=closed, barred=barred)
            if following is not None:
                heappush(queue, following)

        wait(space.begun, 0)
        while queue:
            first = heappop(queue)
            _, _, way, others = first
            if way.node == self._target:
                return first
            assert way.before is not None  # noqa: S101 - the space's beginning does not wait
            wait(way.before, others)
            if way.node not in closed:
                closed.add(way.node)
                wait(way, 0)
        return None

    def _next(
        self, way: _Way, start: int, *, passed: Container[NodeId], barred: Container[NodeId]
    ) -> _Waiting | None:
        """Give the first way on by one arc, from place `start` of where it leads; None: there is none."""
        onward = self._lead(way.node)
        place = onward.place(start, passed=passed, barred=barred)
        if place is None:
            return None
        remaining, text, end = onward.ends[place]
        whole = way.nodes + remaining
        if self._longest is not None and whole > self._longest:
            return None
        texts = _joined(way.texts, text)
        return whole, texts, _Way(end, way, texts, way.nodes + 1), place + 1

    def _lead(self, node: NodeId) -> _Onward:
        onward = self._onward.get(node)
        if onward is None:
            ends = ((self._remaining.get(end), end) for end in self._steps.get(node, ()))
            known = [(remaining, str(end), end) for remaining, end in ends if remaining is not None]
            onward = self._onward[node] = _Onward(known)
        return onward


def _joined(texts: _Texts, text: str) -> _Texts:
    *full, last = texts
    return (*full, (*last, text)) if len(last) < _BLOCK else (*texts, (text,))


def _without(way: _Way, space: _Space) -> Iterator[_Space]:
    """Give the spaces that together hold every path of `space` but this one."""
    while way is not space.begun:
        assert way.before is not None  # noqa: S101 - it begins as the space does
        barred = space.barred if way.before is space.begun else _NOBODY
        yield _Space(way.before, barred | {way.node})
        way = way.before
