"""Access to one configured upstream: as the service itself, or as a caller for one request."""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from connectors.contract import Pace
from connectors.ports import Clock
from connectors.runtime.auth import Authorizer, CallerAuthorizer
from connectors.runtime.pace import Governor
from connectors.runtime.sender import PacedSender, Wire
from service.cache.hasher import Hasher
from service.cache.partition import configured_partition, credential_partition
from service.usecases.source import Access, UpstreamCredential


@dataclass(frozen=True, slots=True)
class Upstream:
    """What it takes to send to one source.

    `authorizer` is None where each caller brings its own credential; `wire` leads to `base_url`.
    """

    base_url: str
    pace: Pace
    authorizer: Authorizer | None
    wire: Wire
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
        host = urlsplit(self.base_url).netloc
        pacer = partial(self.governor.pacer, host, identity=identity, pace=self.pace)
        sender = PacedSender(self.wire, authorizer=authorizer, pacer=pacer, clock=self.clock)
        return Access(identity, sender)
