"""One request's view of the cache: what may be read as whom, and what is written back.

Nothing is read for a credential that the upstream has refused since, nor across a tenant without
proof that the upstream accepts the credential there. When the store is down every question is a
miss, nothing is kept, and `down` says so.
"""

from asyncio import timeout, to_thread
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

import structlog

from connectors.contract import UNFILTERED, Deleted, Filter
from connectors.errors import StoreUnavailableError
from connectors.model import NodeId, Outcome
from connectors.settings import Visibility
from connectors.walk import Finding, Listing
from service.cache.codec import Draft, decode_draft, decode_facts, encode_listing
from service.cache.frame import EntryError
from service.cache.freshness import (
    Standing,
    Tolerance,
    classify_age,
    is_negative,
    jitter_of,
    retention,
)
from service.cache.key import circle_of
from service.cache.sheet import Said
from service.cache.store import Item
from service.usecases.ask import Ask, Held, Since
from service.usecases.cached.cabinet import Cabinet
from service.usecases.cached.catalog import Catalog
from service.usecases.cached.footing import Footing
from service.usecases.cached.ledger import Ledger, Owed
from service.usecases.cached.marker import FOR_EVER, Markers, Realm
from service.usecases.cached.trails import Trails
from service.usecases.source import Access, Source

log = structlog.get_logger(__name__)
# Seconds an answer may end later for the sake of one more trip to the store.
_LAST_TRIP = 0.03
# Seconds that the markers of an answer that goes on may take to read; the store gives up before.
_FOR_MARKERS = 5.0
# A listing of so many relations is written in a thread: compressing it would hold up everybody else.
_LARGE = 1000
# Bytes of facts that each listing has inside: to fetch them by node takes longer than all else reading does.
_INLINE_UP_TO = 320
_USABLE = (
    Standing.FRESH,
    Standing.STALE_OK,
    Standing.STALE_WHILE_REVALIDATE,
    Standing.STALE_IF_ERROR,
)


@dataclass(slots=True)
class Shelf:
    """The cache as one request may see it; `down` once the store has failed this request.

    With `markers_only` no listing is read or kept, only what shows whose credential is taken. A
    `footing` is told what was read, and whether all that was asked was there.
    """

    cabinet: Cabinet
    sources: Mapping[str, Source]
    accesses: Mapping[str, Access]
    filter: Filter
    tolerance: Tolerance
    ledger: Ledger
    markers_only: bool = False
    footing: Footing | None = None
    down: bool = False
    _names: dict[str, NodeId] = field(default_factory=dict)
    _proven: set[Realm] = field(default_factory=set)
    _markers: Markers = field(init=False)
    _catalog: Catalog = field(init=False)

    def __post_init__(self) -> None:
        """Have every key made once."""
        self._markers = Markers(self.cabinet, self.sources, self.accesses)
        self._catalog = Catalog(self.cabinet.hasher, self.sources, self.accesses)

    async def read(
        self, asks: Sequence[Ask], *, nodes: Collection[NodeId] | None, deadline: float
    ) -> tuple[dict[Ask, Held], list[Owed]]:
        """Look up the asks, and the facts owed of `nodes` (of all, when None), in one round trip.

        Gives what was found and usable, and the facts that are gone although a listing refers to
        them.
        """
        owed = self.ledger.collect(nodes)
        listed = () if self.markers_only else asks
        questions = {ask: self._questions(ask) for ask in listed if self._may_read(ask.source)}
        realms = {(ask.source.name, ask.address.tenant) for ask in questions}
        realms.update((debt.source, debt.listed_by.tenant) for debt in owed)
        markers = {realm: self._markers.keys(realm) for realm in realms}
        apart = [
            self._catalog.facts(debt.source, debt.listed_by.tenant, debt.node, debt.digest) for debt in owed
        ]
        keys = dict.fromkeys(chain(*questions.values(), *markers.values(), apart))
        # What a listing in hand owes is read a little late rather than asked of its source again.
        blobs = await self._load(list(keys), self._late(deadline) if apart and not asks else deadline)
        barred = {realm: self._markers.barred_until(realm, blobs) for realm in markers}
        self._proven |= {realm for realm, until in barred.items() if until < FOR_EVER}
        found, now = {}, self.cabinet.clock.now()
        for ask, asked in questions.items():
            best = self._best(ask, asked, blobs, barred[ask.source.name, ask.address.tenant], now=now)
            if best is not None:
                found[ask] = Held(self._take_in(ask, best[1]), best[0], best[1].says_nothing)
        gone = [
            debt
            for debt, key in zip(owed, apart, strict=True)
            if debt.fetched_at <= barred[debt.source, debt.listed_by.tenant]
            or not self._settle(debt, blobs.get(key))
        ]
        if self.footing is not None:
            ends = chain(
                (self._markers.open_until(realm, blobs) for realm in markers),
                (held.fresh_until(ask.source.freshness, self.tolerance) for ask, held in found.items()),
            )
            whole = len(found) == len(asks) and not gone and not self.down
            self.footing.stand_on(keys, until=min(ends, default=FOR_EVER), whole=whole)
        return found, gone

    @property
    def trails(self) -> Trails:
        """Give where walks of this request were stopped."""
        return Trails(self.cabinet, self._catalog, self._markers, self.filter, self.tolerance)

    async def peek(
        self, asks: Sequence[Ask], *, since: Since, deadline: float, beside: Sequence[str] = ()
    ) -> tuple[Collection[Ask], Mapping[str, bytes | None]]:
        """Give which of these the cache answers well by now, and what lay under keys read `beside` theirs."""
        found, blobs = await self._latest(asks, since, deadline, beside)
        return found.keys(), blobs

    async def catch_up(self, asks: Sequence[Ask], *, since: Since, deadline: float) -> dict[Ask, Held]:
        """Look up what another process has asked meanwhile."""
        found, (latest, _) = {}, await self._latest(asks, since, deadline)
        for ask, (standing, draft) in latest.items():
            found[ask] = Held(self._take_in(ask, draft), standing, draft.says_nothing)
        return found

    def flight_key(self, ask: Ask) -> str:
        """Give what a question is called while it is asked: who may share an answer may share this."""
        key = self._catalog.listing(ask.source.name, ask.address, ask.aspect, self.filter)
        # Under a tenant's partition each credential asks for itself: that shows whether it is taken.
        identity = self.accesses[ask.source.name].identity
        return self.cabinet.hasher.text("flight", key, identity, self.markers_only)

    def places(self, ask: Ask) -> Sequence[str]:
        """Give the store keys under which an answer would be; none where nobody looks for one."""
        return () if self.markers_only else self._questions(ask)

    async def verdicts(self, realms: Collection[Realm], *, deadline: float) -> dict[Realm, bool]:
        """Give for which of these an upstream has lately accepted or refused this request's credential."""
        keys = dict.fromkeys(chain(*map(self._markers.keys, realms)))
        blobs = await self._load(list(keys), deadline)
        told = {realm: self._markers.verdict(realm, blobs) for realm in realms}
        return {realm: verdict for realm, verdict in told.items() if verdict is not None}

    async def refused(self, sayings: Iterable[Said], *, accepted: Iterable[Realm]) -> bool:
        """Tell whether any of what was said may no longer be shown to this request's credentials.

        `accepted` are realms whose use was proven when it was said. Markers that cannot be read count
        as refusals, and reading them takes the time it takes: a caller in a hurry is shown no more.
        """
        oldest: dict[Realm, datetime] = {}
        for said in sayings:
            listing, finding = said.finding.listing, said.finding
            if finding.outcome.answered or listing.edges:
                realm = (said.source, listing.address.tenant)
                oldest[realm] = min(oldest.get(realm, FOR_EVER), listing.fetched_at)
        known = [realm for realm in oldest if realm[0] in self.accesses]
        proven = [realm for realm in accepted if realm[0] in self.accesses]
        keys = dict.fromkeys(chain(*map(self._markers.keys, (*known, *proven))))
        blobs = await self._load(list(keys), self.cabinet.clock.monotonic() + _FOR_MARKERS)
        if keys and not blobs:
            return True
        if any(self._markers.verdict(realm, blobs) is False for realm in proven):
            return True
        return any(oldest[realm] <= self._markers.barred_until(realm, blobs) for realm in known)

    async def keep(
        self, source: Source, findings: Iterable[Finding], *, deadline: float, beside: Sequence[Item] = ()
    ) -> None:
        """Write back what may answer a later question, what shows whose credential is taken, and `beside`."""
        items = list(beside)
        for finding in findings:
            listing = finding.listing
            realm, shared = (source.name, listing.address.tenant), source.visibility is Visibility.TENANT
            if finding.outcome is Outcome.DENIED:
                self._proven = {each for each in self._proven if each[0] != source.name}
                items += self._markers.refusal(source, finding)
            elif finding.cacheable or (self.markers_only and finding.listing.edges):
                if (shared or source.by_caller) and not listing.absent:
                    self._proven.add(realm)
                    items.append(self._markers.proof(source, listing))
                # A stranger may be told 404 of what the tenant has: it is not the tenant's to read.
                strange = shared and listing.absent and realm not in self._proven
                if not self.markers_only and not strange:
                    entry = partial(self._entry, source, listing)
                    items += await to_thread(entry) if len(listing.edges) >= _LARGE else entry()
        if items:
            await self._save(items, deadline)

    def _may_read(self, source: Source) -> bool:
        return self.accesses[source.name].sender is not None

    def _questions(self, ask: Ask) -> list[str]:
        # A listing under a wider filter answers a narrower question: what it holds is filtered here.
        source, address = ask.source, ask.address
        wanted = [source.connector.pushed(address, self.filter, batched=False)]
        if source.connector.spec.batch_size > 1:
            wanted.append(source.connector.pushed(address, self.filter, batched=True))
        if self.filter.deleted is Deleted.EXCLUDE:
            wanted.append(UNFILTERED)
        different = [each for place, each in enumerate(wanted) if each not in wanted[:place]]
        return [self._catalog.listing(source.name, address, ask.aspect, each) for each in different]

    async def _latest(
        self, asks: Sequence[Ask], since: Since, deadline: float, beside: Sequence[str] = ()
    ) -> tuple[dict[Ask, tuple[Standing, Draft]], Mapping[str, bytes | None]]:
        if self.markers_only or not asks:
            return {}, {}
        questions = {ask: self._questions(ask) for ask in asks}
        realms = {(ask.source.name, ask.address.tenant) for ask in asks}
        markers = {realm: self._markers.keys(realm) for realm in realms}
        keys = dict.fromkeys(chain(*questions.values(), *markers.values(), beside))
        blobs = await self._load(list(keys), deadline)
        meanwhile = timedelta(seconds=self.cabinet.clock.monotonic() - since.looked)
        found, now = {}, self.cabinet.clock.now()
        for ask, asked in questions.items():
            realm = (ask.source.name, ask.address.tenant)
            barred = self._markers.barred_until(realm, blobs)
            best = self._best(ask, asked, blobs, barred, now=now, meanwhile=meanwhile)
            if best is not None and since.afresh and now - best[1].listing.fetched_at >= meanwhile:
                continue
            if best is not None and best[0] is Standing.FRESH:
                found[ask] = best
        return found, blobs

    def _best(
        self,
        ask: Ask,
        keys: Sequence[str],
        blobs: Mapping[str, bytes | None],
        barred: datetime,
        *,
        now: datetime,
        meanwhile: timedelta | None = None,
    ) -> tuple[Standing, Draft] | None:
        """Choose among the entries; one no older than `meanwhile` is fresh to whoever waited so long."""
        best: tuple[int, float, Draft] | None = None
        for key in keys:
            draft = self._draft(blobs.get(key))
            if draft is None or draft.listing.fetched_at <= barred:
                continue
            standing = classify_age(
                draft.listing.fetched_at,
                negative=draft.says_nothing,
                policy=ask.source.freshness,
                tolerance=self.tolerance,
                now=now,
                jitter=jitter_of(key),
            )
            if meanwhile is not None and now - draft.listing.fetched_at < meanwhile:
                standing = Standing.FRESH
            if standing in _USABLE:
                rank = (_USABLE.index(standing), -draft.listing.fetched_at.timestamp(), draft)
                best = rank if best is None or rank[:2] < best[:2] else best
        return None if best is None else (_USABLE[best[0]], best[2])

    def _draft(self, blob: bytes | None) -> Draft | None:
        if blob is None:
            return None
        try:
            return decode_draft(blob, known=self.cabinet.lexicon.known, names=self._names)
        except EntryError as error:
            log.warning("damaged cache entry", reason=str(error))
            return None

    def _take_in(self, ask: Ask, draft: Draft) -> Listing:
        """Note what a listing tells of nodes and what it owes, and give it."""
        name, at = ask.source.name, draft.listing.fetched_at
        for apart in draft.wanted:
            self.ledger.owe(Owed(name, apart.node, apart.digest, ask.address, at, ask.aspect))
        return self.ledger.take_in(draft.listing, source=name)

    def _settle(self, debt: Owed, blob: bytes | None) -> bool:
        try:
            facts = decode_facts(blob, node=debt.node)
        except EntryError:
            return False
        self.ledger.adopt((facts,), source=debt.source, fetched_at=debt.fetched_at)
        return True

    def _entry(self, source: Source, listing: Listing) -> list[Item]:
        tenant, policy = listing.address.tenant, source.freshness
        key = self._catalog.listing(source.name, listing.address, listing.aspect, listing.filter)
        kept = retention(policy, negative=is_negative(listing), jitter=jitter_of(key))
        try:
            learnt = self.cabinet.lexicon.by(circle_of(key), until=self.cabinet.clock.now() + kept)
            blob, apart = encode_listing(listing, inline_up_to=_INLINE_UP_TO, learnt=learnt)
        except EntryError as error:
            log.warning("not cached", source=source.name, reason=str(error))
            return []
        lasting, place = retention(policy, negative=False), partial(self._catalog.facts, source.name, tenant)
        facts = [Item(place(each.node, each.digest), facts, lasting) for each, facts in apart.items()]
        return [*facts, Item(key, blob, kept)]

    def _late(self, deadline: float) -> float:
        return max(deadline, self.cabinet.clock.monotonic() + _LAST_TRIP)

    async def _load(self, keys: list[str], deadline: float) -> dict[str, bytes | None]:
        left = deadline - self.cabinet.clock.monotonic()
        if not keys or left <= 0:
            return {}
        try:
            async with timeout(left):
                blobs = dict(zip(keys, await self.cabinet.store.load(keys), strict=True))
                await self.cabinet.lexicon.learn(blobs, self.cabinet.store, self.cabinet.hasher)
                return blobs
        except (StoreUnavailableError, TimeoutError):
            self.down = True
            return {}

    async def _save(self, items: list[Item], deadline: float) -> None:
        # What was fetched in time is kept even if keeping it ends a little later, but not much.
        left = self._late(deadline) - self.cabinet.clock.monotonic()
        try:
            async with timeout(left):
                lexicon, store, hasher = self.cabinet.lexicon, self.cabinet.store, self.cabinet.hasher
                learnt = await lexicon.study(items, store, hasher, now=self.cabinet.clock.now())
                await store.save([*learnt, *items])
        except (StoreUnavailableError, TimeoutError):
            self.down = True
            await self.cabinet.revoked.cry(items)
        else:
            self.cabinet.revoked.settle(items)
