"""How one answer is concluded: its page put together, its sources' part told, its next page kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.errors import StoreUnavailableError
from connectors.model import Address, Outcome, Selection
from connectors.ports import Clock
from service.graph.assemble import Graph, Records, as_graph, assemble
from service.graph.measured import write_measures
from service.graph.path import PathSearch, PathVerdict
from service.graph.record import NodeRecord, Record
from service.graph.rows import Rows
from service.usecases.answer.evidence import same_as
from service.usecases.answer.measuring import Measuring, load_networkx
from service.usecases.answer.page import Page, page_of, sent_after
from service.usecases.answer.report import Report
from service.usecases.answer.requirement import check_answer
from service.usecases.answer.resume import Book, Resume
from service.usecases.answer.run import Run
from service.usecases.answer.teaching import lessons_of
from service.usecases.crosswalk.kinship import Kinship
from service.usecases.estimate.experience import Experience
from service.usecases.pulse import Beat, Pulse
from service.usecases.request import GraphRequest, Identity

# What a loop over pages may bring nothing for, one page after the other, before it is ended: a source
# that was down for a moment gets another chance or two, one that stays dead does not keep its callers.
_MOST_FRUITLESS = 300
NOTHING_AT_ALL = 100
# Who came no sooner than a throttling source had said is not the one to blame: another caller was quicker.
_AS_TOLD = 10
# Seconds before the deadline at which measuring ends: what is told has to be written, too.
_TO_WRITE = 0.02
# Which nodes to search between was still open when a budget was spent.
_NOT_SEARCHED: dict[str, Any] = {"paths": [], "verdict": PathVerdict.NONE_WITHIN_BUDGET.value}


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer cost; `hops` is how far out its farthest node is."""

    hops: int
    nodes: int
    edges: int
    calls: int
    elapsed: timedelta


@dataclass(frozen=True, slots=True)
class SeedTold:
    """One seed: its address in the answer, the text that was sent, and whether anybody knows it.

    `known` is None where no source could tell.
    """

    address: Address
    requested: str
    known: bool | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The graph, and everything that says how complete it is.

    `page` holds the records of this page. `store_down` says that the cache failed. `extra` are the
    parts of the answer that only some requests have: `paths`, `verdict`, `measures`, `identity`.
    `heard_at` is when the sources' last word came, in seconds of the clock's `monotonic`. What it was
    `made_of` goes with it.
    """

    page: Page
    seeds: tuple[SeedTold, ...]
    complete: bool
    truncated: tuple[str, ...]
    reports: tuple[Report, ...]
    spent: Spent
    store_down: bool
    next_cursor: str | None
    extra: Mapping[str, Any]
    heard_at: float
    made_of: object = field(default=None, repr=False, compare=False)

    @property
    def graph(self) -> Graph:
        """Give the page as a graph; made anew each time it is asked for."""
        return as_graph(self.page.records)

    @property
    def seed(self) -> Address:
        """Give the first seed."""
        return self.seeds[0].address

    @property
    def requested(self) -> str:
        """Give the text the first seed was sent as."""
        return self.seeds[0].requested

    @property
    def seed_known(self) -> bool | None:
        """Tell whether anybody knows the first seed."""
        return self.seeds[0].known

    @property
    def is_settled(self) -> bool:
        """Tell whether it would be told again as it is: whole, of what was at hand, and all measured."""
        measures = self.extra.get("measures", {})
        measured = all(told["finished"] for told in measures.values())
        return self.complete and not self.spent.calls and measured

    @property
    def selection(self) -> bool:
        """Tell whether the first seed is a selection."""
        return isinstance(self.seed, Selection)


@dataclass(slots=True)
class Answering:
    """One answer under way: its run, the pages before this one, and how it is concluded.

    `started` is in seconds of the clock's `monotonic`; `asked` is what it was asked about, and `bind`
    gives what its cursor is bound to.
    """

    clock: Clock
    pulse: Pulse
    resume: Resume
    measuring: Measuring
    request: GraphRequest
    run: Run
    book: Book
    bind: Callable[..., bytes]
    asked: Sequence[str]
    crosswalk: str
    kinship: Kinship | None
    started: float
    experience: Experience

    async def conclude(self) -> Answer:
        """Put the page together and keep what the next one needs; AnswerRefusedError, UnknownNodeError."""
        run, inquiry = self.run, self.run.inquiry
        records = assemble(
            run.machine,
            told=run.told_of,
            order=self.request.order,
            scribe=run.drafts.scribe,
            settled=None if run.drafts.outskirts is None else run.drafts.outskirts.settled,
        )
        if self.request.explain:
            records = _explained(records, run, self.kinship)
        page = page_of(records, sent=self.book.sent)
        reports = run.conclude(edges=page.records.edges)
        self._take_pulse(reports)
        began = self.clock.now() - timedelta(seconds=self.clock.monotonic() - self.started)
        if any(each.listing.fetched_at >= began for each in inquiry.findings.values()):
            # What the cache alone has told teaches nothing, and is not held for it.
            self.experience.learn_later(partial(lessons_of, run, began=began))
        # A path's target is no seed.
        asked = run.seeds[: len(self.request.nodes)]
        seeds = tuple(
            SeedTold(seed.name, seed.requested, known)
            for seed, known in zip(asked, run.known(asked), strict=True)
        )
        complete = run.complete
        check_answer(
            reports,
            known=_known(seeds),
            complete=complete,
            require=self.request.require,
            only_if_cached=self.request.tolerance.only_if_cached,
        )
        cursor = await self._next_cursor(page, reports, began=began)
        extra, page = await self._extra(page, records)
        return Answer(
            page=page,
            seeds=seeds,
            complete=complete,
            truncated=tuple(sorted(run.truncated)),
            reports=reports,
            spent=Spent(
                hops=_farthest(page, run),
                nodes=len(page.records.nodes),
                edges=len(page.records.edges),
                calls=inquiry.fetcher.calls.total(),
                elapsed=timedelta(seconds=self.clock.monotonic() - self.started),
            ),
            store_down=inquiry.fetcher.store_down,
            next_cursor=cursor,
            extra=extra,
            heard_at=run.heard_at,
            made_of=run if isinstance(records.nodes, Rows) else None,
        )

    async def _next_cursor(self, page: Page, reports: Sequence[Report], *, began: datetime) -> str | None:
        """Keep this page if it left work undone and another page may bring that nearer to its end."""
        inquiry = self.run.inquiry
        # A loop under way asks again for what only a source has failed at. The first page does not begin
        # one for that, unless a listing has come a part of its way; a search for paths asks nobody again.
        begun = self.book.sheets or (inquiry.has_stopped_midway and self.request.to is None)
        if not self.run.unfinished and not (begun and self.run.may_heal):
            return None
        fruitless = 0
        if self.book.sheets and not (page.records.nodes or page.records.edges or inquiry.moved):
            fruitless = self.book.fruitless + self._weight(began)
        if fruitless >= _MOST_FRUITLESS:
            return None
        waits = [each.retry_after for each in reports if each.outcome is Outcome.THROTTLED]
        wait = max((each for each in waits if each is not None), default=None)
        try:
            sheet = inquiry.sheet(
                fruitless=fruitless,
                again_at=None if wait is None else self.clock.now() + wait,
                sent=sent_after(page, before=self.book.sent or {}),
                seeds=self._seeds(),
                verdicts={} if self.kinship is None else self.kinship.verdicts,
            )
            return await self.resume.keep(
                self.book,
                sheet,
                binding=self.bind(seeds=self.asked),
                resolved=self.bind(seeds=self._resolved()),
                crosswalk=self.crosswalk,
            )
        except StoreUnavailableError:
            inquiry.fetcher.shelf.down = True
            return None

    def _weight(self, began: datetime) -> int:
        """Give what a page weighs that has brought nothing."""
        if self.run.inquiry.fetcher.advanced:
            # A listing may have empty pages; one of which nothing but pages comes is not followed for ever.
            return 1
        again_at = self.book.sheets[-1].again_at if self.request.to is None else None
        return NOTHING_AT_ALL if again_at is None or began < again_at else _AS_TOLD

    def _seeds(self) -> tuple[str, ...]:
        """Give the addresses as the first page was asked about them."""
        if self.book.sheets:
            return self.book.sheets[0].seeds
        return tuple(seed.requested for seed in self.run.seeds)

    def _resolved(self) -> list[str]:
        """Give the addresses that the answer is about, as it tells them."""
        off = self.request.identity is Identity.OFF
        return [seed.requested if off else str(seed.located.seed) for seed in self.run.seeds]

    async def _extra(self, page: Page, everything: Records) -> tuple[dict[str, Any], Page]:
        """Give what only some answers tell, and the page with it; measures are of all pages so far."""
        machine, request = self.run.machine, self.request
        extra: dict[str, Any] = {}
        if request.to is not None:
            extra |= _paths(machine) if isinstance(machine, PathSearch) else _NOT_SEARCHED
        if request.explain:
            extra["identity"] = {
                "mode": request.identity.value,
                "merged": sum(len(node["same_as"]) > 0 for node in page.records.nodes),
                "inside": len(self.run.naming.inside),
            }
        if request.measures:
            await load_networkx()
            measured = await self.measuring.measure(
                as_graph(everything),
                request.measures,
                deadline=self.started + request.budget.timeout.total_seconds() - _TO_WRITE,
            )
            extra["measures"] = measured.record()
            nodes = write_measures(measured, nodes=page.records.nodes)
            page = replace(page, records=Records(nodes, page.records.edges))
        return extra, page

    def _take_pulse(self, reports: Sequence[Report]) -> None:
        now = self.clock.now()
        fetcher = self.run.inquiry.fetcher
        accesses = fetcher.shelf.accesses
        for report in reports:
            fetcher.flights.meter.concluded(report.source, outcome=report.outcome)
            # What the cache answered says nothing of how the source is.
            if report.calls:
                until = None if report.retry_after is None else now + report.retry_after
                beat = Beat(report.outcome, now, until)
                self.pulse.note(report.source, identity=accesses[report.source].identity, beat=beat)


def _paths(search: PathSearch) -> dict[str, Any]:
    return {"paths": [list(map(str, path)) for path in search.paths], "verdict": search.verdict.value}


def _hop_of(node: Record) -> int:
    # A field is found in a fifth of the time that its name takes.
    hop: int = node.hop if isinstance(node, NodeRecord) else node["hop"]
    return hop


def _farthest(page: Page, run: Run) -> int:
    """Give how far out the farthest node of a page is; a first page has all there are."""
    hops = run.machine.hop.values() if page.amended is None else map(_hop_of, page.records.nodes)
    return max(hops, default=0)


def _explained(records: Records, run: Run, kinship: Kinship | None) -> Records:
    by_id = {str(node): node for node in run.machine.hop}
    nodes: list[Record] = [
        {**record, "same_as": same_as(by_id[record["id"]], run=run, kinship=kinship)}
        for record in records.nodes
    ]
    return Records(nodes, records.edges)


def _known(seeds: Sequence[SeedTold]) -> bool | None:
    """Tell whether any seed is known; False only if every source says of each that it is not."""
    told = {seed.known for seed in seeds}
    return False if told == {False} else None
