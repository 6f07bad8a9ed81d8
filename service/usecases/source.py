"""A configured source as the use cases see it, and the access one request has to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from connectors.contract import Connector, Freshness, Pace
from connectors.credential import Scheme
from connectors.model import Address
from connectors.ports import LaneState, Sender
from connectors.settings import Visibility
from service.cache.hasher import Hasher
from service.cache.partition import caller_partition


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
    `sent` is the caller's own credential, which the identity is a hash of.
    """

    identity: str
    sender: Sender | None = field(repr=False)
    sent: UpstreamCredential | None = field(default=None, repr=False)

    def identity_under(self, hasher: Hasher) -> str:
        """Give the identity as it is under this of the operator's keys; a configured one is no hash."""
        if self.sent is None:
            return self.identity
        return caller_partition(self.sent.scheme, self.sent.value, hasher=hasher)


@dataclass(frozen=True, slots=True)
class Condition:
    """How a source is doing for one credential, as this process sees it, at this moment.

    `breaker` is the worse of the circuits of its host and of the credential; an open one lets the
    next call through after `retry_after`. `pace` is None while nothing has been sent.
    """

    breaker: Literal["closed", "half_open", "open"] = "closed"
    retry_after: timedelta | None = None
    pace: LaneState | None = None


def unknown_condition(_identity: str) -> Condition:
    """Give the condition of a source that nothing is known against."""
    return Condition()


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One `[sources.<name>]`: its connector, its policies, and how to get access to it.

    There is one object of each, and it is compared as such: questions are hashed by the thousand.
    `schemes` is what a caller may send; empty when the credential comes from the settings.
    `admit` gives the access of a caller, or of the service itself (None); `condition` tells how the
    source is doing for an identity.
    """

    name: str
    connector: Connector
    freshness: Freshness
    pace: Pace
    visibility: Visibility
    schemes: frozenset[Scheme]
    admit: Callable[[UpstreamCredential | None], Access] = field(repr=False)
    condition: Callable[[str], Condition] = field(default=unknown_condition, repr=False)

    @property
    def by_caller(self) -> bool:
        """Tell whether each caller brings its own credential."""
        return bool(self.schemes)


def accepting(sources: Sequence[Source], address: Address) -> tuple[Source, ...]:
    """Give the sources that can be asked about a canonical address."""
    return tuple([source for source in sources if source.connector.accepts(address)])
