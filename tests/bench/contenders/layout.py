"""The one place of the contenders that knows how the service's entries look: keys, frames, columns.

The bare program is to read what the service reads, and nothing may be easier for it; so this follows
`service.cache` down to its columns, and stops where the service begins to make objects of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from connectors.contract import Filter
from connectors.credential import CallerCredential
from connectors.wire import Aspect
from service.cache.codec import decode_columns
from service.cache.hasher import Hasher
from service.cache.key import Question, Scope
from service.cache.partition import configured_partition
from service.cache.row import ListingRow
from service.cache.unfold import Columns
from service.settings import load_settings

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


def read_listing(blob: bytes) -> tuple[ListingRow, Columns]:
    """Read a listing as far as its columns; what the worlds tell of a node is never kept apart."""
    row, columns = decode_columns(blob)
    if len(columns.labels) != len(columns.digests):
        raise ValueError("facts are kept apart, which no contender looks up")
    return row, columns
