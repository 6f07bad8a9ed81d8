"""The sans-IO driver of one question at one source: hands out calls, absorbs replies, stops.

A walk begins with the connector's opening calls. Each reply is judged; one that is OK is read and
may add calls, which may run in any order. The first trouble stops the walk: what was read until
then is kept, and the trouble's word, or a lasting one of a call under way, is the outcome of every
address. An address is absent only when every opening call said so. A call is never made again.

A walk that was stopped on the way leaves a trail, from which another one goes on where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Self

from connectors.contract import Connector, Filter, Page, Want
from connectors.disposition import Disposition, Verdict
from connectors.errors import (
    CredentialMissingError,
    OverBudgetError,
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
)
from connectors.model import Address, Edge, NodeFacts, NodeId, Outcome, worst
from connectors.wire import Aspect, Call, Reply

_TROUBLE = {
    Disposition.RETRY: Outcome.UNAVAILABLE,
    Disposition.THROTTLED: Outcome.THROTTLED,
    Disposition.DENIED: Outcome.DENIED,
    Disposition.BROKEN: Outcome.BROKEN,
}
_ERROR_OUTCOME: dict[type[SourceError], Outcome] = {
    SourceTimeoutError: Outcome.TIMEOUT,
    SourceThrottledError: Outcome.THROTTLED,
    SourceDeniedError: Outcome.DENIED,
    CredentialMissingError: Outcome.NO_CREDENTIAL,
    OverBudgetError: Outcome.OVER_BUDGET,
    SourceContractError: Outcome.BROKEN,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source said of one address: the unit that is cached.

    `filter` is the part of the question the upstream applied. `total` is how many relations the
    source says there are, at least so many when `capped`; `withheld` says why it holds some back.
    """

    address: Address
    aspect: Aspect
    filter: Filter
    fetched_at: datetime
    edges: tuple[Edge, ...] = ()
    facts: tuple[NodeFacts, ...] = ()
    total: int | None = None
    capped: bool = False
    withheld: str | None = None
    absent: bool = False
    canonical: NodeId | None = None

    @property
    def outcome(self) -> Outcome:
        """Give the word for this listing while it is fresh."""
        if self.absent:
            return Outcome.ABSENT
        return Outcome.PARTIAL if self.withheld is not None else Outcome.OK


@dataclass(frozen=True, slots=True)
class Finding:
    """How the question about one address ended, and what was learnt, in full or in part.

    `status` is that of the reply which was the trouble; None when there was no such reply.
    """

    outcome: Outcome
    listing: Listing
    detail: str | None = None
    retry_after: timedelta | None = None
    status: int | None = None

    @property
    def cacheable(self) -> bool:
        """Tell whether the listing may answer a later question: a failure never does."""
        return self.outcome is self.listing.outcome


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a walk was stopped: what it has learnt of each address, and the calls still to be made.

    `made` are the digests of all calls handed out so far, `absences` counts the opening calls that
    said absent.
    """

    want: Want
    listings: tuple[Listing, ...]
    pending: tuple[Call, ...]
    made: frozenset[bytes]
    openings: int
    absences: int

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Give the addresses of the walk, in the order they were asked."""
        return tuple(listing.address for listing in self.listings)

    @property
    def size(self) -> int:
        """Give how many relations and facts were learnt."""
        return sum(len(listing.edges) + len(listing.facts) for listing in self.listings)


class Walk:
    """One question about one address, or about a batch of them, at one source."""

    def __init__(self, connector: Connector, addresses: Sequence[Address], want: Want) -> None:
        """Prepare; nothing is asked before `start`."""
        self.connector = connector
        self._addresses = tuple(addresses)
        self._want = want
        self._issued: set[bytes] = set()
        self._pending: dict[bytes, Call] = {}
        self._openings = self._absences = 0
        self._pages: list[Page] = []
        self._learnt = False
        self._left: Trail | None = None
        self._verdict: tuple[Outcome, str | None, timedelta | None, int | None] | None = None
        self._fetched_at: datetime | None = None

    @classmethod
    def resume(cls, connector: Connector, trail: Trail) -> Self:
        """Prepare to go on where another walk stopped; `start` gives the calls it left."""
        walk = cls(connector, trail.addresses, trail.want)
        walk._left = trail
        walk._issued = set(trail.made)
        walk._openings, walk._absences = trail.openings, trail.absences
        batched = len(trail.listings) > 1
        walk._pages = [_page_of(listing, batched=batched) for listing in trail.listings]
        return walk

    @property
    def stopped(self) -> bool:
        """Tell whether trouble has ended the walk: no further call is of use."""
        return self._verdict is not None

    @property
    def kind(self) -> str:
        """Name the connector's kind."""
        return self.connector.spec.kind

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Say what the connector makes of a reply."""
        return self.connector.judge(call, reply)

    def start(self) -> Sequence[Call]:
        """Give the opening calls, or those that were left to make."""
        if self._left is not None:
            self._pending = {_digest(call): call for call in self._left.pending}
            return self._left.pending
        calls = self.connector.ask(self._addresses, self._want)
        self._openings = len(calls)
        return self._issue(calls)

    def absorb(self, call: Call, reply: Reply, verdict: Verdict) -> Sequence[Call]:
        """Take in the reply to `call` and give the calls that follow from it."""
        self._fetched_at = max(self._fetched_at or reply.received_at, reply.received_at)
        if verdict.disposition is Disposition.ABSENT and call.opening:
            self._absences += 1
            self._settle(call)
            return ()
        if verdict.disposition is not Disposition.OK:
            self._stop(
                _TROUBLE.get(verdict.disposition, Outcome.BROKEN),
                verdict.detail or f"status {reply.status} in the middle of a listing",
                verdict.retry_after,
                reply.status,
            )
            return ()
        try:
            page = self.connector.read(call, reply)
            self._pages.append(page)
            self._settle(call)
            return self._issue(page.follow)
        except SourceError as error:
            self.fail(error)
            return ()

    def fail(self, error: SourceError) -> None:
        """Take in that a call had no reply."""
        outcome = _ERROR_OUTCOME.get(type(error), Outcome.UNAVAILABLE)
        self._stop(outcome, str(error), getattr(error, "retry_after", None))

    def stop(self, outcome: Outcome, detail: str) -> None:
        """End the walk from outside: a budget is spent or the time is up."""
        self._stop(outcome, detail)

    def finish(self, *, now: datetime) -> tuple[Finding, ...]:
        """Give one finding per address, in the order they were asked."""
        return tuple(self._finding(address, now) for address in self._addresses)

    def leave(
        self, outcome: Outcome, detail: str, *, now: datetime
    ) -> tuple[tuple[Finding, ...], Trail | None]:
        """Give the findings and the trail as if the walk had been stopped here; it goes on."""
        verdict = self._verdict
        self._stop(outcome, detail)
        try:
            return self.finish(now=now), self.trail(now=now)
        finally:
            self._verdict = verdict

    def trail(self, *, now: datetime) -> Trail | None:
        """Give where this walk was stopped; None where going on is no better than to ask anew."""
        outcome = None if self._verdict is None else self._verdict[0]
        # A reply that could not be read may be what the listing has become: it is begun again.
        if outcome is None or not outcome.passing or outcome is Outcome.BROKEN:
            return None
        if not self._learnt:
            return self._left
        return Trail(
            want=self._want,
            listings=tuple(
                replace(self._listing(each, now), withheld=self._withheld(each)) for each in self._addresses
            ),
            pending=tuple(self._pending.values()),
            made=frozenset(self._issued),
            openings=self._openings,
            absences=self._absences,
        )

    def _settle(self, call: Call) -> None:
        self._learnt = True
        if len(self._pending) == 1 and call in self._pending.values():
            self._pending.clear()
        else:
            self._pending.pop(_digest(call), None)

    def _stop(
        self,
        outcome: Outcome,
        detail: str | None,
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> None:
        held = None if self._verdict is None else self._verdict[0]
        # A refused credential, or a broken listing, is none the better for having been throttled before.
        if held is None or (outcome.lasting and worst((held, outcome)) is not held):
            self._verdict = (outcome, detail, retry_after, status)

    def _issue(self, calls: Sequence[Call]) -> Sequence[Call]:
        for call in calls:
            seen = _digest(call)
            if seen in self._issued:
                self._stop(Outcome.BROKEN, "the source leads in a circle: a page comes twice")
                return ()
            self._issued.add(seen)
            self._pending[seen] = call
        return () if self.stopped else calls

    def _finding(self, address: Address, now: datetime) -> Finding:
        listing = self._listing(address, now)
        if self._verdict is not None:
            outcome, detail, retry_after, status = self._verdict
            return Finding(outcome, listing, detail, retry_after, status)
        if (withheld := self._withheld(address)) != listing.withheld:
            # Of whom it is held back, the source has not told: asked alone, each will know for itself.
            return Finding(Outcome.PARTIAL, listing, withheld)
        if listing.total is not None and not listing.capped and len(listing.edges) < listing.total:
            told = f"the source told of {listing.total} relations and showed {len(listing.edges)}"
            return Finding(Outcome.PARTIAL, listing, told)
        return Finding(listing.outcome, listing, listing.withheld)

    def _listing(self, address: Address, now: datetime) -> Listing:
        batched = len(self._addresses) > 1
        edges = self._edges_of(address)
        canonical = next((p.canonical for p in self._pages if p.canonical is not None), None)
        totals = [] if batched else [p.total for p in self._pages if p.total is not None]
        return Listing(
            address=address,
            aspect=self._want.aspect,
            filter=self.connector.pushed(address, self._want.filter, batched=batched),
            fetched_at=self._told_at(now),
            edges=edges,
            facts=self._facts_of((address, canonical), edges),
            total=max(totals, default=None),
            capped=any(page.capped for page in self._pages),
            withheld=self._withheld(address, surely=batched),
            absent=self._openings > 0 and self._absences == self._openings,
            canonical=canonical,
        )

    def _told_at(self, now: datetime) -> datetime:
        # What was told before the walk was left is as old as it is, whatever came since.
        if self._left is not None:
            return min(listing.fetched_at for listing in self._left.listings)
        return self._fetched_at or now

    def _withheld(self, address: Address, *, surely: bool = False) -> str | None:
        told = (p for p in self._pages if address in p.withheld_from or not (surely or p.withheld_from))
        return next((page.withheld for page in told if page.withheld is not None), None)

    def _edges_of(self, address: Address) -> tuple[Edge, ...]:
        shown = [edge for page in self._pages for edge in page.edges]
        if isinstance(address, NodeId):
            shown = [edge for edge in shown if address in (edge.subject, edge.object)]
        # Hardly a listing tells anything twice, which texts show sooner than edges.
        told = {(edge.subject.text, edge.object.text, edge.record) for edge in shown}
        return tuple(shown if len(told) == len(shown) else dict.fromkeys(shown))

    def _facts_of(self, asked: Sequence[Address | None], edges: Sequence[Edge]) -> tuple[NodeFacts, ...]:
        concerned = {node.text for node in asked if isinstance(node, NodeId)}
        for edge in edges:
            concerned.add(edge.subject.text)
            concerned.add(edge.object.text)
        # What a batch tells of a node beside another one's relation is not this listing's to tell:
        # the same question would have another answer after another question.
        newest = {
            facts.node.text: facts if facts.asked is None else replace(facts, asked=None)
            for page in self._pages
            for facts in page.facts
            if facts.asked is None or facts.asked in asked
        }
        return tuple([facts for text, facts in newest.items() if text in concerned])


def _digest(call: Call) -> bytes:
    # What the upstream sees decides: a memo that counts pages must not hide a circle.
    seen = (call.method, call.path, call.query, call.headers, call.body)
    return blake2b(repr(seen).encode("utf-8", "backslashreplace"), digest_size=12).digest()


def _page_of(listing: Listing, *, batched: bool) -> Page:
    """Give what was learnt of an address as if one reply had told it."""
    asked = listing.address if batched and isinstance(listing.address, NodeId) else None
    return Page(
        edges=listing.edges,
        facts=tuple(replace(told, asked=asked) for told in listing.facts),
        total=listing.total,
        capped=listing.capped,
        withheld=listing.withheld,
        withheld_from=() if asked is None else (asked,),
        canonical=listing.canonical,
    )
