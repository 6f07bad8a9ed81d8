"""Expands a seed hop by hop over every source that accepts each node, and says how it went."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.contract import Filter
from connectors.model import Address, NodeFacts, NodeId, Outcome, Selection, parse_address
from connectors.ports import Clock
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.graph.assemble import Graph, NodeTold, assemble
from service.graph.budget import Tally
from service.graph.expansion import Expansion, Told
from service.usecases.fetch import Drive, Fetcher
from service.usecases.ledger import Ledger
from service.usecases.locate import Located, choose, locate, place
from service.usecases.naming import Naming
from service.usecases.pulse import Beat, Pulse
from service.usecases.report import Report, combined
from service.usecases.request import GraphRequest
from service.usecases.requirement import check_answer
from service.usecases.shelf import Ask, Cabinet, Shelf
from service.usecases.source import Access, Source

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer cost; `hops` is how far out its farthest node is."""

    hops: int
    nodes: int
    edges: int
    calls: int
    elapsed: timedelta


@dataclass(frozen=True, slots=True)
class Answer:
    """The graph, and everything that says how complete it is.

    `seed_known` is None where no source could tell. `store_down` says that the cache failed.
    """

    graph: Graph
    seed: Address
    requested: str
    seed_known: bool | None
    complete: bool
    truncated: tuple[str, ...]
    reports: tuple[Report, ...]
    spent: Spent
    store_down: bool


@dataclass(frozen=True, slots=True)
class Expander:
    """What every answer needs: the configured sources, the cache, the driver and the clock.

    `pulse` is told how the sources did.
    """

    sources: tuple[Source, ...]
    cabinet: Cabinet
    drive: Drive
    clock: Clock
    pulse: Pulse

    async def expand(self, request: GraphRequest) -> Answer:
        """Answer one request; RequestError, or AnswerRefusedError when it requires more."""
        started = self.clock.monotonic()
        chosen = choose(self.sources, request.sources)
        located = locate(request.node, chosen)
        ledger = Ledger()
        shelf = Shelf(
            cabinet=self.cabinet,
            sources={source.name: source for source in chosen},
            accesses={source.name: source.admit(request.credentials.get(source.name)) for source in chosen},
            filter=request.rule.filter,
            tolerance=request.tolerance,
            ledger=ledger,
        )
        tally = Tally(limit=request.budget.max_calls)
        deadline = started + request.budget.timeout.total_seconds()
        fetcher = Fetcher(shelf, self.drive, self.clock, tally, deadline)
        run = _Run(request, chosen, located, fetcher)
        await run.resolve()
        await run.expand()
        answer = run.conclude(elapsed=timedelta(seconds=self.clock.monotonic() - started))
        self._take_pulse(answer.reports, shelf.accesses)
        check_answer(
            answer.reports,
            known=answer.seed_known,
            complete=answer.complete,
            require=request.require,
            only_if_cached=request.tolerance.only_if_cached,
        )
        return answer

    def _take_pulse(self, reports: Sequence[Report], accesses: Mapping[str, Access]) -> None:
        now = self.clock.now()
        for report in reports:
            # What the cache answered says nothing of how the source is.
            if report.calls:
                until = None if report.retry_after is None else now + report.retry_after
                beat = Beat(report.outcome, now, until)
                self.pulse.note(report.source, identity=accesses[report.source].identity, beat=beat)


class _Run:
    """One expansion under way."""

    def __init__(
        self, request: GraphRequest, sources: Sequence[Source], located: Located, fetcher: Fetcher
    ) -> None:
        self._request = request
        self._sources = tuple(sources)
        self._located = located
        self._fetcher = fetcher
        self._sides: dict[str, list[Finding]] = defaultdict(list)
        self._reports: dict[str, Report] = {}
        self._naming = Naming(request.identity, requested=parse_address(request.node))
        self._expansion = self._start()

    async def resolve(self) -> None:
        """Find out which node the seed is, where only a source's description can say so."""
        located = self._located
        asks = [Ask(source, located.seed, Aspect.DESCRIPTION) for source in located.unresolved]
        answers = await self._fetch(asks, nodes=())
        for ask in asks:
            self._sides[ask.source.name].append(answers[ask])
        canonical = next(
            (told.listing.canonical for told in answers.values() if told.listing.canonical is not None), None
        )
        if canonical is not None and canonical != located.seed:
            self._located = place(canonical, self._sources, located.askers)
            self._expansion = self._start()

    async def expand(self) -> None:
        """Ask about the seed, then hop by hop until nothing is due."""
        await self._ask_seed()
        while frontier := self._expansion.frontier():
            asks = {
                Ask(source, canonical): name
                for name in frontier
                for source, canonical in self._naming.askers(name, sources=self._sources)
            }
            answers = await self._fetch(tuple(asks), nodes=self._canonical_nodes())
            told: dict[Address, list[Told]] = {name: [] for name in frontier}
            for ask, name in asks.items():
                self._report(ask.source).findings[ask.address] = answers[ask]
                told[name].append(Told(ask.source.name, self._naming.rename(ask.source, answers[ask])))
            self._expansion.absorb(told)
        # What the cache told of the outermost nodes may still be kept apart.
        await self._fetch((), nodes=self._canonical_nodes())

    def conclude(self, *, elapsed: timedelta) -> Answer:
        """Put the answer together."""
        expansion = self._expansion
        reports = tuple(self._reports[name] for name in sorted(self._reports))
        speakers = Counter(word.source for edge in expansion.edges.values() for word in edge.provenance)
        for report in reports:
            report.calls = self._fetcher.calls[report.source]
            report.edges = speakers[report.source]
            report.undecided = len(expansion.undecided[report.source])
        graph = assemble(expansion, told=self._told_of, order=self._request.order)
        spent = Spent(
            hops=max(expansion.hop.values(), default=0),
            nodes=len(expansion.hop),
            edges=len(expansion.edges),
            calls=self._fetcher.calls.total(),
            elapsed=elapsed,
        )
        return Answer(
            graph=graph,
            seed=expansion.seeds[0],
            requested=self._request.node,
            seed_known=self._seed_known(),
            complete=not expansion.truncated
            and all(report.outcome.whole and not report.undecided for report in reports),
            truncated=tuple(sorted(expansion.truncated)),
            reports=reports,
            spent=spent,
            store_down=self._fetcher.store_down,
        )

    async def _ask_seed(self) -> None:
        """Ask both sides of the seed: it is known to a source if either side is."""
        seed, hops = self._located.seed, self._request.hops
        asks = []
        for source in self._located.askers:
            describes = source.connector.spec.describes and isinstance(seed, NodeId)
            if describes and source.name not in self._sides:
                asks.append(Ask(source, seed, Aspect.DESCRIPTION))
            # With no hop to take, a source that describes nodes need not list their relations.
            if hops > 0 or not describes:
                asks.append(Ask(source, seed))
        answers = await self._fetch(asks, nodes=())
        for ask in asks:
            self._sides[ask.source.name].append(answers[ask])
        told = []
        for source in self._located.askers:
            sides = self._sides[source.name]
            outcome = combined(side.outcome for side in sides)
            judged = next(side for side in sides if side.outcome is outcome)
            self._report(source).findings[seed] = judged
            told += [
                Told(source.name, self._naming.rename(source, replace(side, outcome=outcome)))
                for side in sides
                if side.listing.aspect is Aspect.RELATIONS
            ]
        for source in self._located.unable:
            self._report(source).findings[seed] = _unsupported(source, seed)
        if hops > 0 or isinstance(seed, Selection):
            self._expansion.absorb({self._expansion.seeds[0]: told})

    async def _fetch(self, asks: Sequence[Ask], *, nodes: Collection[NodeId]) -> dict[Ask, Finding]:
        findings = {}
        wanted = frozenset(asks)
        for ask, answered in (await self._fetcher.fetch(asks, nodes=nodes)).items():
            finding = findings[ask] = answered.finding
            report = self._report(ask.source)
            report.cached += answered.cached
            report.note(finding, now=self._fetcher.clock.now())
            if ask not in wanted:
                # A cached listing had to be fetched again and could not be: its node is not whole.
                report.findings[ask.address] = finding
            if finding.outcome in _CUT_BY:
                self._expansion.truncated.add(_CUT_BY[finding.outcome])
        return findings

    def _seed_known(self) -> bool | None:
        seed = self._expansion.seeds[0]
        told = isinstance(seed, NodeId) and any(
            map(self._fetcher.ledger.facts_of, self._naming.addresses(seed))
        )
        shown = any(side.listing.edges for sides in self._sides.values() for side in sides)
        if told or shown or self._expansion.edges:
            return True
        outcomes = [report.findings[self._located.seed].outcome for report in self._reports.values()]
        return False if outcomes and set(outcomes) == {Outcome.ABSENT} else None

    def _start(self) -> Expansion:
        request = self._request
        seed = self._naming.name_seed(self._located.seed, sources=self._sources)
        return Expansion(seed, hops=request.hops, rule=request.rule, budget=request.budget)

    def _canonical_nodes(self) -> Collection[NodeId]:
        return {address for node in self._expansion.hop for address in self._naming.addresses(node)}

    def _report(self, source: Source) -> Report:
        return self._reports.setdefault(source.name, Report(source.name, source.connector.spec.kind))

    def _told_of(self, node: NodeId) -> NodeTold:
        """Give what is told of the node by the sources that call it by this name."""
        canonical = self._naming.canonical(node)
        known: dict[str, NodeFacts] = {}
        for address in reversed(self._naming.addresses(node)):
            known |= self._fetcher.ledger.facts_of(address)
        askers = self._naming.askers(node, sources=self._sources)
        aliases = {alias for source, _ in askers for alias in source.connector.aliases(canonical)}
        aliases.add(str(canonical))
        facts = {
            name: facts
            for name, facts in known.items()
            if self._naming.name(self._fetcher.shelf.sources[name], canonical) == node
        }
        return NodeTold(facts, tuple(sorted(aliases - {str(node)})))


_CUT_BY = {Outcome.TIMEOUT: "timeout", Outcome.OVER_BUDGET: "max_calls"}


def _unsupported(source: Source, seed: Address) -> Finding:
    nothing = Listing(seed, Aspect.RELATIONS, Filter(), NEVER)
    return Finding(Outcome.UNSUPPORTED, nothing, f"{source.connector.spec.kind} has no selections")
