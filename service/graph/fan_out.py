"""How many neighbors of one node at one source a page follows; the others wait for the next one.

The smallest addresses come first. What was followed stays followed, and what was kept out waits for its
page, whoever tells of it once more: a neighbor's listing may, or may not where its source has filtered it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

from service.graph.claim import EdgeName, Named, Pool, other_end, put_claims

_Neighbors = dict[str, list[Named]]


class FanOut:
    """The neighbors followed so far and those that wait, by node and source; all by their texts."""

    def __init__(self, limit: int) -> None:
        """Follow `limit` neighbors of a node and source on each page."""
        self._limit = limit
        self._followed: dict[tuple[str, str], set[str]] = {}
        # How many of those the earlier pages have followed.
        self._before: dict[tuple[str, str], int] = {}
        self._spare: dict[str, dict[str, _Neighbors]] = {}

    def __contains__(self, node: str) -> bool:
        """Tell whether neighbors of the node wait."""
        return node in self._spare

    def follow(self, node: str, source: str, found: Sequence[Named], *, pool: Pool) -> bool:
        """Put what was told of the neighbors into the pool; False when some have to wait."""
        followed = self._followed.get((node, source))
        if followed is None and len(found) <= self._limit:
            # Most nodes are told of once, and all of their neighbors are followed.
            self._followed[node, source] = {name[1] if name[0] == node else name[0] for name, _ in found}
            put_claims(pool, found)
            return True
        followed = self._followed.setdefault((node, source), set())
        neighbors: _Neighbors = defaultdict(list)
        for name, claim in found:
            neighbors[other_end(name, node)].append((name, claim))
        waiting = self._spare.get(node, {}).get(source, {})
        room = max(0, self._limit - len(followed) + self._before.get((node, source), 0))
        followed.update(sorted(neighbors.keys() - followed - waiting.keys())[:room])
        left = {neighbor: waiting.get(neighbor, []) for neighbor in neighbors.keys() - followed}
        for neighbor, named in neighbors.items():
            if neighbor in followed:
                put_claims(pool, named)
            else:
                left[neighbor].extend(named)
        if left:
            self._spare.setdefault(node, {})[source] = dict(sorted((waiting | left).items()))
        return not left

    def turn(self, *, known: Collection[EdgeName], pool: Pool) -> bool:
        """Follow the next of those that wait, in order; False when some still have to.

        Whose edges are all known by now takes no room: only its word is added to them.
        """
        self._before = {place: len(followed) for place, followed in self._followed.items()}
        spare, self._spare = self._spare, {}
        for node, by_source in spare.items():
            for source, found in by_source.items():
                rest = self._next(found, self._followed[node, source], known, pool)
                if rest:
                    self._spare.setdefault(node, {})[source] = rest
        return not self._spare

    def _next(
        self, found: _Neighbors, followed: set[str], known: Collection[EdgeName], pool: Pool
    ) -> _Neighbors:
        room = self._limit
        ordered = iter(found.items())
        for neighbor, named in ordered:
            new = not all(name in known for name, _ in named)
            if new and room == 0:
                return {neighbor: named, **dict(ordered)}
            room -= new
            followed.add(neighbor)
            put_claims(pool, named)
        return {}
