"""A crosswalk in the store: a short manifest under one fixed key, and its rows in chunks beside it.

The manifest is what a worker looks at with every request; its bytes differ with every load, so they
are the version. The chunks lie under keys that no other load uses: whoever holds a manifest finds
its own rows or none, never a mixture. Rows are kept as they were written: what an address means is
for the settings of the worker that reads them to say.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, TypeVar

from msgspec import Meta, MsgspecError, Struct
from msgspec.msgpack import Decoder, encode

from service.cache.frame import EntryError, pack, unpack
from service.cache.key import PREFIX

# No keyed hash, as every other key is: the command that loads a crosswalk and the service that reads
# it share the store and not always the secret keys (those of an embedded store are made up at its
# start). The name tells nothing that the presence of the feature does not tell.
MANIFEST_KEY = f"{PREFIX}crosswalk"

# A chunk is read within one operation's time limit; packed it is a fraction of this.
CHUNK_BYTES = 4 * 1024 * 1024

T = TypeVar("T")


class _Array(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Written as an array of exactly these fields."""


class WrittenRow(_Array, frozen=True, order=True):
    """A row as its operator wrote it: two addresses as text, who says so, how surely, for whom."""

    address: str
    same_as: str
    source: str
    confidence: float
    visibility: tuple[str, ...] = ()


class Manifest(_Array, frozen=True):
    """What is loaded: so many rows in so many chunks, since when.

    `version` is this load's own word and part of its chunks' keys; `digest` is that of the rows, so
    it is the same for the same rows in any order.
    """

    version: str
    digest: str
    rows: int
    chunks: int
    loaded_at: Annotated[datetime, Meta(tz=True)]

    @property
    def keys(self) -> tuple[str, ...]:
        """Give the keys of the chunks, in order."""
        return tuple(f"{MANIFEST_KEY}:{self.version}:{number}" for number in range(self.chunks))


def encode_manifest(manifest: Manifest) -> bytes:
    """Give the manifest's bytes, which no other load has."""
    return pack(encode(manifest))


def decode_manifest(blob: bytes) -> Manifest:
    """Read a manifest; EntryError when it is none, or of a format this version does not know."""
    return _decode(unpack(blob), _manifest)


def encode_rows(rows: Iterable[WrittenRow]) -> tuple[str, int, tuple[bytes, ...]]:
    """Give the rows' digest, how many differ, and their chunks; ascending, so order makes no difference."""
    unique = sorted(set(rows))
    payload = encode(unique) if unique else b""
    chunks = (payload[start : start + CHUNK_BYTES] for start in range(0, len(payload), CHUNK_BYTES))
    return _digest(payload), len(unique), tuple(pack(chunk) for chunk in chunks)


def decode_rows(chunks: Sequence[bytes], *, digest: str) -> tuple[WrittenRow, ...]:
    """Read the rows that have this digest; EntryError when the chunks are others, or damaged."""
    payload = b"".join(unpack(chunk) for chunk in chunks)
    if _digest(payload) != digest:
        raise EntryError("the rows are not those that the manifest speaks of")
    return _decode(payload, _rows) if payload else ()


def _digest(payload: bytes) -> str:
    return blake2b(payload, digest_size=16).hexdigest()


def _decode(payload: bytes, decoder: Decoder[T]) -> T:
    try:
        return decoder.decode(payload)
    except MsgspecError as error:
        raise EntryError(f"not what a crosswalk is kept as: {error}") from error


_manifest = Decoder(Manifest)
_rows = Decoder(tuple[WrittenRow, ...])
