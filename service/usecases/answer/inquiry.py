"""What one answer has asked and was told: by question the newest word, and by source an account.

Each round of questions is taken down. The rounds of an earlier page are played back from its sheet:
the same words come in the same order, and nobody is asked.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain

from connectors.model import Address, NodeId, Outcome
from connectors.walk import Finding
from connectors.wire import Aspect
from service.cache.sheet import Debt, Fact, Said, Sheet
from service.usecases.answer.report import Report, combined
from service.usecases.answer.scout import Scout
from service.usecases.ask import Ask
from service.usecases.asking.fetch import Fetcher
from service.usecases.cached.ledger import Owed
from service.usecases.cached.marker import Realm
from service.usecases.source import Source

# Times that a listing may turn out broken on its way, and be begun anew on a later page.
_MOST_BROKEN = 3
_OTHER = {Aspect.RELATIONS: Aspect.DESCRIPTION, Aspect.DESCRIPTION: Aspect.RELATIONS}
_CUT_BY = {Outcome.TIMEOUT: "timeout", Outcome.OVER_BUDGET: "max_calls"}


class SheetError(Exception):
    """An earlier page does not fit this run: something was changed since."""


class Inquiry:
    """The questions of one answer and what became of them.

    `findings` has the newest word on each question, `reports` the account of each source over all
    pages, `cut_by` the parameters that left questions of this page without a whole answer, `settled`
    how many of its questions came to their end. With a `scout` questions are asked ahead.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        """Start with nothing asked."""
        self.fetcher = fetcher
        self.scout: Scout | None = None
        self.findings: dict[Ask, Finding] = {}
        self.reports: dict[str, Report] = {}
        self.cut_by: set[str] = set()
        self.settled = 0
        self._broken: Counter[Ask] = Counter()
        self._rounds: list[tuple[Said, ...]] = []
        self._recalled: set[tuple[str, datetime, NodeId]] = set()
        self._playing: Iterator[tuple[Said, ...]] | None = None

    async def fetch(self, asks: Sequence[Ask], *, nodes: Collection[NodeId]) -> dict[Ask, Finding]:
        """Ask, and complete what the cache has told of `nodes`; gives the finding of each ask.

        Who is cut again before anything was told is given as the very finding that is known.
        A cached listing that had to be fetched again and could not be is noted: its node is not whole.
        SheetError when an earlier page was not made by these questions.
        """
        wanted = frozenset(asks)
        findings = await self._ask(asks, nodes) if self._playing is None else self._played(wanted)
        now = self.fetcher.clock.now()
        for ask, finding in findings.items():
            if finding.outcome in _CUT_BY:
                self.cut_by.add(_CUT_BY[finding.outcome])
            if finding is self.findings.get(ask):
                continue
            self._report(ask.source).note(finding, now=now)
            if ask not in wanted:
                self.note(ask, finding)
            if finding.outcome is Outcome.BROKEN:
                self._broken[ask] += 1
        return findings

    def note(self, ask: Ask, finding: Finding) -> None:
        """Keep how an ask ended; both sides of one address make one word of its source."""
        self.findings[ask] = finding
        report = self._report(ask.source)
        other = self.findings.get(Ask(ask.source, ask.address, _OTHER[ask.aspect]))
        if other is None:
            report.findings[ask.address] = finding
            return
        sides = (finding, other) if ask.aspect is Aspect.RELATIONS else (other, finding)
        outcome = combined(side.outcome for side in sides)
        report.findings[ask.address] = next(side for side in sides if side.outcome is outcome)

    def note_all(self, findings: Mapping[Ask, Finding]) -> list[Ask]:
        """Note how these ended, and give those of which that was not known."""
        new = [ask for ask, finding in findings.items() if finding is not self.findings.get(ask)]
        for ask in new:
            self.note(ask, findings[ask])
        return new

    def forget_cut(self) -> None:
        """Take every question that a budget left without a whole answer as not asked."""
        self.forget([ask for ask, finding in self.findings.items() if finding.outcome.cut])
        # What the other side of such an address told stays its source's word on it.
        for ask, finding in list(self.findings.items()):
            if ask.address not in self._report(ask.source).findings:
                self.note(ask, finding)

    def forget(self, asks: Iterable[Ask]) -> None:
        """Take these questions as not asked."""
        for ask in asks:
            self.findings.pop(ask, None)
            self._report(ask.source).findings.pop(ask.address, None)

    def is_open(self, ask: Ask) -> bool:
        """Tell whether an ask has no word yet, or one that may well be another when asked again."""
        known = self.findings.get(ask)
        return known is None or (known.outcome.passing and self._broken[ask] < _MOST_BROKEN)

    def outcome(self, source: Source, address: Address) -> Outcome:
        """Give how asking a source about an address ended, both sides counted."""
        return self.reports[source.name].findings[address].outcome

    def knows(self, addresses: Collection[Address]) -> bool | None:
        """Tell whether a source has shown relations of one of these; False if all say that it is absent."""
        if any(each.listing.edges for ask, each in self.findings.items() if ask.address in addresses):
            return True
        outcomes = {
            report.findings[address].outcome
            for report in self.reports.values()
            for address in addresses
            if address in report.findings
        }
        return False if outcomes == {Outcome.ABSENT} else None

    def source(self, name: str) -> Source:
        """Give a source that this answer asks; SheetError when it asks none of that name."""
        try:
            return self.fetcher.shelf.sources[name]
        except KeyError:
            raise SheetError from None

    def turn(self) -> None:
        """Begin the next page."""
        self.cut_by.clear()
        self.settled = 0
        for report in self.reports.values():
            report.cached = 0

    @property
    def moved(self) -> bool:
        """Tell whether this page has brought any question to its end, or more of a listing."""
        return bool(self.settled or self.fetcher.learnt)

    @property
    def has_stopped_midway(self) -> bool:
        """Tell whether a listing was stopped on its way, and may be gone on with from there."""
        return any(ask in self.findings and self.is_open(ask) for ask in self.fetcher.left)

    @property
    def is_playing(self) -> bool:
        """Tell whether an earlier page is being played back."""
        return self._playing is not None

    @contextmanager
    def playing(self, sheet: Sheet) -> Iterator[None]:
        """Answer from a sheet while the block lasts; SheetError when it holds more than was asked."""
        self._playing = iter(sheet.rounds)
        try:
            yield
            if next(self._playing, None) is not None:
                raise SheetError
        finally:
            self._playing = None

    def recall(self, sheets: Sequence[Sheet]) -> None:
        """Take over what earlier pages were told of nodes, and what the newest of them has left."""
        ledger = self.fetcher.ledger
        for fact in chain.from_iterable(sheet.facts for sheet in sheets):
            ledger.adopt((fact.facts,), source=fact.source, fetched_at=fact.fetched_at)
        self._recalled = {(source, at, facts.node) for source, at, facts in ledger.told()}
        for debt in sheets[-1].debts:
            ledger.owe(
                Owed(debt.source, debt.node, debt.digest, debt.listed_by, debt.fetched_at, debt.aspect)
            )
        for name, trail in sheets[-1].trails:
            self.fetcher.leave(self.source(name), trail)

    def sheet(
        self,
        *,
        fruitless: int,
        sent: Mapping[bytes, bytes],
        seeds: tuple[str, ...],
        verdicts: Mapping[Realm, bool],
        again_at: datetime | None = None,
    ) -> Sheet:
        """Give what this page was made of, and what it leaves to the next."""
        ledger = self.fetcher.ledger
        return Sheet(
            rounds=tuple(self._rounds),
            facts=tuple(
                Fact(source, fetched_at, facts)
                for source, fetched_at, facts in ledger.told()
                if (source, fetched_at, facts.node) not in self._recalled
            ),
            debts=tuple(
                Debt(owed.source, owed.node, owed.digest, owed.listed_by, owed.fetched_at, owed.aspect)
                for owed in ledger.owed()
            ),
            trails=self.fetcher.trails,
            fruitless=fruitless,
            again_at=again_at,
            sent=sent,
            seeds=seeds,
            verdicts=verdicts,
        )

    async def _ask(self, asks: Sequence[Ask], nodes: Collection[NodeId]) -> dict[Ask, Finding]:
        if not asks and not self.fetcher.ledger.may_owe:
            # As at the beginning and at the end of most answers.
            self._rounds.append(())
            return {}
        by = self.fetcher if self.scout is None else self.scout
        answered = await by.fetch(asks, nodes=nodes)
        for ask, each in answered.items():
            self._report(ask.source).cached += each.cached
            self.settled += not each.finding.outcome.passing
        findings = {ask: self._as_known(ask, each.finding) for ask, each in answered.items()}
        # A page's thousand questions without an answer are kept, and played back, once, not with each page.
        news = (ask for ask, finding in findings.items() if finding is not self.findings.get(ask))
        self._rounds.append(tuple(Said(ask.source.name, findings[ask]) for ask in news))
        return findings

    def _as_known(self, ask: Ask, finding: Finding) -> Finding:
        """Give what is known of an ask in the place of the same once more, of a question that was cut."""
        known = self.findings.get(ask)
        if known is None or known.outcome is not finding.outcome or not finding.outcome.cut:
            return finding
        again = replace(finding.listing, fetched_at=known.listing.fetched_at)
        return known if replace(finding, listing=again) == known else finding

    def _played(self, wanted: Collection[Ask]) -> dict[Ask, Finding]:
        assert self._playing is not None  # noqa: S101 - who calls has looked
        words = next(self._playing, None)
        if words is None:
            raise SheetError
        findings = {
            Ask(
                self.source(said.source), said.finding.listing.address, said.finding.listing.aspect
            ): said.finding
            for said in words
        }
        for ask in set(wanted) - findings.keys():
            known = self.findings.get(ask)
            if known is None or not known.outcome.cut:
                raise SheetError
            findings[ask] = known
        return findings

    def _report(self, source: Source) -> Report:
        report = self.reports.get(source.name)
        if report is None:
            report = self.reports[source.name] = Report(source.name, source.connector.spec.kind)
        return report
