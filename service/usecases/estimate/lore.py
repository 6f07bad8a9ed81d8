"""What a fleet has learnt, in the store: a small value for each source, and no address in it."""

from asyncio import timeout
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from connectors.errors import StoreUnavailableError
from connectors.ports import Sleeper
from service.cache.hasher import Hasher
from service.cache.key import PREFIX
from service.cache.store import Item, Store
from service.usecases.estimate.experience import Experience, Lesson, decode_lesson, encode_lesson
from service.usecases.source import Source

log = structlog.get_logger(__name__)
_TTL = timedelta(days=30)
_PAUSE = timedelta(seconds=1)
# Seconds that a plan waits for what others know.
_PATIENCE = 0.25


@dataclass(frozen=True, slots=True)
class Lore:
    """The lessons in the store.

    What two processes write at the same moment is written over: a few samples are lost, no more.
    """

    store: Store
    hasher: Hasher

    async def recall(self, experience: Experience, sources: Iterable[Source]) -> None:
        """Bring what the fleet knows of these sources; without a store, what is known here remains."""
        asked = list(sources)
        try:
            async with timeout(_PATIENCE):
                blobs = await self.store.load([self._key(source) for source in asked])
        except (StoreUnavailableError, TimeoutError):
            return
        for source, blob in zip(asked, blobs, strict=True):
            shared = decode_lesson(blob)
            if shared is not None:
                experience.recall(source.name, shared)

    async def tell(self, experience: Experience, sources: Iterable[Source]) -> None:
        """Add to the store what was learnt here since the last time; StoreUnavailableError."""
        asked = [source for source in sources if source.name in experience.untold]
        if not asked:
            return
        keys = [self._key(source) for source in asked]
        blobs = await self.store.load(keys)
        telling = {source.name: experience.untold.pop(source.name) for source in asked}
        items = []
        for source, key, blob in zip(asked, keys, blobs, strict=True):
            shared = decode_lesson(blob) or Lesson()
            shared.absorb(telling[source.name])
            items.append(Item(key, encode_lesson(shared), _TTL))
        try:
            await self.store.save(items)
        except StoreUnavailableError:
            # What came in between is newer.
            for name, lesson in telling.items():
                lesson.absorb(experience.untold.get(name, Lesson()))
                experience.untold[name] = lesson
            raise

    def _key(self, source: Source) -> str:
        # Sizes are the source's, whoever asked: no credential's partition is in the key.
        spec = source.connector.spec
        return (
            PREFIX
            + "lore:"
            + self.hasher.text("lore", source.name, spec.kind, spec.scope, spec.mapping_version)
        )


async def keep_learning(
    lore: Lore, experience: Experience, *, sources: Sequence[Source], sleeper: Sleeper
) -> None:
    """Tell the store, until cancelled, what this process learns; others plan by it."""
    while True:
        await sleeper.sleep(_PAUSE)
        try:
            await lore.tell(experience, sources)
        except StoreUnavailableError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, the next second is another try
            log.warning("what was learnt could not be told to the store", error=type(error).__name__)
