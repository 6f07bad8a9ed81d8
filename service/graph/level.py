"""Nodes as far from one end of a search for paths as each other, about which nobody was asked yet."""

from collections.abc import Callable
from heapq import heappop, heappush

from connectors.model import NodeId


class Level:
    """The nodes, what it costs to ask about all of them, and which of them come first."""

    def __init__(self, cost: Callable[[NodeId], int]) -> None:
        """Start without a node; `cost` gives the same for a node each time."""
        self.nodes: set[NodeId] = set()
        self.price = 0
        self._cost = cost
        # With those that have left since, and twice whoever came back.
        self._queue: list[tuple[int, str, NodeId]] = []

    def __len__(self) -> int:
        """Count the nodes."""
        return len(self.nodes)

    def add(self, node: NodeId) -> None:
        """Take in a node, if it is not here already."""
        if node not in self.nodes:
            cost = self._cost(node)
            self.nodes.add(node)
            self.price += cost
            heappush(self._queue, (cost, str(node), node))

    def discard(self, node: NodeId) -> None:
        """Let a node go, if it is here."""
        if node in self.nodes:
            self.nodes.remove(node)
            self.price -= self._cost(node)

    def first(self, count: int) -> list[NodeId]:
        """Give at most so many nodes, the cheapest first, those of one cost by their texts."""
        taken: list[tuple[int, str, NodeId]] = []
        while self._queue and len(taken) < count:
            entry = heappop(self._queue)
            if entry[2] in self.nodes and entry not in taken[-1:]:
                taken.append(entry)
        for entry in taken:
            heappush(self._queue, entry)
        return [node for _, _, node in taken]
