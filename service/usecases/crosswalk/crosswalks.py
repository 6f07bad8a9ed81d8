"""The crosswalk that answers use: every worker notices with its next question that a new one is loaded.

A question costs one small read, of the manifest. Only when that is another than before are the rows
read, once for all who wait, and indexed in a thread of their own.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock
from service.cache.crosswalk import Manifest, WrittenRow
from service.cache.store import Store
from service.graph.identity import Crosswalk
from service.usecases.crosswalk.index import Connectors, LeftOut, index_rows
from service.usecases.crosswalk.store import (
    CrosswalkLostError,
    load_blob,
    load_chunks,
    read_manifest,
    read_rows,
    store_rows,
)

log = structlog.get_logger(__name__)
# A log is no listing: the command that loads a crosswalk names every such row.
_MOST_LOGGED = 10


@dataclass(frozen=True, slots=True)
class _Held:
    """A crosswalk and the bytes of its manifest; None is that of a store where none was ever loaded."""

    blob: bytes | None
    crosswalk: Crosswalk


@dataclass(frozen=True, slots=True)
class _Reading:
    """A new crosswalk on its way, for everybody who has seen the same manifest."""

    blob: bytes | None
    task: "asyncio.Task[Crosswalk]"


class Crosswalks:
    """Gives one process the crosswalk that is loaded now."""

    def __init__(self, store: Store, *, connectors: Connectors, clock: Clock) -> None:
        """Prepare; nothing is read before somebody asks. `close` when nobody does any more."""
        self._store = store
        self._connectors = connectors
        self._clock = clock
        self._held: _Held | None = None
        self._reading: _Reading | None = None

    async def current(self) -> Crosswalk:
        """Give the crosswalk that is loaded, an empty one when there is none.

        While the store is down it is the last one known; StoreUnavailableError when none is.
        CrosswalkLostError when one was loaded and its rows are gone or damaged: what used to be merged
        would silently fall apart. Who gives up waiting disturbs nobody else.
        """
        held = self._held
        try:
            blob = await load_blob(self._store)
            if held is not None and held.blob == blob:
                return held.crosswalk
            return await asyncio.shield(self._renew(blob))
        except CrosswalkLostError:
            raise
        except StoreUnavailableError:
            if held is None:
                raise
            return held.crosswalk

    async def load(self, rows: Iterable[WrittenRow]) -> Manifest:
        """Replace what is loaded, for the whole fleet; the rows are taken to have been checked."""
        return await store_rows(self._store, rows, now=self._clock.now())

    async def close(self) -> None:
        """Stop reading, if it is being read; nothing else may be called afterwards."""
        if self._reading is not None:
            self._reading.task.cancel()
            await asyncio.wait({self._reading.task})

    def _renew(self, blob: bytes | None) -> "asyncio.Task[Crosswalk]":
        reading = self._reading
        if reading is None or reading.blob != blob or reading.task.done():
            reading = self._reading = _Reading(blob, asyncio.create_task(self._read(blob)))
            # Everybody who waits may have gone by the time it fails.
            reading.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return reading.task

    async def _read(self, blob: bytes | None) -> Crosswalk:
        while blob is not None:
            manifest = read_manifest(blob)
            chunks = await load_chunks(self._store, manifest)
            if chunks is not None:
                crosswalk, left_out = await asyncio.to_thread(_build, chunks, manifest, self._connectors)
                self._take(blob, crosswalk, left_out)
                return crosswalk
            # Either another one was loaded between the two reads, or the rows are gone for good.
            newer = await load_blob(self._store)
            if newer == blob:
                raise CrosswalkLostError("the rows of the loaded crosswalk are gone from the store")
            blob = newer
        nothing = Crosswalk()
        self._take(None, nothing, ())
        return nothing

    def _take(self, blob: bytes | None, crosswalk: Crosswalk, left_out: tuple[LeftOut, ...]) -> None:
        before = self._held
        self._held = _Held(blob, crosswalk)
        if blob is not None:
            log.info("crosswalk_read", rows=len(crosswalk.rows), digest=crosswalk.digest)
        elif before is not None and before.crosswalk.rows:
            # Clearing leaves a manifest behind: so somebody has emptied the store.
            log.warning("crosswalk_gone", rows=len(before.crosswalk.rows), digest=before.crosswalk.digest)
        if left_out:
            examples = [f"{each.row.address}: {each.reason}" for each in left_out[:_MOST_LOGGED]]
            log.warning("crosswalk_rows_left_out", rows=len(left_out), examples=examples)


def _build(
    chunks: list[bytes], manifest: Manifest, connectors: Connectors
) -> tuple[Crosswalk, tuple[LeftOut, ...]]:
    rows = read_rows(chunks, manifest)
    return index_rows(rows, connectors=connectors, loaded_at=manifest.loaded_at, digest=manifest.digest)
