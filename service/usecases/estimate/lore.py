"""What a fleet has learnt, in the store: a small value for each holder, and no address in it."""

from asyncio import timeout
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from itertools import islice

import structlog

from connectors.errors import StoreUnavailableError
from connectors.ports import Sleeper
from service.cache.hasher import Hasher, Plain
from service.cache.key import PREFIX
from service.cache.store import Item, Store
from service.usecases.estimate.experience import Experience, Lesson, decode_lesson, encode_lesson
from service.usecases.estimate.holder import Holder
from service.usecases.source import Source

log = structlog.get_logger(__name__)
_TTL = timedelta(days=30)
# A caller's credential is a token mostly, and good for an hour: nobody asks with it the next day.
_PASSING_TTL = timedelta(days=1)
_PAUSE = timedelta(seconds=1)
# Seconds that a plan waits for what others know.
_PATIENCE = 0.25
# Holders told of between two pauses: some milliseconds of work each, and callers may be many.
_MOST_AT_ONCE = 16


class Lore:
    """The lessons in the store, shared by services that are set up alike.

    What two processes write at the same moment is written over: a few samples are lost, no more.
    """

    def __init__(self, store: Store, *, hasher: Hasher, sources: Sequence[Source]) -> None:
        """Share what is learnt of these sources, all that the service has."""
        self._store = store
        self._hasher = hasher
        # What was counted over an answer has all its sources in it, as this service may see them.
        told = sorted(sources, key=lambda source: source.name)
        self._set_up = hasher.text("set up", *map(_as_set_up, told))

    async def recall(self, experience: Experience, holders: Collection[Holder]) -> Mapping[str, Lesson]:
        """Give by source what is known for these holders; without a store, what is known here remains."""
        blobs: Sequence[bytes | None] = [None] * len(holders)
        try:
            async with timeout(_PATIENCE):
                blobs = await self._store.load([self._key(holder) for holder in holders])
        except (StoreUnavailableError, TimeoutError):
            pass
        return {
            holder.source: experience.recall(holder, decode_lesson(blob))
            for holder, blob in zip(holders, blobs, strict=True)
        }

    async def tell(self, experience: Experience) -> None:
        """Add to the store what was learnt here since the last time; StoreUnavailableError."""
        for holder in tuple(islice(experience.untold, _MOST_AT_ONCE)):
            await self._tell(experience, holder)

    async def _tell(self, experience: Experience, holder: Holder) -> None:
        key = self._key(holder)
        (blob,) = await self._store.load([key])
        news = experience.untold.pop(holder, None)
        if news is None:
            # Forgotten meanwhile.
            return
        shared = decode_lesson(blob) or Lesson()
        shared.absorb(news)
        ttl = _PASSING_TTL if holder.passing else _TTL
        try:
            await self._store.save([Item(key, encode_lesson(shared), ttl)])
        except StoreUnavailableError:
            experience.tell_again(holder, news)
            raise

    def _key(self, holder: Holder) -> str:
        return PREFIX + "lore:" + self._hasher.text("lore", self._set_up, holder.source, holder.partition)


def _as_set_up(source: Source) -> Plain:
    spec, own = source.connector.spec, None if source.by_caller else source.admit(None).identity
    return (source.name, spec.kind, spec.scope, spec.mapping_version, source.visibility.value, own)


async def keep_learning(lore: Lore, experience: Experience, *, sleeper: Sleeper) -> None:
    """Tell the store, until cancelled, what this process learns; others plan by it."""
    while True:
        await sleeper.sleep(_PAUSE)
        try:
            await lore.tell(experience)
        except StoreUnavailableError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, the next second is another try
            log.warning("what was learnt could not be told to the store", error=type(error).__name__)
