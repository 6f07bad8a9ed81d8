"""What the sources told of one node that was asked about, and how wholly that makes it known."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from connectors.model import NodeId, Outcome
from connectors.walk import Finding
from service.graph.rule import Rule


@dataclass(frozen=True, slots=True)
class Told:
    """What one source told of one address.

    `members` are the nodes that a selection covers, where they go by other names than its own; None
    leaves it to the selection. `partial` are those of them that have other addresses besides, of which
    the selection tells nothing.
    """

    source: str
    finding: Finding
    members: frozenset[NodeId] | None = None
    partial: frozenset[NodeId] = frozenset()


@dataclass(frozen=True, slots=True)
class Degree:
    """How many relations a node is known to have, as filtered; `exact` or at least so many."""

    value: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """How asking about one node ended, over all its sources.

    `total` is how many relations it has by the word of a source; 0 when none says so.
    """

    outcomes: frozenset[Outcome]
    total: int = 0

    @classmethod
    def of(cls, words: Iterable[Told], *, rule: Rule) -> Self:
        """Sum up what every source told of the node."""
        findings = [word.finding for word in words]
        # What a source says it has counts only where the rule leaves nothing of it out.
        totals = (each.listing.total or 0 for each in findings if Rule(filter=each.listing.filter) == rule)
        return cls(frozenset(each.outcome for each in findings), max(totals, default=0))

    @property
    def whole(self) -> bool:
        """Tell whether nothing is missing because of a source or a spent budget."""
        return all(outcome.whole for outcome in self.outcomes)

    @property
    def cut(self) -> bool:
        """Tell whether calls or time ran out over it."""
        return any(outcome.cut for outcome in self.outcomes)

    def word(self, *, cut: bool) -> str:
        """Say how far the node was expanded: `complete`, `cut` (also by another budget) or `failed`."""
        if any(not outcome.whole and not outcome.cut for outcome in self.outcomes):
            return "failed"
        return "cut" if cut or self.cut else "complete"

    def degree(self, known: int, *, sure: bool) -> Degree | None:
        """Give the degree of a node with `known` relations; None when nobody was asked."""
        return Degree(max(known, self.total), exact=sure and self.whole) if self.outcomes else None
