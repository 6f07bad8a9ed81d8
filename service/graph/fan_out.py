"""How many neighbors of one node at one source a page follows; the others wait for the next one.

The smallest addresses come first. A node whose relations are told again, because a part of them was
missing, has its neighbors followed that were followed before, and as many new ones.
"""

from collections import defaultdict
from collections.abc import Collection

from connectors.model import NodeId
from service.graph.merge import EdgeKey, MergedEdge, put_edge

Neighbors = dict[NodeId, list[MergedEdge]]
Pool = dict[EdgeKey, MergedEdge]


class FanOut:
    """The neighbors followed so far and those that wait, by node and source."""

    def __init__(self, limit: int) -> None:
        """Follow `limit` neighbors of a node and source on each page."""
        self._limit = limit
        self._followed: dict[tuple[NodeId, str], set[NodeId]] = defaultdict(set)
        self._spare: dict[NodeId, dict[str, Neighbors]] = {}

    def __contains__(self, node: NodeId) -> bool:
        """Tell whether neighbors of the node wait."""
        return node in self._spare

    def follow(self, node: NodeId, source: str, found: Neighbors, *, pool: Pool) -> bool:
        """Put the neighbors' edges into the pool; False when some have to wait."""
        followed = self._followed[node, source]
        if not followed and len(found) <= self._limit:
            # Most nodes are told of once, and all of their neighbors are followed.
            followed.update(found)
            for edges in found.values():
                for edge in edges:
                    put_edge(pool, edge)
            return True
        new: Collection[NodeId] = found.keys() - followed
        waiting: Collection[NodeId] = ()
        if len(new) > self._limit:
            ordered = sorted(new, key=str)
            new, waiting = ordered[: self._limit], ordered[self._limit :]
            spare = self._spare.setdefault(node, {}).setdefault(source, {})
            for neighbor in waiting:
                spare.setdefault(neighbor, []).extend(found[neighbor])
        followed.update(new)
        for neighbor in followed & found.keys():
            for edge in found[neighbor]:
                put_edge(pool, edge)
        return not waiting

    def turn(self, *, known: Collection[EdgeKey], pool: Pool) -> bool:
        """Follow the next of those that wait, in order; False when some still have to.

        Whose edges are all known by now takes no room: only its word is added to them.
        """
        spare, self._spare = self._spare, {}
        for node, by_source in spare.items():
            for source, found in by_source.items():
                rest = self._next(found, self._followed[node, source], known, pool)
                if rest:
                    self._spare.setdefault(node, {})[source] = rest
        return not self._spare

    def _next(
        self, found: Neighbors, followed: set[NodeId], known: Collection[EdgeKey], pool: Pool
    ) -> Neighbors:
        room = self._limit
        ordered = iter(found.items())
        for neighbor, edges in ordered:
            new = not all(edge.key in known for edge in edges)
            if new and room == 0:
                return {neighbor: edges, **dict(ordered)}
            room -= new
            followed.add(neighbor)
            for edge in edges:
                put_edge(pool, edge)
        return {}
