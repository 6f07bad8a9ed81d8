"""The one place of the contenders that knows how the service's entries look: keys, frames, rows.

The bare program is to read what the service reads, and nothing may be easier for it; so this follows
`service.cache` down to its rows, and stops where the service begins to make objects of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.msgpack import Decoder
from redis import Redis

from connectors.contract import Filter
from connectors.credential import CallerCredential
from connectors.model import NodeId
from connectors.wire import Aspect
from service.cache.frame import unpack
from service.cache.hasher import Hasher
from service.cache.key import Question, Scope, facts_key
from service.cache.partition import configured_partition
from service.cache.row import FactsRow, ListingRow
from service.settings import load_settings

_LISTING = Decoder(ListingRow)
_FACTS = Decoder(FactsRow)
_ALL = Filter()


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one source in one store."""

    client: "Redis"
    scope: Scope
    hasher: Hasher

    def listing_key(self, address: str, *, aspect: Aspect = Aspect.RELATIONS) -> str:
        """Give the key of one side of a node."""
        return Question(self.scope, None, address, aspect, _ALL).key(self.hasher)

    def facts_key(self, node: NodeId, *, digest: bytes) -> str:
        """Give the key of facts that are kept apart."""
        return facts_key(self.scope, tenant=None, node=node, digest=digest, hasher=self.hasher)

    def load(self, keys: Sequence[str]) -> list[bytes]:
        """Read them all at once; every one of them is there."""
        return self.client.mget(keys) if keys else []  # type: ignore[return-value] # of the sync client


def open_entries(config: Path) -> Entries:
    """Open what a service with these settings finds in its store."""
    settings = load_settings(config, environ={})
    ((name, entry),) = settings.sources.items()
    spec = entry.plugin.build(entry.settings).spec
    credential = entry.plugin.credential(entry.settings)
    assert not isinstance(credential, CallerCredential)
    partition = configured_partition(credential.identity)
    scope = Scope(name, spec.kind, spec.scope, spec.mapping_version, partition)
    hasher = Hasher([key.get_secret_value() for key in settings.secret_keys])
    return Entries(Redis.from_url(settings.redis_url), scope, hasher)


def read_listing(blob: bytes) -> ListingRow:
    """Read a listing's rows."""
    return _LISTING.decode(unpack(blob))


def read_facts(blob: bytes) -> FactsRow:
    """Read facts that were kept apart."""
    return _FACTS.decode(unpack(blob))
