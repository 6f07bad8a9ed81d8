"""One question to one source, and what the cache has for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from connectors.contract import Freshness
from connectors.model import Address
from connectors.walk import Listing
from connectors.wire import Aspect
from service.cache.freshness import Standing, Tolerance, fresh_until
from service.usecases.source import Source


# Named tuples, both: an answer makes several of each for every node that it expands, and looks them up.
class Ask(NamedTuple):
    """One side of one address, asked of one source."""

    source: Source
    address: Address
    aspect: Aspect = Aspect.RELATIONS

    @property
    def side(self) -> tuple[str, Address, Aspect]:
        """Give what its listing is known by, among those of all sources."""
        return self.source.name, self.address, self.aspect


class Held(NamedTuple):
    """A cached listing and what it is good for; `negative`: it says only that there is nothing."""

    listing: Listing
    standing: Standing
    negative: bool = False

    def fresh_until(self, policy: Freshness, tolerance: Tolerance) -> datetime:
        """Give a moment until which it is fresh to whoever takes so much."""
        return fresh_until(
            self.listing.fetched_at, negative=self.negative, policy=policy, tolerance=tolerance
        )


@dataclass(frozen=True, slots=True)
class Since:
    """When a question was looked up and not answered, in seconds of `monotonic`.

    Another look takes what is fresh by now, or, `afresh`, only what was fetched since.
    """

    looked: float
    afresh: bool = False
