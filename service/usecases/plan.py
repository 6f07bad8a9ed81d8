"""Plans a request: how many calls its answer will take, from each source at each hop, making none.

The expansion goes as far as the cache leads, with a driver that notes what it is given to do and
does nothing. What lies beyond is drawn from what was learnt of listings that this caller may share.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connectors.contract import Connector
from connectors.model import NodeId, Outcome
from connectors.ports import Clock
from connectors.walk import Finding, Walk
from connectors.wire import Aspect
from service.usecases.answer.expand import Expander
from service.usecases.answer.run import Run, Seed
from service.usecases.ask import Ask
from service.usecases.asking.flights import Flights
from service.usecases.asking.lease import OneProcess
from service.usecases.estimate.experience import Experience, kind_of
from service.usecases.estimate.forecast import Basis, HopEstimate, estimate
from service.usecases.estimate.holder import holder_of
from service.usecases.estimate.lore import Lore
from service.usecases.estimate.terrain import Due, Manner, Terrain
from service.usecases.meter import NoMeter
from service.usecases.request import GraphRequest

_NOT_ASKED = "a plan asks nobody"
# What a source was left out for, and not asked: no experience changes that.
_LEFT_OUT = (Outcome.NO_CREDENTIAL, Outcome.UNSUPPORTED)


@dataclass(frozen=True, slots=True)
class PlannedHop:
    """What one source will be asked at one hop, the seeds' being 1: whole nodes and calls."""

    hop: int
    nodes: int
    calls: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class PlannedSource:
    """One source's part; `outcome` says why it will not be asked at all, if that is known."""

    name: str
    hops: tuple[PlannedHop, ...]
    outcome: Outcome | None

    @property
    def calls(self) -> int:
        """Give its calls at all hops."""
        return sum(hop.calls for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Plan:
    """The calls that an answer will take; `cut` when `max_calls` will probably not be enough."""

    seeds: tuple[Seed, ...]
    sources: tuple[PlannedSource, ...]
    max_calls: int
    cut: bool

    @property
    def calls(self) -> int:
        """Give the calls of all sources."""
        return sum(source.calls for source in self.sources)


@dataclass(slots=True)
class _Notes:
    """A driver that makes no call: it notes how every walk would begin."""

    clock: Clock
    walks: list[tuple[Connector, tuple[Finding, ...], int]] = field(default_factory=list)

    async def __call__(self, walk: Walk, **_: object) -> tuple[Finding, ...]:
        opening = len(walk.start())
        walk.stop(Outcome.UNAVAILABLE, _NOT_ASKED)
        findings = walk.finish(now=self.clock.now())
        self.walks.append((walk.connector, findings, opening))
        return findings


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans for an expander by what was learnt; `lore` is where the processes of a fleet share it."""

    expander: Expander
    experience: Experience
    lore: Lore

    async def plan(self, request: GraphRequest) -> Plan:
        """Plan one request; RequestError as for its answer. It asks the store, and no source."""
        clock = self.expander.clock
        notes = _Notes(clock)
        # Its own flights: nobody may board a walk that asks nobody, nor be waited for by this one.
        flights = Flights(notes, leases=OneProcess(), clock=clock, meter=NoMeter())
        try:
            run = await self._walk_through(request, replace(self.expander, flights=flights), notes)
        finally:
            await flights.close()
        shelf = run.inquiry.fetcher.shelf
        holders = [holder_of(source, shelf.accesses[name]) for name, source in shelf.sources.items()]
        lessons = await self.lore.recall(self.experience, holders)
        found = estimate(_terrain(run, notes), lessons)
        outcomes = {name: report.outcome for name, report in run.inquiry.reports.items()}
        return Plan(
            seeds=run.seeds,
            sources=tuple(
                PlannedSource(
                    name,
                    tuple(map(_whole, found.hops.get(name, ()))),
                    outcomes.get(name) if outcomes.get(name) in _LEFT_OUT else None,
                )
                for name in sorted({*outcomes, *found.hops})
            ),
            max_calls=request.budget.max_calls,
            cut=found.cut,
        )

    async def _walk_through(self, request: GraphRequest, expander: Expander, notes: _Notes) -> Run:
        answering = await expander.begin(request)
        # Proving what a crosswalk may show takes calls that are no part of any answer.
        notes.walks.clear()
        await answering.run.page()
        return answering.run


def _whole(hop: HopEstimate) -> PlannedHop:
    return PlannedHop(hop.hop, round(hop.nodes), round(hop.calls), hop.basis)


def _terrain(run: Run, notes: _Notes) -> Terrain:
    fetcher, request = run.inquiry.fetcher, run.request
    names = {id(source.connector): name for name, source in fetcher.shelf.sources.items()}
    due: dict[int, list[Due]] = defaultdict(list)
    described: Counter[tuple[str, int]] = Counter()
    for connector, findings, opening in notes.walks:
        name = names[id(connector)]
        for finding in findings:
            listing = finding.listing
            source = fetcher.shelf.sources[name]
            ask = Ask(source, listing.address, listing.aspect)
            hop = _hop(run, ask)
            if listing.aspect is Aspect.DESCRIPTION:
                described[name, hop] += opening
                continue
            due[hop].append(
                Due(name, kind_of(ask.address), ask.address.tenant, _rows(run.inquiry.findings, ask))
            )
    rule = request.rule.filter
    hops = {node.text: hop for node, hop in run.machine.hop.items()}
    return Terrain(
        hops=request.hops,
        due=due,
        described=described,
        nodes=Counter(run.machine.hop.values()),
        edges=Counter(min(hops[one], hops[other]) for one, other in run.machine.ends()),
        manners={
            name: Manner(source.connector.spec.batch_size, source.connector.spec.page_size)
            for name, source in fetcher.shelf.sources.items()
        },
        budget=request.budget,
        namespaces=frozenset(rule.with_namespace),
        types=frozenset(rule.with_type),
        by_key=rule.with_key is not None,
    )


def _hop(run: Run, ask: Ask) -> int:
    if not isinstance(ask.address, NodeId):
        return 0
    return run.machine.hop.get(run.naming.name(ask.source, ask.address), 0)


def _rows(findings: Mapping[Ask, Finding], ask: Ask) -> int | None:
    """Give how many relations an old listing had that is still at hand; None if there is none."""
    known = findings.get(ask)
    if known is None or known.outcome is Outcome.UNAVAILABLE:
        return None
    return len(known.listing.edges)
