"""Answers one hop's questions: from the cache where it will do, from the sources where not."""

from asyncio import Semaphore, TaskGroup
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from connectors.contract import Want
from connectors.model import NodeId, Outcome
from connectors.ports import Allowance, Clock, Sender
from connectors.settings import Visibility
from connectors.walk import Finding, Listing, Trail, Walk
from connectors.wire import Aspect
from service.cache.freshness import Standing
from service.usecases.ledger import Ledger, Owed
from service.usecases.shelf import Ask, Held, Shelf
from service.usecases.source import Source

# What a stale answer may stand in for: trouble that says nothing about who may see the data.
_STALE_INSTEAD = frozenset({Outcome.BROKEN, Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.TIMEOUT})


class Drive(Protocol):
    """Drives one walk to its end; the runtime's driver with its clock, sleeper and dice filled in."""

    async def __call__(
        self, walk: Walk, *, sender: Sender, allowance: Allowance, deadline: float
    ) -> tuple[Finding, ...]:
        """Give one finding per address of the walk."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """How one ask ended, and whether the cache answered it."""

    finding: Finding
    cached: bool = False


class _Counting:
    """One source's share of the calls of an answer."""

    def __init__(self, allowance: Allowance, calls: Counter[str], source: str) -> None:
        self._allowance = allowance
        self._calls = calls
        self._source = source

    @property
    def exhausted(self) -> bool:
        return self._allowance.exhausted

    def take(self) -> bool:
        taken = self._allowance.take()
        self._calls[self._source] += taken
        return taken


async def _at_once() -> None:
    """Wait for nothing."""


def _to_nobody(ask: Ask, finding: Finding) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Fetcher:
    """Fetches for one answer; `calls` counts upstream calls by source.

    `deadline` is in seconds of the clock's `monotonic`. `heard` is told each finding as it comes, and
    `room` is awaited before anything is asked: who reads the answer may be slower than its sources.
    `left` are the trails of walks that were stopped on the way, here or on an earlier page;
    `advanced` counts those that came farther here, `learnt` those of them that brought anything.
    """

    shelf: Shelf
    drive: Drive
    clock: Clock
    allowance: Allowance
    deadline: float
    calls: Counter[str] = field(default_factory=Counter)
    heard: Callable[[Ask, Finding], None] = _to_nobody
    room: Callable[[], Awaitable[None]] = _at_once
    left: dict[Ask, Trail] = field(default_factory=dict)
    advanced: int = 0
    learnt: int = 0
    _turns: dict[str, Semaphore] = field(default_factory=dict)

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

    async def fetch(self, asks: Sequence[Ask], *, nodes: Collection[NodeId]) -> dict[Ask, Answered]:
        """Answer the asks, and complete what the cache has told of `nodes`, in one go.

        While sources are asked, what the cache told just now is completed too: when a slow source
        has used up the time, a fast one's answer is not the less whole.
        """
        await self.room()
        held, gone = await self.shelf.read(asks, nodes=nodes, deadline=self.deadline)
        answered = {ask: _from_cache(each) for ask, each in held.items() if each.standing in _SERVED}
        for ask, from_cache in answered.items():
            self.left.pop(ask, None)
            self.heard(ask, from_cache.finding)
        missing = dict.fromkeys(ask for ask in asks if ask not in answered)
        repairs = [ask for ask in dict.fromkeys(map(self._lister, gone)) if ask not in missing]
        fetched: dict[Ask, Finding] = {}
        late: dict[Ask, None] = {}
        if missing or repairs:
            async with TaskGroup() as group:
                completing = group.create_task(self.shelf.read((), nodes=None, deadline=self.deadline))
                calling = group.create_task(self._call([*missing, *repairs]))
            fetched = calling.result()
            late = dict.fromkeys(map(self._lister, completing.result()[1]))
            repairs += (again := [ask for ask in late if ask not in fetched])
            fetched |= await self._call(again)
        for ask in missing:
            # A stale listing whose facts are gone is not whole enough to stand in for a failure.
            answered[ask] = settled = _settled(fetched[ask], None if ask in late else held.get(ask))
            if settled.cached:
                self.heard(ask, settled.finding)
        return answered | {ask: Answered(fetched[ask]) for ask in repairs if not fetched[ask].outcome.whole}

    def _lister(self, owed: Owed) -> Ask:
        return Ask(self.shelf.sources[owed.source], owed.listed_by, owed.aspect)

    async def _call(self, asks: Sequence[Ask]) -> dict[Ask, Finding]:
        found: dict[Ask, Finding] = {}
        callable_ = []
        for ask in asks:
            finding = self._without_call(ask)
            if finding is None:
                callable_.append(ask)
            else:
                found[ask] = finding
        async with TaskGroup() as group:
            left = {
                (ask.source, trail.addresses, trail.want.aspect): trail
                for ask, trail in self._left(callable_)
            }
            for (source, *_), trail in left.items():
                group.create_task(self._walk(source, Walk.resume(source.connector, trail), found))
            for batch in _batches([ask for ask in callable_ if ask not in self.left]):
                source, aspect = batch[0].source, batch[0].aspect
                addresses = [ask.address for ask in batch]
                walk = Walk(source.connector, addresses, Want(aspect, self.shelf.filter))
                group.create_task(self._walk(source, walk, found))
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

    async def _walk(self, source: Source, walk: Walk, found: dict[Ask, Finding]) -> None:
        sender = self.shelf.accesses[source.name].sender
        assert sender is not None  # noqa: S101 - `_without_call` has seen to it
        # More at once the source takes none; what has not begun can still wait for the reader.
        async with self._turns.setdefault(source.name, Semaphore(source.pace.concurrency)):
            await self.room()
            findings = await self.drive(
                walk,
                sender=sender,
                allowance=_Counting(self.allowance, self.calls, source.name),
                deadline=self.deadline,
            )
        trail = walk.trail(now=self.clock.now())
        self._measure(source, trail)
        shared = [_for_all(finding, source) for finding in findings]
        for finding in shared:
            listing = finding.listing
            ask = Ask(source, listing.address, listing.aspect)
            found[ask] = finding
            if trail is None:
                self.left.pop(ask, None)
            else:
                self.left[ask] = trail
            self.ledger.adopt(listing.facts, source=source.name, fetched_at=listing.fetched_at)
            self.heard(ask, finding)
        await self.shelf.keep(source, shared, deadline=self.deadline)

    def _measure(self, source: Source, trail: Trail | None) -> None:
        """Count how far a walk has come that was stopped."""
        if trail is None:
            return
        before = self.left.get(Ask(source, trail.addresses[0], trail.want.aspect))
        if trail is not before:
            self.advanced += 1
            self.learnt += trail.size > (0 if before is None else before.size)

    def _left(self, asks: Sequence[Ask]) -> Iterator[tuple[Ask, Trail]]:
        return ((ask, self.left[ask]) for ask in asks if ask in self.left)


_SERVED = frozenset({Standing.FRESH, Standing.STALE_OK})


def _from_cache(held: Held) -> Answered:
    listing = held.listing
    if held.standing is Standing.FRESH:
        return Answered(Finding(listing.outcome, listing, listing.withheld), cached=True)
    return Answered(_stale(listing, "older than the policy, and the caller takes that"), cached=True)


def _settled(finding: Finding, held: Held | None) -> Answered:
    if held is None or finding.outcome not in _STALE_INSTEAD:
        return Answered(finding)
    why = finding.outcome.value if finding.detail is None else f"{finding.outcome.value}: {finding.detail}"
    return Answered(replace(_stale(held.listing, why), retry_after=finding.retry_after), cached=True)


def _stale(listing: Listing, why: str) -> Finding:
    # A listing the source held back from stays partial however old it is.
    if listing.withheld is not None:
        return Finding(Outcome.PARTIAL, listing, listing.withheld)
    return Finding(Outcome.STALE, listing, why)


def _for_all(finding: Finding, source: Source) -> Finding:
    """Leave out what depends on who asked, where others will read it too."""
    relative = source.connector.spec.caller_relative
    if source.visibility is Visibility.CREDENTIAL or not relative:
        return finding
    edges = tuple(
        replace(edge, attributes=tuple(pair for pair in edge.attributes if pair[0] not in relative))
        for edge in finding.listing.edges
    )
    return replace(finding, listing=replace(finding.listing, edges=edges))


def _batches(asks: Sequence[Ask]) -> Iterator[list[Ask]]:
    """Group asks of one source, aspect and tenant into batches, ascending by address.

    Relations come first: they are what the calls of a short budget are for.
    """
    groups: dict[tuple[str, bool, str], list[Ask]] = defaultdict(list)
    for ask in asks:
        # An upstream may know one tenant and not another: they never share a batch.
        described = ask.aspect is Aspect.DESCRIPTION
        groups[ask.source.name, described, ask.address.tenant or ""].append(ask)
    for _, group in sorted(groups.items()):
        group.sort(key=lambda ask: str(ask.address))
        size = group[0].source.connector.spec.batch_size
        for start in range(0, len(group), size):
            yield group[start : start + size]
