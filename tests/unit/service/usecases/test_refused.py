"""What a process remembers of refusals, and how the store comes to hear of them."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.cache.store import Item
from service.usecases.refused import Refused, keep_telling, written_moment

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
    refused, now = Refused(), stage.clock.now()
    first = _marker("k", now)
    refused.note(first, now)
    assert refused.untold == (first,)
    second = _marker("k", now + HOUR)
    refused.note(second, now + HOUR)
    refused.settle([first, _marker("unknown", now)])
    assert refused.untold == (second,)
    refused.settle([second])
    assert not refused.untold
    assert refused.since("k") == now + HOUR
    assert refused.since("unknown") is None


def test_the_oldest_is_forgotten_first(stage: Any) -> None:
    """Callers bring any number of credentials; what was set anew is not the oldest."""
    refused, now = Refused(), stage.clock.now()
    for n in range(10_000):
        refused.note(_marker(str(n), now), now)
    refused.note(_marker("0", now), now)
    refused.note(_marker("one more", now), now)
    assert refused.since("1") is None
    assert refused.since("0") == now
    assert len(refused.untold) == 10_000


async def test_a_store_that_was_down_is_told_when_it_is_back(stage: Any) -> None:
    """Every second what is untold is tried again, with the time at which it is told."""
    refused = stage.refused
    refused.note(_marker("k", stage.clock.now()), stage.clock.now())
    stage.store.broken = True
    telling = asyncio.create_task(keep_telling(refused, store=stage.store, clock=stage.clock, sleeper=stage))
    await _let_pass(3)
    assert refused.untold
    stage.store.broken = False
    back = stage.clock.now()
    await _let_pass(9)
    assert not refused.untold
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    (told,) = await stage.store.load(["k"])
    # As of when it was back, not of the refusal: another process may have set a later one meanwhile.
    assert _moment(told) >= back
