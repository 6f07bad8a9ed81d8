"""One answer under way: what is asked in which order, and what the sources' words become.

A run goes page by page. An earlier page is played back from its sheet: the same words in the same
order bring the machine to where it was, without a question to anybody.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.contract import Filter
from connectors.model import Address, NodeId, Outcome, Selection
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.cache.sheet import Sheet
from service.graph.asked import Told
from service.graph.expansion import Expansion
from service.graph.path import PathSearch
from service.graph.record import EdgeRecord
from service.usecases.answer.drafts import Drafts
from service.usecases.answer.inquiry import Inquiry
from service.usecases.answer.locate import Located, place
from service.usecases.answer.lookout import scouting
from service.usecases.answer.machine import machine_of
from service.usecases.answer.naming import Naming
from service.usecases.answer.outskirts import outskirts_of
from service.usecases.answer.report import Report
from service.usecases.answer.telling import Teller, teller
from service.usecases.answer.timing import Timing
from service.usecases.ask import Ask
from service.usecases.request import GraphRequest
from service.usecases.source import Source

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seed:
    """One node or selection that was asked about: as sent, canonical, and what the answer calls it."""

    requested: str
    located: Located
    name: Address


class Run:
    """One answer under way; `machine` holds what was found so far.

    `replay` comes first, for each earlier page, with a `turn` after each; then `page`. `watch` is
    called after every round.
    """

    machine: Expansion | PathSearch

    def __init__(
        self,
        request: GraphRequest,
        *,
        sources: Sequence[Source],
        located: Sequence[tuple[str, Located]],
        inquiry: Inquiry,
        naming: Naming,
        timing: Timing,
        unsure: bool = False,
    ) -> None:
        """Prepare; nothing is asked yet. `located` are the seeds as sent, a target last.

        `unsure`: what nodes are the same could not be found out, which every page has to say.
        `heard_at` will be when the sources' last word came, in seconds of `monotonic`.
        """
        self.request = request
        self.inquiry = inquiry
        self.naming = naming
        self.told_of: Teller = teller(sources, inquiry=inquiry, naming=naming)
        self.seeds: tuple[Seed, ...] = ()
        self.drafts = Drafts(naming, hold=request.rule.is_plain and request.to is None)
        self._sources = tuple(sources)
        self._located = located
        self._unsure = frozenset({"identity"} if unsure else ())
        self._begun = self._undetermined = False
        self._described: dict[Ask, Finding] = {}
        self._expanded: set[Address] = set()
        self.watch: Callable[[], None] = _unwatched
        self._tried: set[Ask] = set()
        self._timing = timing
        self.heard_at = inquiry.fetcher.clock.monotonic()

    async def replay(self, sheet: Sheet) -> None:
        """Go through an earlier page as it was; SheetError when it does not fit."""
        with self.inquiry.playing(sheet):
            await self.page()

    async def page(self) -> None:
        """Ask until the page is at its end."""
        if not self._begun and not await self._start():
            return
        async with scouting(self.inquiry, self.machine, request=self.request, naming=self.naming):
            with self.drafts.listening(self.inquiry.fetcher):
                while True:
                    frontier = self.machine.frontier()
                    asks = dict(self._asks(frontier))
                    if not frontier and not asks:
                        break
                    await self._round(frontier, asks)
        # What the cache told of the outermost nodes may still be kept apart.
        await self.inquiry.fetch((), nodes=self._canonical_nodes())

    def go_on(self, *, fruitless: int) -> None:
        """Begin the page after those played back, of which so many in a row have brought nothing."""
        fetcher = self.inquiry.fetcher
        fetcher.deadline = self._timing.go_on(records=self._records(()), fruitless=fruitless)

    def turn(self) -> None:
        """Begin the next page."""
        self.machine.turn()
        self.inquiry.turn()
        if isinstance(self.machine, PathSearch):
            # A search may come to its end without what was left open.
            self.inquiry.forget_cut()
        self._tried.clear()

    def known(self, seeds: Sequence[Seed]) -> list[bool | None]:
        """Tell whether anybody knows each of the seeds; None where no source could tell."""
        return [self._knows(seed) for seed in seeds]

    def conclude(self, *, edges: Iterable[EdgeRecord]) -> tuple[Report, ...]:
        """Complete the reports; `edges` are those of this page."""
        speakers = Counter([word.source for edge in edges for word in edge.provenance])
        for report in self.inquiry.reports.values():
            report.calls = self.inquiry.fetcher.calls[report.source]
            report.edges = speakers[report.source]
            report.undecided = len(self.machine.undecided[report.source])
        return tuple(self.inquiry.reports[name] for name in sorted(self.inquiry.reports))

    @property
    def truncated(self) -> frozenset[str]:
        """Give the parameters that have cut this page."""
        return self._unsure.union(self.inquiry.cut_by, self.machine.truncated)

    @property
    def unfinished(self) -> bool:
        """Tell whether a budget left work undone that another page could do."""
        if isinstance(self.machine, PathSearch):
            # What a path's answer may hold is the same on every page.
            return not self.truncated.isdisjoint({"max_calls", "timeout"})
        return bool(self.truncated - self._unsure)

    @property
    def may_heal(self) -> bool:
        """Tell whether asking again may bring what a source has failed at."""
        return any(map(self.inquiry.is_open, self.inquiry.findings))

    @property
    def complete(self) -> bool:
        """Tell whether nothing is missing from the pages so far."""
        return not self.truncated and all(
            report.outcome.whole and not self.machine.undecided[report.source]
            for report in self.inquiry.reports.values()
        )

    async def _start(self) -> bool:
        """Find out which nodes the seeds are, and make the machine.

        False when a budget has left that open: then this page holds nothing, and the next tries again.
        """
        resolved = await self._resolve()
        self.seeds = tuple(
            Seed(text, located, self.naming.name_seed(located.seed, requested=located.requested))
            for text, located in resolved
        )
        for seed in self.seeds:
            for source in seed.located.unable:
                self.inquiry.note(Ask(source, seed.located.seed), _unsupported(source, seed.located.seed))
        self._begun = not self._undetermined
        names = [seed.name for seed in self.seeds] if self._begun else []
        self.machine = machine_of(self.request, names, naming=self.naming, sources=self._sources)
        if self.watch is _unwatched:
            # Who is told as it comes is told of nodes one by one.
            self.drafts.outskirts = outskirts_of(
                self.machine, self._sources, fetcher=self.inquiry.fetcher, naming=self.naming
            )
        self.watch()
        return self._begun

    async def _resolve(self) -> list[tuple[str, Located]]:
        """Find out which node a seed is, where only a source's description can say so."""
        asks = {
            Ask(source, located.seed, Aspect.DESCRIPTION): None
            for _, located in self._located
            for source in located.unresolved
        }
        self._described |= await self.inquiry.fetch(tuple(filter(self._is_open, asks)), nodes=())
        self._undetermined = False
        resolved = []
        for text, typed in self._located:
            located = typed
            findings = {
                source: self._described[Ask(source, located.seed, Aspect.DESCRIPTION)]
                for source in located.unresolved
            }
            canonical = next(
                (each.listing.canonical for each in findings.values() if each.listing.canonical is not None),
                None,
            )
            if canonical is not None and canonical != located.seed:
                located = place(canonical, self._sources, located.askers, requested=located.requested)
            self._undetermined |= canonical is None and any(each.outcome.cut for each in findings.values())
            # What was asked about it by a name that it has no more is no part of the answer.
            self.inquiry.forget(Ask(source, typed.seed, Aspect.DESCRIPTION) for source in findings)
            for source, finding in findings.items():
                ask = Ask(source, located.seed, Aspect.DESCRIPTION)
                self._tried.add(ask)
                self.inquiry.note(ask, finding)
            resolved.append((text, located))
        return resolved

    def _is_open(self, ask: Ask) -> bool:
        known = self._described.get(ask)
        return known is None or known.outcome.passing

    def _asks(self, frontier: Sequence[Address]) -> Iterator[tuple[Ask, Address]]:
        """Give what to ask in this round, and about which named address.

        With no hop to take, a source that describes nodes need not list their relations; and what a
        seed's description is, is asked once more at a page's end if it failed before.
        """
        seeds = {seed.name for seed in self.seeds}
        for name in frontier or sorted(seeds, key=str):
            if isinstance(self.machine, Expansion) and not self._is_in(name):
                continue
            for source, address in self.naming.askers(name):
                for aspect in self._aspects(source, name, seeds=seeds, asked=bool(frontier)):
                    ask = Ask(source, address, aspect)
                    if ask not in self._tried and self.inquiry.is_open(ask):
                        yield ask, name

    def _aspects(
        self, source: Source, name: Address, *, seeds: Collection[Address], asked: bool
    ) -> tuple[Aspect, ...]:
        describes = source.connector.spec.describes and isinstance(name, NodeId)
        if name not in seeds or not describes:
            # A node without a hop to take is in no frontier, and nothing else tells that it is known; nor
            # is one that a path begins at and that is its own target.
            lonely = self.request.to is not None and not self.inquiry.reports
            bare = isinstance(name, NodeId) and (self._bare or lonely)
            return (Aspect.RELATIONS,) if asked or bare else ()
        return (Aspect.RELATIONS, Aspect.DESCRIPTION) if asked else (Aspect.DESCRIPTION,)

    def _is_in(self, name: Address) -> bool:
        # A seed that no budget has let in yet is not asked about.
        return isinstance(name, Selection) or name in self.machine.hop

    @property
    def _bare(self) -> bool:
        return self.request.hops == 0 and self.request.to is None

    async def _round(self, frontier: Sequence[Address], asks: Mapping[Ask, Address]) -> None:
        self._tried.update(asks)
        fetcher = self.inquiry.fetcher
        if not self.inquiry.is_playing:
            records = self._records(asks)
            fetcher.deadline = self._timing.deadline(records)
            fetcher.spare = self._timing.spare(records)
            if isinstance(self.machine, Expansion):
                fetcher.known = self.machine.names
        answers = await self.inquiry.fetch(self._by_worth(asks), nodes=self._canonical_nodes())
        self.heard_at = fetcher.clock.monotonic()
        news = {asks[ask] for ask in self.inquiry.note_all({ask: answers[ask] for ask in asks})}
        # Of whom an expansion was told the very same on an earlier page.
        quiet = set(asks.values()) - news if isinstance(self.machine, Expansion) else set[Address]()
        # A selection of nodes that nobody expands is told of its members all the same.
        named = dict.fromkeys((*frontier, *asks.values()))
        words = {
            name: () if name in quiet and isinstance(name, NodeId) else self._words(name)
            for name in named
            if isinstance(name, Selection) or not self._bare
        }
        # Whom only the description was asked about is not expanded by it.
        self._expanded.update(frontier)
        told = {name: said for name, said in words.items() if name in self._expanded}
        if told:
            self.machine.absorb(told)
        self.watch()

    def _records(self, asks: Iterable[Ask]) -> int:
        """Count what is known, and the questions: each is told of, however it ends."""
        known = self.inquiry.findings
        return sum(self.machine.size) + len(known) + sum(ask not in known for ask in asks)

    def _by_worth(self, asks: Mapping[Ask, Address]) -> tuple[Ask, ...]:
        """Put first what most relations are known to lead to: if the calls run out, it is not for its sake.

        What is known is what the sources have told, never how soon; equals stay ascending.
        """
        if not isinstance(self.machine, Expansion):
            return tuple(asks)
        leading = Counter(end for ends in self.machine.ends() for end in set(ends))
        return tuple(sorted(asks, key=lambda ask: -leading[str(asks[ask])]))

    def _words(self, name: Address) -> list[Told]:
        """Give what everybody asked has told of a named address, now or in an earlier round."""
        words = [self._word(source, address) for source, address in self.naming.askers(name)]
        return [word for word in words if word is not None]

    def _word(self, source: Source, address: Address) -> Told | None:
        """Give what a source tells of an address's relations; how that ended counts both sides."""
        finding = self.inquiry.findings.get(Ask(source, address))
        if finding is None:
            return None
        outcome = self.inquiry.outcome(source, address)
        judged = finding if outcome is finding.outcome else replace(finding, outcome=outcome)
        if (drafted := self.drafts.word(Ask(source, address), judged)) is not None:
            return drafted
        named = self.naming.rename(source, judged)
        if not isinstance(address, Selection):
            return Told(source.name, named)
        ends = {end for edge in finding.listing.edges for end in (edge.subject, edge.object)}
        members = {self.naming.name(source, end) for end in ends if address.covers(end)}
        partial = {member for member in members if not all(map(address.covers, self.naming.members(member)))}
        return Told(source.name, named, frozenset(members), frozenset(partial))

    def _knows(self, seed: Seed) -> bool | None:
        name = seed.name
        if isinstance(name, NodeId):
            told = any(map(self.inquiry.fetcher.ledger.facts_of, self.naming.addresses(name)))
            shown = told or any(name in key[:2] for key in self.machine.edges)
        else:
            shown = self.machine.size[1] > 0
        return True if shown else self.inquiry.knows({seed.located.seed, *self._members(name)})

    def _members(self, name: Address) -> Sequence[Address]:
        return self.naming.members(name) if isinstance(name, NodeId) else (name,)

    def _canonical_nodes(self) -> Collection[NodeId]:
        # Asked in every round; of most answers all facts are in their listings.
        if not self.inquiry.fetcher.ledger.may_owe:
            return ()
        return self.naming.all_addresses(self.machine.hop.keys())


def _unwatched() -> None:
    """Tell nobody."""


def _unsupported(source: Source, seed: Address) -> Finding:
    nothing = Listing(seed, Aspect.RELATIONS, Filter(), NEVER)
    return Finding(Outcome.UNSUPPORTED, nothing, f"{source.connector.spec.kind} has no selections")
