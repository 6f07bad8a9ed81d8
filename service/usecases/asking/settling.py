"""What becomes of a question: answered by the cache, by its source, or by what is stale in its place."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from connectors.model import Outcome
from connectors.settings import Visibility
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.cache.freshness import Standing
from service.usecases.ask import Ask, Held
from service.usecases.source import Source

# What a stale answer may stand in for: trouble that says nothing about who may see the data.
_STALE_INSTEAD = frozenset({Outcome.BROKEN, Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.TIMEOUT})
SERVED = frozenset({Standing.FRESH, Standing.STALE_OK})


class Answered(NamedTuple):
    """How one ask ended, and whether the cache answered it; `meanwhile`: its source is still asked."""

    finding: Finding
    cached: bool = False
    meanwhile: bool = False


def from_cache(held: Held) -> Answered:
    """Give the answer of a cached listing that will do as it is."""
    listing = held.listing
    if held.standing is Standing.FRESH:
        return Answered(Finding(listing.outcome, listing, listing.withheld), cached=True)
    return Answered(_stale(listing, "older than the policy, and the caller takes that"), cached=True)


def settled(answered: Answered, held: Held | None) -> Answered:
    """Put what the cache holds in the place of trouble, where it may stand there."""
    finding = answered.finding
    if held is None or answered.cached or finding.outcome not in _STALE_INSTEAD:
        return answered
    if answered.meanwhile:
        return Answered(_stale(held.listing, "older than the policy; the source is being asked"), cached=True)
    why = finding.outcome.value if finding.detail is None else f"{finding.outcome.value}: {finding.detail}"
    return Answered(replace(_stale(held.listing, why), retry_after=finding.retry_after), cached=True)


def _stale(listing: Listing, why: str) -> Finding:
    # A listing the source held back from stays partial however old it is.
    if listing.withheld is not None:
        return Finding(Outcome.PARTIAL, listing, listing.withheld)
    return Finding(Outcome.STALE, listing, why)


def for_all(finding: Finding, source: Source) -> Finding:
    """Leave out what depends on who asked, where others will read it too."""
    relative = source.connector.spec.caller_relative
    if source.visibility is Visibility.CREDENTIAL or not relative:
        return finding
    edges = tuple(
        replace(edge, attributes=tuple(pair for pair in edge.attributes if pair[0] not in relative))
        for edge in finding.listing.edges
    )
    return replace(finding, listing=replace(finding.listing, edges=edges))


def batches(asks: Sequence[Ask]) -> Iterator[list[Ask]]:
    """Group asks of one source, aspect and tenant into batches, what is given first first.

    What shares a batch is decided by address alone, so that a question is part of the same call
    whenever it is asked beside the same others. Relations come before descriptions: they are what the
    calls of a short budget are for.
    """
    groups: dict[tuple[str, bool, str], list[Ask]] = defaultdict(list)
    place = {ask: number for number, ask in enumerate(asks)}
    for ask in asks:
        # An upstream may know one tenant and not another: they never share a batch.
        described = ask.aspect is Aspect.DESCRIPTION
        groups[ask.source.name, described, ask.address.tenant or ""].append(ask)
    for _, group in sorted(groups.items()):
        group.sort(key=lambda ask: str(ask.address))
        size = group[0].source.connector.spec.batch_size
        chunks = [group[start : start + size] for start in range(0, len(group), size)]
        yield from sorted(chunks, key=lambda chunk: min(place[ask] for ask in chunk))
