"""Answers one hop's questions: from the cache where it will do, from the sources where not."""

from asyncio import Semaphore, TaskGroup, Timeout, get_running_loop, timeout
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.model import Address, NodeId, Outcome
from connectors.ports import Allowance, Caller, Clock
from connectors.walk import Finding, Listing, Trail, Walk
from service.cache.freshness import Standing
from service.usecases.ask import Ask, Held, Since
from service.usecases.asking.flight import TIME_IS_UP, Alone, Landing, Overhear, Rider, to_nobody, to_nothing
from service.usecases.asking.flights import Flights
from service.usecases.asking.routing import route_of
from service.usecases.asking.settling import SERVED, Answered, batches, for_all, from_cache, settled
from service.usecases.asking.spending import Spending
from service.usecases.asking.turn import Turn
from service.usecases.cached.ledger import Ledger, Owed
from service.usecases.cached.perusal import Spare, endless, peruse
from service.usecases.cached.shelf import Shelf
from service.usecases.source import Source

# Seconds from the beginning of an answer for which a source is awaited although a stale answer of its
# is at hand that may stand in: a quick source is worth them, and a slow one goes on behind the answer.
PATIENCE = 0.1


async def _at_once() -> None:
    """Wait for nothing."""


def _to_nobody(_ask: Ask, _finding: Finding) -> None: ...


@dataclass(slots=True)
class Fetcher:
    """Fetches for one answer, in the name of `caller`; `calls` counts upstream calls by source.

    `deadline` is in seconds of the clock's `monotonic`, `spare` says what is left of the answer's time when
    so much is told beside what is `known`. `heard` is told each finding as it comes, `brought` those that a
    source was asked for, and `leads_on` tells of which asks the findings name who is asked about while this
    goes on. `room` is awaited before anything is asked: who reads the answer may be slower than its sources.
    `left` are the trails of walks that were stopped on the way, here or on an earlier page; `advanced` counts
    those that came farther here, `learnt` those that brought anything.
    """

    shelf: Shelf
    flights: Flights
    clock: Clock
    allowance: Allowance
    deadline: float
    caller: Caller
    spare: Spare = endless
    known: Callable[[], Collection[object]] = frozenset
    calls: Counter[str] = field(default_factory=Counter)
    heard: Callable[[Ask, Finding], None] = _to_nobody
    brought: Callable[[Ask, Finding], None] = _to_nobody
    leads_on: Callable[[Ask], bool] = to_nothing
    room: Callable[[], Awaitable[None]] = _at_once
    left: dict[Ask, Trail] = field(default_factory=dict)
    advanced: int = 0
    learnt: int = 0
    _turns: dict[str, Semaphore] = field(default_factory=dict)
    _overheard: dict[Ask, Finding] = field(default_factory=dict)
    _riding: set[Timeout] = field(default_factory=set)
    _patient_until: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin to be patient."""
        self._patient_until = self.clock.monotonic() + PATIENCE

    def leave(self, source: Source, trail: Trail) -> None:
        """Take over a trail from an earlier page."""
        for address in trail.addresses:
            self.left[Ask(source, address, trail.want.aspect)] = trail

    @property
    def trails(self) -> tuple[tuple[str, Trail], ...]:
        """Give every trail once, with the name of its source."""
        found = {
            (ask.source.name, trail.addresses, trail.want.aspect): trail for ask, trail in self.left.items()
        }
        return tuple((name, trail) for (name, _, _), trail in found.items())

    @property
    def ledger(self) -> Ledger:
        """Give what was told of nodes."""
        return self.shelf.ledger

    @property
    def store_down(self) -> bool:
        """Tell whether the cache failed this answer."""
        return self.shelf.down

    async def fetch(
        self, asks: Sequence[Ask], *, nodes: Collection[NodeId], ahead: bool = False
    ) -> dict[Ask, Answered]:
        """Answer the asks, and complete what the cache has told of `nodes`, in one go.

        While sources are asked, what the cache told just now is completed too: when a slow source
        has used up the time, a fast one's answer is not the less whole. Who asks `ahead` may be given
        up at any time, and leaves that to whoever tells.
        """
        await self.room()
        looked = self.clock.monotonic()
        perused = await peruse(
            asks,
            nodes=nodes,
            shelf=self.shelf,
            meter=self.flights.meter,
            deadline=self.deadline,
            spare=self.spare,
            known=self.known,
        )
        held, gone = perused.held, perused.gone
        answered = {ask: from_cache(each) for ask, each in held.items() if each.standing in SERVED}
        for ask, each in answered.items():
            self.left.pop(ask, None)
            self.heard(ask, each.finding)
        # Whose listings there is no time to tell are not asked for either.
        answered |= {ask: Answered(self._blank(ask, Outcome.TIMEOUT, TIME_IS_UP)) for ask in perused.unread}
        missing = dict.fromkeys(ask for ask in asks if ask not in answered)
        repairs = [ask for ask in dict.fromkeys(map(self._lister, gone)) if ask not in missing]
        fetched: dict[Ask, Answered] = {}
        late: dict[Ask, None] = {}
        if missing or repairs:
            async with TaskGroup() as group:
                completing = group.create_task(
                    self.shelf.read((), nodes=() if ahead else None, deadline=self.deadline)
                )
                calling = group.create_task(self._call(list(missing), repairs, held=held, looked=looked))
            fetched = calling.result()
            late = dict.fromkeys(map(self._lister, completing.result()[1]))
            # Neither is a stale listing whole enough to stand in, when its facts are gone.
            repairs += (again := [ask for ask in late if ask not in fetched or fetched[ask].meanwhile])
            fetched |= await self._call([], again, held={}, looked=looked)
        for ask in missing:
            answered[ask] = settled(fetched[ask], None if ask in late else held.get(ask))
            if answered[ask].cached:
                self.heard(ask, answered[ask].finding)
        return answered | {
            ask: fetched[ask]
            for ask in repairs
            if ask not in missing and not fetched[ask].finding.outcome.whole
        }

    def hurry(self) -> None:
        """Have whoever rides leave with what is known: their answer's deadline has come before theirs."""
        for patience in self._riding:
            if not patience.expired():
                patience.reschedule(get_running_loop().time())

    def _lister(self, owed: Owed) -> Ask:
        return Ask(self.shelf.sources[owed.source], owed.listed_by, owed.aspect)

    async def _call(
        self, asks: Sequence[Ask], repairs: Sequence[Ask], *, held: Mapping[Ask, Held], looked: float
    ) -> dict[Ask, Answered]:
        """Ask; for `repairs` what the cache held when it was looked at (`looked`) will not do."""
        found: dict[Ask, Answered] = {}
        callable_ = []
        for ask in (*asks, *repairs):
            finding = self._without_call(ask)
            if finding is None:
                callable_.append(ask)
            else:
                found[ask] = Answered(finding)
        async with TaskGroup() as group:
            left = {
                (ask.source, trail.addresses, trail.want.aspect): trail
                for ask in callable_
                if (trail := self.left.get(ask)) is not None
            }
            for (source, *_), trail in left.items():
                group.create_task(self._go_on(source, trail, found))
            new = dict.fromkeys(ask for ask in callable_ if ask not in self.left)
            mended = [ask for ask in repairs if ask in new]
            for ask in mended:
                del new[ask]
            for batch in (*batches(list(new)), *batches(mended)):
                since = Since(looked, afresh=batch[0] in mended)
                stale = {ask: each for ask in batch if (each := held.get(ask)) is not None}
                group.create_task(self._fly(batch, stale, since, found))
        return found

    def _without_call(self, ask: Ask) -> Finding | None:
        """Give the finding of an ask that no call can or may answer."""
        if self.shelf.accesses[ask.source.name].sender is None:
            return self._blank(ask, Outcome.NO_CREDENTIAL, "the source takes the caller's own credential")
        if self.shelf.tolerance.only_if_cached:
            return self._blank(ask, Outcome.UNAVAILABLE, "not cached, and only cached data was wanted")
        return None

    def _blank(self, ask: Ask, outcome: Outcome, detail: str) -> Finding:
        applied = ask.source.connector.pushed(ask.address, self.shelf.filter, batched=False)
        return Finding(outcome, Listing(ask.address, ask.aspect, applied, self.clock.now()), detail)

    async def _fly(
        self, batch: Sequence[Ask], stale: Mapping[Ask, Held], since: Since, found: dict[Ask, Answered]
    ) -> None:
        """Have a batch asked, by whomever; again, where somebody else's patience or budget was at an end."""
        source, aspect = batch[0].source, batch[0].aspect
        turn, untold = Turn(self._turns_of(source)), len(batch)

        def overhear(rider: Rider, address: Address, landing: Landing) -> None:
            # Told at once, and settled when it has been kept: meanwhile another question has its turn.
            nonlocal untold
            finding, ask = landing.finding, Ask(source, address, aspect)
            if finding is not None and not self._is_anothers(landing, rider, since):
                self._hear(ask, finding)
                self._overheard[ask] = finding
                untold -= 1
                # Behind a slow reader no more than the usual number has begun.
                if not untold and self.room is _at_once:
                    turn.end()

        rider = self._rider(source, overhear, leads_on=any(map(self.leads_on, batch)))
        # What has not begun can still wait for the reader.
        async with turn:
            await self.room()
            waiting = {ask.address: ask for ask in batch}
            if self.clock.monotonic() >= self.deadline:
                # Thousands may have waited for their turn: none of them takes what a seat costs.
                for ask in batch:
                    found[ask] = Answered(self._blank(ask, Outcome.TIMEOUT, TIME_IS_UP))
                    self._adopt(ask, found[ask].finding, None)
                return
            while waiting:
                landings = await self._ride(waiting, stale, since, rider)
                elsewhere = [
                    waiting[address] for address, landed in landings.items() if landed.finding is None
                ]
                known = await self.shelf.catch_up(elsewhere, since=since, deadline=self.deadline)
                for address, landing in landings.items():
                    ask = waiting[address]
                    if ask in known:
                        found[ask] = from_cache(known[ask])
                        self.heard(ask, found[ask].finding)
                        del waiting[address]
                    elif landing.finding is not None and not self._is_anothers(landing, rider, since):
                        found[ask] = self._arrived(ask, landing, batch, stale.get(ask))
                        del waiting[address]
                since = replace(since, looked=self.clock.monotonic())

    async def _ride(
        self, waiting: Mapping[Address, Ask], stale: Mapping[Ask, Held], since: Since, rider: Rider
    ) -> dict[Address, Landing]:
        flights, first, patience = self.flights, next(iter(waiting.values())), timeout(None)
        seats = flights.board(route_of(first, shelf=self.shelf, since=since), waiting, rider)
        standing_in = [
            seat
            for address, seat in seats.items()
            if (held := stale.get(waiting[address])) is not None
            and held.standing is Standing.STALE_WHILE_REVALIDATE
            and not flights.has_failed(seat.key)
        ]
        for seat in standing_in:
            flights.stay(seat, self.caller)
        others = [seat for seat in seats.values() if seat not in standing_in]
        try:
            with suppress(TimeoutError):
                async with patience:
                    self._riding.add(patience)
                    await flights.ride(standing_in, until=min(self._patient_until, self.deadline))
                    await flights.ride(others, until=self.deadline)
            return {address: flights.leave(seat, rider) for address, seat in seats.items()}
        except BaseException:
            flights.abandon(seats.values(), rider)
            raise
        finally:
            self._riding.discard(patience)

    def _is_anothers(self, landing: Landing, rider: Rider, since: Since) -> bool:
        """Tell whether how a question ended will do for others only, and there is time to ask again."""
        finding, now = landing.finding, self.clock.monotonic()
        if finding is None or now >= rider.deadline:
            return False
        tolerance = self.shelf.tolerance
        if tolerance.max_age is not None and (finding.cacheable or finding.listing.edges):
            # What was in before this answer looked is judged as the cache's would be.
            age = self.clock.now() - finding.listing.fetched_at - timedelta(seconds=now - since.looked)
            return age > max(tolerance.max_age, tolerance.least_max_age)
        return landing.falls_short(rider)

    def _arrived(self, ask: Ask, landing: Landing, batch: Sequence[Ask], held: Held | None) -> Answered:
        """Take in what was found out about an ask."""
        finding, trail = landing.finding, landing.trail
        assert finding is not None  # noqa: S101 - who calls has looked
        standing_in = held is not None and held.standing is Standing.STALE_WHILE_REVALIDATE
        if standing_in and not landing.latest and self.clock.monotonic() < self.deadline:
            return Answered(finding, meanwhile=True)
        # A trail of questions that this answer did not ask is not its to go on with.
        if trail is not None and not set(trail.addresses) <= {each.address for each in batch}:
            trail = None
        self._adopt(ask, finding, trail)
        return Answered(finding)

    async def _go_on(self, source: Source, trail: Trail, found: dict[Ask, Answered]) -> None:
        """Go on with a walk that was stopped on the way: nobody else asks just that."""
        sender = self.shelf.accesses[source.name].sender
        assert sender is not None  # noqa: S101 - `_without_call` has seen to it
        walk, rider = Walk.resume(source.connector, trail), self._rider(source)
        async with Turn(self._turns_of(source)):
            await self.room()
            findings = await self.flights.drive(
                walk, sender=sender, demand=Alone(rider), deadline=rider.deadline
            )
        shared = [for_all(finding, source) for finding in findings]
        left = walk.trail(now=self.clock.now())
        for finding in shared:
            ask = Ask(source, finding.listing.address, finding.listing.aspect)
            self._adopt(ask, finding, left)
            found[ask] = Answered(finding)
        kept = await self.shelf.trails.left(source, left, before=trail)
        await self.shelf.keep(source, shared, deadline=self.deadline, beside=kept)

    def _hear(self, ask: Ask, finding: Finding) -> None:
        self.ledger.hear(finding.listing, source=ask.source.name)
        self.heard(ask, finding)
        self.brought(ask, finding)

    def _adopt(self, ask: Ask, finding: Finding, trail: Trail | None) -> None:
        self._measure(ask, trail)
        if trail is None:
            self.left.pop(ask, None)
        else:
            self.left[ask] = trail
        if self._overheard.pop(ask, None) is not finding:
            self._hear(ask, finding)

    def _turns_of(self, source: Source) -> Semaphore:
        # For every two that are out a third is got ready or digested: a free place is taken at once.
        return self._turns.setdefault(source.name, Semaphore(source.pace.concurrency * 3 // 2))

    def _rider(self, source: Source, overhear: Overhear = to_nobody, *, leads_on: bool = False) -> Rider:
        spending = Spending(self.allowance, self.calls, source.name)
        return Rider(self.caller, self.deadline, spending, overhear, leads_on)

    def _measure(self, ask: Ask, trail: Trail | None) -> None:
        """Count how far a walk has come that was stopped; once, by its first address."""
        if trail is None or ask.address != trail.addresses[0]:
            return
        before = self.left.get(ask)
        if trail is not before:
            self.advanced += 1
            self.learnt += trail.size > (0 if before is None else before.size)
