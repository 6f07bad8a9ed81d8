"""What an answer must hold, as the search works it out."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.oracle.universe import Relation, Thing

Key = tuple[str, str, str | None]


@dataclass(slots=True)
class Expected:
    """The right answer to one question.

    `edges`: by edge, the relation of every source that asserts it. `reach`: by node that was asked
    about, the edges that are followed from it, whether or not they fit the budget. `asked`: by
    source, the nodes it was asked about. `fanned`: nodes of which `fan_out` dropped neighbors.
    """

    things: Mapping[str, Thing]
    hops: int
    hop: dict[str, int] = field(default_factory=dict)
    edges: dict[Key, dict[str, Relation]] = field(default_factory=dict)
    reach: dict[str, set[Key]] = field(default_factory=dict)
    asked: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    outcomes: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    undecided: defaultdict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    unjudged: set[str] = field(default_factory=set)
    fanned: set[str] = field(default_factory=set)
    truncated: set[str] = field(default_factory=set)

    @property
    def asks(self) -> int:
        """Give how many questions this takes."""
        return sum(counted.total() for counted in self.outcomes.values())

    @property
    def complete(self) -> bool:
        """Tell whether nothing is missing; no source fails here."""
        return not self.truncated and not any(self.undecided.values())

    def expansion_of(self, node: str) -> str:
        """Give the word for how far a node was expanded."""
        if node not in self.reach:
            return "boundary" if self.hop[node] >= self.hops else "cut"
        return "cut" if node in self.fanned or not self.reach[node] <= self.edges.keys() else "complete"
