"""All caps of one answer together, and what was spent of them."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Budget:
    """The most an answer may hold (nodes, edges, neighbors per node and source) and cost.

    The seed counts as a node. `max_calls` are upstream calls, retries included.
    """

    max_nodes: int = 500
    max_edges: int = 2000
    fan_out: int = 200
    max_calls: int = 200
    timeout: timedelta = timedelta(seconds=10)


class Tally:
    """Counts the upstream calls of one answer against its budget (the Allowance port)."""

    def __init__(self, *, limit: int) -> None:
        """Start with nothing spent."""
        self._limit = limit
        self.spent = 0

    @property
    def exhausted(self) -> bool:
        """Tell whether no call is left."""
        return self.spent >= self._limit

    def take(self) -> bool:
        """Spend one call; False when none is left."""
        if self.exhausted:
            return False
        self.spent += 1
        return True
