"""The right paths between two nodes, by brute force over what is true."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, pairwise

from harness.oracle.expected import Key
from harness.oracle.question import Question, Verdict
from harness.oracle.universe import Thing, World

Path = tuple[str, ...]


class Terrain:
    """Every arc that a question follows, over all that some worlds can tell.

    `onward` has the ends of the arcs from a node, ascending; `parallel` the edges that make an arc;
    `speakers` the sources of an edge; `doubted` the arcs that nobody can judge.
    """

    def __init__(self, worlds: Sequence[World], question: Question) -> None:
        """Judge every relation from both its ends."""
        self.onward: dict[str, list[str]] = {}
        self.parallel: dict[tuple[str, str], set[Key]] = defaultdict(set)
        self.speakers: dict[Key, set[str]] = defaultdict(set)
        self.doubted: set[tuple[str, str]] = set()
        for world in worlds:
            for at, relations in world.relations.items():
                for relation in relations:
                    self.speakers[relation.key].add(world.name)
                    match question.judge(relation, at=at, things=world.things):
                        case Verdict.FOLLOW:
                            self.parallel[at, relation.other_end(at)].add(relation.key)
                        case Verdict.UNDECIDED:
                            self.doubted.add((at, relation.other_end(at)))
        back: dict[str, list[str]] = defaultdict(list)
        for start, end in sorted(self.parallel):
            self.onward.setdefault(start, []).append(end)
            back[end].append(start)
        self._back: Mapping[str, list[str]] = back

    def distance(self, seed: str, target: str) -> int | None:
        """Give the arcs of a shortest path; None when there is none."""
        return self._remaining(target).get(seed)

    def paths(self, seed: str, target: str, *, most: int, longest: int) -> list[Path]:
        """Give the first simple paths of at most `longest` arcs, by length and then by their addresses."""
        shortest = self.distance(seed, target)
        if shortest is None:
            return []
        lengths = range(shortest, longest + 1)
        found = (path for length in lengths for path in self._walk((seed,), target, length))
        return list(islice(found, most))

    def edges(self, paths: Sequence[Sequence[str]]) -> set[Key]:
        """Give all parallel edges of all steps."""
        return {key for path in paths for step in pairwise(path) for key in self.parallel[step]}

    def certain(self, seed: str, target: str) -> bool:
        """Tell whether what the sources say, from one end at least, leaves no doubt that there is no path."""
        ahead, behind = _reach(self.onward, seed), _reach(self._back, target)
        in_doubt = (
            any(start in ahead for start, _ in self.doubted),
            any(end in behind for _, end in self.doubted),
        )
        return target not in ahead and not all(in_doubt)

    def _walk(self, path: Path, target: str, left: int) -> Iterator[Path]:
        """Go on from `path` by exactly `left` arcs, never where the target is too far."""
        if path[-1] == target:
            if left == 0:
                yield path
            return
        remaining = self._remaining(target)
        for end in self.onward.get(path[-1], ()):
            if end not in path and remaining.get(end, left) < left:
                yield from self._walk((*path, end), target, left - 1)

    def _remaining(self, target: str) -> Mapping[str, int]:
        return _distances(self, target)

    def distances_to(self, target: str) -> dict[str, int]:
        """Give how many arcs each node that leads to the target is away from it."""
        return _reach(self._back, target)


@lru_cache(maxsize=256)
def _distances(terrain: Terrain, target: str) -> Mapping[str, int]:
    return terrain.distances_to(target)


@lru_cache(maxsize=32)
def survey(worlds: tuple[World, ...], question: Question) -> Terrain:
    """Give the terrain of a question; that of one asked before is kept."""
    asked = tuple(w for w in worlds if question.sources is None or w.name in question.sources)
    return Terrain(asked, question)


def things_of(worlds: Sequence[World]) -> dict[str, Thing]:
    """Give every thing by its address."""
    return {name: thing for world in worlds for name, thing in world.things.items()}


def _reach(steps: Mapping[str, Sequence[str]], origin: str) -> dict[str, int]:
    found = {origin: 0}
    walk = deque([origin])
    while walk:
        node = walk.popleft()
        for end in steps.get(node, ()):
            if end not in found:
                found[end] = found[node] + 1
                walk.append(end)
    return found
