"""Access to one configured upstream: as the service itself, or as a caller for one request."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.contract import Pace
from connectors.ports import Clock, Sender
from connectors.runtime.auth import Authorizer, CallerAuthorizer
from connectors.runtime.pace import Governor, PacedSender
from service.cache.hasher import Hasher
from service.cache.partition import configured_partition, credential_partition
from service.usecases.source import Access, UpstreamCredential


@dataclass(frozen=True, slots=True)
class Upstream:
    """What it takes to send to one source.

    `authorizer` is None where each caller brings its own credential; `signed` makes the sender that
    signs as one.
    """

    base_url: str
    pace: Pace
    authorizer: Authorizer | None
    signed: Callable[[Authorizer], Sender]
    governor: Governor
    hasher: Hasher
    clock: Clock

    def admit(self, credential: UpstreamCredential | None) -> Access:
        """Give access as the caller who sent `credential`, or as the service where it has its own.

        InvalidParameterError for a credential that no header can carry. Everyone with the same
        credential shares one pace, since the upstream counts by user.
        """
        if self.authorizer is not None:
            return self._access(self.authorizer, configured_partition(self.authorizer.identity))
        if credential is None:
            return Access("", None)
        plain = (("scheme", credential.scheme.value), ("value", credential.value))
        identity = credential_partition(plain, hasher=self.hasher)
        return self._access(
            CallerAuthorizer(credential.scheme, value=credential.value, identity=identity), identity
        )

    def _access(self, authorizer: Authorizer, identity: str) -> Access:
        pacer = self.governor.pacer(urlsplit(self.base_url).netloc, identity=identity, pace=self.pace)
        return Access(identity, PacedSender(self.signed(authorizer), pacer=pacer, clock=self.clock))
