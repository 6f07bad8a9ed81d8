"""Access to one configured upstream: as the service itself, or as a caller for one request."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.contract import Pace
from connectors.ports import Clock, Governor, Lane
from connectors.runtime.auth import Authorizer, CallerAuthorizer
from connectors.runtime.circuits import Circuits, Guard
from connectors.runtime.sender import Judge, Observe, PacedSender, Wire
from service.cache.hasher import Hasher
from service.cache.partition import caller_partition, configured_partition
from service.usecases.source import Access, Condition, UpstreamCredential
from service.usecases.switch import Switchboard, SwitchedSender


@dataclass(frozen=True, slots=True)
class Upstream:
    """What it takes to send to the source `name`.

    `authorizer` is None where each caller brings its own credential; `wire` leads to `base_url`;
    `observe` is told of each call that leaves; `judge` tells what a reply means.
    """

    name: str
    base_url: str
    pace: Pace
    authorizer: Authorizer | None
    wire: Wire
    governor: Governor
    circuits: Circuits
    hasher: Hasher
    clock: Clock
    switchboard: Switchboard
    observe: Observe | None = None
    judge: Judge | None = None

    def admit(self, credential: UpstreamCredential | None) -> Access:
        """Give access as the caller who sent `credential`, or as the service where it has its own.

        InvalidParameterError for a credential that no header can carry. Everyone with the same
        credential shares one lane, since the upstream counts by user.
        """
        if self.authorizer is not None:
            return self._access(self.authorizer, configured_partition(self.authorizer.identity))
        if credential is None:
            return Access("", None)
        identity = caller_partition(credential.scheme, credential.value, hasher=self.hasher)
        authorizer = CallerAuthorizer(credential.scheme, value=credential.value, identity=identity)
        return self._access(authorizer, identity, sent=credential)

    def condition(self, identity: str) -> Condition:
        """Tell how the source is doing for those who ask as `identity`."""
        standing = self._guard(identity).standing
        pace = self.governor.state(self._lane(identity))
        return Condition(standing.state.value, standing.retry_after, pace)

    def _access(
        self, authorizer: Authorizer, identity: str, *, sent: UpstreamCredential | None = None
    ) -> Access:
        sender = PacedSender(
            self.wire,
            authorizer=authorizer,
            governor=self.governor,
            lane=self._lane(identity),
            guard=self._guard(identity),
            clock=self.clock,
            observe=self.observe,
            judge=self.judge,
        )
        return Access(identity, SwitchedSender(sender, name=self.name, switchboard=self.switchboard), sent)

    def _guard(self, identity: str) -> Guard:
        return self.circuits.guard(self.name, host=self._host, identity=identity)

    def _lane(self, identity: str) -> Lane:
        return Lane(self._host, identity, self.pace.requests_per_minute, self.pace.concurrency)

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).netloc
