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

    def take(self) -> bool:
        """Spend one call; False when none is left."""
        if self.spent >= self._limit:
            return False
        self.spent += 1
        return True

    def give_back(self) -> None:
        """Take back a call that was spent and never made."""
        self.spent -= 1
