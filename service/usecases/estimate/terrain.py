"""Where a plan starts from: what the cache has shown of an expansion, and what is left to ask."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from service.graph.budget import Budget
from service.usecases.estimate.experience import Kind


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

    def calls(self, asked: Iterable[tuple[float, float]]) -> float:
        """Give the calls for nodes in this order: their rows, and how many nodes each stands for."""
        if self.batch_size == 1:
            return sum(number * self._pages(rows) for rows, number in asked)
        calls, seats, listed = 0, float(self.batch_size), 0.0
        for rows, number in asked:
            left = number
            while left > 0:
                taken = min(left, seats)
                left, seats, listed = left - taken, seats - taken, listed + taken * rows
                if seats <= 0:
                    calls += self._pages(listed)
                    seats, listed = float(self.batch_size), 0.0
        return calls + (self._pages(listed) if seats < self.batch_size else 0)

    def _pages(self, rows: float) -> int:
        return 1 if self.page_size is None else max(1, ceil(rows / self.page_size))


@dataclass(frozen=True, slots=True)
class Terrain:
    """What the cache has shown: by hop what is due, and how many nodes the answer has there.

    `edges` are counted at the hop where they were told: that of their nearer end. `described` are calls
    that belong to a hop and to nothing that is listed. `namespaces`, `types` and `by_key` are the filters
    on a relation's other end.
    """

    hops: int
    due: Mapping[int, Sequence[Due]]
    described: Counter[tuple[str, int]]
    nodes: Mapping[int, int]
    edges: Mapping[int, int]
    manners: Mapping[str, Manner]
    budget: Budget
    namespaces: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    by_key: bool = False

    def is_full(self, hop: int, *, nodes: float, edges: float) -> bool:
        """Tell whether no node of a hop is asked about, with so many nodes and edges beside those shown."""
        shown = sum(number for at, number in self.nodes.items() if at <= hop)
        told = sum(number for at, number in self.edges.items() if at < hop)
        return shown + nodes > self.budget.max_nodes or told + edges > self.budget.max_edges

    def wants(self, kind: Kind) -> bool:
        """Tell whether an edge to a node of this kind is followed."""
        namespace, _, type_ = kind.partition(":")
        return (not self.namespaces or namespace in self.namespaces) and (
            not self.types or type_ in self.types
        )
