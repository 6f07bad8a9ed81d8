"""The crosswalk in the store: read by whoever answers, replaced as a whole by whoever operates."""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from connectors.errors import StoreUnavailableError
from service.cache.crosswalk import (
    MANIFEST_KEY,
    Manifest,
    WrittenRow,
    decode_manifest,
    decode_rows,
    encode_manifest,
    encode_rows,
)
from service.cache.frame import EntryError
from service.cache.store import Item, Store

# A store has no deletion: the shortest life does it.
_SHORTEST = timedelta(milliseconds=1)


class CrosswalkLostError(StoreUnavailableError):
    """A crosswalk was loaded and cannot be read any more; loading it again helps."""


async def load_blob(store: Store) -> bytes | None:
    """Give the manifest's bytes, which are the version of what is loaded; None when nothing ever was."""
    (blob,) = await store.load([MANIFEST_KEY])
    return blob


def read_manifest(blob: bytes) -> Manifest:
    """Read the manifest; CrosswalkLostError when these bytes are none that this version can read."""
    try:
        return decode_manifest(blob)
    except EntryError as error:
        raise CrosswalkLostError(f"the crosswalk in the store cannot be read: {error}") from error


async def load_chunks(store: Store, manifest: Manifest) -> list[bytes] | None:
    """Give the manifest's chunks; None when one is gone, as all are once another crosswalk is loaded."""
    chunks: list[bytes] = []
    # One by one: each has the time of an operation to itself.
    for key in manifest.keys:
        (chunk,) = await store.load([key])
        # An empty one is being removed: no chunk is.
        if not chunk:
            return None
        chunks.append(chunk)
    return chunks


def read_rows(chunks: Sequence[bytes], manifest: Manifest) -> tuple[WrittenRow, ...]:
    """Read the rows; CrosswalkLostError when they are damaged. Takes a while: not for the event loop."""
    try:
        return decode_rows(chunks, digest=manifest.digest)
    except EntryError as error:
        raise CrosswalkLostError(f"the crosswalk in the store cannot be read: {error}") from error


async def store_rows(store: Store, rows: Iterable[WrittenRow], *, now: datetime) -> Manifest:
    """Put these rows in the place of whatever was loaded, for good; of none, say that there are none.

    The manifest comes last, so a reader sees the old rows or the new ones. Then the old rows go.
    """
    before = await load_blob(store)
    digest, count, chunks = encode_rows(rows)
    manifest = Manifest(secrets.token_hex(8), digest, count, len(chunks), now)
    for key, chunk in zip(manifest.keys, chunks, strict=True):
        await store.save([Item(key, chunk, None)])
    await store.save([Item(MANIFEST_KEY, encode_manifest(manifest), None)])
    # What cannot be read, or reached any more, is left behind: the new rows are in place.
    with suppress(StoreUnavailableError):
        keys = () if before is None else read_manifest(before).keys
        await store.save([Item(key, b"", _SHORTEST) for key in keys])
    return manifest
