"""What answers teach: what lay behind the cache, a little of everything, and of no node in particular."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.credential import Scheme
from connectors.settings import Visibility
from service.cache.partition import PUBLIC, configured_partition
from service.usecases.estimate.experience import Experience, Lesson, Sample, encode_lesson
from service.usecases.estimate.holder import Holder
from service.usecases.request import GraphRequest
from service.usecases.source import UpstreamCredential

HUB = "feed:hub:h"
OWN = Holder("feed", configured_partition("feed"))


class Class:
    """A source, whoever asks it, and what they learn."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.site = stage.source("feed", "feed")
        self._experience = Experience()

    async def ask(self, node: str, *, hops: int) -> Lesson:
        """Answer, and give what just this answer has taught."""
        # What was fetched at the very moment an answer began would count as its own.
        self.stage.clock.passed += 1
        self._experience.known.clear()
        expander = replace(self.stage.expander, experience=self._experience)
        await expander.expand(GraphRequest((node,), hops=hops))
        return self._experience.known.get(OWN, Lesson())


@pytest.fixture
def taught(stage: Any) -> Class:
    """Give a hub with five neighbors, and nobody who has asked."""
    made = Class(stage)
    for end in "abcde":
        made.site.line(HUB, f"feed:host:{end}")
    return made


def of(lesson: Lesson, kind: str, *, ring: int) -> list[Sample]:
    """Give the samples of a kind."""
    return lesson.samples.get(ring, {}).get(kind, [])


async def test_what_the_cache_has_led_to_teaches_nothing(taught: Class) -> None:
    """An answer asked for again is no news, nor is the cached part of one that goes further."""
    await taught.ask("feed:host:a", hops=2)
    assert await taught.ask("feed:host:a", hops=2) == Lesson()
    lesson = await taught.ask("feed:host:a", hops=3)
    assert of(lesson, "feed:hub", ring=1) == []
    assert len(of(lesson, "feed:host", ring=1)) == 4
    assert lesson.cached.whole == 0


async def test_a_cached_node_behind_a_fetched_one_is_known_as_cached(taught: Class) -> None:
    """Who was met again by way of somebody new teaches, and so does what was behind it."""
    (first,) = of(await taught.ask("feed:host:a", hops=2), "feed:hub", ring=1)
    lesson = await taught.ask("feed:host:b", hops=2)
    (second,) = of(lesson, "feed:hub", ring=1)
    assert (first.cached, second.cached) == (False, True)
    assert first.tag == second.tag != ""
    # Whether the hub's neighbors are cached nobody has looked.
    assert second.onward is None
    assert (lesson.cached.part, lesson.cached.whole) == (1, 1)


async def test_how_much_was_asked_about_behind_a_node_is_told(taught: Class) -> None:
    """All of the hub's neighbors, or as many as the calls were enough for."""
    (sample,) = of(await taught.ask("feed:host:a", hops=3), "feed:hub", ring=1)
    assert (sample.rows, sample.onward) == (5, 1.0)


async def test_what_is_behind_cached_nodes_does_not_count_for_what_the_cache_has(taught: Class) -> None:
    """It was met together with them before: the hub counts, its neighbors do not."""
    await taught.ask("feed:host:a", hops=3)
    taught.site.line("feed:host:z", HUB)
    lesson = await taught.ask("feed:host:z", hops=3)
    assert (lesson.cached.part, lesson.cached.whole) == (1, 1)


async def test_of_many_neighbors_some_from_everywhere_teach(taught: Class) -> None:
    """Four of a kind and hop, not those alone that most relations lead to, which are asked about first."""
    for number in range(20):
        taught.site.line("feed:host:s", f"feed:file:{number}")
        if number < 8:
            taught.site.line(f"feed:file:{number}", "feed:host:other")
    lesson = await taught.ask("feed:host:s", hops=2)
    assert sorted(sample.rows for sample in of(lesson, "feed:file", ring=1)) == [1, 1, 2, 2]


async def test_no_address_is_kept(taught: Class) -> None:
    """Of what a lesson writes into the store nothing names a node."""
    lesson = await taught.ask("feed:host:acescency", hops=0)
    lesson.absorb(await taught.ask("feed:host:a", hops=3))
    written = encode_lesson(lesson)
    assert b"feed:host" in written
    assert b"acescency" not in written
    assert b"feed:hub:h" not in written


async def taught_where_two_meet(stage: Any, *, by_caller: bool) -> dict[Holder, Lesson]:
    """Give what an answer from a public feed and from another source has taught, for whom."""
    feed = stage.source("feed", "feed", "obs", visibility=Visibility.PUBLIC)
    other = stage.source("other", "other", "obs", by_caller=by_caller)
    feed.line("obs:ip:a", "obs:ip:b")
    for number in range(5):
        other.line("obs:ip:a", f"other:file:{number}")
    experience = Experience()
    expander = replace(stage.expander, experience=experience)
    sent = {"other": UpstreamCredential(Scheme.BEARER, "ines")} if by_caller else {}
    await expander.expand(GraphRequest(("obs:ip:a",), hops=2, credentials=sent))
    return experience.known


async def test_what_a_caller_fetched_shows_in_its_own_lesson_only(stage: Any) -> None:
    """Another source teaches the sizes of its listings, and nothing that was counted over the answer."""
    known = await taught_where_two_meet(stage, by_caller=True)
    feed = known.pop(Holder("feed", PUBLIC))
    ((ines, own),) = known.items()
    assert (ines.source, ines.passing) == ("other", True)
    assert [each.rows for each in of(feed, "obs:ip", ring=0)] == [1]
    assert [each.onward for each in of(feed, "obs:ip", ring=0)] == [None]
    assert (feed.new, feed.cached.whole) == ({}, 0)
    assert [each.onward for each in of(own, "obs:ip", ring=0)] == [1.0]
    assert own.new != {}


async def test_without_callers_credentials_every_source_learns_all(stage: Any) -> None:
    """Where the service asks both as itself, each is taught what was counted over the answer."""
    known = await taught_where_two_meet(stage, by_caller=False)
    feed = known[Holder("feed", PUBLIC)]
    assert known.keys() - {Holder("feed", PUBLIC)} == {Holder("other", configured_partition("other"))}
    assert [each.onward is None for each in of(feed, "obs:ip", ring=0)] == [False]
    assert feed.new != {}
