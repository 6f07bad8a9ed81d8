"""What one process remembers of refused credentials, until the store has been told and beyond.

A store that is full, or read only, takes no marker and still serves what was fetched. So what it does
not take is cried: every process that hears it remembers it as its own, and tells it on.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Protocol

import msgspec
import structlog

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock, Sleeper
from service.cache.key import PREFIX
from service.cache.store import Item, Store

log = structlog.get_logger(__name__)
_MOST = 10_000
_PAUSE = timedelta(seconds=1)
_CHANNEL = f"{PREFIX}refused"
# Whoever begins to listen late hears so many again each second.
_MOST_CRIED = 100


class Crier(Protocol):
    """Carries words to every process on the store, and from it; what nobody hears is gone."""

    def subscribe(self, channel: str, listener: Callable[[bytes], None]) -> None:
        """Have `listener` told of each word on `channel`."""
        ...

    async def publish(self, channel: str, payload: bytes) -> None:
        """Say a word; StoreUnavailableError when that fails."""
        ...


class _Cried(msgspec.Struct, frozen=True, array_like=True):
    """A marker as it is cried; `seconds` is how long it is to be kept."""

    key: str
    moment: Annotated[datetime, msgspec.Meta(tz=True)]
    seconds: float


class Revoked:
    """When which marker was last set, and which of them the store has not been told yet.

    Beyond ten thousand the oldest is forgotten: by then the store has it, or is long gone.
    """

    def __init__(
        self, *, told: Callable[[Iterable[bytes]], None] | None = None, crier: Crier | None = None
    ) -> None:
        """Start with nothing refused; `told` learns at once of each key under which a refusal stands."""
        self._told = told
        self._crier = crier
        if crier is not None:
            crier.subscribe(_CHANNEL, self._hear)
        self._since: OrderedDict[str, datetime] = OrderedDict()
        self._untold: OrderedDict[str, Item] = OrderedDict()

    @property
    def untold(self) -> tuple[Item, ...]:
        """Give the markers the store has not taken yet."""
        return tuple(self._untold.values())

    def note(self, marker: Item, moment: datetime) -> None:
        """Remember that a marker was set at `moment`; it counts as untold until `settle`."""
        if self._told is not None:
            self._told((marker.key.encode(),))
        self._since[marker.key] = moment
        self._untold[marker.key] = marker
        for kept in (self._since, self._untold):
            kept.move_to_end(marker.key)
            if len(kept) > _MOST:
                kept.popitem(last=False)

    def settle(self, saved: Iterable[Item]) -> None:
        """Take note that the store has these; a marker set anew since is still to be told."""
        for item in saved:
            if self._untold.get(item.key) == item:
                del self._untold[item.key]

    def since(self, key: str) -> datetime | None:
        """Give when the marker was set last, None if it was not."""
        return self._since.get(key)

    async def cry(self, items: Iterable[Item]) -> None:
        """Tell every process of those of these that are markers which the store has not taken."""
        cried = [
            _Cried(item.key, self._since[item.key], item.ttl.total_seconds())
            for item in items
            if item.ttl is not None and self._untold.get(item.key) == item
        ]
        if self._crier is not None and cried:
            with suppress(StoreUnavailableError):
                await self._crier.publish(_CHANNEL, msgspec.msgpack.encode(cried))

    def _hear(self, word: bytes) -> None:
        try:
            heard = msgspec.msgpack.decode(word, type=list[_Cried])
            markers = [
                (Item(each.key, written_moment(each.moment), timedelta(seconds=each.seconds)), each.moment)
                for each in heard
            ]
        except (msgspec.DecodeError, OverflowError, ValueError):
            log.warning("refusals were cried that could not be read")
            return
        for marker, moment in markers:
            known = self._since.get(marker.key)
            if known is None or known < moment:
                self.note(marker, moment)


async def keep_telling(revoked: Revoked, *, store: Store, clock: Clock, sleeper: Sleeper) -> None:
    """Tell the store, until cancelled, what it could not be told at once: others read it there.

    A marker told late bears the time it is told: it must not put back a later one of another
    process, and to bar a little more is safe.
    """
    while True:
        await sleeper.sleep(_PAUSE)
        untold = revoked.untold
        if not untold:
            continue
        moment = written_moment(clock.now())
        try:
            await store.save([replace(marker, value=moment) for marker in untold])
        except StoreUnavailableError:
            await revoked.cry(untold[-_MOST_CRIED:])
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, the next second is another try
            log.warning("refusals could not be told to the store", error=type(error).__name__)
            continue
        revoked.settle(untold)


def written_moment(moment: datetime) -> bytes:
    """Write a moment the way every marker holds it."""
    return moment.isoformat().encode("ascii")
