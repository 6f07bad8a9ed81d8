"""The least time in which an upstream's calls can be made, whoever makes them and however cleverly.

A node's call may begin when the first call that names it has ended, and so many run at once. No
schedule is faster than the longest chain, nor than the work there is from any moment on, spread over
all connections; a schedule that looks at nothing but the queue says how near that bound is.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil

from bench.world.spread import Spread


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one answer: `cost` gives the seconds of a node's, `connections` how many run at once."""

    spread: Spread
    seed: int
    hops: int
    cost: Callable[[int], float]
    connections: int

    def least_seconds(self) -> float:
        """Give a bound that no schedule is below."""
        begins = self._earliest()
        bound = max(begin + self.cost(node) for node, begin in begins.items())
        shortest, work = min(map(self.cost, begins)), 0.0
        for count, node in enumerate(sorted(begins, key=lambda node: -begins[node]), start=1):
            # So many begin no earlier than this one: their work is shared out, and no call is cut in two.
            work += self.cost(node)
            shared = max(work / self.connections, ceil(count / self.connections) * shortest)
            bound = max(bound, begins[node] + shared)
        return bound

    def queued_seconds(self) -> float:
        """Give the time of a schedule without any overhead that takes what comes first.

        It makes every call of the answer, also one whose node was first heard of by a longer way.
        """
        left, now = self._near() - {self.seed}, 0.0
        waiting, running = deque([self.seed]), list[tuple[float, int]]()
        while waiting or running:
            while waiting and len(running) < self.connections:
                node = waiting.popleft()
                heappush(running, (now + self.cost(node), node))
            now, ended = heappop(running)
            for end in self.spread.around[ended]:
                if end in left:
                    left.remove(end)
                    waiting.append(end)
        return now

    def _near(self) -> set[int]:
        return {node for level in self.spread.levels(self.seed, hops=self.hops - 1) for node in level}

    def _earliest(self) -> dict[int, float]:
        """Give the earliest moment at which each node's call may begin."""
        near = self._near()
        begins: dict[int, float] = {}
        due = [(0.0, self.seed)]
        while due:
            begin, node = heappop(due)
            if node in begins:
                continue
            begins[node] = begin
            for end in self.spread.around[node]:
                if end in near and end not in begins:
                    heappush(due, (begin + self.cost(node), end))
        return begins
