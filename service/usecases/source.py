"""A configured source as the use cases see it, and the access one request has to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.contract import Connector, Freshness, Pace
from connectors.credential import Scheme
from connectors.model import Address
from connectors.ports import Sender
from connectors.settings import Visibility


@dataclass(frozen=True, slots=True)
class UpstreamCredential:
    """What a caller sent for one source in `Upstream-Credentials`."""

    scheme: Scheme
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """As whom one request asks a source.

    `identity` names the credential without being one; under visibility `credential` it is the
    partition of the cache. Without a credential to send, `sender` is None and nothing is read.
    """

    identity: str
    sender: Sender | None = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One `[sources.<name>]`: its connector, its policies, and how to get access to it.

    There is one object of each, and it is compared as such: questions are hashed by the thousand.
    `schemes` is what a caller may send; empty when the credential comes from the settings.
    `admit` gives the access of a caller, or of the service itself (None).
    """

    name: str
    connector: Connector
    freshness: Freshness
    pace: Pace
    visibility: Visibility
    schemes: frozenset[Scheme]
    admit: Callable[[UpstreamCredential | None], Access] = field(repr=False)

    @property
    def by_caller(self) -> bool:
        """Tell whether each caller brings its own credential."""
        return bool(self.schemes)


def accepting(sources: Sequence[Source], address: Address) -> tuple[Source, ...]:
    """Give the sources that can be asked about a canonical address."""
    return tuple(source for source in sources if source.connector.accepts(address))
