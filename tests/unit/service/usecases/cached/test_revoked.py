"""What a process remembers of refusals, and how the store comes to hear of them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.errors import StoreUnavailableError
from service.cache.store import Item
from service.usecases.cached.revoked import Revoked, keep_telling, written_moment

HOUR = timedelta(hours=1)


def _marker(key: str, moment: datetime) -> Item:
    return Item(key, written_moment(moment), HOUR)


def _moment(blob: bytes) -> datetime:
    return datetime.fromisoformat(blob.decode())


async def _let_pass(seconds: int) -> None:
    # The stage's sleeper lets its second pass and yields once.
    for _ in range(seconds):
        await asyncio.sleep(0)


def test_a_marker_is_untold_until_the_store_has_it(stage: Any) -> None:
    """Saved, it is told; set anew since, it has to be told again; remembered it is always."""
    revoked, now = Revoked(), stage.clock.now()
    first = _marker("k", now)
    revoked.note(first, now)
    assert revoked.untold == (first,)
    second = _marker("k", now + HOUR)
    revoked.note(second, now + HOUR)
    revoked.settle([first, _marker("unknown", now)])
    assert revoked.untold == (second,)
    revoked.settle([second])
    assert not revoked.untold
    assert revoked.since("k") == now + HOUR
    assert revoked.since("unknown") is None


def test_the_oldest_is_forgotten_first(stage: Any) -> None:
    """Callers bring any number of credentials; what was set anew is not the oldest."""
    revoked, now = Revoked(), stage.clock.now()
    for n in range(10_000):
        revoked.note(_marker(str(n), now), now)
    revoked.note(_marker("0", now), now)
    revoked.note(_marker("one more", now), now)
    assert revoked.since("1") is None
    assert revoked.since("0") == now
    assert len(revoked.untold) == 10_000


class Street:
    """Carries what one cries to all who listen, as a server would; `broken` it carries nothing."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.listeners: list[Callable[[bytes], None]] = []
        self.broken = False
        self.words: list[bytes] = []

    def subscribe(self, channel: str, listener: Callable[[bytes], None]) -> None:
        """Have somebody listen."""
        self.listeners.append(listener)

    async def publish(self, channel: str, payload: bytes) -> None:
        """Tell everybody."""
        if self.broken:
            raise StoreUnavailableError
        self.words.append(payload)
        for listener in self.listeners:
            listener(payload)


async def test_what_the_store_has_not_taken_is_cried_to_every_process(stage: Any) -> None:
    """Whoever hears it remembers it as its own and tells it on; what is known already is no news."""
    street, now, heard = Street(), stage.clock.now(), list[bytes]()
    one, other = Revoked(crier=street), Revoked(told=heard.extend, crier=street)
    marker, settled = _marker("k", now), _marker("settled", now)
    for each in (marker, settled):
        one.note(each, now)
    one.settle([settled])
    for _ in range(2):
        await one.cry([marker, settled, _marker("an entry", now)])
    assert (other.since("k"), other.since("settled")) == (now, None)
    assert other.untold == (marker,)
    assert heard == [b"k"]
    street.broken = True
    await one.cry([marker])


@pytest.mark.parametrize("word", [b"", b"\xff", b"\x91\x01", b"nonsense"])
def test_a_word_that_is_none_is_let_be(word: bytes) -> None:
    """Whatever else comes over the channel refuses nobody."""
    street = Street()
    revoked = Revoked(crier=street)
    street.listeners[0](word)
    assert not revoked.untold


async def test_who_begins_late_hears_it_again_each_second(stage: Any) -> None:
    """As long as the store takes nothing."""
    street, revoked = Street(), stage.revoked
    crying = Revoked(crier=street)
    crying.note(_marker("k", stage.clock.now()), stage.clock.now())
    stage.store.broken = True
    telling = asyncio.create_task(keep_telling(crying, store=stage.store, clock=stage.clock, sleeper=stage))
    await _let_pass(6)
    late = Revoked(crier=street)
    await _let_pass(6)
    telling.cancel()
    await asyncio.wait([telling])
    assert late.since("k") == crying.since("k")
    assert revoked.since("k") is None


async def test_a_store_that_was_down_is_told_when_it_is_back(stage: Any) -> None:
    """Every second what is untold is tried again, with the time at which it is told."""
    revoked = stage.revoked
    revoked.note(_marker("k", stage.clock.now()), stage.clock.now())
    stage.store.broken = True
    telling = asyncio.create_task(keep_telling(revoked, store=stage.store, clock=stage.clock, sleeper=stage))
    await _let_pass(3)
    assert revoked.untold
    stage.store.broken = False
    back = stage.clock.now()
    await _let_pass(9)
    assert not revoked.untold
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    (told,) = await stage.store.load(["k"])
    # As of when it was back, not of the refusal: another process may have set a later one meanwhile.
    assert _moment(told) >= back
