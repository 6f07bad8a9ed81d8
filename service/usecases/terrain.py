"""Where a plan starts from: what the cache has shown of an expansion, and what is left to ask."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from service.graph.budget import Budget
from service.usecases.experience import Kind


@dataclass(frozen=True, slots=True)
class Due:
    """Something the cache does not have: a node, or a selection, to be asked of one source.

    `rows` is how many relations are expected by what the cache had of it, and None if it had nothing:
    then its neighbors are not known either.
    """

    source: str
    kind: Kind
    tenant: str | None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How a source is asked: addresses in one batch, rows on one page (None: not known, all)."""

    batch_size: int
    page_size: int | None

    def calls(self, rows: Sequence[float], weight: float) -> float:
        """Give the calls for nodes with so many rows each, each standing for `weight` nodes."""
        if not rows:
            return 0.0
        if self.batch_size == 1:
            return weight * sum(map(self._pages, rows))
        nodes = weight * len(rows)
        batches = ceil(nodes / self.batch_size)
        if self.page_size is None:
            return batches
        return max(batches, batches * self._pages(weight * sum(rows) / batches))

    def _pages(self, rows: float) -> int:
        return 1 if self.page_size is None else max(1, ceil(rows / self.page_size))


@dataclass(frozen=True, slots=True)
class Terrain:
    """What the cache has shown: by hop what is due, and how many nodes and edges the answer has.

    `described` are calls that belong to a hop and to nothing that is listed. `wanted` tells whether a
    neighbor of a kind passes the filters.
    """

    hops: int
    due: Mapping[int, Sequence[Due]]
    described: Counter[tuple[str, int]]
    nodes: int
    edges: int
    manners: Mapping[str, Manner]
    budget: Budget
    namespaces: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    by_key: bool = False

    def wants(self, kind: Kind) -> bool:
        """Tell whether an edge to a node of this kind is followed."""
        namespace, _, type_ = kind.partition(":")
        return (not self.namespaces or namespace in self.namespaces) and (
            not self.types or type_ in self.types
        )
