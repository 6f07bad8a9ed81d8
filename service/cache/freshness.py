"""Whether an entry will do, judged when it is read, by each caller for itself.

The words are those of RFC 9111 (max-age, max-stale, only-if-cached) and RFC 5861
(stale-while-revalidate, stale-if-error). An entry is fresh while younger than the source's `ttl`; a
caller's `max_age` takes that place, be it longer or shorter, down to the operator's floor. After
that it may be served if the caller said that it takes stale answers (`max_stale`). Else the source
is asked: for the source's `stale_while_revalidate` more, unless the caller set a `max_age`, the
entry may stand in while the reply is awaited, and for its `stale_for` more once asking has failed.
What is older than its retention is dead, whatever anybody asks for.

Known emptiness (an absent node, a listing without relations) lives for `absent_ttl` and not a
moment longer: nothing tells of a first relation but asking again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zlib import crc32

from connectors.contract import Freshness
from connectors.walk import Listing
from connectors.wire import Aspect

UNLIMITED = timedelta.max
_NOTHING = timedelta(0)
# An entry may lose up to a fifth of its life, so that what was fetched together is not all
# fetched again together; never more than promised, so a ttl stays an upper bound.
_SHORTEST_LIFE = 0.8


class Standing(StrEnum):
    """What an entry is good for, from best to worst."""

    FRESH = "fresh"
    STALE_OK = "stale_ok"
    STALE_WHILE_REVALIDATE = "stale_while_revalidate"
    STALE_IF_ERROR = "stale_if_error"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What one caller takes; None leaves a question to the source's policy.

    `max_age` replaces the ttl (0: ask again), and `least_max_age` is the operator's floor under it,
    which makes nothing fresh that the ttl does not; `max_stale` is how long past its freshness an
    answer still is welcome, `UNLIMITED` being "whatever there is"; `stale_if_error` replaces
    `stale_for` and counts from the end of freshness as this caller sees it; `only_if_cached` allows
    no call.
    """

    max_age: timedelta | None = None
    least_max_age: timedelta = _NOTHING
    max_stale: timedelta | None = None
    stale_if_error: timedelta | None = None
    only_if_cached: bool = False


def is_negative(listing: Listing) -> bool:
    """Tell whether the listing says only that there is nothing."""
    if listing.absent:
        return True
    if listing.aspect is Aspect.DESCRIPTION:
        return not listing.facts and listing.canonical is None
    return not listing.edges


def jitter_of(key: str) -> float:
    """Give the part of its life, 0.8 to 1, that the entry of this key gets: the same everywhere."""
    return _SHORTEST_LIFE + (1 - _SHORTEST_LIFE) * crc32(key.encode()) / 0xFFFF_FFFF


def retention(policy: Freshness, *, negative: bool, jitter: float = 1.0) -> timedelta:
    """Give how long a store keeps an entry; zero when it is not worth keeping at all.

    Facts kept apart get the full time: then no listing outlives the facts it refers to.
    """
    return (policy.absent_ttl if negative else policy.ttl + policy.stale_for) * jitter


def classify_age(
    fetched_at: datetime,
    *,
    negative: bool,
    policy: Freshness,
    tolerance: Tolerance,
    now: datetime,
    jitter: float,
) -> Standing:
    """Judge an entry fetched at `fetched_at`; a time in the future is another machine's clock."""
    age = max(now - fetched_at, _NOTHING)
    kept = retention(policy, negative=negative)
    if age >= kept:
        return Standing.DEAD
    lifetime = _lifetime(negative, policy, tolerance, jitter)
    if age < lifetime:
        return Standing.FRESH
    beside = _NOTHING if negative else policy.stale_while_revalidate
    return _classify_stale(age - lifetime, beside=beside, tolerance=tolerance)


def fresh_until(fetched_at: datetime, *, negative: bool, policy: Freshness, tolerance: Tolerance) -> datetime:
    """Give a moment until which an entry is fresh, whatever its jitter; it may be fresh a little longer."""
    lifetime = _lifetime(negative, policy, tolerance, _SHORTEST_LIFE)
    return fetched_at + min(lifetime, retention(policy, negative=negative, jitter=_SHORTEST_LIFE))


def _lifetime(negative: bool, policy: Freshness, tolerance: Tolerance, jitter: float) -> timedelta:  # noqa: FBT001 - as its caller has it
    promised = (policy.absent_ttl if negative else policy.ttl) * jitter
    if tolerance.max_age is None:
        return promised
    return max(tolerance.max_age, min(tolerance.least_max_age, promised))


def _classify_stale(stale: timedelta, *, beside: timedelta, tolerance: Tolerance) -> Standing:
    """Judge an entry that has been stale for so long; it may stand in for a slow source until `beside`."""
    if tolerance.max_stale is not None and stale <= tolerance.max_stale:
        return Standing.STALE_OK
    if tolerance.only_if_cached:
        return Standing.DEAD
    if tolerance.stale_if_error is not None and stale > tolerance.stale_if_error:
        return Standing.DEAD
    if tolerance.max_age is None and stale <= beside and beside:
        return Standing.STALE_WHILE_REVALIDATE
    return Standing.STALE_IF_ERROR
