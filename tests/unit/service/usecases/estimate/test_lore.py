"""What a fleet has learnt adds up in the store, for each holder by itself."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import StoreUnavailableError
from service.cache.partition import configured_partition
from service.usecases.estimate.experience import Experience, Lesson, Sample
from service.usecases.estimate.holder import Holder
from service.usecases.estimate.lore import Lore

OWN = Holder("feed", configured_partition("feed"))
INES, OTTO = (Holder("site", f"credential:{name}", passing=True) for name in ("ines", "otto"))


def lesson_of(size: int) -> Lesson:
    """Give what a single listing of so many relations teaches."""
    lesson = Lesson()
    lesson.add("feed:host", [Sample(size, ())], hop=0)
    return lesson


def rows(lesson: Lesson) -> list[int]:
    """Give the sizes that a lesson has of the one kind."""
    return [sample.rows for sample, _ in lesson.weighed("feed:host", hop=0)]


@pytest.fixture
def lore(stage: Any) -> Lore:
    """Give the lore of two sources, one of which each caller asks as itself."""
    stage.source("feed", "feed")
    stage.source("site", "site", by_caller=True)
    return Lore(stage.store, hasher=stage.hasher, sources=stage.sources)


async def test_lessons_of_a_fleet_add_up_in_the_store(stage: Any, lore: Lore) -> None:
    """What two processes tell, a third one plans by; a store that is down keeps nobody from planning."""
    for size in (3, 4):
        (one := Experience()).learn({OWN: lesson_of(size)})
        await lore.tell(one)
        assert one.untold == {}
    third = Experience()
    assert rows((await lore.recall(third, [OWN]))["feed"]) == [3, 4]
    stage.store.broken = True
    assert rows((await lore.recall(third, [OWN]))["feed"]) == [3, 4]


async def test_what_one_holder_is_told_another_is_not(lore: Lore) -> None:
    """In the store as in the process, each credential has its own."""
    (one := Experience()).learn({INES: lesson_of(37)})
    await lore.tell(one)
    assert (await lore.recall(Experience(), [OTTO]))["site"] == Lesson()
    assert rows((await lore.recall(Experience(), [INES]))["site"]) == [37]


async def test_what_came_from_callers_is_gone_the_next_day(stage: Any, lore: Lore) -> None:
    """A token is good for an hour, the service's own credential as long as it is configured."""
    (one := Experience()).learn({OWN: lesson_of(1), INES: lesson_of(37)})
    await lore.tell(one)
    kept = []
    for hours in (23, 2, 24 * 28, 48):
        stage.clock.passed += timedelta(hours=hours).total_seconds()
        known = await lore.recall(Experience(), [OWN, INES])
        kept.append((known["feed"] != Lesson(), known["site"] != Lesson()))
    assert kept == [(True, True), (True, False), (True, False), (False, False)]


async def test_what_the_store_did_not_take_is_told_later(stage: Any, lore: Lore) -> None:
    """A store that fails between reading and writing loses nothing."""
    (one := Experience()).learn({OWN: lesson_of(1)})
    stage.store.on_load = lambda _: setattr(stage.store, "broken", True)
    with pytest.raises(StoreUnavailableError):
        await lore.tell(one)
    stage.store.on_load, stage.store.broken = None, False
    await lore.tell(one)
    assert rows((await lore.recall(Experience(), [OWN]))["feed"]) == [1]


async def test_what_was_forgotten_meanwhile_is_not_told(stage: Any, lore: Lore) -> None:
    """A lesson that goes while the store is read is gone, and the others are told."""
    (one := Experience()).learn({INES: lesson_of(37), OTTO: lesson_of(2)})
    stage.store.on_load = lambda _: one.untold.pop(INES, None)
    await lore.tell(one)
    stage.store.on_load = None
    assert (await lore.recall(Experience(), [INES]))["site"] == Lesson()
    assert rows((await lore.recall(Experience(), [OTTO]))["site"]) == [2]


async def test_many_callers_are_told_of_in_turns(lore: Lore) -> None:
    """A crowd does not hold a process up: some are told of at once, the others the next time."""
    crowd = [Holder("site", f"credential:{number}", passing=True) for number in range(40)]
    (one := Experience()).learn(dict.fromkeys(crowd, lesson_of(2)))
    left = []
    while one.untold:
        await lore.tell(one)
        left.append(len(one.untold))
    assert left == [24, 8, 0]


async def test_services_that_are_set_up_otherwise_share_nothing(
    stage: Any, make_stage: type[Any], lore: Lore
) -> None:
    """What is counted over an answer has all its sources in it, so another set of them has its own lore."""
    (one := Experience()).learn({OWN: lesson_of(1)})
    await lore.tell(one)
    other = make_stage()
    other.source("feed", "feed")
    alone = Lore(stage.store, hasher=stage.hasher, sources=other.sources)
    assert (await alone.recall(Experience(), [OWN]))["feed"] == Lesson()
    other.source("site", "site", by_caller=True)
    alike = Lore(stage.store, hasher=stage.hasher, sources=other.sources[::-1])
    assert rows((await alike.recall(Experience(), [OWN]))["feed"]) == [1]
