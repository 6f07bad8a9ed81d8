"""An answer told as it becomes known: events, from the same run as the answer at once.

Whoever folds the events has the answer: the newest `node` and `edge` of an id, the newest `source`
of a name, less what `done` withdraws. An edge is told when the first source has told of it, although
a slower one may yet push it out of a full budget; only then is anything withdrawn.

The run waits for its reader: nothing more is asked while much is still untold, so a slow reader costs
no memory. Events are made when they are about to leave, from what the run holds anyway.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain, islice
from typing import Any

from connectors.model import Address, NodeId
from connectors.walk import Finding
from connectors.wire import Aspect
from service.graph.asked import Degree, Told
from service.graph.assemble import Records, edge_record
from service.graph.expansion import Expansion
from service.graph.record import Record
from service.graph.scribe import Scribe
from service.usecases.answer.answering import Answer, Answering
from service.usecases.answer.page import Page
from service.usecases.ask import Ask
from service.usecases.request import Require

# Events untold at which the run waits: some hundred kilobytes, and more than a batch of replies.
_MOST_UNTOLD = 1_000
# Relations of one listing that are told before its round is over; to look at more takes its time.
_MOST_EARLY = 2_000
# Seconds without news after which the caller is told how far things are: proxies end silent streams.
_SILENCE = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How much is known: nodes and edges on this page, and upstream calls made."""

    nodes: int
    edges: int
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """The whole answer but its records, and the ids of what was told and is no part of it."""

    answer: Answer
    withdrawn_nodes: tuple[str, ...]
    withdrawn_edges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing told.

    `body` is by `kind`: meta the seeds, alias a Seed, node and edge a record, source a Report,
    progress a Progress, done a Done.
    """

    kind: str
    body: Any


@dataclass(frozen=True, slots=True)
class _Early:
    """A node that is about to be part of the answer, as its record is written."""

    hop: dict[NodeId, int]
    word: str

    def expansion_of(self, node: NodeId) -> str:  # noqa: ARG002 - one node only
        return self.word

    def degree_of(self, node: NodeId) -> Degree | None:  # noqa: ARG002 - nobody was asked yet
        return None


class Stream:
    """One answer being told; `begin` it, take `news` until there is none, and `close` it in any case."""

    def __init__(self, answering: Answering) -> None:
        """Watch a run that has not begun its page."""
        self._answering = answering
        self._run = answering.run
        self._bell = asyncio.Event()
        self._drained = asyncio.Event()
        self._told: dict[str, bytes] = {}
        self._told_sources: dict[str, tuple[Any, ...]] = {}
        self._heard: list[tuple[Ask, Finding]] = []
        self._seen_nodes = self._seen_edges = 0
        self._introduced = self._answered = False
        self._telling: Iterator[Event] = iter(())
        self._last: list[Event] | None = None
        self._task: asyncio.Task[Answer] | None = None
        fetcher = self._run.inquiry.fetcher
        fetcher.heard, fetcher.room = self._hear, self._room
        self._run.watch = self._bell.set

    async def begin(self) -> None:
        """Start, and return when there is something to tell; raises what the answer would.

        A request that wants nothing less than a complete answer is told nothing before there is one.
        """
        self._note_earlier_pages()
        self._task = asyncio.create_task(self._answer())
        while not self._task.done() and not self._has_begun():
            await self._ring()
        if self._task.done():
            self._task.result()

    @property
    def seeds(self) -> tuple[Address, ...]:
        """Give the seeds as the answer names them, without a path's target."""
        seeds = self._run.seeds[: len(self._answering.request.nodes)]
        return tuple(seed.name for seed in seeds)

    @property
    def complete(self) -> bool:
        """Tell whether the answer is known already, and known to be complete."""
        done = self._task is not None and self._task.done()
        return done and self._run.complete

    async def news(self) -> list[Event]:
        """Wait for something to tell, and give it; [] after `done`."""
        while self._last is None:
            events = list(islice(self._telling, _MOST_UNTOLD))
            if not events:
                self._telling = self._pending()
                events = list(islice(self._telling, _MOST_UNTOLD))
            if events:
                return events
            self._drained.set()
            assert self._task is not None  # noqa: S101 - `begin` comes first
            if self._task.done():
                self._last = self._conclude(self._task.result())
                self._task = None
            elif not await self._ring():
                return [self._progress()]
        events, self._last = self._last[:_MOST_UNTOLD], self._last[_MOST_UNTOLD:]
        return events

    async def close(self) -> None:
        """End the run, whatever it is at."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _answer(self) -> Answer:
        try:
            await self._run.page()
            # Until the reader is near the end, the records of the whole answer are not made.
            await self._room()
            return await self._answering.conclude()
        finally:
            self._bell.set()

    async def _ring(self) -> bool:
        """Wait for the bell; False when it has been silent for long."""
        self._bell.clear()
        assert self._task is not None  # noqa: S101 - `begin` comes first
        if self._task.done():
            return True
        try:
            async with asyncio.timeout(_SILENCE):
                await self._bell.wait()
        except TimeoutError:
            return False
        return True

    def _hear(self, ask: Ask, finding: Finding) -> None:
        self._heard.append((ask, finding))
        listing = finding.listing
        self._answered |= bool(listing.edges or listing.facts) or (
            finding.outcome.answered and not listing.absent
        )
        self._bell.set()

    async def _room(self) -> None:
        # Before the answer has begun there is nobody to wait for.
        while self._has_begun() and self._untold() > _MOST_UNTOLD:
            self._drained.clear()
            self._bell.set()
            await self._drained.wait()

    def _untold(self) -> int:
        machine = self._run.machine if self._run.seeds else None
        if not isinstance(machine, Expansion):
            # Of a search for paths nothing is told before its end.
            return 0
        known = sum(machine.size) - self._seen_nodes - self._seen_edges
        return known + sum(len(finding.listing.edges) for _, finding in self._heard)

    def _has_begun(self) -> bool:
        require = self._answering.request.require
        if require is Require.NONE:
            return bool(self._run.seeds)
        return require is Require.SOME and bool(self._run.seeds) and self._answered

    def _note_earlier_pages(self) -> None:
        machine = self._run.machine if self._run.seeds else None
        if isinstance(machine, Expansion):
            self._seen_nodes, self._seen_edges = machine.before

    # telling ----------------------------------------------------------------------------------------

    def _pending(self) -> Iterator[Event]:
        """Give what is known and not told yet; each is taken as told when it is given."""
        if not self._run.seeds:
            return
        if not self._introduced:
            self._introduced = True
            yield Event("meta", self._run.seeds)
            for seed in self._run.seeds:
                if str(seed.name) != seed.requested:
                    yield Event("alias", seed)
        yield from self._admitted()
        yield from self._early()
        yield from self._sources()

    def _admitted(self) -> Iterator[Event]:
        machine = self._run.machine
        if not isinstance(machine, Expansion):
            # Of a search for paths nothing is part of the answer before its end.
            return
        edges = list(machine.merged(after=self._seen_edges))
        scribe = Scribe()
        for edge in edges:
            for word in edge.provenance:
                for end in edge.key[:2]:
                    scribe.note(end.text, source=word.source)
        for node in list(islice(machine.hop, self._seen_nodes, None)):
            self._seen_nodes += 1
            if str(node) not in self._told:
                (record,) = scribe.write_nodes((node,), found=machine, told=self._run.told_of)
                yield from self._tell("node", record)
        for edge in edges:
            self._seen_edges += 1
            written = scribe.write_edge(edge)
            if written.id not in self._told:
                yield from self._tell("edge", written)

    def _early(self) -> Iterator[Event]:
        """Tell what the words heard in this round will bring, while there is surely room for it."""
        heard, self._heard = self._heard, []
        machine = self._run.machine
        if not isinstance(machine, Expansion):
            return
        for ask, finding in heard:
            if ask.aspect is not Aspect.RELATIONS or len(finding.listing.edges) > _MOST_EARLY:
                continue
            named = self._run.naming.rename(ask.source, finding)
            address = ask.address
            if isinstance(address, NodeId):
                address = self._run.naming.name(ask.source, address)
            edges = machine.preview(address, Told(ask.source.name, named))
            new = [edge for edge in edges if not machine.holds(edge) and edge.id not in self._told]
            ends = dict.fromkeys(end for edge in new for end in edge.key[:2])
            fresh = [end for end in ends if end not in machine.hop and str(end) not in self._told]
            if not machine.has_room(nodes=len(fresh), edges=len(new)):
                continue
            for end in fresh:
                yield from self._tell("node", self._early_record(machine, address, end, ask.source.name))
            for edge in new:
                yield from self._tell("edge", edge_record(edge))

    def _early_record(self, machine: Expansion, address: Address, end: NodeId, source: str) -> Record:
        hop = machine.hop[address] + 1 if isinstance(address, NodeId) else int(not address.covers(end))
        word = "boundary" if hop >= machine.hops else "cut"
        scribe = Scribe()
        scribe.note(end.text, source=source)
        (record,) = scribe.write_nodes((end,), found=_Early({end: hop}, word), told=self._run.told_of)
        return record

    def _sources(self) -> Iterator[Event]:
        for name, report in sorted(self._run.inquiry.reports.items()):
            form = (report.outcome, report.answered, len(report.findings))
            if report.findings and self._told_sources.get(name) != form:
                self._told_sources[name] = form
                report.calls = self._run.inquiry.fetcher.calls[name]
                yield Event("source", report)

    def _tell(self, kind: str, record: Record) -> Iterator[Event]:
        digest = blake2b(repr(record).encode("utf-8", "backslashreplace"), digest_size=8).digest()
        if self._told.get(record["id"]) != digest:
            self._told[record["id"]] = digest
            yield Event(kind, record)

    def _progress(self) -> Event:
        answering, inquiry = self._answering, self._run.inquiry
        known = self._run.machine.size if self._run.seeds else (0, 0)
        elapsed = answering.clock.monotonic() - answering.started
        return Event("progress", Progress(*known, inquiry.fetcher.calls.total(), elapsed))

    def _conclude(self, answer: Answer) -> list[Event]:
        """Tell what has become otherwise since it was told, every source as it ended, and the end."""
        nodes, edges = answer.page.records.nodes, answer.page.records.edges
        events = list(chain.from_iterable(self._tell("node", record) for record in nodes))
        events += chain.from_iterable(self._tell("edge", record) for record in edges)
        node_ids, edge_ids = {record["id"] for record in nodes}, {record["id"] for record in edges}
        gone = [told for told in self._told if told not in node_ids and told not in edge_ids]
        events += [Event("source", report) for report in answer.reports]
        events.append(self._progress())
        # What was told already is not kept while a slow reader takes the rest.
        amended = answer.page.amended
        answer = replace(answer, page=Page(Records([], []), amended))
        # An edge's id is a hash; an address always holds a colon.
        withdrawn = Done(
            answer,
            tuple(sorted(each for each in gone if ":" in each)),
            tuple(sorted(each for each in gone if ":" not in each)),
        )
        return [*events, Event("done", withdrawn)]
