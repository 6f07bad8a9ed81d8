"""Where walks were stopped, kept for whoever asks the same again: a walk goes on instead of beginning anew.

A trail is of the credential that has fetched it, whoever may share the whole listing, and as fresh as the
oldest part of it. It ends with that freshness, when a walk has come to the end of it, or when it led into
what cannot be read.
"""

from asyncio import to_thread
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from connectors.contract import Filter
from connectors.model import Address
from connectors.walk import Trail
from connectors.wire import Aspect
from service.cache.frame import EntryError
from service.cache.freshness import Standing, Tolerance, classify_age
from service.cache.store import Item
from service.cache.trail import decode_trail, encode_trail
from service.usecases.ask import Since
from service.usecases.cached.cabinet import Cabinet
from service.usecases.cached.catalog import Catalog
from service.usecases.cached.marker import Markers
from service.usecases.source import Source

log = structlog.get_logger(__name__)
# Nobody comes back to a listing after longer than this, and what an upstream calls its pages by has ended.
_LONGEST = timedelta(hours=1)
# Each walk writes it anew: what a store takes in a moment.
_MOST_BYTES = 4 * 1024 * 1024
# What is larger, in relations or in bytes, is written or read in a thread.
_LARGE, _LARGE_BYTES = 1000, 64 * 1024
# A store can only be told to keep something else, for a moment.
_GONE, _A_MOMENT = b"", timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Trails:
    """The trails that one request may go on from, and leaves; reading and writing them is the shelf's."""

    cabinet: Cabinet
    catalog: Catalog
    markers: Markers
    filter: Filter
    tolerance: Tolerance

    def place(self, source: Source, addresses: Iterable[Address], aspect: Aspect) -> str:
        """Give the store key of where a walk about all of these, and no others, was stopped."""
        return self.catalog.trail(source, addresses, aspect, self.filter)

    async def read(
        self, place: str, blobs: Mapping[str, bytes | None], *, source: Source, since: Since
    ) -> Trail | None:
        """Give the trail loaded from `place`, if it may be gone on from; `blobs` has the markers, too."""
        blob = blobs.get(place)
        # Who asks afresh has been told of what is gone, and needs all of it as it is now.
        if not blob or since.afresh:
            return None
        try:
            trail = await to_thread(decode_trail, blob) if len(blob) > _LARGE_BYTES else decode_trail(blob)
        except EntryError as error:
            log.warning("damaged trail", source=source.name, reason=str(error))
            return None
        realms = {(source.name, address.tenant) for address in trail.addresses}
        refused = max(self.markers.refused_at(realm, blobs) for realm in realms)
        return trail if _told_at(trail) > refused and self._is_fresh(trail, source, since) else None

    async def left(self, source: Source, trail: Trail | None, *, before: Trail | None) -> Sequence[Item]:
        """Give what is to be written when a walk has left a trail; it had gone on from the one `before`."""
        if trail is before:
            return ()
        if trail is None:
            assert before is not None  # noqa: S101 - one of the two is a trail
            return (Item(self._place_of(source, before), _GONE, _A_MOMENT),)
        left = _told_at(trail) + min(source.freshness.ttl, _LONGEST) - self.cabinet.clock.now()
        work = partial(encode_trail, source.name, trail)
        try:
            blob = await to_thread(work) if trail.size >= _LARGE else work()
        except EntryError as error:
            log.warning("a trail is not kept", source=source.name, reason=str(error))
            return ()
        if len(blob) > _MOST_BYTES or left <= timedelta(0):
            return ()
        return (Item(self._place_of(source, trail), blob, left),)

    def _place_of(self, source: Source, trail: Trail) -> str:
        # By its own wishes: of another one's the calls may apply the same.
        return self.catalog.trail(source, trail.addresses, trail.want.aspect, trail.want.filter)

    def _is_fresh(self, trail: Trail, source: Source, since: Since) -> bool:
        told_at, now = _told_at(trail), self.cabinet.clock.now()
        standing = classify_age(
            told_at,
            negative=False,
            policy=source.freshness,
            tolerance=self.tolerance,
            now=now,
            jitter=1.0,
        )
        # What was fetched while somebody waited for it is fresh to whoever did.
        waited = timedelta(seconds=self.cabinet.clock.monotonic() - since.looked)
        return standing is Standing.FRESH or now - told_at < waited


def _told_at(trail: Trail) -> datetime:
    """Give when the oldest part of it was told."""
    return min(listing.fetched_at for listing in trail.listings)
