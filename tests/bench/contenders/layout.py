"""The one place of the contenders that knows how the service's entries look: keys, frames, columns.

The bare program is to read what the service reads, and nothing may be easier for it; so this follows
`service.cache` down to its columns, and stops where the service begins to make objects of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from connectors.contract import Filter
from connectors.credential import CallerCredential
from connectors.wire import Aspect
from service.cache.codec import decode_columns
from service.cache.frame import Learnt, learnt_of
from service.cache.hasher import Hasher
from service.cache.key import Question, Scope, circle_of, learnt_key
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
    known: dict[bytes, Learnt] = field(default_factory=dict)

    def listing_key(self, address: str, *, aspect: Aspect = Aspect.RELATIONS) -> str:
        """Give the key of one side of a node."""
        return Question(self.scope, None, address, aspect, _ALL).key(self.hasher)

    def load(self, keys: Sequence[str]) -> list[bytes]:
        """Read them all at once; every one of them is there."""
        blobs: list[bytes] = self.client.mget(keys) if keys else []  # type: ignore[assignment] # of the sync client
        for key, blob in zip(keys, blobs, strict=True):
            digest = learnt_of(blob)
            if digest is not None and digest not in self.known:
                place = learnt_key(circle_of(key), digest=digest, hasher=self.hasher)
                self.known[digest] = Learnt(self.client.get(place))  # type: ignore[arg-type] # of the sync client
        return blobs

    def read(self, blob: bytes) -> tuple[ListingRow, Columns]:
        """Read a listing as far as its columns; what the worlds tell of a node is never kept apart."""
        row, columns = decode_columns(blob, known=self.known)
        if len(columns.labels) != len(columns.digests):
            raise ValueError("facts are kept apart, which no contender looks up")
        return row, columns


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
