"""Answers a request: expands its seeds over every source that accepts each node, and says how it went."""

from asyncio import timeout
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from connectors.contract import Filter
from connectors.errors import InvalidParameterError, RequestError, StoreUnavailableError
from connectors.model import Selection
from connectors.ports import Clock
from service.graph.budget import Tally
from service.usecases.answer.answering import NOTHING_AT_ALL, Answer, Answering
from service.usecases.answer.inquiry import Inquiry, SheetError
from service.usecases.answer.locate import Located, choose, locate
from service.usecases.answer.measuring import Measuring
from service.usecases.answer.naming import Naming, alone
from service.usecases.answer.reserve import Reserve
from service.usecases.answer.resume import Book, ExpiredCursorError, Resume
from service.usecases.answer.run import Run
from service.usecases.answer.timing import Timing
from service.usecases.asking.fetch import Fetcher
from service.usecases.asking.flights import Flights
from service.usecases.cached.cabinet import Cabinet
from service.usecases.cached.footing import Footing
from service.usecases.cached.ledger import Ledger
from service.usecases.cached.shelf import Shelf
from service.usecases.crosswalk.crosswalks import Crosswalks
from service.usecases.crosswalk.kinship import Kinship
from service.usecases.crosswalk.proving import prove
from service.usecases.estimate.experience import Experience
from service.usecases.pulse import Pulse
from service.usecases.request import GraphRequest, Identity
from service.usecases.source import Access, Source

_CHANGED = "what is configured has changed since; ask again from the first page"


@dataclass(frozen=True, slots=True)
class Expander:
    """What every answer needs: the configured sources, the cache, the flights and the clock.

    `pulse` is told how the sources did, `experience` what their answers were like, `reserve` how long
    it took to write them.
    """

    sources: tuple[Source, ...]
    cabinet: Cabinet
    flights: Flights
    clock: Clock
    pulse: Pulse
    resume: Resume
    crosswalks: Crosswalks
    measuring: Measuring
    experience: Experience = field(default_factory=Experience)
    reserve: Reserve = field(default_factory=Reserve)

    async def expand(self, request: GraphRequest, *, footing: Footing | None = None) -> Answer:
        """Answer one request; RequestError, or AnswerRefusedError when it requires more.

        A `footing` is told what the answer was read from.
        """
        answering = await self.begin(request, footing=footing)
        await answering.run.page()
        return await answering.conclude()

    async def begin(self, request: GraphRequest, *, footing: Footing | None = None) -> Answering:
        """Prepare an answer, as far as what an earlier page has brought; RequestError."""
        started = self.clock.monotonic()
        deadline = started + request.budget.timeout.total_seconds()
        chosen = choose(self.sources, request.sources)
        located = _locate_all(request, chosen)
        accesses = {source.name: source.admit(request.credentials.get(source.name)) for source in chosen}
        kinship = await self._kinship(request, chosen, accesses, deadline)
        bind = partial(
            self.resume.bind,
            request,
            sources=chosen,
            accesses=accesses,
        )
        crosswalk = "" if kinship is None else kinship.digest
        asked = _asked_about(request, located)
        make_shelf = partial(self._shelf, request, chosen, accesses)
        shelf = make_shelf(footing=footing)
        book = Book()
        if request.cursor is not None:
            bind_asked = partial(bind, seeds=asked)
            book = await self.resume.open(request.cursor, bind=bind_asked, crosswalk=crosswalk)
            located = _as_before(located, book.sheets[0].seeds, chosen)
            await _check(book, shelf)
        if kinship is not None and book.sheets:
            # What was found out for the first page holds for all: pages of one answer are about one graph.
            kinship.verdicts |= book.sheets[0].verdicts
        elif kinship is not None:
            apart = partial(make_shelf, markers_only=True)
            await prove(
                kinship, make_shelf=apart, flights=self.flights, caller=request.behalf, deadline=deadline
            )
        allowance = Tally(limit=request.budget.max_calls)
        fetcher = Fetcher(shelf, self.flights, self.clock, allowance, deadline, request.behalf)
        asserted = request.identity is Identity.ASSERTED
        run = Run(
            request,
            sources=chosen,
            located=located,
            inquiry=Inquiry(fetcher),
            naming=Naming(request.identity, sources=chosen, kin=alone if kinship is None else kinship),
            timing=Timing(self.reserve, self.clock, started, request.budget.timeout.total_seconds()),
            unsure=asserted and (kinship is None or not kinship.is_sure),
        )
        if book.sheets:
            await _replay(run, book)
        return Answering(
            clock=self.clock,
            pulse=self.pulse,
            resume=self.resume,
            measuring=self.measuring,
            request=request,
            run=run,
            book=book,
            bind=bind,
            asked=asked,
            crosswalk=crosswalk,
            kinship=kinship,
            started=started,
            experience=self.experience,
        )

    async def _kinship(
        self,
        request: GraphRequest,
        sources: Sequence[Source],
        accesses: Mapping[str, Access],
        deadline: float,
    ) -> Kinship | None:
        """Give what is asserted, nothing proven yet; None if nobody asks or it cannot be read."""
        if request.identity is not Identity.ASSERTED:
            return None
        try:
            async with timeout(deadline - self.clock.monotonic()):
                crosswalk = await self.crosswalks.current()
        except (StoreUnavailableError, TimeoutError):
            return None
        return Kinship(crosswalk, sources=sources, accesses=accesses)

    def _shelf(
        self,
        request: GraphRequest,
        sources: Sequence[Source],
        accesses: Mapping[str, Access],
        *,
        markers_only: bool = False,
        footing: Footing | None = None,
    ) -> Shelf:
        return Shelf(
            cabinet=self.cabinet,
            sources={source.name: source for source in sources},
            accesses=accesses,
            filter=_asked_upstream(request),
            tolerance=request.tolerance,
            ledger=Ledger(),
            markers_only=markers_only,
            footing=footing,
        )


def _locate_all(request: GraphRequest, sources: Sequence[Source]) -> list[tuple[str, Located]]:
    """Locate every seed, and the target last; the first that means nothing is told by its place."""
    located = [
        (text, _locate(text, sources, at=at, request=request)) for at, text in enumerate(request.nodes)
    ]
    if request.to is not None:
        try:
            located.append((request.to, locate(request.to, sources)))
        except RequestError as error:
            error.field = "to"
            raise
        if any(isinstance(each.seed, Selection) for _, each in located):
            raise InvalidParameterError(
                "a path leads from one node to another, not to a selection", field="to"
            )
    return located


def _locate(text: str, sources: Sequence[Source], *, at: int, request: GraphRequest) -> Located:
    try:
        return locate(text, sources)
    except RequestError as error:
        if len(request.nodes) > 1:
            error.field = f"nodes[{at}]"
        raise


def _asked_upstream(request: GraphRequest) -> Filter:
    """Give what upstreams may filter by.

    A search for paths looks at relations from both ends, and a merged node fits by any of its addresses.
    """
    wanted = request.rule.filter
    if request.to is None and request.identity is not Identity.ASSERTED:
        return wanted
    return replace(wanted, with_namespace=(), with_type=(), with_key=None)


def _asked_about(request: GraphRequest, located: Sequence[tuple[str, Located]]) -> list[str]:
    """Give what an answer is about, however it was written; with `off` how it was written counts."""
    off = request.identity is Identity.OFF
    return [text if off else str(each.seed) for text, each in located]


def _as_before(
    located: Sequence[tuple[str, Located]], seeds: Sequence[str], sources: Sequence[Source]
) -> list[tuple[str, Located]]:
    """Give the seeds as the first page was asked about them, with the texts that were sent now."""
    if len(seeds) != len(located):
        raise ExpiredCursorError(_CHANGED, field="cursor")
    return [
        (text, each if text == before else locate(before, sources))
        for (text, each), before in zip(located, seeds, strict=True)
    ]


async def _check(book: Book, shelf: Shelf) -> None:
    """See that what the earlier pages were made of may still be shown; ExpiredCursorError."""
    said = [word for sheet in book.sheets for each in sheet.rounds for word in each]
    accepted = [realm for realm, verdict in book.sheets[0].verdicts.items() if verdict]
    if await shelf.refused(said, accepted=accepted):
        raise ExpiredCursorError(
            "that a source still takes the credential is not proven; ask again from the first page",
            field="cursor",
        )


async def _replay(run: Run, book: Book) -> None:
    """Bring the run to where the earlier pages have left it; ExpiredCursorError when that cannot be."""
    try:
        run.inquiry.recall(book.sheets)
        for sheet in book.sheets:
            await run.replay(sheet)
            run.turn()
        run.go_on(fruitless=book.fruitless // NOTHING_AT_ALL)
    except SheetError:
        raise ExpiredCursorError(_CHANGED, field="cursor") from None
