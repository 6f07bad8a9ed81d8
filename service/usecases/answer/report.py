"""What each source did for an answer: one outcome per address asked, the worst of them, and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.model import Address, Outcome, worst
from connectors.walk import Finding


@dataclass(slots=True)
class Report:
    """The running account of one source; `calls`, `cached`, `edges` and `undecided` are counts.

    `replied` tells that the source has told something, whatever became of the rest.
    """

    source: str
    connector: str
    calls: int = 0
    cached: int = 0
    edges: int = 0
    undecided: int = 0
    age: timedelta | None = None
    findings: dict[Address, Finding] = field(default_factory=dict)
    replied: bool = False

    @property
    def outcome(self) -> Outcome:
        """Give the worst outcome over the addresses asked."""
        return worst(finding.outcome for finding in self.findings.values())

    @property
    def outcomes(self) -> dict[str, int]:
        """Count the outcomes, worst first."""
        counted = Counter(finding.outcome for finding in self.findings.values())
        return {outcome.value: counted[outcome] for outcome in Outcome if counted[outcome]}

    @property
    def answered(self) -> bool:
        """Tell whether the source gave at least one successful reply."""
        return self.replied or any(finding.outcome.answered for finding in self.findings.values())

    @property
    def detail(self) -> str | None:
        """Give the words for the worst outcome, of the smallest address that has any."""
        outcome = self.outcome
        told = [
            (str(address), finding.detail)
            for address, finding in self.findings.items()
            if finding.outcome is outcome and finding.detail is not None
        ]
        return min(told, default=(None, None))[1]

    @property
    def retry_after(self) -> timedelta | None:
        """Give the longest wait the source asked for."""
        return max((f.retry_after for f in self.findings.values() if f.retry_after is not None), default=None)

    def note(self, finding: Finding, *, now: datetime) -> None:
        """Take in one side of one address: that something was told, and how old it is.

        What came before trouble cut the rest off was told all the same.
        """
        listing = finding.listing
        if finding.outcome.answered or listing.edges or listing.facts:
            self.replied |= not listing.absent
            # A time in the future is another machine's clock.
            age = max(now - listing.fetched_at, timedelta(0))
            self.age = age if self.age is None else max(self.age, age)


def combined(outcomes: Iterable[Outcome]) -> Outcome:
    """Give one outcome for the sides of one node: absent only if every side says so."""
    sides = tuple(outcomes)
    present = [outcome for outcome in sides if outcome is not Outcome.ABSENT]
    return worst(present) if present else worst(sides)
