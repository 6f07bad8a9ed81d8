"""One question to one source, and what the cache has for it."""

from dataclasses import dataclass

from connectors.model import Address
from connectors.walk import Listing
from connectors.wire import Aspect
from service.cache.freshness import Standing
from service.usecases.source import Source


@dataclass(frozen=True, slots=True)
class Ask:
    """One side of one address, asked of one source."""

    source: Source
    address: Address
    aspect: Aspect = Aspect.RELATIONS


@dataclass(frozen=True, slots=True)
class Held:
    """A cached listing and what it is good for; `negative`: it says only that there is nothing."""

    listing: Listing
    standing: Standing
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Since:
    """When a question was looked up and not answered, in seconds of `monotonic`.

    Another look takes what is fresh by now, or, `afresh`, only what was fetched since.
    """

    looked: float
    afresh: bool = False
