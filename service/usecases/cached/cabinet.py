"""What every request's view of the cache stands on."""

from dataclasses import dataclass, field
from datetime import timedelta

from connectors.ports import Clock
from service.cache.hasher import Hasher
from service.cache.store import Store
from service.usecases.cached.lexicon import Lexicon
from service.usecases.cached.revoked import Revoked


@dataclass(frozen=True, slots=True)
class Cabinet:
    """What every request's shelf stands on: the store, the keys, the clock and the policies."""

    store: Store
    hasher: Hasher
    clock: Clock
    revoked: Revoked
    tenant_proof: timedelta
    lexicon: Lexicon = field(default_factory=Lexicon)
