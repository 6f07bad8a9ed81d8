"""A source that is off is not asked, in any process, until it is switched on again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from connectors.errors import SourceSwitchedOffError, SourceUnavailableError, StoreUnavailableError
from connectors.ports import Demand
from connectors.wire import Call, Reply
from service.adapters.memory_store import MemoryStore
from service.cache.store import Item, Store
from service.usecases.switch import (
    Switchboard,
    SwitchedSender,
    Word,
    keep_reading,
    load_words,
    read_once,
    store_word,
)

THEN = datetime(2026, 1, 1, 12, tzinfo=UTC)
OFF, ON = Word(on=False, since=THEN), Word(on=True, since=THEN)


class StandingClock:
    """A clock that stands."""

    def now(self) -> datetime:
        """Give the one moment."""
        return THEN

    def monotonic(self) -> float:
        """Give no time."""
        return 0.0


class DeadStore(MemoryStore):
    """A store that cannot be read."""

    def __init__(self, trouble: Exception) -> None:
        """Raise `trouble` at every load."""
        super().__init__(clock=StandingClock())
        self.trouble = trouble

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Raise."""
        raise self.trouble


class Recorder:
    """A sender that notes what it is given, and a sleeper that ends the loop that sleeps."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self.sent: list[Call] = []
        self.slept: list[timedelta] = []

    async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
        """Note the call."""
        self.sent.append(call)
        return Reply(200, THEN)

    async def sleep(self, wait: timedelta) -> None:
        """Note the time, and have enough at the third."""
        self.slept.append(wait)
        if len(self.slept) > 2:
            raise asyncio.CancelledError


class Enough:
    """A demand that is never spent."""

    exhausted = False
    callers = ()

    def take(self) -> bool:
        """Grant it."""
        return True

    @property
    def until(self) -> float:
        """Want it for ever."""
        return inf

    def on_join(self, listener: object) -> object:
        """Nobody ever joins."""
        return lambda: None


@pytest.fixture
def store() -> Store:
    """Give an empty store."""
    return MemoryStore(clock=StandingClock())


async def test_a_word_is_for_good_until_the_next(store: Store) -> None:
    """What was said last is what every process reads, with its time."""
    assert await load_words(store, ["acc", "feed"]) == {"acc": None, "feed": None}
    await store_word(store, "acc", word=OFF)
    assert await load_words(store, ["acc", "feed"]) == {"acc": OFF, "feed": None}
    await store_word(store, "acc", word=ON)
    assert await load_words(store, ["acc"]) == {"acc": ON}


async def test_a_damaged_word_keeps_calls_from_leaving(store: Store) -> None:
    """Whatever it said, somebody once had a reason to write it."""
    for junk in (b"", b"on", b"\xff", b"on yesterday"):
        await store.save([Item("rg1:switch:acc", junk, None)])
        (word,) = (await load_words(store, ["acc"])).values()
        assert word is not None
        assert not word.on


async def test_a_process_heeds_what_it_reads(store: Store) -> None:
    """Off and on again, each from the next reading on, and the other source is left alone."""
    board = Switchboard({"acc": True, "feed": True})
    for word in (OFF, ON):
        await store_word(store, "acc", word=word)
        await read_once(board, store=store)
        assert (board.is_on("acc"), board.is_on("feed")) == (word.on, True)


async def test_what_the_settings_leave_off_nobody_switches_on(store: Store) -> None:
    """A word in the store changes nothing there, and is not even read."""
    board = Switchboard({"acc": False, "feed": True})
    await store_word(store, "acc", word=ON)
    await read_once(board, store=store)
    assert (board.is_on("acc"), board.names) == (False, ("feed",))


@pytest.mark.parametrize("trouble", [StoreUnavailableError("down"), ValueError("a defect")])
async def test_without_the_store_the_last_word_goes_on(store: Store, trouble: Exception) -> None:
    """A store in trouble switches nothing, in either direction, and ends no loop."""
    board = Switchboard({"acc": True, "feed": True})
    await store_word(store, "acc", word=OFF)
    await read_once(board, store=store)
    await read_once(board, store=DeadStore(trouble))
    assert (board.is_on("acc"), board.is_on("feed")) == (False, True)


async def test_the_switches_are_read_at_once_and_every_second(store: Store) -> None:
    """Two seconds after the operator's word at the latest, nothing leaves any more."""
    board, sleeper = Switchboard({"acc": True}), Recorder()
    await store_word(store, "acc", word=OFF)
    with pytest.raises(asyncio.CancelledError):
        await keep_reading(board, store=store, sleeper=sleeper)
    assert sleeper.slept == [timedelta(seconds=1)] * 3
    assert not board.is_on("acc")


async def test_a_source_that_is_off_is_not_asked() -> None:
    """The call is refused before anything is spent, with words for the caller, and no second attempt's."""
    board, inner = Switchboard({"acc": True}), Recorder()
    sender = SwitchedSender(inner, name="acc", switchboard=board)
    call = Call("GET", "/x", ())
    minute = timedelta(minutes=1)
    await sender.send(call, timeout=minute, demand=Enough())
    board.take({"acc": OFF})
    with pytest.raises(SourceSwitchedOffError, match=r"^switched off by the operator$") as caught:
        await sender.send(call, timeout=minute, demand=Enough())
    assert isinstance(caught.value, SourceUnavailableError)
    board.take({"acc": None})
    await sender.send(call, timeout=minute, demand=Enough())
    assert inner.sent == [call, call]
