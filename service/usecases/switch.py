"""Which sources may be asked at all: the operator switches one off, and every process heeds it.

What the settings leave off, nobody can switch on. For the rest the store has a word under a fixed key
per source, without an end, which each process reads once a second. While the store cannot be read, the
last word known goes on; where it holds none, the source is on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from connectors.errors import SourceSwitchedOffError, StoreUnavailableError
from connectors.ports import Demand, Sender, Sleeper
from connectors.wire import Call, Reply
from service.cache.key import PREFIX
from service.cache.store import Item, Store

log = structlog.get_logger(__name__)
# Two seconds are promised; the rest of them is for a store that is slow.
_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Word:
    """What an operator has said of a source, and when."""

    on: bool
    since: datetime


class Switchboard:
    """What one process knows of its sources' switches."""

    def __init__(self, enabled: Mapping[str, bool]) -> None:
        """Begin with what the settings say of each source by its name: nobody has said another word."""
        self._enabled = dict(enabled)
        self._off: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Give the sources that an operator's word can switch."""
        return tuple(name for name, enabled in self._enabled.items() if enabled)

    def is_on(self, name: str) -> bool:
        """Tell whether a source may be asked."""
        return self._enabled[name] and name not in self._off

    def check(self, name: str) -> None:
        """Raise SourceSwitchedOffError while the source is off."""
        if not self.is_on(name):
            raise SourceSwitchedOffError

    def take(self, words: Mapping[str, Word | None]) -> None:
        """Heed these words, of all sources that can be switched; None is that there is none."""
        off = frozenset(name for name, word in words.items() if word is not None and not word.on)
        for name in sorted(off ^ self._off):
            log.warning("source_switched", source=name, on=name not in off)
        self._off = off


class SwitchedSender:
    """Sends as another sender does, while the source is on."""

    def __init__(self, sender: Sender, *, name: str, switchboard: Switchboard) -> None:
        """Send by `sender`; `name` is the source's."""
        self._sender = sender
        self._name = name
        self._switchboard = switchboard

    async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
        """Give the reply; SourceSwitchedOffError, before anything is spent or waited for."""
        self._switchboard.check(self._name)
        return await self._sender.send(call, timeout=timeout, demand=demand)


async def load_words(store: Store, names: Collection[str]) -> dict[str, Word | None]:
    """Give what has been said of each of these sources, in one round trip; StoreUnavailableError."""
    blobs = await store.load([_key(name) for name in names])
    return {name: _word(blob) for name, blob in zip(names, blobs, strict=True)}


async def store_word(store: Store, name: str, *, word: Word) -> None:
    """Say it for good, until another word is said; StoreUnavailableError."""
    text = f"{'on' if word.on else 'off'} {word.since.isoformat()}"
    await store.save([Item(_key(name), text.encode("ascii"), None)])


async def keep_reading(switchboard: Switchboard, *, store: Store, sleeper: Sleeper) -> None:
    """Read the words of all sources, now and again until cancelled."""
    while True:
        await read_once(switchboard, store=store)
        await sleeper.sleep(_PAUSE)


async def read_once(switchboard: Switchboard, *, store: Store) -> None:
    """Read the words of all sources; a store in trouble changes nothing."""
    try:
        switchboard.take(await load_words(store, switchboard.names))
    except StoreUnavailableError:
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, the next second is another try
        log.warning("switches could not be read", error=type(error).__name__)


def _key(name: str) -> str:
    # No keyed hash: the command that switches shares the store and need not have the secret keys. The
    # name is one of the settings' own.
    return f"{PREFIX}switch:{name}"


def _word(blob: bytes | None) -> Word | None:
    if blob is None:
        return None
    try:
        state, _, moment = blob.decode("ascii").partition(" ")
        since = datetime.fromisoformat(moment)
    except ValueError:
        # Whoever damaged it, it was once written to keep calls from leaving.
        return Word(on=False, since=datetime.fromtimestamp(0, UTC))
    return Word(on=state == "on", since=since)
